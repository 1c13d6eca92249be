/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_hist.h - a histogram of nanoseconds whose relative error is bounded (as HdrHistogram's).
 *
 * Values below 64 have a bucket each; above, every power of two is split into 64 buckets, so that a
 * bucket's bounds differ by less than 1.6 %. Values up to 2^40 ns (18 minutes); larger ones count in
 * the last bucket, while min, max and the mean stay exact.
 * Threads:  one writer; a reader beside it sees counts that may be one behind.
 * Lifetime: plain memory, all zero is empty.
 * Cost:     record: a count of leading zeros and one increment. 18 KB each.
 */
#ifndef PW_GEN_HIST_H
#define PW_GEN_HIST_H

#include <stdint.h>

#define PW_GEN_HIST_SUB_BITS 6
#define PW_GEN_HIST_SUB      (1u << PW_GEN_HIST_SUB_BITS)
#define PW_GEN_HIST_BITS     40
#define PW_GEN_HIST_BUCKETS  ((PW_GEN_HIST_BITS - PW_GEN_HIST_SUB_BITS + 1) * PW_GEN_HIST_SUB)

struct pw_gen_hist {
	uint64_t count, sum_ns, min_ns, max_ns;
	uint64_t bucket[PW_GEN_HIST_BUCKETS];
};

static inline unsigned pw_gen_hist_index(uint64_t ns)
{
	unsigned exponent;

	if (ns < PW_GEN_HIST_SUB)
		return (unsigned)ns;
	exponent = 63u - (unsigned)__builtin_clzll(ns);
	if (exponent >= PW_GEN_HIST_BITS)
		return PW_GEN_HIST_BUCKETS - 1;
	return (exponent - PW_GEN_HIST_SUB_BITS + 1) * PW_GEN_HIST_SUB +
	       (unsigned)(ns >> (exponent - PW_GEN_HIST_SUB_BITS)) - PW_GEN_HIST_SUB;
}

static inline void pw_gen_hist_record(struct pw_gen_hist *hist, uint64_t ns)
{
	if (hist->count == 0 || ns < hist->min_ns)
		hist->min_ns = ns;
	if (ns > hist->max_ns)
		hist->max_ns = ns;
	hist->count++;
	hist->sum_ns += ns;
	hist->bucket[pw_gen_hist_index(ns)]++;
}

/* Smallest value of a bucket; of the one behind the last, the end of the range. */
uint64_t pw_gen_hist_lower_ns(unsigned index);
/* The value that `percent` of all are not above: the upper end of its bucket, never above the
 * maximum; 0 when empty. */
uint64_t pw_gen_hist_percentile_ns(const struct pw_gen_hist *hist, double percent);
double pw_gen_hist_mean_ns(const struct pw_gen_hist *hist);
void pw_gen_hist_merge(struct pw_gen_hist *into, const struct pw_gen_hist *from);

#endif
