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

/* pkts[0], which leaves, and perhaps some of the n - 1 behind it: how many it took. */
static uint32_t send_out(struct worker *w, struct pw_pkt *pkts, uint32_t n)
{
	const struct view_port *vp;

	if (unlikely(pkts[0].out_port == PORT_FLOOD)) {
		flood(w, &pkts[0]);
		return 1;
	}
	vp = view_port_at(w->view, pkts[0].out_port);
	if (likely(vp != NULL))
		return tx_port_run(w, vp, pkts, n);
	drop_mbuf(w, pkts[0].in_port, PW_DROP_TX_GONE, pkts[0].m);
	return 1;
}

static void end_other(struct worker *w, struct pw_pkt *pkt)
{
	if (pkt->verdict == PW_VERDICT_RETRY)
		keep_for_retry(w, pkt);
	else if (pkt->verdict == PW_VERDICT_FRAGMENT)
		tx_fragments(w, pkt);
	else if (pkt->verdict != PW_VERDICT_HELD) /* the NAT has it */
		drop_mbuf(w, pkt->in_port, pkt->verdict, pkt->m);
}

static void end_batch(struct worker *w)
{
	struct pw_pkt *pkts = w->batch.pkt;
	uint32_t n = w->batch.n, punts = 0, i = 0;

	while (i < n) {
		if (likely(pkt_leaves(&pkts[i]))) {
			i += send_out(w, &pkts[i], n - i);
		} else if (pkts[i].verdict == PW_VERDICT_PUNT) {
			punts++; /* in bulk, below */
			i++;
		} else {
			end_other(w, &pkts[i++]);
		}
	}
	if (punts > 0)
		punt_batch(w);
}

/* How many of n, from the first on, have the same port. */
static uint32_t same_port(const uint16_t *ports, uint32_t n)
{
	uint64_t four = ports[0] * UINT64_C(0x0001000100010001), next;
	uint32_t i = 0;

	for (; i + 4 <= n; i += 4) {
		memcpy(&next, &ports[i], sizeof(next));
		if (next != four)
			break;
	}
	while (i < n && ports[i] == ports[0])
		i++;
	return i;
}

/* Every packet of the run is ready. */
static void send_run(struct worker *w, const struct run *run)
{
	struct rte_mbuf **pkts = w->mbufs + run->first;
	const uint16_t *ports = w->out_ports + run->first;
	uint32_t i = 0, n;

	for (; i < run->n; i += n) {
		const struct view_port *vp = view_port_at(w->view, ports[i]);

		n = same_port(ports + i, run->n - i);
		if (likely(vp != NULL && n == run->n)) {
			tx_port_burst(w, vp, pkts, n, &run->tally, w->lens + run->first);
			return;
		}
		for (uint32_t k = i; k < i + n; k++) {
			if (likely(vp != NULL))
				tx_port(w, vp, pkts[k]);
			else
				drop_mbuf(w, run->in_port, PW_DROP_TX_GONE, pkts[k]);
		}
	}
}

void stage_tx(struct worker *w)
{
	if (likely(w->n_plain == w->batch.n)) {
		for (uint16_t r = 0; r < w->n_runs; r++)
			send_run(w, &w->runs[r]);
	} else {
		end_batch(w);
	}
	tx_flush(w);
}
