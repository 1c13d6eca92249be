/* SPDX-License-Identifier: BSD-3-Clause */
#include "cni_test.h"
#include "pw_cni_result.h"
#include "pw_util.h"

static struct pw_cni_result result;

/* The result of 1.1.0 with everything in it, and what is left of it in older versions. */
#define INTERFACES_11                                                                              \
	"[{\"name\":\"pod-7\",\"mac\":\"02:00:00:00:00:01\",\"mtu\":1450},"                        \
	"{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:02\",\"mtu\":1450,\"sandbox\":\"/n\","        \
	"\"socketPath\":\"/s\",\"pciID\":\"0000:00:01.0\"}]"
#define INTERFACES_10                                                                              \
	"[{\"name\":\"pod-7\",\"mac\":\"02:00:00:00:00:01\"},"                                     \
	"{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:02\",\"sandbox\":\"/n\"}]"
#define IPS_10                                                                                     \
	"[{\"interface\":1,\"address\":\"10.0.0.7/24\",\"gateway\":\"10.0.0.1\"},"                 \
	"{\"interface\":1,\"address\":\"fd00::7/64\"}]"
#define IPS_04                                                                                     \
	"[{\"version\":\"4\",\"interface\":1,\"address\":\"10.0.0.7/24\","                         \
	"\"gateway\":\"10.0.0.1\"},{\"version\":\"6\",\"interface\":1,"                            \
	"\"address\":\"fd00::7/64\"}]"
#define ROUTES_11                                                                                  \
	"[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.0.0.1\",\"mtu\":1400,\"priority\":0,"                 \
	"\"table\":254},{\"dst\":\"fd00:1::/32\"}]"
#define ROUTES_10 "[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.0.0.1\"},{\"dst\":\"fd00:1::/32\"}]"
#define DNS       "{\"nameservers\":[\"10.96.0.10\"]}"

#define CURRENT(v, interfaces, ips, routes)                                                        \
	"{\"cniVersion\":\"" v "\",\"interfaces\":" interfaces ",\"ips\":" ips                     \
	",\"routes\":" routes ",\"dns\":" DNS "}"
#define OLD(v)                                                                                     \
	"{\"cniVersion\":\"" v "\",\"ip4\":{\"ip\":\"10.0.0.7/24\",\"gateway\":\"10.0.0.1\","      \
	"\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.0.0.1\"}]},"                               \
	"\"ip6\":{\"ip\":\"fd00::7/64\",\"routes\":[{\"dst\":\"fd00:1::/32\"}]},\"dns\":" DNS "}"

static const char *const texts[] = {
	[PW_CNI_0_1_0] = OLD("0.1.0"),
	[PW_CNI_0_2_0] = OLD("0.2.0"),
	[PW_CNI_0_3_0] = CURRENT("0.3.0", INTERFACES_10, IPS_04, ROUTES_10),
	[PW_CNI_0_3_1] = CURRENT("0.3.1", INTERFACES_10, IPS_04, ROUTES_10),
	[PW_CNI_0_4_0] = CURRENT("0.4.0", INTERFACES_10, IPS_04, ROUTES_10),
	[PW_CNI_1_0_0] = CURRENT("1.0.0", INTERFACES_10, IPS_10, ROUTES_10),
	[PW_CNI_1_1_0] = CURRENT("1.1.0", INTERFACES_11, IPS_10, ROUTES_11),
};

static void parse(const char *text)
{
	struct pw_cni_error error = {0};
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	assert_int_equal(pw_cni_result_parse(&result, json, "r", &error), 0);
	json_decref(json);
}

static void assert_emitted(enum pw_cni_version version, const char *text)
{
	struct pw_cni_error error = {0};
	json_t *json = pw_cni_result_emit(&result, version, &error);
	char *dump = json_dumps(json, JSON_COMPACT);

	assert_string_equal(dump, text);
	free(dump);
	json_decref(json);
}

static void test_every_version(void **state)
{
	parse(texts[PW_CNI_1_1_0]);
	for (unsigned v = 0; v < PW_CNI_N_VERSIONS; v++)
		assert_emitted(v, texts[v]);
	pw_cni_result_clear(&result);
}

