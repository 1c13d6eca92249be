/* SPDX-License-Identifier: BSD-3-Clause */
/* build.h - what the builders share. Private to lib/net. */
#ifndef PW_NET_BUILD_H
#define PW_NET_BUILD_H

#include "pw_build.h"
#include "pw_in6.h"

#define BUILD_TTL 64 /* net.ipv4.ip_default_ttl */

struct build_ip4 {
	uint32_t src_be, dst_be;
	uint16_t total_len, id_be, frag; /* host order but for the id */
	uint8_t tos, proto;
};

/* Room for an Ethernet frame with `len` bytes of payload in an empty mbuf, the Ethernet header
 * written. The payload, or NULL: the mbuf is not empty, or too small. */
uint8_t *build_eth(struct rte_mbuf *m, uint32_t len, uint16_t ethertype,
	const struct pw_mac *src_mac, const struct pw_mac *dst_mac);
void build_ip4_header(uint8_t *ip, const struct build_ip4 *hdr);

struct build_ip6 {
	pw_in6 src_be, dst_be;
	uint16_t payload;
	uint8_t proto, hops;
};
void build_ip6_header(uint8_t *ip, const struct build_ip6 *hdr);
/* Of the ICMPv6 message of `len` bytes right behind the IPv6 header; the field is zero. */
void build_icmp6_csum(uint8_t *ip, uint32_t len);

#endif
