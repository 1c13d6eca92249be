/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring of entries, oldest first; tokens only grow, so a look at the oldest is enough.
 * Invariant: size >= reserved + n_adhoc, count - n_adhoc <= reserved.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "pw_limbo.h"
#include "pw_util.h"

#define MIN_SIZE 64

struct entry {
	uint64_t token : 63;
	uint64_t is_reserved : 1;
	pw_limbo_fn *fn;
	void *ctx;
	void *obj;
};

struct pw_limbo {
	struct pw_qsbr *qsbr;
	struct entry *ring;
	uint32_t size; /* a power of two */
	uint32_t head; /* the oldest; runs freely, masked on use */
	uint32_t count;
	uint32_t reserved;
	uint32_t n_adhoc; /* entries queued without a reservation */
};

static struct entry *entry_at(const struct pw_limbo *limbo, uint32_t i)
{
	return &limbo->ring[(limbo->head + i) & (limbo->size - 1)];
}

static int grow_to(struct pw_limbo *limbo, uint64_t need)
{
	uint64_t size = limbo->size;

	if (need <= size)
		return 0;
	while (size < need)
		size *= 2;
	if (size > UINT32_MAX / 2)
		return -ENOMEM;

	struct entry *ring = calloc(size, sizeof(*ring));

	if (ring == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < limbo->count; i++)
		ring[i] = *entry_at(limbo, i);
	free(limbo->ring);
	limbo->ring = ring;
	limbo->size = (uint32_t)size;
	limbo->head = 0;
	return 0;
}

static void push(struct pw_limbo *limbo, pw_limbo_fn *fn, void *ctx, void *obj, bool is_reserved)
{
	*entry_at(limbo, limbo->count) = (struct entry){
		.token = pw_qsbr_start(limbo->qsbr),
		.is_reserved = is_reserved,
		.fn = fn,
		.ctx = ctx,
		.obj = obj,
	};
	limbo->count++;
	if (!is_reserved)
		limbo->n_adhoc++;
}

static struct entry pop(struct pw_limbo *limbo)
{
	struct entry entry = *entry_at(limbo, 0);

	limbo->head++;
	limbo->count--;
	if (!entry.is_reserved)
		limbo->n_adhoc--;
	return entry;
}

struct pw_limbo *pw_limbo_create(struct pw_qsbr *qsbr)
{
	struct pw_limbo *limbo = calloc(1, sizeof(*limbo));

	if (limbo == NULL)
		return NULL;
	limbo->ring = calloc(MIN_SIZE, sizeof(*limbo->ring));
	if (limbo->ring == NULL) {
		free(limbo);
		errno = ENOMEM;
		return NULL;
	}
	limbo->qsbr = qsbr;
	limbo->size = MIN_SIZE;
	return limbo;
}

void pw_limbo_destroy(struct pw_limbo *limbo)
{
	if (limbo == NULL)
		return;
	while (limbo->count > 0) {
		struct entry entry = pop(limbo);

		entry.fn(entry.ctx, entry.obj);
	}
	free(limbo->ring);
	free(limbo);
}

int pw_limbo_defer(struct pw_limbo *limbo, pw_limbo_fn *fn, void *ctx, void *obj)
{
	int ret = grow_to(limbo, (uint64_t)limbo->reserved + limbo->n_adhoc + 1);

	if (ret < 0)
		return ret;
	push(limbo, fn, ctx, obj, false);
	return 0;
}

void pw_limbo_defer_reserved(struct pw_limbo *limbo, pw_limbo_fn *fn, void *ctx, void *obj)
{
	assert(limbo->count - limbo->n_adhoc < limbo->reserved);
	push(limbo, fn, ctx, obj, true);
}

int pw_limbo_reserve(struct pw_limbo *limbo, uint32_t n)
{
	int ret = grow_to(limbo, (uint64_t)limbo->reserved + limbo->n_adhoc + n);

	if (ret < 0)
		return ret;
	limbo->reserved += n;
	return 0;
}

void pw_limbo_unreserve(struct pw_limbo *limbo, uint32_t n)
{
	assert(n <= limbo->reserved);
	limbo->reserved -= n;
}

void pw_limbo_cancel(struct pw_limbo *limbo, const void *ctx)
{
	uint32_t kept = 0;
	uint32_t count = limbo->count;

	for (uint32_t i = 0; i < count; i++) {
		struct entry entry = *entry_at(limbo, i);

		if (entry.ctx != ctx)
			*entry_at(limbo, kept++) = entry;
		else if (!entry.is_reserved)
			limbo->n_adhoc--;
	}
	limbo->count = kept;
}

uint32_t pw_limbo_run(struct pw_limbo *limbo, uint32_t max)
{
	uint32_t done = 0;

	while (done < max && limbo->count > 0) {
		if (!pw_qsbr_passed(limbo->qsbr, entry_at(limbo, 0)->token))
			break;

		struct entry entry = pop(limbo);

		entry.fn(entry.ctx, entry.obj);
		done++;
	}
	return done;
}

uint32_t pw_limbo_pending(const struct pw_limbo *limbo)
{
	return limbo->count;
}

struct pw_qsbr *pw_limbo_qsbr(const struct pw_limbo *limbo)
{
	return limbo->qsbr;
}
