/* SPDX-License-Identifier: BSD-3-Clause */
/* net_test.h - a frame_spec through fake mbufs and the parser. */
#ifndef NET_TEST_H
#define NET_TEST_H

#include "fake_mbuf.h"
#include "frames.h"
#include "pw_parse.h"

static inline struct pw_pkt parse_mbuf(struct rte_mbuf *m)
{
	struct pw_pkt pkt;

	memset(&pkt, 0xa5, sizeof(pkt)); /* what parse does not set, shows */
	pkt.m = m;
	pkt.flags = 0;
	pkt.in_port = 3;
	pw_parse_frame(&pkt);
	return pkt;
}

/* The frame of `s`, in segments of `step` bytes (0: one), with its offload state, parsed. */
static inline struct pw_pkt parse_spec(
	struct fake_pool *pool, const struct frame_spec *s, uint32_t step)
{
	static uint8_t bytes[FRAME_MAX];
	uint32_t len = frame_make(s, bytes);
	struct rte_mbuf *m = fake_split(pool, bytes, len, step);

	if (s->partial) {
		m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		m->l2_len = frame_l2_len(s);
		m->l3_len = frame_l3_len(s);
	}
	return parse_mbuf(m);
}

/* The packet, byte for byte, is the frame of `s`. Frees it. */
static inline void check_is_frame(struct pw_pkt *pkt, const struct frame_spec *s)
{
	static uint8_t want[FRAME_MAX], got[FRAME_MAX];
	uint32_t len = frame_make(s, want);

	assert_int_equal(pkt->verdict, PW_VERDICT_CONTINUE);
	assert_int_equal(fake_bytes(pkt->m, got), len);
	assert_memory_equal(got, want, len);
	rte_pktmbuf_free(pkt->m);
}

#endif
