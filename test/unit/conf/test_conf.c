/* SPDX-License-Identifier: BSD-3-Clause */
/* Loading: defaults, what follows from the file, and the files that are delivered. */
#include <sched.h>
#include <arpa/inet.h>

#include "conf_test.h"
#include "pw_file.h"
#include "pw_log.h"

static void defaults(void **state)
{
	struct pw_conf *conf = parse_valid("{}");

	assert_string_equal(conf->path, "f");
	assert_string_not_equal(conf->node.name, "");
	assert_int_equal(conf->cpu.n_workers, 1);
	assert_int_equal(conf->cpu.idle, PW_CONF_IDLE_ADAPTIVE);
	assert_int_equal(conf->memory.hugepages, PW_CONF_AUTO);
	assert_int_equal(conf->memory.size_mb, 256);
	assert_int_equal(conf->memory.mbuf_bytes, 2176);
	assert_string_equal(conf->state_dir, "/var/lib/podway");
	assert_string_equal(conf->control_socket, "/run/podway/control.sock");
	assert_int_equal(conf->max_clients, 256);
	assert_int_equal(conf->pods.mode, PW_CONF_POD_ROUTED); /* there is no bridge */
	assert_int_equal(conf->pods.max, 250);
	assert_true(conf->host.enabled);
	assert_string_equal(conf->host.interface, "podway0");
	assert_int_equal(conf->limits.ports, 512);
	assert_int_equal(conf->limits.flows, 262144);
	assert_int_equal(conf->conntrack.timeout_sec[PW_CT_TIMEOUT_tcp_established], 86400);
	assert_string_equal(conf->flow_file, "/run/podway/flows");
	assert_int_equal(conf->limits.endpoints, 131072);
	assert_int_equal(conf->n_bridges + conf->n_ports + conf->n_routes + conf->n_services, 0);
	pw_conf_free(conf);
	pw_conf_free(NULL);
}

static void elements(void **state)
{
	struct pw_conf *conf = parse_valid(
		"ports:\n"
		"  - {name: t0, type: tap, bridge: br0}\n"
		"bridges:\n"
		"  - name: br0\n"
		"uplinks:\n"
		"  - {name: up0, device: 0000:01:00.0, addresses: [192.0.2.5/24]}\n"
		"services:\n"
		"  - {name: web, cluster_ip: [10.96.0.1, fd00::1], ports: [{port: 80}]}\n"
		"routes: [{prefix: 0.0.0.0/0, via: 192.0.2.9}]\n");

	assert_int_equal(conf->n_bridges, 1);
	assert_int_equal(conf->bridges[0].ageing_sec, 300);
	assert_int_equal(conf->bridges[0].max_fdb_per_port, 64);
	assert_int_equal(conf->bridges[0].mark.line, 4);
	assert_int_equal(conf->bridges[0].mark.column, 5);
	assert_int_equal(conf->pods.mode, PW_CONF_POD_BRIDGED);
	assert_string_equal(conf->pods.bridge, "br0");

	assert_int_equal(conf->n_ports, 2); /* uplinks first, whatever the order of the file */
	assert_string_equal(conf->ports[0].name, "up0");
	assert_true(conf->ports[0].uplink);
	assert_int_equal(conf->ports[0].type, PW_CONF_PORT_ETHDEV);
	assert_int_equal(conf->ports[0].addresses.v[0].len, 24);
	assert_int_equal(conf->ports[0].mark.line, 6);
	assert_string_equal(conf->ports[1].name, "t0");
	assert_false(conf->ports[1].uplink);
	assert_string_equal(conf->ports[1].interface, "t0");
	assert_int_equal(conf->ports[1].mtu, 1500);
	assert_int_equal(conf->ports[1].queues, 1);

	assert_string_equal(conf->services[0].name, "default/web");
	assert_int_equal(conf->services[0].cluster_ips.n, 2);
	assert_int_equal(conf->services[0].ports[0].protocol, PW_CONF_TCP);
	assert_int_equal(conf->services[0].ports[0].target_port, 80);
	assert_int_equal(conf->services[0].n_endpoints, 0);
	assert_int_equal(conf->routes[0].kind, PW_CONF_ROUTE_VIA);
	assert_int_equal(conf->routes[0].via.v4_be, htonl(0xc0000209));
	pw_conf_free(conf);
}

static void count_lines(void *arg, enum pw_log_level level, const char *line)
{
	++*(int *)arg;
}

/* The cores of a machine with exactly these. */
static struct pw_conf *parse_on_cores(const char *yaml, int n_cores, int *notes)
{
	cpu_set_t all, some;
	struct pw_conf *conf;
	int left = n_cores;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	if (CPU_COUNT(&all) < n_cores)
		return NULL;
	CPU_ZERO(&some);
	for (int core = 0; core < CPU_SETSIZE && left > 0; core++) {
		if (CPU_ISSET(core, &all)) {
			CPU_SET(core, &some);
			left--;
		}
	}
	*notes = 0;
	pw_log_set_sink(count_lines, notes);
	assert_int_equal(sched_setaffinity(0, sizeof(some), &some), 0);
	conf = parse_valid(yaml);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	pw_log_set_sink(NULL, NULL);
	return conf;
}

static void cores_by_machine(void **state)
{
	int notes;
	struct pw_conf *conf = parse_on_cores("{}", 1, &notes);

	assert_int_equal(conf->cpu.workers[0], conf->cpu.control);
	assert_true(conf->cpu.share);
	assert_int_equal(notes, 1);
	pw_conf_free(conf);

	conf = parse_on_cores("{}", 2, &notes);
	if (conf == NULL)
		skip();
	assert_true(conf->cpu.workers[0] > conf->cpu.control);
	assert_false(conf->cpu.share);
	assert_int_equal(notes, 0);
	pw_conf_free(conf);
}

