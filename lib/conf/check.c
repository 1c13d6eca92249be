/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of the checks, and those of the sections. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "conf_load.h"
#include "pw_util.h"

static void check_cores(struct conf_ctx *ctx)
{
	const struct pw_conf *conf = ctx->conf;
	struct conf_claims cores = {.ctx = ctx};

	if (conf->cpu.share)
		return;
	conf_claim(&cores, "cpu.control", "%u", conf->cpu.control);
	for (uint32_t i = 0; i < conf->cpu.n_workers; i++) {
		char path[CONF_PATH_MAX];

		snprintf(path, sizeof(path), "cpu.workers[%u]", i);
		conf_claim(&cores, path, "%u", conf->cpu.workers[i]);
	}
	conf_claims_settle(&cores, "core", "is used twice (cpu.share: true would allow it)");
}

/* Workers of kernel ports are some of the workers, and others are left for the rest. */
static void check_kernel_ports(struct conf_ctx *ctx)
{
	const struct pw_conf *conf = ctx->conf;
	struct conf_claims cores = {.ctx = ctx};
	uint32_t n_others = conf->cpu.n_workers;
	char path[CONF_PATH_MAX];

	if (conf->cpu.n_kernel_ports == 0)
		return;
	for (uint32_t i = 0; i < conf->cpu.n_kernel_ports; i++) {
		uint32_t core = conf->cpu.kernel_ports[i], n = 0;

		for (uint32_t w = 0; w < conf->cpu.n_workers; w++)
			n += conf->cpu.workers[w] == core;
		snprintf(path, sizeof(path), "cpu.kernel_ports[%u]", i);
		conf_claim(&cores, path, "%u", core);
		if (n == 0 && conf_clean(ctx, "cpu.workers"))
			conf_wrong(ctx, path, "core %u is not among cpu.workers", core);
		n_others -= PW_MIN(n, n_others);
	}
	conf_claims_settle(&cores, "core", "is named twice");
	if (n_others == 0 && conf_clean(ctx, "cpu"))
		conf_wrong(ctx, "cpu.kernel_ports",
			"names every worker; leave one of cpu.workers for the other ports");
}

/* A buffer is its data room, 128 bytes of struct rte_mbuf and the mempool's header of 64. */
static void check_memory(struct conf_ctx *ctx)
{
	const struct pw_conf *conf = ctx->conf;
	uint64_t bytes = (uint64_t)conf->memory.mbufs * (conf->memory.mbuf_bytes + 128 + 64);
	uint64_t need_mb = (bytes + (1 << 20) - 1) >> 20;

	if (need_mb >= conf->memory.size_mb && conf_clean(ctx, "memory"))
		conf_wrong(ctx, "memory.mbufs",
			"%u buffers of %u bytes need %" PRIu64
			" MiB and the tables need some, too; memory.size_mb is %u",
			conf->memory.mbufs, conf->memory.mbuf_bytes, need_mb, conf->memory.size_mb);
}

static void check_pods(struct conf_ctx *ctx)
{
	const struct pw_conf *conf = ctx->conf;

	if (!conf_clean(ctx, "pods") || !conf_clean(ctx, "bridges"))
		return;
	if (conf->pods.mode == PW_CONF_POD_ROUTED) {
		if (conf->pods.bridge[0] != '\0')
			conf_wrong(ctx, "pods.bridge",
				"routed pods have no bridge; remove it, or "
				"write pods.mode: bridged");
	} else if (conf->n_bridges == 0) {
		conf_wrong(ctx, conf_has(ctx, "pods.mode") ? "pods.mode" : "pods.bridge",
			"bridged pods need a bridge and there is none under bridges; add one, or "
			"write pods.mode: routed");
	} else if (!conf_has_bridge(conf, conf->pods.bridge)) {
		conf_wrong(ctx, "pods.bridge", "there is no bridge \"%s\"", conf->pods.bridge);
	}
	for (uint32_t i = 0; i < conf->pod_cidrs.n; i++)
		if (conf->pod_cidrs.v[i].ip.family == PW_IPV6 && conf->pods.mtu < 1280)
			conf_wrong(ctx, "pods.mtu",
				"%u is too small for the IPv6 pod_cidr; "
				"allowed: 1280 or more",
				conf->pods.mtu);
}

/* The table that is too small is what is reported: it is what one will change. */
static void check_limits(struct conf_ctx *ctx)
{
	const struct pw_conf *conf = ctx->conf;
	uint32_t endpoints = 0, service_ports = 0;

	for (uint32_t i = 0; i < conf->n_services; i++) {
		endpoints += conf->services[i].n_endpoints;
		service_ports += conf->services[i].n_ports * conf->services[i].cluster_ips.n;
	}

	const struct {
		const char *path, *what;
		uint32_t need, limit;
	} checks[] = {
		{"limits.ports", "pods.max, uplinks, ports and the host port",
			conf->pods.max + conf->n_ports + conf->host.enabled, conf->limits.ports},
		{"limits.routes", "routes of this file", conf->n_routes, conf->limits.routes},
		{"limits.services", "Service ports of this file", service_ports,
			conf->limits.services},
		{"limits.endpoints", "endpoints of this file", endpoints, conf->limits.endpoints},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].need > checks[i].limit)
			conf_wrong(ctx, checks[i].path, "%u is too small: %s are %u",
				checks[i].limit, checks[i].what, checks[i].need);
}

/* Node ports are what the world reaches: kube-apiserver's default --service-node-port-range. */
static void check_snat(struct conf_ctx *ctx)
{
	const struct pw_conf *conf = ctx->conf;

	if (!conf_clean(ctx, "snat"))
		return;
	if (conf->snat.last_port < conf->snat.first_port)
		conf_wrong(ctx,
			conf_has(ctx, "snat.last_port") ? "snat.last_port" : "snat.first_port",
			"ports %u..%u are none", conf->snat.first_port, conf->snat.last_port);
	else if (conf->snat.first_port <= 32767 && conf->snat.last_port >= 30000)
		conf_wrong(ctx,
			conf_has(ctx, "snat.first_port") ? "snat.first_port" : "snat.last_port",
			"ports %u..%u meet the node ports 30000..32767", conf->snat.first_port,
			conf->snat.last_port);
}

void conf_check(struct conf_ctx *ctx)
{
	struct conf_nets nets;

	check_cores(ctx);
	check_kernel_ports(ctx);
	check_memory(ctx);
	check_pods(ctx);
	check_limits(ctx);
	check_snat(ctx);
	conf_check_names(ctx);
	conf_check_ports(ctx);
	if (!conf_nets_make(ctx, &nets))
		return;
	conf_check_networks(ctx, &nets);
	conf_check_routes(ctx, &nets);
	conf_check_services(ctx, &nets);
	conf_nets_free(&nets);
}
