/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage_gather.c - one batch from everything that has packets for this worker.
 *
 * First what was begun before (retries), then what the control thread and other workers hand in,
 * then every rx queue once, starting with another one each time, until 64 packets are there. Many
 * small bursts of many pods become one batch. Nothing is looked at: the plain way does that, and counts.
 *
 * To try a TAP that has nothing is a system call. With ASK_FROM of them and more, one call asks
 * epoll which have something, so that a hundred silent pods cost the others nothing.
 */
#include "worker.h"

#define ASK_FROM 4 /* queues: below, trying all is as cheap as asking */

/* The n mbufs behind the batch's last become part of it. */
static void batch_add(struct worker *w, uint16_t in_port, uint32_t flags, uint16_t n)
{
	struct run *run = &w->runs[w->n_runs++];

	run->vp = view_port_at(w->view, in_port);
	run->flags = flags;
	run->is_received = false;
	run->in_port = in_port;
	run->first = w->batch.n;
	run->n = n;
	w->batch.n += n;
}

static void batch_add_one(struct worker *w, struct rte_mbuf *m, uint16_t in_port, uint32_t flags)
{
	w->mbufs[w->batch.n] = m;
	batch_add(w, in_port, flags, 1);
}

static void gather_retries(struct worker *w)
{
	for (uint32_t i = 0; i < w->n_retry; i++) {
		struct rte_mbuf *m = w->retry[i];

		batch_add_one(w, m, m->port, m->hash.fdir.lo | PW_PKT_RETRIED);
	}
	w->n_retry = 0;
}

/* Fragments that the NAT held until they could follow the first one of their datagram. */
static uint32_t gather_released(struct worker *w)
{
	uint32_t room = PW_BATCH_MAX - w->batch.n;
	struct pw_nat_released out[PW_BATCH_MAX];
	uint32_t n;

	if (w->dp->params.nat == NULL)
		return 0;
	n = pw_nat_released(w->dp->params.nat, w->id, out, room);
	if (w->dp->params.nat6 != NULL)
		n += pw_nat6_released(w->dp->params.nat6, w->id, out + n, room - n);
	for (uint32_t i = 0; i < n; i++) {
		if (out[i].verdict != PW_VERDICT_CONTINUE)
			drop_mbuf(w, out[i].in_port, out[i].verdict, out[i].m);
		else if (view_port_at(w->view, out[i].in_port) == NULL)
			drop_mbuf(w, out[i].in_port, PW_DROP_TX_GONE, out[i].m);
		else
			batch_add_one(w, out[i].m, out[i].in_port, PW_PKT_REINJECTED);
	}
	return n;
}

/* What the control thread gives: frames that only have to leave go straight to the port's buffer.
 */
static void inject_one(struct worker *w, struct rte_mbuf *m)
{
	uint32_t how = m->hash.fdir.hi;
	uint16_t port = m->port;
	const struct view_port *vp;
	const struct view_bridge *bridge;

	switch (how) {
	case PW_DP_INJECT_TX:
		vp = view_port_at(w->view, port);
		if (vp == NULL)
			drop_mbuf(w, port, PW_DROP_TX_GONE, m);
		else
			tx_port(w, vp, m);
		break;
	case PW_DP_INJECT_FLOOD:
		bridge = w->view->bridges[port];
		if (bridge == NULL)
			drop_mbuf(w, 0, PW_DROP_TX_GONE, m);
		else
			tx_flood(w, bridge, PW_PORT_NONE, m);
		break;
	case PW_DP_INJECT_ROUTE:
		batch_add_one(w, m, port, PW_PKT_REINJECTED | PW_PKT_ORIGINATED);
		break;
	default:
		if (view_port_at(w->view, port) == NULL) {
			drop_mbuf(w, port, PW_DROP_TX_GONE, m);
			break;
		}
		batch_add_one(w, m, port,
			PW_PKT_REINJECTED | (how == PW_DP_INJECT_NO_PUNT ? PW_PKT_NO_PUNT : 0));
		break;
	}
}

