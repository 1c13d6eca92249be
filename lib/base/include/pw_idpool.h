/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_idpool.h - ids 0..n-1, lowest free first; and a plain bitmap.
 *
 * Threads:  one thread at a time.
 * Cost:     alloc O(n/64) worst case, free O(1).
 */
#ifndef PW_IDPOOL_H
#define PW_IDPOOL_H

#include <stdbool.h>
#include <stdint.h>

struct pw_idpool;

struct pw_idpool *pw_idpool_create(uint32_t n);          /* NULL with errno */
void pw_idpool_destroy(struct pw_idpool *pool);          /* NULL is fine */
int64_t pw_idpool_alloc(struct pw_idpool *pool);         /* id, or -ENOSPC */
int pw_idpool_take(struct pw_idpool *pool, uint32_t id); /* 0, -EEXIST, -ERANGE */
void pw_idpool_free(struct pw_idpool *pool, uint32_t id);
bool pw_idpool_used(const struct pw_idpool *pool, uint32_t id);
uint32_t pw_idpool_count(const struct pw_idpool *pool);

#endif
