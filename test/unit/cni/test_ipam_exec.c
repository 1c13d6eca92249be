/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/stat.h>

#include "cni_test.h"
#include "pw_cni_ipam.h"

static void put_program(const char *dir, const char *name, const char *script, mode_t mode)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(path, mode);
}

static void test_lookup(void **state)
{
	char path[512], file[PATH_MAX], want[300];
	struct pw_cni_ipam ipam = {.path = path, .type = "x"};
	struct pw_cni_error error = {0};

	snprintf(path, sizeof(path), "::/none:%s/:%s", (char *)*state, (char *)*state);
	assert_true(pw_cni_ipam_lookup(&ipam, file, &error) < 0);
	assert_int_equal(error.code, PW_CNI_E_CONFIG);
	put_program(*state, "x", "", 0644);
	assert_true(pw_cni_ipam_lookup(&ipam, file, &error) < 0);
	put_program(*state, "x", "", 0755);
	assert_int_equal(pw_cni_ipam_lookup(&ipam, file, &error), 0);
	snprintf(want, sizeof(want), "%s//x", (char *)*state);
	assert_string_equal(file, want);
	ipam.path = "";
	assert_true(pw_cni_ipam_lookup(&ipam, file, &error) < 0);
	assert_int_equal(error.code, PW_CNI_E_ENV);
}

static int run(const char *dir, const char *script, size_t input_len, int timeout_ms,
	json_t **result, struct pw_cni_error *error)
{
	char *input = calloc(1, input_len + 1);
	struct pw_cni_ipam ipam = {.path = dir,
		.type = "x",
		.input = input,
		.len = input_len,
		.timeout_ms = timeout_ms};
	int rc;

	memset(input, ' ', input_len);
	put_program(dir, "x", script, 0755);
	rc = pw_cni_ipam_run(&ipam, "ADD", result, error);
	free(input);
	return rc;
}

/* Much both ways at once, input that is not read, no output. */
static void test_streams(void **state)
{
	struct pw_cni_error error = {0};
	json_t *json;

	assert_int_equal(
		run(*state, "echo \"{\\\"n\\\":$(wc -c)}\"", 500000, 5000, &json, &error), 0);
	assert_int_equal(json_integer_value(json_object_get(json, "n")), 500000);
	json_decref(json);
	assert_int_equal(
		run(*state, "echo '{\"x\":\"'\"$(head -c 300000 /dev/zero | tr '\\0' a)\"'\"}'",
			500000, 5000, &json, &error),
		0);
	assert_int_equal(json_string_length(json_object_get(json, "x")), 300000);
	json_decref(json);
	assert_int_equal(run(*state, "exit 0", 500000, 5000, &json, &error), 0);
	assert_null(json);
}

static void test_errors(void **state)
{
	struct pw_cni_error error = {0};
	json_t *json;

	assert_true(
		run(*state, "echo '{\"code\":11,\"msg\":\"later\",\"details\":\"why\"}'; exit 1",
			10, 5000, &json, &error) < 0);
	assert_int_equal(error.code, 11);
	assert_string_equal(error.msg, "later");
	assert_string_equal(error.details, "why");
	assert_true(run(*state, "exit 9", 10, 5000, &json, &error) < 0);
	assert_contains(error.msg, "status 9");
	assert_true(run(*state, "kill -TERM $$", 10, 5000, NULL, &error) < 0);
	assert_contains(error.msg, "signal 15");
	assert_true(run(*state, "exec sleep 20", 10, 100, &json, &error) < 0);
	assert_int_equal(error.code, PW_CNI_E_TRY_LATER);
	assert_null(json);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, dir_setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lookup),
		TEST(test_streams),
		TEST(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
