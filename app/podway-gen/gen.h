/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gen.h - the running generator: ports, the streams on them, workers.
 *
 * A port belongs to one worker, which polls and sends for it; ports of a pair (0-1, 2-3, ..) belong to
 * the same one if either forwards to the other. The main lcore never touches a packet: it starts and
 * stops runs, watches links, and prints.
 *
 * Threads:  settings (engine, streams) change only between runs, when no worker runs. Counters have
 *           one writer, a worker; the main lcore reads them as they are.
 */
#ifndef GEN_H
#define GEN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "pw_err.h"
#include "pw_gen_answer.h"
#include "pw_gen_pace.h"
#include "pw_gen_profile.h"
#include "pw_gen_result.h"
#include "pw_gen_seq.h"

#define BURST         32
#define GEN_MAX_LANES 256

enum gen_exit {
	GEN_EXIT_OK,
	GEN_EXIT_CRITERIA, /* measured, but not good enough */
	GEN_EXIT_USAGE,    /* command line or profile */
	GEN_EXIT_MACHINE,  /* ports, memory */
	GEN_EXIT_EARLY     /* a peer went away, or it was interrupted */
};

struct gen;
struct gport;

/* A stream as it runs. */
struct lane {
	struct pw_gen_stream *stream;
	struct pw_gen_frame frame; /* with headers made */
	uint16_t id;               /* in stamps */
	struct gport *from, *to;
	struct pw_gen_rate rate; /* no percentage any more */
	double asked_pps;
	uint32_t *sticky; /* by flow: hash of its translation; NULL: not asked for */

	/* W: worker of `from` */
	struct pw_gen_pace pace;
	uint64_t seq; /* frames sent = number of the next */
	uint64_t tx_bytes;
	uint64_t missed_full, missed_late;
	uint64_t first_tsc, last_tsc; /* of sending */
	bool full;                    /* the last burst did not fit */

	/* W: worker of `to` */
	struct pw_gen_seq *track __rte_cache_aligned;
	struct pw_gen_hist *latency, *jitter;
	uint64_t last_latency;
	uint64_t rx_bytes, checked, corrupt, translated_wrong;
	uint64_t faults[PW_GEN_FAULT_COUNT];
};

struct gport_counters {
	uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
	uint64_t tx_full;      /* frames the queue had no room for */
	uint64_t foreign;      /* not ours */
	uint64_t unreadable;   /* ours, stamp damaged */
	uint64_t old;          /* ours, of an earlier run */
	uint64_t misdelivered; /* ours, should have come in elsewhere */
	uint64_t answered;     /* ARP, ND, ping */
};

struct engine {
	const char *name;
	bool forwards; /* sends by the other port of the pair */
	/* Once a run, on the main lcore; may be NULL. */
	int (*begin)(struct gport *port, struct pw_err *err);
	void (*end)(struct gport *port);
	/* Receive, work, send: true if there was anything to do. */
	bool (*step)(struct gport *port);
};
const struct engine *engine_of(enum pw_gen_engine engine);

struct gport {
	uint16_t id;
	struct gen *gen;
	char name[RTE_DEV_NAME_MAX_LEN];
	const char *driver;
	struct pw_gen_port *conf; /* of the profile; NULL */
	enum pw_gen_engine asked; /* by the profile or the prompt */
	enum pw_gen_engine kind;
	const struct engine *engine;
	struct gport *pair;
	struct rte_mempool *pool;
	struct pw_mac mac, peer_mac;
	struct pw_gen_host host; /* whom answers are for */
	uint64_t speed_bps;      /* 0: unknown */
	bool speed_set;          /* by the profile */
	bool was_up;
	struct gport_counters n __rte_cache_aligned;
	bool judges; /* some stream has stamps: what comes in is looked at */
	struct lane *lanes[PW_GEN_STREAMS_MAX]; /* that send here */
	uint32_t n_lanes, next_lane;
	void *state;                /* of the engine that began */
	const struct engine *begun; /* kept after a run for its result */
};

struct worker {
	struct gen *gen;
	unsigned lcore;
	struct gport *ports[PW_GEN_PORTS_MAX];
	uint32_t n_ports;
	uint64_t loops, idle_loops;
};

struct gen {
	struct pw_gen_profile *profile;
	struct pw_gen_pattern *pattern;
	struct gport ports[PW_GEN_PORTS_MAX];
	uint32_t n_ports;
	struct lane *lanes[GEN_MAX_LANES];
	uint32_t n_lanes;
	struct worker workers[RTE_MAX_LCORE];
	uint32_t n_workers;
	uint64_t hz;
	bool share;       /* cores are not ours alone: give them away when there is nothing to do */
	uint8_t run;      /* in stamps */
	uint32_t running; /* W: main  R: workers (atomic) */
	uint32_t sending; /* likewise */
	uint64_t catch_up_ns;
	uint64_t start_tsc;
	volatile sig_atomic_t *stop; /* by a signal */
	uint32_t live_lines;         /* that the table of print_live takes on the terminal */
};

