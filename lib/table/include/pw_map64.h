/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_map64.h - hash of 64-bit keys to 64-bit values: many readers, one writer, no locks.
 *
 * Buckets of one or two cache lines; a value is changed in place by one atomic store, by the writer
 * or (pw_map64_slot) by a reader that owns a part of it, e.g. a last-seen tick. A deleted slot is
 * reusable after a grace period, so that a reader never sees key A with the value of key B.
 * Key 0 is not allowed.
 * Threads:  set, del, foreach: the writer. lookup, slot, touch: any registered reader.
 * Errors:   -ENOSPC full (load above ~7/8 or no room near the bucket), -EINVAL key 0, -ENOENT.
 */
#ifndef PW_MAP64_H
#define PW_MAP64_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_alloc.h"
#include "pw_limbo.h"

struct pw_map64;

struct pw_map64 *pw_map64_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t capacity);
void pw_map64_destroy(struct pw_map64 *map);
int pw_map64_set(struct pw_map64 *map, uint64_t key, uint64_t value); /* add or replace */
int pw_map64_del(struct pw_map64 *map, uint64_t key);
uint32_t pw_map64_count(const struct pw_map64 *map);
bool pw_map64_lookup(const struct pw_map64 *map, uint64_t key, uint64_t *value);
/* bit i of the result: keys[i] was found, values[i] valid. n <= 64. Prefetches in one pass. */
uint64_t pw_map64_lookup_bulk(
	const struct pw_map64 *map, const uint64_t *keys, uint64_t *values, uint32_t n);
/* CAS of a value in place; false if the key is gone or its value is not `old`. Any reader. */
bool pw_map64_replace(struct pw_map64 *map, uint64_t key, uint64_t old, uint64_t value);
/* fn returns false to stop; it may delete the key it was given. */
void pw_map64_foreach(
	struct pw_map64 *map, bool (*fn)(void *arg, uint64_t key, uint64_t value), void *arg);

#endif
