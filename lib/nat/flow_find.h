/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_find.h - the steps of a lookup, for loops that take many packets through each.
 *
 *   1. flow_home(), prefetch            the bucket
 *   2. flow_first_ref()                 the first slot with the tag, mostly the right one: its line is
 *                                       fetched while the other buckets are looked at
 *   3. ref_is_live()                    the line itself decides; if it is another flow's, or none is
 *      else flow_lookup_again()         there, the lookup is made again, now slowly
 */
#ifndef FLOW_FIND_H
#define FLOW_FIND_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "flow_table.h"

static inline uint16_t tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48) | 1; /* 0 is no tag */
}

/* Bit i: slot i has the tag. Lanes of a vector load are whole, the vector need not be. (Measured:
 * as fast as AVX2, 16 cycles less than a loop.) */
static inline uint32_t match_tags(const struct flow_bucket *bucket, uint16_t tag)
{
#if defined(__SANITIZE_THREAD__) || !defined(__SSE2__)
	uint32_t mask = 0;

	for (unsigned i = 0; i < FLOW_SLOTS; i++)
		if (__atomic_load_n(&bucket->tag[i], __ATOMIC_ACQUIRE) == tag)
			mask |= 1u << i;
	return mask;
#else
	const __m128i *p = (const __m128i *)bucket;
	__m128i want = _mm_set1_epi16((short)tag);
	__m128i low = _mm_cmpeq_epi16(_mm_load_si128(p), want);
	__m128i high = _mm_cmpeq_epi16(_mm_load_si128(p + 1), want);

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) & ((1u << FLOW_SLOTS) - 1);
#endif
}

static inline uint32_t ref_load(const struct flow_bucket *bucket, unsigned slot)
{
	return __atomic_load_n(&bucket->ref[slot], __ATOMIC_ACQUIRE);
}

/* The slot may have changed hands since its tag was read: the line itself decides. */
static inline bool ref_is_live(
	const struct flow_table *table, uint32_t ref, const struct flow_key *key)
{
	const union flow_line *line = &table->lines[ref >> 1];

	return ref != 0 && flow_state_life(flow_state(line)) == FLOW_LIVE &&
	       flow_line_has(line, (enum flow_dir)(ref & 1), key);
}

static inline uint32_t flow_first_ref(
	const union flow_line *lines, const struct flow_bucket *home, uint16_t tag)
{
	uint32_t mask = match_tags(home, tag);
	uint32_t ref = mask != 0 ? ref_load(home, (unsigned)__builtin_ctz(mask)) : 0;

	flow_prefetch(&lines[ref >> 1]);
	return ref;
}

/* The whole of one lookup. */
uint32_t flow_lookup_again(
	const struct flow_table *table, uint64_t hash, const struct flow_key *key);

#endif
