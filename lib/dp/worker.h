/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker.h - one poll-mode worker: everything it owns, and the dp that all share.
 *
 * A field without a note is the worker's own. "R: ctl" fields are counters: written by the worker
 * with plain 64-bit stores, read by the control thread at any time.
 */
#ifndef PW_WORKER_H
#define PW_WORKER_H

#include "pw_dp.h"
#include "pw_spsc.h"
#include "tally.h"
#include "view.h"
#include "watch.h"

#define PUNT_RING     1024 /* packets to the control thread a worker */
#define LEARN_RING    512
#define INJECT_RING   512
#define HANDOVER_RING 4096 /* a broadcast to 250 pods is 125 frames for each of two workers */
#define RETRY_MAX     PW_BATCH_MAX
#define RETRY_TRIES   3
#define PUNT_PER_SEC  4096 /* a port and worker; more would only queue up behind others */
#define PORT_FLOOD    (PW_PORT_NONE - 1) /* out_port: every other port of the bridge */

/* Frames that wait for one port until 32 are there or the iteration ends. */
struct tx_buffer {
	uint16_t n;
	bool dirty; /* in worker.dirty[] */
	struct tally tally;
	uint32_t lens[PW_PORT_BURST];
	struct rte_mbuf *pkts[PW_PORT_BURST];
};

/* Packets that came one after the other from one port: what they have in common is looked up once. */
struct run {
	const struct view_port *vp; /* NULL: the port has gone */
	uint32_t flags;             /* what gather knows of them: enum pw_pkt_flags */
	uint16_t in_port;
	uint16_t first, n;  /* in the batch */
	bool is_received;   /* by the port, just now: plain counts them */
	struct tally tally; /* of received frames, and lens[]. W: plain  R: tx */
};

struct port_counters { /* R: ctl */
	struct pw_dp_dir_stats rx, tx;
	uint64_t drops[PW_VERDICT_COUNT];
} __attribute__((aligned(64)));

struct worker_counters { /* R: ctl */
	uint64_t loops, idle_loops, sleeps;
	uint64_t busy_cycles, total_cycles;
	uint64_t rx, injected, replicated, tx, drops, punted;
	uint64_t handover_in, handover_out, handover_full;
	uint64_t retries, learn_lost;
	struct pw_dp_stage_stats stages[PW_DP_STAGE_COUNT];
};

struct worker {
	struct pw_dp *dp;
	uint32_t id;
	unsigned lcore;
	const struct view *view; /* of this iteration */
	uint32_t now_sec;
	uint64_t next_sec_tsc, next_age_tsc;
	uint32_t gather_next; /* rx queue to start with */
	uint32_t ready_next;  /* and of those that say they have something */
	bool ready_last;      /* these after the others, this time */
	uint32_t age_budget;  /* flow lines looked at every age_tsc */
	uint64_t age_tsc;
	uint16_t *punt_left; /* [max_ports] punts a port may still make in this second */
	uint64_t idle_since_tsc;

	uint32_t n_retry;
	struct rte_mbuf *retry[RETRY_MAX];

	struct tx_buffer *tx; /* [max_ports] */
	uint16_t *dirty;      /* ports with frames in tx[] */
	uint32_t n_dirty;
	struct tx_buffer hand[PW_DP_MAX_WORKERS]; /* frames for ports of other workers */

	struct port_counters *ports; /* [max_ports] */
	struct worker_counters counters;

	struct pw_spsc *punt;                        /* W: worker  R: ctl; struct rte_mbuf * */
	struct pw_spsc *learn;                       /* W: worker  R: ctl; mac48 << 16 | port */
	struct pw_spsc *inject;                      /* W: ctl  R: worker; struct rte_mbuf * */
	struct pw_spsc *handover[PW_DP_MAX_WORKERS]; /* [from]  W: that worker  R: this one */

	int event_fd; /* wakes the worker */
	struct watch_set watch;
	bool woken;      /* a descriptor said that there is something */
	bool armed;      /* queues were asked to tell of packets */
	bool can_wait;   /* all of them will */
	uint32_t nap_ns; /* the next one lasts as long */
	uint32_t asleep __attribute__((aligned(64))); /* W, R: worker, ctl, others (atomic) */

	/* The batch: gather fills mbufs and runs, plain some of out_ports, parse the other packets. */
	uint16_t n_runs;
	uint16_t n_plain; /* packets that have an out_ports[] */
	uint32_t work; /* flags ROUTED, NAT: some packet may have them; else stages are skipped */
	struct run runs[PW_BATCH_MAX];
	struct rte_mbuf *mbufs[PW_BATCH_MAX];
	uint8_t *frames[PW_BATCH_MAX]; /* of received mbufs. W: plain */
	uint32_t lens[PW_BATCH_MAX];   /* of frames as received */
	/* Of frames that are ready to leave; PW_PORT_NONE: the stages from parse on decide. */
	uint16_t out_ports[PW_BATCH_MAX] __attribute__((aligned(64)));
	struct pw_batch batch __attribute__((aligned(64)));
} __attribute__((aligned(64)));

