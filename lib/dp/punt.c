/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * punt.c - packets and reports from workers to the control thread, and packets back.
 *
 * Each port has its share of the control thread (PUNT_PER_SEC), so that one that floods ARP or
 * unresolvable destinations does not starve the others (SEC-7).
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "worker.h"

static void wake_control(struct pw_dp *dp)
{
	if (__atomic_exchange_n(&dp->ctl_wanted, 1, __ATOMIC_SEQ_CST) == 0)
		(void)eventfd_write(dp->event_fd, 1);
}

void punt_batch(struct worker *w)
{
	struct pw_batch *batch = &w->batch;
	uint32_t sent = 0;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct pw_pkt *pkt = &batch->pkt[i];
		uint32_t originated = (pkt->flags & PW_PKT_ORIGINATED) != 0;
		void *obj = pkt->m;

		if (likely(pkt->verdict != PW_VERDICT_PUNT))
			continue;
		if (w->punt_left[pkt->in_port] == 0) {
			drop_mbuf(w, pkt->in_port, PW_DROP_PUNT_LIMIT, pkt->m);
			continue;
		}
		w->punt_left[pkt->in_port]--;
		mbuf_note(pkt->m, pkt->in_port, pkt->route_dst_be,
			pkt->punt | originated << 7 | pkt->adj << 8);
		if (pw_spsc_enqueue(w->punt, &obj, 1) == 1)
			sent++;
		else
			drop_mbuf(w, pkt->in_port, PW_DROP_PUNT_FULL, pkt->m);
	}
	if (sent > 0) {
		w->counters.punted += sent;
		wake_control(w->dp);
	}
}

void punt_learn(struct worker *w, uint64_t mac48, uint16_t port)
{
	void *obj = (void *)(uintptr_t)(mac48 << 16 | port);

	if (pw_spsc_enqueue(w->learn, &obj, 1) == 1)
		wake_control(w->dp);
	else
		w->counters.learn_lost++;
}

/* ---- the control thread's side ---- */

uint32_t pw_dp_punts(struct pw_dp *dp, struct pw_dp_punt *punts, uint32_t n)
{
	uint32_t got = 0;

	__atomic_store_n(&dp->ctl_wanted, 0, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < dp->params.n_workers && got < n; i++) {
		struct worker *w = dp->workers[dp->punt_next++ % dp->params.n_workers];
		void *obj;

		while (got < n && pw_spsc_dequeue(w->punt, &obj, 1) == 1) {
			struct rte_mbuf *m = obj;
			uint32_t hi = m->hash.fdir.hi;

			punts[got++] = (struct pw_dp_punt){.m = m,
				.reason = (enum pw_punt)(hi & 0x7f),
				.originated = (hi >> 7 & 1) != 0,
				.in_port = m->port,
				.adj = hi >> 8 == PW_ADJ_NONE >> 8 ? PW_ADJ_NONE : hi >> 8,
				.route_dst_be = m->hash.fdir.lo};
		}
	}
	return got;
}

uint32_t pw_dp_learns(struct pw_dp *dp, struct pw_dp_learn *learns, uint32_t n)
{
	uint32_t got = 0;

	for (uint32_t i = 0; i < dp->params.n_workers && got < n; i++) {
		struct worker *w = dp->workers[dp->learn_next++ % dp->params.n_workers];
		void *obj;

		while (got < n && pw_spsc_dequeue(w->learn, &obj, 1) == 1) {
			uint64_t v = (uint64_t)(uintptr_t)obj;

			learns[got++] = (struct pw_dp_learn){.mac48 = v >> 16, .port = (uint16_t)v};
		}
	}
	return got;
}

int pw_dp_inject(struct pw_dp *dp, struct rte_mbuf *m, enum pw_dp_inject how, uint16_t port)
{
	struct worker *w = NULL;
	const struct view_port *vp = NULL;
	void *obj = m;

	if (how == PW_DP_INJECT_FLOOD ? port >= PW_DP_MAX_BRIDGES : port >= dp->params.max_ports)
		return -EINVAL;
	/* The worker that owns the port, to keep the order of its frames; else workers in turn. */
	if (how != PW_DP_INJECT_FLOOD)
		vp = view_port_at(dp->view, port);
	if (vp != NULL)
		w = dp->workers[vp->rx_worker[0]];
	else
		w = dp->workers[dp->inject_next++ % dp->params.n_workers];
	mbuf_note(m, port, 0, how);
	if (pw_spsc_enqueue(w->inject, &obj, 1) != 1)
		return -ENOBUFS;
	dp->injected++;
	worker_wake(w);
	return 0;
}

int pw_dp_event_fd(const struct pw_dp *dp)
{
	return dp->event_fd;
}
