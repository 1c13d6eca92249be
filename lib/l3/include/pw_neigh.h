/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_neigh.h - neighbours (RFC 826, RFC 4861) as the kernel keeps them: states, hold queue, limits.
 * Addresses of both families share one table.
 *
 * INCOMPLETE  3 requests 1 s apart (mcast_solicit, retrans_time_ms), then FAILED. Packets are
 *             held, 101 (unres_qlen) and 212,992 bytes (unres_qlen_bytes) at most, the oldest go
 *             first.
 * REACHABLE   for 30 s (base_reachable_time_ms), then STALE.
 * STALE       still used; if it is, PROBE; unused for 60 s (gc_stale_time): removed.
 * PROBE       still used; 3 unicast requests (ucast_solicit), then FAILED.
 * FAILED      for 3 s, so that a flood causes one burst of requests a destination, then removed.
 * Limits      128/512/1024 (gc_thresh1..3): from 512 on a new one pushes out one that failed, or
 *             the least recently used if last heard of more than 5 s ago (as neigh_forced_gc()
 *             does); at 1024, if there is no such one, no new. Pinned ones (the node's gateway)
 *             are never pushed out nor aged.
 *
 * The library knows neither packets nor sockets: held packets are opaque pointers; the callbacks
 * send requests, hear of changes and get held packets back. All are required; of the table's
 * functions they may call pw_neigh_find, _info, _set_user, _set_pinned and _count, and
 * pw_neigh_hold for another address.
 * Threads:  the control thread only.
 * Errors:   create: NULL with errno EINVAL (thresh3 0 or below thresh2, a callback missing) or
 *           ENOMEM.
 * Cost:     hold, heard: O(1); tick: a look at each neighbour.
 */
#ifndef PW_NEIGH_H
#define PW_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"

enum pw_neigh_state {
	PW_NEIGH_INCOMPLETE,
	PW_NEIGH_REACHABLE,
	PW_NEIGH_STALE,
	PW_NEIGH_PROBE,
	PW_NEIGH_FAILED,
};
const char *pw_neigh_state_name(enum pw_neigh_state state);

struct pw_neigh_table;
struct pw_neigh; /* one neighbour; valid until callbacks.removed was called for it */

struct pw_neigh_info {
	struct pw_ip ip;
	uint32_t iface; /* the caller's number of the interface */
	enum pw_neigh_state state;
	struct pw_mac mac; /* zero: unknown */
	uint32_t held;
	uint32_t age_sec; /* since confirmed, or since created */
	void *user;       /* the caller's, e.g. its adjacency */
};

struct pw_neigh_callbacks {
	/* Send a request (ARP, neighbour solicitation); dst_mac NULL: broadcast, multicast. */
	void (*request)(void *ctx, const struct pw_neigh_info *info, const struct pw_mac *dst_mac);
	/* State or MAC changed (usable again, failed); called before held packets are given back.
	 */
	void (*changed)(void *ctx, const struct pw_neigh_info *info);
	/* A held packet: resolved -> send on; else it failed or was pushed out of the queue. */
	void (*release)(void *ctx, const struct pw_neigh_info *info, void *pkt, bool resolved,
		bool overflow);
	void (*removed)(void *ctx, const struct pw_neigh_info *info);
	/* When was it last used by the data path (seconds of the same clock)? */
	uint32_t (*last_used_sec)(void *ctx, const struct pw_neigh_info *info);
};

struct pw_neigh_table *pw_neigh_create(uint32_t thresh2, uint32_t thresh3,
	const struct pw_neigh_callbacks *callbacks, void *ctx); /* NULL, errno */
void pw_neigh_destroy(struct pw_neigh_table *table); /* held packets are released as failed */

/* A packet for ip waits. Of a usable neighbour it is released at once as resolved, of a failed
 * one as not resolved. Creates the neighbour (user = new_user) when it is not there. The table
 * takes the packet in every case but -ENOSPC (1024 neighbours; the caller drops it). pkt may be
 * NULL: only resolve. */
int pw_neigh_hold(struct pw_neigh_table *table, uint32_t iface, const struct pw_ip *ip, void *pkt,
	uint32_t pkt_bytes, void *new_user, uint64_t now_ns);
struct pw_neigh *pw_neigh_find(
	struct pw_neigh_table *table, uint32_t iface, const struct pw_ip *ip);
void pw_neigh_info(const struct pw_neigh *neigh, uint64_t now_ns, struct pw_neigh_info *info);
void pw_neigh_set_user(struct pw_neigh *neigh, void *user);
void pw_neigh_set_pinned(struct pw_neigh *neigh, bool pinned);
/* An ARP packet or an advertisement told that ip is at mac: solicited replies confirm, others only update an
 * existing entry (to STALE, if its MAC was unknown or another). Never creates; a MAC that is zero
 * or multicast is ignored. */
void pw_neigh_heard(struct pw_neigh_table *table, uint32_t iface, const struct pw_ip *ip,
	const struct pw_mac *mac, bool solicited, uint64_t now_ns);
/* Held packets are released as failed. */
void pw_neigh_delete(struct pw_neigh_table *table, struct pw_neigh *neigh);
uint32_t pw_neigh_flush_iface(struct pw_neigh_table *table, uint32_t iface);
/* Timers; call about every 100 ms. */
void pw_neigh_tick(struct pw_neigh_table *table, uint64_t now_ns);
void pw_neigh_foreach(struct pw_neigh_table *table, uint64_t now_ns,
	bool (*fn)(void *arg, const struct pw_neigh_info *info), void *arg);
uint32_t pw_neigh_count(const struct pw_neigh_table *table);

#endif
