/* SPDX-License-Identifier: BSD-3-Clause */
/* nexthop.c - next hop objects (nexthop.h). */
#include <stdlib.h>

#include "neighbour.h"
#include "port_reg.h"
#include "route_priv.h"

struct ctl_nexthop *ctl_nexthop_find(struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip)
{
	struct ctl_nexthop *nh;

	LIST_FOREACH (nh, &ctl->routes->nexthops[route_bucket(ip)], link) {
		if (nh->iface == iface && pw_ip_equal(&nh->ip, ip))
			return nh;
	}
	return NULL;
}

static uint16_t iface_mtu(const struct pw_ctl *ctl, uint32_t iface)
{
	const struct ctl_port *port = NULL;

	if (iface & CTL_IFACE_PORT)
		port = ctl_port_at(ctl, (uint16_t)iface);
	return port != NULL ? port->port->mtu : (uint16_t)ctl->conf->pods.mtu;
}

static int64_t nexthop_adj(struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip)
{
	bool routed = (iface & CTL_IFACE_PORT) != 0;
	const struct pw_adj tmpl = {
		.kind = PW_ADJ_FORWARD,
		.word = PW_ADJ_INCOMPLETE,
		.src_mac48 = ctl_iface_router_mac48(ctl, iface),
		.ip = *ip,
		.port = routed ? (uint16_t)iface : PW_PORT_NONE,
		.bridge = routed ? PW_BRIDGE_NONE : (uint16_t)iface,
		.mtu = iface_mtu(ctl, iface),
	};

	return pw_adj_alloc(ctl->adj, &tmpl);
}

struct ctl_nexthop *ctl_nexthop_get(struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip)
{
	struct ctl_nexthop *nh = ctl_nexthop_find(ctl, iface, ip);
	const struct ctl_known *known;
	int64_t adj;

	if (nh != NULL) {
		nh->refs++;
		return nh;
	}
	adj = nexthop_adj(ctl, iface, ip);
	if (adj < 0)
		return NULL;
	nh = calloc(1, sizeof(*nh));
	if (nh == NULL) {
		pw_adj_release(ctl->adj, (uint32_t)adj);
		return NULL;
	}
	*nh = (struct ctl_nexthop){.iface = iface, .ip = *ip, .adj = (uint32_t)adj, .refs = 1};
	LIST_INSERT_HEAD(&ctl->routes->nexthops[route_bucket(ip)], nh, link);
	known = ctl_known_find(ctl, ip);
	if (known != NULL && ctl_iface_of(known->bridge, known->port) == iface)
		pw_adj_set_mac(ctl->adj, nh->adj, known->mac48, PW_ADJ_RESOLVED);
	return nh;
}

void ctl_nexthop_put(struct pw_ctl *ctl, struct ctl_nexthop *nh)
{
	if (nh == NULL || --nh->refs > 0)
		return;
	LIST_REMOVE(nh, link);
	pw_adj_release(ctl->adj, nh->adj);
	free(nh);
}

void route_nexthop_known(struct pw_ctl *ctl, const struct pw_ip *ip, const struct ctl_known *known)
{
	struct ctl_nexthop *nh;

	LIST_FOREACH (nh, &ctl->routes->nexthops[route_bucket(ip)], link) {
		if (!pw_ip_equal(&nh->ip, ip))
			continue;
		if (known != NULL && ctl_iface_of(known->bridge, known->port) == nh->iface)
			pw_adj_set_mac(ctl->adj, nh->adj, known->mac48, PW_ADJ_RESOLVED);
		else
			pw_adj_set_mac(ctl->adj, nh->adj, 0, PW_ADJ_INCOMPLETE);
	}
}

uint32_t ctl_nexthop_last_used(const struct pw_ctl *ctl, const struct ctl_nexthop *nh)
{
	return __atomic_load_n(&pw_adj_array(ctl->adj)[nh->adj].last_used_sec, __ATOMIC_RELAXED);
}
