/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "port_reg.h"
#include "stats.h"
#include "timing.h"

struct ctl_port_baseline {
	struct pw_dp_port_stats stats;
	uint64_t drops[PW_VERDICT_COUNT];
};

struct ctl_stats {
	uint64_t drops[PW_VERDICT_COUNT];
	struct pw_dp_worker_stats workers[PW_DP_MAX_WORKERS];
	struct pw_dp_ledger ledger;
};

/* ---- ports ---- */

static void remember_port(const struct pw_ctl *ctl, struct ctl_port *port)
{
	struct ctl_port_baseline *base = port->baseline;

	pw_dp_port_stats(ctl->dp, port->index, &base->stats);
	for (unsigned r = PW_DROP_FIRST; r < PW_VERDICT_COUNT; r++)
		base->drops[r] = pw_dp_drops(ctl->dp, port->index, (enum pw_verdict)r);
}

int ctl_stats_port_begin(struct pw_ctl *ctl, struct ctl_port *port)
{
	port->baseline = calloc(1, sizeof(*port->baseline));
	if (port->baseline == NULL)
		return -ENOMEM;
	remember_port(ctl, port);
	return 0;
}

void ctl_stats_port_end(struct pw_ctl *ctl, struct ctl_port *port)
{
	free(port->baseline);
	port->baseline = NULL;
}

/* A maximum cannot be subtracted: if it is no new one, the largest size seen since is an upper
 * bound. */
static uint64_t max_since(const struct pw_dp_dir_stats *since, uint64_t old_max, uint64_t max)
{
	if (max > old_max)
		return max;
	for (unsigned i = PW_DP_SIZE_BUCKETS; i-- > 0;) {
		if (since->sizes[i] > 0)
			return PW_MIN((uint64_t)pw_dp_size_limits[i], max);
	}
	return 0;
}

static void subtract_dir(struct pw_dp_dir_stats *now, const struct pw_dp_dir_stats *base)
{
	now->packets -= base->packets;
	now->bytes -= base->bytes;
	now->gso_packets -= base->gso_packets;
	for (unsigned i = 0; i < PW_DP_SIZE_BUCKETS; i++)
		now->sizes[i] -= base->sizes[i];
	now->max_frame_bytes = max_since(now, base->max_frame_bytes, now->max_frame_bytes);
}

void ctl_stats_port(
	const struct pw_ctl *ctl, const struct ctl_port *port, struct pw_dp_port_stats *stats)
{
	pw_dp_port_stats(ctl->dp, port->index, stats);
	subtract_dir(&stats->rx, &port->baseline->stats.rx);
	subtract_dir(&stats->tx, &port->baseline->stats.tx);
	stats->drops -= port->baseline->stats.drops;
}

uint64_t ctl_stats_port_drops(
	const struct pw_ctl *ctl, const struct ctl_port *port, enum pw_verdict reason)
{
	return pw_dp_drops(ctl->dp, port->index, reason) - port->baseline->drops[reason];
}

/* ---- the whole ---- */

uint64_t ctl_stats_drops(const struct pw_ctl *ctl, enum pw_verdict reason)
{
	return pw_dp_drops(ctl->dp, PW_PORT_NONE, reason) - ctl->stats->drops[reason];
}

void ctl_stats_worker(const struct pw_ctl *ctl, uint32_t worker, struct pw_dp_worker_stats *stats)
{
	/* Counters are all its 64-bit members but the first two fields. */
	static const size_t counters[] = {
#define X(field) offsetof(struct pw_dp_worker_stats, field)
		X(loops),
		X(idle_loops),
		X(sleeps),
		X(busy_cycles),
		X(total_cycles),
		X(rx),
		X(injected),
		X(replicated),
		X(tx),
		X(drops),
		X(punted),
		X(handover_in),
		X(handover_out),
		X(handover_full),
		X(retries),
		X(learn_lost),
#undef X
	};
	const struct pw_dp_worker_stats *base = &ctl->stats->workers[worker];

	pw_dp_worker_stats(ctl->dp, worker, stats);
	for (unsigned i = 0; i < PW_ARRAY_SIZE(counters); i++)
		*(uint64_t *)((char *)stats + counters[i]) -=
			*(const uint64_t *)((const char *)base + counters[i]);
	for (unsigned s = 0; s < PW_DP_STAGE_COUNT; s++) {
		stats->stages[s].packets -= base->stages[s].packets;
		stats->stages[s].batches -= base->stages[s].batches;
		stats->stages[s].cycles -= base->stages[s].cycles;
	}
}

void ctl_stats_ledger(const struct pw_ctl *ctl, struct pw_dp_ledger *ledger)
{
	const struct pw_dp_ledger *base = &ctl->stats->ledger;

	pw_dp_ledger(ctl->dp, ledger);
	ledger->rx -= base->rx - (uint64_t)base->in_flight;
	ledger->injected -= base->injected;
	ledger->replicated -= base->replicated;
	ledger->tx -= base->tx;
	ledger->drops -= base->drops;
	ledger->punted -= base->punted;
}

static bool reset_port(void *arg, struct ctl_port *port)
{
	remember_port(arg, port);
	return true;
}

static int stats_reset(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct pw_ctl *ctl = ctx;

	ctl_port_foreach(ctl, reset_port, ctl);
	ctl_timing_reset(ctl);
	for (unsigned r = PW_DROP_FIRST; r < PW_VERDICT_COUNT; r++)
		ctl->stats->drops[r] = pw_dp_drops(ctl->dp, PW_PORT_NONE, (enum pw_verdict)r);
	for (uint32_t w = 0; w < pw_dp_n_workers(ctl->dp); w++)
		pw_dp_worker_stats(ctl->dp, w, &ctl->stats->workers[w]);
	pw_dp_ledger(ctl->dp, &ctl->stats->ledger);
	return 0;
}

static int stats_init(struct pw_ctl *ctl, struct pw_err *err)
{
	ctl->stats = calloc(1, sizeof(*ctl->stats));
	return ctl->stats != NULL ? 0 : pw_err_set(err, -ENOMEM, "out of memory");
}

static void stats_fini(struct pw_ctl *ctl)
{
	free(ctl->stats);
	ctl->stats = NULL;
}

static const struct pw_ipc_method methods[] = {
	{"stats.reset", stats_reset},
	{0},
};

const struct ctl_module ctl_module_stats = {
	.name = "stats", .init = stats_init, .fini = stats_fini, .methods = methods};
