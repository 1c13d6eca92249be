/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include "pw_ipc_param.h"

struct all {
	const char *name;
	uint64_t limit;
	bool on;
	int kind;
	struct pw_ip ip;
	struct pw_prefix prefix;
	struct pw_mac mac;
	struct pw_ipc_strings ips;
	struct pw_ipc_prefixes nets;
	json_t *array, *object, *any;
};

static const char *const kinds[] = {"host", "via", NULL};

static const struct pw_ipc_param table[] = {
	{"name", PW_IPC_STRING, offsetof(struct all, name), .min = 1, .max = 8},
	{"limit", PW_IPC_U64, offsetof(struct all, limit), .optional = true, .def = 1000, .min = 1,
		.max = 5000},
	{"on", PW_IPC_BOOL, offsetof(struct all, on), .optional = true, .def = 1},
	{"kind", PW_IPC_CHOICE, offsetof(struct all, kind), .optional = true, .choices = kinds},
	{"ip", PW_IPC_IP, offsetof(struct all, ip), .optional = true},
	{"prefix", PW_IPC_PREFIX, offsetof(struct all, prefix), .optional = true},
	{"mac", PW_IPC_MAC, offsetof(struct all, mac), .optional = true},
	{"ips", PW_IPC_STRINGS, offsetof(struct all, ips), .optional = true, .max = 2},
	{"nets", PW_IPC_PREFIXES, offsetof(struct all, nets), .optional = true, .min = 1},
	{"array", PW_IPC_ARRAY, offsetof(struct all, array), .optional = true},
	{"object", PW_IPC_OBJECT, offsetof(struct all, object), .optional = true},
	{"any", PW_IPC_JSON, offsetof(struct all, any), .optional = true},
	{0},
};

static int decode(const char *text, struct all *out, json_t **doc, struct pw_ipc_error *err)
{
	memset(out, 0, sizeof(*out));
	memset(err, 0, sizeof(*err));
	*doc = json_loads(text, 0, NULL);
	assert_non_null(*doc);
	return pw_ipc_params_decode(table, *doc, out, err);
}

static void test_defaults(void **state)
{
	struct pw_ipc_error err;
	struct all all;
	json_t *doc;

	assert_int_equal(decode("{\"name\":\"a\",\"ip\":null}", &all, &doc, &err), 0);
	assert_string_equal(all.name, "a");
	assert_int_equal(all.limit, 1000);
	assert_true(all.on);
	assert_int_equal(all.kind, -1);
	assert_int_equal(all.ip.family, PW_FAMILY_NONE);
	assert_int_equal(all.prefix.ip.family, PW_FAMILY_NONE);
	assert_true(pw_mac_is_zero(&all.mac));
	assert_int_equal(all.ips.n, 0);
	assert_null(all.array);
	pw_ipc_params_free(table, &all);
	json_decref(doc);
}

static void test_all_types(void **state)
{
	char text[PW_PREFIX_STRLEN];
	struct pw_ipc_error err;
	struct all all;
	json_t *doc;

	assert_int_equal(decode("{\"name\":\"abcdefgh\",\"limit\":5000,\"on\":false,"
				"\"kind\":\"via\",\"ip\":\"fd00::1\",\"prefix\":\"10.0.0.1/24\","
				"\"mac\":\"02:00:00:00:00:01\",\"ips\":[\"a\",\"b\"],"
				"\"nets\":[\"10.1.0.0/16\",\"fd00::/64\"],\"array\":[1],"
				"\"object\":{},\"any\":3}",
				 &all, &doc, &err),
		0);
	assert_int_equal(all.limit, 5000);
	assert_false(all.on);
	assert_int_equal(all.kind, 1);
	assert_int_equal(all.ip.family, PW_IPV6);
	assert_string_equal(pw_prefix_format(&all.prefix, text), "10.0.0.1/24");
	assert_int_equal(all.mac.b[5], 1);
	assert_int_equal(all.ips.n, 2);
	assert_string_equal(all.ips.v[1], "b");
	assert_int_equal(all.nets.n, 2);
	assert_string_equal(pw_prefix_format(&all.nets.v[1], text), "fd00::/64");
	assert_int_equal(json_array_size(all.array), 1);
	assert_true(json_is_object(all.object));
	assert_int_equal(json_integer_value(all.any), 3);
	pw_ipc_params_free(table, &all);
	assert_null(all.ips.v);
	json_decref(doc);
}

