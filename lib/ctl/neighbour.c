/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * neighbour.c - resolution of next hops by ARP and ND: lib/l3's state machine with packets, adjacencies and
 * routes.
 *
 * Each neighbour has a next hop object (its adjacency) and a route to it alone, so that a resolved
 * destination of a connected subnet is forwarded by the workers alone. Link-local ones have no route:
 * other routes lead to them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arp.h"
#include "icmp.h"
#include "nd.h"
#include "neighbour.h"
#include "port_reg.h"
#include "punt.h"
#include "route_priv.h"

#define TICK_MSEC 100

static const enum pw_adj_state adj_states[] = {
	[PW_NEIGH_INCOMPLETE] = PW_ADJ_INCOMPLETE,
	[PW_NEIGH_REACHABLE] = PW_ADJ_RESOLVED,
	[PW_NEIGH_STALE] = PW_ADJ_RESOLVED,
	[PW_NEIGH_PROBE] = PW_ADJ_RESOLVED,
	[PW_NEIGH_FAILED] = PW_ADJ_FAILED,
};

static void on_request(void *ctx, const struct pw_neigh_info *info, const struct pw_mac *dst_mac)
{
	if (info->ip.family == PW_IPV6)
		ctl_nd_request(ctx, info->iface, &info->ip, dst_mac);
	else
		ctl_arp_request(ctx, info->iface, info->ip.v4_be, dst_mac);
}

static void on_changed(void *ctx, const struct pw_neigh_info *info)
{
	struct pw_ctl *ctl = ctx;
	struct ctl_nexthop *nh = info->user;

	pw_adj_set_mac(ctl->adj, nh->adj, pw_mac_to_u64(&info->mac), adj_states[info->state]);
}

static void on_release(
	void *ctx, const struct pw_neigh_info *info, void *pkt, bool resolved, bool overflow)
{
	struct pw_ctl *ctl = ctx;

	(void)info;
	if (resolved)
		ctl_punt_give_back(ctl, pkt);
	else if (overflow)
		ctl_punt_drop(ctl, pkt, PW_DROP_NEIGH_QUEUE);
	else
		ctl_icmp_unresolved(ctl, pkt);
}

static void on_removed(void *ctx, const struct pw_neigh_info *info)
{
	struct pw_ctl *ctl = ctx;
	struct ctl_nexthop *nh = info->user;
	struct pw_prefix host = route_host_prefix(&info->ip);

	pw_adj_set_mac(ctl->adj, nh->adj, 0, PW_ADJ_INCOMPLETE);
	if (nh->host_route) {
		nh->host_route = false;
		(void)route_remove(
			ctl, &host, PW_ORIGIN_NEIGHBOUR); /* puts the route's reference */
	}
	ctl_nexthop_put(ctl, nh);
}

static uint32_t on_last_used(void *ctx, const struct pw_neigh_info *info)
{
	return ctl_nexthop_last_used(ctx, info->user);
}

static const struct pw_neigh_callbacks callbacks = {
	.request = on_request,
	.changed = on_changed,
	.release = on_release,
	.removed = on_removed,
	.last_used_sec = on_last_used,
};

/* So that the next packet finds the neighbour's adjacency and not the subnet's. */
static void add_host_route(struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip)
{
	struct pw_prefix host = route_host_prefix(ip);
	struct ctl_nexthop *nh;

	if (pw_ip_is_link_local(ip))
		return;
	nh = ctl_nexthop_get(ctl, iface, ip); /* the route's reference */
	if (nh == NULL)
		return;
	if (nh->host_route) {
		ctl_nexthop_put(ctl, nh);
		return;
	}
	nh->host_route = route_put(ctl, &host, PW_ORIGIN_NEIGHBOUR, ROUTE_NEIGHBOUR, nh->adj, NULL,
				 false) == 0;
}

int ctl_neigh_resolve(
	struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip, void *pkt, uint32_t pkt_bytes)
{
	bool is_new = pw_neigh_find(ctl->neigh, iface, ip) == NULL;
	struct ctl_nexthop *nh = NULL;
	int rc;

	if (is_new) {
		nh = ctl_nexthop_get(ctl, iface, ip); /* the neighbour's reference */
		if (nh == NULL)
			return -ENOSPC;
	}
	rc = pw_neigh_hold(ctl->neigh, iface, ip, pkt, pkt_bytes, nh, ctl_now_ns(ctl));
	if (rc != 0) {
		ctl_nexthop_put(ctl, nh);
		return rc;
	}
	if (is_new)
		add_host_route(ctl, iface, ip);
	return 0;
}

void ctl_neigh_flush_iface(struct pw_ctl *ctl, uint32_t iface)
{
	pw_neigh_flush_iface(ctl->neigh, iface);
}

/* ---- methods ---- */

