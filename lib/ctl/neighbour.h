/* SPDX-License-Identifier: BSD-3-Clause */
/* neighbour.h - next hops that ARP and ND resolve: table, callbacks, adjacencies, methods. */
#ifndef CTL_NEIGHBOUR_H
#define CTL_NEIGHBOUR_H

#include "ctl.h"

extern const struct ctl_module ctl_module_neighbour; /* makes ctl->neigh */

/* A packet (NULL: none) waits until ip is resolved on this interface. The neighbour takes it but
 * when the answer is not 0: -ENOSPC, too many neighbours. */
int ctl_neigh_resolve(
	struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip, void *pkt, uint32_t pkt_bytes);

/* The interface goes: its neighbours and what is held for them go too. */
void ctl_neigh_flush_iface(struct pw_ctl *ctl, uint32_t iface);

#endif
