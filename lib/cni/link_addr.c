/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses, neighbours and routes of a pod's interface. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <string.h>

#include "cni_nl.h"
#include "pw_cni_link.h"

#define HAS(route, i) ((route)->has & (1u << (i)))
enum {
	HAS_MTU,
	HAS_ADVMSS,
	HAS_PRIORITY,
	HAS_TABLE,
	HAS_SCOPE
}; /* as in pw_cni_route */

static unsigned full_len(const struct pw_ip *ip)
{
	return ip->family == PW_IPV4 ? 32 : 128;
}

static void set_broadcast(struct rtnl_addr *addr, const struct pw_prefix *address)
{
	struct pw_ip ip = address->ip;
	struct nl_addr *broadcast;

	/* RFC 3021: a /31 has none. */
	if (ip.family != PW_IPV4 || address->len >= 31)
		return;
	for (unsigned bit = address->len; bit < 32; bit++)
		ip.b[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	broadcast = cni_nl_addr(&ip, 32);
	if (broadcast != NULL)
		rtnl_addr_set_broadcast(addr, broadcast);
	nl_addr_put(broadcast);
}

int pw_cni_link_add_address(
	struct pw_cni_link *link, const struct pw_prefix *address, struct pw_err *err)
{
	struct nl_addr *local = cni_nl_addr(&address->ip, address->len);
	struct rtnl_addr *addr = rtnl_addr_alloc();
	char text[PW_PREFIX_STRLEN];
	int rc = -NLE_NOMEM;

	if (local != NULL && addr != NULL) {
		rtnl_addr_set_ifindex(addr, link->ifindex);
		rtnl_addr_set_local(addr, local);
		set_broadcast(addr, address);
		/* Addresses come from one place, so nobody else has it: no second of waiting for
		 * DAD. */
		if (address->ip.family == PW_IPV6)
			rtnl_addr_set_flags(addr, IFA_F_NODAD);
		rc = rtnl_addr_add(link->nl, addr, 0);
	}
	rtnl_addr_put(addr);
	nl_addr_put(local);
	if (rc != 0)
		return cni_nl_fail(err, rc, "interface \"%s\": address %s", link->name,
			pw_prefix_format(address, text));
	return 0;
}

int pw_cni_link_add_neighbour(struct pw_cni_link *link, const struct pw_ip *ip,
	const struct pw_mac *mac, struct pw_err *err)
{
	struct nl_addr *dst = cni_nl_addr(ip, full_len(ip));
	struct nl_addr *lladdr = nl_addr_build(AF_LLC, mac->b, sizeof(mac->b));
	struct rtnl_neigh *neigh = rtnl_neigh_alloc();
	char text[PW_IP_STRLEN];
	int rc = -NLE_NOMEM;

	if (dst != NULL && lladdr != NULL && neigh != NULL) {
		rtnl_neigh_set_ifindex(neigh, link->ifindex);
		rtnl_neigh_set_dst(neigh, dst);
		rtnl_neigh_set_lladdr(neigh, lladdr);
		rtnl_neigh_set_state(neigh, NUD_PERMANENT);
		rc = rtnl_neigh_add(link->nl, neigh, NLM_F_CREATE | NLM_F_REPLACE);
	}
	rtnl_neigh_put(neigh);
	nl_addr_put(lladdr);
	nl_addr_put(dst);
	if (rc != 0)
		return cni_nl_fail(err, rc, "interface \"%s\": neighbour %s", link->name,
			pw_ip_format(ip, text));
	return 0;
}

/* What the kernel's message has beside destination and next hop. */
static void set_options(struct rtnl_route *r, const struct pw_cni_route *route)
{
	bool direct = route->gw.family == PW_FAMILY_NONE;

	rtnl_route_set_table(r, HAS(route, HAS_TABLE) ? route->table : RT_TABLE_MAIN);
	if (HAS(route, HAS_SCOPE))
		rtnl_route_set_scope(r, (uint8_t)route->scope);
	else if (route->dst.ip.family == PW_IPV4)
		rtnl_route_set_scope(r, direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
	if (HAS(route, HAS_PRIORITY))
		rtnl_route_set_priority(r, route->priority);
	if (HAS(route, HAS_MTU) && route->mtu != 0)
		rtnl_route_set_metric(r, RTAX_MTU, route->mtu);
	if (HAS(route, HAS_ADVMSS) && route->advmss != 0)
		rtnl_route_set_metric(r, RTAX_ADVMSS, route->advmss);
	rtnl_route_set_protocol(r, RTPROT_BOOT);
	rtnl_route_set_type(r, RTN_UNICAST);
}

int pw_cni_link_add_route(
	struct pw_cni_link *link, const struct pw_cni_route *route, struct pw_err *err)
{
	bool v4 = route->dst.ip.family == PW_IPV4, direct = route->gw.family == PW_FAMILY_NONE;
	struct nl_addr *dst = cni_nl_addr(&route->dst.ip, route->dst.len);
	struct nl_addr *gw = direct ? NULL : cni_nl_addr(&route->gw, full_len(&route->gw));
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct rtnl_route *r = rtnl_route_alloc();
	char text[PW_PREFIX_STRLEN], via[PW_IP_STRLEN];
	int rc = -NLE_NOMEM;

	if (dst != NULL && hop != NULL && r != NULL && (direct || gw != NULL)) {
		rtnl_route_set_family(r, v4 ? AF_INET : AF_INET6);
		rtnl_route_set_dst(r, dst);
		set_options(r, route);
		rtnl_route_nh_set_ifindex(hop, link->ifindex);
		if (gw != NULL)
			rtnl_route_nh_set_gateway(hop, gw);
		rtnl_route_add_nexthop(r, hop);
		hop = NULL; /* the route's now */
		rc = rtnl_route_add(link->nl, r, NLM_F_CREATE | NLM_F_EXCL);
	}
	if (hop != NULL)
		rtnl_route_nh_free(hop);
	rtnl_route_put(r);
	nl_addr_put(gw);
	nl_addr_put(dst);
	if (rc != 0 && rc != -NLE_EXIST)
		return cni_nl_fail(err, rc, "interface \"%s\": route %s%s%s", link->name,
			pw_prefix_format(&route->dst, text), direct ? "" : " via ",
			direct ? "" : pw_ip_format(&route->gw, via));
	return 0;
}

int pw_cni_link_has_address(
	struct pw_cni_link *link, const struct pw_prefix *address, struct pw_err *err)
{
	struct nl_cache *cache;
	int rc = rtnl_addr_alloc_cache(link->nl, &cache);
	bool found = false;

	if (rc != 0)
		return cni_nl_fail(err, rc, "reading addresses");
	for (struct nl_object *o = nl_cache_get_first(cache); o != NULL && !found;
		o = nl_cache_get_next(o)) {
		struct rtnl_addr *addr = (struct rtnl_addr *)o;

		found = rtnl_addr_get_ifindex(addr) == link->ifindex &&
			rtnl_addr_get_local(addr) != NULL &&
			cni_nl_addr_equal(rtnl_addr_get_local(addr), &address->ip, address->len);
	}
	nl_cache_free(cache);
	return found;
}

static bool route_matches(
	const struct pw_cni_link *link, struct rtnl_route *r, const struct pw_cni_route *route)
{
	struct rtnl_nexthop *hop = rtnl_route_nexthop_n(r, 0);
	int family = route->dst.ip.family == PW_IPV4 ? AF_INET : AF_INET6;

	if (hop == NULL || rtnl_route_get_family(r) != family ||
		rtnl_route_nh_get_ifindex(hop) != link->ifindex ||
		!cni_nl_addr_equal(rtnl_route_get_dst(r), &route->dst.ip, route->dst.len))
		return false;
	if (HAS(route, HAS_TABLE) && rtnl_route_get_table(r) != route->table)
		return false;
	/* A result may leave the gateway out where the address's own was used. */
	return route->gw.family == PW_FAMILY_NONE ||
	       (rtnl_route_nh_get_gateway(hop) != NULL &&
		       cni_nl_addr_equal(
			       rtnl_route_nh_get_gateway(hop), &route->gw, full_len(&route->gw)));
}

int pw_cni_link_has_route(
	struct pw_cni_link *link, const struct pw_cni_route *route, struct pw_err *err)
{
	struct nl_cache *cache;
	int rc = rtnl_route_alloc_cache(link->nl, AF_UNSPEC, 0, &cache);
	bool found = false;

	if (rc != 0)
		return cni_nl_fail(err, rc, "reading routes");
	for (struct nl_object *o = nl_cache_get_first(cache); o != NULL && !found;
		o = nl_cache_get_next(o))
		found = route_matches(link, (struct rtnl_route *)o, route);
	nl_cache_free(cache);
	return found;
}
