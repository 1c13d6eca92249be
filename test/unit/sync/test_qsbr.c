/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pw_qsbr.h"

static void offline_readers_do_not_hold_back(void **state)
{
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 4);

	assert_true(pw_qsbr_passed(qsbr, pw_qsbr_start(qsbr)));
	pw_qsbr_online(qsbr, 2);
	uint64_t token = pw_qsbr_start(qsbr);

	assert_false(pw_qsbr_passed(qsbr, token));
	pw_qsbr_offline(qsbr, 2);
	assert_true(pw_qsbr_passed(qsbr, token));
	pw_qsbr_destroy(qsbr);
}

static void every_online_reader_counts(void **state)
{
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 3);

	for (uint32_t i = 0; i < 3; i++)
		pw_qsbr_online(qsbr, i);
	uint64_t token = pw_qsbr_start(qsbr);

	for (uint32_t i = 0; i < 3; i++) {
		assert_false(pw_qsbr_passed(qsbr, token));
		pw_qsbr_quiescent(qsbr, i);
	}
	assert_true(pw_qsbr_passed(qsbr, token));
	pw_qsbr_destroy(qsbr);
}

static void a_late_reader_does_not_hold_back_an_old_token(void **state)
{
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 2);

	pw_qsbr_online(qsbr, 0);
	uint64_t first = pw_qsbr_start(qsbr);

	pw_qsbr_online(qsbr, 1); /* after the unlink: cannot have seen the object */
	pw_qsbr_quiescent(qsbr, 0);
	assert_true(pw_qsbr_passed(qsbr, first));

	uint64_t second = pw_qsbr_start(qsbr);

	assert_true(pw_qsbr_passed(qsbr, first));
	assert_false(pw_qsbr_passed(qsbr, second));
	pw_qsbr_quiescent(qsbr, 0);
	assert_false(pw_qsbr_passed(qsbr, second));
	pw_qsbr_quiescent(qsbr, 1);
	assert_true(pw_qsbr_passed(qsbr, second));
	pw_qsbr_destroy(qsbr);
}

static void an_old_quiescence_does_not_pass_a_new_token(void **state)
{
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 1);

	pw_qsbr_online(qsbr, 0);
	pw_qsbr_quiescent(qsbr, 0);
	pw_qsbr_quiescent(qsbr, 0);
	uint64_t token = pw_qsbr_start(qsbr);

	assert_false(pw_qsbr_passed(qsbr, token));
	pw_qsbr_destroy(qsbr);
}

static void no_readers_is_refused(void **state)
{
	errno = 0;
	assert_null(pw_qsbr_create(pw_alloc_heap(), 0));
	assert_int_equal(errno, EINVAL);
	pw_qsbr_destroy(NULL);
}

#define READERS 3

/* Random walk; the model keeps what each reader has acknowledged. */
static void against_model(void **state)
{
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), READERS);
	uint64_t acked[READERS] = {0}, token = pw_qsbr_start(qsbr);

	srandom(1);
	for (int i = 0; i < 100000; i++) {
		uint32_t reader = (uint32_t)random() % READERS;

		switch (random() % 4) {
		case 0:
			token = pw_qsbr_start(qsbr);
			break;
		case 1:
			pw_qsbr_online(qsbr, reader);
			acked[reader] = token + 1;
			break;
		case 2:
			pw_qsbr_offline(qsbr, reader);
			acked[reader] = 0;
			break;
		case 3:
			if (acked[reader] == 0)
				break;
			pw_qsbr_quiescent(qsbr, reader);
			acked[reader] = token + 1;
			break;
		}

		uint64_t asked = token - (uint64_t)random() % 3;
		bool expected = true;

		for (int r = 0; r < READERS; r++)
			expected &= acked[r] == 0 || acked[r] > asked;
		/* Tokens pass for good: a reader that comes online late cannot undo it. */
		if (expected)
			assert_true(pw_qsbr_passed(qsbr, asked));
		else if (asked == token)
			assert_false(pw_qsbr_passed(qsbr, asked));
	}
	pw_qsbr_destroy(qsbr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offline_readers_do_not_hold_back),
		cmocka_unit_test(every_online_reader_counts),
		cmocka_unit_test(a_late_reader_does_not_hold_back_an_old_token),
		cmocka_unit_test(an_old_quiescence_does_not_pass_a_new_token),
		cmocka_unit_test(no_readers_is_refused),
		cmocka_unit_test(against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
