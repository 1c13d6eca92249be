/* SPDX-License-Identifier: BSD-3-Clause */
/* The dump loads to the same configuration, and says every default. */
#include "conf_test.h"
#include "full.h"

static void same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a != NULL)
		assert_string_equal(a, b);
}

static void same_prefixes(const struct pw_conf_prefixes *a, const struct pw_conf_prefixes *b)
{
	assert_int_equal(a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++)
		assert_true(pw_prefix_equal(&a->v[i], &b->v[i]));
}

static void same_bridge(const struct pw_conf_bridge *a, const struct pw_conf_bridge *b)
{
	assert_string_equal(a->name, b->name);
	same_prefixes(&a->gateways, &b->gateways);
	assert_true(pw_mac_equal(&a->mac, &b->mac));
	assert_int_equal(a->ageing_sec, b->ageing_sec);
	assert_int_equal(a->max_fdb_per_port, b->max_fdb_per_port);
	assert_int_equal(a->hairpin, b->hairpin);
	assert_int_equal(a->router_advert, b->router_advert);
}

static void same_port(const struct pw_conf_port *a, const struct pw_conf_port *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->uplink, b->uplink);
	assert_int_equal(a->busy_poll, b->busy_poll);
	same_text(a->device, b->device);
	same_text(a->interface, b->interface);
	same_text(a->socket, b->socket);
	assert_string_equal(a->bridge, b->bridge);
	same_prefixes(&a->addresses, &b->addresses);
	same_prefixes(&a->peers, &b->peers);
	assert_true(pw_mac_equal(&a->mac, &b->mac));
	assert_true(pw_mac_equal(&a->peer_mac, &b->peer_mac));
	assert_int_equal(a->mtu, b->mtu);
	assert_int_equal(a->queues, b->queues);
}

static void same_route(const struct pw_conf_route *a, const struct pw_conf_route *b)
{
	assert_true(pw_prefix_equal(&a->prefix, &b->prefix));
	assert_int_equal(a->kind, b->kind);
	assert_true(pw_ip_equal(&a->via, &b->via));
	assert_string_equal(a->port, b->port);
}

static void same_service(const struct pw_conf_service *a, const struct pw_conf_service *b)
{
	assert_string_equal(a->name, b->name);
	same_prefixes(&a->cluster_ips, &b->cluster_ips);
	assert_int_equal(a->n_ports, b->n_ports);
	for (uint32_t i = 0; i < a->n_ports; i++) {
		assert_string_equal(a->ports[i].name, b->ports[i].name);
		assert_int_equal(a->ports[i].protocol, b->ports[i].protocol);
		assert_int_equal(a->ports[i].port, b->ports[i].port);
		assert_int_equal(a->ports[i].target_port, b->ports[i].target_port);
	}
	assert_int_equal(a->affinity_sec, b->affinity_sec);
	assert_int_equal(a->algorithm, b->algorithm);
	assert_int_equal(a->n_endpoints, b->n_endpoints);
	for (uint32_t i = 0; i < a->n_endpoints; i++)
		assert_true(pw_ip_equal(&a->endpoints[i], &b->endpoints[i]));
}

static void same_sections(const struct pw_conf *a, const struct pw_conf *b)
{
	assert_string_equal(a->node.name, b->node.name);
	same_prefixes(&a->node.addresses, &b->node.addresses);
	assert_memory_equal(&a->cpu, &b->cpu, sizeof(a->cpu));
	assert_memory_equal(&a->memory, &b->memory, sizeof(a->memory));
	assert_string_equal(a->state_dir, b->state_dir);
	assert_string_equal(a->control_socket, b->control_socket);
	assert_int_equal(a->max_clients, b->max_clients);
	same_prefixes(&a->pod_cidrs, &b->pod_cidrs);
	same_prefixes(&a->service_cidrs, &b->service_cidrs);
	assert_memory_equal(&a->pods, &b->pods, sizeof(a->pods));
	assert_memory_equal(&a->host, &b->host, sizeof(a->host));
	assert_memory_equal(&a->limits, &b->limits, sizeof(a->limits));
	assert_memory_equal(&a->conntrack, &b->conntrack, sizeof(a->conntrack));
	assert_memory_equal(&a->snat, &b->snat, sizeof(a->snat));
	assert_string_equal(a->flow_file, b->flow_file);
}

