/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * icmp.h - ICMP and ICMPv6 errors and TCP resets about packets that workers could not forward.
 *
 * Limits as the kernel's (ICMP-2): 1000 errors a second with a burst of 50 (icmp_msgs_per_sec,
 * icmp_msgs_burst), and 1 a second with a burst of 6 for one destination (icmp_ratelimit,
 * XRLIM_BURST_FACTOR). The packet is counted as dropped by its own reason whether an error was sent
 * or not.
 */
#ifndef CTL_ICMP_H
#define CTL_ICMP_H

#include "ctl.h"

extern const struct ctl_module ctl_module_icmp;

/* Answers and drops. Takes the packet. */
void ctl_icmp_punt(struct pw_ctl *ctl, const struct pw_dp_punt *punt);
/* IPv6 to us from or to a link-local address: echoes are answered, the rest refused. Takes it. */
void ctl_icmp_link(struct pw_ctl *ctl, const struct pw_dp_punt *punt);
/* A held packet whose next hop did not answer: host unreachable. Takes it. */
void ctl_icmp_unresolved(struct pw_ctl *ctl, struct rte_mbuf *m);

#endif
