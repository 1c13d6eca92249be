/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * punt.c - packets and reports from workers to the control thread, and packets back.
 *
 * Each port has its share of the control thread (PUNT_PER_SEC), so that one that floods ARP or
 * unresolvable destinations does not starve the others (SEC-7).
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "pw_in6.h"
#include "worker.h"

#define IP6_DST 24 /* in the header */

static void wake_control(struct pw_dp *dp)
{
	if (__atomic_exchange_n(&dp->ctl_wanted, 1, __ATOMIC_SEQ_CST) == 0)
		(void)eventfd_write(dp->event_fd, 1);
}

#define NOTE_IPV6       (1u << 6)
#define NOTE_ORIGINATED (1u << 7)
#define NOTE_ADJ_SHIFT  8
static_assert(PW_PUNT_COUNT <= NOTE_IPV6, "reasons leave room for the flags");

/*
 * An IPv6 address has no room in the note: it tells where one is, in the header or in the flow. The
 * flow may be another one by then. So a wrong neighbour may be looked for, no more: the packet is
 * held untouched, and looked up again when it is given back.
 */
#define DST6_OF_FLOW  (1u << 31)
#define DST6_OF_REPLY (1u << 30)

static uint32_t note_dst6(const struct pw_pkt *pkt)
{
	if ((pkt->flags & PW_PKT_NAT) == 0)
		return pkt->l3_off;
	return pkt->flow | DST6_OF_FLOW | (pkt->flags & PW_PKT_NAT_REPLY ? DST6_OF_REPLY : 0);
}

static struct pw_ip noted_dst6(const struct pw_dp *dp, const struct rte_mbuf *m)
{
	const uint32_t note = m->hash.fdir.lo;
	const struct pw_pkt pkt = {.flow = note & ~(DST6_OF_FLOW | DST6_OF_REPLY),
		.flags = PW_PKT_NAT | (note & DST6_OF_REPLY ? PW_PKT_NAT_REPLY : 0)};

	if (note & DST6_OF_FLOW)
		return pw_in6_to_ip(pw_nat6_route_dst(dp->params.nat6, &pkt));
	return pw_in6_to_ip(pw_in6_load(rte_pktmbuf_mtod_offset(m, uint8_t *, note) + IP6_DST));
}

static void note(struct pw_pkt *pkt)
{
	bool v6 = (pkt->flags & PW_PKT_IPV6) != 0;

	mbuf_note(pkt->m, pkt->in_port, v6 ? note_dst6(pkt) : pkt->route_dst_be,
		pkt->punt | (v6 ? NOTE_IPV6 : 0) |
			(pkt->flags & PW_PKT_ORIGINATED ? NOTE_ORIGINATED : 0) |
			pkt->adj << NOTE_ADJ_SHIFT);
}

void punt_batch(struct worker *w)
{
	struct pw_batch *batch = &w->batch;
	uint32_t sent = 0;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct pw_pkt *pkt = &batch->pkt[i];
		void *obj = pkt->m;

		if (likely(pkt->verdict != PW_VERDICT_PUNT))
			continue;
		if (w->punt_left[pkt->in_port] == 0) {
			drop_mbuf(w, pkt->in_port, PW_DROP_PUNT_LIMIT, pkt->m);
			continue;
		}
		w->punt_left[pkt->in_port]--;
		note(pkt);
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

static uint32_t noted_adj(uint32_t hi)
{
	uint32_t adj = hi >> NOTE_ADJ_SHIFT;

	return adj == PW_ADJ_NONE >> NOTE_ADJ_SHIFT ? PW_ADJ_NONE : adj;
}

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
				.reason = (enum pw_punt)(hi & (NOTE_IPV6 - 1)),
				.originated = (hi & NOTE_ORIGINATED) != 0,
				.in_port = m->port,
				.adj = noted_adj(hi),
				.route_dst = hi & NOTE_IPV6 ? noted_dst6(dp, m)
							    : pw_ip_from_v4(m->hash.fdir.lo)};
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
