/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tx.c - frames on their way out: per-port buffers, hand-over to the worker that owns the port,
 * flooding.
 *
 * A full ring or queue is a counted drop, never a wait.
 */
#include <rte_pause.h>

#include "tally.h"
#include "worker.h"

static void count_failed(struct worker *w, uint16_t port, unsigned reason, uint16_t n)
{
	w->counters.drops += n;
	w->ports[port].drops[reason] += n;
}

/* What did not leave of n frames; the frames that failed are the last of a burst. */
static __attribute__((cold)) void count_failures(
	struct worker *w, uint16_t port, const struct pw_tx_result *res)
{
	count_failed(w, port, PW_DROP_TX_FULL, res->full);
	count_failed(w, port, PW_DROP_TX_DOWN, res->down);
	count_failed(w, port, PW_DROP_TX_ERROR, res->error);
	count_failed(w, port, PW_DROP_MALFORMED_OFFLOAD, res->offload);
	count_failed(w, port, PW_DROP_NO_MBUF, res->no_mbuf);
}

/* Frames for one queue, and what is known of them. */
struct burst {
	struct rte_mbuf **pkts;
	const struct tally *tally;
	const uint32_t *lens;
	uint16_t n;
};

/* Most bursts need nothing that the port might lack: they go to the driver as they are. */
static void send_burst(
	const struct view_port *vp, uint16_t queue, const struct burst *b, struct pw_tx_result *res)
{
	if (likely(tally_is_plain(b->tally)))
		pw_port_tx_plain(vp->port, queue, b->pkts, b->n, res);
	else
		pw_port_tx_burst(vp->port, queue, b->pkts, b->n, res);
}

/* The queue is on its way to another worker: one of the two at a time. */
static __attribute__((cold)) void send_locked(
	const struct view_port *vp, uint16_t queue, const struct burst *b, struct pw_tx_result *res)
{
	while (!view_try_lock(&vp->locks->tx))
		rte_pause();
	send_burst(vp, queue, b, res);
	view_unlock(&vp->locks->tx);
}

static void send_counted(struct worker *w, const struct view_port *vp, const struct burst *b)
{
	struct pw_dp_dir_stats *stats = &w->ports[vp->index].tx;
	uint16_t queue = vp->tx_worker == PW_WORKER_SELF ? (uint16_t)w->id : 0;
	struct pw_tx_result res;

	tally_count_gso(b->tally, b->pkts, b->n, stats);
	if (likely(vp->locks == NULL))
		send_burst(vp, queue, b, &res);
	else
		send_locked(vp, queue, b, &res);
	w->counters.tx += res.sent;
	tally_count(b->tally, b->lens, res.sent, stats);
	if (unlikely(res.sent != b->n))
		count_failures(w, vp->index, &res);
}

static void flush_port(struct worker *w, const struct view_port *vp)
{
	struct tx_buffer *buf = &w->tx[vp->index];
	const struct burst b = {buf->pkts, &buf->tally, buf->lens, buf->n};

	if (buf->n == 0)
		return;
	buf->n = 0;
	send_counted(w, vp, &b);
}

static void flush_handover(struct worker *w, uint32_t to)
{
	struct tx_buffer *buf = &w->hand[to];
	struct worker *peer = w->dp->workers[to];
	uint32_t n;

	if (buf->n == 0)
		return;
	n = pw_spsc_enqueue(peer->handover[w->id], (void *const *)buf->pkts, buf->n);
	w->counters.handover_out += n;
	if (n > 0)
		worker_wake(peer);
	for (uint32_t i = n; i < buf->n; i++) {
		w->counters.handover_full++;
		drop_mbuf(w, buf->pkts[i]->port, PW_DROP_HANDOVER_FULL, buf->pkts[i]);
	}
	buf->n = 0;
}

static void hand_over(struct worker *w, const struct view_port *vp, struct rte_mbuf *m)
{
	struct tx_buffer *buf = &w->hand[vp->tx_worker];

	mbuf_note(m, vp->index, vp->generation, 0);
	buf->pkts[buf->n++] = m;
	if (buf->n == PW_PORT_BURST)
		flush_handover(w, vp->tx_worker);
}

/* `first`: the frame that comes into it next. */
static struct tx_buffer *own_buffer(
	struct worker *w, const struct view_port *vp, const struct rte_mbuf *first)
{
	struct tx_buffer *buf = &w->tx[vp->index];

	if (!buf->dirty) {
		buf->dirty = true;
		w->dirty[w->n_dirty++] = vp->index;
	}
	if (buf->n == 0)
		buf->tally = tally_of(first);
	return buf;
}

