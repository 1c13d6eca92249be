/* SPDX-License-Identifier: BSD-3-Clause */
/* Attachments on disk: round trip, what is bad in a file, what happens to a bad file. */
#include "harness.h"

#include "pw_file.h"

static struct ctl_pod *loaded[8];
static unsigned n_loaded;

static void keep(struct ctl_pod *pod)
{
	assert_true(n_loaded < PW_ARRAY_SIZE(loaded));
	loaded[n_loaded++] = pod;
}

static void forget(void)
{
	while (n_loaded > 0)
		pod_destroy(loaded[--n_loaded]);
}

static struct ctl_pod *make_pod(struct harness *h, const char *id)
{
	struct ctl_pod *pod = pod_create(&h->ctl, id, "eth0");

	assert_non_null(pod);
	assert_int_equal(pod_set_text(&pod->netns, "/var/run/netns/x"), 0);
	assert_int_equal(pod_set_text(&pod->network, "podnet"), 0);
	assert_int_equal(pod_set_text(&pod->pod_namespace, "default"), 0);
	assert_int_equal(pod_set_text(&pod->pod_name, "web-0"), 0);
	assert_int_equal(pod_set_text(&pod->pod_uid, "u-1"), 0);
	strcpy(pod->port_name, "pod-12345678");
	pod->netns_dev = 4;
	pod->netns_inode = 4026532246;
	pod->ifindex = 7;
	pod->mtu = 1450;
	pod->bridge = 0;
	pod->created = 1700000000;
	pod->delegated = true;
	assert_int_equal(pw_mac_parse("0a:58:0a:f4:01:07", &pod->mac), 0);
	assert_int_equal(pw_prefix_parse("10.244.1.7/24", &pod->ips[0].address), 0);
	assert_int_equal(pw_ip_parse("10.244.1.1", &pod->ips[0].gateway), 0);
	assert_int_equal(pw_prefix_parse("fd00::7/64", &pod->ips[1].address), 0);
	pod->n_ips = 2;
	return pod;
}

static void assert_same(const struct ctl_pod *a, const struct ctl_pod *b)
{
	assert_string_equal(a->container_id, b->container_id);
	assert_string_equal(a->ifname, b->ifname);
	assert_string_equal(a->netns, b->netns);
	assert_string_equal(a->network, b->network);
	assert_string_equal(a->pod_namespace, b->pod_namespace);
	assert_string_equal(a->pod_name, b->pod_name);
	assert_string_equal(a->pod_uid, b->pod_uid);
	assert_string_equal(a->port_name, b->port_name);
	assert_int_equal(a->netns_dev, b->netns_dev);
	assert_int_equal(a->netns_inode, b->netns_inode);
	assert_int_equal(a->ifindex, b->ifindex);
	assert_int_equal(a->mtu, b->mtu);
	assert_int_equal(a->bridge, b->bridge);
	assert_int_equal(a->created, b->created);
	assert_int_equal(a->delegated, b->delegated);
	assert_true(pw_mac_equal(&a->mac, &b->mac));
	assert_int_equal(a->n_ips, b->n_ips);
	for (uint32_t i = 0; i < a->n_ips; i++) {
		assert_true(pw_prefix_equal(&a->ips[i].address, &b->ips[i].address));
		assert_true(pw_ip_equal(&a->ips[i].gateway, &b->ips[i].gateway));
	}
}

static void test_round_trip(void **state)
{
	struct harness h;
	struct ctl_pod *pod, *routed;
	struct pw_err err = {0};

	harness_open(&h, BRIDGED_YAML);
	pod = make_pod(&h, "c1");
	routed = make_pod(&h, "c2");
	routed->bridge = PW_BRIDGE_NONE;
	routed->delegated = false;
	assert_int_equal(pod_state_save(pod, &err), 0);
	assert_int_equal(pod_state_save(routed, &err), 0);
	assert_int_equal(pod_state_load(&h.ctl, keep, &err), 0);
	assert_int_equal(n_loaded, 2);
	assert_same(loaded[0], pod);
	assert_same(loaded[1], routed);
	forget();
	assert_int_equal(pod_state_remove(&h.ctl, "c1", "eth0"), 0);
	assert_int_equal(pod_state_remove(&h.ctl, "c1", "eth0"), -ENOENT);
	assert_int_equal(pod_state_load(&h.ctl, keep, &err), 0);
	assert_int_equal(n_loaded, 1);
	assert_same(loaded[0], routed);
	forget();
	pod_destroy(pod);
	pod_destroy(routed);
	harness_close(&h);
}

