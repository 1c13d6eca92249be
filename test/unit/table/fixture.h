/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fixture.h - what every table test needs: a QSBR domain with one reader, a limbo, and an allocator
 * that counts what is outstanding and fails on demand.
 */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include <stdint.h>
#include <stdlib.h>

#include "pw_alloc.h"
#include "pw_limbo.h"

struct fixture {
	struct pw_alloc alloc;
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	int64_t fail_in;     /* fails when it is 0, counts down; negative: never */
	int64_t outstanding; /* allocations not freed */
};

static inline void *fixture_zalloc(const struct pw_alloc *alloc, const char *what, size_t size)
{
	struct fixture *f = alloc->arg;

	if (f->fail_in == 0)
		return NULL;
	if (f->fail_in > 0)
		f->fail_in--;
	f->outstanding++;
	return pw_zalloc(pw_alloc_heap(), what, size);
}

static inline void fixture_free(const struct pw_alloc *alloc, void *ptr)
{
	struct fixture *f = alloc->arg;

	f->outstanding--;
	pw_free(pw_alloc_heap(), ptr);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->alloc = (struct pw_alloc){.zalloc = fixture_zalloc, .free = fixture_free, .arg = f};
	f->fail_in = -1;
	f->qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	f->limbo = pw_limbo_create(f->qsbr);
	pw_qsbr_online(f->qsbr, 0);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	int ret = f->outstanding == 0 ? 0 : -1; /* a leak fails the test */

	pw_limbo_destroy(f->limbo);
	pw_qsbr_destroy(f->qsbr);
	free(f);
	return ret;
}

/* The reader lets go and everything that waits for it comes back. */
static inline void fixture_grace(struct fixture *f)
{
	while (pw_limbo_pending(f->limbo) > 0) {
		pw_qsbr_quiescent(f->qsbr, 0);
		pw_limbo_run(f->limbo, UINT32_MAX);
	}
}

#endif
