/* SPDX-License-Identifier: BSD-3-Clause */
/* local.c - our own addresses (local.h), and the routes that come with them. */
#include <errno.h>
#include <stdlib.h>

#include <rte_byteorder.h>

#include "local.h"
#include "route_priv.h"

static uint32_t mask_be(uint8_t len)
{
	return len == 0 ? 0 : rte_cpu_to_be_32(UINT32_MAX << (32 - len));
}

bool ctl_local_has(const struct pw_ctl *ctl, uint32_t iface, uint32_t ip_be)
{
	const struct route_local *l;

	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (l->iface == iface && l->addr.ip.v4_be == ip_be)
			return true;
	}
	return false;
}

bool ctl_local_is_ours(const struct pw_ctl *ctl, uint32_t ip_be)
{
	const struct route_local *l;

	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (l->addr.ip.v4_be == ip_be)
			return true;
	}
	return false;
}

static uint32_t node_address(const struct pw_ctl *ctl)
{
	const struct pw_conf_prefixes *addrs = &ctl->conf->node.addresses;
	struct pw_ip fallback;

	for (uint32_t i = 0; i < addrs->n; i++) {
		if (addrs->v[i].ip.family == PW_IPV4)
			return addrs->v[i].ip.v4_be;
	}
	return pw_ip_parse("169.254.1.1", &fallback) == 0 ? fallback.v4_be : 0;
}

uint32_t ctl_local_source(const struct pw_ctl *ctl, uint32_t iface, uint32_t peer_be)
{
	const struct pw_ip peer = pw_ip_from_v4(peer_be);
	const struct route_local *l, *first = NULL;

	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (l->iface != iface)
			continue;
		if (pw_prefix_contains(&l->addr, &peer))
			return l->addr.ip.v4_be;
		first = l;
	}
	return first != NULL ? first->addr.ip.v4_be : node_address(ctl);
}

bool ctl_local_on_link(const struct pw_ctl *ctl, uint32_t ip_be, uint32_t *iface)
{
	const struct pw_ip ip = pw_ip_from_v4(ip_be);
	const struct route_local *l, *best = NULL;

	LIST_FOREACH (l, &ctl->routes->locals, link) {
		if (pw_prefix_contains(&l->addr, &ip) &&
			(best == NULL || l->addr.len > best->addr.len))
			best = l;
	}
	if (best != NULL)
		*iface = best->iface;
	return best != NULL;
}

static int put_plain(struct pw_ctl *ctl, enum pw_adj_kind adj_kind, enum route_kind kind,
	uint32_t iface, uint32_t ip_be, uint8_t len, enum pw_route_origin origin)
{
	struct pw_prefix prefix = {.ip = pw_ip_from_v4(ip_be), .len = len};
	int64_t adj = route_adj_plain(ctl, adj_kind, iface, ip_be);

	if (adj < 0)
		return (int)adj;
	return route_put(ctl, &prefix, origin, kind, (uint32_t)adj, 0, false);
}

/* Subnets longer than this have no broadcast address of their own (RFC 3021). */
#define LEN_WITH_BROADCAST 30

static int put_subnet(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr)
{
	uint32_t mask = mask_be(addr->len), net = addr->ip.v4_be & mask;
	int rc;

	if (addr->len == 32)
		return 0;
	rc = put_plain(
		ctl, PW_ADJ_GLEAN, ROUTE_CONNECTED, iface, net, addr->len, PW_ORIGIN_CONNECTED);
	if (rc != 0 || addr->len > LEN_WITH_BROADCAST)
		return rc;
	/* Directed broadcasts are not forwarded (RFC 2644). */
	return put_plain(
		ctl, PW_ADJ_BLACKHOLE, ROUTE_BLACKHOLE, iface, net | ~mask, 32, PW_ORIGIN_LOCAL);
}

static void remove_subnet(struct pw_ctl *ctl, const struct pw_prefix *addr)
{
	uint32_t mask = mask_be(addr->len);
	struct pw_prefix broadcast = route_host_prefix((addr->ip.v4_be & mask) | ~mask);
	struct pw_prefix net = pw_prefix_masked(addr);

	if (addr->len == 32)
		return;
	(void)route_remove(ctl, &net, PW_ORIGIN_CONNECTED);
	if (addr->len <= LEN_WITH_BROADCAST)
		(void)route_remove(ctl, &broadcast, PW_ORIGIN_LOCAL);
}

int ctl_route_local_add(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr)
{
	struct route_local *l;
	int rc;

	if (addr->ip.family != PW_IPV4)
		return 0;
	if (ctl_local_is_ours(ctl, addr->ip.v4_be))
		return -EEXIST;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	l->iface = iface;
	l->addr = *addr;
	rc = put_plain(ctl, PW_ADJ_LOCAL, ROUTE_LOCAL, iface, addr->ip.v4_be, 32, PW_ORIGIN_LOCAL);
	if (rc != 0)
		goto err_free;
	rc = put_subnet(ctl, iface, addr);
	if (rc != 0)
		goto err_routes;
	LIST_INSERT_HEAD(&ctl->routes->locals, l, link);
	return 0;

err_routes:
	remove_subnet(ctl, addr);
	(void)route_remove(ctl, &(struct pw_prefix){.ip = addr->ip, .len = 32}, PW_ORIGIN_LOCAL);
err_free:
	free(l);
	return rc;
}

int ctl_route_local_del(struct pw_ctl *ctl, uint32_t iface, const struct pw_prefix *addr)
{
	struct pw_prefix host = {.ip = addr->ip, .len = 32};
	struct route_local *l;

	if (addr->ip.family != PW_IPV4)
		return 0;
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
