/* SPDX-License-Identifier: BSD-3-Clause */
/* local.h - our own addresses: which interface has which, which subnet is on whose link. */
#ifndef CTL_LOCAL_H
#define CTL_LOCAL_H

#include "ctl.h"

/* Is it ours, on this interface? */
bool ctl_local_has(const struct pw_ctl *ctl, uint32_t iface, uint32_t ip_be);
bool ctl_local_is_ours(const struct pw_ctl *ctl, uint32_t ip_be); /* on any */
/* Our address to speak to peer_be with: the interface's in the peer's subnet, else its first, else
 * the node's first, else the gateway of routed pods. */
uint32_t ctl_local_source(const struct pw_ctl *ctl, uint32_t iface, uint32_t peer_be);
/* The interface on whose link the address is (longest subnet). false: none. */
bool ctl_local_on_link(const struct pw_ctl *ctl, uint32_t ip_be, uint32_t *iface);

#endif
