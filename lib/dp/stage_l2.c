/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage_l2.c - bridging (IEEE 802.1Q): source learning, destination lookup; what goes to the
 * router.
 *
 * Leaves with out_port set (a port, or PORT_FLOOD), or with PW_PKT_ROUTED for l3, or with a
 * verdict.
 */
#include "worker.h"

static uint64_t load_mac48(const uint8_t *mac)
{
	uint64_t v;

	memcpy(&v, mac, sizeof(v)); /* two bytes too many: the EtherType or the other MAC follows */
	return rte_be_to_cpu_64(v) >> 16;
}

/* 01:80:c2:00:00:00-0f: never forwarded by a bridge (IEEE 802.1Q table 8-1). */
static bool is_reserved(uint64_t mac48)
{
	return (mac48 & ~UINT64_C(0xf)) == UINT64_C(0x0180c2000000);
}

static void punt_neighbour(struct pw_pkt *pkt)
{
	pkt->verdict = PW_VERDICT_PUNT;
	pkt->punt = (pkt->flags & PW_PKT_ARP) != 0 ? PW_PUNT_ARP : PW_PUNT_ND;
}

/* A frame for the router's own MAC. */
static void to_router(struct pw_pkt *pkt)
{
	pkt->flags |= PW_PKT_FOR_US;
	if (unlikely(pkt->flags & (PW_PKT_ARP | PW_PKT_ND))) {
		punt_neighbour(pkt);
	} else if (pkt->flags & (PW_PKT_IPV4 | PW_PKT_IPV6)) {
		pkt->flags |= PW_PKT_ROUTED;
	} else {
		pkt->verdict = PW_DROP_ETHERTYPE;
	}
}

/* Our own packets are routed, wherever their MACs point to. */
static void originated_run(struct worker *w, struct pw_pkt *pkts, uint32_t n)
{
	w->work |= PW_PKT_ROUTED;
	for (uint32_t i = 0; i < n; i++) {
		if (pkts[i].verdict == PW_VERDICT_CONTINUE)
			pkts[i].flags |= PW_PKT_ROUTED;
		w->work |= pkts[i].flags;
	}
}

static inline void routed_port(const struct view_port *vp, struct pw_pkt *pkt, uint64_t dst48)
{
	if (dst48 == vp->router_mac48) {
		to_router(pkt);
	} else if (pkt->flags & (PW_PKT_ARP | PW_PKT_ND)) {
		punt_neighbour(pkt);
	} else if (pkt->flags & PW_PKT_L2_MCAST) {
		pkt->verdict =
			(pkt->flags & PW_PKT_IPV6) != 0 ? PW_DROP_IP6_ROUTE : PW_DROP_MCAST_ROUTE;
	} else {
		pkt->verdict = PW_DROP_L2_NOT_OURS;
	}
}

/* Tells the control thread about sources that are new here. Neighbours in a burst are often from
 * one station, which is looked up once. */
static void learn_run(
	struct worker *w, const struct view_port *vp, const struct pw_pkt *pkts, uint32_t n)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < n; i++) {
		bool static_elsewhere = false;
		uint64_t src48;

		if (pkts[i].verdict != PW_VERDICT_CONTINUE)
			continue;
		src48 = load_mac48(pkts[i].data + 6);
		if (src48 == last)
			continue;
		last = src48;
		if (!pw_fdb_source_known(w->dp->params.fdb, vp->bridge, src48, vp->index,
			    w->now_sec, &static_elsewhere) &&
			!static_elsewhere)
			punt_learn(w, src48, vp->index);
	}
}

static void multicast(const struct view_port *vp, struct pw_pkt *pkt, uint64_t dst48)
{
	if (unlikely(is_reserved(dst48))) {
		pkt->verdict = PW_DROP_L2_RESERVED;
	} else if ((pkt->flags & (PW_PKT_ARP | PW_PKT_ND)) != 0 && vp->arp_punt &&
		   (pkt->flags & PW_PKT_NO_PUNT) == 0) {
		punt_neighbour(pkt);
	} else {
		pkt->out_port = PORT_FLOOD;
	}
}

static void routed_run(
	struct worker *w, const struct view_port *vp, struct pw_pkt *pkts, uint32_t n)
{
	uint32_t flags = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (likely(pkts[i].verdict == PW_VERDICT_CONTINUE))
			routed_port(vp, &pkts[i], load_mac48(pkts[i].data));
		flags |= pkts[i].flags;
	}
	w->work |= flags;
}

/* Frames whose destination is to be looked up: their buckets are on the way. */
struct wanted {
	const struct pw_map64 *map;
	uint32_t n;
	struct pw_pkt *pkt[PW_BATCH_MAX];
	const struct pw_map64_bucket *home[PW_BATCH_MAX];
	uint64_t key[PW_BATCH_MAX];
};

static void bridged_run(struct worker *w, const struct view_port *vp, struct pw_pkt *pkts,
	uint32_t n, struct wanted *wanted)
{
	const uint64_t router_mac48 = vp->router_mac48;
	const uint64_t bridge_key = pw_fdb_key(vp->bridge, 0);
	uint32_t n_wanted = wanted->n;

	if (vp->learn)
		learn_run(w, vp, pkts, n);
	for (uint32_t i = 0; i < n; i++) {
		struct pw_pkt *pkt = &pkts[i];
		uint64_t dst48;

		if (unlikely(pkt->verdict != PW_VERDICT_CONTINUE))
			continue;
		dst48 = load_mac48(pkt->data);
		if (unlikely(pkt->flags & PW_PKT_L2_MCAST)) {
			multicast(vp, pkt, dst48);
		} else if (dst48 == router_mac48) {
			to_router(pkt);
			w->work |= pkt->flags;
		} else {
			uint64_t key = bridge_key | dst48;

			wanted->pkt[n_wanted] = pkt;
			wanted->key[n_wanted] = key;
			wanted->home[n_wanted++] = pw_map64_home(wanted->map, key);
		}
	}
	wanted->n = n_wanted;
}

static void look_up(struct worker *w, const struct wanted *wanted)
{
	for (uint32_t i = 0; i < wanted->n; i++) {
		struct pw_pkt *pkt = wanted->pkt[i];
		uint64_t found;

		/* Key 0 (no MAC on bridge 0) would match a free slot. */
		if (unlikely(wanted->key[i] == 0 || !pw_map64_find(wanted->map, wanted->home[i],
							    wanted->key[i], &found))) {
			pkt->out_port = PORT_FLOOD;
			continue;
		}
		pkt->out_port = pw_fdb_result_port(found);
		if (unlikely(pkt->out_port == pkt->in_port) &&
			!w->view->ports[pkt->in_port]->hairpin)
			pkt->verdict = PW_DROP_L2_SAME_PORT;
	}
}

void stage_l2(struct worker *w)
{
	struct wanted wanted;

	w->work = 0;
	wanted.map = pw_fdb_map(w->dp->params.fdb);
	wanted.n = 0;
	for (uint16_t r = 0; r < w->n_runs; r++) {
		const struct run *run = &w->runs[r];
		struct pw_pkt *pkts = w->batch.pkt + run->first;

		if (unlikely(run->flags & PW_PKT_ORIGINATED))
			originated_run(w, pkts, run->n);
		else if (unlikely(run->vp == NULL))
			continue; /* all dropped */
		else if (run->vp->bridge == PW_BRIDGE_NONE)
			routed_run(w, run->vp, pkts, run->n);
		else
			bridged_run(w, run->vp, pkts, run->n, &wanted);
	}
	look_up(w, &wanted);
}