struct pw_dp {
	struct pw_dp_params params;
	struct view *view; /* W: ctl (release)  R: workers (acquire) */
	struct worker *workers[PW_DP_MAX_WORKERS];
	uint32_t stop;       /* W: ctl  R: workers (atomic) */
	uint32_t measure;    /* W: ctl  R: workers (atomic): cycles a stage */
	uint32_t ctl_wanted; /* W: workers  R: ctl (atomic): event written, not yet read */
	int event_fd;        /* wakes the control thread */
	bool running;
	uint32_t port_generation;
	uint32_t punt_next, learn_next, inject_next; /* workers in turn */
	uint64_t injected;                           /* packets put into inject rings. W: ctl */
	uint64_t tsc_hz;
	struct port_counters ctl;                /* the control thread's own drops, all ports */
	uint64_t (*ctl_drops)[PW_VERDICT_COUNT]; /* [max_ports] */
};

/* Stages: each handles the whole batch; those after parse skip packets whose verdict is not
 * CONTINUE. */
uint32_t stage_gather(struct worker *w); /* fills the batch; how much work was found, tx included */
void stage_plain(struct worker *w);
void stage_parse(struct worker *w);
void stage_guard(struct worker *w);
void stage_l2(struct worker *w);
void stage_flow(struct worker *w);
void stage_l3(struct worker *w);
void stage_rewrite(struct worker *w);
void stage_tx(struct worker *w);

/* ip6.c: what these stages do with IPv6, if there is any in the batch. */
void stage_ip6_flow(struct worker *w);
void stage_ip6_route(struct worker *w);
void stage_ip6_rewrite(struct worker *w);

int worker_main(void *arg);
bool worker_turn(struct worker *w);   /* one batch, if there is one; true if there was work */
void worker_idle(struct worker *w);   /* may sleep: nothing to do since idle_since_tsc */
void worker_busy(struct worker *w);   /* there was something to do */
void worker_follow(struct worker *w); /* there is a new view */
void worker_wake(struct worker *w);   /* any thread, after it gave the worker something */

/* tx.c: frames on their way out. The frame is final; m is consumed. */
void tx_port(struct worker *w, const struct view_port *vp, struct rte_mbuf *m);
/* pkts[0], which leaves by the port, and its neighbours that do so too, up to n: how many it took. */
uint32_t tx_port_run(
	struct worker *w, const struct view_port *vp, const struct pw_pkt *pkts, uint32_t n);
/* n <= PW_PORT_BURST frames in a row that all leave by the port; t, lens: of them. */
void tx_port_burst(struct worker *w, const struct view_port *vp, struct rte_mbuf **pkts, uint32_t n,
	const struct tally *t, const uint32_t *lens);
void tx_flood(struct worker *w, const struct view_bridge *bridge, uint16_t except_port,
	struct rte_mbuf *m);
void tx_flush(struct worker *w);
/* fragment.c: a packet that is final but for its size, by its out_port and the MTU of its adjacency. */
void tx_fragments(struct worker *w, struct pw_pkt *pkt);
uint32_t tx_handed_over(struct worker *w); /* takes what others handed over; how many */

/* punt.c */
void punt_batch(struct worker *w);
void punt_learn(struct worker *w, uint64_t mac48, uint16_t port);

/* view.c */
struct view *view_create(const struct pw_dp *dp);
void view_destroy(struct view *view);           /* the snapshot, not the ports and bridges in it */
struct view *view_copy(const struct pw_dp *dp); /* of the current one, without its queues */
int view_fill_queues(const struct pw_dp *dp, struct view *view); /* 0, -ENOMEM */
void view_publish(struct pw_dp *dp, struct view *view);
void view_retire(struct pw_dp *dp, pw_limbo_fn *fn, void *ctx, void *obj);

static inline const struct view_port *view_port_at(const struct view *view, uint16_t index)
{
	return index < view->max_ports ? view->ports[index] : NULL;
}

static inline bool pkt_leaves(const struct pw_pkt *pkt)
{
	static_assert(PW_VERDICT_CONTINUE == 0 && PW_VERDICT_TX == 1, "one comparison");
	return pkt->verdict <= PW_VERDICT_TX;
}

static inline void count_drop(struct worker *w, uint16_t port, unsigned reason)
{
	w->counters.drops++;
	w->ports[port].drops[reason]++;
}

static inline void drop_mbuf(struct worker *w, uint16_t port, unsigned reason, struct rte_mbuf *m)
{
	count_drop(w, port, reason);
	rte_pktmbuf_free(m);
}

/*
 * What an mbuf carries through a ring between threads, in its first cache line:
 *   port          port index (in port for punts and AGAIN, else out port or bridge)
 *   hash.fdir.lo  address to resolve (punt; of IPv6 where it is: punt.c), generation of the port
 *                 (handover), flags (retry)
 *   hash.fdir.hi  enum pw_punt | IPv6 << 6 | originated << 7 | adjacency << 8, enum pw_dp_inject, or
 *                 tries (retry)
 */
static inline void mbuf_note(struct rte_mbuf *m, uint16_t port, uint32_t lo, uint32_t hi)
{
	m->port = port;
	m->hash.fdir.lo = lo;
	m->hash.fdir.hi = hi;
}

#endif
