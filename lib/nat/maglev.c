/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <string.h>

#include "flow_line.h"
#include "maglev.h"
#include "pw_util.h"

#define FREE_PLACE UINT16_MAX

/* The largest primes below powers of two. */
static const uint32_t sizes[] = {
	251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, MAGLEV_SIZE_MAX};

uint32_t maglev_size(uint32_t n_endpoints)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(sizes); i++)
		if (sizes[i] > 100 * (uint64_t)n_endpoints)
			return sizes[i];
	return MAGLEV_SIZE_MAX;
}

/* First place and stride of an endpoint's permutation. Constants: those of SplitMix64. */
static void permutation(uint64_t id, uint32_t size, uint32_t state[2])
{
	state[0] = (uint32_t)(flow_mix(id ^ UINT64_C(0xbf58476d1ce4e5b9),
				      UINT64_C(0x9e3779b97f4a7c15)) %
			      size);
	state[1] = (uint32_t)(flow_mix(id ^ UINT64_C(0x94d049bb133111eb),
				      UINT64_C(0xbf58476d1ce4e5b9)) %
			      (size - 1)) +
		   1;
}

static uint32_t step(uint32_t place, uint32_t stride, uint32_t size)
{
	uint32_t next = place + stride;

	return next < size ? next : next - size;
}

void maglev_build(uint16_t *table, uint32_t size, uint32_t n,
	uint64_t (*id)(const void *arg, uint32_t i), const void *arg, uint32_t (*scratch)[2])
{
	uint32_t filled = 0;

	memset(table, 0xff, size * sizeof(table[0]));
	for (uint32_t i = 0; i < n; i++)
		permutation(id(arg, i), size, scratch[i]);
	for (uint32_t i = 0; filled < size; i = i + 1 < n ? i + 1 : 0) {
		uint32_t place = scratch[i][0];

		while (table[place] != FREE_PLACE)
			place = step(place, scratch[i][1], size);
		table[place] = (uint16_t)i;
		scratch[i][0] = step(place, scratch[i][1], size);
		filled++;
	}
}
