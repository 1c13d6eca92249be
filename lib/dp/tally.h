/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - the frames of a burst, to be counted together.
 *
 * They are mostly of one size: sums are kept in registers while the burst is looked at, and the
 * counters (one writer, read by others at any time) are touched once.
 *
 *     tally_take(&t, pkts, n, false);
 *     tally_count(&t, n, &counters->rx);
 */
#ifndef PW_TALLY_H
#define PW_TALLY_H

#include <rte_prefetch.h>

#include "pw_dp.h"

struct tally {
	uint64_t bytes;
	uint64_t ol_flags;            /* of any of the frames */
	uint32_t min_len, max_len;    /* of a frame */
	uint16_t nb_segs;             /* bits of any: 1 if each has one segment */
	uint32_t lens[PW_PORT_BURST]; /* the mbufs may be gone when they are counted */
};

/* prefetch: the frames' first bytes, too (a constant). */
static inline void tally_take(
	struct tally *t, struct rte_mbuf *const *pkts, uint32_t n, const bool prefetch)
{
	uint64_t bytes = 0, ol_flags = 0;
	uint32_t min_len = UINT32_MAX, max_len = 0;
	uint16_t nb_segs = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = pkts[i];
		uint32_t len = m->pkt_len;

		if (prefetch)
			rte_prefetch0(rte_pktmbuf_mtod(m, void *));
		t->lens[i] = len;
		bytes += len;
		ol_flags |= m->ol_flags;
		nb_segs |= m->nb_segs;
		min_len = PW_MIN(min_len, len);
		max_len = PW_MAX(max_len, len);
	}
	t->bytes = bytes;
	t->ol_flags = ol_flags;
	t->min_len = min_len;
	t->max_len = max_len;
	t->nb_segs = nb_segs;
}

/* Nothing that a port might not be able to do: partial checksum, GSO, more than one segment. */
static inline bool tally_is_plain(const struct tally *t)
{
	return (t->ol_flags & (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_MASK)) == 0 &&
	       t->nb_segs == 1;
}

/* All n frames. */
void tally_count(const struct tally *t, uint32_t n, struct pw_dp_dir_stats *stats);
/* Only the first n of them. */
void tally_count_first(const struct tally *t, uint32_t n, struct pw_dp_dir_stats *stats);
/* The GSO frames among n, which the tally does not know; before the mbufs go. */
void tally_count_gso(const struct tally *t, struct rte_mbuf *const *pkts, uint32_t n,
	struct pw_dp_dir_stats *stats);

#endif