static json_t *neigh_json(const struct pw_ctl *ctl, const struct pw_ip *ip, uint32_t iface,
	const struct pw_mac *mac, const char *state, uint32_t age_sec, uint32_t held)
{
	return json_pack("{s:o, s:s, s:o, s:s, s:i, s:i}", "address", pw_json_ip(ip), "interface",
		ctl_iface_name(ctl, iface), "mac", pw_json_mac(mac), "state", state, "age_sec",
		(int)age_sec, "held", (int)held);
}

struct walk {
	struct pw_ctl *ctl;
	json_t *list;
};

static bool list_one(void *arg, const struct pw_neigh_info *info)
{
	struct walk *walk = arg;

	json_array_append_new(
		walk->list, neigh_json(walk->ctl, &info->ip, info->iface, &info->mac,
				    pw_neigh_state_name(info->state), info->age_sec, info->held));
	return true;
}

static void list_known(void *arg, const struct ctl_known *known)
{
	struct walk *walk = arg;
	struct pw_mac mac = pw_mac_from_u64(known->mac48);

	json_array_append_new(walk->list,
		neigh_json(walk->ctl, &known->ip, ctl_iface_of(known->bridge, known->port), &mac,
			"permanent", 0, 0));
}

static int neighbours_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct walk walk = {.ctl = ctx, .list = json_array()};

	(void)req;
	(void)params;
	(void)err;
	ctl_known_foreach(walk.ctl, list_known, &walk);
	pw_neigh_foreach(walk.ctl->neigh, ctl_now_ns(walk.ctl), list_one, &walk);
	*result = json_pack("{s:o}", "neighbours", walk.list);
	return 0;
}

struct flush_params {
	struct pw_ip address;
};

static const struct pw_ipc_param flush_params[] = {
	{"address", PW_IPC_IP, offsetof(struct flush_params, address), .optional = true},
	{0},
};

struct flush {
	const struct pw_ip *address;
	uint32_t iface;
	struct pw_ip ip;
	bool found;
};

static bool find_one(void *arg, const struct pw_neigh_info *info)
{
	struct flush *flush = arg;

	if (flush->address->family != PW_FAMILY_NONE && !pw_ip_equal(flush->address, &info->ip))
		return true;
	flush->iface = info->iface;
	flush->ip = info->ip;
	flush->found = true;
	return false;
}

static int neighbours_flush(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct flush_params *p = params;
	struct pw_ctl *ctl = ctx;
	struct flush flush;
	int flushed = 0;

	(void)req;
	(void)err;
	for (;;) { /* one at a time: a walk does not survive what a deletion calls back */
		flush = (struct flush){.address = &p->address};
		pw_neigh_foreach(ctl->neigh, ctl_now_ns(ctl), find_one, &flush);
		if (!flush.found)
			break;
		pw_neigh_delete(ctl->neigh, pw_neigh_find(ctl->neigh, flush.iface, &flush.ip));
		flushed++;
	}
	*result = json_pack("{s:i}", "flushed", flushed);
	return 0;
}

static const struct pw_ipc_method methods[] = {
	{"neighbours.list", neighbours_list},
	{"neighbours.flush", neighbours_flush, flush_params, sizeof(struct flush_params)},
	{0},
};

/* ---- the module ---- */

struct ctl_neighbours {
	struct event *timer;
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ctl *ctl = arg;

	(void)fd;
	(void)what;
	pw_neigh_tick(ctl->neigh, ctl_now_ns(ctl));
}

static int init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct timeval tick = {.tv_usec = TICK_MSEC * 1000};
	uint32_t max = ctl->conf->limits.neighbours;

	ctl->neighbours = calloc(1, sizeof(*ctl->neighbours));
	ctl->neigh = pw_neigh_create(max / 2, max, &callbacks, ctl);
	if (ctl->neighbours == NULL || ctl->neigh == NULL)
		goto err_memory;
	ctl->neighbours->timer = event_new(ctl->base, -1, EV_PERSIST, on_tick, ctl);
	if (ctl->neighbours->timer == NULL || event_add(ctl->neighbours->timer, &tick) != 0)
		goto err_memory;
	return 0;

err_memory:
	if (ctl->neighbours != NULL && ctl->neighbours->timer != NULL)
		event_free(ctl->neighbours->timer);
	pw_neigh_destroy(ctl->neigh);
	ctl->neigh = NULL;
	free(ctl->neighbours);
	ctl->neighbours = NULL;
	return pw_err_set(err, -ENOMEM, "neighbours: out of memory");
}

static void fini(struct pw_ctl *ctl)
{
	event_free(ctl->neighbours->timer);
	pw_neigh_destroy(ctl->neigh);
	ctl->neigh = NULL;
	free(ctl->neighbours);
	ctl->neighbours = NULL;
}

const struct ctl_module ctl_module_neighbour = {
	.name = "neighbour", .init = init, .fini = fini, .methods = methods};
