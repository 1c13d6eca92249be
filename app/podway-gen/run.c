/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs: engines chosen, ports given to workers, started, watched, stopped. */
#include "conn.h"
#include "replay.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "pw_clock.h"
#include "pw_util.h"

#define WATCH_US          50000 /* links, signals, the end of the time */
#define TICK_NS           (PW_NS_PER_SEC / 2)
#define IDLE_BEFORE_YIELD 32
#define DUPLICATES_NS     (20 * PW_NS_PER_MSEC)

/* ---- engines and workers ---- */

static bool receives_stream(const struct gen *gen, const struct gport *port)
{
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		if (gen->lanes[i]->to == port)
			return true;
	return false;
}

static bool receives_stamps(const struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		if (gen->lanes[i]->frame.stamp)
			return true;
	return false;
}

static bool from_here(const struct gport *port, uint32_t from)
{
	return from == port->id;
}

static enum pw_gen_engine choose(const struct gen *gen, const struct gport *port)
{
	const struct pw_gen_profile *p = gen->profile;

	if (port->asked != PW_GEN_ENGINE_AUTO)
		return port->asked;
	for (uint32_t i = 0; i < p->n_conns; i++)
		if (from_here(port, p->conns[i].from))
			return PW_GEN_ENGINE_CONN;
	for (uint32_t i = 0; i < p->n_replays; i++)
		if (from_here(port, p->replays[i].from))
			return PW_GEN_ENGINE_REPLAY;
	if (port->n_lanes > 0 || receives_stream(gen, port))
		return PW_GEN_ENGINE_FLOWS;
	return PW_GEN_ENGINE_RXONLY;
}

int engines_choose(struct gen *gen, struct pw_err *err)
{
	for (uint32_t i = 0; i < gen->n_ports; i++) {
		struct gport *port = &gen->ports[i];
		uint32_t other = i ^ 1;

		port->pair = other < gen->n_ports ? &gen->ports[other] : port;
		port->kind = choose(gen, port);
		port->judges = receives_stamps(gen);
		port->engine = engine_of(port->kind);
		if (port->engine == NULL)
			return pw_err_set(err, -ENOTSUP, "port %u: engine %s is not there", i,
				pw_gen_engine_name(port->kind));
	}
	return 0;
}

static bool pair_forwards(const struct gport *port)
{
	return port->engine->forwards || port->pair->engine->forwards;
}

void workers_assign(struct gen *gen)
{
	unsigned lcore;
	uint32_t next = 0;

	gen->n_workers = 0;
	RTE_LCORE_FOREACH_WORKER(lcore)
	gen->workers[gen->n_workers++] = (struct worker){.gen = gen, .lcore = lcore};
	for (uint32_t i = 0; i < gen->n_ports && gen->n_workers > 0; i++) {
		struct gport *port = &gen->ports[i];
		struct worker *w;

		if (i > 0 && !(i % 2 == 1 && pair_forwards(port)))
			next = (next + 1) % gen->n_workers;
		w = &gen->workers[next];
		w->ports[w->n_ports++] = port;
	}
}

static int work(void *arg)
{
	struct worker *w = arg;
	struct gen *gen = w->gen;
	unsigned idle = 0;

	while (__atomic_load_n(&gen->running, __ATOMIC_RELAXED)) {
		bool busy = false;

		for (uint32_t i = 0; i < w->n_ports; i++)
			busy |= w->ports[i]->engine->step(w->ports[i]);
		w->loops++;
		if (busy) {
			idle = 0;
			continue;
		}
		w->idle_loops++;
		if (gen->share && ++idle > IDLE_BEFORE_YIELD) {
			sched_yield();
			idle = 0;
		}
	}
	return 0;
}

/* ---- one run ---- */

static void reset(struct gen *gen)
{
	gen->run++;
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		lane_reset(gen->lanes[i]);
	for (uint32_t i = 0; i < gen->n_ports; i++) {
		port_stats_reset(&gen->ports[i]);
		gen->ports[i].was_up = port_is_up(&gen->ports[i]);
	}
	for (uint32_t i = 0; i < gen->n_workers; i++)
		gen->workers[i].loops = gen->workers[i].idle_loops = 0;
}

void engine_end(struct gport *port)
{
	if (port->begun != NULL && port->begun->end != NULL)
		port->begun->end(port);
	port->begun = NULL;
}

