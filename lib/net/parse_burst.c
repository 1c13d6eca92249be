/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse_burst.c - the straight way through the parser, for most packets there are.
 *
 * The metadata that a plain frame (pw_plain.h) shares with its neighbours is copied. Whatever differs,
 * be it malformed or only unusual, goes to pw_parse_frame(), which decides; both say the same about
 * the same frame (test_parse_burst.c).
 */
#include <rte_branch_prediction.h>

#include "parse.h"
#include "pw_plain.h"
#include "wire.h"

#define DF_BIT   0x40
#define DF_SHIFT 12
static_assert(DF_BIT << DF_SHIFT == PW_PKT_DF, "one shift");

#define REQUESTS (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE)

/* Headers are where they can be read. */
static inline bool headers_are_first(const struct rte_mbuf *m)
{
	return m->data_len == m->pkt_len || m->data_len >= PW_PARSE_BYTES;
}

/* false: for the full parser; the frame, and what is asked of it, may have changed. */
static __attribute__((noinline)) bool offload_straight(struct pw_pkt *pkt)
{
	bool again = false;

	pkt->verdict = parse_offload(pkt, &again);
	return !again;
}

static inline bool parse_straight(
	struct pw_pkt *pkt, const struct pw_pkt *common, struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	const uint8_t *ip = data + ETH_LEN;

	if (unlikely(!headers_are_first(m) || !pw_plain_headers(data, m->pkt_len)))
		return false;
	*pkt = *common;
	pkt->m = m;
	pkt->data = data;
	pkt->flags = common->flags | PW_PKT_IPV4 | PW_PKT_HAS_PORTS |
		     (ip[IP4_FRAG] & DF_BIT) << DF_SHIFT;
	pkt->l4_proto = ip[IP4_PROTO];
	pkt->ip_len = (uint16_t)pw_plain_ip_len(data);
	memcpy(&pkt->src_be, ip + IP4_SRC, 12); /* addresses and ports, as they lie */
	pkt->route_dst_be = load32(ip + IP4_DST);
	return likely((m->ol_flags & REQUESTS) == 0) || offload_straight(pkt);
}
static_assert(offsetof(struct pw_pkt, dport_be) == offsetof(struct pw_pkt, src_be) + 10, "layout");

static __attribute__((noinline, cold)) void parse_other(
	struct pw_pkt *pkt, const struct pw_pkt *common, struct rte_mbuf *m)
{
	pkt->m = m;
	pkt->flags = common->flags;
	pkt->in_port = common->in_port;
	pw_parse_frame(pkt);
	pkt->bridge = common->bridge;
}

void pw_parse_burst(const struct pw_parse_origin *from, struct rte_mbuf *const *mbufs,
	struct pw_pkt *pkts, uint32_t n)
{
	const struct pw_pkt common = {
		.flags = from->flags,
		.in_port = from->in_port,
		.out_port = PW_PORT_NONE,
		.verdict = PW_VERDICT_CONTINUE,
		.ethertype = ETYPE_IP4,
		.l3_off = ETH_LEN,
		.l4_off = PW_PLAIN_L4,
		.flow = PW_FLOW_NONE,
		.adj = PW_ADJ_NONE,
		.bridge = from->bridge,
	};

	for (uint32_t i = 0; i < n; i++) {
		if (unlikely(!parse_straight(&pkts[i], &common, mbufs[i])))
			parse_other(&pkts[i], &common, mbufs[i]);
	}
}
