/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include "pw_gen_search.h"

/* A device that forwards `capacity` ppm of the highest rate, and `long_capacity` in a long trial. */
static void run(struct pw_gen_search *s, uint32_t capacity, uint32_t long_capacity,
	uint32_t accepted, uint32_t resolution)
{
	struct pw_gen_search_trial trial;

	pw_gen_search_start(s, resolution, accepted);
	while (pw_gen_search_next(s, &trial)) {
		uint32_t can = trial.confirm ? long_capacity : capacity;

		assert_in_range(trial.load_ppm, 1, PW_GEN_LOAD_FULL);
		assert_true(s->trials < 100);
		pw_gen_search_result(s,
			trial.load_ppm > can ? 1e6 * (trial.load_ppm - can) / trial.load_ppm : 0);
	}
}

static void finds_every_capacity(void **state)
{
	struct pw_gen_search s;

	for (uint32_t capacity = 6000; capacity <= 1100000; capacity += 7919) {
		run(&s, capacity, capacity, 0, 5000);
		assert_true(s.found);
		assert_true(s.best_ppm <= PW_MIN(capacity, PW_GEN_LOAD_FULL));
		assert_true(s.best_ppm + 5000 >= PW_MIN(capacity, PW_GEN_LOAD_FULL));
		assert_true(s.trials <= pw_gen_search_expected(5000) + 1);
	}
}

static void accepted_loss(void **state)
{
	struct pw_gen_search s;

	/* 1 % loss is allowed: the load may be 1/0.99 of what is forwarded */
	run(&s, 500000, 500000, 10000, 1000);
	assert_true(s.found);
	assert_in_range(s.best_ppm, 504000, 505051);
}

static void full_load_is_two_trials(void **state)
{
	struct pw_gen_search s;

	run(&s, 2000000, 2000000, 0, 5000);
	assert_true(s.found);
	assert_int_equal(s.best_ppm, PW_GEN_LOAD_FULL);
	assert_int_equal(s.trials, 2);
}

static void goes_below_what_does_not_last(void **state)
{
	struct pw_gen_search s;

	run(&s, 800000, 600000, 0, 5000);
	assert_true(s.found);
	assert_true(s.best_ppm <= 600000);
	assert_true(s.best_ppm > 300000);
}

static void nothing_passes(void **state)
{
	struct pw_gen_search s;

	run(&s, 0, 0, 0, 5000);
	assert_false(s.found);
}

static void bursts(void **state)
{
	for (uint64_t capacity = 0; capacity < 120000; capacity += 997) {
		struct pw_gen_burst_search s;
		uint64_t frames;
		unsigned trials = 0;

		pw_gen_burst_start(&s, 100000);
		while (pw_gen_burst_next(&s, &frames)) {
			assert_in_range(frames, 1, 100000);
			assert_true(++trials < 40);
			pw_gen_burst_result(&s, frames <= capacity);
		}
		assert_true(s.passed <= capacity);
		assert_true(s.passed + 100 >= PW_MIN(capacity, UINT64_C(100000)));
	}
}

TESTS_MAIN(cmocka_unit_test(finds_every_capacity), cmocka_unit_test(accepted_loss),
	cmocka_unit_test(full_load_is_two_trials), cmocka_unit_test(goes_below_what_does_not_last),
	cmocka_unit_test(nothing_passes), cmocka_unit_test(bursts))
