/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

#include "pw_adj.h"
#include "pw_retire.h"

#define CAPACITY_MAX (UINT32_C(1) << 30) /* what an LPM value holds */

struct pw_adj_table {
	struct pw_adj *adjs; /* constant base */

	/* Control thread only. */
	const struct pw_alloc *alloc;
	uint32_t *links; /* one each: chain of the free list, or of the retired */
	uint32_t free;   /* first of the free list, or PW_RETIRE_END */
	struct pw_retire retire;
	uint32_t capacity;
	uint32_t count;
};

static uint32_t *adj_link(void *ctx, uint32_t index)
{
	struct pw_adj_table *table = ctx;

	return &table->links[index];
}

static void adj_free(void *ctx, uint32_t index)
{
	struct pw_adj_table *table = ctx;

	table->adjs[index].kind = PW_ADJ_FREE;
	table->links[index] = table->free;
	table->free = index;
}

static const struct pw_retire_ops retire_ops = {adj_link, adj_free};

static uint32_t next_generation(uint32_t generation)
{
	return generation == UINT32_MAX ? 1 : generation + 1;
}

static void init_adjs(struct pw_adj_table *table)
{
	uint32_t generation = 1;

	if (getrandom(&generation, sizeof(generation), GRND_NONBLOCK) != sizeof(generation) ||
		generation == 0)
		generation = 1;
	table->free = PW_RETIRE_END;
	for (uint32_t i = table->capacity; i-- > 0;) { /* index 0 is handed out first */
		table->adjs[i].generation = generation;
		adj_free(table, i);
	}
}

struct pw_adj_table *pw_adj_table_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t capacity)
{
	if (capacity == 0 || capacity > CAPACITY_MAX) {
		errno = EINVAL;
		return NULL;
	}

	struct pw_adj_table *table = pw_zalloc(alloc, "adjacency table", sizeof(*table));

	if (table == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	table->alloc = alloc;
	table->capacity = capacity;
	table->adjs = pw_zalloc(alloc, "adjacencies", (size_t)capacity * sizeof(*table->adjs));
	table->links =
		pw_zalloc(alloc, "adjacency links", (size_t)capacity * sizeof(*table->links));
	if (table->adjs == NULL || table->links == NULL ||
		pw_retire_init(&table->retire, limbo, &retire_ops, table) < 0) {
		pw_adj_table_destroy(table);
		errno = ENOMEM;
		return NULL;
	}
	init_adjs(table);
	return table;
}

void pw_adj_table_destroy(struct pw_adj_table *table)
{
	if (table == NULL)
		return;
	pw_retire_fini(&table->retire);
	pw_free(table->alloc, table->links);
	pw_free(table->alloc, table->adjs);
	pw_free(table->alloc, table);
}

static uint64_t make_word(uint64_t mac48, uint8_t kind, enum pw_adj_state state)
{
	return mac48 << 16 | (uint64_t)kind << 8 | state;
}

int64_t pw_adj_alloc(struct pw_adj_table *table, const struct pw_adj *tmpl)
{
	if (tmpl->kind == PW_ADJ_FREE || tmpl->kind > PW_ADJ_PROHIBIT)
		return -EINVAL;

	uint32_t index = table->free;

	if (index == PW_RETIRE_END)
		return -ENOSPC;
	table->free = table->links[index];
	table->count++;

	struct pw_adj *adj = &table->adjs[index];

	/* Not the generation: a worker with a stale index may be looking at it. */
	adj->src_mac48 = tmpl->src_mac48;
	adj->src_high = tmpl->src_mac48 >> 32;
	adj->src_low = (uint32_t)tmpl->src_mac48;
	adj->ip = tmpl->ip;
	adj->port = tmpl->port;
	adj->bridge = tmpl->bridge;
	adj->mtu = tmpl->mtu;
	adj->kind = tmpl->kind;
	adj->permanent = tmpl->permanent;
	__atomic_store_n(&adj->last_used_sec, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&adj->word,
		make_word(pw_adj_word_mac48(tmpl->word), tmpl->kind, pw_adj_word_state(tmpl->word)),
		__ATOMIC_RELEASE);
	return index;
}

void pw_adj_release(struct pw_adj_table *table, uint32_t index)
{
	assert(index < table->capacity);

	struct pw_adj *adj = &table->adjs[index];

	assert(adj->kind != PW_ADJ_FREE);
	__atomic_store_n(&adj->generation, next_generation(adj->generation), __ATOMIC_RELEASE);
	table->count--;
	pw_retire_add(&table->retire, index);
}

void pw_adj_set_mac(
	struct pw_adj_table *table, uint32_t index, uint64_t mac48, enum pw_adj_state state)
{
	assert(index < table->capacity);

	struct pw_adj *adj = &table->adjs[index];

	__atomic_store_n(&adj->word, make_word(mac48, adj->kind, state), __ATOMIC_RELEASE);
}

uint32_t pw_adj_count(const struct pw_adj_table *table)
{
	return table->count;
}

const struct pw_adj *pw_adj_array(const struct pw_adj_table *table)
{
	return table->adjs;
}
