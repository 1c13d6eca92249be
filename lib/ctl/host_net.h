/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host_net.h - the kernel's side of the host port, by netlink: addresses, neighbour, routes.
 *
 *     10.0.0.7/32 dev podway0                                 node.addresses (unless elsewhere
 * already) 169.254.1.1 dev podway0 lladdr <router> PERMANENT       nobody has to answer ARP
 *     10.244.0.0/16 via 169.254.1.1 dev podway0 onlink        pod_cidr, service_cidr
 *
 * Threads:  the control thread.
 * Lifetime: what apply made, undo takes away, and nothing else; a kernel that deleted it already is
 *           fine.
 */
#ifndef CTL_HOST_NET_H
#define CTL_HOST_NET_H

#include "pw_addr.h"
#include "pw_conf.h"
#include "pw_err.h"

struct host_net;

struct host_net *host_net_apply(const struct pw_conf *conf, const struct pw_mac *router,
	struct pw_err *err);              /* NULL, *err */
void host_net_undo(struct host_net *net); /* NULL is fine */

#endif
