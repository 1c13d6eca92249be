/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_str.h"
#include "pw_util.h"

static void grows(void **state)
{
	struct pw_str str = {0};

	for (int i = 0; i < 10000; i++)
		pw_str_addf(&str, "%d,", i % 10);
	assert_int_equal(str.len, 20000);
	assert_int_equal(strlen(str.s), 20000);
	pw_str_add(&str, "end");
	assert_string_equal(str.s + 20000, "end");
	pw_str_addn(&str, "a\0b", 3);
	assert_int_equal(str.len, 20006);
	pw_str_free(&str);
	assert_null(str.s);
}

static void take_gives_and_empties(void **state)
{
	struct pw_str str = {0};
	char *s;

	s = pw_str_take(&str);
	assert_string_equal(s, "");
	free(s);

	pw_str_add(&str, "one");
	s = pw_str_take(&str);
	assert_string_equal(s, "one");
	free(s);
	assert_int_equal(str.len, 0);
	pw_str_add(&str, "two");
	assert_string_equal(str.s, "two");
	pw_str_free(&str);
}

static void failure_sticks(void **state)
{
	struct pw_str str = {0};

	pw_str_add(&str, "x");
	pw_str_addn(&str, "", SIZE_MAX / 2); /* refused before a byte is read */
	assert_true(str.failed);
	pw_str_add(&str, "y");
	pw_str_addf(&str, "%d", 1);
	assert_string_equal(str.s, "x");
	assert_null(pw_str_take(&str));
	assert_false(str.failed);
}

static void names(void **state)
{
	static const struct {
		const char *name;
		bool name_ok, ifname_ok;
	} cases[] = {
		{"br0", true, true},
		{"vm-1.a_b", true, true},
		{"", false, false},
		{".", false, false},
		{"..", false, false},
		{"...", false, true},
		{"-x", false, true},
		{"a/b", false, false},
		{"a b", false, false},
		{"a:b", false, false},
		{"a%d", false, false},
		{"a\tb", false, false},
		{"\xc3\xa9", false, true},
		{"exactly-15-char", true, true},
		{"exactly-16-chars", false, false},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		assert_int_equal(pw_name_valid(cases[i].name, 15), cases[i].name_ok);
		assert_int_equal(pw_ifname_valid(cases[i].name), cases[i].ifname_ok);
	}
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		int rc;
		uint64_t value;
	} cases[] = {
		{"0", 0, 10, 0, 0},
		{"10", 0, 10, 0, 10},
		{"007", 0, 10, 0, 7},
		{"11", 0, 10, -ERANGE, 0},
		{"1", 2, 10, -ERANGE, 0},
		{"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", 0, UINT64_MAX, -ERANGE, 0},
		{"99999999999999999999999", 0, UINT64_MAX, -ERANGE, 0},
		{"99999999999999999999999x", 0, UINT64_MAX, -EINVAL, 0},
		{"", 0, 10, -EINVAL, 0},
		{"-1", 0, 10, -EINVAL, 0},
		{"+1", 0, 10, -EINVAL, 0},
		{" 1", 0, 10, -EINVAL, 0},
		{"1 ", 0, 10, -EINVAL, 0},
		{"0x1", 0, 10, -EINVAL, 0},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		uint64_t value = 4711;
		int rc = pw_u64_parse(cases[i].text, cases[i].min, cases[i].max, &value);

		assert_int_equal(rc, cases[i].rc);
		assert_true(value == (rc == 0 ? cases[i].value : 4711));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(take_gives_and_empties),
		cmocka_unit_test(failure_sticks),
		cmocka_unit_test(names),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