/* ports.c */
int ports_open(struct gen *gen, uint16_t max_size, uint32_t mbufs, struct pw_err *err);
void ports_close(struct gen *gen);
/* 0, or -ETIMEDOUT with the ports that are down named. */
int ports_wait_up(struct gen *gen, uint64_t timeout_ns, struct pw_err *err);
/* The first port that was up when the run began and is not now; NULL. */
struct gport *ports_gone(struct gen *gen);
bool port_is_up(const struct gport *port);
void port_result(const struct gport *port, struct pw_gen_port_result *result);
void port_stats_reset(struct gport *port);

/* Sends what fits and frees the rest; how many were sent. */
static inline uint16_t port_send(struct gport *port, struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t bytes = 0;
	uint16_t sent;
	uint32_t len[BURST];

	for (uint16_t i = 0; i < n; i++)
		len[i] = pkts[i]->pkt_len;
	sent = rte_eth_tx_burst(port->id, 0, pkts, n);
	for (uint16_t i = 0; i < sent; i++)
		bytes += len[i] + PW_GEN_FCS;
	port->n.tx_frames += sent;
	port->n.tx_bytes += bytes;
	port->n.tx_full += (uint64_t)(n - sent);
	if (sent < n)
		rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	return sent;
}

static inline uint16_t port_receive(struct gport *port, struct rte_mbuf **pkts)
{
	uint16_t n = rte_eth_rx_burst(port->id, 0, pkts, BURST);

	for (uint16_t i = 0; i < n; i++)
		port->n.rx_bytes += pkts[i]->pkt_len + PW_GEN_FCS;
	port->n.rx_frames += n;
	return n;
}

/* lane.c: streams */
int lanes_make(struct gen *gen, struct pw_err *err); /* from the profile; checks rates and ports */
void lanes_free(struct gen *gen);
/* Between runs, or while paused. -EINVAL, -ERANGE: unchanged. */
int lane_set_rate(struct lane *lane, const struct pw_gen_rate *asked, struct pw_err *err);
int lane_set_size(struct lane *lane, const struct pw_gen_sizes *sizes, struct pw_err *err);
int lane_set_flows(struct lane *lane, uint64_t n, struct pw_err *err);
void lane_reset(struct lane *lane);
bool lanes_done(const struct gen *gen); /* every stream has sent its count */
bool lanes_all_arrived(const struct gen *gen);
void lane_result(const struct lane *lane, double seconds, struct pw_gen_stream_result *result);

/* run.c */
struct trial {
	uint64_t duration_ns, wait_ns;
	void (*tick)(void *arg, struct gen *gen, double seconds); /* twice a second; NULL */
	void *arg;
};
/* Workers begin; sending, too. */
int run_start(struct gen *gen, struct pw_err *err);
void run_stop_sending(struct gen *gen);
/* For late frames: until all are here or the time is over. */
void run_drain(struct gen *gen, uint64_t wait_ns);
void run_stop(struct gen *gen);
/* In the middle of a run: settings of streams may change in between; counters go on. */
void run_pause(struct gen *gen);
void engine_end(struct gport *port); /* frees its state; NULL is fine */
void run_resume(struct gen *gen);
double run_seconds(const struct gen *gen); /* since the start */
/* All of it: 0, -EINTR (signal) or -EPIPE (a peer went; err says which). What was measured stays. */
int run_trial(struct gen *gen, const struct trial *trial, double *seconds, struct pw_err *err);
int engines_choose(
	struct gen *gen, struct pw_err *err); /* of every port, from the profile; pairs */
void workers_assign(struct gen *gen);

/* result.c */
struct results { /* memory behind a struct pw_gen_result */
	struct pw_gen_result r;
	struct pw_gen_stream_result streams[GEN_MAX_LANES];
	struct pw_gen_port_result ports[PW_GEN_PORTS_MAX];
	struct pw_gen_conn_result conns[PW_GEN_PORTS_MAX];
	struct pw_gen_replay_result replays[PW_GEN_PORTS_MAX];
};
void results_collect(struct gen *gen, double seconds, struct results *results);
int results_write(const struct results *results, uint32_t n_failed, const char *failures,
	const char *path, struct pw_err *err);
void environment_read(struct pw_gen_environment *env, int argc, char **argv);
void environment_free(struct pw_gen_environment *env);

/* text.c: tables */
void print_live(void *arg, struct gen *gen, double seconds); /* a tick */
void print_live_end(struct gen *gen);
void print_result(const struct pw_gen_result *result);
void print_ports(struct gen *gen);
void print_port_stats(struct gport *port);
void print_streams(struct gen *gen);

#endif
