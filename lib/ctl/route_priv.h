/* SPDX-License-Identifier: BSD-3-Clause */
/* route_priv.h - what route.c, nexthop.c, local.c and route_methods.c share; nobody else's. */
#ifndef CTL_ROUTE_PRIV_H
#define CTL_ROUTE_PRIV_H

#include <sys/queue.h>

#include "nexthop.h"
#include "route.h"

#define ROUTE_BUCKETS 1024 /* of hashes by address; power of two */

/* What a route does; kept in pw_route.kind. X(symbol, name) */
#define ROUTE_KINDS(X)                                                                             \
	X(CONNECTED, "connected")                                                                  \
	X(LOCAL, "local")                                                                          \
	X(POD, "pod")                                                                              \
	X(HOST, "host")                                                                            \
	X(VIA, "via")                                                                              \
	X(NEIGHBOUR, "neighbour")                                                                  \
	X(SERVICE, "service")                                                                      \
	X(BLACKHOLE, "blackhole")                                                                  \
	X(UNREACHABLE, "unreachable")                                                              \
	X(PROHIBIT, "prohibit")

enum route_kind {
#define X(sym, name) ROUTE_##sym,
	ROUTE_KINDS(X)
#undef X
	ROUTE_KIND_COUNT
};
const char *route_kind_name(unsigned kind);

struct route_known { /* hash by address */
	LIST_ENTRY(route_known) link;
	struct ctl_known known;
	uint32_t adj;
};

struct route_local {
	LIST_ENTRY(route_local) link;
	uint32_t iface;
	struct pw_prefix addr; /* host bits kept */
};

LIST_HEAD(route_known_list, route_known);
LIST_HEAD(route_nexthop_list, ctl_nexthop);
LIST_HEAD(route_local_list, route_local);

struct ctl_routes {
	struct route_known_list known[ROUTE_BUCKETS];
	struct route_nexthop_list nexthops[ROUTE_BUCKETS];
	struct route_local_list locals; /* few: gateways and uplinks */
};

static inline uint32_t route_bucket(const struct pw_ip *ip)
{
	return pw_ip_hash(ip) & (ROUTE_BUCKETS - 1);
}

/* New adjacency of a kind that forwards to nobody. Index or -errno. */
int64_t route_adj_plain(struct pw_ctl *ctl, enum pw_adj_kind kind, uint32_t iface,
	const struct pw_ip *ip); /* NULL: none */
/* Puts a route in; its adjacency is released when that fails. What it replaced is released too.
 * via NULL: no next hop. */
int route_put(struct pw_ctl *ctl, const struct pw_prefix *prefix, enum pw_route_origin origin,
	enum route_kind kind, uint32_t adj, const struct pw_ip *via, bool replace);
/* Takes a route out and lets its adjacency or next hop go. -ENOENT. */
int route_remove(struct pw_ctl *ctl, const struct pw_prefix *prefix, enum pw_route_origin origin);
/* A pod's address came or went: next hops that are it learn its MAC or lose it. */
void route_nexthop_known(struct pw_ctl *ctl, const struct pw_ip *ip, const struct ctl_known *known);

/* This address and no other: /32 or /128. */
struct pw_prefix route_host_prefix(const struct pw_ip *ip);

#endif
