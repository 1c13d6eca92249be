/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nd.h - neighbour discovery (RFC 4861): answers for our addresses and known pods, hears of
 * neighbours, asks for them; router advertisements of bridges that are to send them.
 *
 * What RFC 4861 says is to be discarded (hop limit below 255 first of all) is dropped as nd_bad.
 * Solicitations of an address that has not been given yet (DAD, RFC 4862) are answered to all nodes
 * if somebody has it.
 */
#ifndef CTL_ND_H
#define CTL_ND_H

#include "ctl.h"

extern const struct ctl_module ctl_module_nd; /* advertises every now and then; after bridges */

/* A punted ND frame. Takes it. */
void ctl_nd_input(struct pw_ctl *ctl, struct rte_mbuf *m, uint16_t in_port);
/* Who has ip? dst_mac NULL: by multicast; else a unicast probe. */
void ctl_nd_request(
	struct pw_ctl *ctl, uint32_t iface, const struct pw_ip *ip, const struct pw_mac *dst_mac);

#endif
