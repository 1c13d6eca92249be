/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * route.h - routes and adjacencies as the other modules want them.
 *
 * ctl_module_route starts before bridges and ports: they bring the addresses. Routes of the
 * configuration come after them, by ctl_module_static.
 */
#ifndef CTL_ROUTE_H
#define CTL_ROUTE_H

#include "ctl.h"

extern const struct ctl_module ctl_module_route;

/* An address of ours on a bridge or routed port: a LOCAL route of full length and, if the prefix is
 * shorter, the CONNECTED subnet. 0 or -errno: -EEXIST somebody has it. */
int ctl_route_local_add(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr);
int ctl_route_local_del(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr);

/* Who has this address is known and stays so: a permanent FORWARD adjacency and a route to it alone. For
 * pods, the host's addresses and static peers. bridge PW_BRIDGE_NONE: routed port. */
int ctl_route_pod_add(struct pw_ctl *ctl, const struct pw_ip *ip, uint16_t port, uint16_t bridge,
	uint64_t src_mac48, uint64_t peer_mac48, uint16_t mtu, struct pw_err *err);
void ctl_route_pod_del(struct pw_ctl *ctl, const struct pw_ip *ip);

/* What ctl_route_pod_add was told, for ARP and ND answers; NULL: not known. */
struct ctl_known {
	struct pw_ip ip;
	uint16_t port, bridge;
	uint64_t mac48;
};
const struct ctl_known *ctl_known_find(const struct pw_ctl *ctl, const struct pw_ip *ip);

/* Every one of them, in no order. */
void ctl_known_foreach(
	const struct pw_ctl *ctl, void (*fn)(void *arg, const struct ctl_known *known), void *arg);

/* A route of the configuration (PW_ORIGIN_CONFIG) or of routes.add (PW_ORIGIN_CTL). */
int ctl_route_config(struct pw_ctl *ctl, const struct pw_conf_route *route,
	enum pw_route_origin origin, struct pw_err *err);
/* The same; replace: of the same prefix and origin. */
int ctl_route_set(struct pw_ctl *ctl, const struct pw_conf_route *route,
	enum pw_route_origin origin, bool replace, struct pw_err *err);
/* Routes of routes.add that were saved; called once, after the configuration's. */
void ctl_route_load_saved(struct pw_ctl *ctl);
/* Those of them that could not be set then, now that a port has come. */
void ctl_route_retry_saved(struct pw_ctl *ctl);
/* Is there a route whose next hop is on this interface? *prefix: the first one found. */
bool ctl_route_uses_iface(const struct pw_ctl *ctl, uint32_t iface, struct pw_prefix *prefix);

/* vip: an address of a Service, which answers ping; else a service CIDR, where unused addresses
 * end. */
int ctl_route_service_add(struct pw_ctl *ctl, const struct pw_prefix *prefix, bool vip);
int ctl_route_service_del(struct pw_ctl *ctl, const struct pw_prefix *prefix);

#endif
