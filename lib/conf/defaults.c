/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of what the file does not say. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf_load.h"
#include "pw_log.h"
#include "pw_str.h"

static void set_string(struct conf_ctx *ctx, char **field, const char *text)
{
	*field = conf_strdup(ctx, text);
}

void conf_defaults(struct conf_ctx *ctx)
{
	struct pw_conf *conf = ctx->conf;

	conf->cpu.idle = PW_CONF_IDLE_ADAPTIVE;
	conf->memory.hugepages = PW_CONF_AUTO;
	conf->memory.size_mb = 256;
	conf->memory.mbuf_bytes = 2176; /* 2048 and RTE_PKTMBUF_HEADROOM */
	set_string(ctx, &conf->path, ctx->file);
	set_string(ctx, &conf->state_dir, "/var/lib/podway");
	set_string(ctx, &conf->control_socket, "/run/podway/control.sock");
	conf->max_clients = 256;
	conf->pods.mode = PW_CONF_POD_BRIDGED;
	conf->pods.mtu = 1500;
	conf->pods.max = 250; /* of kubelet's --max-pods the largest that clouds use */
	conf->host.enabled = true;
	strlcpy(conf->host.interface, "podway0", sizeof(conf->host.interface));
	conf->host.mtu = 1500;
	conf->limits.ports = 512;
	conf->limits.fdb = 16384;
	conf->limits.routes = 65536;
	conf->limits.neighbours = 1024; /* kernel: neigh/default/gc_thresh3 */
	conf->limits.flows = 262144;    /* kernel: nf_conntrack_max */
	conf->limits.services = 16384;
	/* Out of the kernel's ip_local_port_range (to 60999) and of node ports: the range that Linux
	 * had for masquerading until 2.2. */
	conf->snat.first_port = 61000;
	conf->snat.last_port = 65535;
#define X(state, sec, text) conf->conntrack.timeout_sec[PW_CT_TIMEOUT_##state] = (sec);
	PW_CT_TIMEOUTS(X)
#undef X
	conf->limits.endpoints = 131072;
}

void conf_init_bridge(void *elem)
{
	struct pw_conf_bridge *bridge = elem;

	bridge->ageing_sec = 300; /* IEEE 802.1Q table 8-10 */
	bridge->max_fdb_per_port = 64;
}

void conf_init_port(void *elem)
{
	struct pw_conf_port *port = elem;

	port->mtu = 1500;
	port->queues = 1;
	port->socket_uid = port->socket_gid = PW_CONF_ID_UNSET;
}

void conf_init_uplink(void *elem)
{
	struct pw_conf_port *port = elem;

	conf_init_port(elem);
	port->type = PW_CONF_PORT_ETHDEV;
	port->uplink = true;
}

void conf_init_service_port(void *elem)
{
	((struct pw_conf_service_port *)elem)->protocol = PW_CONF_TCP;
}

/* ---- what follows from other values ---- */

static void complete_node_name(struct pw_conf *conf)
{
	if (conf->node.name[0] != '\0')
		return;
	if (gethostname(conf->node.name, sizeof(conf->node.name) - 1) < 0 ||
		!pw_name_valid(conf->node.name, sizeof(conf->node.name) - 1))
		strlcpy(conf->node.name, "node", sizeof(conf->node.name));
}

static bool is_worker(const struct pw_conf *conf, uint32_t core)
{
	for (uint32_t i = 0; i < conf->cpu.n_workers; i++)
		if (conf->cpu.workers[i] == core)
			return true;
	return false;
}

/* The first core that we may run on and that `taken` does not refuse; -1: none. */
static int first_core(const cpu_set_t *allowed, const struct pw_conf *conf,
	bool (*taken)(const struct pw_conf *conf, uint32_t core))
{
	for (uint32_t core = 0; core < CPU_SETSIZE; core++)
		if (CPU_ISSET(core, allowed) && !taken(conf, core))
			return (int)core;
	return -1;
}

static bool is_control(const struct pw_conf *conf, uint32_t core)
{
	return conf->cpu.control == core;
}

/* workers: auto. What the cpuset of our cgroup (static CPU manager) or taskset left us, but the
 * control thread's core. */
