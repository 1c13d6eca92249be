/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tx.c - frames on their way out: per-port buffers, hand-over to the worker that owns the port,
 * flooding.
 *
 * A full ring or queue is a counted drop, never a wait.
 */
#include "worker.h"

static void count_failed(struct worker *w, uint16_t port, unsigned reason, uint16_t n)
{
	w->counters.drops += n;
	w->ports[port].drops[reason] += n;
}

static void flush_port(struct worker *w, const struct view_port *vp)
{
	struct tx_buffer *buf = &w->tx[vp->index];
	struct port_counters *counters = &w->ports[vp->index];
	struct pw_dp_dir_stats before = counters->tx;
	struct pw_tx_result res = {0};
	uint32_t lens[PW_PORT_BURST];
	uint16_t n = buf->n, queue;

	if (n == 0)
		return;
	for (uint16_t i = 0; i < n; i++) {
		lens[i] = buf->pkts[i]->pkt_len;
		count_frame(&counters->tx, buf->pkts[i]);
	}
	queue = vp->tx_worker == PW_WORKER_SELF ? (uint16_t)w->id : 0;
	pw_port_tx_burst(vp->port, queue, buf->pkts, n, &res);
	buf->n = 0;
	w->counters.tx += res.sent;
	if (likely(res.sent == n))
		return;
	/* Rare: count again only what left; the frames that failed are the last of a burst. */
	before.gso_packets = counters->tx.gso_packets;
	counters->tx = before;
	for (uint16_t i = 0; i < res.sent; i++) {
		counters->tx.packets++;
		counters->tx.bytes += lens[i];
		counters->tx.sizes[size_bucket(lens[i])]++;
		counters->tx.max_frame_bytes = PW_MAX(counters->tx.max_frame_bytes, lens[i]);
	}
	count_failed(w, vp->index, PW_DROP_TX_FULL, res.full);
	count_failed(w, vp->index, PW_DROP_TX_DOWN, res.down);
	count_failed(w, vp->index, PW_DROP_TX_ERROR, res.error);
	count_failed(w, vp->index, PW_DROP_MALFORMED_OFFLOAD, res.offload);
	count_failed(w, vp->index, PW_DROP_NO_MBUF, res.no_mbuf);
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

static void tx_own(struct worker *w, const struct view_port *vp, struct rte_mbuf *m)
{
	struct tx_buffer *buf = &w->tx[vp->index];

	buf->pkts[buf->n++] = m;
	if (!buf->dirty) {
		buf->dirty = true;
		w->dirty[w->n_dirty++] = vp->index;
	}
	if (buf->n == PW_PORT_BURST)
		flush_port(w, vp);
}

void tx_port(struct worker *w, const struct view_port *vp, struct rte_mbuf *m)
{
	if (vp->tx_worker == w->id || vp->tx_worker == PW_WORKER_SELF)
		tx_own(w, vp, m);
	else
		hand_over(w, vp, m);
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
				tx_own(w, vp, m);
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
