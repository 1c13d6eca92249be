/* SPDX-License-Identifier: BSD-3-Clause */
/* local.c - our own addresses (local.h), and the routes that come with them. */
#include <errno.h>
#include <stdlib.h>

#include <rte_byteorder.h>

#include "local.h"
#include "port_reg.h"
#include "pw_build6.h"
#include "route_priv.h"

struct pw_ip ctl_local_link_address(const struct pw_ctl *ctl, uint32_t iface)
{
	const struct pw_mac mac = pw_mac_from_u64(ctl_iface_router_mac48(ctl, iface));

	return pw_mac_is_zero(&mac) ? (struct pw_ip){0} : pw_in6_to_ip(pw_in6_link_local(&mac));
}

static bool is_routed_gateway(const struct pw_ip *ip)
{
	struct pw_ip gateway;

	return pw_ip_parse(ctl_routed_gateway(ip->family), &gateway) == 0 &&
	       pw_ip_equal(&gateway, ip);
}

bool ctl_local_has(const struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip)
{
	const struct pw_ip own = ctl_local_link_address(ctl, iface);
	const struct route_local *l;

	if (pw_ip_equal(&own, ip) || (iface & CTL_IFACE_PORT && is_routed_gateway(ip)))
		return true;
	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (l->iface == iface && pw_ip_equal(&l->addr.ip, ip))
			return true;
	}
	return false;
}

bool ctl_local_is_ours(const struct pw_ctl *ctl, const struct pw_ip *ip)
{
	const struct route_local *l;

	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (pw_ip_equal(&l->addr.ip, ip))
			return true;
	}
	return false;
}

/* When the interface has no address of the family. */
static struct pw_ip fallback_source(const struct pw_ctl *ctl, uint32_t iface, uint8_t family)
{
	const struct pw_conf_prefixes *addrs = &ctl->conf->node.addresses;
	const struct route_local *l;
	struct pw_ip ip = {0};

	for (uint32_t i = 0; i < addrs->n; i++) {
		if (addrs->v[i].ip.family == family)
			return addrs->v[i].ip;
	}
	if (family == PW_IPV4) {
		(void)pw_ip_parse(ctl_routed_gateway(family), &ip);
		return ip;
	}
	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (l->addr.ip.family == family)
			return l->addr.ip;
	}
	return ctl_local_link_address(ctl, iface);
}

struct pw_ip ctl_local_source(const struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *peer)
{
	const struct route_local *l, *first = NULL;

	if (pw_ip_is_link_local(peer))
		return ctl_local_link_address(ctl, iface);
	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (l->iface != iface || l->addr.ip.family != peer->family)
			continue;
		if (pw_prefix_contains(&l->addr, peer))
			return l->addr.ip;
		first = l;
	}
	return first != NULL ? first->addr.ip : fallback_source(ctl, iface, peer->family);
}

bool ctl_local_on_link(const struct pw_ctl *ctl, const struct pw_ip *ip, uint32_t *iface)
{
	const struct route_local *l, *best = NULL;

	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (pw_prefix_contains(&l->addr, ip) &&
			(best == NULL || l->addr.len > best->addr.len))
			best = l;
	}
	if (best != NULL)
		*iface = best->iface;
	return best != NULL;
}

/* ---- the routes that come with an address ---- */

static int put_plain(struct pw_ctl *ctl, enum pw_adj_kind adj_kind, enum route_kind kind,
	uint32_t iface, const struct pw_prefix *prefix, enum pw_route_origin origin)
{
	int64_t adj = route_adj_plain(ctl, adj_kind, iface, &prefix->ip);

	if (adj < 0)
		return (int)adj;
	return route_put(ctl, prefix, origin, kind, (uint32_t)adj, NULL, false);
}

/* IPv4 subnets longer than this have no broadcast address of their own (RFC 3021). */
#define LEN_WITH_BROADCAST 30

static bool has_broadcast(const struct pw_prefix *addr)
{
	return addr->ip.family == PW_IPV4 && addr->len <= LEN_WITH_BROADCAST;
}

static struct pw_prefix broadcast_of(const struct pw_prefix *addr)
{
	uint32_t hosts_be = rte_cpu_to_be_32(UINT32_MAX >> addr->len);
	const struct pw_ip ip = pw_ip_from_v4(addr->ip.v4_be | hosts_be);

	return route_host_prefix(&ip);
}

static bool has_subnet(const struct pw_prefix *addr)
{
	return addr->len != route_host_prefix(&addr->ip).len;
}

static int put_subnet(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr)
{
	const struct pw_prefix net = pw_prefix_masked(addr);
	struct pw_prefix broadcast;
	int rc;

	if (!has_subnet(addr))
		return 0;
	rc = put_plain(ctl, PW_ADJ_GLEAN, ROUTE_CONNECTED, iface, &net, PW_ORIGIN_CONNECTED);
	if (rc != 0 || !has_broadcast(addr))
		return rc;
	/* Directed broadcasts are not forwarded (RFC 2644). */
	broadcast = broadcast_of(addr);
	rc = put_plain(ctl, PW_ADJ_BLACKHOLE, ROUTE_BLACKHOLE, iface, &broadcast, PW_ORIGIN_LOCAL);
	if (rc != 0)
		(void)route_remove(ctl, &net, PW_ORIGIN_CONNECTED);
	return rc;
}

static void remove_subnet(struct pw_ctl *ctl, const struct pw_prefix *addr)
{
	const struct pw_prefix net = pw_prefix_masked(addr);
	struct pw_prefix broadcast;

	if (!has_subnet(addr))
		return;
	(void)route_remove(ctl, &net, PW_ORIGIN_CONNECTED);
	if (!has_broadcast(addr))
		return;
	broadcast = broadcast_of(addr);
	(void)route_remove(ctl, &broadcast, PW_ORIGIN_LOCAL);
}

int ctl_route_local_add(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr)
{
	const struct pw_prefix host = route_host_prefix(&addr->ip);
	struct route_local *l;
	int rc;

	if (ctl_local_is_ours(ctl, &addr->ip))
		return -EEXIST;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	l->iface = iface;
	l->addr = *addr;
	rc = put_plain(ctl, PW_ADJ_LOCAL, ROUTE_LOCAL, iface, &host, PW_ORIGIN_LOCAL);
	if (rc != 0)
		goto err_free;
	rc = put_subnet(ctl, iface, addr);
	if (rc != 0)
		goto err_host;
	LIST_INSERT_HEAD(&ctl->routes->locals, l, link);
	return 0;

err_host:
	(void)route_remove(ctl, &host, PW_ORIGIN_LOCAL);
err_free:
	free(l);
	return rc;
}

int ctl_route_local_del(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr)
{
	const struct pw_prefix host = route_host_prefix(&addr->ip);
	struct route_local *l;

	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (l->iface == iface && pw_prefix_equal(&l->addr, addr))
			break;
	}
	if (l == NULL)
		return -ENOENT;
	remove_subnet(ctl, addr);
	(void)route_remove(ctl, &host, PW_ORIGIN_LOCAL);
	LIST_REMOVE(l, link);
	free(l);
	return 0;
}
