/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nexthop.h - one object for each (interface, address) that packets are sent to by MAC: its
 * adjacency, shared by the routes via it and by its neighbour entry.
 *
 * The MAC comes from what is known (pods, host, static peers), from ARP or ND; it is put into the
 * adjacency in place, so no route changes when a neighbour appears, moves or fails.
 */
#ifndef CTL_NEXTHOP_H
#define CTL_NEXTHOP_H

#include <sys/queue.h>

#include "ctl.h"

struct ctl_nexthop {
	LIST_ENTRY(ctl_nexthop) link;
	uint32_t iface;
	struct pw_ip ip;
	uint32_t adj;
	uint32_t refs;
	bool host_route; /* the neighbour module has put a route to it alone */
};

/* Takes a reference; creates the object (MAC of what is known, else INCOMPLETE). NULL: no adjacency
 * left or no memory. */
struct ctl_nexthop *ctl_nexthop_get(struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip);
void ctl_nexthop_put(struct pw_ctl *ctl, struct ctl_nexthop *nexthop); /* NULL is fine */
struct ctl_nexthop *ctl_nexthop_find(
	struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip); /* no ref */
/* Seconds of the coarse clock. */
uint32_t ctl_nexthop_last_used(const struct pw_ctl *ctl, const struct ctl_nexthop *nexthop);

#endif
