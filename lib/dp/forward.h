/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * forward.h - rules of forwarding by an adjacency that the plain way and the l3 stage share, for
 * both families.
 */
#ifndef PW_FORWARD_H
#define PW_FORWARD_H

#include <netinet/in.h>

#include <rte_branch_prediction.h>

#include "worker.h"

static inline void punt(struct pw_pkt *pkt, enum pw_punt why)
{
	pkt->verdict = PW_VERDICT_PUNT;
	pkt->punt = (uint16_t)why;
}

/* IP bytes of the largest packet this frame stands for: a GSO frame is judged by its segments. */
static inline uint32_t ip_bytes_on_wire(const struct pw_pkt *pkt)
{
	if (likely((pkt->flags & PW_PKT_GSO) == 0))
		return pkt->ip_len;
	return (uint32_t)pkt->m->l3_len + pkt->m->l4_len + pkt->m->tso_segsz;
}

/* To an address of ours, where nobody listens; icmp_proto: of the packet's family. */
static inline void refuse_local(struct pw_pkt *pkt, uint8_t icmp_proto)
{
	if (pkt->l4_proto == IPPROTO_TCP)
		punt(pkt, PW_PUNT_TCP_RST);
	else if (pkt->l4_proto == IPPROTO_UDP)
		punt(pkt, PW_PUNT_ICMP_PORT);
	else if (pkt->l4_proto == icmp_proto)
		pkt->verdict = PW_DROP_LOCAL_PROTO;
	else
		punt(pkt, PW_PUNT_ICMP_PROTO);
}

static inline bool ttl_ends(uint8_t ttl)
{
	return ttl <= 1;
}

/* Its own port, or by the FDB of its bridge; PORT_FLOOD: not there either. */
static inline uint16_t adj_out_port(const struct worker *w, const struct pw_adj *adj, uint64_t word)
{
	uint64_t found;

	if (adj->port != PW_PORT_NONE)
		return adj->port;
	found = pw_fdb_lookup(w->dp->params.fdb, adj->bridge, pw_adj_word_mac48(word));
	return found == PW_FDB_MISS ? PORT_FLOOD : pw_fdb_result_port(found);
}

/* The neighbour is in use: it must not age. */
static inline void adj_used(const struct worker *w, const struct pw_adj *adj)
{
	if (!adj->permanent)
		pw_adj_touch(adj, w->now_sec);
}

#endif