/* Each version read and written again is the same text. */
static void test_round_trip(void **state)
{
	for (unsigned v = 0; v < PW_CNI_N_VERSIONS; v++) {
		parse(texts[v]);
		assert_emitted(v, texts[v]);
		pw_cni_result_clear(&result);
	}
}

static void test_find(void **state)
{
	parse(texts[PW_CNI_1_0_0]);
	assert_int_equal(pw_cni_result_find(&result, "eth0"), 1);
	assert_int_equal(pw_cni_result_find(&result, "pod-7"), -1); /* no sandbox */
	pw_cni_result_clear(&result);
}

static void test_old_needs_address(void **state)
{
	struct pw_cni_error error = {0};

	parse("{}");
	assert_null(pw_cni_result_emit(&result, PW_CNI_0_2_0, &error));
	assert_int_equal(error.code, PW_CNI_E_VERSION);
	assert_emitted(
		PW_CNI_1_0_0, "{\"cniVersion\":\"1.0.0\",\"interfaces\":[],\"ips\":[],\"dns\":{}}");
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{"{\"ips\":{}}", "r.ips: {}: a list"},
		{"{\"ips\":[1]}", "r.ips[0]: 1"},
		{"{\"ips\":[{}]}", "an address is needed"},
		{"{\"ips\":[{\"address\":\"x\"}]}", "r.ips[0].address: \"x\""},
		{"{\"ips\":[{\"address\":\"10.0.0.1/24\",\"interface\":0}]}", "there are 0"},
		{"{\"ips\":[{\"address\":\"10.0.0.1/24\",\"interface\":-1}]}", "interface: -1"},
		{"{\"ip4\":{\"gateway\":\"1.1.1.1\"}}", "r.ip4"},
		{"{\"ip4\":{\"ip\":\"1.1.1.1/8\",\"routes\":[{}]}}", "r.ip4.routes[0]"},
		{"{\"routes\":[{\"gw\":\"1.1.1.1\"}]}", "dst is needed"},
		{"{\"routes\":[{\"dst\":\"1.0.0.0/8\",\"mtu\":\"x\"}]}", "r.routes[0].mtu"},
		{"{\"interfaces\":[{\"name\":1}]}", "r.interfaces[0].name: 1"},
		{"{\"dns\":1}", "r.dns: 1"},
	};

	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		struct pw_cni_error error = {0};
		json_t *json = json_loads(rows[i].text, 0, NULL);

		assert_true(pw_cni_result_parse(&result, json, "r", &error) < 0);
		assert_int_equal(error.code, PW_CNI_E_CONFIG);
		assert_contains(error.msg, rows[i].part);
		assert_int_equal(result.n_interfaces, 0);
		json_decref(json);
	}
}

static void test_limits(void **state)
{
	const struct pw_cni_address ip = {.address = {.ip = ip_of("10.0.0.1"), .len = 24}};
	const struct pw_cni_interface one = {0};
	const struct pw_cni_route route = {0};
	struct pw_cni_error error = {0};

	result = (struct pw_cni_result){0};
	for (int i = 0; i < PW_CNI_MAX_ADDRESSES; i++)
		assert_int_equal(pw_cni_result_add_ip(&result, &ip, &error), i);
	assert_true(pw_cni_result_add_ip(&result, &ip, &error) < 0);
	for (int i = 0; i < PW_CNI_MAX_INTERFACES; i++)
		assert_int_equal(pw_cni_result_add_interface(&result, &one, &error), i);
	assert_true(pw_cni_result_add_interface(&result, &one, &error) < 0);
	for (int i = 0; i < PW_CNI_MAX_ROUTES; i++)
		assert_int_equal(pw_cni_result_add_route(&result, &route, &error), i);
	assert_true(pw_cni_result_add_route(&result, &route, &error) < 0);
	pw_cni_result_clear(&result);
}

static void test_error(void **state)
{
	struct pw_cni_error error = {0};
	json_t *json;
	char *text;

	pw_cni_fail(&error, 7, "m\xff");
	pw_cni_fail_details(&error, "d");
	json = pw_cni_error_emit(&error, PW_CNI_0_4_0);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(
		text, "{\"cniVersion\":\"0.4.0\",\"code\":7,\"msg\":\"m?\",\"details\":\"d\"}");
	free(text);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_version),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_old_needs_address),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
