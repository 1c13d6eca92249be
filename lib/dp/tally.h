/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - the frames of a burst, to be counted together.
 *
 * They are mostly of one size: sums are kept while the burst is looked at, and the counters (one
 * writer, read by others at any time) are touched once.
 *
 *     struct tally_sums sums = tally_none;     (a local one stays in registers)
 *     for each frame i: tally_add(&sums, t.lens, i, m);
 *     t.sums = sums;
 *     tally_count(&t, n, &counters->rx);
 */
#ifndef PW_TALLY_H
#define PW_TALLY_H

#include "pw_dp.h"

struct tally_sums {
	uint64_t bytes;
	uint64_t ol_flags;         /* of any of the frames */
	uint32_t min_len, max_len; /* of a frame */
	uint16_t nb_segs;          /* bits of any: 1 if each has one segment */
};

struct tally {
	struct tally_sums sums;
	uint32_t lens[PW_PORT_BURST]; /* the mbufs may be gone when they are counted */
};

static const struct tally_sums tally_none = {.min_len = UINT32_MAX};

/* Frame i of a burst; its length goes to lens[i]. */
static inline void tally_add(
	struct tally_sums *sums, uint32_t *lens, uint32_t i, const struct rte_mbuf *m)
{
	uint32_t len = m->pkt_len;

	lens[i] = len;
	sums->bytes += len;
	sums->ol_flags |= m->ol_flags;
	sums->nb_segs |= m->nb_segs;
	sums->min_len = PW_MIN(sums->min_len, len);
	sums->max_len = PW_MAX(sums->max_len, len);
}

/* Nothing that a port might not be able to do: partial checksum, GSO, more than one segment. */
static inline bool tally_is_plain(const struct tally *t)
{
	return (t->sums.ol_flags & (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_MASK)) == 0 &&
	       t->sums.nb_segs == 1;
}

/* All n frames. */
void tally_count(const struct tally *t, uint32_t n, struct pw_dp_dir_stats *stats);
/* Only the first n of them. */
void tally_count_first(const struct tally *t, uint32_t n, struct pw_dp_dir_stats *stats);
/* The GSO frames among n, which the tally does not know; before the mbufs go. */
void tally_count_gso(const struct tally *t, struct rte_mbuf *const *pkts, uint32_t n,
	struct pw_dp_dir_stats *stats);

#endif
