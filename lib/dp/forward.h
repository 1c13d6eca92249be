/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * forward.h - rules of forwarding by an adjacency that the plain way and the l3 stage share.
 */
#ifndef PW_FORWARD_H
#define PW_FORWARD_H

#include "worker.h"

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
