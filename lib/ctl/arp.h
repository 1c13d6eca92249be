/* SPDX-License-Identifier: BSD-3-Clause */
/* arp.h - ARP (RFC 826): answers for gateways and known pods, hears of neighbours, asks for them.
 */
#ifndef CTL_ARP_H
#define CTL_ARP_H

#include "ctl.h"

/* A punted ARP frame. Takes it. */
void ctl_arp_input(struct pw_ctl *ctl, struct rte_mbuf *m, uint16_t in_port);
/* Who has ip_be? dst_mac NULL: broadcast; else a unicast probe. */
void ctl_arp_request(
	struct pw_ctl *ctl, uint32_t iface, uint32_t ip_be, const struct pw_mac *dst_mac);

#endif
