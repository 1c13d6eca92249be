/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_line.h - one flow in one cache line (IPv6: two), and the words of its life.
 *
 *   byte  0  tuple[0]  key of the original direction, as the client sends
 *        12  tuple[1]  key of the reply direction, as the backend sends
 *        24  state     life cycle, protocol state, generation          W, R: workers, by CAS
 *        28  last_seen second of the last packet                       W, R: workers, relaxed
 *        32  info      proto, kind, flags, service id, endpoint id
 *        40  adj[2]    cached adjacency of each direction             W, R: workers, relaxed
 *        56  created   second (of a line that is not LIVE: link, flow_pool.c)
 *        60  l3_delta, l4_delta  change of checksums in the original direction (RFC 1624); the
 *                      reply direction's is the complement
 *
 * A packet of direction d has tuple[d]; it leaves with the reverse of tuple[!d]. What is not marked
 * W is written while the line is PENDING and seen by nobody but its owner, and never again.
 * An IPv6 line has the same members, in 128 bytes (tuples at 0 and 36, state at 72); address, key and
 * hash differ. See nat6.h for how both come from the same sources.
 */
#ifndef FLOW_LINE_H
#define FLOW_LINE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pw_mul.h"

#ifdef PW_NAT_V6
#include "pw_in6.h"
typedef pw_in6 flow_addr;
#define FLOW_LINE_BYTES 128
#else
typedef uint32_t flow_addr; /* network order; compared and copied, seldom more */
#define FLOW_LINE_BYTES 64
#endif

enum flow_dir {
	FLOW_ORIG,
	FLOW_REPLY
};

struct flow_tuple {
	flow_addr src_be, dst_be;
	uint16_t sport_be, dport_be;
};
static_assert(sizeof(struct flow_tuple) == 2 * sizeof(flow_addr) + 4, "no holes");

struct flow_key {
	struct flow_tuple t;
	uint32_t proto;
};

union flow_line {
	struct {
		struct flow_tuple tuple[2];
		uint32_t state;
		uint32_t last_seen;
		uint64_t info;
		uint64_t adj[2];
		uint32_t created;
		uint16_t l3_delta, l4_delta;
	};
	uint64_t word[FLOW_LINE_BYTES / 8];
} __attribute__((aligned(64)));
static_assert(sizeof(union flow_line) == FLOW_LINE_BYTES, "whole cache lines");
#define FLOW_STATE_AT (2 * sizeof(struct flow_tuple))
static_assert(offsetof(union flow_line, state) == FLOW_STATE_AT, "layout");
static_assert(offsetof(union flow_line, info) == FLOW_STATE_AT + 8, "layout");
static_assert(offsetof(union flow_line, adj) == FLOW_STATE_AT + 16, "layout");
static_assert(offsetof(union flow_line, created) == FLOW_STATE_AT + 32, "layout");

static inline void flow_prefetch(const union flow_line *line)
{
	for (unsigned at = 0; at < FLOW_LINE_BYTES; at += 64)
		__builtin_prefetch((const char *)line + at);
}

/* ---- state word: life in bits 0..2, protocol state in 4..7, generation in 8..31 ---- */

enum flow_life {
	FLOW_FREE,    /* in the pool */
	FLOW_PENDING, /* claimed slots, not yet found alone; only its owner uses it */
	FLOW_LIVE,
	FLOW_ABORTED, /* lost against another PENDING line; its owner unlinks it */
	FLOW_DEAD,    /* expired, dropped or flushed; who moved it here unlinks it */
};

#define FLOW_LIFE_MASK 0x7u
#define FLOW_CT_SHIFT  4
#define FLOW_CT_MASK   0xf0u
#define FLOW_GEN_ONE   0x100u
#define FLOW_GEN_MASK  0xffffff00u

