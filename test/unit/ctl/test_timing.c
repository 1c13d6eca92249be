/* SPDX-License-Identifier: BSD-3-Clause */
/* The histogram behind requests.list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "timing.h"

/* Every time is in a class that does not end before it, and the class before does. */
static void classes_cover_all_times(void **state)
{
	for (uint64_t us = 0; us < 100000; us++) {
		unsigned class = ctl_timing_class(us);

		assert_true(class < CTL_TIMING_CLASSES);
		assert_true(ctl_timing_class_us(class) >= us);
		assert_true(class == 0 || ctl_timing_class_us(class - 1) < us);
	}
	assert_int_equal(ctl_timing_class(UINT64_MAX), CTL_TIMING_CLASSES - 1);
}

/* A class is a quarter of its start wide at most. */
static void classes_are_narrow(void **state)
{
	for (unsigned class = 4; class < CTL_TIMING_CLASSES - 1; class ++) {
		uint64_t first = ctl_timing_class_us(class - 1) + 1;

		assert_true(ctl_timing_class_us(class) - first < first / 4 + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_cover_all_times),
		cmocka_unit_test(classes_are_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
