/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_dp.h - the data plane: workers, their view of ports and bridges, punted and injected packets.
 *
 * The control thread builds it, gives it tables and ports, and talks to running workers through
 * snapshots (views), rings and counters only; no call here waits for a worker, but pw_dp_stop.
 *
 *     dp = pw_dp_create(&params, &err);
 *     pw_dp_bridge_set(dp, ...); pw_dp_port_add(dp, ...);
 *     pw_dp_start(dp, &err);
 *     every 10 ms or so: pw_dp_punts(), pw_dp_learns(), pw_dp_poll();
 *     pw_dp_stop(dp); pw_dp_destroy(dp);
 *
 * Threads:  control thread, all of it.
 * Lifetime: ports and bindings handed over belong to the dp until their `gone` callback ran.
 * Ledger:   rx + injected + replicated = tx + drops + punted + in_flight, for all workers together.
 */
#ifndef PW_DP_H
#define PW_DP_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_adj.h"
#include "pw_binding.h"
#include "pw_clock.h"
#include "pw_err.h"
#include "pw_fdb.h"
#include "pw_limbo.h"
#include "pw_lpm4.h"
#include "pw_lpm6.h"
#include "pw_nat.h"
#include "pw_nat6.h"
#include "pw_pkt.h"
#include "pw_port.h"
#include "pw_qsbr.h"

#define PW_DP_MAX_WORKERS 64
#define PW_DP_MAX_BRIDGES 256

enum pw_dp_idle {
	PW_DP_IDLE_POLL,
	PW_DP_IDLE_ADAPTIVE
};

/* Tables belong to the caller and outlive the dp. */
struct pw_dp_params {
	uint32_t n_workers;
	unsigned lcores[PW_DP_MAX_WORKERS]; /* EAL lcore ids */
	uint32_t max_ports;
	uint64_t kernel_workers; /* bit a worker: those for kernel ports and no others; 0: any */
	enum pw_dp_idle idle;
	struct rte_mempool *pool;
	struct pw_qsbr *qsbr; /* reader i = worker i */
	struct pw_limbo *limbo;
	struct pw_fdb *fdb;
	struct pw_lpm4 *lpm4;
	struct pw_adj_table *adj;
	struct pw_nat *nat;   /* may be NULL: no Services */
	struct pw_lpm6 *lpm6; /* may be NULL: IPv6 is bridged only */
	struct pw_nat6 *nat6; /* may be NULL, as nat; needs nat and lpm6 */
};

struct pw_dp;

struct pw_dp *pw_dp_create(const struct pw_dp_params *params, struct pw_err *err);
void pw_dp_destroy(
	struct pw_dp *dp); /* workers stopped; frees what is left in rings and limbo users */
int pw_dp_start(struct pw_dp *dp, struct pw_err *err);
void pw_dp_stop(struct pw_dp *dp); /* waits until every worker has ended */

/* ---- bridges and ports: each call publishes one new view ---- */

struct pw_dp_bridge_conf {
	uint64_t router_mac48; /* 0: pure L2, no gateway */
	bool hairpin;
	bool arp_punt; /* ARP and ND go to the control thread first (gateway or known pods) */
};
int pw_dp_bridge_set(struct pw_dp *dp, uint16_t bridge, const struct pw_dp_bridge_conf *conf);
int pw_dp_bridge_del(struct pw_dp *dp, uint16_t bridge); /* -EBUSY: has ports */

#define PW_DP_WORKER_ANY UINT8_MAX

struct pw_dp_port_conf {
	uint16_t bridge;                  /* PW_BRIDGE_NONE: routed port */
	uint64_t router_mac48;            /* routed port: our MAC there */
	bool learn;                       /* bridged: learn source MACs */
	const struct pw_binding *binding; /* anti-spoof; NULL: none. Taken over, freed after use */
	void (*binding_free)(const struct pw_binding *binding);
	const uint8_t *workers; /* wanted of each rx queue, or PW_DP_WORKER_ANY; NULL: any of all */
};
/* port->index is the slot; -EEXIST taken, -ERANGE. Queues go to the workers wanted, the others to
 * those with the fewest queues, and stay there. */
int pw_dp_port_add(struct pw_dp *dp, struct pw_port *port, const struct pw_dp_port_conf *conf);
/* Takes the port out of the view at once; gone(arg, port) is called from pw_dp_poll when no worker
 * can touch it any more: close it there. */
int pw_dp_port_del(
	struct pw_dp *dp, uint16_t index, void (*gone)(void *arg, struct pw_port *port), void *arg);
/*
 * Gives an rx queue (-1: all) to another worker, and with queue 0 a tx queue that has one owner,
 * while packets flow: none is lost, and no queue is in two hands at once. done(arg, 0) is called
 * from pw_dp_poll two grace periods later, or done(arg, -ENOENT) if the port went before; NULL: no
 * interest. -ENOENT no port, -ERANGE no such queue or worker, -EBUSY the port is on the move.
 */
int pw_dp_port_move(struct pw_dp *dp, uint16_t index, int queue, uint32_t worker,
	void (*done)(void *arg, int rc), void *arg);
