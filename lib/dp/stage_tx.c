/* SPDX-License-Identifier: BSD-3-Clause */
/* stage_tx.c - the end of every packet: out, flooded, punted, tried again, or dropped with its
 * reason. */
#include "worker.h"

static void keep_for_retry(struct worker *w, struct pw_pkt *pkt)
{
	struct rte_mbuf *m = pkt->m;
	uint32_t tries = m->hash.fdir.hi + 1;

	if (tries > RETRY_TRIES || w->n_retry == RETRY_MAX) {
		drop_mbuf(w, pkt->in_port, PW_DROP_FLOW_PENDING, m);
		return;
	}
	mbuf_note(m, pkt->in_port, pkt->flags & (PW_PKT_REINJECTED | PW_PKT_NO_PUNT), tries);
	w->retry[w->n_retry++] = m;
	w->counters.retries++;
}

static void send_out(struct worker *w, struct pw_pkt *pkt)
{
	const struct view_port *vp;

	if (unlikely(pkt->out_port == PORT_FLOOD)) {
		const struct view_bridge *bridge = w->view->bridges[pkt->bridge];
		uint16_t except = (pkt->flags & PW_PKT_ROUTED) != 0 ? PW_PORT_NONE : pkt->in_port;

		tx_flood(w, bridge, except, pkt->m);
		return;
	}
	vp = view_port_at(w->view, pkt->out_port);
	if (unlikely(vp == NULL))
		drop_mbuf(w, pkt->in_port, PW_DROP_TX_GONE, pkt->m);
	else
		tx_port(w, vp, pkt->m);
}

void stage_tx(struct worker *w)
{
	struct pw_batch *batch = &w->batch;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct pw_pkt *pkt = &batch->pkt[i];

		switch (pkt->verdict) {
		case PW_VERDICT_CONTINUE:
		case PW_VERDICT_TX:
			send_out(w, pkt);
			break;
		case PW_VERDICT_PUNT:
			break; /* in bulk, below */
		case PW_VERDICT_RETRY:
			keep_for_retry(w, pkt);
			break;
		default:
			drop_mbuf(w, pkt->in_port, pkt->verdict, pkt->m);
			break;
		}
	}
	punt_batch(w);
	tx_flush(w);
}
