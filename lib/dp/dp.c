/* SPDX-License-Identifier: BSD-3-Clause */
/* dp.c - birth and death of the data plane and its workers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "pw_log.h"
#include "worker.h"

#define AGE_LINES_PER_SLICE 1024 /* some 10 us of work */

static void free_ring(struct pw_spsc *ring)
{
	void *obj;

	if (ring == NULL)
		return;
	while (pw_spsc_dequeue(ring, &obj, 1) == 1)
		rte_pktmbuf_free(obj);
	pw_spsc_destroy(ring);
}

static void worker_destroy(struct worker *w)
{
	if (w == NULL)
		return;
	free_ring(w->punt);
	free_ring(w->inject);
	for (uint32_t i = 0; i < PW_DP_MAX_WORKERS; i++)
		free_ring(w->handover[i]);
	pw_spsc_destroy(w->learn); /* holds no packets */
	if (w->event_fd >= 0)
		close(w->event_fd);
	watch_fini(&w->watch);
	free(w->punt_left);
	free(w->ports);
	free(w->dirty);
	free(w->tx);
	free(w);
}

/* The whole table is looked at about once a second, by all workers together. */
static void plan_ageing(struct worker *w)
{
	struct pw_nat_stats stats = {0}, stats6 = {0};
	uint64_t share;

	if (w->dp->params.nat != NULL)
		pw_nat_stats(w->dp->params.nat, &stats);
	if (w->dp->params.nat6 != NULL)
		pw_nat6_stats(w->dp->params.nat6, &stats6);
	share = PW_MAX(stats.size, stats6.size) / w->dp->params.n_workers + 1;
	w->age_budget = AGE_LINES_PER_SLICE;
	w->age_tsc = PW_MIN(w->dp->tsc_hz / 10, w->dp->tsc_hz * AGE_LINES_PER_SLICE / share);
}

static bool worker_rings(struct worker *w)
{
	const struct pw_alloc *heap = pw_alloc_heap();

	w->punt = pw_spsc_create(heap, PUNT_RING);
	w->learn = pw_spsc_create(heap, LEARN_RING);
	w->inject = pw_spsc_create(heap, INJECT_RING);
	if (w->punt == NULL || w->learn == NULL || w->inject == NULL)
		return false;
	for (uint32_t from = 0; from < w->dp->params.n_workers; from++) {
		if (from == w->id)
			continue;
		w->handover[from] = pw_spsc_create(heap, HANDOVER_RING);
		if (w->handover[from] == NULL)
			return false;
	}
	return true;
}

static struct worker *worker_create(struct pw_dp *dp, uint32_t id)
{
	uint32_t n = dp->params.max_ports;
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);

	if (w == NULL)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->dp = dp;
	w->id = id;
	w->lcore = dp->params.lcores[id];
	w->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->tx = calloc(n, sizeof(w->tx[0]));
	w->dirty = calloc(n, sizeof(w->dirty[0]));
	w->ports = aligned_alloc(64, n * sizeof(w->ports[0]));
	w->punt_left = calloc(n, sizeof(w->punt_left[0]));
	if (watch_init(&w->watch, w->event_fd, n * PW_PORT_MAX_QUEUES) != 0 || w->tx == NULL ||
		w->dirty == NULL || w->ports == NULL || w->punt_left == NULL || !worker_rings(w)) {
		worker_destroy(w);
		return NULL;
	}
	memset(w->ports, 0, n * sizeof(w->ports[0]));
	plan_ageing(w);
	return w;
}

struct pw_dp *pw_dp_create(const struct pw_dp_params *params, struct pw_err *err)
{
	struct pw_dp *dp;

	if (params->n_workers == 0 || params->n_workers > PW_DP_MAX_WORKERS) {
		pw_err_set(err, -EINVAL, "workers: %u, allowed 1..%u", params->n_workers,
			PW_DP_MAX_WORKERS);
		return NULL;
	}
	if (params->max_ports == 0 || params->max_ports >= PORT_FLOOD) {
		pw_err_set(err, -EINVAL, "ports: %u, allowed 1..%u", params->max_ports,
			PORT_FLOOD - 1);
		return NULL;
	}
	dp = calloc(1, sizeof(*dp));
	if (dp == NULL)
		goto err_memory;
	dp->params = *params;
	dp->tsc_hz = rte_get_tsc_hz();
	dp->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	dp->ctl_drops = calloc(params->max_ports, sizeof(dp->ctl_drops[0]));
	dp->view = view_create(dp);
	if (dp->event_fd < 0 || dp->ctl_drops == NULL || dp->view == NULL)
		goto err_memory;
	dp->view->generation = 1;
	for (uint32_t i = 0; i < params->n_workers; i++) {
		dp->workers[i] = worker_create(dp, i);
		if (dp->workers[i] == NULL)
			goto err_memory;
	}
	return dp;

err_memory:
	pw_err_set(err, -ENOMEM, "out of memory for %u workers and %u ports", params->n_workers,
		params->max_ports);
	pw_dp_destroy(dp);
	return NULL;
}

void pw_dp_destroy(struct pw_dp *dp)
{
	if (dp == NULL)
		return;
	for (uint32_t i = 0; i < dp->params.n_workers; i++)
		worker_destroy(dp->workers[i]);
	for (uint32_t b = 0; dp->view != NULL && b < PW_DP_MAX_BRIDGES; b++)
		free(dp->view->bridges[b]);
	view_destroy(dp->view);
	free(dp->ctl_drops);
	if (dp->event_fd >= 0)
		close(dp->event_fd);
	free(dp);
}

int pw_dp_start(struct pw_dp *dp, struct pw_err *err)
{
	__atomic_store_n(&dp->stop, 0, __ATOMIC_SEQ_CST);
	dp->running = true;
	for (uint32_t i = 0; i < dp->params.n_workers; i++) {
		int rc = rte_eal_remote_launch(worker_main, dp->workers[i], dp->workers[i]->lcore);

		if (rc != 0) {
			pw_dp_stop(dp);
			return pw_err_set(err, rc, "worker %u: lcore %u does not start: %s", i,
				dp->workers[i]->lcore, strerror(-rc));
		}
	}
	return 0;
}

void pw_dp_stop(struct pw_dp *dp)
{
	if (dp == NULL || !dp->running)
		return;
	__atomic_store_n(&dp->stop, 1, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < dp->params.n_workers; i++)
		worker_wake(dp->workers[i]);
	for (uint32_t i = 0; i < dp->params.n_workers; i++)
		(void)rte_eal_wait_lcore(dp->workers[i]->lcore);
	dp->running = false;
}

void pw_dp_poll(struct pw_dp *dp)
{
	(void)pw_limbo_run(dp->params.limbo, 256);
}
