/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>

#include "client_cap.h"
#include "flow_line.h"
#include "pw_util.h"

#define WORDS 8 /* of a cache line */

struct client_cap {
	uint32_t n_buckets;
	uint64_t secret;
	struct {
		uint64_t word[WORDS]; /* address << 32 | flows. W, R: any thread, CAS */
	} __attribute__((aligned(PW_CACHE_LINE))) bucket[];
};

struct client_cap *client_cap_create(
	const struct pw_alloc *alloc, uint32_t max_flows, uint64_t secret)
{
	uint32_t n = PW_MAX(max_flows / 32, 64u);
	struct client_cap *cap = pw_zalloc(
		alloc, "flows of clients", sizeof(*cap) + (size_t)n * sizeof(cap->bucket[0]));

	if (cap != NULL) {
		cap->n_buckets = n;
		cap->secret = secret;
	}
	return cap;
}

void client_cap_destroy(const struct pw_alloc *alloc, struct client_cap *cap)
{
	pw_free(alloc, cap);
}

static uint32_t bucket_of(const struct client_cap *cap, uint32_t ip_be)
{
	uint64_t h = flow_mix(ip_be ^ cap->secret, UINT64_C(0x9e3779b97f4a7c15));

	return (uint32_t)((h & UINT32_MAX) * cap->n_buckets >> 32);
}

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static bool swap(uint64_t *word, uint64_t *old, uint64_t value)
{
	return __atomic_compare_exchange_n(
		word, old, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

uint32_t client_cap_count(const struct client_cap *cap, uint32_t ip_be)
{
	const uint64_t *word = cap->bucket[bucket_of(cap, ip_be)].word;
	uint32_t sum = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t value = load(&word[i]);

		if (value >> 32 == ip_be)
			sum += (uint32_t)value;
	}
	return sum;
}

/* Adds to a word that is the client's (`taken`) or free. */
static bool add_where(uint64_t *word, uint32_t ip_be, bool taken)
{
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t value = load(&word[i]);

		while (taken ? value >> 32 == ip_be && (uint32_t)value > 0 : (uint32_t)value == 0)
			if (swap(&word[i], &value, (uint64_t)ip_be << 32 | ((uint32_t)value + 1)))
				return true;
	}
	return false;
}

void client_cap_add(struct client_cap *cap, uint32_t ip_be)
{
	uint64_t *word = cap->bucket[bucket_of(cap, ip_be)].word;

	if (!add_where(word, ip_be, true))
		add_where(word, ip_be, false);
}

void client_cap_sub(struct client_cap *cap, uint32_t ip_be)
{
	uint64_t *word = cap->bucket[bucket_of(cap, ip_be)].word;

	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t value = load(&word[i]);

		while (value >> 32 == ip_be && (uint32_t)value > 0)
			if (swap(&word[i], &value, value - 1))
				return;
	}
}
