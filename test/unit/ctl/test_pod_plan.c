/* SPDX-License-Identifier: BSD-3-Clause */
/* What cni.prepare decides: addresses, MAC, MTU, name, routes. */
#include "harness.h"

#include "pw_ipc_json.h"

static struct pod_request request_of(const char *id)
{
	return (struct pod_request){
		.container_id = id,
		.ifname = "eth0",
		.netns = "/var/run/netns/x",
		.network = "podnet",
		.pod_namespace = "default",
		.pod_name = "web",
	};
}

static struct ctl_pod *plan_ok(struct harness *h, const struct pod_request *request)
{
	struct pw_err err = {0};
	struct ctl_pod *pod = NULL;

	if (pod_plan(&h->ctl, request, &pod, &err) != 0)
		fail_msg("%s", err.msg);
	pod_enter(pod, CTL_POD_PREPARED);
	return pod;
}

static int plan_fails(struct harness *h, const struct pod_request *request, struct pw_err *err)
{
	struct ctl_pod *pod = NULL;
	int rc = pod_plan(&h->ctl, request, &pod, err);

	assert_int_not_equal(rc, 0);
	assert_null(pod);
	assert_true(err->msg[0] != '\0');
	return rc;
}

static void assert_address(const struct ctl_pod *pod, const char *text)
{
	char buf[PW_PREFIX_STRLEN];

	assert_string_equal(pw_prefix_format(&pod->ips[0].address, buf), text);
}

static void assert_json(const json_t *json, const char *expected)
{
	json_t *want = json_loads(expected, 0, NULL);
	char *text = json_dumps(json, 0);

	assert_non_null(want);
	if (!json_equal(json, want))
		fail_msg("%s\nexpected %s", text, expected);
	free(text);
	json_decref(want);
}

static void test_bridged(void **state)
{
	struct harness h;
	struct pod_request request = request_of("c1");
	struct ctl_pod *pod;
	json_t *json;

	harness_open(&h, BRIDGED_YAML "pods: {mtu: 1450}\n");
	pod = plan_ok(&h, &request);
	assert_address(pod, "10.244.1.2/24"); /* .1 is the gateway's */
	json = pod_plan_json(pod);
	assert_non_null(json);
	assert_string_equal(pw_json_str(json, "mode", ""), "bridged");
	assert_string_equal(pw_json_str(json, "mac", ""), "0a:58:0a:f4:01:02");
	assert_int_equal(pw_json_int(json, "mtu", 0), 1450);
	assert_json(pw_json_get(json, "ips"),
		"[{\"address\": \"10.244.1.2/24\", \"gateway\": \"10.244.1.1\"}]");
	assert_json(
		pw_json_get(json, "routes"), "[{\"dst\": \"0.0.0.0/0\", \"gw\": \"10.244.1.1\"}]");
	assert_json(pw_json_get(json, "neighbours"), "[]");
	json_decref(json);
	request = request_of("c2");
	assert_address(plan_ok(&h, &request), "10.244.1.3/24");
	harness_close(&h);
}

static void test_routed(void **state)
{
	struct harness h;
	struct pod_request request = request_of("c1");
	struct pw_mac router;
	char mac[PW_MAC_STRLEN];
	struct ctl_pod *pod;
	json_t *json, *neighbour;

	harness_open(&h, ROUTED_YAML);
	pod = plan_ok(&h, &request);
	assert_address(pod, "10.244.1.2/32");
	router = pod_router_mac(&h.ctl);
	pw_mac_format(&router, mac);
	json = pod_plan_json(pod);
	assert_string_equal(pw_json_str(json, "mode", ""), "routed");
	assert_string_equal(pw_json_str(json, "host_mac", ""), mac);
	assert_json(pw_json_get(json, "ips"),
		"[{\"address\": \"10.244.1.2/32\", \"gateway\": \"169.254.1.1\"}]");
	assert_json(pw_json_get(json, "routes"),
		"[{\"dst\": \"169.254.1.1/32\", \"gw\": null},"
		" {\"dst\": \"0.0.0.0/0\", \"gw\": \"169.254.1.1\"}]");
	neighbour = json_array_get(pw_json_get(json, "neighbours"), 0);
	assert_string_equal(pw_json_str(neighbour, "address", ""), "169.254.1.1");
	assert_string_equal(pw_json_str(neighbour, "mac", ""), mac);
	json_decref(json);
	harness_close(&h);
}