static void test_list_of_one(void **state)
{
	struct pw_ipc_error err;
	struct all all;
	json_t *doc;

	assert_int_equal(
		decode("{\"name\":\"a\",\"ips\":\"x\",\"nets\":\"10.0.0.0/8\"}", &all, &doc, &err),
		0);
	assert_int_equal(all.ips.n, 1);
	assert_string_equal(all.ips.v[0], "x");
	assert_int_equal(all.nets.n, 1);
	assert_int_equal(all.nets.v[0].len, 8);
	pw_ipc_params_free(table, &all);
	json_decref(doc);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{"{}", "name: is missing"},
		{"{\"name\":null}", "name: is missing"},
		{"{\"name\":1}", "name: must be a string"},
		{"{\"name\":\"\"}", "name: must not be empty"},
		{"{\"name\":\"abcdefghi\"}", "name: 9 bytes: at most 8"},
		{"{\"name\":\"a\",\"nmae\":1}", "unknown parameter \"nmae\"; known: name, limit"},
		{"{\"name\":\"a\",\"limit\":0}", "limit: 0 is not in 1..5000"},
		{"{\"name\":\"a\",\"limit\":-1}", "limit: -1 is not in 1..5000"},
		{"{\"name\":\"a\",\"limit\":5001}", "limit: 5001 is not in 1..5000"},
		{"{\"name\":\"a\",\"limit\":\"5\"}", "limit: must be a whole number"},
		{"{\"name\":\"a\",\"limit\":1.5}", "limit: must be a whole number"},
		{"{\"name\":\"a\",\"on\":1}", "on: must be true or false"},
		{"{\"name\":\"a\",\"kind\":\"x\"}", "kind: must be one of \"host\", \"via\""},
		{"{\"name\":\"a\",\"kind\":7}", "kind: must be one of \"host\", \"via\""},
		{"{\"name\":\"a\",\"ip\":\"10.0.0.300\"}", "ip: \"10.0.0.300\" is not an"},
		{"{\"name\":\"a\",\"ip\":7}", "ip: \"(no string)\" is not an"},
		{"{\"name\":\"a\",\"prefix\":\"10.0.0.0/33\"}", "prefix: \"10.0.0.0/33\" is not"},
		{"{\"name\":\"a\",\"mac\":\"02:00\"}", "mac: \"02:00\" is not a MAC"},
		{"{\"name\":\"a\",\"mac\":\"00:00:00:00:00:00\"}", "mac: must not be zero"},
		{"{\"name\":\"a\",\"ips\":7}", "ips: must be a list"},
		{"{\"name\":\"a\",\"nets\":\"a\"}", "nets: \"a\" is not an address"},
		{"{\"name\":\"a\",\"ips\":[\"a\",2]}", "ips: element 2 must be a string"},
		{"{\"name\":\"a\",\"ips\":[\"a\",\"b\",\"c\"]}", "ips: 3 elements: at most 2"},
		{"{\"name\":\"a\",\"nets\":[]}", "nets: 0 elements: at least 1"},
		{"{\"name\":\"a\",\"nets\":[\"10.0.0.0/8\",\"x\"]}", "nets: \"x\" is not"},
		{"{\"name\":\"a\",\"array\":{}}", "array: must be a list"},
		{"{\"name\":\"a\",\"object\":[]}", "object: must be an object"},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		struct pw_ipc_error err;
		struct all all;
		json_t *doc;

		assert_int_equal(decode(rows[i].text, &all, &doc, &err), PW_IPC_E_PARAMS);
		if (strstr(err.msg, rows[i].part) == NULL)
			fail_msg("%s: \"%s\"", rows[i].text, err.msg);
		pw_ipc_params_free(table, &all);
		json_decref(doc);
	}
}

static void test_no_table(void **state)
{
	struct pw_ipc_error err;
	json_t *doc = json_pack("{s:i}", "x", 1);

	assert_int_equal(pw_ipc_params_decode(NULL, NULL, NULL, &err), 0);
	assert_int_equal(pw_ipc_params_decode(NULL, doc, NULL, &err), PW_IPC_E_PARAMS);
	assert_string_equal(err.msg, "unknown parameter \"x\"; known: none");
	json_decref(doc);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_types),
		cmocka_unit_test(test_list_of_one),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
