/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_size.h - frame sizes of a stream. A size counts the FCS, as RFC 2544 does: 64 means 60
 * bytes in the packet buffer and 84 on a wire (8 bytes of preamble, 12 of gap).
 *
 * One size, a list, a range or a mix with weights: all become one cycle of sizes in a fixed shuffled
 * order, in which each size stands as often as its weight says. Shares are therefore exact after
 * every cycle, and the receiver knows the size of every frame from its number.
 * Threads:  read-only after it was filled.
 */
#ifndef PW_GEN_SIZE_H
#define PW_GEN_SIZE_H

#include <stdint.h>

#define PW_GEN_SIZE_MIN     64
#define PW_GEN_SIZE_MAX     9216
#define PW_GEN_FCS          4
#define PW_GEN_WIRE_EXTRA   20 /* preamble, start delimiter, gap */
#define PW_GEN_SIZE_CYCLE   9216
#define PW_GEN_SIZE_MIX_MAX 32

struct pw_gen_sizes {
	uint32_t n;
	uint16_t min, max;
	double mean;
	uint16_t cycle[PW_GEN_SIZE_CYCLE];
};

struct pw_gen_share {
	uint16_t size;
	uint16_t weight;
};

void pw_gen_sizes_fixed(struct pw_gen_sizes *sizes, uint16_t size);
/* 0; -EINVAL: size out of range, first above last, or no weight; -E2BIG: weights add up to too much. */
int pw_gen_sizes_range(struct pw_gen_sizes *sizes, uint16_t first, uint16_t last);
int pw_gen_sizes_mix(struct pw_gen_sizes *sizes, const struct pw_gen_share *shares, uint32_t n);
/* By name: "imix" (7:4:1 of 64, 594, 1518), "imix-csit" (28:16:4 of 64, 570, 1518 as FD.io CSIT
 * has it). -ENOENT: no such mix. */
int pw_gen_sizes_named(struct pw_gen_sizes *sizes, const char *name);
/* "64", "64-1518" or a name. -EINVAL; then sizes is unchanged. */
int pw_gen_sizes_parse(struct pw_gen_sizes *sizes, const char *text);

static inline uint16_t pw_gen_sizes_at(const struct pw_gen_sizes *sizes, uint64_t seq)
{
	return sizes->n == 1 ? sizes->cycle[0] : sizes->cycle[seq % sizes->n];
}

#endif