static void test_names_are_unique_and_stable(void **state)
{
	struct harness h;
	struct pod_request request = request_of("c1");
	char first[PW_CONF_NAME_MAX + 1];
	struct ctl_pod *pod;

	harness_open(&h, BRIDGED_YAML);
	pod = plan_ok(&h, &request);
	assert_int_equal(strncmp(pod->port_name, "pod-", 4), 0);
	assert_int_equal(strlen(pod->port_name), 12);
	strcpy(first, pod->port_name);
	pod_release(pod, NULL, NULL);
	pod_destroy(pod);
	pod = plan_ok(&h, &request);
	assert_string_equal(pod->port_name, first);
	/* Another one that hashes alike would get the next name. */
	pod_set_text(&pod->container_id, "someone-else");
	assert_string_not_equal(plan_ok(&h, &request)->port_name, first);
	harness_close(&h);
}

static void test_limit(void **state)
{
	struct harness h;
	struct pod_request a = request_of("a"), b = request_of("b"), c = request_of("c");
	struct pw_err err = {0};

	harness_open(&h, BRIDGED_YAML "pods: {max: 2}\n");
	plan_ok(&h, &a);
	plan_ok(&h, &b);
	assert_int_equal(plan_fails(&h, &c, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "pods.max"));
	assert_int_equal(pw_ipam_pool_count(h.ctl.ipam), 2);
	harness_close(&h);
}

static void test_exhausted(void **state)
{
	struct harness h;
	struct pod_request request = request_of("c1");
	json_t *ranges =
		json_loads("[[{\"subnet\": \"10.244.1.0/24\", \"rangeStart\": \"10.244.1.9\","
			   " \"rangeEnd\": \"10.244.1.10\"}]]",
			0, NULL);
	struct pw_err err = {0};

	harness_open(&h, BRIDGED_YAML);
	request.ranges = ranges;
	assert_address(plan_ok(&h, &request), "10.244.1.9/24");
	request.container_id = "c2";
	assert_address(plan_ok(&h, &request), "10.244.1.10/24");
	request.container_id = "c3";
	assert_int_equal(plan_fails(&h, &request, &err), -ENOSPC);
	json_decref(ranges);
	harness_close(&h);
}

/* Our gateway is never handed out, whatever the range says its gateway is. */
static void test_gateway_is_not_given(void **state)
{
	struct harness h;
	struct pod_request request = request_of("c1");
	json_t *ranges =
		json_loads("[[{\"subnet\": \"10.9.0.0/29\", \"gateway\": \"10.9.0.1\"}]]", 0, NULL);
	struct pw_err err = {0};
	char id[8], buf[PW_PREFIX_STRLEN];

	harness_open(&h, "bridges: [{name: br0, gateway: 10.9.0.3/29}]\n");
	request.ranges = ranges;
	for (unsigned i = 0; i < 5; i++) { /* .1 .2 .4 .5 .6 */
		struct ctl_pod *pod;

		snprintf(id, sizeof(id), "c%u", i);
		request.container_id = id;
		pod = plan_ok(&h, &request);
		pw_prefix_format(&pod->ips[0].address, buf);
		assert_string_not_equal(buf, "10.9.0.3/29");
		assert_string_equal(pw_ip_format(&pod->ips[0].gateway, buf), "10.9.0.3");
	}
	request.container_id = "c9";
	assert_int_equal(plan_fails(&h, &request, &err), -ENOSPC);
	json_decref(ranges);
	harness_close(&h);
}

static void test_given_addresses(void **state)
{
	struct harness h;
	struct pod_request a = request_of("a"), b = request_of("b");
	struct pw_prefix address;
	struct pw_err err = {0};
	struct ctl_pod *pod;

	harness_open(&h, BRIDGED_YAML);
	assert_int_equal(pw_prefix_parse("10.244.1.2/24", &address), 0);
	a.addresses = b.addresses = &address;
	a.n_addresses = b.n_addresses = 1;
	pod = plan_ok(&h, &a);
	assert_true(pod->delegated);
	assert_address(pod, "10.244.1.2/24");
	assert_int_equal(pw_ipam_pool_count(h.ctl.ipam), 0);
	assert_int_equal(plan_fails(&h, &b, &err), -EEXIST);
	/* The built-in pool goes round it. */
	b = request_of("b");
	assert_address(plan_ok(&h, &b), "10.244.1.3/24");
	harness_close(&h);
}

static void test_wanted_address(void **state)
{
	struct harness h;
	struct pod_request a = request_of("a"), b = request_of("b");
	struct pw_ip ip;
	struct pw_err err = {0};

	harness_open(&h, BRIDGED_YAML);
	assert_int_equal(pw_ip_parse("10.244.1.77", &ip), 0);
	a.ips = b.ips = &ip;
	a.n_ips = b.n_ips = 1;
	assert_address(plan_ok(&h, &a), "10.244.1.77/24");
	assert_int_equal(plan_fails(&h, &b, &err), -EBUSY);
	assert_int_equal(pw_ip_parse("10.99.1.77", &ip), 0);
	assert_int_equal(plan_fails(&h, &b, &err), -ERANGE);
	harness_close(&h);
}