/* Worker of an rx queue; -1: none. */
int pw_dp_port_worker(const struct pw_dp *dp, uint16_t index, uint16_t queue);

/* ---- packets to and from the control thread ---- */

struct pw_dp_punt {
	struct rte_mbuf *m; /* the receiver's */
	enum pw_punt reason;
	uint16_t in_port;
	uint32_t adj;           /* NEIGH: adjacency met (FORWARD incomplete or GLEAN) */
	struct pw_ip route_dst; /* NEIGH: the address to resolve when adj is GLEAN */
	bool originated; /* one of ours (INJECT_ROUTE): give it back so, not with INJECT_AGAIN */
};
/* Up to n punted packets, workers in turn. Call until it returns less than n. */
uint32_t pw_dp_punts(struct pw_dp *dp, struct pw_dp_punt *punts, uint32_t n);

struct pw_dp_learn {
	uint64_t mac48;
	uint16_t port;
};
uint32_t pw_dp_learns(struct pw_dp *dp, struct pw_dp_learn *learns, uint32_t n);

enum pw_dp_inject {
	PW_DP_INJECT_TX,      /* as it is out of `port` */
	PW_DP_INJECT_FLOOD,   /* to every port of bridge `port` */
	PW_DP_INJECT_ROUTE,   /* an IP packet of our own: routed by its destination, MACs are set */
	PW_DP_INJECT_AGAIN,   /* a held packet: through the pipeline as if received on `port` */
	PW_DP_INJECT_NO_PUNT, /* the same, but not to be punted again: bridged or dropped */
};
/* 0; -ENOBUFS ring full: the mbuf is still the caller's. */
int pw_dp_inject(struct pw_dp *dp, struct rte_mbuf *m, enum pw_dp_inject how, uint16_t port);

/* A fd that becomes readable when punts or learns are waiting (an eventfd; read it before polling).
 */
int pw_dp_event_fd(const struct pw_dp *dp);

/* Deferred work: limbo, gone callbacks. Call every 10..100 ms. */
void pw_dp_poll(struct pw_dp *dp);

/* ---- counters: snapshots, monotonic since start ---- */

#define PW_DP_SIZE_BUCKETS 8
extern const uint32_t
	pw_dp_size_limits[PW_DP_SIZE_BUCKETS]; /* 64, 128, 256, 512, 1024, 1518, 9216, 65535 */

struct pw_dp_dir_stats {
	uint64_t packets, bytes, gso_packets;
	uint64_t max_frame_bytes;
	uint64_t sizes[PW_DP_SIZE_BUCKETS];
};
struct pw_dp_port_stats {
	struct pw_dp_dir_stats rx, tx;
	uint64_t drops; /* all reasons */
};
void pw_dp_port_stats(const struct pw_dp *dp, uint16_t index, struct pw_dp_port_stats *stats);
/* Drops of frames that came in by the port (or, for tx reasons, were to leave by it); the control
 * thread's own are added with pw_dp_count_drop. index PW_PORT_NONE: all ports. */
uint64_t pw_dp_drops(const struct pw_dp *dp, uint16_t index, enum pw_verdict reason);
void pw_dp_count_drop(struct pw_dp *dp, uint16_t index, enum pw_verdict reason);

#define PW_DP_STAGES(X) X(gather) X(plain) X(parse) X(guard) X(l2) X(flow) X(l3) X(rewrite) X(tx)
enum pw_dp_stage {
#define X(name) PW_DP_STAGE_##name,
	PW_DP_STAGES(X)
#undef X
	PW_DP_STAGE_COUNT
};
const char *pw_dp_stage_name(enum pw_dp_stage stage);

struct pw_dp_stage_stats {
	uint64_t packets, batches, cycles;
};
struct pw_dp_worker_stats {
	unsigned lcore;
	uint32_t rx_queues;
	uint64_t loops, idle_loops, sleeps;
	uint64_t busy_cycles, total_cycles;
	uint64_t rx, injected, replicated, tx, drops, punted;
	uint64_t handover_in, handover_out, handover_full;
	uint64_t retries;
	uint64_t learn_lost; /* reports that found the ring full: made again with the next frame */
	struct pw_dp_stage_stats stages[PW_DP_STAGE_COUNT];
};
uint32_t pw_dp_n_workers(const struct pw_dp *dp);
void pw_dp_worker_stats(const struct pw_dp *dp, uint32_t worker, struct pw_dp_worker_stats *stats);
void pw_dp_measure_cycles(struct pw_dp *dp, bool on);

struct pw_dp_ledger {
	uint64_t rx, injected, replicated, tx, drops, punted;
	int64_t in_flight; /* in rings between workers, or not yet counted: settles to 0 when
			      traffic stops */
};
void pw_dp_ledger(const struct pw_dp *dp, struct pw_dp_ledger *ledger);

/* Seconds of CLOCK_BOOTTIME as workers see them (the tick of FDB, flows, adjacencies). */
uint32_t pw_dp_now_sec(void);

#endif
