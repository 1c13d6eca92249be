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

/* A frame for the router's own MAC. */
static void to_router(struct pw_pkt *pkt)
{
	pkt->flags |= PW_PKT_FOR_US;
	if (pkt->flags & PW_PKT_IPV4) {
		pkt->flags |= PW_PKT_ROUTED;
	} else if (pkt->flags & PW_PKT_ARP) {
		pkt->verdict = PW_VERDICT_PUNT;
		pkt->punt = PW_PUNT_ARP;
	} else {
		pkt->verdict =
			(pkt->flags & PW_PKT_IPV6) != 0 ? PW_DROP_IP6_ROUTE : PW_DROP_ETHERTYPE;
	}
}

static void routed_port(const struct view_port *vp, struct pw_pkt *pkt, uint64_t dst48)
{
	if (dst48 == vp->router_mac48) {
		to_router(pkt);
	} else if (pkt->flags & PW_PKT_ARP) {
		pkt->verdict = PW_VERDICT_PUNT;
		pkt->punt = PW_PUNT_ARP;
	} else if (pkt->flags & PW_PKT_L2_MCAST) {
		pkt->verdict =
			(pkt->flags & PW_PKT_IPV6) != 0 ? PW_DROP_IP6_ROUTE : PW_DROP_MCAST_ROUTE;
	} else {
		pkt->verdict = PW_DROP_L2_NOT_OURS;
	}
}

static void learn_source(struct worker *w, const struct view_port *vp, const struct pw_pkt *pkt)
{
	uint64_t src48 = load_mac48(pkt->data + 6);
	bool static_elsewhere = false;

	if (!pw_fdb_source_known(w->dp->params.fdb, vp->bridge, src48, vp->index, w->now_sec,
		    &static_elsewhere) &&
		!static_elsewhere)
		punt_learn(w, src48, vp->index);
}

static void bridged_port(
	struct worker *w, const struct view_port *vp, struct pw_pkt *pkt, uint64_t dst48)
{
	uint64_t found;

	if (vp->learn)
		learn_source(w, vp, pkt);
	if (pkt->flags & PW_PKT_L2_MCAST) {
		if (unlikely(is_reserved(dst48))) {
			pkt->verdict = PW_DROP_L2_RESERVED;
		} else if ((pkt->flags & PW_PKT_ARP) != 0 && vp->arp_punt &&
			   (pkt->flags & PW_PKT_NO_PUNT) == 0) {
			pkt->verdict = PW_VERDICT_PUNT;
			pkt->punt = PW_PUNT_ARP;
		} else {
			pkt->out_port = PORT_FLOOD;
		}
		return;
	}
	if (dst48 == vp->router_mac48) {
		to_router(pkt);
		return;
	}
	found = pw_fdb_lookup(w->dp->params.fdb, vp->bridge, dst48);
	if (unlikely(found == PW_FDB_MISS)) {
		pkt->out_port = PORT_FLOOD;
		return;
	}
	pkt->out_port = pw_fdb_result_port(found);
	if (unlikely(pkt->out_port == vp->index && !vp->hairpin))
		pkt->verdict = PW_DROP_L2_SAME_PORT;
}

void stage_l2(struct worker *w)
{
	struct pw_batch *batch = &w->batch;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct pw_pkt *pkt = &batch->pkt[i];
		const struct view_port *vp;
		uint64_t dst48;

		if (pkt->verdict != PW_VERDICT_CONTINUE)
			continue;
		if (unlikely(pkt->flags & PW_PKT_ORIGINATED)) {
			pkt->flags |= PW_PKT_ROUTED;
			continue;
		}
		vp = w->view->ports[pkt->in_port];
		dst48 = load_mac48(pkt->data);
		if (vp->bridge == PW_BRIDGE_NONE)
			routed_port(vp, pkt, dst48);
		else
			bridged_port(w, vp, pkt, dst48);
	}
}