static void test_macs(void **state)
{
	struct harness h;
	struct pod_request a = request_of("a"), b = request_of("b");
	struct pw_err err = {0};

	harness_open(&h, BRIDGED_YAML);
	assert_int_equal(pw_mac_parse("02:00:00:00:00:07", &a.mac), 0);
	b.mac = a.mac;
	plan_ok(&h, &a);
	assert_int_equal(plan_fails(&h, &b, &err), -EEXIST);
	assert_int_equal(pw_ipam_pool_count(h.ctl.ipam), 1); /* b's address is free again */
	b.mac.b[0] = 0x03;
	assert_int_equal(plan_fails(&h, &b, &err), -EINVAL);
	harness_close(&h);
}

static void test_no_addresses_at_all(void **state)
{
	struct harness h;
	struct pod_request request = request_of("a");
	struct pw_err err = {0};

	harness_open(&h, "bridges: [{name: br0}]\n");
	assert_int_equal(plan_fails(&h, &request, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "pod_cidr"));
	harness_close(&h);
}

/* A bridge without pod_cidr: its own subnet. */
static void test_subnet_of_the_bridge(void **state)
{
	struct harness h;
	struct pod_request request = request_of("a");

	harness_open(&h, "bridges: [{name: br0, gateway: 192.168.3.254/24}]\n");
	assert_address(plan_ok(&h, &request), "192.168.3.1/24");
	harness_close(&h);
}

/* Both families, each with its gateway; routed pods get a link-local one that they are told of. */
static void test_dual_stack(void **state)
{
	struct harness h;
	struct pod_request request = request_of("c1");
	char text[256], mac[PW_MAC_STRLEN];
	struct pw_err err = {0};
	struct pw_mac router;
	json_t *json;

	harness_open(&h, "node: {name: n1}\n"
			 "pod_cidr: [10.244.1.0/24, \"fd00:1::/64\"]\n"
			 "bridges: [{name: br0, gateway: [10.244.1.1/24, \"fd00:1::1/64\"]}]\n");
	json = pod_plan_json(plan_ok(&h, &request));
	assert_json(pw_json_get(json, "ips"),
		"[{\"address\": \"10.244.1.2/24\", \"gateway\": \"10.244.1.1\"},"
		" {\"address\": \"fd00:1::2/64\", \"gateway\": \"fd00:1::1\"}]");
	assert_json(pw_json_get(json, "routes"),
		"[{\"dst\": \"0.0.0.0/0\", \"gw\": \"10.244.1.1\"},"
		" {\"dst\": \"::/0\", \"gw\": \"fd00:1::1\"}]");
	assert_json(pw_json_get(json, "neighbours"), "[]");
	json_decref(json);
	harness_close(&h);

	harness_open(&h, "node: {name: n1}\n"
			 "pods: {mode: routed}\n"
			 "pod_cidr: [10.244.1.0/24, \"fd00:1::/64\"]\n");
	json = pod_plan_json(plan_ok(&h, &request));
	assert_json(pw_json_get(json, "ips"),
		"[{\"address\": \"10.244.1.2/32\", \"gateway\": \"169.254.1.1\"},"
		" {\"address\": \"fd00:1::2/128\", \"gateway\": \"fe80::1\"}]");
	assert_json(pw_json_get(json, "routes"),
		"[{\"dst\": \"169.254.1.1/32\", \"gw\": null},"
		" {\"dst\": \"0.0.0.0/0\", \"gw\": \"169.254.1.1\"},"
		" {\"dst\": \"fe80::1/128\", \"gw\": null},"
		" {\"dst\": \"::/0\", \"gw\": \"fe80::1\"}]");
	request = request_of("c2");
	request.mtu = 1279; /* IPv6 has a least one */
	assert_int_equal(plan_fails(&h, &request, &err), -EINVAL);
	router = pod_router_mac(&h.ctl);
	pw_mac_format(&router, mac);
	snprintf(text, sizeof(text),
		"[{\"address\": \"169.254.1.1\", \"mac\": \"%s\"},"
		" {\"address\": \"fe80::1\", \"mac\": \"%s\"}]",
		mac, mac);
	assert_json(pw_json_get(json, "neighbours"), text);
	json_decref(json);
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bridged),
		cmocka_unit_test(test_routed),
		cmocka_unit_test(test_dual_stack),
		cmocka_unit_test(test_names_are_unique_and_stable),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_gateway_is_not_given),
		cmocka_unit_test(test_given_addresses),
		cmocka_unit_test(test_wanted_address),
		cmocka_unit_test(test_macs),
		cmocka_unit_test(test_no_addresses_at_all),
		cmocka_unit_test(test_subnet_of_the_bridge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