/* All but the control thread's; on one core that one. */
static void workers_auto(void **state)
{
	int notes;
	struct pw_conf *conf = parse_on_cores("cpu: {workers: auto}", 2, &notes);

	if (conf == NULL)
		skip();
	assert_int_equal(conf->cpu.n_workers, 1);
	assert_int_not_equal(conf->cpu.workers[0], conf->cpu.control);
	pw_conf_free(conf);
	conf = parse_on_cores("cpu: {workers: auto}", 1, &notes);
	assert_int_equal(conf->cpu.n_workers, 1);
	assert_true(conf->cpu.share);
	pw_conf_free(conf);
}

static void one_core_without_share(void **state)
{
	/* Said in so many words, it is believed. */
	run_case(&(struct conf_case){
		"cpu: {share: false, control: 3, workers: 3}\n",
		"f:1:42: cpu.workers: core 3 is used twice (cpu.share: true would allow it); also "
		"at line 1\n",
	});
}

static void files_that_cannot_be_read(void **state)
{
	struct pw_conf_errors errors;

	assert_null(pw_conf_load("/nonexistent/podway.yaml", &errors));
	assert_int_equal(errors.n, 1);
	assert_string_equal(
		errors.v[0], "/nonexistent/podway.yaml: cannot be read: No such file or directory");
	pw_conf_errors_free(&errors);
	assert_int_equal(errors.n, 0);
}

static struct pw_conf *load_valid(const char *path)
{
	struct pw_conf_errors errors;
	struct pw_conf *conf = pw_conf_load(path, &errors);

	for (uint32_t i = 0; i < errors.n; i++)
		print_error("%s\n", errors.v[i]);
	assert_non_null(conf);
	return conf;
}

static void delivered_files(void **state)
{
	struct pw_conf *conf;

	conf = load_valid(PW_SOURCE_ROOT "/config/podway.yaml");
	assert_string_equal(conf->bridges[0].name, "br0");
	pw_conf_free(conf);

	conf = load_valid(PW_SOURCE_ROOT "/config/lab.yaml");
	assert_int_equal(conf->n_bridges, 2);
	assert_int_equal(conf->n_ports, 2);
	assert_string_equal(conf->ports[1].socket, "/run/podway/vm1.sock");
	assert_int_equal(conf->limits.flows_ipv6, 0);
	pw_conf_free(conf);

	conf = load_valid(PW_SOURCE_ROOT "/config/lab-dual.yaml");
	assert_int_equal(conf->pod_cidrs.n, 2);
	assert_int_equal(conf->n_routes, 2);
	assert_int_equal(conf->limits.flows_ipv6, 65536); /* it has Services over IPv6 */
	pw_conf_free(conf);
}

/* What podway.yaml says is the default is the default. */
static void delivered_defaults(void **state)
{
	struct pw_conf *file = load_valid(PW_SOURCE_ROOT "/config/podway.yaml");
	struct pw_conf *conf = parse_valid("{}");

	assert_memory_equal(&file->cpu, &conf->cpu, sizeof(conf->cpu));
	assert_memory_equal(&file->memory, &conf->memory, sizeof(conf->memory));
	assert_memory_equal(&file->host, &conf->host, sizeof(conf->host));
	assert_memory_equal(&file->limits, &conf->limits, sizeof(conf->limits));
	assert_string_equal(file->state_dir, conf->state_dir);
	assert_string_equal(file->control_socket, conf->control_socket);
	assert_int_equal(file->max_clients, conf->max_clients);
	assert_int_equal(file->pods.mtu, conf->pods.mtu);
	assert_int_equal(file->pods.max, conf->pods.max);
	pw_conf_free(file);
	pw_conf_free(conf);
}

/* podway.yaml with its examples switched on: "#  - name: .." after an empty list. */
static char *with_examples(char *text)
{
	struct pw_str out = {0};
	bool examples = false;

	for (char *line; (line = strsep(&text, "\n")) != NULL;) {
		char *empty = strstr(line, ": []");

		if (empty != NULL && line[0] != '#') {
			strcpy(empty, ":");
			examples = true;
		}
		if (examples && strncmp(line, "#  ", 3) == 0)
			line++;
		pw_str_addf(&out, "%s\n", line);
	}
	return pw_str_take(&out);
}

static void delivered_examples(void **state)
{
	char *text, *all;
	size_t len;
	struct pw_conf *conf;

	assert_int_equal(
		pw_file_read(PW_SOURCE_ROOT "/config/podway.yaml", 1 << 20, &text, &len), 0);
	all = with_examples(text);
	conf = parse_valid(all);
	assert_int_equal(conf->n_ports, 8);
	assert_int_equal(conf->n_routes, 4);
	assert_int_equal(conf->n_services, 1);
	pw_conf_free(conf);
	free(all);
	free(text);
}

/* The table in the manual is the one that the program would print today. */
static void reference_is_current(void **state)
{
	char *text, *reference = pw_conf_reference();
	size_t len;

	assert_int_equal(
		pw_file_read(PW_SOURCE_ROOT "/docs/configuration.md", 1 << 20, &text, &len), 0);
	assert_non_null(reference);
	if (strstr(text, reference) == NULL)
		fail_msg("docs/configuration.md lacks or changes rows of:\n%s", reference);
	free(reference);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(elements),
		cmocka_unit_test(cores_by_machine),
		cmocka_unit_test(workers_auto),
		cmocka_unit_test(one_core_without_share),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(delivered_files),
		cmocka_unit_test(delivered_defaults),
		cmocka_unit_test(delivered_examples),
		cmocka_unit_test(reference_is_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
