/* SPDX-License-Identifier: BSD-3-Clause */
/* build_icmp.c - ICMPv4 errors as net/ipv4/icmp.c makes them, and echo replies. */
#include <errno.h>

#include "build.h"
#include "pw_csum.h"
#include "pw_mbuf.h"
#include "wire.h"

#define ERROR_LEN_MAX 576  /* of the whole IP packet (RFC 1812 4.3.2.3) */
#define TOS_MASK      0x1e /* IPTOS_TOS_MASK */
#define PREC_INTERNET 0xc0 /* internetwork control (RFC 1812 4.3.2.5) */

static bool is_multicast(uint32_t ip_be)
{
	return (rte_be_to_cpu_32(ip_be) & 0xf0000000) == 0xe0000000;
}

bool pw_icmp_error_allowed(const struct pw_pkt *pkt)
{
	const uint8_t *src = (const uint8_t *)&pkt->src_be;

	if (!(pkt->flags & PW_PKT_IPV4))
		return false;
	if (pkt->flags & (PW_PKT_ICMP_ERROR | PW_PKT_FRAG_LATER | PW_PKT_L2_MCAST))
		return false;
	if (is_multicast(pkt->dst_be) || pkt->dst_be == UINT32_MAX)
		return false;
	return pkt->src_be != 0 && pkt->src_be != UINT32_MAX && !is_multicast(pkt->src_be) &&
	       src[0] != IN_LOOPBACKNET;
}

int pw_build_icmp_error(struct rte_mbuf *m, const struct pw_pkt *about, uint8_t type, uint8_t code,
	uint16_t info, uint32_t src_be, const struct pw_mac *src_mac, const struct pw_mac *dst_mac)
{
	const uint8_t *old = about->data + about->l3_off;
	uint32_t quote = PW_MIN(about->ip_len, ERROR_LEN_MAX - IP4_LEN - ICMP_LEN);
	uint32_t icmp_len = ICMP_LEN + quote;
	uint8_t *ip, *icmp;

	if (!(about->flags & PW_PKT_IPV4) || about->l3_off + quote > about->m->pkt_len)
		return -EINVAL;
	ip = build_eth(m, IP4_LEN + icmp_len, ETYPE_IP4, src_mac, dst_mac);
	if (!ip)
		return -ENOSPC;
	build_ip4_header(
		ip, &(struct build_ip4){
			    .src_be = src_be,
			    .dst_be = about->src_be,
			    .total_len = IP4_LEN + icmp_len,
			    .id_be = load16(old + IP4_ID), /* varies enough, and needs no state */
			    .tos = (old[IP4_TOS] & TOS_MASK) | PREC_INTERNET,
			    .proto = IPPROTO_ICMP,
		    });
	icmp = ip + IP4_LEN;
	icmp[ICMP_TYPE] = type;
	icmp[ICMP_CODE] = code;
	store16(icmp + ICMP_CSUM, 0);
	store16(icmp + ICMP_ID, 0);
	store16_be(icmp + ICMP_INFO, info);
	pw_mbuf_read(about->m, about->l3_off, quote, icmp + ICMP_LEN);
	store16(icmp + ICMP_CSUM, (uint16_t)~pw_csum_fold(pw_csum_add(0, icmp, icmp_len)));
	return 0;
}

void pw_icmp_echo_turn(struct pw_pkt *pkt)
{
	uint8_t *ip = pkt->data + pkt->l3_off, *icmp = pkt->data + pkt->l4_off;
	uint16_t old, ttl_old = load16(ip + IP4_TTL);
	uint32_t src_be = pkt->src_be;
	uint16_t id_be = pkt->sport_be;

	pkt->src_be = pkt->dst_be;
	pkt->dst_be = src_be;
	pkt->sport_be = pkt->dport_be;
	pkt->dport_be = id_be;
	store32(ip + IP4_SRC, pkt->src_be);
	store32(ip + IP4_DST, pkt->dst_be);
	ip[IP4_TTL] = BUILD_TTL;
	store16(ip + IP4_CSUM, pw_csum_update(load16(ip + IP4_CSUM),
				       pw_csum_diff16(ttl_old, load16(ip + IP4_TTL))));
	if (pkt->flags & PW_PKT_FRAG_LATER)
		return; /* no header; the sum over its data is the first one's */
	old = load16(icmp + ICMP_TYPE);
	icmp[ICMP_TYPE] = ICMP_ECHO_REPLY;
	store16(icmp + ICMP_CSUM, pw_csum_update(load16(icmp + ICMP_CSUM),
					  pw_csum_diff16(old, load16(icmp + ICMP_TYPE))));
}
