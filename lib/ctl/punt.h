/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * punt.h - packets that workers hand to the control thread: ARP, ND, ICMP errors to be sent, packets
 * that wait for a next hop.
 *
 * Every punted packet ends here in exactly one way: answered (consumed), dropped with its reason,
 * held, or given back to a worker.
 */
#ifndef CTL_PUNT_H
#define CTL_PUNT_H

#include "ctl.h"

extern const struct ctl_module ctl_module_punt;

/* Called by loop.c when the dp's event fd fires and with every poll timer; bounded work a call. */
void ctl_punt_drain(struct pw_ctl *ctl);

/* A held packet goes on its way, through the pipeline from its start. Takes it. */
void ctl_punt_give_back(struct pw_ctl *ctl, struct rte_mbuf *m);
/* Counted against the port it came in by. Takes it. */
void ctl_punt_drop(struct pw_ctl *ctl, struct rte_mbuf *m, enum pw_verdict reason);
/* Used up: answered, or heard. Takes it. */
void ctl_punt_consume(struct pw_ctl *ctl, struct rte_mbuf *m);
/* Gives a packet of ours to a worker; frees it if the ring is full. */
void ctl_punt_send(struct pw_ctl *ctl, struct rte_mbuf *m, enum pw_dp_inject how, uint16_t port);

/* Where punted packets ended. */
struct ctl_punt_stats {
	uint64_t consumed, dropped, given_back, held; /* held: taken in by the neighbour table */
	uint64_t inject_full;                         /* our own, lost for a full ring */
};
const struct ctl_punt_stats *ctl_punt_stats(const struct pw_ctl *ctl);

#endif
