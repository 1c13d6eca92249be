/* SPDX-License-Identifier: BSD-3-Clause */
/* arp.c - ARP on bridges and routed ports (arp.h). Who answers for whom is in answer.c. */
#include "answer.h"
#include "arp.h"
#include "local.h"
#include "punt.h"
#include "pw_build.h"

static const struct pw_mac broadcast_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
static const struct pw_mac unknown_mac;

static bool answer_for(const struct pw_ctl *ctl, const struct ctl_port *port,
	const struct pw_arp *arp, struct pw_mac *mac)
{
	const struct ctl_question question = {
		.sender = pw_ip_from_v4(arp->sender_be), .target = pw_ip_from_v4(arp->target_be)};
	bool ours;

	return ctl_answer_for(ctl, port, &question, mac, &ours);
}

static void reply(struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_arp *arp,
	const struct pw_mac *mac)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctl->pool);

	if (m == NULL)
		return;
	if (pw_build_arp(m, 2, &arp->sender_mac, mac, arp->target_be, &arp->sender_mac,
		    arp->sender_be) != 0) {
		rte_pktmbuf_free(m);
		return;
	}
	ctl_punt_send(ctl, m, PW_DP_INJECT_TX, port->index);
}

/* What the sender says of itself is news of a neighbour; only an answer to us confirms it. */
static void hear(struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_arp *arp,
	const struct pw_pkt *pkt)
{
	bool to_us = (pkt->flags & PW_PKT_L2_MCAST) == 0;
	const struct pw_ip sender = pw_ip_from_v4(arp->sender_be);

	if (arp->sender_be != 0)
		pw_neigh_heard(ctl->neigh, ctl_port_iface(port), &sender, &arp->sender_mac,
			arp->op == 2 && to_us, ctl_now_ns(ctl));
}

void ctl_arp_input(struct pw_ctl *ctl, struct rte_mbuf *m, uint16_t in_port)
{
	struct pw_pkt pkt = {.m = m, .in_port = in_port};
	const struct ctl_port *port = ctl_answer_parse(ctl, &pkt);
	struct pw_arp arp;
	struct pw_mac mac;

	if (port == NULL)
		return;
	if (pw_arp_parse(&pkt, &arp) != 0) {
		ctl_punt_drop(ctl, pkt.m, PW_DROP_ARP);
		return;
	}
	hear(ctl, port, &arp, &pkt);
	if (arp.op == 1 && answer_for(ctl, port, &arp, &mac)) {
		reply(ctl, port, &arp, &mac);
		ctl_punt_consume(ctl, pkt.m);
		return;
	}
	ctl_answer_pass_on(ctl, port, &pkt);
}

void ctl_arp_request(
	struct pw_ctl *ctl, uint32_t iface, uint32_t ip_be, const struct pw_mac *dst_mac)
{
	const struct pw_mac ours = pw_mac_from_u64(ctl_iface_router_mac48(ctl, iface));
	const struct pw_ip target = pw_ip_from_v4(ip_be);
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctl->pool);

	if (m == NULL)
		return;
	if (pw_build_arp(m, 1, dst_mac != NULL ? dst_mac : &broadcast_mac, &ours,
		    ctl_local_source(ctl, iface, &target).v4_be, &unknown_mac, ip_be) != 0)
		rte_pktmbuf_free(m);
	else
		ctl_answer_ask(ctl, iface, m, dst_mac);
}
