/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links lie in words of the line that nobody needs then:
 *   created  next line of a chunk or of a list of dead lines. A worker that still holds a dead line
 *            may write last_seen and adj, and reads keys and deltas; never this word.
 *   adj[1]   of a chunk's first line: next chunk of the stack | lines in this chunk << 32. Only
 *            after the grace period.
 * A worker may read the links of a chunk that another has just taken; its compare-and-swap then
 * fails, because the stack's head counts its changes (ABA). All accesses are atomic for that
 * reason.
 */
#include "flow_hook.h"
#include "flow_pool.h"

static uint32_t next_get(const struct flow_table *table, uint32_t line)
{
	return __atomic_load_n(&table->lines[line].created, __ATOMIC_RELAXED);
}

static void next_set(struct flow_table *table, uint32_t line, uint32_t next)
{
	__atomic_store_n(&table->lines[line].created, next, __ATOMIC_RELAXED);
}

static uint64_t chunk_get(const struct flow_table *table, uint32_t first)
{
	return __atomic_load_n(&table->lines[first].adj[1], __ATOMIC_RELAXED);
}

static void chunk_set(struct flow_table *table, uint32_t first, uint32_t next, uint32_t n)
{
	__atomic_store_n(&table->lines[first].adj[1], next | (uint64_t)n << 32, __ATOMIC_RELAXED);
}

static void push_chunk(struct flow_table *table, uint32_t first, uint32_t n)
{
	uint64_t head = __atomic_load_n(&table->pool, __ATOMIC_RELAXED);
	uint64_t next;

	/* Counted before it can be taken: the count is never below what is there. */
	__atomic_add_fetch(&table->pool_free, n, __ATOMIC_RELAXED);
	do {
		chunk_set(table, first, (uint32_t)head, n);
		next = ((head >> 32) + 1) << 32 | first;
		PW_RACE_POINT();
	} while (!__atomic_compare_exchange_n(
		&table->pool, &head, next, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* First line of a chunk, its length in *n; 0: the pool is empty. */
static uint32_t pop_chunk(struct flow_table *table, uint32_t *n)
{
	uint64_t head = __atomic_load_n(&table->pool, __ATOMIC_ACQUIRE);
	uint64_t link, next;

	do {
		if ((uint32_t)head == 0)
			return 0;
		link = chunk_get(table, (uint32_t)head);
		next = ((head >> 32) + 1) << 32 | (uint32_t)link;
		PW_RACE_POINT();
	} while (!__atomic_compare_exchange_n(
		&table->pool, &head, next, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
	*n = (uint32_t)(link >> 32);
	__atomic_sub_fetch(&table->pool_free, *n, __ATOMIC_RELAXED);
	return (uint32_t)head;
}

static void refill(struct flow_table *table, struct flow_cache *cache)
{
	uint32_t n = 0;
	uint32_t line = pop_chunk(table, &n);

	/* Backwards, so that the stock gives them out in the chunk's order. */
	cache->n_free = n;
	for (uint32_t i = n; i > 0; i--) {
		cache->free[i - 1] = line;
		line = next_get(table, line);
	}
}

static void spill(struct flow_table *table, struct flow_cache *cache)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < table->chunk; i++) {
		uint32_t line = cache->free[--cache->n_free];

		next_set(table, line, first);
		first = line;
	}
	push_chunk(table, first, table->chunk);
}

static void make_free(struct flow_table *table, uint32_t line)
{
	uint32_t state = flow_state(&table->lines[line]);

	state = (state & FLOW_GEN_MASK) + FLOW_GEN_ONE;
	FLOW_KILL_POINT();
	__atomic_store_n(&table->lines[line].state, state | FLOW_FREE, __ATOMIC_RELEASE);
}

/* Highest first, so that the lowest chunk is on top: a small load stays in few pages. */
void flow_pool_fill(struct flow_table *table)
{
	uint32_t first = 0, n = 0;

	for (uint32_t i = table->n_lines - 1; i > 0; i--) {
		uint32_t state = flow_state(&table->lines[i]);

		if (flow_state_life(state) == FLOW_LIVE)
			continue;
		if (flow_state_life(state) != FLOW_FREE)
			make_free(table, i);
		next_set(table, i, first);
		first = i;
		if (++n < table->chunk)
			continue;
		push_chunk(table, first, n);
		first = n = 0;
	}
	if (n > 0)
		push_chunk(table, first, n);
}

static void put_free(struct flow_table *table, struct flow_cache *cache, uint32_t line)
{
	make_free(table, line);
	if (cache->n_free == 2 * table->chunk)
		spill(table, cache);
	cache->free[cache->n_free++] = line;
}

static void take_back(struct flow_table *table, struct flow_cache *cache)
{
	while (cache->n_batches > 0) {
		struct flow_batch *batch = &cache->batch[cache->first_batch];
		uint32_t line = batch->first;

		if (!pw_qsbr_passed(table->qsbr, batch->token))
			return;
		cache->first_batch = (cache->first_batch + 1) % FLOW_BATCHES;
		cache->n_batches--;
		while (line != 0) {
			uint32_t next = next_get(table, line);

			put_free(table, cache, line);
			line = next;
		}
	}
}

uint32_t flow_pool_get(struct flow_table *table, uint32_t cache)
{
	struct flow_cache *c = &table->caches[cache];

	if (c->n_free == 0)
		refill(table, c);
	if (c->n_free == 0)
		take_back(table, c);
	if (c->n_free == 0)
		return 0;

	uint32_t line = c->free[--c->n_free];

	if (c->n_free > 0) /* the next insert's */
		__builtin_prefetch(&table->lines[c->free[c->n_free - 1]].state, 1);
	return line;
}

void flow_pool_retire(struct flow_table *table, uint32_t cache, uint32_t line)
{
	struct flow_cache *c = &table->caches[cache];

	if (FLOW_BUG(EARLY_REUSE)) {
		put_free(table, c, line);
		return;
	}
	next_set(table, line, c->gathering);
	c->gathering = line;
}

void flow_pool_release(struct flow_table *table, uint32_t line)
{
	make_free(table, line);
	next_set(table, line, 0);
	push_chunk(table, line, 1);
}

void flow_pool_turn(struct flow_table *table, uint32_t cache)
{
	struct flow_cache *c = &table->caches[cache];

	take_back(table, c);
	if (c->gathering == 0 || c->n_batches == FLOW_BATCHES)
		return;

	uint32_t at = (c->first_batch + c->n_batches) % FLOW_BATCHES;

	c->batch[at].token = pw_qsbr_start(table->qsbr);
	c->batch[at].first = c->gathering;
	c->n_batches++;
	c->gathering = 0;
}

uint32_t flow_pool_count(const struct flow_table *table, uint32_t cache)
{
	return table->caches[cache].n_free + __atomic_load_n(&table->pool_free, __ATOMIC_RELAXED);
}
