/* SPDX-License-Identifier: BSD-3-Clause */
/* build_tcp.c - RST for a segment that has no connection (RFC 9293 3.10.7.1). */
#include <errno.h>

#include "build.h"
#include "pw_csum.h"
#include "wire.h"

/* Sequence numbers that the segment takes: data, SYN and FIN count. */
static uint32_t segment_len(const struct pw_pkt *pkt, const uint8_t *tcp)
{
	uint32_t payload = pkt->l3_off + pkt->ip_len - pkt->l4_off - (tcp[TCP_DOFF] >> 4) * 4u;

	return payload + !!(tcp[TCP_FLAGS] & TCP_SYN) + !!(tcp[TCP_FLAGS] & TCP_FIN);
}

static bool answerable(const struct pw_pkt *about)
{
	return about->flags & (PW_PKT_IPV4 | PW_PKT_IPV6) && about->flags & PW_PKT_HAS_PORTS &&
	       about->l4_proto == IPPROTO_TCP &&
	       !(about->data[about->l4_off + TCP_FLAGS] & TCP_RST);
}

/* The headers before TCP's, addresses swapped; the pseudo-header's sum with them. NULL: no room. */
static uint8_t *start4(struct rte_mbuf *m, const struct pw_pkt *about, const struct pw_mac *src_mac,
	const struct pw_mac *dst_mac, uint32_t *sum)
{
	uint8_t *ip = build_eth(m, IP4_LEN + TCP_LEN, ETYPE_IP4, src_mac, dst_mac);

	if (!ip)
		return NULL;
	build_ip4_header(ip, &(struct build_ip4){
				     .src_be = about->dst_be,
				     .dst_be = about->src_be,
				     .total_len = IP4_LEN + TCP_LEN,
				     .frag = IP4_DF,
				     .proto = IPPROTO_TCP,
			     });
	*sum = pw_csum_pseudo4(about->dst_be, about->src_be, IPPROTO_TCP, TCP_LEN);
	return ip + IP4_LEN;
}

static uint8_t *start6(struct rte_mbuf *m, const struct pw_pkt *about, const struct pw_mac *src_mac,
	const struct pw_mac *dst_mac, uint32_t *sum)
{
	uint8_t *ip = build_eth(m, IP6_LEN + TCP_LEN, ETYPE_IP6, src_mac, dst_mac);
	const uint8_t *old = about->data + about->l3_off;

	if (!ip)
		return NULL;
	build_ip6_header(ip, &(struct build_ip6){
				     .src_be = pw_in6_load(old + IP6_DST),
				     .dst_be = pw_in6_load(old + IP6_SRC),
				     .payload = TCP_LEN,
				     .proto = IPPROTO_TCP,
				     .hops = BUILD_TTL,
			     });
	*sum = pw_csum_pseudo6(ip + IP6_SRC, ip + IP6_DST, IPPROTO_TCP, TCP_LEN);
	return ip + IP6_LEN;
}

int pw_build_tcp_rst(struct rte_mbuf *m, const struct pw_pkt *about, const struct pw_mac *src_mac,
	const struct pw_mac *dst_mac)
{
	const uint8_t *old = about->data + about->l4_off;
	uint32_t sum;
	uint8_t *tcp;

	if (!answerable(about))
		return -EINVAL;
	tcp = about->flags & PW_PKT_IPV6 ? start6(m, about, src_mac, dst_mac, &sum)
					 : start4(m, about, src_mac, dst_mac, &sum);
	if (!tcp)
		return -ENOSPC;
	memset(tcp, 0, TCP_LEN);
	store16(tcp, about->dport_be);
	store16(tcp + 2, about->sport_be);
	tcp[TCP_DOFF] = TCP_LEN / 4 << 4;
	if (old[TCP_FLAGS] & TCP_AK) {
		store32(tcp + TCP_SEQ, load32(old + TCP_ACK));
		tcp[TCP_FLAGS] = TCP_RST;
	} else {
		store32_be(tcp + TCP_ACK, load32_be(old + TCP_SEQ) + segment_len(about, old));
		tcp[TCP_FLAGS] = TCP_RST | TCP_AK;
	}
	store16(tcp + TCP_CSUM, (uint16_t)~pw_csum_fold(pw_csum_add(sum, tcp, TCP_LEN)));
	return 0;
}
