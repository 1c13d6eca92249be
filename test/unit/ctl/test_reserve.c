/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel's list of reserved ports already holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pw_util.h"
#include "reserve.h"

static void lists(void **state)
{
	static const struct {
		const char *list;
		bool has;
	} cases[] = {
		{"", false},
		{"\n", false},
		{"61000-65535\n", true},
		{"1,5-7,60999-65535\n", true},
		{"61001-65535\n", false},
		{"61000-65534\n", false},
		{"61000,65535\n", false},
		{"80,443,1024-65535", true},
		{"nonsense", false},
		{"1-", false},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		assert_int_equal(ctl_reserve_has(cases[i].list, 61000, 65535), cases[i].has);
	assert_true(ctl_reserve_has("1-3,8", 8, 8));
	assert_true(ctl_reserve_has("1-3,8", 2, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