static int begin_engines(struct gen *gen, struct pw_err *err)
{
	for (uint32_t i = 0; i < gen->n_ports; i++) {
		struct gport *port = &gen->ports[i];
		int rc = 0;

		engine_end(port);
		port->begun = port->engine;
		if (port->engine->begin != NULL)
			rc = port->engine->begin(port, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void launch(struct gen *gen)
{
	__atomic_store_n(&gen->running, 1, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < gen->n_workers; i++)
		rte_eal_remote_launch(work, &gen->workers[i], gen->workers[i].lcore);
}

int run_start(struct gen *gen, struct pw_err *err)
{
	int rc;

	reset(gen);
	rc = begin_engines(gen, err);
	if (rc != 0)
		return rc;
	gen->start_tsc = rte_rdtsc();
	__atomic_store_n(&gen->sending, 1, __ATOMIC_RELAXED);
	launch(gen);
	return 0;
}

void run_pause(struct gen *gen)
{
	__atomic_store_n(&gen->running, 0, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < gen->n_workers; i++)
		rte_eal_wait_lcore(gen->workers[i].lcore);
}

/* Rates count from here on: what was due during the pause is not made up for. */
void run_resume(struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		pw_gen_pace_start(&gen->lanes[i]->pace, gen->lanes[i]->rate.milli, gen->hz,
			gen->catch_up_ns, rte_rdtsc());
	launch(gen);
}

void run_stop_sending(struct gen *gen)
{
	__atomic_store_n(&gen->sending, 0, __ATOMIC_RELAXED);
}

/* Every stream, connection maker and replay has a count, and has reached it. */
static bool all_sent(const struct gen *gen)
{
	bool any = gen->n_lanes > 0;

	if (!lanes_done(gen))
		return false;
	for (uint32_t i = 0; i < gen->n_ports; i++) {
		const struct gport *port = &gen->ports[i];

		if (!conn_done(port, true) || !replay_done(port))
			return false;
		any |= port->kind == PW_GEN_ENGINE_CONN || port->kind == PW_GEN_ENGINE_REPLAY;
	}
	return any;
}

static bool all_arrived(const struct gen *gen)
{
	for (uint32_t i = 0; i < gen->n_ports; i++)
		if (!conn_done(&gen->ports[i], false))
			return false;
	return lanes_all_arrived(gen);
}

void run_drain(struct gen *gen, uint64_t wait_ns)
{
	uint64_t end = pw_clock_now_ns(pw_clock_boot()) + wait_ns;

	usleep(1000); /* a burst that is being sent */
	while (!all_arrived(gen) && pw_clock_now_ns(pw_clock_boot()) < end)
		usleep(1000);
	/* Everything has come once; what comes twice may still be behind it. */
	usleep((useconds_t)(PW_MIN(wait_ns, DUPLICATES_NS) / PW_NS_PER_USEC));
}

void run_stop(struct gen *gen)
{
	run_pause(gen);
}

double run_seconds(const struct gen *gen)
{
	return (double)(rte_rdtsc() - gen->start_tsc) / (double)gen->hz;
}

static int watch(struct gen *gen, const struct trial *trial, struct pw_err *err)
{
	uint64_t next_tick = TICK_NS;

	for (;;) {
		uint64_t now_ns = (uint64_t)(run_seconds(gen) * 1e9);
		struct gport *gone;

		if (*gen->stop)
			return pw_err_set(err, -EINTR, "interrupted after %.1f s", now_ns / 1e9);
		if (trial->duration_ns != 0 && now_ns >= trial->duration_ns)
			return 0;
		if (all_sent(gen))
			return 0;
		gone = ports_gone(gen);
		if (gone != NULL)
			return pw_err_set(err, -EPIPE,
				"port %u (%s) lost its link after %.1f s: its peer went away",
				gone->id, gone->name, now_ns / 1e9);
		if (trial->tick != NULL && now_ns >= next_tick) {
			trial->tick(trial->arg, gen, now_ns / 1e9);
			next_tick += TICK_NS;
		}
		usleep(trial->duration_ns == 0
				? WATCH_US
				: (useconds_t)PW_MIN((trial->duration_ns - now_ns) / 1000 + 1,
					  (uint64_t)WATCH_US));
	}
}

int run_trial(struct gen *gen, const struct trial *trial, double *seconds, struct pw_err *err)
{
	int rc = run_start(gen, err);

	if (rc != 0)
		return rc;
	rc = watch(gen, trial, err);
	run_stop_sending(gen);
	*seconds = run_seconds(gen);
	run_drain(gen, rc == -EPIPE ? 0 : trial->wait_ns);
	run_stop(gen);
	return rc;
}
