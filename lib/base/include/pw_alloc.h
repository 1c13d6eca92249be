/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_alloc.h - memory for the tables: cache-line aligned, zeroed, from a source the caller chose.
 *
 * The daemon gives an allocator on EAL memory (hugepages, NUMA node), unit tests the heap, or one
 * that fails on the n-th call.
 * Threads:  as the source; pw_alloc_heap() from any.
 */
#ifndef PW_ALLOC_H
#define PW_ALLOC_H

#include <stddef.h>

struct pw_alloc {
	void *(*zalloc)(
		const struct pw_alloc *alloc, const char *what, size_t size); /* NULL: none */
	void (*free)(const struct pw_alloc *alloc, void *ptr);
	void *arg;
};

const struct pw_alloc *pw_alloc_heap(void);

static inline void *pw_zalloc(const struct pw_alloc *alloc, const char *what, size_t size)
{
	return alloc->zalloc(alloc, what, size);
}

static inline void pw_free(const struct pw_alloc *alloc, void *ptr)
{
	if (ptr != NULL)
		alloc->free(alloc, ptr);
}

#endif