static inline enum flow_life flow_state_life(uint32_t state)
{
	return (enum flow_life)(state & FLOW_LIFE_MASK);
}
static inline uint8_t flow_state_ct(uint32_t state)
{
	return (uint8_t)((state & FLOW_CT_MASK) >> FLOW_CT_SHIFT);
}
static inline uint32_t flow_state_set_life(uint32_t state, enum flow_life life)
{
	return (state & ~FLOW_LIFE_MASK) | life;
}
static inline uint32_t flow_state_set_ct(uint32_t state, uint8_t ct)
{
	return (state & ~FLOW_CT_MASK) | (uint32_t)ct << FLOW_CT_SHIFT;
}

/* ---- info word ---- */

#define FLOW_ID_MAX    0xffffffu /* 24 bits for service and endpoint ids */
#define FLOW_ID_NONE   FLOW_ID_MAX
#define FLOW_F_NAT     0x80u /* something is translated; else an identity flow left alone */
#define FLOW_KIND_MASK 0x03u /* enum pw_flow_kind */

static inline uint64_t flow_info(
	uint8_t proto, uint8_t kind_flags, uint32_t service, uint32_t endpoint)
{
	return proto | (uint64_t)kind_flags << 8 | (uint64_t)(service & FLOW_ID_MAX) << 16 |
	       (uint64_t)(endpoint & FLOW_ID_MAX) << 40;
}
static inline uint8_t flow_proto(const union flow_line *line)
{
	return (uint8_t)line->info;
}
static inline uint8_t flow_info_kind(uint64_t info)
{
	return (uint8_t)(info >> 8) & FLOW_KIND_MASK;
}
static inline uint8_t flow_kind(const union flow_line *line)
{
	return flow_info_kind(line->info);
}
static inline bool flow_is_nat(const union flow_line *line)
{
	return (line->info >> 8 & FLOW_F_NAT) != 0;
}
static inline uint32_t flow_service(const union flow_line *line)
{
	return (uint32_t)(line->info >> 16) & FLOW_ID_MAX;
}
static inline uint32_t flow_endpoint(const union flow_line *line)
{
	return (uint32_t)(line->info >> 40);
}

/* ---- atomics of single words ---- */

