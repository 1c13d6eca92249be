/* SPDX-License-Identifier: BSD-3-Clause */
/* answer.c - who answers for an address (answer.h). */
#include "answer.h"
#include "local.h"
#include "punt.h"
#include "pw_parse.h"
#include "route.h"

static bool owns(const struct ctl_port *port, const struct pw_ip *ip)
{
	for (uint32_t i = 0; i < port->peers.n; i++) {
		if (pw_ip_equal(&port->peers.v[i].ip, ip))
			return true;
	}
	return false;
}

/* Do we forward packets for ip, and not back to where the question came from? */
static bool routes_elsewhere(
	const struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_ip *ip)
{
	const struct pw_route *route = pw_rib_match(ctl->rib, ip);
	const struct pw_adj *adj;

	if (route == NULL || pw_ip_is_link_local(ip))
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

bool ctl_answer_for(const struct pw_ctl *ctl, const struct ctl_port *port,
	const struct ctl_question *question, struct pw_mac *mac, bool *ours)
{
	const struct pw_ip *target = &question->target;
	const struct ctl_known *known;

	if (pw_ip_equal(target, &question->sender) || owns(port, target))
		return false; /* gratuitous, or asked for itself (RFC 5227 probe, RFC 4862) */
	*mac = pw_mac_from_u64(port->router_mac48);
	*ours = true;
	if (ctl_local_has(ctl, ctl_port_iface(port), target))
		return true;
	known = ctl_known_find(ctl, target);
	if (port->bridge == PW_BRIDGE_NONE) /* who has no address yet is told of real owners only */
		return pw_ip_is_zero(&question->sender) ? known != NULL
							: routes_elsewhere(ctl, port, target);
	if (known == NULL || known->bridge != port->bridge || known->port == port->index)
		return false;
	*mac = pw_mac_from_u64(known->mac48);
	*ours = false;
	return true;
}

/* The port of a bridge behind which this MAC is; PW_PORT_NONE: not known. */
static uint16_t bridge_port_of(const struct pw_ctl *ctl, uint16_t bridge, const struct pw_mac *mac)
{
	uint64_t found = pw_fdb_lookup(ctl->fdb, bridge, pw_mac_to_u64(mac));

	return found == PW_FDB_MISS ? PW_PORT_NONE : pw_fdb_result_port(found);
}

void ctl_answer_ask(
	struct pw_ctl *ctl, uint32_t iface, struct rte_mbuf *m, const struct pw_mac *dst_mac)
{
	uint16_t port = (uint16_t)iface;

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

void ctl_answer_pass_on(struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_pkt *pkt)
{
	if (port->bridge == PW_BRIDGE_NONE || (pkt->flags & PW_PKT_L2_MCAST) == 0)
		ctl_punt_consume(ctl, pkt->m);
	else
		ctl_punt_send(ctl, pkt->m, PW_DP_INJECT_NO_PUNT, port->index);
}

const struct ctl_port *ctl_answer_parse(struct pw_ctl *ctl, struct pw_pkt *pkt)
{
	const struct ctl_port *port = ctl_port_at(ctl, pkt->in_port);

	pw_parse_frame(pkt); /* m may have another head now */
	pkt->m->port = pkt->in_port;
	if (port != NULL && pkt->verdict == PW_VERDICT_CONTINUE)
		return port;
	ctl_punt_drop(ctl, pkt->m, port == NULL ? PW_DROP_TX_GONE : (enum pw_verdict)pkt->verdict);
	return NULL;
}
