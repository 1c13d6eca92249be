/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pw_err.h"

static void set_and_prefix(void **state)
{
	struct pw_err err = {0};

	assert_int_equal(pw_err_set(&err, -EINVAL, "mtu %u: allowed 68..9216", 9), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_int_equal(pw_err_prefix(&err, "port %s", "vm0"), -EINVAL);
	assert_string_equal(err.msg, "port vm0: mtu 9: allowed 68..9216");
}

static void null_keeps_the_code(void **state)
{
	assert_int_equal(pw_err_set(NULL, -ENOSPC, "full"), -ENOSPC);
	assert_int_equal(pw_err_prefix(NULL, "table"), 0);
}

static void arguments_may_alias_the_message(void **state)
{
	struct pw_err err;

	pw_err_set(&err, -EIO, "disk");
	pw_err_set(&err, -EPERM, "outer: %s", err.msg);
	assert_string_equal(err.msg, "outer: disk");
	pw_err_prefix(&err, "[%s]", err.msg);
	assert_string_equal(err.msg, "[outer: disk]: outer: disk");
}

static void long_text_is_cut(void **state)
{
	char text[2000];
	struct pw_err err;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	pw_err_set(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	pw_err_prefix(&err, "head");
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_memory_equal(err.msg, "head: xxx", 9);
	pw_err_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_and_prefix),
		cmocka_unit_test(null_keeps_the_code),
		cmocka_unit_test(arguments_may_alias_the_message),
		cmocka_unit_test(long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
