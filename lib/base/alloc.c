/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pw_alloc.h"
#include "pw_util.h"

static void *heap_zalloc(const struct pw_alloc *alloc, const char *what, size_t size)
{
	if (size > SIZE_MAX - PW_CACHE_LINE)
		return NULL;

	/* aligned_alloc wants a multiple of the alignment; 0 bytes get one line, never NULL. */
	size_t rounded =
		(PW_MAX(size, (size_t)1) + PW_CACHE_LINE - 1) & ~(size_t)(PW_CACHE_LINE - 1);
	void *ptr = aligned_alloc(PW_CACHE_LINE, rounded);

	if (ptr != NULL)
		memset(ptr, 0, rounded);
	return ptr;
}

static void heap_free(const struct pw_alloc *alloc, void *ptr)
{
	free(ptr);
}

const struct pw_alloc *pw_alloc_heap(void)
{
	static const struct pw_alloc heap = {.zalloc = heap_zalloc, .free = heap_free};

	return &heap;
}
