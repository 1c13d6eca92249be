/* SPDX-License-Identifier: BSD-3-Clause */
/* route.c - routes as modules want them (route.h): pods, configuration, Services. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "local.h"
#include "neighbour.h"
#include "port_reg.h"
#include "route_priv.h"

static const char *const kind_names[ROUTE_KIND_COUNT] = {
#define X(sym, name) [ROUTE_##sym] = name,
	ROUTE_KINDS(X)
#undef X
};

const char *route_kind_name(unsigned kind)
{
	return kind < ROUTE_KIND_COUNT ? kind_names[kind] : "?";
}

struct pw_prefix route_host_prefix(const struct pw_ip *ip)
{
	return (struct pw_prefix){.ip = *ip, .len = pw_ip_bits(ip)};
}

int64_t route_adj_plain(
	struct pw_ctl *ctl, enum pw_adj_kind kind, uint32_t iface, const struct pw_ip *ip)
{
	bool routed = (iface & CTL_IFACE_PORT) != 0;
	const struct pw_adj tmpl = {
		.kind = (uint8_t)kind,
		.src_mac48 = ctl_iface_router_mac48(ctl, iface),
		.ip = ip != NULL ? *ip : (struct pw_ip){0},
		.port = routed ? (uint16_t)iface : PW_PORT_NONE,
		.bridge = routed ? PW_BRIDGE_NONE : (uint16_t)iface,
		.permanent = 1,
	};

	return pw_adj_alloc(ctl->adj, &tmpl);
}

/* The adjacency of a removed route goes with it, unless it is a next hop's, which others may share.
 */
static void let_go(struct pw_ctl *ctl, uint32_t adj_index)
{
	const struct pw_adj *adj;
	struct ctl_nexthop *nh;

	if (adj_index == PW_ADJ_NONE)
		return;
	adj = &pw_adj_array(ctl->adj)[adj_index];
	nh = ctl_nexthop_find(ctl, ctl_iface_of(adj->bridge, adj->port), &adj->ip);
	if (nh != NULL && nh->adj == adj_index)
		ctl_nexthop_put(ctl, nh);
	else
		pw_adj_release(ctl->adj, adj_index);
}

int route_put(struct pw_ctl *ctl, const struct pw_prefix *prefix, enum pw_route_origin origin,
	enum route_kind kind, uint32_t adj, const struct pw_ip *via, bool replace)
{
	const struct pw_route route = {.prefix = *prefix,
		.origin = origin,
		.adj = adj,
		.via = via != NULL ? *via : (struct pw_ip){0},
		.kind = (uint8_t)kind};
	uint32_t old_adj = PW_ADJ_NONE;
	int rc = pw_rib_set(ctl->rib, &route, replace, &old_adj);

	let_go(ctl, rc != 0 ? adj : old_adj);
	return rc;
}

int route_remove(struct pw_ctl *ctl, const struct pw_prefix *prefix, enum pw_route_origin origin)
{
	uint32_t adj = PW_ADJ_NONE;
	int rc = pw_rib_del(ctl->rib, prefix, origin, &adj);

	if (rc == 0)
		let_go(ctl, adj);
	return rc;
}

/* ---- pods, the host, static peers ---- */

static struct route_known *known_at(const struct pw_ctl *ctl, const struct pw_ip *ip)
{
	struct route_known *k;

	LIST_FOREACH (k, &ctl->routes->known[route_bucket(ip)], link) {
		if (pw_ip_equal(&k->known.ip, ip))
			return k;
	}
	return NULL;
}

const struct ctl_known *ctl_known_find(const struct pw_ctl *ctl, const struct pw_ip *ip)
{
	const struct route_known *k = known_at(ctl, ip);

	return k != NULL ? &k->known : NULL;
}

void ctl_known_foreach(
	const struct pw_ctl *ctl, void (*fn)(void *arg, const struct ctl_known *known), void *arg)
{
	const struct route_known *k;

	for (unsigned b = 0; b < ROUTE_BUCKETS; b++) {
		LIST_FOREACH (k, &ctl->routes->known[b], link)
			fn(arg, &k->known);
	}
}

/* What ARP or ND had learned of an address that is now known for certain. */
static void forget_neighbour(struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip)
{
	struct pw_neigh *neigh = pw_neigh_find(ctl->neigh, iface, ip);

	if (neigh != NULL)
		pw_neigh_delete(ctl->neigh, neigh);
}

