/* SPDX-License-Identifier: BSD-3-Clause */
/* dataplane.c - the tables in their configured sizes, and the workers that read them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane.h"
#include "eal.h"
#include "nat.h"

static int no_memory(const struct pw_ctl *ctl, const char *what, struct pw_err *err)
{
	int code = errno != 0 ? -errno : -ENOMEM;

	return pw_err_set(err, code, "%s: %s: %s", what, strerror(-code),
		ctl->hugepages ? "raise memory.size_mb, or lower what limits: asks for"
			       : "lower what limits: asks for");
}

static void tables_fini(struct pw_ctl *ctl)
{
	ctl_nat_destroy(ctl);
	pw_rib_destroy(ctl->rib);
	pw_adj_table_destroy(ctl->adj);
	pw_lpm6_destroy(ctl->lpm6);
	pw_lpm4_destroy(ctl->lpm4);
	pw_fdb_destroy(ctl->fdb);
	/* After the tables: they forget in it what they free themselves. */
	pw_limbo_destroy(ctl->limbo);
	pw_qsbr_destroy(ctl->qsbr);
}

/* Every resolved neighbour has a route and an adjacency of its own, besides the configured ones. */
static int tables_init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_conf *conf = ctl->conf;
	uint32_t routes = conf->limits.routes + conf->limits.neighbours;

	errno = 0;
	ctl->qsbr = pw_qsbr_create(pw_alloc_heap(), conf->cpu.n_workers);
	if (ctl->qsbr != NULL)
		ctl->limbo = pw_limbo_create(ctl->qsbr);
	if (ctl->limbo == NULL) {
		no_memory(ctl, "grace periods", err);
		goto err;
	}
	ctl->port_env.qsbr = ctl->qsbr;
	ctl->fdb = pw_fdb_create(ctl->alloc, ctl->limbo, conf->limits.fdb);
	if (ctl->fdb == NULL) {
		no_memory(ctl, "limits.fdb", err);
		goto err;
	}
	ctl->lpm4 = pw_lpm4_create(ctl->alloc, ctl->limbo, routes);
	ctl->adj = pw_adj_table_create(ctl->alloc, ctl->limbo, routes);
	ctl->lpm6 = pw_lpm6_create(ctl->alloc, ctl->limbo, routes);
	if (ctl->lpm4 != NULL && ctl->lpm6 != NULL)
		ctl->rib = pw_rib_create(ctl->lpm4, ctl->lpm6, routes);
	if (ctl->rib == NULL || ctl->adj == NULL) {
		no_memory(ctl, "limits.routes", err);
		goto err;
	}
	if (ctl_nat_create(ctl) != 0) {
		no_memory(ctl, "limits.flows, flows_ipv6, services, endpoints", err);
		goto err;
	}
	return 0;
err:
	tables_fini(ctl);
	return err->code;
}

const struct ctl_module ctl_module_tables = {
	.name = "tables", .init = tables_init, .fini = tables_fini};

/* ---- workers ---- */

static bool reads_kernel_ports(const struct pw_conf *conf, uint32_t worker)
{
	for (uint32_t i = 0; i < conf->cpu.n_kernel_ports; i++) {
		if (conf->cpu.kernel_ports[i] == conf->cpu.workers[worker])
			return true;
	}
	return false;
}

static int dataplane_init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_conf *conf = ctl->conf;
	struct pw_dp_params params = {
		.n_workers = conf->cpu.n_workers,
		.max_ports = conf->limits.ports,
		.idle = conf->cpu.idle == PW_CONF_IDLE_POLL ? PW_DP_IDLE_POLL : PW_DP_IDLE_ADAPTIVE,
		.pool = ctl->pool,
		.qsbr = ctl->qsbr,
		.limbo = ctl->limbo,
		.fdb = ctl->fdb,
		.lpm4 = ctl->lpm4,
		.adj = ctl->adj,
		.nat = ctl->nat,
		.lpm6 = ctl->lpm6,
		.nat6 = ctl->nat6,
	};
	int rc;

	for (uint32_t i = 0; i < params.n_workers; i++) {
		params.lcores[i] = ctl_eal_lcore(i);
		if (reads_kernel_ports(conf, i))
			params.kernel_workers |= UINT64_C(1) << i;
	}
	ctl->dp = pw_dp_create(&params, err);
	if (ctl->dp == NULL)
		return err->code;
	rc = pw_dp_start(ctl->dp, err);
	if (rc != 0) {
		pw_dp_destroy(ctl->dp);
		ctl->dp = NULL;
	}
	return rc;
}

static void dataplane_fini(struct pw_ctl *ctl)
{
	pw_dp_stop(ctl->dp);
	pw_dp_destroy(ctl->dp);
	ctl->dp = NULL;
}

const struct ctl_module ctl_module_dataplane = {
	.name = "dataplane", .init = dataplane_init, .fini = dataplane_fini};
