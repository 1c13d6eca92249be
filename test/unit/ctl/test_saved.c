/* SPDX-License-Identifier: BSD-3-Clause */
/* What is set at run time: routes and places of queues, saved and loaded again, or neither changed nor saved;
 * runtime folders that dead daemons left (OPS-1, OPS-2). */
#include "harness.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "eal.h"
#include "place.h"
#include "pw_file.h"
#include "pw_ipc_param.h"
#include "pw_str.h"
#include "saved.h"

static struct harness h;

static void set_state_dir(const char *dir)
{
	free(h.conf->state_dir);
	h.conf->state_dir = strdup(dir);
}

static int setup(void **state)
{
	harness_open(&h, BRIDGED_YAML "cpu: {control: 0, workers: [1, 2]}\n");
	set_state_dir(h.dir);
	return 0;
}

static int teardown(void **state)
{
	if (h.ctl.places != NULL)
		ctl_module_place.fini(&h.ctl);
	harness_close(&h);
	return 0;
}

/* ---- routes ---- */

static int call(const char *method, const char *params)
{
	const struct pw_ipc_method *m = ctl_module_route.methods;
	json_t *object = json_loads(params, 0, NULL), *result = NULL;
	struct pw_ipc_error err = {0};
	char decoded[256] = "";
	int rc;

	while (strcmp(m->name, method) != 0)
		m++;
	assert_non_null(object);
	assert_true(m->params_size <= sizeof(decoded));
	assert_int_equal(pw_ipc_params_decode(m->params, object, decoded, &err), 0);
	rc = m->handler(&h.ctl, NULL, decoded, &result, &err);
	pw_ipc_params_free(m->params, decoded);
	json_decref(object);
	json_decref(result);
	return rc;
}

static const struct pw_route *route_of(const char *text)
{
	struct pw_prefix prefix;

	assert_int_equal(pw_prefix_parse(text, &prefix), 0);
	return pw_rib_get(h.ctl.rib, &prefix, PW_ORIGIN_CTL);
}

static const char *saved_routes(void)
{
	static char text[4096];
	char path[128], *data;
	size_t len;

	snprintf(path, sizeof(path), "%s/routes.json", h.dir);
	if (pw_file_read(path, sizeof(text) - 1, &data, &len) != 0)
		return "";
	snprintf(text, sizeof(text), "%s", data);
	free(data);
	return text;
}

static void a_route_that_cannot_be_saved_changes_nothing(void **state)
{
	const struct pw_route *route;
	struct pw_ip via;

	ctl_route_local_add(&h.ctl, 0, &h.conf->bridges[0].gateways.v[0]);
	assert_int_equal(pw_ip_parse("10.244.1.9", &via), 0);
	assert_int_equal(
		call("routes.add", "{\"prefix\": \"10.7.0.0/16\", \"via\": \"10.244.1.9\"}"), 0);
	assert_int_equal(
		call("routes.add", "{\"prefix\": \"10.8.0.0/16\", \"kind\": \"prohibit\"}"), 0);
	set_state_dir("/nowhere");
	/* a new one */
	assert_int_not_equal(
		call("routes.add", "{\"prefix\": \"10.9.0.0/16\", \"kind\": \"blackhole\"}"), 0);
	assert_null(route_of("10.9.0.0/16"));
	/* in the place of another */
	assert_int_not_equal(call("routes.add", "{\"prefix\": \"10.7.0.0/16\", \"kind\": "
						"\"blackhole\", \"replace\": true}"),
		0);
	route = route_of("10.7.0.0/16");
	assert_non_null(route);
	assert_true(pw_ip_equal(&route->via, &via));
	assert_true(pw_ip_equal(&pw_adj_array(h.ctl.adj)[route->adj].ip, &via));
	assert_int_not_equal(call("routes.add", "{\"prefix\": \"10.8.0.0/16\", \"via\": "
						"\"10.244.1.9\", \"replace\": true}"),
		0);
	route = route_of("10.8.0.0/16");
	assert_non_null(route);
	assert_int_equal(pw_adj_array(h.ctl.adj)[route->adj].kind, PW_ADJ_PROHIBIT);
	/* one less */
	assert_int_not_equal(call("routes.del", "{\"prefix\": \"10.7.0.0/16\"}"), 0);
	assert_non_null(route_of("10.7.0.0/16"));
	set_state_dir(h.dir);
	assert_int_equal(call("routes.del", "{\"prefix\": \"10.7.0.0/16\"}"), 0);
	assert_null(strstr(saved_routes(), "10.7.0.0/16"));
	assert_non_null(strstr(saved_routes(), "10.8.0.0/16"));
	assert_null(strstr(saved_routes(), "10.9.0.0/16"));
}

