/* SPDX-License-Identifier: BSD-3-Clause */
/* build_nd.c - neighbour discovery (RFC 4861), both ways. */
#include <errno.h>

#include "build.h"
#include "pw_build6.h"
#include "pw_csum.h"
#include "wire.h"

#define HOPS 255 /* RFC 4861: who is further away than one link cannot send it */

enum nd_offset {
	ND_FLAGS = 4,
	ND_TARGET = 8,
	NS_LEN = 24, /* NA's, too */
	RS_LEN = 8,
	RA_LEN = 16,
	RA_HOPS = 4,
	RA_LIFETIME = 6,
	REDIRECT_LEN = 40,
};
enum option_type {
	OPT_SOURCE_MAC = 1,
	OPT_TARGET_MAC = 2,
	OPT_PREFIX = 3,
	OPT_MTU = 5,
};
#define OPT_MAC_LEN    8
#define OPT_PREFIX_LEN 32
#define OPT_MTU_LEN    8

#define PREFIX_ON_LINK    0x80
#define PREFIX_AUTONOMOUS 0x40
#define PREFIX_VALID      2592000 /* AdvValidLifetime: 30 days */
#define PREFIX_PREFERRED  604800  /* AdvPreferredLifetime: 7 days */

/* ---- addresses ---- */

pw_in6 pw_in6_link_local(const struct pw_mac *mac)
{
	const uint8_t *b = mac->b;

	return pw_in6_load((const uint8_t[16]){0xfe, 0x80, 0, 0, 0, 0, 0, 0, b[0] ^ 0x02, b[1],
		b[2], 0xff, 0xfe, b[3], b[4], b[5]});
}

pw_in6 pw_in6_solicited_node(pw_in6 ip)
{
	const uint8_t *b = (const uint8_t *)&ip;

	return pw_in6_load((const uint8_t[16]){
		0xff, 2, [11] = 1, [12] = 0xff, [13] = b[13], [14] = b[14], [15] = b[15]});
}

pw_in6 pw_in6_all_nodes(void)
{
	return pw_in6_load((const uint8_t[16]){0xff, 2, [15] = 1});
}

/* RFC 2464 section 7. */
static struct pw_mac group_mac(pw_in6 group)
{
	const uint8_t *b = (const uint8_t *)&group;

	return (struct pw_mac){{0x33, 0x33, b[12], b[13], b[14], b[15]}};
}

static bool is_group(pw_in6 ip)
{
	return *(const uint8_t *)&ip == 0xff;
}

/* ---- parse ---- */

static uint32_t fixed_len(uint8_t type)
{
	switch (type) {
	case PW_ND_RS:
		return RS_LEN;
	case PW_ND_RA:
		return RA_LEN;
	case PW_ND_REDIRECT:
		return REDIRECT_LEN;
	default:
		return NS_LEN;
	}
}

/* The last link-layer address counts, as in hosts. false: an option of length 0, or cut short. */
static bool parse_options(struct pw_nd *nd, const uint8_t *opt, uint32_t len)
{
	const uint8_t wanted = nd->type == PW_ND_NA ? OPT_TARGET_MAC : OPT_SOURCE_MAC;

	while (len >= 2) {
		uint32_t bytes = opt[1] * 8u;

		if (bytes == 0 || bytes > len)
			return false;
		if (opt[0] == wanted && bytes == OPT_MAC_LEN) {
			memcpy(nd->mac.b, opt + 2, sizeof(nd->mac.b));
			nd->has_mac = true;
		}
		opt += bytes;
		len -= bytes;
	}
	return len == 0;
}

/* RFC 4861 7.1.1, 7.1.2, 6.1.1. */
static bool addresses_ok(const struct pw_nd *nd)
{
	const bool unspecified = nd->src_be == 0;

	switch (nd->type) {
	case PW_ND_NS:
		return !is_group(nd->target_be) &&
		       (!unspecified || (!nd->has_mac && nd->dst_be == pw_in6_solicited_node(
									       nd->target_be)));
	case PW_ND_NA:
		return !is_group(nd->target_be) &&
		       !(is_group(nd->dst_be) && (nd->flags & PW_ND_SOLICITED) != 0);
	case PW_ND_RS:
		return !(unspecified && nd->has_mac);
	default:
		return true;
	}
}

int pw_nd_parse(const struct pw_pkt *pkt, struct pw_nd *nd)
{
	const uint8_t *ip = pkt->data + pkt->l3_off, *icmp = pkt->data + pkt->l4_off;
	uint32_t len = pkt->l3_off + pkt->ip_len - (uint32_t)pkt->l4_off, fixed;

	if ((pkt->flags & PW_PKT_ND) == 0 || ip[IP6_HOPS] != HOPS ||
		pkt->l4_off + len > pkt->m->data_len)
		return -EINVAL;
	*nd = (struct pw_nd){.type = icmp[ICMP_TYPE],
		.src_be = pw_in6_load(ip + IP6_SRC),
		.dst_be = pw_in6_load(ip + IP6_DST)};
	fixed = fixed_len(nd->type);
	if (icmp[ICMP_CODE] != 0 || len < fixed)
		return -EINVAL;
	if (!(pkt->flags & PW_PKT_PARTIAL) &&
		pw_csum_fold(pw_csum_pseudo6(ip + IP6_SRC, ip + IP6_DST, IPPROTO_ICMPV6, len) +
			     pw_csum_fold(pw_csum_add(0, icmp, len))) != 0xffff)
		return -EINVAL;
	if (nd->type == PW_ND_NS || nd->type == PW_ND_NA)
		nd->target_be = pw_in6_load(icmp + ND_TARGET);
	nd->flags = nd->type == PW_ND_NA ? icmp[ND_FLAGS] : 0;
	return parse_options(nd, icmp + fixed, len - fixed) && addresses_ok(nd) ? 0 : -EINVAL;
}