static uint32_t gather_injected(struct worker *w)
{
	void *objs[PW_PORT_BURST];
	uint32_t n = PW_MIN((uint32_t)PW_PORT_BURST, (uint32_t)(PW_BATCH_MAX - w->batch.n));

	n = pw_spsc_dequeue(w->inject, objs, n);
	for (uint32_t i = 0; i < n; i++)
		inject_one(w, objs[i]);
	w->counters.injected += n;
	return n;
}

static void gather_queue(struct worker *w, const struct view_rxq *rxq);

/* The queue is on its way to another worker: whoever comes second leaves it to the first. */
static __attribute__((cold)) void gather_locked(struct worker *w, const struct view_rxq *rxq)
{
	struct view_rxq mine = *rxq;

	if (!view_try_lock(rxq->lock))
		return;
	mine.lock = NULL;
	gather_queue(w, &mine);
	view_unlock(rxq->lock);
}

static void gather_queue(struct worker *w, const struct view_rxq *rxq)
{
	struct rte_mbuf **pkts = w->mbufs + w->batch.n;
	struct port_counters *counters = &w->ports[rxq->index];
	uint16_t room = (uint16_t)PW_MIN(PW_PORT_BURST, PW_BATCH_MAX - w->batch.n);
	uint16_t bad = 0, n;

	if (unlikely(rxq->lock != NULL)) {
		gather_locked(w, rxq);
		return;
	}
	n = pw_port_rx_burst(rxq->port, rxq->queue, pkts, room, &bad);
	if (n > 0) {
		w->counters.rx += n;
		batch_add(w, rxq->index, 0, n);
		w->runs[w->n_runs - 1].is_received = true;
	}
	if (unlikely(bad > 0)) { /* dropped by the driver before they became packets */
		counters->rx.packets += bad;
		counters->drops[PW_DROP_VNET_HDR] += bad;
		w->counters.rx += bad;
		w->counters.drops += bad;
	}
}

/* Queues of which epoll says that they have something, another one first each time. */
static void gather_ready(struct worker *w)
{
	struct view_rxq ready[PW_BATCH_MAX];
	uint32_t n = watch_ready(&w->watch, w->view, ready, PW_BATCH_MAX);

	w->woken |= n > 0;
	for (uint32_t i = 0; i < n && w->batch.n < PW_BATCH_MAX; i++)
		gather_queue(w, &ready[w->ready_next++ % n]);
}

/* Queues from the first one on, all of them until there are enough packets. */
static void gather_polled(struct worker *w, uint32_t first)
{
	const struct view_worker *vw = &w->view->workers[w->id];

	for (uint32_t i = first; i < vw->n_rxq && w->batch.n < PW_BATCH_MAX; i++) {
		if (w->gather_next >= vw->n_rxq || w->gather_next < first)
			w->gather_next = first;
		gather_queue(w, &vw->rxq[w->gather_next++]);
	}
}

static void gather_queues(struct worker *w)
{
	const struct view_worker *vw = &w->view->workers[w->id];

	if (vw->n_exact < ASK_FROM || unlikely(!w->watch.may_ask)) {
		gather_polled(w, 0);
		return;
	}
	/* Neither kind may fill every batch. */
	w->ready_last = !w->ready_last;
	if (!w->ready_last)
		gather_ready(w);
	gather_polled(w, vw->n_exact);
	if (w->ready_last)
		gather_ready(w);
}

uint32_t stage_gather(struct worker *w)
{
	uint32_t handed, injected, released;

	if (unlikely(w->watch.view_generation != w->view->generation))
		worker_follow(w);
	w->batch.n = 0;
	w->n_runs = 0;
	gather_retries(w);
	released = gather_released(w);
	injected = gather_injected(w);
	handed = tx_handed_over(w);
	gather_queues(w);
	return w->batch.n + handed + injected + released;
}
