/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "cni_test.h"
#include "pw_cni_conf.h"
#include "pw_util.h"

static struct pw_cni_env add = {.command = PW_CNI_ADD};

static int parse(struct pw_cni_conf *conf, const char *text, struct pw_cni_error *error)
{
	*error = (struct pw_cni_error){0};
	return pw_cni_conf_parse(conf, &add, text, strlen(text), error);
}

static void test_defaults(void **state)
{
	struct pw_cni_error error;
	struct pw_cni_conf conf;

	assert_int_equal(
		parse(&conf, "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"type\":\"podway\"}",
			&error),
		0);
	assert_int_equal(conf.version, PW_CNI_1_0_0);
	assert_string_equal(conf.name, "n");
	assert_string_equal(conf.socket, "/run/podway/control.sock");
	assert_string_equal(conf.state_dir, "/var/lib/podway");
	assert_int_equal(conf.queues, 1);
	assert_int_equal(conf.mtu, 0);
	assert_null(conf.mode);
	assert_null(conf.ipam_type);
	assert_int_equal(json_array_size(conf.ipam_ranges), 0);
	assert_null(conf.prev_result);
	pw_cni_conf_clear(&conf);
}

static void test_any_case_and_null(void **state)
{
	struct pw_cni_error error;
	struct pw_cni_conf conf;

	assert_int_equal(
		parse(&conf,
			"{\"CNIVersion\":\"0.4.0\",\"Name\":\"n\",\"TYPE\":\"x\",\"ipam\":null,"
			"\"dns\":null,\"PrevResult\":{},\"mtu\":\"1400\",\"socket\":\"\","
			"\"runtimeConfig\":{\"PortMappings\":[{\"HostPort\":80,"
			"\"ContainerPort\":8080,\"Protocol\":\"UDP\",\"HostIP\":\"\"},"
			"{\"ContainerPort\":1}],\"BandWidth\":{\"EgressRate\":1,"
			"\"EgressBurst\":4294967295,\"IngressRate\":null}}}",
			&error),
		0);
	assert_int_equal(conf.version, PW_CNI_0_4_0);
	assert_int_equal(conf.mtu, 1400);
	assert_string_equal(conf.socket, "/run/podway/control.sock");
	assert_non_null(conf.prev_result);
	assert_int_equal(conf.n_mappings, 1);
	assert_int_equal(conf.mappings[0].host_port, 80);
	assert_int_equal(conf.mappings[0].container_port, 8080);
	assert_int_equal(conf.mappings[0].protocol, IPPROTO_UDP);
	assert_int_equal(conf.mappings[0].host_ip.family, PW_FAMILY_NONE);
	assert_int_equal(conf.bandwidth.egress_rate, 1);
	assert_int_equal(conf.bandwidth.egress_burst, UINT32_MAX);
	pw_cni_conf_clear(&conf);
}

/* The runtime's ranges, then host-local's short form, then the list. */
static void test_ranges(void **state)
{
	struct pw_cni_error error;
	struct pw_cni_conf conf;

	assert_int_equal(
		parse(&conf,
			"{\"name\":\"n\",\"ipam\":{\"type\":\"podway\",\"subnet\":\"10.1.0.0/24\","
			"\"gateway\":\"10.1.0.254\",\"ranges\":[[{\"subnet\":\"10.2.0.0/24\"}]]},"
			"\"runtimeConfig\":{\"ipRanges\":[[{\"subnet\":\"10.3.0.0/24\"}]]}}",
			&error),
		0);
	char *text = json_dumps(conf.ipam_ranges, JSON_COMPACT);

	assert_string_equal(text,
		"[[{\"subnet\":\"10.3.0.0/24\"}],[{\"subnet\":\"10.1.0.0/24\",\"gateway\":"
		"\"10.1.0.254\"}],[{\"subnet\":\"10.2.0.0/24\"}]]");
	free(text);
	pw_cni_conf_clear(&conf);
}

/* Running ourselves as IPAM plugin would never end. */
static void test_own_ipam_names(void **state)
{
	static const char *const names[] = {"podway", "podway-cni", "installed-as"};
	struct pw_cni_error error;
	struct pw_cni_conf conf;
	char text[128];

	for (unsigned i = 0; i < PW_ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text),
			"{\"name\":\"n\",\"type\":\"installed-as\",\"ipam\":{\"type\":\"%s\"}}",
			names[i]);
		assert_int_equal(parse(&conf, text, &error), 0);
		assert_null(conf.ipam_type);
		pw_cni_conf_clear(&conf);
	}
}

static void test_versions(void **state)
{
	struct pw_cni_error error;
	struct pw_cni_conf conf;
	char text[64];

	for (unsigned v = 0; v < PW_CNI_N_VERSIONS; v++) {
		snprintf(text, sizeof(text), "{\"name\":\"n\",\"cniVersion\":\"%s\"}",
			pw_cni_version_name(v));
		assert_int_equal(parse(&conf, text, &error), 0);
		assert_int_equal(conf.version, v);
		pw_cni_conf_clear(&conf);
	}
	assert_true(parse(&conf, "{\"name\":\"n\",\"cniVersion\":\"1.2.0\"}", &error) < 0);
	assert_int_equal(error.code, PW_CNI_E_VERSION);
	assert_int_equal(conf.version, PW_CNI_NEWEST);
	pw_cni_conf_clear(&conf);
}

static void test_bad(void **state)
{
	static const struct {
		const char *keys;
		int code;
		const char *part;
	} rows[] = {
		{"\"name\":5", 7, "name: 5"},
		{"\"name\":\"a/b\"", 7, "a/b"},
		{"\"name\":\"n\",\"socket\":[]", 7, "socket: []"},
		{"\"name\":\"n\",\"stateDir\":\"x\"", 7, "stateDir"},
		{"\"name\":\"n\",\"mtu\":-1", 7, "mtu: -1"},
		{"\"name\":\"n\",\"queues\":17", 7, "queues: 17"},
		{"\"name\":\"n\",\"prevResult\":[]", 7, "prevResult: []"},
		{"\"name\":\"n\",\"ipam\":{\"type\":\"a/b\"}", 7, "ipam.type: \"a/b\""},
		{"\"name\":\"n\",\"ipam\":{\"ranges\":{}}", 7, "ipam.ranges: {}"},
		{"\"name\":\"n\",\"ipam\":{\"ranges\":[{}]}", 7, "ipam.ranges[0]"},
		{"\"name\":\"n\",\"args\":{\"cni\":{\"ips\":[1]}}", 7, "args.cni.ips: 1"},
		{"\"name\":\"n\",\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":1}]}", 7,
			"containerPort is needed"},
		{"\"name\":\"n\",\"runtimeConfig\":{\"portMappings\":[{\"protocol\":\"icmp\","
		 "\"containerPort\":1}]}",
			7, "icmp"},
		{"\"name\":\"n\",\"runtimeConfig\":{\"bandwidth\":{\"egressBurst\":1}}", 7,
			"rate and burst"},
		{"\"name\":\"n\",\"cni.dev/valid-attachments\":{}", 7, "valid-attachments: {}"},
	};

	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		struct pw_cni_error error;
		struct pw_cni_conf conf;
		char text[256];

		snprintf(text, sizeof(text), "{\"cniVersion\":\"1.1.0\",%s}", rows[i].keys);
		assert_true(parse(&conf, text, &error) < 0);
		assert_int_equal(error.code, rows[i].code);
		assert_contains(error.msg, rows[i].part);
		pw_cni_conf_clear(&conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_any_case_and_null),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_own_ipam_names),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
