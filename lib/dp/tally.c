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

static __attribute__((noinline)) void count_sizes(
	const uint32_t *lens, uint32_t n, struct pw_dp_dir_stats *stats)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		bytes += lens[i];
		stats->sizes[size_bucket(lens[i])]++;
		raise_max(stats, lens[i]);
	}
	stats->bytes += bytes;
}

void tally_count(
	const struct tally *t, const uint32_t *lens, uint32_t n, struct pw_dp_dir_stats *stats)
{
	stats->packets += n;
	if (unlikely(t->differ != 0)) {
		count_sizes(lens, n, stats);
		return;
	}
	if (n == 0)
		return;
	stats->bytes += (uint64_t)n * t->len;
	stats->sizes[size_bucket(t->len)] += n;
	raise_max(stats, t->len);
}

void tally_count_gso(const struct tally *t, struct rte_mbuf *const *pkts, uint32_t n,
	struct pw_dp_dir_stats *stats)
{
	if (likely((t->ol_flags & RTE_MBUF_F_RX_LRO) == 0))
		return;
	for (uint32_t i = 0; i < n; i++)
		stats->gso_packets += pw_mbuf_is_gso(pkts[i]);
}