static inline uint32_t flow_state(const union flow_line *line)
{
	return __atomic_load_n(&line->state, __ATOMIC_ACQUIRE);
}
static inline bool flow_state_cas(union flow_line *line, uint32_t *old, uint32_t state)
{
	return __atomic_compare_exchange_n(
		&line->state, old, state, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
/* A store to the line only when the second changed. */
static inline void flow_touch(union flow_line *line, uint32_t now_sec)
{
	if (__atomic_load_n(&line->last_seen, __ATOMIC_RELAXED) != now_sec)
		__atomic_store_n(&line->last_seen, now_sec, __ATOMIC_RELAXED);
}

/* Adjacency cached for packets of direction `dir`; valid while `generation` is the current one of
 * whoever set it. Index and generation are one word: never a mixture of two writers. */
static inline void flow_set_adj(
	union flow_line *line, enum flow_dir dir, uint32_t adj, uint32_t generation)
{
	__atomic_store_n(&line->adj[dir], (uint64_t)generation << 32 | adj, __ATOMIC_RELAXED);
}
/* UINT32_MAX (PW_ADJ_NONE): none for this generation. */
static inline uint32_t flow_get_adj(
	const union flow_line *line, enum flow_dir dir, uint32_t generation)
{
	uint64_t word = __atomic_load_n(&line->adj[dir], __ATOMIC_RELAXED);

	return (uint32_t)(word >> 32) == generation ? (uint32_t)word : UINT32_MAX;
}

/* ---- keys ---- */

static inline struct flow_tuple flow_tuple_reverse(const struct flow_tuple *t)
{
	return (struct flow_tuple){
		.src_be = t->dst_be,
		.dst_be = t->src_be,
		.sport_be = t->dport_be,
		.dport_be = t->sport_be,
	};
}

#ifdef PW_NAT_V6
static inline bool flow_tuple_equal(const struct flow_tuple *a, const struct flow_tuple *b)
{
	uint32_t port_a, port_b;

	memcpy(&port_a, &a->sport_be, 4);
	memcpy(&port_b, &b->sport_be, 4);
	return ((a->src_be ^ b->src_be) | (a->dst_be ^ b->dst_be) | (port_a ^ port_b)) == 0;
}
#else
static inline bool flow_tuple_equal(const struct flow_tuple *a, const struct flow_tuple *b)
{
	uint64_t addr_a, addr_b;
	uint32_t port_a, port_b;

	memcpy(&addr_a, a, 8);
	memcpy(&addr_b, b, 8);
	memcpy(&port_a, &a->sport_be, 4);
	memcpy(&port_b, &b->sport_be, 4);
	return ((addr_a ^ addr_b) | (port_a ^ port_b)) == 0;
}
#endif

static inline bool flow_line_has(
	const union flow_line *line, enum flow_dir dir, const struct flow_key *key)
{
	return flow_tuple_equal(&line->tuple[dir], &key->t) && flow_proto(line) == key->proto;
}

static inline struct flow_key flow_line_key(const union flow_line *line, enum flow_dir dir)
{
	return (struct flow_key){.t = line->tuple[dir], .proto = flow_proto(line)};
}

static inline uint64_t flow_mix(uint64_t a, uint64_t b)
{
	uint64_t high, low = pw_mul_wide(a, b, &high);

	return low ^ high;
}

/* 64 bits that stand for an address: of IPv4 it is the address itself. No secret in it. */
static inline uint64_t flow_addr_word(flow_addr ip_be)
{
#ifdef PW_NAT_V6
	return flow_mix((uint64_t)ip_be ^ UINT64_C(0xa0761d6478bd642f),
		(uint64_t)(ip_be >> 64) ^ UINT64_C(0xe7037ed1a0b428db));
#else
	return ip_be;
#endif
}

/* The same in 32 bits, for caps and affinity, where two clients in one place do no harm. */
static inline uint32_t flow_addr_fold(flow_addr ip_be)
{
	uint64_t word = flow_addr_word(ip_be);

	return (uint32_t)(word ^ word >> 32);
}

#ifdef PW_NAT_V6
/* wyhash (Wang Yi, public domain) over the five words of a key, as below. */
static inline uint64_t flow_hash(const struct flow_key *key, const uint64_t secret[2])
{
	uint64_t word[5];

	static_assert(sizeof(*key) == sizeof(word), "no holes");
	memcpy(word, key, sizeof(word));

	uint64_t a = flow_mix(word[0] ^ secret[0], word[1] ^ secret[1]);
	uint64_t b = flow_mix(word[2] ^ secret[1] ^ a, word[3] ^ secret[0]);

	return flow_mix(b ^ secret[0], word[4] ^ secret[1]);
}
#else
/* wyhash64 (Wang Yi, public domain) with a secret of the table: who does not know it cannot fill a
 * bucket on purpose. Addresses and ports as they lie in a tuple. */
static inline uint64_t flow_hash_words(
	uint64_t addrs, uint32_t ports, uint32_t proto, const uint64_t secret[2])
{
	uint64_t a = addrs ^ secret[0];
	uint64_t b = ((uint64_t)proto << 32 | ports) ^ secret[1];
	uint64_t high, low = pw_mul_wide(a, b, &high);

	return flow_mix(low ^ secret[0], high ^ secret[1]);
}

static inline uint64_t flow_hash(const struct flow_key *key, const uint64_t secret[2])
{
	uint64_t addrs;
	uint32_t ports;

	memcpy(&addrs, &key->t, 8);
	memcpy(&ports, &key->t.sport_be, 4);
	return flow_hash_words(addrs, ports, key->proto, secret);
}
#endif

#endif
