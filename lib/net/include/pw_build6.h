/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_build6.h - IPv6 frames we originate (pw_build.h): ICMPv6 errors and echo replies, neighbour
 * discovery.
 *
 * Sources: RFC 4443 (ICMPv6), RFC 4861 (ND), RFC 4862 (address detection).
 */
#ifndef PW_BUILD6_H
#define PW_BUILD6_H

#include "pw_addr.h"
#include "pw_in6.h"
#include "pw_pkt.h"

/* Turns an ICMPv6 echo request into its reply in place: addresses swapped, type 129, hop limit 64,
 * checksum updated by RFC 1624 (it covers the addresses, whose sum stays the same). MACs are the
 * caller's. Of one that came in fragments each is turned by itself. */
void pw_icmp6_echo_turn(struct pw_pkt *pkt);

/* May an ICMPv6 error be sent about this packet? (RFC 4443 2.4 e: not about errors, redirects,
 * multicast destinations, sources that name no single node; nor, as for IPv4, later fragments.)
 * too_big: RFC 4443 lets this one pass for multicast destinations. */
bool pw_icmp6_error_allowed(const struct pw_pkt *pkt, bool too_big);
/* Error about `about`, quoting as much as fits into 1280 bytes; hop limit 64. `info` is the second
 * word: MTU (type 2), pointer (type 4), else 0. */
int pw_build_icmp6_error(struct rte_mbuf *m, const struct pw_pkt *about, uint8_t type, uint8_t code,
	uint32_t info, pw_in6 src_be, const struct pw_mac *src_mac, const struct pw_mac *dst_mac);
/* Where in the packet, from its IPv6 header, the upper protocol is named: what a parameter problem
 * (type 4 code 1) points to. */
uint32_t pw_ip6_proto_off(const struct pw_pkt *pkt);

/* ---- neighbour discovery ---- */

enum pw_nd_type {
	PW_ND_RS = 133,
	PW_ND_RA,
	PW_ND_NS,
	PW_ND_NA,
	PW_ND_REDIRECT,
};
enum pw_nd_flags { /* of an advertisement (RFC 4861 4.4) */
	PW_ND_ROUTER = 0x80,
	PW_ND_SOLICITED = 0x40,
	PW_ND_OVERRIDE = 0x20,
};

struct pw_nd {
	uint8_t type;  /* enum pw_nd_type */
	uint8_t flags; /* NA: enum pw_nd_flags */
	bool has_mac;
	struct pw_mac mac; /* source link-layer address (NS, RS, RA) or target's (NA) */
	pw_in6 src_be, dst_be;
	pw_in6 target_be; /* NS, NA */
};
/* 0, or -EINVAL: none, or one that RFC 4861 6.1 and 7.1 say is to be discarded (hop limit, code,
 * checksum, length, options, addresses). */
int pw_nd_parse(const struct pw_pkt *pkt, struct pw_nd *nd);

pw_in6 pw_in6_link_local(const struct pw_mac *mac); /* fe80::/64 and the modified EUI-64 */
pw_in6 pw_in6_solicited_node(pw_in6 ip);            /* ff02::1:ff00:0/104 */
pw_in6 pw_in6_all_nodes(void);                      /* ff02::1 */

/* Who has target? dst_mac NULL: by its solicited-node group, else a unicast probe. */
int pw_build_nd_solicit(struct rte_mbuf *m, pw_in6 src_be, const struct pw_mac *src_mac,
	pw_in6 target_be, const struct pw_mac *dst_mac);
/* target is at mac. dst_mac NULL: dst_be is a group, whose MAC follows from it. */
int pw_build_nd_advert(struct rte_mbuf *m, pw_in6 src_be, const struct pw_mac *src_mac,
	pw_in6 dst_be, const struct pw_mac *dst_mac, pw_in6 target_be, const struct pw_mac *mac,
	uint8_t flags);

#define PW_ND_RA_PREFIXES 8
struct pw_nd_router { /* what a router advertisement says */
	uint16_t lifetime_sec;
	uint16_t mtu;
	struct pw_prefix prefixes[PW_ND_RA_PREFIXES]; /* on link; those of 64 bits autonomous */
	unsigned n_prefixes;
};
/* To dst_be at dst_mac (NULL: its group's), from the link-local address of src_mac. */
int pw_build_nd_router(struct rte_mbuf *m, const struct pw_mac *src_mac, pw_in6 dst_be,
	const struct pw_mac *dst_mac, const struct pw_nd_router *router);

#endif
