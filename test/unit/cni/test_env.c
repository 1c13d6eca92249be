/* SPDX-License-Identifier: BSD-3-Clause */
#include "cni_test.h"
#include "pw_cni_env.h"
#include "pw_util.h"

static void set_env(const char *command)
{
	clearenv();
	setenv("CNI_COMMAND", command, 1);
	setenv("CNI_CONTAINERID", "c1", 1);
	setenv("CNI_NETNS", "/run/netns/x", 1);
	setenv("CNI_IFNAME", "eth0", 1);
}

static void test_commands(void **state)
{
	static const char *const names[] = {"ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"};
	struct pw_cni_error error;
	struct pw_cni_env env;

	for (unsigned i = 0; i < PW_ARRAY_SIZE(names); i++) {
		error = (struct pw_cni_error){0};
		set_env(names[i]);
		assert_int_equal(pw_cni_env_read(&env, &error), 0);
		assert_int_equal(env.command, PW_CNI_ADD + i);
		assert_string_equal(pw_cni_command_name(env.command), names[i]);
	}
	clearenv();
	assert_int_equal(pw_cni_env_read(&env, &error), 0);
	assert_int_equal(env.command, PW_CNI_NONE);
	setenv("CNI_COMMAND", "", 1);
	assert_int_equal(pw_cni_env_read(&env, &error), 0);
	assert_int_equal(env.command, PW_CNI_NONE);
	set_env("Add");
	assert_true(pw_cni_env_read(&env, &error) < 0);
	assert_int_equal(error.code, PW_CNI_E_ENV);
}

static void test_missing(void **state)
{
	struct pw_cni_error error = {0};
	struct pw_cni_env env;

	set_env("ADD");
	unsetenv("CNI_NETNS");
	setenv("CNI_IFNAME", "", 1);
	assert_true(pw_cni_env_read(&env, &error) < 0);
	assert_int_equal(error.code, PW_CNI_E_ENV);
	assert_string_equal(error.msg, "required env variables [CNI_NETNS,CNI_IFNAME] missing");
	set_env("DEL");
	unsetenv("CNI_NETNS");
	error.code = 0;
	assert_int_equal(pw_cni_env_read(&env, &error), 0);
	assert_string_equal(env.netns, "");
}

/* What a command does not use is not looked at: libcni's probes send "dummy" and nothing. */
static void test_unused(void **state)
{
	static const char *const names[] = {"GC", "STATUS", "VERSION"};
	struct pw_cni_error error = {0};
	struct pw_cni_env env;

	for (unsigned i = 0; i < PW_ARRAY_SIZE(names); i++) {
		set_env(names[i]);
		setenv("CNI_CONTAINERID", "../bad", 1);
		setenv("CNI_IFNAME", "way too long for that", 1);
		setenv("CNI_ARGS", "nonsense", 1);
		assert_int_equal(pw_cni_env_read(&env, &error), 0);
		assert_string_equal(env.container_id, "");
	}
}

static void test_override(void **state)
{
	static const struct {
		const char *text;
		bool yes;
	} rows[] = {{"1", true}, {"true", true}, {"TRUE", true}, {"t", true}, {"yes", false},
		{"0", false}, {"", false}, {"tRuE", false}};
	struct pw_cni_error error = {0};
	struct pw_cni_env env;

	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		set_env("ADD");
		setenv("CNI_NETNS_OVERRIDE", rows[i].text, 1);
		assert_int_equal(pw_cni_env_read(&env, &error), 0);
		assert_int_equal(env.netns_override, rows[i].yes);
	}
}

static void test_args(void **state)
{
	struct pw_cni_error error = {0};
	struct pw_cni_args args;

	/* Multus repeats keys: the last one wins. */
	assert_int_equal(pw_cni_args_parse(";;X=1;K8S_POD_NAME=a;K8S_POD_NAMESPACE=ns;"
					   "K8S_POD_NAME=b;K8S_POD_UID=;IgnoreUnknown=1;"
					   "IP=10.0.0.1/24,fd00::1;MAC=02:00:00:00:00:01;"
					   "K8S_POD_INFRA_CONTAINER_ID=x",
				 &args, &error),
		0);
	assert_string_equal(args.pod_name, "b");
	assert_string_equal(args.pod_namespace, "ns");
	assert_string_equal(args.pod_uid, "");
	assert_int_equal(args.n_ips, 2);
	assert_ip(&args.ips[0], "10.0.0.1");
	assert_ip(&args.ips[1], "fd00::1");
	assert_int_equal(args.mac.b[5], 1);
	assert_int_equal(pw_cni_args_parse("", &args, &error), 0);
}

static void test_args_bad(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{"X=1", "[X]"},
		{"X=1;Y=2;IgnoreUnknown=0", "[X,Y]"},
		{"IgnoreUnknown=maybe", "maybe"},
		{"plain", "KEY=VALUE"},
		{"IP=1.2.3", "1.2.3"},
		{"IP=10.0.0.1,,10.0.0.2", "\"\""},
		{"IP=1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1",
			"more"},
		{"MAC=01:00:00:00:00:01", "MAC"},
		{"MAC=00:00:00:00:00:00", "MAC"},
		{"K8S_POD_NAMESPACE="
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaa",
			"longer than 63"},
	};
	struct pw_cni_args args;

	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		struct pw_cni_error error = {0};

		assert_true(pw_cni_args_parse(rows[i].text, &args, &error) < 0);
		assert_int_equal(error.code, PW_CNI_E_ENV);
		assert_contains(error.msg, rows[i].part);
	}
}

static void test_clean(void **state)
{
	struct pw_cni_error error;

	pw_cni_fail(&error, 7,
		"a\xff"
		"b\xc3\xa4\xc0\xaf\xe2\x82");
	pw_cni_error_clean(&error);
	assert_string_equal(error.msg, "a?b\xc3\xa4????");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_args_bad),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
