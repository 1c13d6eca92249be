/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "host_net.h"
#include "port_reg.h"
#include "pw_log.h"

#define MAX_ITEMS                                                                                  \
	(PW_CONF_MAX_ADDRS * 3 + 2) /* addresses, routes to both kinds of ranges, gateways */

enum item_kind {
	ITEM_ADDRESS,
	ITEM_NEIGHBOUR,
	ITEM_ROUTE
};

struct host_net {
	struct nl_sock *sock;
	int ifindex;
	struct pw_mac router;
	/* Of routes, by family; of family NONE: the kernel chooses. */
	struct pw_ip source4, source6;
	uint32_t n;
	struct {
		enum item_kind kind;
		struct pw_prefix prefix;
	} items[MAX_ITEMS]; /* made, in this order */
};

static int address_family(const struct pw_prefix *prefix)
{
	return prefix->ip.family == PW_IPV4 ? AF_INET : AF_INET6;
}

static struct nl_addr *to_nl(const struct pw_prefix *prefix)
{
	struct nl_addr *addr =
		nl_addr_build(address_family(prefix), prefix->ip.b, pw_ip_bits(&prefix->ip) / 8u);

	if (addr != NULL)
		nl_addr_set_prefixlen(addr, prefix->len);
	return addr;
}

static struct nl_addr *ip_to_nl(const struct pw_ip *ip)
{
	const struct pw_prefix prefix = {.ip = *ip, .len = pw_ip_bits(ip)};

	return to_nl(&prefix);
}

static int from_nl_error(int rc)
{
	switch (-rc) {
	case 0:
		return 0;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_OPNOTSUPP:
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	default:
		return -EIO;
	}
}

/* ---- one thing: add or delete ---- */

static int do_address(struct host_net *net, const struct pw_prefix *prefix, bool add)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = to_nl(prefix);
	int rc = -NLE_NOMEM;

	if (addr == NULL || local == NULL)
		goto out;
	rtnl_addr_set_ifindex(addr, net->ifindex);
	rc = rtnl_addr_set_local(addr, local);
	if (rc == 0 && add && prefix->ip.family == PW_IPV6)
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
	if (rc == 0)
		rc = add ? rtnl_addr_add(net->sock, addr, NLM_F_CREATE | NLM_F_EXCL)
			 : rtnl_addr_delete(net->sock, addr, 0);
out:
	nl_addr_put(local);
	rtnl_addr_put(addr);
	return rc;
}

static int do_neighbour(struct host_net *net, const struct pw_prefix *prefix, bool add)
{
	struct rtnl_neigh *neigh = rtnl_neigh_alloc();
	struct nl_addr *dst = ip_to_nl(&prefix->ip);
	struct nl_addr *mac = nl_addr_build(AF_LLC, net->router.b, sizeof(net->router.b));
	int rc = -NLE_NOMEM;

	if (neigh == NULL || dst == NULL || mac == NULL)
		goto out;
	rtnl_neigh_set_ifindex(neigh, net->ifindex);
	rtnl_neigh_set_lladdr(neigh, mac);
	rtnl_neigh_set_state(neigh, NUD_PERMANENT);
	rc = rtnl_neigh_set_dst(neigh, dst);
	if (rc == 0)
		rc = add ? rtnl_neigh_add(net->sock, neigh, NLM_F_CREATE | NLM_F_REPLACE)
			 : rtnl_neigh_delete(net->sock, neigh, 0);
out:
	nl_addr_put(mac);
	nl_addr_put(dst);
	rtnl_neigh_put(neigh);
	return rc;
}

static int set_source(struct rtnl_route *route, const struct pw_ip *source)
{
	struct nl_addr *addr;
	int rc;

	if (source->family == PW_FAMILY_NONE)
		return 0;
	addr = ip_to_nl(source);
	rc = addr != NULL ? rtnl_route_set_pref_src(route, addr) : -NLE_NOMEM;
	nl_addr_put(addr);
	return rc;
}

static struct pw_prefix gateway(uint8_t family)
{
	struct pw_prefix prefix = {0};

	(void)pw_prefix_parse(ctl_routed_gateway(family), &prefix);
	return prefix;
}

static int do_route(struct host_net *net, const struct pw_prefix *prefix, bool add)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *nexthop = rtnl_route_nh_alloc();
	const struct pw_prefix gw = gateway(prefix->ip.family);
	struct nl_addr *dst = to_nl(prefix), *via = to_nl(&gw);
	int rc = -NLE_NOMEM;

	if (route == NULL || nexthop == NULL || dst == NULL || via == NULL)
		goto out;
	rtnl_route_set_family(route, (uint8_t)address_family(prefix));
	rtnl_route_set_protocol(route, RTPROT_STATIC);
	rtnl_route_set_scope(route, RT_SCOPE_UNIVERSE);
	rtnl_route_nh_set_ifindex(nexthop, net->ifindex);
	rtnl_route_nh_set_gateway(nexthop, via);
	rtnl_route_nh_set_flags(nexthop, RTNH_F_ONLINK);
	rtnl_route_add_nexthop(route, nexthop);
	nexthop = NULL;
	rc = rtnl_route_set_dst(route, dst);
	if (rc == 0)
		rc = set_source(
			route, prefix->ip.family == PW_IPV4 ? &net->source4 : &net->source6);
	if (rc == 0)
		rc = add ? rtnl_route_add(net->sock, route, NLM_F_CREATE | NLM_F_EXCL)
			 : rtnl_route_delete(net->sock, route, 0);
out:
	if (nexthop != NULL)
		rtnl_route_nh_free(nexthop);
	nl_addr_put(via);
	nl_addr_put(dst);
	rtnl_route_put(route);
	return rc;
}

