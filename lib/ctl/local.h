/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * local.h - our own addresses: which interface has which, which subnet is on whose link.
 *
 * Beside those that were given, each interface with a router MAC has the link-local IPv6 address of
 * that MAC (RFC 4291 appendix A), and each routed port the gateway of routed pods. Link-local ones
 * mean something only together with their interface, and have no routes.
 */
#ifndef CTL_LOCAL_H
#define CTL_LOCAL_H

#include "ctl.h"

/* Is it ours, on this interface? */
bool ctl_local_has(const struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip);
/* On any, link-local ones left out. */
bool ctl_local_is_ours(const struct pw_ctl *ctl, const struct pw_ip *ip);
/* Our address to speak to the peer with: the interface's in the peer's subnet, else its first, else
 * the node's first; for IPv4 else the gateway of routed pods; for IPv6 else any, else the
 * interface's link-local one, which is also what link-local peers get. */
struct pw_ip ctl_local_source(const struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *peer);
/* The interface on whose link the address is (longest subnet). false: none. */
bool ctl_local_on_link(const struct pw_ctl *ctl, const struct pw_ip *ip, uint32_t *iface);
/* Our own by the interface's MAC; of family NONE: it has none. */
struct pw_ip ctl_local_link_address(const struct pw_ctl *ctl, uint32_t iface);

#endif