/* Both families; a link-local next hop is saved with the bridge it is on. */
static void routes_of_ipv6(void **state)
{
	const struct pw_route *route;

	ctl_route_local_add(&h.ctl, 0, &h.conf->bridges[0].gateways.v[0]);
	assert_int_equal(
		call("routes.add", "{\"prefix\": \"2001:db8:7::/48\", \"via\": \"fe80::9\", "
				   "\"port\": \"br0\"}"),
		0);
	assert_int_equal(
		call("routes.add", "{\"prefix\": \"::/0\", \"kind\": \"unreachable\"}"), 0);
	route = route_of("2001:db8:7::/48");
	assert_non_null(route);
	assert_true(pw_ip_is_link_local(&route->via));
	assert_int_equal(pw_adj_array(h.ctl.adj)[route->adj].bridge, 0);
	assert_non_null(strstr(saved_routes(), "\"port\": \"br0\""));
	/* without its link; on none; one whose link is known anyway; of the other family */
	assert_int_not_equal(call("routes.add", "{\"prefix\": \"2001:db8:8::/48\", "
						"\"via\": \"fe80::9\"}"),
		0);
	assert_int_not_equal(
		call("routes.add", "{\"prefix\": \"2001:db8:8::/48\", \"via\": \"fe80::9\", "
				   "\"port\": \"br7\"}"),
		0);
	assert_int_not_equal(call("routes.add", "{\"prefix\": \"10.8.0.0/16\", \"via\": "
						"\"10.244.1.9\", \"port\": \"br0\"}"),
		0);
	assert_int_not_equal(
		call("routes.add", "{\"prefix\": \"10.8.0.0/16\", \"via\": \"fe80::9\", "
				   "\"port\": \"br0\"}"),
		0);
	/* our own address there */
	assert_int_not_equal(
		call("routes.add", "{\"prefix\": \"10.8.0.0/16\", \"via\": \"10.244.1.1\"}"), 0);
	assert_int_equal(call("routes.del", "{\"prefix\": \"2001:db8:7::/48\"}"), 0);
	assert_null(route_of("2001:db8:7::/48"));
	assert_non_null(route_of("::/0"));
}

static void what_cannot_be_had_stays_saved(void **state)
{
	static const char text[] = "{\"version\": 1, \"routes\": [{\"prefix\": \"10.1.0.0/16\", "
				   "\"via\": \"192.0.2.1\"},"
				   " {\"prefix\": \"10.2.0.0/16\", \"kind\": \"prohibit\"},"
				   " {\"prefix\": \"10.3.0.0/16\", \"via\": \"192.0.2.1\"}]}";
	char path[128];

	snprintf(path, sizeof(path), "%s/routes.json", h.dir);
	assert_int_equal(pw_file_write_atomic(path, text, strlen(text), 0600), 0);
	ctl_route_load_saved(&h.ctl);
	assert_null(route_of("10.1.0.0/16"));
	assert_non_null(route_of("10.2.0.0/16"));
	assert_non_null(strstr(h.log, "(10.1.0.0/16) is left out, and kept for when"));
	/* The next change does not lose it, */
	assert_int_equal(call("routes.del", "{\"prefix\": \"10.2.0.0/16\"}"), 0);
	assert_non_null(strstr(saved_routes(), "10.1.0.0/16"));
	assert_null(strstr(saved_routes(), "10.2.0.0/16"));
	/* one in its place takes it, */
	assert_int_equal(
		call("routes.add", "{\"prefix\": \"10.1.0.0/16\", \"kind\": \"blackhole\"}"), 0);
	assert_non_null(strstr(saved_routes(), "10.1.0.0/16"));
	assert_non_null(strstr(saved_routes(), "10.3.0.0/16"));
	assert_null(strstr(strstr(saved_routes(), "10.1.0.0/16") + 1, "10.1.0.0/16"));
	/* and it can be deleted. */
	assert_int_equal(call("routes.del", "{\"prefix\": \"10.1.0.0/16\"}"), 0);
	assert_null(strstr(saved_routes(), "10.1.0.0/16"));
	assert_int_equal(call("routes.del", "{\"prefix\": \"10.3.0.0/16\"}"), 0);
	assert_null(strstr(saved_routes(), "10.3.0.0/16"));
	assert_int_not_equal(call("routes.del", "{\"prefix\": \"10.3.0.0/16\"}"), 0);
	ctl_module_saved.fini(&h.ctl);
}

