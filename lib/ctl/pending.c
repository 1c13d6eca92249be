/* SPDX-License-Identifier: BSD-3-Clause */
/* pending.c - places kept for modules that are being written; each leaves this file when it comes. */
#include "neighbour.h"
#include "punt.h"
#include "route.h"
#include "service.h"

const struct ctl_module ctl_module_neighbour = {.name = "neighbour"};
const struct ctl_module ctl_module_route = {.name = "route"};
const struct ctl_module ctl_module_service = {.name = "service"};
const struct ctl_module ctl_module_flow = {.name = "flow"};
const struct ctl_module ctl_module_arp = {.name = "arp"};
const struct ctl_module ctl_module_icmp = {.name = "icmp"};
const struct ctl_module ctl_module_punt = {.name = "punt"};

int ctl_route_local_add(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr)
{
	return 0;
}

int ctl_route_local_del(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr)
{
	return 0;
}

int ctl_route_pod_add(struct pw_ctl *ctl, uint32_t ip_be, uint16_t port, uint16_t bridge,
	uint64_t src_mac48, uint64_t peer_mac48, uint16_t mtu, struct pw_err *err)
{
	return 0;
}

void ctl_route_pod_del(struct pw_ctl *ctl, uint32_t ip_be)
{
}

const struct ctl_known *ctl_known_find(const struct pw_ctl *ctl, uint32_t ip_be)
{
	return NULL;
}

int ctl_route_config(struct pw_ctl *ctl, const struct pw_conf_route *route,
	enum pw_route_origin origin, struct pw_err *err)
{
	return 0;
}

void ctl_neigh_flush_iface(struct pw_ctl *ctl, uint32_t iface)
{
}

void ctl_punt_drain(struct pw_ctl *ctl)
{
}

int ctl_service_config(
	struct pw_ctl *ctl, const struct pw_conf_service *service, struct pw_err *err)
{
	return 0;
}

uint32_t ctl_service_count(const struct pw_ctl *ctl)
{
	return 0;
}
