/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers, sizes and ages as they are shown, at the edges of their units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void test_count(void **state)
{
	char buf[TEXT_MAX];

	assert_string_equal(text_count(0, buf), "0");
	assert_string_equal(text_count(999, buf), "999");
	assert_string_equal(text_count(1000, buf), "1,000");
	assert_string_equal(text_count(-999, buf), "-999");
	assert_string_equal(text_count(-123456, buf), "-123,456");
	assert_string_equal(text_count(INT64_MAX, buf), "9,223,372,036,854,775,807");
	assert_string_equal(text_count(INT64_MIN, buf), "-9,223,372,036,854,775,808");
}

static void test_bytes(void **state)
{
	char buf[TEXT_MAX];

	assert_string_equal(text_bytes(0, buf), "0 B");
	assert_string_equal(text_bytes(1023, buf), "1023 B");
	assert_string_equal(text_bytes(1024, buf), "1.0 KiB");
	assert_string_equal(text_bytes(1048575, buf), "1.0 MiB"); /* not 1024.0 KiB */
	assert_string_equal(text_bytes(1536 << 20, buf), "1.5 GiB");
	assert_string_equal(text_bytes(INT64_MAX, buf), "8.0 EiB");
}

static void test_age(void **state)
{
	char buf[TEXT_MAX];

	assert_string_equal(text_age(0, buf), "0s");
	assert_string_equal(text_age(59, buf), "59s");
	assert_string_equal(text_age(60, buf), "1m00s");
	assert_string_equal(text_age(3599, buf), "59m59s");
	assert_string_equal(text_age(3600, buf), "1h00m");
	assert_string_equal(text_age(86399, buf), "23h59m");
	assert_string_equal(text_age(86400, buf), "1d00h");
}

static void expect(json_t *value, enum format format, bool verbose, const char *want)
{
	char *text = text_value(value, format, verbose);

	assert_string_equal(text, want);
	free(text);
	json_decref(value);
}

static void test_value(void **state)
{
	expect(NULL, F_COUNT, false, "-");
	expect(json_null(), F_TEXT, false, "-");
	expect(json_true(), F_TEXT, false, "yes");
	expect(json_real(12.34), F_TEXT, false, "12.3");
	expect(json_integer(5), F_PERCENT, false, "5.0 %");
	expect(json_integer(1500), F_PLAIN, false, "1500");
	expect(json_string("a\033[31m\n\x7f"), F_TEXT, false, "a?[31m??");
	expect(json_array(), F_LIST, false, "-");
	/* One more than the short form is shown whole: "(+1)" would not be shorter. */
	expect(json_pack("[i,i,i,i]", 1, 2, 3, 4), F_LIST, false, "1, 2, 3, 4");
	expect(json_pack("[i,i,i,i,i]", 1, 2, 3, 4, 5), F_LIST, false, "1, 2, 3 (+2)");
	expect(json_pack("[i,i,i,i,i]", 1, 2, 3, 4, 5), F_LIST, true, "1, 2, 3, 4, 5");
}

static void test_share(void **state)
{
	assert_true(text_share(1, 0) == 0);
	assert_true(text_share(1, 4) == 25);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
