/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arp.c - ARP on bridges and routed ports (arp.h).
 *
 * Bridge: we answer for its gateway addresses, and for pods of the bridge from what is known
 * instead of flooding (L2-8); everything else is bridged on. Routed port: we answer for our own
 * addresses, for the gateway of routed pods, and for whatever we have a route to by another port
 * (proxy ARP, as the Calico mode expects: L2-10).
 */
#include <string.h>

#include <rte_byteorder.h>

#include <rte_ip.h>

#include "arp.h"
#include "local.h"
#include "port_reg.h"
#include "punt.h"
#include "pw_build.h"
#include "pw_parse.h"
#include "route.h"

static const struct pw_mac broadcast_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
static const struct pw_mac unknown_mac;

static bool is_routed_gateway(uint32_t ip_be)
{
	return ip_be == rte_cpu_to_be_32(RTE_IPV4(169, 254, 1, 1));
}

static bool owns(const struct ctl_port *port, uint32_t ip_be)
{
	const struct pw_ip ip = pw_ip_from_v4(ip_be);

	for (uint32_t i = 0; i < port->peers.n; i++) {
		if (pw_ip_equal(&port->peers.v[i].ip, &ip))
			return true;
	}
	return false;
}

/* Do we forward packets for ip_be, and not back to where the question came from? */
static bool routes_elsewhere(const struct pw_ctl *ctl, const struct ctl_port *port, uint32_t ip_be)
{
	const struct pw_route *route = pw_rib_match(ctl->rib, ip_be);
	const struct pw_adj *adj;

	if (route == NULL)
		return false;
	adj = &pw_adj_array(ctl->adj)[route->adj];
	switch ((enum pw_adj_kind)adj->kind) {
	case PW_ADJ_LOCAL:
	case PW_ADJ_SERVICE:
		return true;
	case PW_ADJ_FORWARD:
	case PW_ADJ_GLEAN:
		return ctl_iface_of(adj->bridge, adj->port) != ctl_port_iface(port);
	default:
		return false;
	}
}

/* The MAC to answer with; false: not ours to answer. */
static bool answer_for(const struct pw_ctl *ctl, const struct ctl_port *port,
	const struct pw_arp *arp, struct pw_mac *mac)
{
	uint32_t iface = ctl_port_iface(port);
	const struct ctl_known *known;

	if (arp->target_be == arp->sender_be || owns(port, arp->target_be))
		return false; /* gratuitous, or asked for itself (RFC 5227 probe) */
	if (ctl_local_has(ctl, iface, arp->target_be)) {
		*mac = pw_mac_from_u64(port->router_mac48);
		return true;
	}
	if (port->bridge == PW_BRIDGE_NONE) {
		*mac = pw_mac_from_u64(port->router_mac48);
		return is_routed_gateway(arp->target_be) ||
		       routes_elsewhere(ctl, port, arp->target_be);
	}
	known = ctl_known_find(ctl, arp->target_be);
	if (known == NULL || known->bridge != port->bridge || known->port == port->index)
		return false;
	*mac = pw_mac_from_u64(known->mac48);
	return true;
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

	if (arp->sender_be != 0)
		pw_neigh_heard(ctl->neigh, ctl_port_iface(port), arp->sender_be, &arp->sender_mac,
			arp->op == 2 && to_us, ctl_now_ns(ctl));
}

/* Not for us to answer: the bridge does with it what it does with any frame. */
static void pass_on(struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_pkt *pkt)
{
	if (port->bridge == PW_BRIDGE_NONE || (pkt->flags & PW_PKT_L2_MCAST) == 0)
		ctl_punt_consume(ctl, pkt->m);
	else
		ctl_punt_send(ctl, pkt->m, PW_DP_INJECT_NO_PUNT, port->index);
}

void ctl_arp_input(struct pw_ctl *ctl, struct rte_mbuf *m, uint16_t in_port)
{
	const struct ctl_port *port = ctl_port_at(ctl, in_port);
	struct pw_pkt pkt = {.m = m, .in_port = in_port};
	struct pw_arp arp;
	struct pw_mac mac;

	pw_parse_frame(&pkt); /* m may have another head now */
	pkt.m->port = in_port;
	if (port == NULL) {
		ctl_punt_drop(ctl, pkt.m, PW_DROP_TX_GONE);
		return;
	}
	if (pkt.verdict != PW_VERDICT_CONTINUE || pw_arp_parse(&pkt, &arp) != 0) {
		ctl_punt_drop(ctl, pkt.m, PW_DROP_ARP);
		return;
	}
	hear(ctl, port, &arp, &pkt);
	if (arp.op == 1 && answer_for(ctl, port, &arp, &mac)) {
		reply(ctl, port, &arp, &mac);
		ctl_punt_consume(ctl, pkt.m);
		return;
	}
	pass_on(ctl, port, &pkt);
}

/* The port of a bridge behind which this MAC is; PW_PORT_NONE: not known. */
static uint16_t bridge_port_of(const struct pw_ctl *ctl, uint16_t bridge, const struct pw_mac *mac)
{
	uint64_t found = pw_fdb_lookup(ctl->fdb, bridge, pw_mac_to_u64(mac));

	return found == PW_FDB_MISS ? PW_PORT_NONE : pw_fdb_result_port(found);
}

void ctl_arp_request(
	struct pw_ctl *ctl, uint32_t iface, uint32_t ip_be, const struct pw_mac *dst_mac)
{
	const struct pw_mac ours = pw_mac_from_u64(ctl_iface_router_mac48(ctl, iface));
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctl->pool);
	uint16_t port = (uint16_t)iface;

	if (m == NULL)
		return;
	if (pw_build_arp(m, 1, dst_mac != NULL ? dst_mac : &broadcast_mac, &ours,
		    ctl_local_source(ctl, iface, ip_be), &unknown_mac, ip_be) != 0) {
		rte_pktmbuf_free(m);
		return;
	}
	if (iface & CTL_IFACE_PORT) {
		ctl_punt_send(ctl, m, PW_DP_INJECT_TX, port);
		return;
	}
	port = dst_mac != NULL ? bridge_port_of(ctl, (uint16_t)iface, dst_mac) : PW_PORT_NONE;
	if (port != PW_PORT_NONE)
		ctl_punt_send(ctl, m, PW_DP_INJECT_TX, port);
	else
		ctl_punt_send(ctl, m, PW_DP_INJECT_FLOOD, (uint16_t)iface);
}
