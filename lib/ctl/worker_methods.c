/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker_methods.c - what workers do, and who reads what.
 *
 * Load is the part of its time that a worker spent on packets: of the last second, and of the last
 * LOAD_SECONDS, from samples taken each second.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "loop.h"
#include "place.h"
#include "port_reg.h"
#include "stats.h"
#include "worker_methods.h"

#define LOAD_SECONDS 10

struct load_sample {
	uint64_t busy, total; /* cycles since the start */
};

struct ctl_workers {
	uint32_t n; /* samples taken; the last one is at (n - 1) % (LOAD_SECONDS + 1) */
	struct load_sample samples[LOAD_SECONDS + 1][PW_DP_MAX_WORKERS];
};

static const struct load_sample *sample_at(const struct ctl_workers *workers, uint32_t n)
{
	return workers->samples[n % (LOAD_SECONDS + 1)];
}

/* In percent, one decimal. */
static double percent(uint64_t busy, uint64_t total)
{
	double value = total > 0 ? 100.0 * (double)busy / (double)total : 0.0;

	return (double)(int)(value * 10 + 0.5) / 10;
}

/* Over the last seconds; fewer if the daemon is younger. */
static double load(const struct ctl_workers *workers, uint32_t worker, uint32_t seconds)
{
	const struct load_sample *now, *then;

	if (workers->n < 2)
		return 0.0;
	seconds = PW_MIN(seconds, workers->n - 1);
	now = &sample_at(workers, workers->n - 1)[worker];
	then = &sample_at(workers, workers->n - 1 - seconds)[worker];
	return percent(now->busy - then->busy, now->total - then->total);
}

static void worker_every_second(struct pw_ctl *ctl)
{
	struct ctl_workers *workers = ctl->workers;
	struct load_sample *samples = workers->samples[workers->n % (LOAD_SECONDS + 1)];

	for (uint32_t w = 0; w < pw_dp_n_workers(ctl->dp); w++) {
		struct pw_dp_worker_stats stats;

		pw_dp_worker_stats(ctl->dp, w, &stats);
		samples[w] = (struct load_sample){stats.busy_cycles, stats.total_cycles};
	}
	workers->n++;
}

static int worker_init(struct pw_ctl *ctl, struct pw_err *err)
{
	ctl->workers = calloc(1, sizeof(*ctl->workers));
	if (ctl->workers == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	worker_every_second(ctl);
	return 0;
}

static void worker_fini(struct pw_ctl *ctl)
{
	free(ctl->workers);
	ctl->workers = NULL;
}

/* ---- workers.list ---- */

struct serving { /* what one worker polls */
	const struct pw_ctl *ctl;
	int worker;
	json_t *ports;
	uint64_t alloc_failed;
};

static bool add_port(void *arg, struct ctl_port *port)
{
	struct serving *s = arg;
	struct pw_port_dev_stats stats = {0};
	bool any = false;

	for (uint16_t q = 0; q < port->port->n_rxq && !any; q++)
		any = pw_dp_port_worker(s->ctl->dp, port->index, q) == s->worker;
	if (!any)
		return true;
	json_array_append_new(s->ports, json_string(port->name));
	/* Drivers count a port: it is put down to whoever polls its first queue. */
	if (pw_dp_port_worker(s->ctl->dp, port->index, 0) == s->worker) {
		port->port->ops->dev_stats(port->port, &stats);
		s->alloc_failed += stats.rx_alloc_failed;
	}
	return true;
}

static json_t *describe_stages(const struct pw_dp_worker_stats *stats)
{
	json_t *list = json_array();

	for (unsigned s = 0; s < PW_DP_STAGE_COUNT; s++)
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o}", "name", pw_dp_stage_name(s),
				      "packets", pw_json_u64(stats->stages[s].packets), "batches",
				      pw_json_u64(stats->stages[s].batches), "cycles",
				      pw_json_u64(stats->stages[s].cycles)));
	return list;
}

