/* SPDX-License-Identifier: BSD-3-Clause */
/* stamp.h - the 18 bytes at the beginning of a payload (pw_gen_frame.h). Private to lib/gen. */
#ifndef PW_GEN_STAMP_H
#define PW_GEN_STAMP_H

#include <stdbool.h>

#include "bytes.h"
#include "pw_csum.h"
#include "pw_gen_frame.h"

#define STAMP_MAGIC 0xd7
#define STAMP_CHECK 4

static inline uint32_t frame_word(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Sum of a few words that are known to be few: inline, unlike pw_csum_add. `len` is even. */
static inline uint64_t frame_sum(const uint8_t *p, unsigned len)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i + 4 <= len; i += 4)
		sum += frame_word(p + i);
	return len & 2 ? sum + get_csum(p + i) : sum;
}

static inline uint16_t frame_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return pw_csum_fold((uint32_t)sum);
}

/* Sum of all words with the check field in it: all ones when it is right. */
static inline uint16_t stamp_sum(const uint8_t *p)
{
	return frame_fold(frame_sum(p, PW_GEN_STAMP_BYTES));
}

static inline void stamp_put(uint8_t *p, const struct pw_gen_stamp *stamp)
{
	p[0] = STAMP_MAGIC;
	p[1] = stamp->run;
	put16(p + 2, stamp->stream);
	put16(p + STAMP_CHECK, 0);
	put48(p + 6, stamp->seq);
	put48(p + 12, stamp->clock);
	put_csum(p + STAMP_CHECK, (uint16_t)~stamp_sum(p));
}

static inline bool stamp_get(const uint8_t *p, struct pw_gen_stamp *stamp)
{
	if (stamp_sum(p) != UINT16_MAX)
		return false;
	stamp->run = p[1];
	stamp->stream = get16(p + 2);
	stamp->seq = get48(p + 6);
	stamp->clock = get48(p + 12);
	return true;
}

#endif
