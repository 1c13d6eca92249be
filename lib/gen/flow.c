/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_flow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "pw_util.h"

#define PERM_ROUNDS  4
#define ZIPF_ENTRIES 65536u
#define ORDER_KEY    1
#define SPREAD_KEY   2
#define ZIPF_KEY     3

static const char *const field_names[] = {
#define X(sym, name) [PW_GEN_##sym] = (name),
	PW_GEN_FIELDS(X)
#undef X
};

const char *pw_gen_field_name(unsigned field)
{
	return field < PW_GEN_FIELD_COUNT ? field_names[field] : "?";
}

/* ---- permutation ---- */

void pw_gen_perm_init(struct pw_gen_perm *perm, uint64_t n, uint64_t key)
{
	unsigned bits = n > 1 ? 64u - (unsigned)__builtin_clzll(n - 1) : 1;

	*perm = (struct pw_gen_perm){.n = n, .key = pw_gen_mix(key), .half_bits = (bits + 1) / 2};
}

static uint64_t feistel(const struct pw_gen_perm *perm, uint64_t x)
{
	const uint64_t mask = (UINT64_C(1) << perm->half_bits) - 1;
	uint64_t left = x >> perm->half_bits, right = x & mask;

	for (unsigned r = 0; r < PERM_ROUNDS; r++) {
		uint64_t f = (right + perm->key + r) * UINT64_C(0x9e3779b97f4a7c15);
		uint64_t next = left ^ ((f ^ f >> 32) >> 8 & mask);

		left = right;
		right = next;
	}
	return left << perm->half_bits | right;
}

uint64_t pw_gen_perm_at(const struct pw_gen_perm *perm, uint64_t i)
{
	do
		i = feistel(perm, i);
	while (i >= perm->n);
	return i;
}

/* ---- Zipf ---- */

/* table[j]: the first rank whose share of the distribution begins at or after j / 65536. Common
 * ranks fill many entries; entries of the tail hold many ranks, between which draws are even. */
static uint32_t *zipf_make(uint64_t n, double exponent)
{
	uint32_t *table = malloc((ZIPF_ENTRIES + 1) * sizeof(*table));
	double total = 0, sum = 0;
	uint32_t j = 0;

	if (table == NULL)
		return NULL;
	for (uint64_t k = 1; k <= n; k++)
		total += pow((double)k, -exponent);
	for (uint64_t k = 0; k < n; k++) {
		sum += pow((double)(k + 1), -exponent);
		while (j < ZIPF_ENTRIES && (double)j < sum / total * ZIPF_ENTRIES)
			table[j++] = (uint32_t)k;
	}
	while (j < ZIPF_ENTRIES)
		table[j++] = (uint32_t)(n - 1);
	table[ZIPF_ENTRIES] = (uint32_t)n;
	return table;
}

static uint64_t zipf_draw(const struct pw_gen_flows *flows, uint64_t seq)
{
	uint64_t u = pw_gen_mix(seq ^ pw_gen_mix(ZIPF_KEY));
	uint32_t j = (uint32_t)(u >> 48);
	uint64_t first = flows->zipf_table[j], end = flows->zipf_table[j + 1];

	if (end <= first)
		return first;
	return first + ((u & UINT32_MAX) * (end - first) >> 32);
}

/* ---- flows ---- */

uint64_t pw_gen_flows_product(const struct pw_gen_flows *flows)
{
	uint64_t product = 1;

	for (unsigned f = 0; f < PW_GEN_FIELD_COUNT; f++)
		if (__builtin_mul_overflow(product, flows->range[f], &product))
			return UINT64_MAX;
	return product;
}

int pw_gen_flows_init(struct pw_gen_flows *flows)
{
	uint64_t product = pw_gen_flows_product(flows);

	flows->zipf_table = NULL;
	if (flows->n == 0)
		flows->n = product;
	if (flows->n == 0 || flows->n > product || flows->n > PW_GEN_FLOWS_MAX)
		return -ERANGE;
	pw_gen_perm_init(&flows->order_perm, flows->n, ORDER_KEY);
	/* A product above 2^62 is as good as one of 2^62. */
	pw_gen_perm_init(&flows->spread_perm, PW_MIN(product, UINT64_C(1) << 62), SPREAD_KEY);
	if (flows->order != PW_GEN_ZIPF)
		return 0;
	flows->zipf_table = zipf_make(flows->n, flows->zipf);
	return flows->zipf_table != NULL ? 0 : -ENOMEM;
}

void pw_gen_flows_fini(struct pw_gen_flows *flows)
{
	free(flows->zipf_table);
	flows->zipf_table = NULL;
}

uint64_t pw_gen_flows_at(const struct pw_gen_flows *flows, uint64_t seq)
{
	uint64_t i;

	if (flows->n == 1)
		return 0;
	/* Common ranks go to flows all over the ranges, not to neighbours. */
	i = flows->order == PW_GEN_ZIPF ? zipf_draw(flows, seq) : seq % flows->n;
	return flows->order == PW_GEN_SEQUENTIAL ? i : pw_gen_perm_at(&flows->order_perm, i);
}

void pw_gen_flows_digits(
	const struct pw_gen_flows *flows, uint64_t flow, uint32_t digit[static PW_GEN_FIELD_COUNT])
{
	if (flows->spread)
		flow = pw_gen_perm_at(&flows->spread_perm, flow);
	for (unsigned f = 0; f < PW_GEN_FIELD_COUNT; f++) {
		uint32_t range = flows->range[f];

		if (range == 1) {
			digit[f] = 0;
			continue;
		}
		digit[f] = (uint32_t)(flow % range);
		flow /= range;
	}
}
