/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_rib.h - the routes of the node, of both families: who wants which, and which one forwards.
 *
 * One prefix may be wanted by several origins (a pod's /32 and a resolved neighbour's, say); the
 * one with the lowest enum value is put into the LPM, the others wait. The RIB does not own
 * adjacencies: it hands the index back when a route is removed or replaced.
 * Threads:  the control thread. Workers use the LPM only.
 * Lifetime: the LPMs outlive the RIB; destroy leaves them as they are. Route pointers are valid until
 *           the route is replaced or deleted.
 * Errors:   -EINVAL no prefix, host bits, origin or adjacency out of range; -EAFNOSUPPORT IPv6
 *           without a table of its; -EEXIST same origin and prefix (set without replace); -ENOSPC
 *           max_routes (of both families together) reached or the LPM is full; -ENOMEM; -ENOENT. Nothing has changed then. create: NULL with errno EINVAL or
 *           ENOMEM.
 */
#ifndef PW_RIB_H
#define PW_RIB_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"
#include "pw_lpm4.h"
#include "pw_lpm6.h"

enum pw_route_origin {   /* best first */
	PW_ORIGIN_LOCAL, /* our own addresses */
	PW_ORIGIN_POD,
	PW_ORIGIN_CONNECTED,
	PW_ORIGIN_CONFIG,
	PW_ORIGIN_CTL,     /* podwayctl */
	PW_ORIGIN_SERVICE, /* service CIDRs and VIPs */
	PW_ORIGIN_NEIGHBOUR,
	PW_ORIGIN_COUNT
};
const char *pw_route_origin_name(enum pw_route_origin origin);

struct pw_route {
	struct pw_prefix prefix;
	enum pw_route_origin origin;
	uint32_t adj;
	struct pw_ip via; /* family NONE: none */
	uint8_t kind;     /* the caller's, shown in lists */
};

struct pw_rib;

/* lpm6 may be NULL: IPv4 only. */
struct pw_rib *pw_rib_create(struct pw_lpm4 *lpm4, struct pw_lpm6 *lpm6, uint32_t max_routes);
void pw_rib_destroy(struct pw_rib *rib);
/* *old_adj: index of the replaced route of the same origin, PW_ADJ_NONE if there was none. */
int pw_rib_set(struct pw_rib *rib, const struct pw_route *route, bool replace, uint32_t *old_adj);
int pw_rib_del(struct pw_rib *rib, const struct pw_prefix *prefix, enum pw_route_origin origin,
	uint32_t *old_adj);
/* The route that forwards for this address / exactly this prefix and origin; NULL: none. */
const struct pw_route *pw_rib_match(const struct pw_rib *rib, const struct pw_ip *ip);
const struct pw_route *pw_rib_get(
	const struct pw_rib *rib, const struct pw_prefix *prefix, enum pw_route_origin origin);
/* IPv4 first; in order of address, then length, then origin. fn returns false to stop and changes nothing. */
void pw_rib_foreach(const struct pw_rib *rib,
	bool (*fn)(void *arg, const struct pw_route *route, bool active), void *arg);
uint32_t pw_rib_count(const struct pw_rib *rib);

#endif