static void tx_own(struct worker *w, const struct view_port *vp, struct rte_mbuf *m)
{
	struct tx_buffer *buf = own_buffer(w, vp, m);

	tally_add(&buf->tally, buf->lens, buf->n, m);
	buf->pkts[buf->n++] = m;
	if (buf->n == PW_PORT_BURST)
		flush_port(w, vp);
}

/* As many of them as have room. */
static uint32_t tx_own_run(
	struct worker *w, const struct view_port *vp, const struct pw_pkt *pkts, uint32_t n)
{
	struct tx_buffer *buf = own_buffer(w, vp, pkts[0].m);
	struct tally tally = buf->tally;
	uint32_t room = PW_MIN(n, (uint32_t)(PW_PORT_BURST - buf->n));
	uint16_t port = vp->index;
	uint32_t taken = 0;

	while (taken < room && pkt_leaves(&pkts[taken]) && pkts[taken].out_port == port) {
		struct rte_mbuf *m = pkts[taken].m;

		buf->pkts[buf->n + taken] = m;
		tally_add(&tally, buf->lens, buf->n + taken, m);
		taken++;
	}
	buf->tally = tally;
	buf->n += (uint16_t)taken;
	if (buf->n == PW_PORT_BURST)
		flush_port(w, vp);
	return taken;
}

uint32_t tx_port_run(
	struct worker *w, const struct view_port *vp, const struct pw_pkt *pkts, uint32_t n)
{
	if (likely(vp->tx_worker == w->id || vp->tx_worker == PW_WORKER_SELF))
		return tx_own_run(w, vp, pkts, n);
	hand_over(w, vp, pkts[0].m);
	return 1;
}

void tx_port(struct worker *w, const struct view_port *vp, struct rte_mbuf *m)
{
	if (vp->tx_worker == w->id || vp->tx_worker == PW_WORKER_SELF)
		tx_own(w, vp, m);
	else
		hand_over(w, vp, m);
}

/* Whole bursts go out as they came; what is less waits for more. */
void tx_port_burst(struct worker *w, const struct view_port *vp, struct rte_mbuf **pkts, uint32_t n,
	const struct tally *t, const uint32_t *lens)
{
	const struct burst b = {pkts, t, lens, (uint16_t)n};

	if (likely(n >= PW_PORT_BURST / 2 && w->tx[vp->index].n == 0 &&
		    (vp->tx_worker == w->id || vp->tx_worker == PW_WORKER_SELF))) {
		send_counted(w, vp, &b);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		tx_port(w, vp, pkts[i]);
}

uint32_t tx_handed_over(struct worker *w)
{
	void *objs[PW_PORT_BURST];
	uint32_t total = 0, n;

	for (uint32_t from = 0; from < w->dp->params.n_workers; from++) {
		if (w->handover[from] == NULL)
			continue;
		n = pw_spsc_dequeue(w->handover[from], objs, PW_PORT_BURST);
		for (uint32_t i = 0; i < n; i++) {
			struct rte_mbuf *m = objs[i];
			const struct view_port *vp = view_port_at(w->view, m->port);

			if (unlikely(vp == NULL || vp->generation != m->hash.fdir.lo))
				drop_mbuf(w, m->port, PW_DROP_TX_GONE, m);
			else
				tx_port(w, vp, m); /* it may have moved on meanwhile */
		}
		total += n;
	}
	w->counters.handover_in += total;
	return total;
}

void tx_flood(struct worker *w, const struct view_bridge *bridge, uint16_t except_port,
	struct rte_mbuf *m)
{
	const struct view_port *last = NULL;

	for (uint16_t i = 0; i < bridge->n_ports; i++) {
		const struct view_port *vp = w->view->ports[bridge->ports[i]];
		struct rte_mbuf *copy;

		if (vp == NULL || (vp->index == except_port && !bridge->hairpin))
			continue;
		if (last != NULL) { /* the original goes to the last one: one copy fewer */
			w->counters.replicated++;
			copy = rte_pktmbuf_copy(m, w->dp->params.pool, 0, UINT32_MAX);
			if (copy != NULL)
				tx_port(w, last, copy);
			else
				count_drop(w, last->index, PW_DROP_NO_MBUF);
		}
		last = vp;
	}
	if (last != NULL)
		tx_port(w, last, m);
	else
		drop_mbuf(w, except_port == PW_PORT_NONE ? 0 : except_port, PW_DROP_L2_NO_PORT, m);
}

void tx_flush(struct worker *w)
{
	for (uint32_t i = 0; i < w->n_dirty; i++) {
		uint16_t port = w->dirty[i];

		flush_port(w,
			w->view->ports[port]); /* the view has not changed since it was buffered */
		w->tx[port].dirty = false;
	}
	w->n_dirty = 0;
	for (uint32_t to = 0; to < w->dp->params.n_workers; to++)
		flush_handover(w, to);
}
