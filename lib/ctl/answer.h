/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer.h - what ARP and ND have in common: who answers for an address, who is heard of, how
 * questions of ours leave.
 *
 * Bridge: we answer for its own addresses, and for pods of the bridge from what is known instead of
 * flooding (L2-8); everything else is bridged on. Routed port: we answer for our own addresses, for
 * the gateway of routed pods, and for whatever we have a route to by another port (proxy ARP and ND,
 * as the Calico mode expects: L2-10).
 */
#ifndef CTL_ANSWER_H
#define CTL_ANSWER_H

#include "port_reg.h"

struct ctl_question {
	struct pw_ip
		sender; /* zero: who asks has no address yet, and wants to know who has target */
	struct pw_ip target;
};

/* The MAC to answer with; false: not ours to answer. *ours: it is the router's. */
bool ctl_answer_for(const struct pw_ctl *ctl, const struct ctl_port *port,
	const struct ctl_question *question, struct pw_mac *mac, bool *ours);

/* A frame of ours that asks for somebody on the interface. Takes it. dst_mac NULL: to all. */
void ctl_answer_ask(
	struct pw_ctl *ctl, uint32_t iface, struct rte_mbuf *m, const struct pw_mac *dst_mac);

/* A question or answer that is not for us: the bridge does with it what it does with any frame.
 * Takes it. */
void ctl_answer_pass_on(struct pw_ctl *ctl, const struct ctl_port *port, const struct pw_pkt *pkt);

/* Parses a punted frame, which must have come by a port that is still there. NULL: dropped. */
const struct ctl_port *ctl_answer_parse(struct pw_ctl *ctl, struct pw_pkt *pkt);

#endif
