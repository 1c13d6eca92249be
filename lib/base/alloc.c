/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pw_alloc.h"
#include "pw_util.h"

#define HUGE_PAGE ((size_t)2 << 20)

/* Large tables are read at random: with pages of 4 KB each read would miss the TLB, too. */
static void *alloc_large(size_t size)
{
	void *ptr = aligned_alloc(HUGE_PAGE, (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));

	if (ptr != NULL)
		(void)madvise(ptr, size, MADV_HUGEPAGE); /* no harm where there are none */
	return ptr;
}

static void *heap_zalloc(const struct pw_alloc *alloc, const char *what, size_t size)
{
	if (size > SIZE_MAX - HUGE_PAGE)
		return NULL;

	/* aligned_alloc wants a multiple of the alignment; 0 bytes get one line, never NULL. */
	size_t rounded =
		(PW_MAX(size, (size_t)1) + PW_CACHE_LINE - 1) & ~(size_t)(PW_CACHE_LINE - 1);
	void *ptr =
		rounded >= HUGE_PAGE ? alloc_large(rounded) : aligned_alloc(PW_CACHE_LINE, rounded);

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
