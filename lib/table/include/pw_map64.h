/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_map64.h - hash of 64-bit keys to 64-bit values: many readers, one writer, no locks.
 *
 * Buckets of one cache line, four pairs each, never more than three fifths full on average; an
 * entry whose bucket is full lies in one of the next 32, and a bitmap of the home bucket says in
 * which, so that hits and misses read one line unless the bucket overflowed. Entries do not move.
 * A value is changed in place by one atomic store, by the writer or (pw_map64_replace) by a
 * reader that owns a part of it, e.g. a last-seen tick. A deleted slot is reusable after a grace
 * period, so that a reader never sees key A with the value of key B. Key 0 is not allowed (never
 * found). The hash is seeded at random: who chooses the keys (MAC addresses) cannot choose the
 * buckets.
 * Threads:  set, del, foreach, count: the writer. lookup, lookup_bulk, replace: any registered
 *           reader.
 * Errors:   -ENOSPC full: capacity reached, or no room near the bucket (below the capacity only
 *           while thousands of deleted slots wait for their grace period); -EINVAL key 0;
 *           -ENOENT. create: NULL with errno EINVAL (capacity 0 or above 2^28) or ENOMEM.
 * Cost:     one cache line a lookup, and a word of a dense array if the key is not found there.
 */
#ifndef PW_MAP64_H
#define PW_MAP64_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_alloc.h"
#include "pw_limbo.h"
#include "pw_mul.h"
#include "pw_util.h"

struct pw_map64;

struct pw_map64 *pw_map64_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t capacity);
void pw_map64_destroy(struct pw_map64 *map);
int pw_map64_set(struct pw_map64 *map, uint64_t key, uint64_t value); /* add or replace */
int pw_map64_del(struct pw_map64 *map, uint64_t key);
uint32_t pw_map64_count(const struct pw_map64 *map);
bool pw_map64_lookup(const struct pw_map64 *map, uint64_t key, uint64_t *value);
/* bit i of the result: keys[i] was found, values[i] is set; others stay as they are. n <= 64.
 * Prefetches in one pass. */
uint64_t pw_map64_lookup_bulk(
	const struct pw_map64 *map, const uint64_t *keys, uint64_t *values, uint32_t n);
/* CAS of a value in place; false if the key is gone or its value is not `old`. Any reader. */
bool pw_map64_replace(struct pw_map64 *map, uint64_t key, uint64_t old, uint64_t value);
/* fn returns false to stop; it may delete or set the key it was given, nothing else. */
void pw_map64_foreach(
	struct pw_map64 *map, bool (*fn)(void *arg, uint64_t key, uint64_t value), void *arg);

/* ---- one lookup in two steps, for callers with a loop of their own ---- */

#define PW_MAP64_SLOTS 4

struct pw_map64_slot {
	uint64_t key;   /* W: writer  R: readers. 0: none */
	uint64_t value; /* W: writer, readers by CAS  R: readers */
};
struct pw_map64_bucket {
	struct pw_map64_slot slots[PW_MAP64_SLOTS];
} __attribute__((aligned(PW_CACHE_LINE)));

/* What a lookup reads; the first member of struct pw_map64, constant after create. */
struct pw_map64_root {
	struct pw_map64_bucket *buckets;
	uint32_t mask;
	uint64_t seed, factor;
};

/* First: the bucket of the key, being fetched. Multiply and fold (as in wyhash, public domain), by a
 * secret factor over a seeded key; times the golden ratio (Knuth, TAOCP 6.4), without which one factor in a hundred
 * puts keys that count up into few buckets. A loop may take a copy of the root, which stays in registers. */
static inline struct pw_map64_root pw_map64_root(const struct pw_map64 *map)
{
	return *(const struct pw_map64_root *)map;
}
static inline const struct pw_map64_bucket *pw_map64_home_in(
	const struct pw_map64_root *root, uint64_t key)
{
	uint64_t high, low = pw_mul_wide(key ^ root->seed, root->factor, &high);
	uint32_t hash = (uint32_t)((low ^ high) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	const struct pw_map64_bucket *home = &root->buckets[hash & root->mask];

	__builtin_prefetch(home);
	return home;
}
static inline const struct pw_map64_bucket *pw_map64_home(const struct pw_map64 *map, uint64_t key)
{
	return pw_map64_home_in((const struct pw_map64_root *)map, key);
}

bool pw_map64_find_overflown(const struct pw_map64 *map, const struct pw_map64_bucket *home,
	uint64_t key, uint64_t *value);

/* Then: its value, false if the key (not 0) is not there. Slots fill from the first on and most
 * buckets hold one entry: to stop early beats comparing all. */
static inline bool pw_map64_find(const struct pw_map64 *map, const struct pw_map64_bucket *home,
	uint64_t key, uint64_t *value)
{
	uint64_t far; /* apart from *value, which so can stay in a register */
	bool found;

	for (uint32_t i = 0; i < PW_MAP64_SLOTS; i++) {
		if (__atomic_load_n(&home->slots[i].key, __ATOMIC_ACQUIRE) == key) {
			*value = __atomic_load_n(&home->slots[i].value, __ATOMIC_ACQUIRE);
			return true;
		}
	}
	found = pw_map64_find_overflown(map, home, key, &far);
	if (found)
		*value = far;
	return found;
}

#endif