int ctl_route_pod_add(struct pw_ctl *ctl, const struct pw_ip *ip, uint16_t port, uint16_t bridge,
	uint64_t src_mac48, uint64_t peer_mac48, uint16_t mtu, struct pw_err *err)
{
	const struct ctl_port *owner = ctl_port_at(ctl, port);
	const struct pw_prefix prefix = route_host_prefix(ip);
	const struct pw_adj tmpl = {
		.kind = PW_ADJ_FORWARD,
		.word = peer_mac48 << 16 | PW_ADJ_RESOLVED,
		.src_mac48 = src_mac48,
		.ip = *ip,
		.port = port,
		.bridge = bridge,
		.mtu = mtu,
		.permanent = 1,
	};
	char text[PW_IP_STRLEN];
	enum route_kind kind =
		owner != NULL && owner->kind == CTL_PORT_HOST ? ROUTE_HOST : ROUTE_POD;
	struct route_known *k;
	int64_t adj;
	int rc;

	pw_ip_format(ip, text);
	if (known_at(ctl, ip) != NULL || ctl_local_is_ours(ctl, ip))
		return pw_err_set(err, -EEXIST, "address %s is in use already", text);
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	adj = pw_adj_alloc(ctl->adj, &tmpl);
	if (adj < 0) {
		free(k);
		return pw_err_set(
			err, (int)adj, "no adjacency left for %s: raise limits.neighbours", text);
	}
	rc = route_put(ctl, &prefix, PW_ORIGIN_POD, kind, (uint32_t)adj, NULL, false);
	if (rc != 0) {
		free(k);
		return pw_err_set(err, rc, "route to %s: %s", text,
			rc == -ENOSPC ? "table full: raise limits.routes" : strerror(-rc));
	}
	k->known =
		(struct ctl_known){.ip = *ip, .port = port, .bridge = bridge, .mac48 = peer_mac48};
	k->adj = (uint32_t)adj;
	LIST_INSERT_HEAD(&ctl->routes->known[route_bucket(ip)], k, link);
	forget_neighbour(ctl, ctl_iface_of(bridge, port), ip);
	route_nexthop_known(ctl, ip, &k->known);
	return 0;
}

void ctl_route_pod_del(struct pw_ctl *ctl, const struct pw_ip *ip)
{
	struct pw_prefix prefix = route_host_prefix(ip);
	struct route_known *k = known_at(ctl, ip);

	if (k == NULL)
		return;
	LIST_REMOVE(k, link);
	free(k);
	(void)route_remove(ctl, &prefix, PW_ORIGIN_POD);
	route_nexthop_known(ctl, ip, NULL);
}

/* ---- routes of the configuration and of podwayctl ---- */

/* The interface that the next hop is on: told, or that of its subnet. 0 or -errno. */
static int via_iface(const struct pw_ctl *ctl, const struct pw_conf_route *route, uint32_t *iface,
	struct pw_err *err)
{
	const struct ctl_known *known = ctl_known_find(ctl, &route->via);
	char text[PW_IP_STRLEN];

	pw_ip_format(&route->via, text);
	if (pw_ip_is_link_local(&route->via)) {
		if (route->port[0] == '\0')
			return pw_err_set(err, -EINVAL,
				"next hop %s is link-local: say on which bridge or port it is",
				text);
		if (!ctl_iface_find(ctl, route->port, iface))
			return pw_err_set(err, -EHOSTUNREACH,
				"port %s is no bridge with a gateway and no routed port",
				route->port);
		return 0;
	}
	if (route->port[0] != '\0')
		return pw_err_set(err, -EINVAL,
			"port %s: only with a link-local next hop; %s tells its own", route->port,
			text);
	if (known != NULL)
		*iface = ctl_iface_of(known->bridge, known->port);
	else if (!ctl_local_on_link(ctl, &route->via, iface))
		return pw_err_set(err, -EHOSTUNREACH,
			"next hop %s is on the link of no bridge or routed port", text);
	return 0;
}

static int64_t via_adj(struct pw_ctl *ctl, const struct pw_conf_route *route, struct pw_err *err)
{
	char text[PW_IP_STRLEN];
	struct ctl_nexthop *nh;
	uint32_t iface = 0;
	int rc = via_iface(ctl, route, &iface, err);

	if (rc != 0)
		return rc;
	pw_ip_format(&route->via, text);
	if (ctl_local_is_ours(ctl, &route->via) || ctl_local_has(ctl, iface, &route->via))
		return pw_err_set(err, -EINVAL, "next hop %s is an address of this node", text);
	nh = ctl_nexthop_get(ctl, iface, &route->via);
	if (nh == NULL)
		return pw_err_set(
			err, -ENOSPC, "no adjacency left for %s: raise limits.neighbours", text);
	return nh->adj;
}

static int64_t host_adj(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct ctl_port *host = ctl_host_port(ctl);
	struct pw_adj tmpl;

	if (host == NULL)
		return pw_err_set(err, -EINVAL, "there is no host port (host.enabled: false)");
	tmpl = (struct pw_adj){
		.kind = PW_ADJ_FORWARD,
		.word = host->peer_mac48 << 16 | PW_ADJ_RESOLVED,
		.src_mac48 = host->router_mac48,
		.port = host->index,
		.bridge = PW_BRIDGE_NONE,
		.mtu = host->port->mtu,
		.permanent = 1,
	};
	return pw_adj_alloc(ctl->adj, &tmpl);
}

