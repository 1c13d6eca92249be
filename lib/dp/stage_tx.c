/* SPDX-License-Identifier: BSD-3-Clause */
/* stage_tx.c - the end of every packet: out, flooded, punted, tried again, or dropped with its
 * reason. */
#include "worker.h"

static void keep_for_retry(struct worker *w, struct pw_pkt *pkt)
{
	struct rte_mbuf *m = pkt->m;
	uint32_t tries = (pkt->flags & PW_PKT_RETRIED) != 0 ? m->hash.fdir.hi + 1 : 1;

	if (tries > RETRY_TRIES || w->n_retry == RETRY_MAX) {
		drop_mbuf(w, pkt->in_port, PW_DROP_FLOW_PENDING, m);
		return;
	}
	mbuf_note(m, pkt->in_port, pkt->flags & (PW_PKT_REINJECTED | PW_PKT_NO_PUNT), tries);
	w->retry[w->n_retry++] = m;
	w->counters.retries++;
}

static void flood(struct worker *w, struct pw_pkt *pkt)
{
	const struct view_bridge *bridge = w->view->bridges[pkt->bridge];
	uint16_t except = (pkt->flags & PW_PKT_ROUTED) != 0 ? PW_PORT_NONE : pkt->in_port;

	tx_flood(w, bridge, except, pkt->m);
}

/* n packets for one port. */
static void send_out(struct worker *w, struct pw_pkt *pkts, uint32_t n)
{
	uint16_t port = pkts[0].out_port;
	const struct view_port *vp;

	if (unlikely(port == PORT_FLOOD)) {
		for (uint32_t i = 0; i < n; i++)
			flood(w, &pkts[i]);
		return;
	}
	vp = view_port_at(w->view, port);
	if (likely(vp != NULL)) {
		tx_port_run(w, vp, pkts, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		drop_mbuf(w, pkts[i].in_port, PW_DROP_TX_GONE, pkts[i].m);
}

static inline bool leaves(const struct pw_pkt *pkt)
{
	static_assert(PW_VERDICT_CONTINUE == 0 && PW_VERDICT_TX == 1, "one comparison");
	return pkt->verdict <= PW_VERDICT_TX;
}

/* From pkts[0], which leaves, on: how many leave by the same port. */
static uint32_t same_way(const struct pw_pkt *pkts, uint32_t n)
{
	uint32_t same = 1;

	while (same < n && leaves(&pkts[same]) && pkts[same].out_port == pkts[0].out_port)
		same++;
	return same;
}

static void end_other(struct worker *w, struct pw_pkt *pkt)
{
	if (pkt->verdict == PW_VERDICT_RETRY)
		keep_for_retry(w, pkt);
	else if (pkt->verdict != PW_VERDICT_HELD) /* the NAT has it */
		drop_mbuf(w, pkt->in_port, pkt->verdict, pkt->m);
}

void stage_tx(struct worker *w)
{
	struct pw_pkt *pkts = w->batch.pkt;
	uint32_t n = w->batch.n, punts = 0, i = 0;

	while (i < n) {
		if (likely(leaves(&pkts[i]))) {
			uint32_t same = same_way(&pkts[i], n - i);

			send_out(w, &pkts[i], same);
			i += same;
		} else if (pkts[i].verdict == PW_VERDICT_PUNT) {
			punts++; /* in bulk, below */
			i++;
		} else {
			end_other(w, &pkts[i++]);
		}
	}
	if (punts > 0)
		punt_batch(w);
	tx_flush(w);
}