static json_t *describe_worker(const struct pw_ctl *ctl, uint32_t id)
{
	struct serving serving = {.ctl = ctl, .worker = (int)id, .ports = json_array()};
	struct pw_dp_worker_stats st;
	json_t *out;

	ctl_stats_worker(ctl, id, &st);
	ctl_port_foreach(ctl, add_port, &serving);
	out = json_pack("{s:i, s:i, s:o, s:i, s:o, s:o, s:f}", "id", (int)id, "core",
		(int)ctl->conf->cpu.workers[id], "ports", serving.ports, "rx_queues",
		(int)st.rx_queues, "loops", pw_json_u64(st.loops), "idle_loops",
		pw_json_u64(st.idle_loops), "busy_percent",
		percent(st.busy_cycles, st.total_cycles));
	if (out == NULL)
		return NULL;
	json_object_set_new(out, "busy_1s_percent", json_real(load(ctl->workers, id, 1)));
	json_object_set_new(
		out, "busy_10s_percent", json_real(load(ctl->workers, id, LOAD_SECONDS)));
	json_object_set_new(out, "sleeps", pw_json_u64(st.sleeps));
	json_object_set_new(out, "rx", pw_json_u64(st.rx));
	json_object_set_new(out, "tx", pw_json_u64(st.tx));
	json_object_set_new(out, "drops", pw_json_u64(st.drops));
	json_object_set_new(out, "punted", pw_json_u64(st.punted));
	json_object_set_new(out, "handover_in", pw_json_u64(st.handover_in));
	json_object_set_new(out, "handover_out", pw_json_u64(st.handover_out));
	json_object_set_new(out, "handover_full", pw_json_u64(st.handover_full));
	json_object_set_new(out, "retries", pw_json_u64(st.retries));
	json_object_set_new(out, "mbuf_alloc_failed", pw_json_u64(serving.alloc_failed));
	json_object_set_new(out, "stages", describe_stages(&st));
	return out;
}

static int workers_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct pw_ctl *ctl = ctx;
	json_t *list = json_array();

	for (uint32_t i = 0; i < pw_dp_n_workers(ctl->dp); i++)
		json_array_append_new(list, describe_worker(ctl, i));
	*result = json_pack("{s:o}", "workers", list);
	return 0;
}

/* ---- workers.cycles ---- */

struct workers_cycles {
	bool enable;
};
static const struct pw_ipc_param cycles_params[] = {
	{"enable", PW_IPC_BOOL, offsetof(struct workers_cycles, enable)},
	{0},
};

static int workers_cycles(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct workers_cycles *p = params;

	pw_dp_measure_cycles(((struct pw_ctl *)ctx)->dp, p->enable);
	return 0;
}

/* ---- workers.move ---- */

#define ALL_QUEUES PW_PORT_MAX_QUEUES

struct workers_move {
	const char *port;
	uint64_t queue, worker;
};
static const struct pw_ipc_param move_params[] = {
	{"port", PW_IPC_STRING, offsetof(struct workers_move, port), .min = 1},
	{"queue", PW_IPC_U64, offsetof(struct workers_move, queue), .optional = true,
		.def = ALL_QUEUES, .max = PW_PORT_MAX_QUEUES - 1},
	{"worker", PW_IPC_U64, offsetof(struct workers_move, worker), .max = PW_DP_MAX_WORKERS - 1},
	{0},
};

struct moving {
	struct pw_ipc_request *req;
	char port[PW_PORT_NAME_MAX];
	uint32_t worker;
};

static void answer_move(void *arg, int rc)
{
	struct moving *moving = arg;
	struct pw_ipc_error err = {0};

	if (rc == 0) {
		pw_info("worker", "%s is read by worker %u", moving->port, moving->worker);
		pw_ipc_reply(moving->req, NULL, NULL);
	} else {
		pw_ipc_error_set(
			&err, PW_IPC_E_MISSING, "port \"%s\" was deleted meanwhile", moving->port);
		pw_ipc_reply(moving->req, NULL, &err);
	}
	free(moving);
}

