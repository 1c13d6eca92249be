/* SPDX-License-Identifier: BSD-3-Clause */
/* neigh.h - what the table (neigh.c) and the state machine (neigh_state.c) of neighbours share. */
#ifndef NEIGH_H
#define NEIGH_H

#include <sys/queue.h>

#include "pw_neigh.h"

struct held {
	STAILQ_ENTRY(held) next;
	void *pkt;
	uint32_t bytes;
};

struct pw_neigh {
	TAILQ_ENTRY(pw_neigh) lru;  /* of the table; or of its free list */
	LIST_ENTRY(pw_neigh) chain; /* of the hash bucket */
	bool in_use;
	bool pinned;
	uint8_t requests; /* sent since INCOMPLETE or PROBE began */
	enum pw_neigh_state state;
	uint32_t iface;
	struct pw_ip ip;
	struct pw_mac mac;
	void *user;
	uint64_t state_ns;     /* when this state began */
	uint64_t request_ns;   /* when the last request was sent */
	uint64_t confirmed_ns; /* REACHABLE last began, or it was created */
	uint64_t updated_ns;   /* last news from the network, or it was created */
	STAILQ_HEAD(, held) held;
	uint32_t n_held;
	uint32_t held_bytes;
};

TAILQ_HEAD(neigh_list, pw_neigh);

struct pw_neigh_table {
	struct pw_neigh_callbacks cb;
	void *ctx;
	uint32_t thresh2, thresh3;
	uint32_t count;
	struct neigh_list lru; /* most recent first */
	struct neigh_list free;
	struct pw_neigh *neighs; /* thresh3 of them; addresses are stable */
	uint32_t hash_mask;
	LIST_HEAD(, pw_neigh) buckets[];
};

/* neigh.c */
void neigh_remove(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns);
void neigh_touch(struct pw_neigh_table *table, struct pw_neigh *neigh);      /* most recent now */
void neigh_touch_last(struct pw_neigh_table *table, struct pw_neigh *neigh); /* next to go */
void neigh_release_held(
	struct pw_neigh_table *table, struct pw_neigh *neigh, bool resolved, uint64_t now_ns);

/* neigh_state.c */
void neigh_start(struct pw_neigh_table *table, struct pw_neigh *neigh, uint64_t now_ns);
bool neigh_is_usable(const struct pw_neigh *neigh);
uint64_t neigh_last_used_ns(
	const struct pw_neigh_table *table, const struct pw_neigh *neigh, uint64_t now_ns);

#endif
