/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pw_limbo.h"
#include "pw_util.h"

struct fixture {
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	uint64_t freed[1000];
	uint32_t n_freed;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	f->limbo = pw_limbo_create(f->qsbr);
	pw_qsbr_online(f->qsbr, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pw_limbo_destroy(f->limbo);
	pw_qsbr_destroy(f->qsbr);
	free(f);
	return 0;
}

static void note_freed(void *ctx, void *obj)
{
	struct fixture *f = ctx;

	f->freed[f->n_freed++] = (uintptr_t)obj;
}

static void *object(uint64_t i)
{
	return (void *)(uintptr_t)i;
}

static void nothing_before_the_grace_period(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pw_limbo_defer(f->limbo, note_freed, f, object(1)), 0);
	assert_int_equal(pw_limbo_run(f->limbo, 10), 0);
	assert_int_equal(pw_limbo_pending(f->limbo), 1);
	pw_qsbr_quiescent(f->qsbr, 0);
	assert_int_equal(pw_limbo_defer(f->limbo, note_freed, f, object(2)), 0);
	assert_int_equal(pw_limbo_run(f->limbo, 10), 1);
	assert_int_equal(f->freed[0], 1);
	assert_int_equal(pw_limbo_pending(f->limbo), 1);
	pw_qsbr_offline(f->qsbr, 0);
	assert_int_equal(pw_limbo_run(f->limbo, 10), 1);
	assert_int_equal(f->freed[1], 2);
}

static void in_order_over_growth_and_bounded(void **state)
{
	struct fixture *f = *state;
	uint64_t next = 0;

	for (int round = 0; round < 4; round++) { /* the ring wraps before it grows */
		for (int i = 0; i < 40 + 40 * round; i++)
			assert_int_equal(
				pw_limbo_defer(f->limbo, note_freed, f, object(next++)), 0);
		pw_qsbr_quiescent(f->qsbr, 0);
		assert_int_equal(pw_limbo_run(f->limbo, 30), 30);
	}
	while (pw_limbo_run(f->limbo, 7) > 0)
		continue;
	assert_int_equal(f->n_freed, next);
	for (uint64_t i = 0; i < next; i++)
		assert_int_equal(f->freed[i], i);
}

static void reserved_places_stay_free_for_their_owners(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pw_limbo_reserve(f->limbo, 100), 0);
	for (uint64_t i = 0; i < 200; i++)
		assert_int_equal(pw_limbo_defer(f->limbo, note_freed, f, object(i)), 0);
	for (uint64_t i = 0; i < 100; i++)
		pw_limbo_defer_reserved(f->limbo, note_freed, f, object(200 + i));
	pw_qsbr_quiescent(f->qsbr, 0);
	assert_int_equal(pw_limbo_run(f->limbo, UINT32_MAX), 300);
	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(f->freed[i], i);
	pw_limbo_unreserve(f->limbo, 100);
	assert_int_equal(pw_limbo_reserve(f->limbo, UINT32_MAX), -ENOMEM);
}

static void cancel_takes_only_its_own(void **state)
{
	struct fixture *f = *state;
	int other;

	assert_int_equal(pw_limbo_reserve(f->limbo, 50), 0);
	for (uint64_t i = 0; i < 100; i++) {
		if (i % 2 == 0)
			pw_limbo_defer_reserved(f->limbo, note_freed, &other, NULL);
		else
			assert_int_equal(pw_limbo_defer(f->limbo, note_freed, f, object(i)), 0);
	}
	pw_limbo_cancel(f->limbo, &other); /* run would write through it */
	pw_limbo_unreserve(f->limbo, 50);
	assert_int_equal(pw_limbo_pending(f->limbo), 50);
	pw_qsbr_quiescent(f->qsbr, 0);
	assert_int_equal(pw_limbo_run(f->limbo, UINT32_MAX), 50);
	for (uint64_t i = 0; i < 50; i++)
		assert_int_equal(f->freed[i], 2 * i + 1);
}

static void defer_again(void *ctx, void *obj)
{
	struct fixture *f = ctx;

	note_freed(ctx, obj);
	if (f->n_freed < 3)
		assert_int_equal(pw_limbo_defer(f->limbo, defer_again, f, obj), 0);
}

static void a_function_may_defer_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pw_limbo_defer(f->limbo, defer_again, f, object(7)), 0);
	pw_qsbr_quiescent(f->qsbr, 0);
	assert_int_equal(pw_limbo_run(f->limbo, UINT32_MAX), 1); /* the second has its own token */
	assert_int_equal(pw_limbo_pending(f->limbo), 1);
}

static void destroy_runs_what_is_left(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pw_limbo_defer(f->limbo, defer_again, f, object(1)), 0);
	pw_limbo_destroy(f->limbo);
	f->limbo = NULL;
	assert_int_equal(f->n_freed, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(nothing_before_the_grace_period),
		T(in_order_over_growth_and_bounded),
		T(reserved_places_stay_free_for_their_owners),
		T(cancel_takes_only_its_own),
		T(a_function_may_defer_again),
		T(destroy_runs_what_is_left),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
