/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage_gather.c - one batch from everything that has packets for this worker.
 *
 * First what was begun before (retries), then what the control thread and other workers hand in,
 * then every rx queue once, starting with another one each time, until 64 packets are there. Many
 * small bursts of many pods become one batch.
 */
#include "worker.h"

static struct pw_pkt *batch_add(
	struct worker *w, struct rte_mbuf *m, uint16_t in_port, uint32_t flags)
{
	struct pw_pkt *pkt = &w->batch.pkt[w->batch.n++];

	pkt->m = m;
	pkt->in_port = in_port;
	pkt->flags = flags;
	return pkt;
}

static void gather_retries(struct worker *w)
{
	for (uint32_t i = 0; i < w->n_retry; i++) {
		struct rte_mbuf *m = w->retry[i];

		batch_add(w, m, m->port, m->hash.fdir.lo);
	}
	w->n_retry = 0;
}

/* What the control thread gives: frames that only have to leave go straight to the port's buffer.
 */
static void inject_one(struct worker *w, struct rte_mbuf *m)
{
	uint32_t how = m->hash.fdir.hi;
	uint16_t port = m->port;
	const struct view_port *vp;
	const struct view_bridge *bridge;

	m->hash.fdir.hi = 0; /* retry count starts here */
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
		batch_add(w, m, port, PW_PKT_REINJECTED | PW_PKT_ORIGINATED);
		break;
	default:
		if (view_port_at(w->view, port) == NULL) {
			drop_mbuf(w, port, PW_DROP_TX_GONE, m);
			break;
		}
		batch_add(w, m, port,
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

static void gather_queue(struct worker *w, const struct view_rxq *rxq)
{
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct port_counters *counters = &w->ports[rxq->index];
	uint16_t room = (uint16_t)PW_MIN(PW_PORT_BURST, PW_BATCH_MAX - w->batch.n);
	uint16_t bad = 0, n;

	n = pw_port_rx_burst(rxq->port, rxq->queue, pkts, room, &bad);
	for (uint16_t i = 0; i < n; i++) {
		if (i + 1 < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + 1], void *));
		count_frame(&counters->rx, pkts[i]);
		pkts[i]->hash.fdir.hi = 0; /* retry count */
		batch_add(w, pkts[i], rxq->index, 0);
	}
	w->counters.rx += n;
	if (unlikely(bad > 0)) { /* dropped by the driver before they became packets */
		counters->rx.packets += bad;
		counters->drops[PW_DROP_VNET_HDR] += bad;
		w->counters.rx += bad;
		w->counters.drops += bad;
	}
}

uint32_t stage_gather(struct worker *w)
{
	const struct view_worker *vw = &w->view->workers[w->id];
	uint32_t handed, injected;

	w->batch.n = 0;
	gather_retries(w);
	injected = gather_injected(w);
	handed = tx_handed_over(w);
	for (uint32_t i = 0; i < vw->n_rxq && w->batch.n < PW_BATCH_MAX; i++) {
		if (w->gather_next >= vw->n_rxq)
			w->gather_next = 0;
		gather_queue(w, &vw->rxq[w->gather_next++]);
	}
	return w->batch.n + handed + injected;
}