static void take_all_cores(struct pw_conf *conf, const cpu_set_t *allowed)
{
	for (uint32_t core = 0; core < CPU_SETSIZE; core++) {
		if (CPU_ISSET(core, allowed) && core != conf->cpu.control &&
			conf->cpu.n_workers < PW_CONF_MAX_WORKERS)
			conf->cpu.workers[conf->cpu.n_workers++] = core;
	}
}

/* Control on the first core, the one worker on the next; on a machine of one core both share it. */
static void complete_cpu(struct conf_ctx *ctx)
{
	struct pw_conf *conf = ctx->conf;
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0) {
		/* More cores than a cpu_set_t has bits. */
		CPU_ZERO(&allowed);
		CPU_SET(0, &allowed);
		CPU_SET(1, &allowed);
	}
	if (!conf_has(ctx, "cpu.control")) {
		int core = first_core(&allowed, conf, is_worker);

		conf->cpu.control = core >= 0 ? (uint32_t)core : 0;
	}
	if (ctx->workers_auto)
		take_all_cores(conf, &allowed);
	if (conf->cpu.n_workers == 0) {
		int core = first_core(&allowed, conf, is_control);

		conf->cpu.workers[0] = core >= 0 ? (uint32_t)core : conf->cpu.control;
		conf->cpu.n_workers = 1;
	}
	if (CPU_COUNT(&allowed) == 1 && !conf_has(ctx, "cpu.share") &&
		is_worker(conf, conf->cpu.control)) {
		conf->cpu.share = true;
		pw_info("conf", "one core only: the control thread and a worker share core %u",
			conf->cpu.control);
	}
}

/* Pods are bridged if there is a bridge to plug them into. */
static void complete_pods(struct conf_ctx *ctx)
{
	struct pw_conf *conf = ctx->conf;

	if (conf->n_bridges == 0 && !conf_has(ctx, "pods.mode") && !conf_has(ctx, "pods.bridge"))
		conf->pods.mode = PW_CONF_POD_ROUTED;
	if (conf->pods.mode == PW_CONF_POD_BRIDGED && conf->pods.bridge[0] == '\0' &&
		conf->n_bridges > 0)
		strlcpy(conf->pods.bridge, conf->bridges[0].name, sizeof(conf->pods.bridge));
}

static void complete_ports(struct conf_ctx *ctx)
{
	for (uint32_t i = 0; i < ctx->conf->n_ports; i++) {
		struct pw_conf_port *port = &ctx->conf->ports[i];

		if (port->type == PW_CONF_PORT_TAP && port->interface == NULL &&
			pw_ifname_valid(port->name))
			set_string(ctx, &port->interface, port->name);
	}
}

static void complete_services(struct pw_conf *conf)
{
	for (uint32_t i = 0; i < conf->n_services; i++) {
		struct pw_conf_service *service = &conf->services[i];

		for (uint32_t j = 0; j < service->n_ports; j++)
			if (service->ports[j].target_port == 0)
				service->ports[j].target_port = service->ports[j].port;
	}
}

static bool has_ipv6(const struct pw_conf_prefixes *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->v[i].ip.family == PW_IPV6)
			return true;
	return false;
}

/* The tables of Services take some 40 MB a family: only where somebody wants them. */
static void complete_flows_ipv6(struct conf_ctx *ctx)
{
	struct pw_conf *conf = ctx->conf;
	bool wanted = has_ipv6(&conf->service_cidrs);

	if (conf_has(ctx, "limits.flows_ipv6"))
		return;
	for (uint32_t i = 0; i < conf->n_services; i++)
		wanted |= has_ipv6(&conf->services[i].cluster_ips);
	if (wanted)
		conf->limits.flows_ipv6 = 65536;
}

static void complete_flow_file(struct conf_ctx *ctx)
{
	const char *socket = ctx->conf->control_socket;
	const char *slash = socket != NULL ? strrchr(socket, '/') : NULL;
	char path[256];

	if (ctx->conf->flow_file != NULL || slash == NULL)
		return;
	snprintf(path, sizeof(path), "%.*s/flows", (int)(slash - socket), socket);
	set_string(ctx, &ctx->conf->flow_file, path);
}

void conf_complete(struct conf_ctx *ctx)
{
	complete_node_name(ctx->conf);
	complete_cpu(ctx);
	complete_pods(ctx);
	complete_ports(ctx);
	complete_services(ctx->conf);
	complete_flows_ipv6(ctx);
	complete_flow_file(ctx);
}
