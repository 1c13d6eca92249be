/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker.c - the loop: gather a batch, run it to completion through the stages, say "I hold
 * nothing".
 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "worker.h"

static void (*const stages[PW_DP_STAGE_COUNT])(struct worker *) = {
	/* gather is called apart: it tells whether there is work */
	[PW_DP_STAGE_plain] = stage_plain,
	[PW_DP_STAGE_parse] = stage_parse,
	[PW_DP_STAGE_guard] = stage_guard,
	[PW_DP_STAGE_l2] = stage_l2,
	[PW_DP_STAGE_flow] = stage_flow,
	[PW_DP_STAGE_l3] = stage_l3,
	[PW_DP_STAGE_rewrite] = stage_rewrite,
	[PW_DP_STAGE_tx] = stage_tx,
};

uint32_t pw_dp_now_sec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint32_t)ts.tv_sec;
}

static void new_second(struct worker *w, uint64_t now_tsc)
{
	w->now_sec = pw_dp_now_sec();
	w->next_sec_tsc = now_tsc + w->dp->tsc_hz / 8; /* never more than 1/8 s late */
}

static void refill_punts(struct worker *w)
{
	for (uint32_t p = 0; p < w->dp->params.max_ports; p++)
		w->punt_left[p] = PUNT_PER_SEC;
}

static void run_stage(struct worker *w, unsigned stage, uint32_t packets, bool measure)
{
	struct pw_dp_stage_stats *stats = &w->counters.stages[stage];
	uint64_t start;

	stats->packets += packets;
	stats->batches++;
	if (likely(!measure)) {
		stages[stage](w);
		return;
	}
	start = rte_rdtsc();
	stages[stage](w);
	stats->cycles += rte_rdtsc() - start;
}

/* The stages between are for what the plain way has left. */
static void run_batch(struct worker *w, bool measure)
{
	uint32_t n = w->batch.n, left;

	run_stage(w, PW_DP_STAGE_plain, n, measure);
	left = n - w->n_plain;
	if (left > 0) {
		for (unsigned s = PW_DP_STAGE_parse; s < PW_DP_STAGE_tx; s++)
			run_stage(w, s, left, measure);
	}
	run_stage(w, PW_DP_STAGE_tx, n, measure);
}

/* Called in every iteration, mostly with nothing to look at: retired lines come back with it. Who
 * slept is behind and catches up, a slice an iteration, until the table has been seen. */
static void age_flows(struct worker *w, uint64_t now_tsc)
{
	uint32_t budget = 0, seen;

	if (w->dp->params.nat == NULL)
		return;
	if (unlikely(now_tsc >= w->next_age_tsc)) {
		budget = w->age_budget;
		w->next_age_tsc += w->age_tsc;
	}
	seen = pw_nat_age(w->dp->params.nat, w->id, w->now_sec, budget);
	if (w->dp->params.nat6 != NULL)
		seen += pw_nat6_age(w->dp->params.nat6, w->id, w->now_sec, budget);
	if (unlikely(budget > 0 && seen == 0))
		w->next_age_tsc = now_tsc + w->age_tsc;
}

/* Bounded work besides packets: the clock, the punt allowances, a slice of flow ageing. */
static void slice(struct worker *w, uint64_t now_tsc)
{
	if (unlikely(now_tsc >= w->next_sec_tsc)) {
		uint32_t before = w->now_sec;

		new_second(w, now_tsc);
		if (before != w->now_sec)
			refill_punts(w);
	}
	age_flows(w, now_tsc);
}

/* The whole way of one batch. */
bool worker_turn(struct worker *w)
{
	bool measure = __atomic_load_n(&w->dp->measure, __ATOMIC_RELAXED) != 0;
	struct pw_dp_stage_stats *gather = &w->counters.stages[PW_DP_STAGE_gather];
	uint64_t start = measure ? rte_rdtsc() : 0;
	uint32_t work;

	w->view = __atomic_load_n(&w->dp->view, __ATOMIC_ACQUIRE);
	work = stage_gather(w);
	if (work == 0)
		return false;
	gather->packets += w->batch.n;
	gather->batches++;
	if (measure)
		gather->cycles += rte_rdtsc() - start;
	if (w->batch.n > 0)
		run_batch(w, measure);
	else
		tx_flush(w); /* only frames that others handed over */
	return true;
}

static void end_retries(struct worker *w)
{
	for (uint32_t i = 0; i < w->n_retry; i++)
		drop_mbuf(w, w->retry[i]->port, PW_DROP_FLOW_PENDING, w->retry[i]);
	w->n_retry = 0;
}

int worker_main(void *arg)
{
	struct worker *w = arg;
	struct pw_qsbr *qsbr = w->dp->params.qsbr;
	uint64_t last = rte_rdtsc();

	(void)prctl(PR_SET_TIMERSLACK, 1000 /* ns: naps end when they should */);
	pw_qsbr_online(qsbr, w->id);
	new_second(w, last);
	refill_punts(w);
	while (likely(__atomic_load_n(&w->dp->stop, __ATOMIC_RELAXED) == 0)) {
		bool busy = worker_turn(w);
		uint64_t now;

		if (!busy)
			worker_idle(w);
		else
			worker_busy(w);
		now = rte_rdtsc();
		slice(w, now);
		pw_qsbr_quiescent(qsbr, w->id);
		w->counters.loops++;
		w->counters.busy_cycles += busy ? now - last : 0;
		w->counters.total_cycles += now - last;
		last = now;
	}
	end_retries(w);
	w->view = NULL;
	pw_qsbr_offline(qsbr, w->id);
	return 0;
}
