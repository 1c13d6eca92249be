/* SPDX-License-Identifier: BSD-3-Clause */
#include "tally.h"

/* Smallest of pw_dp_size_limits that holds the frame. */
static unsigned size_bucket(uint32_t bytes)
{
	if (bytes <= 1024)
		return bytes <= 64 ? 0 : 32 - 6 - (unsigned)__builtin_clz(bytes - 1);
	return bytes <= 1518 ? 5 : bytes <= 9216 ? 6 : 7;
}

static void raise_max(struct pw_dp_dir_stats *stats, uint32_t len)
{
	if (unlikely(len > stats->max_frame_bytes))
		stats->max_frame_bytes = len;
}

void tally_count(const struct tally *t, uint32_t n, struct pw_dp_dir_stats *stats)
{
	unsigned bucket = size_bucket(t->sums.max_len);

	stats->packets += n;
	stats->bytes += t->sums.bytes;
	raise_max(stats, t->sums.max_len);
	if (likely(size_bucket(t->sums.min_len) == bucket)) {
		stats->sizes[bucket] += n;
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		stats->sizes[size_bucket(t->lens[i])]++;
}

void tally_count_first(const struct tally *t, uint32_t n, struct pw_dp_dir_stats *stats)
{
	stats->packets += n;
	for (uint32_t i = 0; i < n; i++) {
		stats->bytes += t->lens[i];
		stats->sizes[size_bucket(t->lens[i])]++;
		raise_max(stats, t->lens[i]);
	}
}

void tally_count_gso(const struct tally *t, struct rte_mbuf *const *pkts, uint32_t n,
	struct pw_dp_dir_stats *stats)
{
	if (likely((t->sums.ol_flags & RTE_MBUF_F_RX_LRO) == 0))
		return;
	for (uint32_t i = 0; i < n; i++)
		stats->gso_packets += pw_mbuf_is_gso(pkts[i]);
}