static const struct {
	const char *what;
	int (*run)(struct host_net *net, const struct pw_prefix *prefix, bool add);
} kinds[] = {
	[ITEM_ADDRESS] = {"address", do_address},
	[ITEM_NEIGHBOUR] = {"neighbour", do_neighbour},
	[ITEM_ROUTE] = {"route", do_route},
};

static int add_item(struct host_net *net, const char *ifname, enum item_kind kind,
	const struct pw_prefix *prefix, struct pw_err *err)
{
	char text[PW_PREFIX_STRLEN];
	int rc = from_nl_error(kinds[kind].run(net, prefix, true));

	if (rc == 0) {
		net->items[net->n].kind = kind;
		net->items[net->n++].prefix = *prefix;
		return 0;
	}
	return pw_err_set(err, rc, "host port: %s %s on %s: %s", kinds[kind].what,
		pw_prefix_format(prefix, text), ifname,
		rc == -EEXIST ? "it is there already: does another network plugin, or another "
				"daemon, use this range?"
			      : strerror(-rc));
}

/* ---- all of it ---- */

/* Without an IPv6 address of the node's, the kernel's own IPv6 chatter there leads nowhere. */
static bool has_ipv6(const struct pw_conf *conf)
{
	for (uint32_t i = 0; i < conf->node.addresses.n; i++) {
		if (conf->node.addresses.v[i].ip.family == PW_IPV6)
			return true;
	}
	return false;
}

static void silence_ipv6(const struct pw_conf *conf)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		conf->host.interface);
	file = fopen(path, "we");
	if (file == NULL)
		return; /* no IPv6, or /proc/sys is read-only: chatter does no harm */
	fputs("1", file);
	fclose(file);
}

/* Has some interface this address already? Then the node keeps it there. */
static bool is_elsewhere(struct nl_cache *addrs, const struct pw_ip *ip)
{
	struct nl_object *object;
	bool found = false;

	for (object = nl_cache_get_first(addrs); object != NULL && !found;
		object = nl_cache_get_next(object)) {
		struct nl_addr *local = rtnl_addr_get_local((struct rtnl_addr *)object);
		unsigned len = pw_ip_bits(ip) / 8u;

		found = local != NULL && nl_addr_get_len(local) == len &&
			memcmp(nl_addr_get_binary_addr(local), ip->b, len) == 0;
	}
	return found;
}

static int add_addresses(struct host_net *net, const struct pw_conf *conf, struct pw_err *err)
{
	struct nl_cache *addrs = NULL;
	char text[PW_PREFIX_STRLEN];
	int rc = 0;

	if (rtnl_addr_alloc_cache(net->sock, &addrs) < 0)
		return pw_err_set(err, -EIO, "host port: the kernel's addresses cannot be read");
	for (uint32_t i = 0; rc == 0 && i < conf->node.addresses.n; i++) {
		const struct pw_prefix *p = &conf->node.addresses.v[i];

		struct pw_ip *source = p->ip.family == PW_IPV4 ? &net->source4 : &net->source6;

		if (source->family == PW_FAMILY_NONE)
			*source = p->ip;
		if (is_elsewhere(addrs, &p->ip))
			pw_info("host", "%s stays on the interface that has it",
				pw_prefix_format(p, text));
		else
			rc = add_item(net, conf->host.interface, ITEM_ADDRESS, p, err);
	}
	nl_cache_free(addrs);
	return rc;
}

static int add_routes(struct host_net *net, const struct pw_conf *conf,
	const struct pw_conf_prefixes *list, struct pw_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < list->n; i++) {
		const struct pw_prefix masked = pw_prefix_masked(&list->v[i]);

		if (masked.ip.family == PW_IPV4 || has_ipv6(conf))
			rc = add_item(net, conf->host.interface, ITEM_ROUTE, &masked, err);
	}
	return rc;
}

void host_net_undo(struct host_net *net)
{
	if (net == NULL)
		return;
	while (net->n > 0) {
		net->n--;
		(void)kinds[net->items[net->n].kind].run(net, &net->items[net->n].prefix, false);
	}
	nl_socket_free(net->sock);
	free(net);
}

struct host_net *host_net_apply(
	const struct pw_conf *conf, const struct pw_mac *router, struct pw_err *err)
{
	struct host_net *net = calloc(1, sizeof(*net));
	const struct pw_prefix gw4 = gateway(PW_IPV4), gw6 = gateway(PW_IPV6);

	if (net == NULL || (net->sock = nl_socket_alloc()) == NULL) {
		free(net);
		pw_err_set(err, -ENOMEM, "host port: out of memory");
		return NULL;
	}
	net->router = *router;
	net->ifindex = (int)if_nametoindex(conf->host.interface);
	if (net->ifindex == 0 || nl_connect(net->sock, NETLINK_ROUTE) < 0) {
		pw_err_set(err, -EIO, "host port: netlink of %s: %s", conf->host.interface,
			strerror(errno));
		goto err;
	}
	if (!has_ipv6(conf))
		silence_ipv6(conf);
	if (add_addresses(net, conf, err) != 0 ||
		add_item(net, conf->host.interface, ITEM_NEIGHBOUR, &gw4, err) != 0 ||
		(has_ipv6(conf) &&
			add_item(net, conf->host.interface, ITEM_NEIGHBOUR, &gw6, err) != 0) ||
		add_routes(net, conf, &conf->pod_cidrs, err) != 0 ||
		add_routes(net, conf, &conf->service_cidrs, err) != 0)
		goto err;
	return net;
err:
	host_net_undo(net);
	return NULL;
}
