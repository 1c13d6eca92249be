/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include "pw_clock.h"
#include "pw_gen_pace.h"
#include "pw_gen_rate.h"

#define HZ UINT64_C(2445000000)

/* Polls every `step` ticks for `seconds`; frames sent. */
static uint64_t simulate(uint64_t rate, uint64_t cost, uint64_t step, uint64_t seconds)
{
	struct pw_gen_pace pace;
	uint64_t sent = 0, start = UINT64_C(1) << 60;

	pw_gen_pace_start(&pace, rate, HZ, PW_NS_PER_MSEC, start);
	for (uint64_t now = start; now <= start + seconds * HZ; now += step) {
		uint32_t n = pw_gen_pace_due(&pace, now, cost, 32);

		pw_gen_pace_sent(&pace, n * cost);
		sent += n;
	}
	assert_int_equal(pace.skipped, 0);
	return sent;
}

/* TG-1: 0.1 % over 10 s; by arithmetic it is one frame. */
static void exact_over_ten_seconds(void **state)
{
	static const struct {
		enum pw_gen_rate_unit unit;
		uint64_t milli, size;
		double frames; /* in 10 s */
	} cases[] = {
		{PW_GEN_RATE_PPS, 1000 * UINT64_C(100000), 64, 1e6},
		{PW_GEN_RATE_PPS, 333, 64, 3.33},
		{PW_GEN_RATE_PPS, 123456789, 1518, 1234567.89},
		{PW_GEN_RATE_L1, 1000 * UINT64_C(100000000), 64, 1e9 / 672},
		{PW_GEN_RATE_L2, 1000 * UINT64_C(1000000000), 1518, 1e10 / 12144},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		uint64_t cost = pw_gen_rate_cost(cases[i].unit, (uint32_t)cases[i].size);
		double sent = (double)simulate(cases[i].milli, cost, HZ / 500000 + 7, 10);

		assert_true(sent >= cases[i].frames - 33 && sent <= cases[i].frames);
	}
}

static void held_up_writes_off(void **state)
{
	struct pw_gen_pace pace;

	pw_gen_pace_start(&pace, 1000 * UINT64_C(1000000), HZ, PW_NS_PER_MSEC, 0);
	/* 1 s late: 1000 frames may be made up for, 999,000 are written off */
	assert_int_equal(pw_gen_pace_due(&pace, HZ, 1000, UINT32_MAX), 1000);
	assert_int_equal(pace.skipped, 999000 * UINT64_C(1000));
	pw_gen_pace_sent(&pace, 1000 * 1000);
	assert_int_equal(pw_gen_pace_due(&pace, HZ, 1000, UINT32_MAX), 0);
	/* clock of another core, a little behind */
	pw_gen_pace_start(&pace, 1000, HZ, PW_NS_PER_MSEC, 100);
	assert_int_equal(pw_gen_pace_due(&pace, 99, 1000, 32), 0);
}

static void no_rate_is_no_limit(void **state)
{
	struct pw_gen_pace pace;

	pw_gen_pace_start(&pace, 0, HZ, PW_NS_PER_MSEC, 0);
	assert_int_equal(pw_gen_pace_due(&pace, 0, 1000, 32), 32);
}

TESTS_MAIN(cmocka_unit_test(exact_over_ten_seconds), cmocka_unit_test(held_up_writes_off),
	cmocka_unit_test(no_rate_is_no_limit))
