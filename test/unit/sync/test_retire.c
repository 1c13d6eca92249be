/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "pw_retire.h"

#define SLOTS 100

struct slots {
	uint32_t link[SLOTS];
	uint32_t released[SLOTS]; /* how often */
};

static uint32_t *slot_link(void *ctx, uint32_t id)
{
	struct slots *slots = ctx;

	return &slots->link[id];
}

static void slot_release(void *ctx, uint32_t id)
{
	struct slots *slots = ctx;

	slots->link[id] = id; /* what a free list would do */
	slots->released[id]++;
}

static const struct pw_retire_ops ops = {slot_link, slot_release};

static void one_place_in_the_limbo_for_all(void **state)
{
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	struct pw_limbo *limbo = pw_limbo_create(qsbr);
	struct slots slots = {0};
	struct pw_retire retire;

	assert_int_equal(pw_retire_init(&retire, limbo, &ops, &slots), 0);
	pw_qsbr_online(qsbr, 0);
	for (uint32_t i = 0; i < SLOTS; i++)
		pw_retire_add(&retire, i);
	assert_int_equal(pw_retire_count(&retire), SLOTS);
	assert_int_equal(pw_limbo_pending(limbo), 1);
	pw_limbo_run(limbo, UINT32_MAX);
	assert_int_equal(pw_retire_count(&retire), SLOTS);

	pw_qsbr_quiescent(qsbr, 0);
	pw_limbo_run(limbo, UINT32_MAX); /* the first one: the others gathered meanwhile */
	assert_int_equal(pw_retire_count(&retire), SLOTS - 1);
	assert_int_equal(slots.released[0], 1);
	pw_limbo_run(limbo, UINT32_MAX);
	assert_int_equal(pw_retire_count(&retire), SLOTS - 1);

	pw_qsbr_quiescent(qsbr, 0);
	pw_limbo_run(limbo, UINT32_MAX);
	assert_int_equal(pw_retire_count(&retire), 0);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(slots.released[i], 1);
	assert_int_equal(pw_limbo_pending(limbo), 0);

	pw_retire_add(&retire, 5); /* starts over after it ran dry */
	pw_qsbr_quiescent(qsbr, 0);
	pw_limbo_run(limbo, UINT32_MAX);
	assert_int_equal(slots.released[5], 2);
	pw_retire_fini(&retire);
	pw_limbo_destroy(limbo);
	pw_qsbr_destroy(qsbr);
}

static void fini_drops_what_waits(void **state)
{
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	struct pw_limbo *limbo = pw_limbo_create(qsbr);
	struct slots slots = {0};
	struct pw_retire retire, zeroed = {0};

	assert_int_equal(pw_retire_init(&retire, limbo, &ops, &slots), 0);
	pw_retire_add(&retire, 1);
	pw_retire_fini(&retire);
	pw_retire_fini(&zeroed);
	pw_limbo_destroy(limbo);
	assert_int_equal(slots.released[1], 0);
	pw_qsbr_destroy(qsbr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_place_in_the_limbo_for_all),
		cmocka_unit_test(fini_drops_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
