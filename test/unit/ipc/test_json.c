/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

static void test_getters(void **state)
{
	json_t *o = json_loads("{\"a\":{\"b\":{\"c\":7}},\"n\":null,\"s\":\"x\",\"t\":true,"
			       "\"cniVersion\":\"1.0.0\",\"CNIVersion\":\"0.4.0\"}",
		0, NULL);

	assert_int_equal(json_integer_value(pw_json_path(o, "a.b.c")), 7);
	assert_null(pw_json_path(o, "a.x.c"));
	assert_null(pw_json_path(o, "s.x"));
	assert_null(pw_json_get(o, "n"));
	assert_null(pw_json_get(NULL, "n"));
	assert_string_equal(pw_json_str(o, "s", "y"), "x");
	assert_string_equal(pw_json_str(o, "t", "y"), "y");
	assert_int_equal(pw_json_int(o, "s", -3), -3);
	assert_true(pw_json_bool(o, "t", false));
	assert_true(pw_json_bool(o, "absent", true));
	assert_string_equal(json_string_value(pw_json_get_nocase(o, "CNIVersion")), "0.4.0");
	assert_string_equal(json_string_value(pw_json_get_nocase(o, "CNIVERSION")), "1.0.0");
	assert_string_equal(json_string_value(pw_json_get_nocase(o, "S")), "x");
	assert_null(pw_json_get_nocase(o, "zz"));
	json_decref(o);
}

static void test_values(void **state)
{
	struct pw_prefix prefix = {.len = 24};
	struct pw_ip none = {0};
	struct pw_mac mac = {{2, 0, 0, 0, 0, 1}}, zero = {{0}};
	json_t *list = json_array();

	assert_int_equal(pw_ip_parse("10.0.0.1", &prefix.ip), 0);
	json_array_append_new(list, pw_json_ip(&prefix.ip));
	json_array_append_new(list, pw_json_ip(&none));
	json_array_append_new(list, pw_json_prefix(&prefix));
	json_array_append_new(list, pw_json_mac(&mac));
	json_array_append_new(list, pw_json_mac(&zero));
	json_array_append_new(list, pw_json_str_or_null(""));
	json_array_append_new(list, pw_json_u64(UINT64_MAX));

	char *text = json_dumps(list, JSON_COMPACT);

	assert_string_equal(text, "[\"10.0.0.1\",null,\"10.0.0.1/24\",\"02:00:00:00:00:01\",null,"
				  "null,9223372036854775807]");
	free(text);
	json_decref(list);
}

static void test_errors(void **state)
{
	struct pw_ipc_error err;
	struct pw_err lower = {.code = -ENOSPC, .msg = "no room"};

	assert_int_equal(pw_ipc_error_set(NULL, PW_IPC_E_BUSY, "x"), -5);
	assert_int_equal(pw_ipc_error_from(&err, &lower), PW_IPC_E_FULL);
	assert_string_equal(err.msg, "no room");
	assert_int_equal(pw_ipc_error_errno(&err, -ENOENT, NULL), PW_IPC_E_MISSING);
	assert_string_equal(err.msg, "No such file or directory");
	assert_int_equal(pw_ipc_code_from_errno(-EIO), PW_IPC_E_FAILED);
	assert_int_equal(pw_ipc_code_from_errno(EEXIST), PW_IPC_E_EXISTS);
	assert_string_equal(pw_ipc_code_name(-32602), "params");
	assert_string_equal(pw_ipc_code_name(77), "unknown");
	assert_string_equal(pw_ipc_code_text(-6), "the peer may not do this");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_getters),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