static int refuse_move(const struct pw_ctl *ctl, const struct workers_move *p,
	const struct ctl_port *port, int rc, struct pw_ipc_error *err)
{
	if (p->worker >= pw_dp_n_workers(ctl->dp))
		return pw_ipc_error_set(err, PW_IPC_E_MISSING,
			"worker %llu: there are workers 0..%u", (unsigned long long)p->worker,
			pw_dp_n_workers(ctl->dp) - 1);
	if (rc == -ERANGE)
		return pw_ipc_error_set(err, PW_IPC_E_MISSING,
			"port %s has no queue %llu: it has queues 0..%u", p->port,
			(unsigned long long)p->queue, port->port->n_rxq - 1);
	if (rc == -EBUSY)
		return pw_ipc_error_set(err, PW_IPC_E_BUSY,
			"port %s is on its way to a worker: try again", p->port);
	return pw_ipc_error_set(err, PW_IPC_E_INTERNAL, "port %s: %s", p->port, strerror(-rc));
}

/* Its place with these queues at `worker`; the others stay where somebody put them. */
static void plan_place(const struct pw_ctl *ctl, const struct workers_move *p,
	const struct ctl_port *port, uint8_t *workers)
{
	const uint8_t *old = ctl_place_of(ctl, p->port);

	if (old != NULL)
		memcpy(workers, old, PW_PORT_MAX_QUEUES);
	else
		memset(workers, PW_DP_WORKER_ANY, PW_PORT_MAX_QUEUES);
	for (uint16_t q = 0; q < port->port->n_rxq; q++) {
		if (p->queue == ALL_QUEUES || p->queue == q)
			workers[q] = (uint8_t)p->worker;
	}
}

/* Saved before it is done, and as before if it cannot be done: a reply means that it will last. */
static int move_and_save(struct pw_ctl *ctl, const struct workers_move *p,
	const struct ctl_port *port, struct moving *moving, struct pw_ipc_error *err)
{
	uint8_t old[PW_PORT_MAX_QUEUES], new[PW_PORT_MAX_QUEUES];
	const uint8_t *had = ctl_place_of(ctl, p->port);
	struct pw_err why = {0};
	int rc;

	if (had != NULL)
		had = memcpy(old, had, sizeof(old));
	plan_place(ctl, p, port, new);
	if (ctl_place_set(ctl, p->port, new, &why) != 0)
		return pw_ipc_error_from(err, &why);
	rc = pw_dp_port_move(ctl->dp, port->index, p->queue == ALL_QUEUES ? -1 : (int)p->queue,
		moving->worker, answer_move, moving);
	if (rc == 0)
		return 0;
	(void)refuse_move(ctl, p, port, rc, err);
	if (ctl_place_set(ctl, p->port, had, &why) != 0)
		pw_warn("worker", "%s was not moved, but the next start moves it: %s", p->port,
			why.msg);
	return err->code;
}

/* Answered when the new worker has the queues for itself. */
static int workers_move(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct workers_move *p = params;
	struct pw_ctl *ctl = ctx;
	const struct ctl_port *port = ctl_port_find(ctl, p->port);
	struct moving *moving;

	if (port == NULL)
		return pw_ipc_error_set(
			err, PW_IPC_E_MISSING, "port \"%s\": no such port", p->port);
	if (p->worker >= pw_dp_n_workers(ctl->dp))
		return refuse_move(ctl, p, port, -ERANGE, err);
	if (p->queue != ALL_QUEUES && p->queue >= port->port->n_rxq)
		return refuse_move(ctl, p, port, -ERANGE, err);
	moving = calloc(1, sizeof(*moving));
	if (moving == NULL)
		return pw_ipc_error_set(err, PW_IPC_E_INTERNAL, "out of memory");
	moving->req = req;
	moving->worker = (uint32_t)p->worker;
	strlcpy(moving->port, p->port, sizeof(moving->port));
	if (move_and_save(ctl, p, port, moving, err) != 0) {
		free(moving);
		return err->code;
	}
	pw_ipc_defer(req);
	ctl_loop_poll_soon(ctl);
	return 0;
}

static const struct pw_ipc_method methods[] = {
	{"workers.list", workers_list},
	{"workers.cycles", workers_cycles, cycles_params, sizeof(struct workers_cycles)},
	{"workers.move", workers_move, move_params, sizeof(struct workers_move)},
	{0},
};

const struct ctl_module ctl_module_worker = {
	.name = "worker",
	.init = worker_init,
	.fini = worker_fini,
	.every_second = worker_every_second,
	.methods = methods,
};
