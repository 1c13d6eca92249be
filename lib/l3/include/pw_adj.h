/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_adj.h - adjacencies: what to do with a routed packet; a route's value is an index here.
 *
 * One cache line each. Kind, interface and MTU are written before the index is published and
 * never change; MAC and state change in place by one atomic store of a word, so that a neighbour
 * that moves or fails needs no route update. An index is reused only after a grace period. The
 * generation changes when the adjacency is released, so that what workers cached (index and
 * generation, e.g. in a flow) is known to be stale at once; it starts at random, so that a table
 * of an earlier life of the daemon does not match either, and is never 0.
 * Threads:  alloc, release, set_mac, count: control thread. array, word, generation, touch:
 *           workers.
 * Errors:   alloc: -ENOSPC all in use or waiting for their grace period, -EINVAL kind FREE or
 *           unknown. create: NULL with errno EINVAL (capacity 0 or above 2^30) or ENOMEM.
 */
#ifndef PW_ADJ_H
#define PW_ADJ_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"
#include "pw_alloc.h"
#include "pw_limbo.h"
#include "pw_pkt.h"

enum pw_adj_kind {
	PW_ADJ_FREE,
	PW_ADJ_FORWARD, /* to one neighbour */
	PW_ADJ_GLEAN,   /* connected subnet: the destination itself is the neighbour to resolve */
	PW_ADJ_LOCAL,   /* an address of ours (gateway) */
	PW_ADJ_SERVICE, /* service CIDR or VIP: nothing but the flow stage answers for it */
	PW_ADJ_BLACKHOLE,
	PW_ADJ_UNREACHABLE,
	PW_ADJ_PROHIBIT,
};

enum pw_adj_state {        /* of a FORWARD adjacency; in the word with the MAC */
	PW_ADJ_INCOMPLETE, /* packets are punted to be held */
	PW_ADJ_RESOLVED,
	PW_ADJ_FAILED, /* ICMP host unreachable */
};

struct pw_adj {
	uint64_t word; /* W: ctl  R: worker. MAC << 16 | kind << 8 (by alloc) | enum pw_adj_state */
	uint64_t src_mac48; /* router MAC of the interface */
	struct pw_ip ip;    /* the neighbour's address (FORWARD), our address (LOCAL). R: ctl */
	uint16_t port;      /* PW_PORT_NONE: by FDB of the bridge */
	uint16_t bridge;    /* PW_BRIDGE_NONE: routed port */
	uint16_t mtu;
	uint8_t kind;           /* enum pw_adj_kind */
	uint8_t permanent;      /* never resolved nor aged (pods, host) */
	uint32_t generation;    /* W: ctl  R: workers */
	uint32_t last_used_sec; /* W, R: workers: set when used, for ageing of neighbours */
	/* src_mac48 in the parts in which it goes into a frame (pw_rewrite_mac_words). By alloc */
	uint32_t src_low;
	uint64_t src_high;
} __attribute__((aligned(64)));
static_assert(sizeof(struct pw_adj) == 64, "one cache line");

struct pw_adj_table;

struct pw_adj_table *pw_adj_table_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t capacity);
void pw_adj_table_destroy(struct pw_adj_table *table);
/* Copies `tmpl` (generation, last_used, src_high and src_low ignored; of the word the MAC and the state are used); index or -ENOSPC. */
int64_t pw_adj_alloc(struct pw_adj_table *table, const struct pw_adj *tmpl);
/* The caller has removed every route to it. Reusable after a grace period. */
void pw_adj_release(struct pw_adj_table *table, uint32_t index);
void pw_adj_set_mac(
	struct pw_adj_table *table, uint32_t index, uint64_t mac48, enum pw_adj_state state);
uint32_t pw_adj_count(const struct pw_adj_table *table);

const struct pw_adj *pw_adj_array(
	const struct pw_adj_table *table); /* constant base, for workers */

static inline uint64_t pw_adj_word(const struct pw_adj *adj)
{
	return __atomic_load_n(&adj->word, __ATOMIC_ACQUIRE);
}
static inline enum pw_adj_state pw_adj_word_state(uint64_t word)
{
	return (enum pw_adj_state)(word & 0xff);
}
/* To a neighbour whose MAC is known. */
static inline bool pw_adj_word_leads(uint64_t word)
{
	return (uint16_t)word == (PW_ADJ_FORWARD << 8 | PW_ADJ_RESOLVED);
}
static inline uint64_t pw_adj_word_mac48(uint64_t word)
{
	return word >> 16;
}
/* The first 8 bytes of a frame to the neighbour, and 4 more: pw_rewrite_mac_words(). */
static inline uint64_t pw_adj_mac_high(const struct pw_adj *adj, uint64_t word)
{
	return (word & ~UINT64_C(0xffff)) | adj->src_high;
}
static inline uint32_t pw_adj_generation(const struct pw_adj *adj)
{
	return __atomic_load_n(&adj->generation, __ATOMIC_ACQUIRE);
}
static inline uint32_t pw_adj_last_used_sec(const struct pw_adj *adj)
{
	return __atomic_load_n(&adj->last_used_sec, __ATOMIC_RELAXED);
}
/* Writes only when the second changed (no store on a hot shared line otherwise). */
static inline void pw_adj_touch(const struct pw_adj *adj, uint32_t now_sec)
{
	uint32_t *last = (uint32_t *)(uintptr_t)&adj->last_used_sec;

	if (__atomic_load_n(last, __ATOMIC_RELAXED) != now_sec)
		__atomic_store_n(last, now_sec, __ATOMIC_RELAXED);
}

#endif
