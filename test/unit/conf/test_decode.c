/* SPDX-License-Identifier: BSD-3-Clause */
/* What the file may not hold, value by value. */
#include "conf_test.h"

static void yaml_itself(void **state)
{
	static const struct conf_case cases[] = {
		{"", "f:1:1: the file is empty; write {} if every default is really wanted\n"},
		{"# only this\n",
			"f:1:1: the file is empty; write {} if every default is really wanted\n"},
		{"---\n", "f:1:1: the file is empty; write {} if every default is really wanted\n"},
		{"{}", ""},
		{"[1]", "f:1:1: must be a mapping (key: value), is a list\n"},
		{"text", "f:1:1: must be a mapping (key: value), is one value\n"},
		{"cpu:\n\tcontrol: 1\n",
			"f:2:1: not valid YAML: found character that cannot start any token, "
			"while scanning for the next token at line 2; is it a tab? Indent with "
			"blanks\n"},
		{"node: \"x\n", "f:2:1: not valid YAML: found unexpected end of stream, while "
				"scanning a quoted scalar at line 1\n"},
		{"node: {}\n---\nnode: {}\n", "f:2:1: a second document begins here; a file holds "
					      "one: remove the \"---\"\n"},
		{"pod_cidr: &a 10.0.0.0/24\nservice_cidr: *a\n",
			"f:1:11: &a: anchors and aliases are not supported; write the value out\n"
			"f:2:15: *a: anchors and aliases are not supported; write the value out\n"},
		{"a: &a [*a]\n", /* a tree that holds itself */
			"f:1:4: &a: anchors and aliases are not supported; write the value out\n"
			"f:1:8: *a: anchors and aliases are not supported; write the value out\n"},
		{"pods: {max: !!int 5}\n",
			"f:1:13: tag \"tag:yaml.org,2002:int\": tags are not supported; write the "
			"value alone\n"},
		{"routes: [{prefix: ::/0}]\n",
			"f:1:19: not valid YAML: did not find expected node content, while parsing "
			"a flow node at line 1; does a value begin with ':', as an IPv6 address "
			"may? It needs quotes\n"},
		{"node: {name: \"a\xff\"}\n",
			"f:1:1: not valid YAML: invalid leading UTF-8 octet (byte 16 of the "
			"file)\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void keys(void **state)
{
	static const struct conf_case cases[] = {
		{"bridge: []\n", "f:1:1: bridge: unknown key; did you mean \"bridges\"?\n"},
		{"cpu: {contrl: 1}\n",
			"f:1:7: cpu.contrl: unknown key; did you mean \"control\"?\n"},
		{"cpu: {frequency: 1}\n",
			"f:1:7: cpu.frequency: unknown key \"frequency\"; allowed "
			"here: control, workers, kernel_ports, share, idle\n"},
		{"cpu: {a-key-of-more-than-twenty-four: 1}\n",
			"f:1:7: cpu....: unknown key \"a-key-of-more-than-twenty-four\"; allowed "
			"here: control, workers, kernel_ports, share, idle\n"},
		{"pods: {max: 1}\nhost: {}\npods: {max: 2}\n",
			"f:3:1: pods: key is given twice; also at line 1\n"},
		{"bridges:\n  - name: br0\n    name: br1\n",
			"f:3:5: bridges[0].name: key is given twice; also at line 2\n"},
		{"? [a]\n: b\n", "f:1:3: a key must be text, not a list\n"},
		{"bridges: [{}]\n",
			"f:1:11: bridges[0].name: missing; needed: name of the bridge; bridges and "
			"ports share one name space\n"},
		{"bridges: [br0]\n",
			"f:1:11: bridges[0]: must be a mapping (key: value), is one value\n"},
		{"bridges:\n  -\n",
			"f:2:4: bridges[0]: must be a mapping (key: value), is empty\n"},
		{"bridges: {name: br0}\n", "f:1:10: bridges: must be a list (\"- ...\" lines or "
					   "[..]), is a mapping\n"},
		{"pods: 5\n", "f:1:7: pods: must be a mapping (key: value), is one value\n"},
		/* A section or list whose lines are all commented out. */
		{"pods:\nbridges:\nroutes: ~\n", ""},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void numbers_and_words(void **state)
{
	static const struct conf_case cases[] = {
		{"pods: {max: 1, mtu: 9216}\nhost: {mtu: 68}\n", ""},
		{"pods: {max: 0}\n", "f:1:13: pods.max: 0 is out of range; allowed: 1..4096\n"},
		{"pods: {max: 4097}\n",
			"f:1:13: pods.max: 4097 is out of range; allowed: 1..4096\n"},
		{"pods: {max: -1}\n", "f:1:13: pods.max: -1 is out of range; allowed: 1..4096\n"},
		{"pods: {max: 99999999999999999999}\n",
			"f:1:13: pods.max: 99999999999999999999 is out of range; allowed: "
			"1..4096\n"},
		{"pods: {max: 1e3}\n",
			"f:1:13: pods.max: \"1e3\" is not a whole number; allowed: 1..4096\n"},
		{"pods: {max: 0x10}\n",
			"f:1:13: pods.max: \"0x10\" is not a whole number; allowed: 1..4096\n"},
		{"pods: {max: \"10\"}\n", "f:1:13: pods.max: \"10\" in quotes is text; write the "
					  "number without quotes\n"},
		{"pods: {max: 010}\n", "f:1:13: pods.max: 010 begins with 0; write 10\n"},
		{"pods: {max: [1]}\n", "f:1:13: pods.max: must be a whole number, is a list\n"},
		{"pods: {max: }\n", "f:1:13: pods.max: has no value; write a whole number, or "
				    "leave the key out\n"},
		{"pods: {mode: Bridged}\n",
			"f:1:14: pods.mode: \"Bridged\" is not allowed; allowed: bridged or "
			"routed\n"},
		{"memory: {hugepages: perhaps}\n",
			"f:1:21: memory.hugepages: \"perhaps\" is not allowed; allowed: auto, yes "
			"or no\n"},
		{"host: {enabled: 1}\n",
			"f:1:17: host.enabled: \"1\" is not allowed; allowed: true or false\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

#define CORES_ALLOWED "allowed: cores 0..1023, such as 2, \"1-3,5\" or [1, 2, 5]"

static void cores(void **state)
{
	static const struct conf_case cases[] = {
		{"cpu: {control: 0, workers: \"\"}\n",
			"f:1:28: cpu.workers: \"\" is no list of cores; " CORES_ALLOWED "\n"},
		{"cpu: {control: 0, workers: 3-1}\n",
			"f:1:28: cpu.workers: \"3-1\" is no list of cores; " CORES_ALLOWED "\n"},
		{"cpu: {control: 0, workers: [1, x]}\n",
			"f:1:32: cpu.workers[1]: \"x\" is no list of cores; " CORES_ALLOWED "\n"},
		{"cpu: {control: 0, workers: 1024}\n",
			"f:1:28: cpu.workers: \"1024\" is no list of cores; " CORES_ALLOWED "\n"},
		{"cpu: {control: 0, workers: 1-65}\n",
			"f:1:28: cpu.workers: more than 64 workers\n"},
		{"cpu: {control: 0, workers: []}\n",
			"f:1:28: cpu.workers: is empty; " CORES_ALLOWED ", or leave the key out\n"},
	};
	struct pw_conf *conf = parse_valid("cpu: {control: 9, workers: [\"1-3, 5\", 7]}\n");
	static const uint32_t want[] = {1, 2, 3, 5, 7};

	assert_int_equal(conf->cpu.n_workers, PW_ARRAY_SIZE(want));
	assert_memory_equal(conf->cpu.workers, want, sizeof(want));
	pw_conf_free(conf);
	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void texts(void **state)
{
	static const struct conf_case cases[] = {
		{"node: {name: \"a\\nb\"}\n",
			"f:1:14: node.name: holds a control character (0x0a)\n"},
		{"node: {name: \"a\\0b\"}\n",
			"f:1:14: node.name: holds a control character (0x00)\n"},
		{"node: {name: a b}\n",
			"f:1:14: node.name: \"a b\" is not a valid name; allowed: 1..63 letters, "
			"digits, '_', '.', '-', a letter or digit first; example: node-a\n"},
		{"host: {interface: a-name-of-sixteen}\n",
			"f:1:19: host.interface: \"a-name-of-sixteen\" is not a valid interface "
			"name; allowed: 1..15 characters without blanks, '/', ':' and '%'; "
			"example: podway0\n"},
		{"state_dir: lib\n",
			"f:1:12: state_dir: \"lib\" is not an absolute path; allowed: an absolute "
			"path of at most 1023 bytes; example: /var/lib/podway\n"},
		{"uplinks: [{name: up0, device: \",x\", addresses: 10.0.0.1/24}]\n",
			"f:1:31: uplinks[0].device: \",x\" does not begin with a device name of "
			"1..63 characters; allowed: a DPDK device: PCI address or virtual device "
			"with arguments; example: 0000:01:00.0 or net_af_packet0,iface=eth1\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

/* sun_path of struct sockaddr_un has 108 bytes, NUL included. */
static void socket_of_107_bytes(void **state)
{
	char path[110] = "/", yaml[256];

	memset(path + 1, 'x', 106);
	snprintf(yaml, sizeof(yaml), "control: {socket: %s}\n", path);
	run_case(&(struct conf_case){yaml, ""});
	path[107] = 'x';
	snprintf(yaml, sizeof(yaml), "control: {socket: %s}\n", path);
	run_case(&(struct conf_case){yaml,
		"f:1:19: control.socket: "
		"\"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\" is too long "
		"for "
		"a unix socket; allowed: an absolute path of at most 107 bytes; example: "
		"/run/podway/vm0.sock\n"});
}

#define GATEWAY(value, problem)                                                                    \
	{                                                                                          \
		"bridges: [{name: br0, gateway: " value "}]\n",                                    \
			"f:1:32: bridges[0].gateway: \"" value "\" " problem                       \
			"; example: 10.244.1.1/24\n"                                               \
	}
#define CIDR(value, problem)                                                                       \
	{                                                                                          \
		"pod_cidr: " value "\n",                                                           \
			"f:1:11: pod_cidr: \"" value "\" " problem "; example: 10.244.1.0/24\n"    \
	}
#define NOT_A_PREFIX "is not an IPv4 or IPv6 address with a prefix length"

static void addresses(void **state)
{
	static const struct conf_case cases[] = {
		GATEWAY("10.244.1.300/24", NOT_A_PREFIX),
		GATEWAY("10.244.1.1/33", NOT_A_PREFIX),
		GATEWAY("fe80::1%br0/64", NOT_A_PREFIX),
		GATEWAY("10.244.1.1", "has no prefix length"),
		GATEWAY("10.244.1.1/0", "has length 0"),
		GATEWAY("10.244.1.0/24",
			"is the address of the network, not of one interface in it"),
		GATEWAY("10.244.1.255/24", "is the broadcast address of its network"),
		GATEWAY("fd00::/64", "is the address of the network, not of one interface in it"),
		GATEWAY("224.0.0.1/24", "is a multicast address"),
		GATEWAY("127.0.0.1/8", "is a loopback address"),
		GATEWAY("0.0.0.0/8", "is the unspecified address"),
		GATEWAY("255.255.255.255/32", "is the broadcast address"),
		GATEWAY("0:0::ffff:10.0.0.1/120",
			"is an IPv4 address written as IPv6; write the IPv4 address"),
		/* RFC 3021, RFC 6164: both addresses of the link are good. */
		{"bridges: [{name: br0, gateway: [10.0.0.0/31, fd00::/127, 10.0.1.0/32]}]\n", ""},
		{"node: {addresses: 192.0.2.1}\n", ""},
		{"pod_cidr: 10.244.1.1/24\n",
			"f:1:11: pod_cidr: \"10.244.1.1/24\" has bits set behind the prefix "
			"length; write 10.244.1.0/24\n"},
		CIDR("10.244.1.0", "has no prefix length"),
		CIDR("10.0.0.0/7", "is too large a range"),
		CIDR("fd00::/15", "is too large a range"),
		CIDR("224.0.0.0/8", "holds special addresses"),
		CIDR("127.1.0.0/16", "holds special addresses"),
		CIDR("fe80::/64", "holds special addresses"),
		{"pod_cidr: [10.0.0.0/24, fd00::/64]\n", ""},
		{"pod_cidr: [10.0.0.0/24, 10.0.1.0/24]\n", "f:1:25: pod_cidr[1]: \"10.0.1.0/24\" "
							   "is a second one of IPv4; allowed: one "
							   "IPv4 and one IPv6\n"},
		{"node: {addresses: [192.0.2.1, 192.0.2.1/24]}\n",
			"f:1:31: node.addresses[1]: \"192.0.2.1/24\" is given twice\n"},
		{"bridges: [{name: br0, mac: 1:2:3:4:5:6}]\n",
			"f:1:28: bridges[0].mac: \"1:2:3:4:5:6\" is not a MAC address; example: "
			"02:00:00:00:00:01\n"},
		{"bridges: [{name: br0, mac: 01:00:5e:00:00:01}]\n",
			"f:1:28: bridges[0].mac: \"01:00:5e:00:00:01\" is a multicast address; "
			"example: 02:00:00:00:00:01\n"},
		{"bridges: [{name: br0, mac: 00:00:00:00:00:00}]\n",
			"f:1:28: bridges[0].mac: \"00:00:00:00:00:00\" is no address; example: "
			"02:00:00:00:00:01\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void too_many_addresses(void **state)
{
	struct pw_str yaml = {0};
	char *text;

	pw_str_add(&yaml, "node:\n  addresses:\n");
	for (int i = 1; i <= 17; i++)
		pw_str_addf(&yaml, "  - 192.0.2.%d\n", i);
	text = pw_str_take(&yaml);
	run_case(&(struct conf_case){
		text, "f:19:5: node.addresses[16]: is one too many; allowed: up to 16\n"});
	free(text);
}

static void routes_and_services(void **state)
{
	static const struct conf_case cases[] = {
		{"routes: [{prefix: 10.0.0.1/8, kind: host}]\n",
			"f:1:19: routes[0].prefix: \"10.0.0.1/8\" has bits set behind the prefix "
			"length; write 10.0.0.0/8\n"},
		{"routes: [{prefix: 10.0.0/8, kind: host}]\n",
			"f:1:19: routes[0].prefix: \"10.0.0/8\" is not an IPv4 or IPv6 prefix; "
			"example: 10.0.0.0/8\n"},
		{"routes: [{prefix: 224.0.0.0/4, kind: host}]\n",
			"f:1:19: routes[0].prefix: \"224.0.0.0/4\" is multicast or loopback, which "
			"is not routed\n"},
		{"services: [{name: a/b/c, cluster_ip: 10.96.0.1, ports: [{port: 80}]}]\n",
			"f:1:19: services[0].name: \"a/b/c\" is not a valid service name; allowed: "
			"namespace/name or name, each 1..63 letters, digits, '_', '.', '-', a "
			"letter or digit first; example: default/web\n"},
		{"services: [{name: web, cluster_ip: 10.96.0.0/16, ports: [{port: 80}]}]\n",
			"f:1:36: services[0].cluster_ip: \"10.96.0.0/16\" is a range, not one "
			"address; example: 10.244.1.5\n"},
		{"services: [{name: web, cluster_ip: [], ports: [{port: 80}]}]\n",
			"f:1:36: services[0].cluster_ip: is empty; needed: virtual address, such "
			"as 10.96.0.10; inside service_cidr if there is one\n"},
		{"services: [{name: web, cluster_ip: 10.96.0.1, ports: [{port: 0}]}]\n",
			"f:1:62: services[0].ports[0].port: 0 is out of range; allowed: "
			"1..65535\n"},
		{"services: [{name: web, cluster_ip: 10.96.0.1, ports: [{protocol: tcp}]}]\n",
			"f:1:55: services[0].ports[0].port: missing; needed: port that clients "
			"use\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void twenty_errors_and_the_rest(void **state)
{
	struct pw_str yaml = {0};
	struct pw_conf_errors errors;

	for (int i = 0; i < 300; i++)
		pw_str_addf(&yaml, "bad-%d: 1\n", i);
	assert_null(pw_conf_parse("f", yaml.s, yaml.len, &errors));
	assert_int_equal(errors.n, 21);
	for (uint32_t i = 0; i < 20; i++) {
		char head[32];

		snprintf(head, sizeof(head), "f:%u:1: bad-%u: ", i + 1, i);
		assert_memory_equal(errors.v[i], head, strlen(head));
	}
	assert_string_equal(errors.v[20], "f: 280 more errors are not shown");
	pw_conf_errors_free(&errors);
	pw_str_free(&yaml);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml_itself),
		cmocka_unit_test(keys),
		cmocka_unit_test(numbers_and_words),
		cmocka_unit_test(cores),
		cmocka_unit_test(texts),
		cmocka_unit_test(socket_of_107_bytes),
		cmocka_unit_test(addresses),
		cmocka_unit_test(too_many_addresses),
		cmocka_unit_test(routes_and_services),
		cmocka_unit_test(twenty_errors_and_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