/* ---- Services: changes since the whole was written ---- */

static void service_set(const char *name, int n)
{
	json_t *item = json_pack("{s:s, s:i}", "name", name, "n", n);
	struct pw_err err = {0};

	assert_int_equal(ctl_saved_append(&h.ctl, "services", name, item, &err), 0);
	json_decref(item);
}

static void service_del(const char *name)
{
	struct pw_err err = {0};

	assert_int_equal(ctl_saved_append(&h.ctl, "services", name, NULL, &err), 0);
}

/* "a1 b2 ": names and numbers that are saved. */
static const char *saved_services(void)
{
	static char text[256];
	json_t *items = ctl_saved_read(&h.ctl, "services"), *item;
	size_t i, len = 0;

	text[0] = '\0';
	json_array_foreach (items, i, item)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%lld ",
			pw_json_str(item, "name", "?"), (long long)pw_json_int(item, "n", -1));
	json_decref(items);
	return text;
}

static void append_raw(const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/services.changes", h.dir);
	f = fopen(path, "a");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void changes_are_carried_out_in_order(void **state)
{
	json_t *whole =
		json_pack("[{s:s, s:i}, {s:s, s:i}]", "name", "a", "n", 1, "name", "b", "n", 1);
	struct pw_err err = {0};

	assert_string_equal(saved_services(), "");
	service_set("x", 7); /* without a whole file, too */
	assert_string_equal(saved_services(), "x7 ");
	assert_int_equal(ctl_saved_write(&h.ctl, "services", whole, &err), 0);
	assert_string_equal(saved_services(), "a1 b1 "); /* the log is gone */
	service_set("a", 2);
	service_set("c", 1);
	service_del("b");
	service_set("b", 3);
	service_del("c");
	service_del("nobody");
	assert_string_equal(saved_services(), "a2 b3 ");
	assert_false(ctl_saved_log_is_long(&h.ctl, "services"));
	/* killed while it wrote: never answered */
	append_raw("{\"del\": \"a\"");
	assert_string_equal(saved_services(), "a2 b3 ");
	service_set("d", 1);
	assert_string_equal(saved_services(), "a2 b3 d1 ");
	/* damaged: what came before counts */
	append_raw("nonsense\n{\"del\": \"b\"}\n");
	assert_string_equal(saved_services(), "a2 b3 d1 ");
	assert_non_null(strstr(h.log, "line 8 is no change"));
	service_del("d");
	assert_string_equal(saved_services(), "a2 b3 ");
	json_decref(whole);
}

static void a_change_that_cannot_be_saved_is_told(void **state)
{
	struct pw_err err = {0};

	set_state_dir("/nowhere");
	assert_int_equal(ctl_saved_append(&h.ctl, "services", "a", NULL, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nowhere/services.changes cannot be written"));
}

/* ---- places ---- */

static void restart_places(void)
{
	struct pw_err err = {0};

	if (h.ctl.places != NULL)
		ctl_module_place.fini(&h.ctl);
	assert_int_equal(ctl_module_place.init(&h.ctl, &err), 0);
}

static void fill_place(uint8_t *workers, unsigned queue, uint8_t worker)
{
	memset(workers, PW_DP_WORKER_ANY, PW_PORT_MAX_QUEUES);
	workers[queue] = worker;
}

static void places_outlive_a_restart(void **state)
{
	uint8_t workers[PW_PORT_MAX_QUEUES];
	struct pw_err err = {0};

	restart_places();
	assert_null(ctl_place_of(&h.ctl, "vm0"));
	ctl_place_forget(&h.ctl, "vm0");
	fill_place(workers, 1, 0);
	assert_int_equal(ctl_place_set(&h.ctl, "vm0", workers, &err), 0);
	fill_place(workers, 0, 1);
	assert_int_equal(ctl_place_set(&h.ctl, "vm1", workers, &err), 0);
	restart_places();
	assert_memory_equal(ctl_place_of(&h.ctl, "vm1"), workers, sizeof(workers));
	fill_place(workers, 1, 0);
	assert_memory_equal(ctl_place_of(&h.ctl, "vm0"), workers, sizeof(workers));
	ctl_place_forget(&h.ctl, "vm1");
	restart_places();
	assert_null(ctl_place_of(&h.ctl, "vm1"));
	assert_non_null(ctl_place_of(&h.ctl, "vm0"));
}

static void a_place_that_cannot_be_saved_is_as_before(void **state)
{
	uint8_t workers[PW_PORT_MAX_QUEUES], other[PW_PORT_MAX_QUEUES];
	struct pw_err err = {0};

	restart_places();
	fill_place(workers, 0, 1);
	fill_place(other, 0, 0);
	assert_int_equal(ctl_place_set(&h.ctl, "vm0", workers, &err), 0);
	set_state_dir("/nowhere");
	assert_int_equal(ctl_place_set(&h.ctl, "vm0", other, &err), -ENOENT);
	assert_memory_equal(ctl_place_of(&h.ctl, "vm0"), workers, sizeof(workers));
	assert_int_equal(ctl_place_set(&h.ctl, "vm1", other, &err), -ENOENT);
	assert_null(ctl_place_of(&h.ctl, "vm1"));
	ctl_place_forget(&h.ctl, "vm0");
	assert_non_null(strstr(h.log, "its place is not forgotten"));
}

static void bad_places_are_left_out(void **state)
{
	static const char text[] =
		"{\"version\": 1, \"workers\": [{\"port\": \"a\", \"workers\": [5, null, 1]},"
		" {\"port\": \"b\", \"workers\": [64]}, {\"port\": \"c\", \"workers\": \"1\"},"
		" {\"port\": \"d\", \"workers\": [-1]}, {\"port\": \"\", \"workers\": [1]},"
		" {\"port\": \"a\", \"workers\": [0]}, {\"port\": \"e\", \"workers\": [1]}]}";
	char path[128];

	snprintf(path, sizeof(path), "%s/workers.json", h.dir);
	assert_int_equal(pw_file_write_atomic(path, text, strlen(text), 0600), 0);
	restart_places();
	assert_int_equal(ctl_place_of(&h.ctl, "a")[0], 5);
	assert_int_equal(ctl_place_of(&h.ctl, "a")[1], PW_DP_WORKER_ANY);
	assert_int_equal(ctl_place_of(&h.ctl, "a")[2], 1);
	assert_int_equal(ctl_place_of(&h.ctl, "e")[0], 1);
	assert_null(ctl_place_of(&h.ctl, "b"));
	assert_null(ctl_place_of(&h.ctl, "c"));
	assert_null(ctl_place_of(&h.ctl, "d"));
	assert_non_null(
		strstr(h.log, "a: queue 0 was moved to worker 5, but there are workers 0..1"));
}

/* ---- runtime folders ---- */

static char *below(const char *name)
{
	static char path[192];

	snprintf(path, sizeof(path), "%s/%s", h.dir, name);
	return path;
}

static bool is_there(const char *name)
{
	return access(below(name), F_OK) == 0;
}

static void folders_of_dead_daemons_go(void **state)
{
	static const char *const folders[] = {"podway-00000001", "podway-00000002",
		"podway-0000abcd", "podway-0000000", "podway-000000001", "podway-lab", "rte",
		"podway-00000003"};
	int ours, living;

	for (unsigned i = 0; i < PW_ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdir(below(folders[i]), 0700), 0);
	assert_int_equal(mkdir(below("podway-00000003/x"), 0700), 0);
	ours = ctl_eal_runtime_claim(below("podway-00000001"));
	living = ctl_eal_runtime_claim(below("podway-00000002"));
	assert_true(ours >= 0 && living >= 0);
	ctl_eal_runtime_sweep(below("podway-00000001"));
	assert_false(is_there("podway-0000abcd"));
	for (unsigned i = 0; i < PW_ARRAY_SIZE(folders); i++)
		assert_true(i == 2 || is_there(folders[i]));
	close(living); /* as a crash does */
	ctl_eal_runtime_sweep(below("podway-00000001"));
	assert_false(is_there("podway-00000002"));
	ctl_eal_runtime_leave(below("podway-00000001"), ours);
	assert_false(is_there("podway-00000001"));
	assert_int_equal(ctl_eal_runtime_claim(below("none")), -1);
	ctl_eal_runtime_leave(below("none"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_route_that_cannot_be_saved_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(routes_of_ipv6, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_had_stays_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_are_carried_out_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_change_that_cannot_be_saved_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(places_outlive_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_place_that_cannot_be_saved_is_as_before, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_places_are_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(folders_of_dead_daemons_go, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
