/* SPDX-License-Identifier: BSD-3-Clause */
/* status.c - what the daemon says of itself: version, status, drops, log level. */
#include <errno.h>
#include <unistd.h>

#include <rte_mempool.h>

#include "bridge.h"
#include "loop.h"
#include "nat.h"
#include "pod.h"
#include "port_reg.h"
#include "port_wait.h"
#include "service.h"
#include "stats.h"
#include "status.h"
#include "timing.h"

/* ---- version, status ---- */

static int get_version(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct pw_ctl_version v;

	pw_ctl_version(&v);
	*result = json_pack("{s:s, s:i, s:s, s:s, s:s, s:i}", "version", v.version, "protocol",
		PW_CTL_PROTOCOL, "march", v.march, "compiler", v.compiler, "dpdk", v.dpdk, "pid",
		(int)getpid());
	return 0;
}

static json_t *describe_bridges(const struct pw_ctl *ctl)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < ctl->n_bridges; i++) {
		const struct ctl_bridge *bridge = &ctl->bridges[i];
		const struct pw_mac mac = pw_mac_from_u64(bridge->router_mac48);
		json_t *gateways = json_array();

		for (uint32_t j = 0; j < bridge->conf->gateways.n; j++)
			json_array_append_new(
				gateways, pw_json_prefix(&bridge->conf->gateways.v[j]));
		json_array_append_new(list,
			json_pack("{s:s, s:o, s:o, s:i}", "name", bridge->conf->name, "gateways",
				gateways, "mac", pw_json_mac(&mac), "ports", (int)bridge->n_ports));
	}
	return list;
}

static bool add_alloc_failed(void *arg, struct ctl_port *port)
{
	struct pw_port_dev_stats stats = {0};

	port->port->ops->dev_stats(port->port, &stats);
	*(uint64_t *)arg += stats.rx_alloc_failed;
	return true;
}

static json_t *describe_memory(const struct pw_ctl *ctl)
{
	uint64_t alloc_failed = 0;

	ctl_port_foreach(ctl, add_alloc_failed, &alloc_failed);
	return json_pack("{s:b, s:i, s:{s:i, s:i}, s:o}", "hugepages", ctl->hugepages, "size_mb",
		(int)ctl->conf->memory.size_mb, "mbufs", "size", (int)ctl->n_mbufs, "free",
		(int)rte_mempool_avail_count(ctl->pool), "alloc_failed", pw_json_u64(alloc_failed));
}

static json_t *describe_ledger(const struct pw_ctl *ctl)
{
	struct pw_dp_ledger l;

	ctl_stats_ledger(ctl, &l);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "rx", pw_json_u64(l.rx), "injected",
		pw_json_u64(l.injected), "replicated", pw_json_u64(l.replicated), "tx",
		pw_json_u64(l.tx), "drops", pw_json_u64(l.drops), "punted", pw_json_u64(l.punted),
		"in_flight", (json_int_t)l.in_flight);
}

static json_t *describe_flows(const struct pw_ctl *ctl, uint8_t family)
{
	struct pw_nat_stats nat = {0};

	ctl_nat_stats(ctl, family, &nat);
	return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "used",
		(int)nat.used, "size", (int)nat.size, "inserted", pw_json_u64(nat.inserted),
		"expired", pw_json_u64(nat.expired), "swept", pw_json_u64(nat.swept),
		"early_dropped", pw_json_u64(nat.early_dropped), "refused_full",
		pw_json_u64(nat.full), "refused_client", pw_json_u64(nat.limited), "refused_snat",
		pw_json_u64(nat.snat_exhausted), "other_port", pw_json_u64(nat.reply_conflicts));
}

static int get_status(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct pw_ctl *ctl = ctx;
	struct pw_ctl_version v;
	uint32_t total, up;

	pw_ctl_version(&v);
	total = ctl_port_count(ctl, &up);
	*result = json_pack(
		"{s:s, s:s, s:i, s:I, s:s?, s:{s:i, s:o}, s:i, s:{s:i, s:i, s:i}, s:i, s:o, "
		"s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o}",
		"node", ctl->conf->node.name, "version", v.version, "pid", (int)getpid(),
		"uptime_sec", (json_int_t)((ctl_now_ns(ctl) - ctl->start_ns) / PW_NS_PER_SEC),
		"config", ctl->conf->path, "control", "core", (int)ctl->conf->cpu.control,
		"loop_max_us", pw_json_u64(ctl_timing_max_us(ctl)), "workers",
		(int)pw_dp_n_workers(ctl->dp), "ports", "total", (int)total, "up", (int)up,
		"waiting", (int)ctl_port_waiting_count(ctl), "pods", (int)ctl_pod_count(ctl),
		"bridges", describe_bridges(ctl), "services", (int)ctl_service_count(ctl), "routes",
		(int)pw_rib_count(ctl->rib), "fdb", (int)pw_fdb_count(ctl->fdb), "neighbours",
		ctl->neigh != NULL ? (int)pw_neigh_count(ctl->neigh) : 0, "flows",
		describe_flows(ctl, PW_IPV4), "flows_ipv6", describe_flows(ctl, PW_IPV6), "memory",
		describe_memory(ctl), "ledger", describe_ledger(ctl));
	return *result != NULL ? 0 : -ENOMEM;
}

/* ---- drops.list ---- */

struct by_port {
	const struct pw_ctl *ctl;
	enum pw_verdict reason;
	json_t *list;
};

static bool add_port_drops(void *arg, struct ctl_port *port)
{
	const struct by_port *by = arg;
	uint64_t packets = ctl_stats_port_drops(by->ctl, port, by->reason);

	if (packets > 0)
		json_array_append_new(by->list, json_pack("{s:s, s:o}", "port", port->name,
							"packets", pw_json_u64(packets)));
	return true;
}

static int drops_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct pw_ctl *ctl = ctx;
	json_t *list = json_array();

	for (unsigned r = PW_DROP_FIRST; r < PW_VERDICT_COUNT; r++) {
		struct by_port by = {
			.ctl = ctl, .reason = (enum pw_verdict)r, .list = json_array()};
		uint64_t packets = ctl_stats_drops(ctl, by.reason);

		if (packets > 0)
			ctl_port_foreach(ctl, add_port_drops, &by);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:o}", "reason", pw_verdict_name(r),
				      "text", pw_verdict_text(r), "packets", pw_json_u64(packets),
				      "by_port", by.list));
	}
	*result = json_pack("{s:o}", "drops", list);
	return 0;
}

/* ---- log.level ---- */

struct log_level {
	const char *level;
};
static const struct pw_ipc_param log_level_params[] = {
	{"level", PW_IPC_STRING, offsetof(struct log_level, level)},
	{0},
};

static int log_level(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct log_level *p = params;
	enum pw_log_level level;

	if (pw_log_level_parse(p->level, &level) != 0)
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
			"level: \"%s\": allowed are error, warn, info, debug", p->level);
	pw_log_set_level(level);
	return 0;
}

static const struct pw_ipc_method methods[] = {
	{"version", get_version},
	{"status", get_status},
	{"drops.list", drops_list},
	{"log.level", log_level, log_level_params, sizeof(struct log_level)},
	{0},
};

const struct ctl_module ctl_module_status = {.name = "status", .methods = methods};