/* ---- build ---- */

struct message {
	uint8_t type;
	uint32_t len; /* of the ICMPv6 message */
	pw_in6 src_be, dst_be;
	const struct pw_mac *src_mac, *dst_mac; /* dst_mac NULL: that of group dst_be */
};

/* The message, zero but for its type; NULL: no room. finish() follows. */
static uint8_t *start(struct rte_mbuf *m, const struct message *msg)
{
	const struct pw_mac group = group_mac(msg->dst_be);
	uint8_t *ip = build_eth(m, IP6_LEN + msg->len, ETYPE_IP6, msg->src_mac,
		msg->dst_mac != NULL ? msg->dst_mac : &group);

	if (ip == NULL)
		return NULL;
	build_ip6_header(ip, &(struct build_ip6){.src_be = msg->src_be,
				     .dst_be = msg->dst_be,
				     .payload = (uint16_t)msg->len,
				     .proto = IPPROTO_ICMPV6,
				     .hops = HOPS});
	memset(ip + IP6_LEN, 0, msg->len);
	ip[IP6_LEN + ICMP_TYPE] = msg->type;
	return ip + IP6_LEN;
}

static uint8_t *put_mac(uint8_t *opt, enum option_type type, const struct pw_mac *mac)
{
	opt[0] = (uint8_t)type;
	opt[1] = OPT_MAC_LEN / 8;
	memcpy(opt + 2, mac->b, sizeof(mac->b));
	return opt + OPT_MAC_LEN;
}

int pw_build_nd_solicit(struct rte_mbuf *m, pw_in6 src_be, const struct pw_mac *src_mac,
	pw_in6 target_be, const struct pw_mac *dst_mac)
{
	const struct message msg = {.type = PW_ND_NS,
		.len = NS_LEN + OPT_MAC_LEN,
		.src_be = src_be,
		.dst_be = dst_mac != NULL ? target_be : pw_in6_solicited_node(target_be),
		.src_mac = src_mac,
		.dst_mac = dst_mac};
	uint8_t *icmp = start(m, &msg);

	if (icmp == NULL)
		return -ENOSPC;
	pw_in6_store(icmp + ND_TARGET, target_be);
	put_mac(icmp + NS_LEN, OPT_SOURCE_MAC, src_mac);
	build_icmp6_csum(icmp - IP6_LEN, msg.len);
	return 0;
}

int pw_build_nd_advert(struct rte_mbuf *m, pw_in6 src_be, const struct pw_mac *src_mac,
	pw_in6 dst_be, const struct pw_mac *dst_mac, pw_in6 target_be, const struct pw_mac *mac,
	uint8_t flags)
{
	const struct message msg = {.type = PW_ND_NA,
		.len = NS_LEN + OPT_MAC_LEN,
		.src_be = src_be,
		.dst_be = dst_be,
		.src_mac = src_mac,
		.dst_mac = dst_mac};
	uint8_t *icmp = start(m, &msg);

	if (icmp == NULL)
		return -ENOSPC;
	icmp[ND_FLAGS] = flags;
	pw_in6_store(icmp + ND_TARGET, target_be);
	put_mac(icmp + NS_LEN, OPT_TARGET_MAC, mac);
	build_icmp6_csum(icmp - IP6_LEN, msg.len);
	return 0;
}

static uint8_t *put_prefix(uint8_t *opt, const struct pw_prefix *prefix)
{
	const struct pw_prefix net = pw_prefix_masked(prefix);

	opt[0] = OPT_PREFIX;
	opt[1] = OPT_PREFIX_LEN / 8;
	opt[2] = net.len;
	opt[3] = PREFIX_ON_LINK | (net.len == 64 ? PREFIX_AUTONOMOUS : 0);
	store32_be(opt + 4, PREFIX_VALID);
	store32_be(opt + 8, PREFIX_PREFERRED);
	memcpy(opt + 16, net.ip.b, sizeof(net.ip.b));
	return opt + OPT_PREFIX_LEN;
}

int pw_build_nd_router(struct rte_mbuf *m, const struct pw_mac *src_mac, pw_in6 dst_be,
	const struct pw_mac *dst_mac, const struct pw_nd_router *router)
{
	const struct message msg = {.type = PW_ND_RA,
		.len = RA_LEN + OPT_MAC_LEN + OPT_MTU_LEN + OPT_PREFIX_LEN * router->n_prefixes,
		.src_be = pw_in6_link_local(src_mac),
		.dst_be = dst_be,
		.src_mac = src_mac,
		.dst_mac = dst_mac};
	uint8_t *icmp = start(m, &msg), *opt;

	if (icmp == NULL)
		return -ENOSPC;
	icmp[RA_HOPS] = BUILD_TTL;
	store16_be(icmp + RA_LIFETIME, router->lifetime_sec);
	opt = put_mac(icmp + RA_LEN, OPT_SOURCE_MAC, src_mac);
	opt[0] = OPT_MTU;
	opt[1] = OPT_MTU_LEN / 8;
	store32_be(opt + 4, router->mtu);
	opt += OPT_MTU_LEN;
	for (unsigned i = 0; i < router->n_prefixes; i++)
		opt = put_prefix(opt, &router->prefixes[i]);
	build_icmp6_csum(icmp - IP6_LEN, msg.len);
	return 0;
}
