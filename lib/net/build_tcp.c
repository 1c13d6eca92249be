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
	return about->flags & PW_PKT_IPV4 && about->flags & PW_PKT_HAS_PORTS &&
	       about->l4_proto == IPPROTO_TCP &&
	       !(about->data[about->l4_off + TCP_FLAGS] & TCP_RST);
}

int pw_build_tcp_rst(struct rte_mbuf *m, const struct pw_pkt *about, const struct pw_mac *src_mac,
	const struct pw_mac *dst_mac)
{
	const uint8_t *old = about->data + about->l4_off;
	uint8_t *ip, *tcp;
	uint32_t sum;

	if (!answerable(about))
		return -EINVAL;
	ip = build_eth(m, IP4_LEN + TCP_LEN, ETYPE_IP4, src_mac, dst_mac);
	if (!ip)
		return -ENOSPC;
	build_ip4_header(ip, &(struct build_ip4){
				     .src_be = about->dst_be,
				     .dst_be = about->src_be,
				     .total_len = IP4_LEN + TCP_LEN,
				     .frag = IP4_DF,
				     .proto = IPPROTO_TCP,
			     });
	tcp = ip + IP4_LEN;
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
	sum = pw_csum_pseudo4(about->dst_be, about->src_be, IPPROTO_TCP, TCP_LEN);
	store16(tcp + TCP_CSUM, (uint16_t)~pw_csum_fold(pw_csum_add(sum, tcp, TCP_LEN)));
	return 0;
}
