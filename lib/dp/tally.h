/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - the frames of a burst, to be counted together.
 *
 * They are mostly of one size: what is needed for that is kept while the burst is looked at, and the
 * counters (one writer, read by others at any time) are touched once. Lengths are kept beside, for the
 * mbufs may be gone when they are counted.
 *
 *     struct tally t = tally_of(pkts[0]);          (a local one stays in registers)
 *     for each frame i: tally_add(&t, lens, i, pkts[i]);
 *     tally_count(&t, lens, n, &counters->rx);
 */
#ifndef PW_TALLY_H
#define PW_TALLY_H

#include "pw_dp.h"

struct tally {
	uint64_t ol_flags; /* of any of the frames */
	uint64_t rearm;    /* bits of any: the mbufs' words of data_off, refcnt, nb_segs, port */
	uint32_t len;      /* of the first */
	uint32_t differ;   /* bits in which others differ from it; 0: all are as long */
};

/* With these neighbours in one word, one load serves for several of them. */
static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, rearm_data) + 4,
	"layout of rte_mbuf");
#define TALLY_SEGS_SHIFT 32

static inline struct tally tally_of(const struct rte_mbuf *first)
{
	return (struct tally){.len = first->pkt_len};
}

/* Frame i of a burst; its length goes to lens[i]. */
static inline void tally_add(struct tally *t, uint32_t *lens, uint32_t i, const struct rte_mbuf *m)
{
	uint32_t len = m->pkt_len;
	uint64_t rearm;

	memcpy(&rearm, &m->rearm_data, sizeof(rearm));
	lens[i] = len;
	t->differ |= len ^ t->len;
	t->ol_flags |= m->ol_flags;
	t->rearm |= rte_cpu_to_le_64(rearm);
}

static inline bool tally_one_segment(const struct tally *t)
{
	return (uint16_t)(t->rearm >> TALLY_SEGS_SHIFT) == 1; /* each has one or more */
}

/* Nothing that a port might not be able to do: partial checksum, GSO, more than one segment. */
static inline bool tally_is_plain(const struct tally *t)
{
	return (t->ol_flags & (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_MASK)) == 0 &&
	       tally_one_segment(t);
}

/* Nothing that the parser has to judge: the same, but checksums may be known to be good. NONE, a partial
 * one, is BAD and GOOD together. */
static inline bool tally_is_clean(const struct tally *t)
{
	static_assert((RTE_MBUF_F_RX_L4_CKSUM_NONE & RTE_MBUF_F_RX_L4_CKSUM_BAD) != 0, "one test");
	return (t->ol_flags & (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_BAD)) == 0 &&
	       tally_one_segment(t);
}

/* The first n of the frames, all of them or fewer. */
void tally_count(
	const struct tally *t, const uint32_t *lens, uint32_t n, struct pw_dp_dir_stats *stats);
/* The GSO frames among n, which the tally does not know; before the mbufs go. */
void tally_count_gso(const struct tally *t, struct rte_mbuf *const *pkts, uint32_t n,
	struct pw_dp_dir_stats *stats);

#endif