static const struct {
	enum pw_adj_kind adj;
	enum route_kind kind;
} plain_kinds[] = {
	[PW_CONF_ROUTE_BLACKHOLE] = {PW_ADJ_BLACKHOLE, ROUTE_BLACKHOLE},
	[PW_CONF_ROUTE_UNREACHABLE] = {PW_ADJ_UNREACHABLE, ROUTE_UNREACHABLE},
	[PW_CONF_ROUTE_PROHIBIT] = {PW_ADJ_PROHIBIT, ROUTE_PROHIBIT},
};

int ctl_route_set(struct pw_ctl *ctl, const struct pw_conf_route *route,
	enum pw_route_origin origin, bool replace, struct pw_err *err)
{
	enum route_kind kind = ROUTE_VIA;
	char text[PW_PREFIX_STRLEN];
	const struct pw_ip *via = NULL;
	int64_t adj;
	int rc;

	pw_prefix_format(&route->prefix, text);
	if (!replace && pw_rib_get(ctl->rib, &route->prefix, origin) != NULL)
		return pw_err_set(err, -EEXIST, "route %s is there already", text);
	switch (route->kind) {
	case PW_CONF_ROUTE_VIA:
		via = &route->via;
		adj = via_adj(ctl, route, err);
		break;
	case PW_CONF_ROUTE_HOST:
		kind = ROUTE_HOST;
		adj = host_adj(ctl, err);
		break;
	default:
		kind = plain_kinds[route->kind].kind;
		adj = route_adj_plain(
			ctl, plain_kinds[route->kind].adj, ctl_iface_of(PW_BRIDGE_NONE, 0), NULL);
		break;
	}
	if (adj < 0) {
		if (err != NULL && err->code == 0)
			pw_err_set(err, (int)adj, "no adjacency left: raise limits.neighbours");
		return pw_err_prefix(err, "route %s: ", text);
	}
	rc = route_put(ctl, &route->prefix, origin, kind, (uint32_t)adj, via, replace);
	if (rc != 0)
		return pw_err_set(err, rc, "route %s: %s", text,
			rc == -ENOSPC ? "table full: raise limits.routes" : strerror(-rc));
	return 0;
}

int ctl_route_config(struct pw_ctl *ctl, const struct pw_conf_route *route,
	enum pw_route_origin origin, struct pw_err *err)
{
	return ctl_route_set(ctl, route, origin, false, err);
}

/* ---- Services ---- */

int ctl_route_service_add(struct pw_ctl *ctl, const struct pw_prefix *prefix, bool vip)
{
	int64_t adj = route_adj_plain(ctl, vip ? PW_ADJ_SERVICE : PW_ADJ_BLACKHOLE,
		ctl_iface_of(PW_BRIDGE_NONE, 0), &prefix->ip);

	if (adj < 0)
		return (int)adj;
	return route_put(ctl, prefix, PW_ORIGIN_SERVICE, vip ? ROUTE_SERVICE : ROUTE_BLACKHOLE,
		(uint32_t)adj, NULL, false);
}

int ctl_route_service_del(struct pw_ctl *ctl, const struct pw_prefix *prefix)
{
	return route_remove(ctl, prefix, PW_ORIGIN_SERVICE);
}

/* ---- the module ---- */

static int init(struct pw_ctl *ctl, struct pw_err *err)
{
	ctl->routes = calloc(1, sizeof(*ctl->routes));
	if (ctl->routes == NULL)
		return pw_err_set(err, -ENOMEM, "routes: out of memory");
	return 0;
}

/* The RIB and the adjacencies themselves end with their tables. */
static void fini(struct pw_ctl *ctl)
{
	struct route_known *k;
	struct ctl_nexthop *nh;
	struct route_local *l;

	for (unsigned b = 0; b < ROUTE_BUCKETS; b++) {
		while ((k = LIST_FIRST(&ctl->routes->known[b])) != NULL) {
			LIST_REMOVE(k, link);
			free(k);
		}
		while ((nh = LIST_FIRST(&ctl->routes->nexthops[b])) != NULL) {
			LIST_REMOVE(nh, link);
			free(nh);
		}
	}
	while ((l = LIST_FIRST(&ctl->routes->locals)) != NULL) {
		LIST_REMOVE(l, link);
		free(l);
	}
	free(ctl->routes);
	ctl->routes = NULL;
}

extern const struct pw_ipc_method ctl_route_methods[];

const struct ctl_module ctl_module_route = {
	.name = "route", .init = init, .fini = fini, .methods = ctl_route_methods};
