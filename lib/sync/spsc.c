/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lamport's queue with the cached indices of FastForward/MCRingBuffer: each side looks at the
 * other's line only when its own copy says full (or empty). Indices run freely over 2^32 and are
 * masked.
 */
#include <errno.h>
#include <string.h>

#include "pw_spsc.h"
#include "pw_util.h"

#define MAX_SIZE (UINT32_C(1) << 30)

struct pw_spsc {
	/* Constant after create. */
	const struct pw_alloc *alloc __attribute__((aligned(PW_CACHE_LINE)));
	uint32_t size;
	uint32_t mask;

	uint32_t tail __attribute__((aligned(PW_CACHE_LINE))); /* W: producer  R: both */
	uint32_t head_seen;                                    /* producer's copy of head */

	uint32_t head __attribute__((aligned(PW_CACHE_LINE))); /* W: consumer  R: both */
	uint32_t tail_seen;                                    /* consumer's copy of tail */

	void *slots[] __attribute__((aligned(PW_CACHE_LINE)));
};

static uint32_t round_up_pow2(uint32_t n)
{
	uint32_t size = 1;

	while (size < n)
		size *= 2;
	return size;
}

struct pw_spsc *pw_spsc_create(const struct pw_alloc *alloc, uint32_t size)
{
	if (size == 0 || size > MAX_SIZE) {
		errno = EINVAL;
		return NULL;
	}
	size = round_up_pow2(size);

	struct pw_spsc *ring =
		pw_zalloc(alloc, "spsc", sizeof(*ring) + (size_t)size * sizeof(ring->slots[0]));

	if (ring == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	ring->alloc = alloc;
	ring->size = size;
	ring->mask = size - 1;
	return ring;
}

void pw_spsc_destroy(struct pw_spsc *ring)
{
	if (ring != NULL)
		pw_free(ring->alloc, ring);
}

uint32_t pw_spsc_enqueue(struct pw_spsc *ring, void *const *objs, uint32_t n)
{
	uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
	uint32_t room = ring->size - (tail - ring->head_seen);

	if (room < n) {
		ring->head_seen = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
		room = ring->size - (tail - ring->head_seen);
		n = PW_MIN(n, room);
	}
	for (uint32_t i = 0; i < n; i++)
		ring->slots[(tail + i) & ring->mask] = objs[i];
	if (n > 0)
		__atomic_store_n(&ring->tail, tail + n, __ATOMIC_RELEASE);
	return n;
}

uint32_t pw_spsc_dequeue(struct pw_spsc *ring, void **objs, uint32_t n)
{
	uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	uint32_t avail = ring->tail_seen - head;

	if (avail < n) {
		ring->tail_seen = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
		avail = ring->tail_seen - head;
		n = PW_MIN(n, avail);
	}
	for (uint32_t i = 0; i < n; i++)
		objs[i] = ring->slots[(head + i) & ring->mask];
	if (n > 0)
		__atomic_store_n(&ring->head, head + n, __ATOMIC_RELEASE);
	return n;
}

/* head first: tail only grows, so the difference is never negative; it may exceed size for a
 * moment. */
uint32_t pw_spsc_count(const struct pw_spsc *ring)
{
	uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	return PW_MIN(tail - head, ring->size);
}
