/* SPDX-License-Identifier: BSD-3-Clause */
/* punt.c - punted packets: to whom they go (punt.h). */
#include <errno.h>
#include <stdlib.h>

#include "arp.h"
#include "icmp.h"
#include "nd.h"
#include "neighbour.h"
#include "punt.h"

#define DRAIN_BURST 64
#define DRAIN_MAX   1024 /* packets a call: requests and timers get their turn in between */

struct ctl_punt {
	struct ctl_punt_stats stats;
};

const struct ctl_punt_stats *ctl_punt_stats(const struct pw_ctl *ctl)
{
	return &ctl->punt->stats;
}

/* What must be known when a held packet is given back, kept in the mbuf itself: m->port is the port
 * it came in by, this says whether it is one of ours. */
static void note_originated(struct rte_mbuf *m, bool originated)
{
	m->hash.fdir.hi = originated;
}

void ctl_punt_send(struct pw_ctl *ctl, struct rte_mbuf *m, enum pw_dp_inject how, uint16_t port)
{
	if (pw_dp_inject(ctl->dp, m, how, port) == 0)
		return;
	ctl->punt->stats.inject_full++;
	rte_pktmbuf_free(m);
}

void ctl_punt_give_back(struct pw_ctl *ctl, struct rte_mbuf *m)
{
	bool originated = m->hash.fdir.hi != 0;
	uint16_t in_port = m->port;

	if (pw_dp_inject(ctl->dp, m, originated ? PW_DP_INJECT_ROUTE : PW_DP_INJECT_AGAIN,
		    in_port) == 0) {
		ctl->punt->stats.given_back++;
		return;
	}
	m->port = in_port;
	ctl_punt_drop(ctl, m, PW_DROP_PUNT_FULL);
}

void ctl_punt_drop(struct pw_ctl *ctl, struct rte_mbuf *m, enum pw_verdict reason)
{
	if (ctl->dp != NULL) { /* NULL: what was held when the daemon ends */
		pw_dp_count_drop(ctl->dp, m->port, reason);
		ctl->punt->stats.dropped++;
	}
	rte_pktmbuf_free(m);
}

void ctl_punt_consume(struct pw_ctl *ctl, struct rte_mbuf *m)
{
	ctl->punt->stats.consumed++;
	rte_pktmbuf_free(m);
}

/* Which neighbour the packet waits for, as its adjacency says. */
static void hold(struct pw_ctl *ctl, const struct pw_dp_punt *punt)
{
	const struct pw_adj *adj;
	struct pw_ip ip;

	if (punt->adj == PW_ADJ_NONE) {
		ctl_punt_drop(ctl, punt->m, PW_DROP_NO_ROUTE);
		return;
	}
	adj = &pw_adj_array(ctl->adj)[punt->adj];
	if (adj->kind == PW_ADJ_GLEAN) {
		ip = punt->route_dst;
	} else if (adj->kind == PW_ADJ_FORWARD && !adj->permanent) {
		ip = adj->ip;
	} else { /* its route went while the packet was on its way here */
		ctl_punt_drop(ctl, punt->m, PW_DROP_NO_ROUTE);
		return;
	}
	note_originated(punt->m, punt->originated);
	if (ctl_neigh_resolve(
		    ctl, ctl_iface_of(adj->bridge, adj->port), &ip, punt->m, punt->m->pkt_len) == 0)
		ctl->punt->stats.held++;
	else
		ctl_punt_drop(ctl, punt->m, PW_DROP_NEIGH_QUEUE);
}

static void arp(struct pw_ctl *ctl, const struct pw_dp_punt *punt)
{
	ctl_arp_input(ctl, punt->m, punt->in_port);
}

static void nd(struct pw_ctl *ctl, const struct pw_dp_punt *punt)
{
	ctl_nd_input(ctl, punt->m, punt->in_port);
}

static void (*const handlers[PW_PUNT_COUNT])(struct pw_ctl *, const struct pw_dp_punt *) = {
	[PW_PUNT_ARP] = arp,
	[PW_PUNT_NEIGH] = hold,
	[PW_PUNT_ICMP_TTL] = ctl_icmp_punt,
	[PW_PUNT_ICMP_NET] = ctl_icmp_punt,
	[PW_PUNT_ICMP_HOST] = ctl_icmp_punt,
	[PW_PUNT_ICMP_ADMIN] = ctl_icmp_punt,
	[PW_PUNT_ICMP_PORT] = ctl_icmp_punt,
	[PW_PUNT_ICMP_PROTO] = ctl_icmp_punt,
	[PW_PUNT_ICMP_MTU] = ctl_icmp_punt,
	[PW_PUNT_TCP_RST] = ctl_icmp_punt,
	[PW_PUNT_ND] = nd,
	[PW_PUNT_LINK] = ctl_icmp_link,
	[PW_PUNT_ICMP_SCOPE] = ctl_icmp_punt,
};

void ctl_punt_drain(struct pw_ctl *ctl)
{
	struct pw_dp_punt punts[DRAIN_BURST];
	uint32_t n, done = 0;

	do {
		n = pw_dp_punts(ctl->dp, punts, DRAIN_BURST);
		for (uint32_t i = 0; i < n; i++)
			handlers[punts[i].reason](ctl, &punts[i]);
		done += n;
	} while (n == DRAIN_BURST && done < DRAIN_MAX);
}

static int init(struct pw_ctl *ctl, struct pw_err *err)
{
	ctl->punt = calloc(1, sizeof(*ctl->punt));
	return ctl->punt != NULL ? 0 : pw_err_set(err, -ENOMEM, "punt: out of memory");
}

static void fini(struct pw_ctl *ctl)
{
	free(ctl->punt);
	ctl->punt = NULL;
}

const struct ctl_module ctl_module_punt = {.name = "punt", .init = init, .fini = fini};
