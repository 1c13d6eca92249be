/* SPDX-License-Identifier: BSD-3-Clause */
/* build_icmp6.c - ICMPv6 errors and echo replies (RFC 4443). */
#include <errno.h>

#include "build.h"
#include "ip6_walk.h"
#include "pw_build6.h"
#include "pw_csum.h"
#include "pw_in6.h"
#include "pw_mbuf.h"
#include "wire.h"

#define ERROR_LEN_MAX 1280 /* of the whole IPv6 packet: the minimum MTU (RFC 4443 2.4 c) */

bool pw_icmp6_error_allowed(const struct pw_pkt *pkt, bool too_big)
{
	const uint8_t *ip = pkt->data + pkt->l3_off;
	bool multicast = (pkt->flags & PW_PKT_L2_MCAST) != 0 || ip[IP6_DST] == 0xff;

	if (!(pkt->flags & PW_PKT_IPV6) || pkt->flags & (PW_PKT_ICMP_ERROR | PW_PKT_FRAG_LATER))
		return false;
	if (pkt->flags & PW_PKT_ND && pkt->data[pkt->l4_off + ICMP_TYPE] == PW_ND_REDIRECT)
		return false;
	if (multicast && !too_big)
		return false;
	return ip[IP6_SRC] != 0xff && pw_in6_load(ip + IP6_SRC) != 0;
}

int pw_build_icmp6_error(struct rte_mbuf *m, const struct pw_pkt *about, uint8_t type, uint8_t code,
	uint32_t info, pw_in6 src_be, const struct pw_mac *src_mac, const struct pw_mac *dst_mac)
{
	uint32_t quote = PW_MIN(about->ip_len, ERROR_LEN_MAX - IP6_LEN - ICMP_LEN);
	uint8_t *ip, *icmp;

	if (!(about->flags & PW_PKT_IPV6) || about->l3_off + quote > about->m->pkt_len)
		return -EINVAL;
	ip = build_eth(m, IP6_LEN + ICMP_LEN + quote, ETYPE_IP6, src_mac, dst_mac);
	if (!ip)
		return -ENOSPC;
	build_ip6_header(ip, &(struct build_ip6){
				     .src_be = src_be,
				     .dst_be = pw_in6_load(about->data + about->l3_off + IP6_SRC),
				     .payload = (uint16_t)(ICMP_LEN + quote),
				     .proto = IPPROTO_ICMPV6,
				     .hops = BUILD_TTL,
			     });
	icmp = ip + IP6_LEN;
	icmp[ICMP_TYPE] = type;
	icmp[ICMP_CODE] = code;
	store16(icmp + ICMP_CSUM, 0);
	store32_be(icmp + ICMP_ID, info);
	pw_mbuf_read(about->m, about->l3_off, quote, icmp + ICMP_LEN);
	build_icmp6_csum(ip, ICMP_LEN + quote);
	return 0;
}

uint32_t pw_ip6_proto_off(const struct pw_pkt *pkt)
{
	struct ip6_walk walk;

	if (ip6_walk(pkt->data + pkt->l3_off, pkt->l4_off - pkt->l3_off, &walk) != IP6_WALK_OK)
		return IP6_NEXT;
	return walk.named_off;
}

void pw_icmp6_echo_turn(struct pw_pkt *pkt)
{
	uint8_t *ip = pkt->data + pkt->l3_off, *icmp = pkt->data + pkt->l4_off;
	pw_in6 src_be = pw_in6_load(ip + IP6_SRC);
	uint16_t old, id_be = pkt->sport_be;

	pw_in6_store(ip + IP6_SRC, pw_in6_load(ip + IP6_DST));
	pw_in6_store(ip + IP6_DST, src_be);
	pkt->sport_be = pkt->dport_be;
	pkt->dport_be = id_be;
	ip[IP6_HOPS] = BUILD_TTL;
	if (pkt->flags & PW_PKT_FRAG_LATER)
		return; /* no header; the sum over its data is the first one's */
	old = load16(icmp + ICMP_TYPE);
	icmp[ICMP_TYPE] = ICMP6_ECHO_REPLY;
	store16(icmp + ICMP_CSUM, pw_csum_update(load16(icmp + ICMP_CSUM),
					  pw_csum_diff16(old, load16(icmp + ICMP_TYPE))));
}
