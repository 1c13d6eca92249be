/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "pw_idpool.h"

#define WORD_BITS 64

struct pw_idpool {
	uint32_t n;
	uint32_t count;
	uint32_t first_word; /* no free id in the words before it */
	uint32_t n_words;
	uint64_t used[]; /* bits from n on are set for ever, so that they are never found */
};

static uint64_t bit_of(uint32_t id)
{
	return UINT64_C(1) << (id % WORD_BITS);
}

struct pw_idpool *pw_idpool_create(uint32_t n)
{
	uint32_t n_words = n / WORD_BITS + (n % WORD_BITS != 0);
	struct pw_idpool *pool = calloc(1, sizeof(*pool) + n_words * sizeof(pool->used[0]));

	if (pool == NULL)
		return NULL;
	pool->n = n;
	pool->n_words = n_words;
	if (n % WORD_BITS != 0)
		pool->used[n_words - 1] = ~(bit_of(n) - 1);
	return pool;
}

void pw_idpool_destroy(struct pw_idpool *pool)
{
	free(pool);
}

int64_t pw_idpool_alloc(struct pw_idpool *pool)
{
	for (uint32_t w = pool->first_word; w < pool->n_words; w++) {
		if (pool->used[w] == UINT64_MAX)
			continue;

		uint32_t bit = (uint32_t)__builtin_ctzll(~pool->used[w]);

		pool->used[w] |= UINT64_C(1) << bit;
		pool->first_word = w;
		pool->count++;
		return (int64_t)w * WORD_BITS + bit;
	}
	pool->first_word = pool->n_words;
	return -ENOSPC;
}

int pw_idpool_take(struct pw_idpool *pool, uint32_t id)
{
	if (id >= pool->n)
		return -ERANGE;
	if (pw_idpool_used(pool, id))
		return -EEXIST;
	pool->used[id / WORD_BITS] |= bit_of(id);
	pool->count++;
	return 0;
}

void pw_idpool_free(struct pw_idpool *pool, uint32_t id)
{
	if (!pw_idpool_used(pool, id))
		return;
	pool->used[id / WORD_BITS] &= ~bit_of(id);
	pool->count--;
	if (id / WORD_BITS < pool->first_word)
		pool->first_word = id / WORD_BITS;
}

bool pw_idpool_used(const struct pw_idpool *pool, uint32_t id)
{
	return id < pool->n && (pool->used[id / WORD_BITS] & bit_of(id)) != 0;
}

uint32_t pw_idpool_count(const struct pw_idpool *pool)
{
	return pool->count;
}
