/* SPDX-License-Identifier: BSD-3-Clause */
/* nd.c - neighbour discovery on bridges and routed ports (nd.h). */
#include "answer.h"
#include "bridge.h"
#include "local.h"
#include "nd.h"
#include "punt.h"
#include "pw_build6.h"

#define RA_LIFETIME_SEC 1800 /* AdvDefaultLifetime: 3 * MaxRtrAdvInterval (RFC 4861 6.2.1) */
#define RA_EVERY_SEC    200  /* MinRtrAdvInterval: 0.33 * MaxRtrAdvInterval */

/* ---- answers ---- */

/* To who asked; to all nodes, if it has no address yet. */
static void advertise(struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_nd *nd,
	const struct pw_mac *asker, const struct pw_mac *mac, bool ours)
{
	const bool dad = nd->src_be == 0;
	const uint8_t flags =
		PW_ND_OVERRIDE | (dad ? 0 : PW_ND_SOLICITED) | (ours ? PW_ND_ROUTER : 0);
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctl->pool);

	if (m == NULL)
		return;
	if (pw_build_nd_advert(m, nd->target_be, mac, dad ? pw_in6_all_nodes() : nd->src_be,
		    dad ? NULL : asker, nd->target_be, mac, flags) == 0)
		ctl_punt_send(ctl, m, PW_DP_INJECT_TX, port->index);
	else
		rte_pktmbuf_free(m);
}

static bool solicited(struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_nd *nd,
	const struct pw_mac *asker)
{
	const struct ctl_question question = {
		.sender = pw_in6_to_ip(nd->src_be), .target = pw_in6_to_ip(nd->target_be)};
	struct pw_mac mac;
	bool ours;

	if (!ctl_answer_for(ctl, port, &question, &mac, &ours))
		return false;
	advertise(ctl, port, nd, asker, &mac, ours);
	return true;
}

/* ---- news of neighbours ---- */

/* An advertisement that must not override changes no MAC that is in use (RFC 4861 7.2.5). */
static bool may_change(struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip,
	const struct pw_mac *mac, uint8_t flags)
{
	const struct pw_neigh *neigh = pw_neigh_find(ctl->neigh, iface, ip);
	struct pw_neigh_info info;

	if (neigh == NULL || flags & PW_ND_OVERRIDE)
		return true;
	pw_neigh_info(neigh, ctl_now_ns(ctl), &info);
	return pw_mac_is_zero(&info.mac) || pw_mac_equal(&info.mac, mac);
}

static void hear(struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_nd *nd,
	const struct pw_mac *frame_src)
{
	const bool advert = nd->type == PW_ND_NA;
	const struct pw_ip ip = pw_in6_to_ip(advert ? nd->target_be : nd->src_be);
	/* A solicited advertisement may leave its MAC out: who asked knows where it came from. */
	const struct pw_mac *mac = nd->has_mac ? &nd->mac : frame_src;
	uint32_t iface = ctl_port_iface(port);

	if (pw_ip_is_zero(&ip) || (!advert && !nd->has_mac) ||
		(advert && !may_change(ctl, iface, &ip, mac, nd->flags)))
		return;
	pw_neigh_heard(ctl->neigh, iface, &ip, mac, advert && nd->flags & PW_ND_SOLICITED,
		ctl_now_ns(ctl));
}

/* ---- router advertisements ---- */

static struct pw_nd_router router_of(const struct pw_ctl *ctl, const struct ctl_bridge *bridge)
{
	const struct pw_conf_prefixes *gateways = &bridge->conf->gateways;
	struct pw_nd_router router = {
		.lifetime_sec = RA_LIFETIME_SEC, .mtu = (uint16_t)ctl->conf->pods.mtu};

	for (uint32_t i = 0; i < gateways->n && router.n_prefixes < PW_ND_RA_PREFIXES; i++) {
		if (gateways->v[i].ip.family == PW_IPV6)
			router.prefixes[router.n_prefixes++] = gateways->v[i];
	}
	return router;
}

/* dst_mac NULL: to all nodes of the bridge; else to who asked, behind `port`. */
static void advertise_router(struct pw_ctl *ctl, const struct ctl_bridge *bridge, pw_in6 dst_be,
	const struct pw_mac *dst_mac, uint16_t port)
{
	const struct pw_mac mac = pw_mac_from_u64(bridge->router_mac48);
	const struct pw_nd_router router = router_of(ctl, bridge);
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctl->pool);

	if (m == NULL)
		return;
	if (pw_build_nd_router(m, &mac, dst_be, dst_mac, &router) != 0)
		rte_pktmbuf_free(m);
	else if (dst_mac != NULL)
		ctl_punt_send(ctl, m, PW_DP_INJECT_TX, port);
	else
		ctl_punt_send(ctl, m, PW_DP_INJECT_FLOOD, bridge->id);
}

static bool router_solicited(struct pw_ctl *ctl, const struct ctl_port *port,
	const struct pw_nd *nd, const struct pw_mac *asker)
{
	const struct ctl_bridge *bridge = ctl_bridge_at(ctl, port->bridge);

	if (bridge == NULL || !bridge->conf->router_advert)
		return false;
	if (nd->src_be == 0)
		advertise_router(ctl, bridge, pw_in6_all_nodes(), NULL, port->index);
	else
		advertise_router(ctl, bridge, nd->src_be, asker, port->index);
	return true;
}

static void every_second(struct pw_ctl *ctl)
{
	if (ctl_now_sec(ctl) % RA_EVERY_SEC != 0)
		return;
	for (uint16_t i = 0; i < ctl->n_bridges; i++) {
		const struct ctl_bridge *bridge = ctl_bridge_at(ctl, i);

		if (bridge->conf->router_advert)
			advertise_router(ctl, bridge, pw_in6_all_nodes(), NULL, PW_PORT_NONE);
	}
}

/* ---- in, out ---- */

void ctl_nd_input(struct pw_ctl *ctl, struct rte_mbuf *m, uint16_t in_port)
{
	struct pw_pkt pkt = {.m = m, .in_port = in_port};
	const struct ctl_port *port = ctl_answer_parse(ctl, &pkt);
	struct pw_mac sender;
	bool answered = false;
	struct pw_nd nd;

	if (port == NULL)
		return;
	if (pw_nd_parse(&pkt, &nd) != 0) {
		ctl_punt_drop(ctl, pkt.m, PW_DROP_ND);
		return;
	}
	memcpy(sender.b, pkt.data + 6, sizeof(sender.b));
	if (nd.type != PW_ND_REDIRECT && nd.type != PW_ND_RA)
		hear(ctl, port, &nd, &sender);
	if (nd.type == PW_ND_NS)
		answered = solicited(ctl, port, &nd, &sender);
	else if (nd.type == PW_ND_RS)
		answered = router_solicited(ctl, port, &nd, &sender);
	if (answered)
		ctl_punt_consume(ctl, pkt.m);
	else
		ctl_answer_pass_on(ctl, port, &pkt);
}

void ctl_nd_request(
	struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip, const struct pw_mac *dst_mac)
{
	const struct pw_mac ours = pw_mac_from_u64(ctl_iface_router_mac48(ctl, iface));
	const struct pw_ip source = ctl_local_source(ctl, iface, ip);
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctl->pool);

	if (m == NULL)
		return;
	if (pw_build_nd_solicit(m, pw_in6_from_ip(&source), &ours, pw_in6_from_ip(ip), dst_mac) !=
		0)
		rte_pktmbuf_free(m);
	else
		ctl_answer_ask(ctl, iface, m, dst_mac);
}

const struct ctl_module ctl_module_nd = {.name = "nd", .every_second = every_second};