static void same_conf(const struct pw_conf *a, const struct pw_conf *b)
{
	same_sections(a, b);
	assert_int_equal(a->n_bridges, b->n_bridges);
	for (uint32_t i = 0; i < a->n_bridges; i++)
		same_bridge(&a->bridges[i], &b->bridges[i]);
	assert_int_equal(a->n_ports, b->n_ports);
	for (uint32_t i = 0; i < a->n_ports; i++)
		same_port(&a->ports[i], &b->ports[i]);
	assert_int_equal(a->n_routes, b->n_routes);
	for (uint32_t i = 0; i < a->n_routes; i++)
		same_route(&a->routes[i], &b->routes[i]);
	assert_int_equal(a->n_services, b->n_services);
	for (uint32_t i = 0; i < a->n_services; i++)
		same_service(&a->services[i], &b->services[i]);
}

static void round_trip(void **state)
{
	static const char *const files[] = {
		"{}",
		full_yaml,
		"bridges: [{name: br0}]\nhost: {interface: \"a\\\"b\"}\n",
		"pods: {mode: routed}\nbridges: [{name: br0}]\n",
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(files); i++) {
		struct pw_conf *a = parse_valid(files[i]), *b;
		char *text = pw_conf_dump(a), *again;

		b = parse_valid(text);
		again = pw_conf_dump(b);
		same_conf(a, b);
		assert_string_equal(text, again);
		pw_conf_free(a);
		pw_conf_free(b);
		free(text);
		free(again);
	}
}

/* The file above says what it claims to say: no default is left in it. */
static void full_is_full(void **state)
{
	struct pw_conf *full = parse_valid(full_yaml);

	assert_int_equal(full->cpu.n_workers, 3);
	assert_int_equal(full->cpu.idle, PW_CONF_IDLE_POLL);
	assert_int_equal(full->memory.hugepages, PW_CONF_NO);
	assert_string_equal(full->state_dir, "/a \"quoted\" \\ path: # \xc3\xa9");
	assert_string_equal(full->pods.bridge, "br1");
	assert_false(full->host.enabled);
	assert_int_equal(full->limits.endpoints, 106);
	assert_int_equal(full->limits.flows_ipv6, 1041);
	assert_string_equal(full->routes[4].port, "up0");
	assert_true(full->bridges[0].router_advert);
	assert_true(full->bridges[0].hairpin);
	assert_string_equal(full->ports[3].name, "null");
	assert_int_equal(full->routes[3].prefix.len, 128);
	assert_int_equal(full->services[0].ports[2].protocol, PW_CONF_SCTP);
	pw_conf_free(full);
}

static void layout(void **state)
{
	struct pw_conf *conf = parse_valid(full_yaml);
	char *text = pw_conf_dump(conf);

	assert_non_null(strstr(text, "cpu:\n"
				     "  control: 4\n"
				     "  workers: [1, 2, 3]\n"
				     "  kernel_ports: [2, 3]\n"
				     "  share: true\n"
				     "  idle: poll\n"));
	assert_non_null(strstr(text, "bridges:\n"
				     "  - name: br0\n"
				     "    gateway: [10.5.0.0/31]\n"
				     "    mac: 02:00:00:00:00:0a\n"
				     "    ageing_sec: 10\n"));
	assert_non_null(strstr(text, "  - name: \"null\"\n"));
	assert_non_null(strstr(text, "  - name: kube-system/dns\n"
				     "    cluster_ip: [10.96.0.11]\n"
				     "    ports:\n"
				     "      - protocol: tcp\n"
				     "        port: 53\n"
				     "        target_port: 53\n"));
	free(text);
	pw_conf_free(conf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(full_is_full),
		cmocka_unit_test(layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
