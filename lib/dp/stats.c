/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.c - counters of all workers, read while they run: each a 64-bit load, sums made here. */
#include <string.h>

#include "worker.h"

const uint32_t pw_dp_size_limits[PW_DP_SIZE_BUCKETS] = {64, 128, 256, 512, 1024, 1518, 9216, 65535};

static const char *const stage_names[PW_DP_STAGE_COUNT] = {
#define X(name) [PW_DP_STAGE_##name] = #name,
	PW_DP_STAGES(X)
#undef X
};

const char *pw_dp_stage_name(enum pw_dp_stage stage)
{
	return (unsigned)stage < PW_DP_STAGE_COUNT ? stage_names[stage] : "?";
}

static uint64_t get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void add_dir(struct pw_dp_dir_stats *sum, const struct pw_dp_dir_stats *one)
{
	sum->packets += get(&one->packets);
	sum->bytes += get(&one->bytes);
	sum->gso_packets += get(&one->gso_packets);
	sum->max_frame_bytes = PW_MAX(sum->max_frame_bytes, get(&one->max_frame_bytes));
	for (unsigned i = 0; i < PW_DP_SIZE_BUCKETS; i++)
		sum->sizes[i] += get(&one->sizes[i]);
}

void pw_dp_port_stats(const struct pw_dp *dp, uint16_t index, struct pw_dp_port_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (index >= dp->params.max_ports)
		return;
	for (uint32_t i = 0; i < dp->params.n_workers; i++) {
		add_dir(&stats->rx, &dp->workers[i]->ports[index].rx);
		add_dir(&stats->tx, &dp->workers[i]->ports[index].tx);
	}
	for (unsigned r = PW_DROP_FIRST; r < PW_VERDICT_COUNT; r++)
		stats->drops += pw_dp_drops(dp, index, (enum pw_verdict)r);
}

static uint64_t drops_of_port(const struct pw_dp *dp, uint16_t index, enum pw_verdict reason)
{
	uint64_t sum = dp->ctl_drops[index][reason];

	for (uint32_t i = 0; i < dp->params.n_workers; i++)
		sum += get(&dp->workers[i]->ports[index].drops[reason]);
	return sum;
}

uint64_t pw_dp_drops(const struct pw_dp *dp, uint16_t index, enum pw_verdict reason)
{
	uint64_t sum = 0;

	if ((unsigned)reason >= PW_VERDICT_COUNT)
		return 0;
	if (index < dp->params.max_ports)
		return drops_of_port(dp, index, reason);
	for (uint32_t p = 0; p < dp->params.max_ports; p++)
		sum += drops_of_port(dp, (uint16_t)p, reason);
	return sum;
}

void pw_dp_count_drop(struct pw_dp *dp, uint16_t index, enum pw_verdict reason)
{
	if (index < dp->params.max_ports && (unsigned)reason < PW_VERDICT_COUNT)
		dp->ctl_drops[index][reason]++;
}

uint32_t pw_dp_n_workers(const struct pw_dp *dp)
{
	return dp->params.n_workers;
}

void pw_dp_worker_stats(const struct pw_dp *dp, uint32_t worker, struct pw_dp_worker_stats *stats)
{
	const struct worker *w = dp->workers[worker];
	const struct worker_counters *c = &w->counters;

	*stats = (struct pw_dp_worker_stats){
		.lcore = w->lcore,
		.rx_queues = dp->view->workers[worker].n_rxq,
		.loops = get(&c->loops),
		.idle_loops = get(&c->idle_loops),
		.sleeps = get(&c->sleeps),
		.busy_cycles = get(&c->busy_cycles),
		.total_cycles = get(&c->total_cycles),
		.rx = get(&c->rx),
		.injected = get(&c->injected),
		.replicated = get(&c->replicated),
		.tx = get(&c->tx),
		.drops = get(&c->drops),
		.punted = get(&c->punted),
		.handover_in = get(&c->handover_in),
		.handover_out = get(&c->handover_out),
		.handover_full = get(&c->handover_full),
		.retries = get(&c->retries),
		.learn_lost = get(&c->learn_lost),
	};
	for (unsigned s = 0; s < PW_DP_STAGE_COUNT; s++) {
		stats->stages[s].packets = get(&c->stages[s].packets);
		stats->stages[s].batches = get(&c->stages[s].batches);
		stats->stages[s].cycles = get(&c->stages[s].cycles);
	}
}

void pw_dp_measure_cycles(struct pw_dp *dp, bool on)
{
	__atomic_store_n(&dp->measure, on ? 1 : 0, __ATOMIC_RELAXED);
}

void pw_dp_ledger(const struct pw_dp *dp, struct pw_dp_ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
	for (uint32_t i = 0; i < dp->params.n_workers; i++) {
		const struct worker_counters *c = &dp->workers[i]->counters;

		ledger->rx += get(&c->rx);
		ledger->injected += get(&c->injected);
		ledger->replicated += get(&c->replicated);
		ledger->tx += get(&c->tx);
		ledger->drops += get(&c->drops);
		ledger->punted += get(&c->punted);
	}
	ledger->in_flight = (int64_t)(ledger->rx + ledger->injected + ledger->replicated) -
			    (int64_t)(ledger->tx + ledger->drops + ledger->punted);
}
