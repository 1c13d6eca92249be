/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fragment.c - a packet without DF that is larger than its way out takes (ICMP-4, RFC 1812 5.3.6).
 *
 * It is final but for its size. What it asks of a device is done first: a checksum that was left partial is
 * of the whole datagram, a GSO frame is segmented. Rare, and slow beside everything else here.
 */
#include <errno.h>

#include "pw_csum.h"
#include "pw_frag.h"
#include "pw_gso.h"
#include "worker.h"

static void send_one(struct worker *w, const struct pw_pkt *pkt, struct rte_mbuf *m)
{
	const struct view_port *vp;

	if (pkt->out_port == PORT_FLOOD) {
		tx_flood(w, w->view->bridges[pkt->bridge], PW_PORT_NONE, m);
		return;
	}
	vp = view_port_at(w->view, pkt->out_port);
	if (vp != NULL)
		tx_port(w, vp, m);
	else
		drop_mbuf(w, pkt->in_port, PW_DROP_TX_GONE, m);
}

/* 0 or -errno; *sent grows by what has left. */
static int send_fragments(
	struct worker *w, const struct pw_pkt *pkt, const struct rte_mbuf *m, uint32_t *sent)
{
	const struct pw_adj *adj = &pw_adj_array(w->dp->params.adj)[pkt->adj];
	struct pw_frag4 f;
	struct rte_mbuf *frag;
	int ret = pw_frag4_init(&f, m, pkt->l3_off, adj->mtu);

	if (ret < 0)
		return ret;
	while ((ret = pw_frag4_next(&f, w->dp->params.pool, &frag)) > 0) {
		send_one(w, pkt, frag);
		(*sent)++;
	}
	return ret;
}

static int send_segments(struct worker *w, const struct pw_pkt *pkt, uint32_t *sent)
{
	struct rte_mbuf *segs[PW_GSO_SEGS_MAX];
	int n = pw_gso_segment(pkt->m, w->dp->params.pool, segs, PW_GSO_SEGS_MAX);
	int ret = n < 0 ? n : 0;

	for (int i = 0; i < n; i++) {
		if (ret == 0)
			ret = send_fragments(w, pkt, segs[i], sent);
		rte_pktmbuf_free(segs[i]);
	}
	return ret;
}

void tx_fragments(struct worker *w, struct pw_pkt *pkt)
{
	bool gso = (pkt->flags & PW_PKT_GSO) != 0;
	uint32_t sent = 0;
	int ret = gso ? send_segments(w, pkt, &sent) : pw_csum_finish_packet(pkt->m);

	if (ret == 0 && !gso)
		ret = send_fragments(w, pkt, pkt->m, &sent);
	if (ret == 0) { /* the packet lives on in its pieces */
		w->counters.replicated += sent - 1;
		rte_pktmbuf_free(pkt->m);
		return;
	}
	w->counters.replicated += sent;
	drop_mbuf(w, pkt->in_port, ret == -ENOMEM ? PW_DROP_NO_MBUF : PW_DROP_MALFORMED_OFFLOAD,
		pkt->m);
}