static void write_file(const struct harness *h, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", h->dir, name);
	assert_int_equal(pw_file_write_atomic(path, text, strlen(text), 0600), 0);
}

static bool exists(const struct harness *h, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", h->dir, name);
	return access(path, F_OK) == 0;
}

/* One bad file does not keep the others from being used. */
static void test_bad_files_are_set_aside(void **state)
{
	struct harness h;
	struct ctl_pod *pod;
	struct pw_err err = {0};
	char *text;
	json_t *json;

	harness_open(&h, BRIDGED_YAML);
	pod = make_pod(&h, "good");
	assert_int_equal(pod_state_save(pod, &err), 0);
	write_file(&h, "half@eth0.json", "{\"version\": 1, \"contai");
	write_file(&h, "empty@eth0.json", "");
	write_file(&h, "notes.txt", "not ours");
	json = pod_state_to_json(pod);
	text = json_dumps(json, 0);
	write_file(&h, "other@eth0.json", text);
	free(text);
	json_decref(json);
	assert_int_equal(pod_state_load(&h.ctl, keep, &err), 0);
	assert_int_equal(n_loaded, 1);
	assert_same(loaded[0], pod);
	forget();
	assert_true(exists(&h, "half@eth0.json.corrupt"));
	assert_false(exists(&h, "half@eth0.json"));
	assert_true(exists(&h, "empty@eth0.json.corrupt"));
	assert_true(exists(&h, "other@eth0.json.corrupt"));
	assert_true(exists(&h, "good@eth0.json"));
	assert_true(exists(&h, "notes.txt"));
	assert_non_null(strstr(h.log, "half@eth0.json"));
	assert_non_null(strstr(h.log, "other@eth0.json"));
	pod_destroy(pod);
	harness_close(&h);
}

/* Each value that is missing or wrong is named. */
static void test_bad_values(void **state)
{
	static const struct {
		const char *key, *json;
	} cases[] = {
		{"version", "2"},
		{"version", "null"},
		{"container_id", "\"../x\""},
		{"ifname", "\"a/b\""},
		{"netns", "\"relative\""},
		{"port", "\"\""},
		{"port", "\"a b\""},
		{"mac", "\"01:00:00:00:00:01\""},
		{"mac", "null"},
		{"mtu", "10"},
		{"mtu", "100000"},
		{"ips", "[]"},
		{"ips", "[{\"address\": \"10.0.0.300\"}]"},
		{"ips", "[{\"address\": \"10.0.0.3/24\", \"gateway\": \"x\"}]"},
		{"netns_inode", "0"},
		{"ifindex", "0"},
		{"bridge", "\"br9\""},
	};
	struct harness h;
	struct ctl_pod *pod;

	harness_open(&h, BRIDGED_YAML);
	pod = make_pod(&h, "c1");
	for (unsigned i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		json_t *json = pod_state_to_json(pod);
		struct pw_err err = {0};

		json_object_set_new(
			json, cases[i].key, json_loads(cases[i].json, JSON_DECODE_ANY, NULL));
		assert_null(pod_state_from_json(&h.ctl, json, &err));
		assert_int_not_equal(err.code, 0);
		assert_true(err.msg[0] != '\0');
		json_decref(json);
	}
	pod_destroy(pod);
	harness_close(&h);
}

static void test_save_says_why_not(void **state)
{
	struct harness h;
	struct ctl_pod *pod;
	struct pw_err err = {0};

	harness_open(&h, BRIDGED_YAML);
	pod = make_pod(&h, "c1");
	free(h.ctl.pods->dir);
	h.ctl.pods->dir = strdup("/nonexistent/pods");
	assert_int_not_equal(pod_state_save(pod, &err), 0);
	assert_non_null(strstr(err.msg, "/nonexistent/pods/c1@eth0.json"));
	pod_destroy(pod);
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_files_are_set_aside),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_save_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
