/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_nat_plain.h - the NAT of most packets: plain frames (pw_plain.h) of connections that go on.
 *
 *     pw_nat_plain_find(nat, frames, n, now_sec, generation, &found);
 *     for each of found.wanted:
 *         hit = pw_nat_plain_hit(&found, wanted);
 *         if (hit.line != NULL)
 *             words = pw_nat_plain_words(hit), and rewrite by them
 *     for each of found.left: as it is
 *
 * Find takes all frames through filter, hash and bucket, so that the cache misses of a step overlap, and has
 * the flows' lines fetched. What is left to do for one frame is short and needs what the caller knows, so it
 * is inline for the caller's own loop: is it this flow, does the packet change nothing about it, and what
 * does it become. A packet that may change or make a flow is neither hit nor left: it goes through select and
 * process (pw_nat.h). Nothing is written into frames.
 *
 * Threads:  any worker. A hit is good until its next quiescent state.
 */
#ifndef PW_NAT_PLAIN_H
#define PW_NAT_PLAIN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "pw_nat.h"
#include "pw_plain.h"
#include "pw_rewrite.h"

/* An IPv4 flow, as lib/nat/flow_line.h has it: what the functions below read. For them only. */
struct pw_nat_line {
	uint8_t tuple[2][12]; /* by direction: addresses and ports as they come */
	uint32_t state;       /* life, protocol state, generation */
	uint32_t last_seen;
	uint64_t info;
	uint64_t adj[2];
	uint32_t created;
	uint16_t deltas[2]; /* of sums, in the original direction: L3, L4 */
} __attribute__((aligned(64)));

#define PW_NAT_LINE_LIFE     0x7u
#define PW_NAT_LINE_LIVE     0x2u
#define PW_NAT_LINE_CT_SHIFT 4
#define PW_NAT_LINE_CT       0xfu
#define PW_NAT_LINE_IS_NAT   UINT64_C(0x8000) /* in info */

/* A frame that passed the filter. */
struct pw_nat_wanted {
	uint8_t *frame;
	const void *home; /* its bucket */
	uint32_t ref;     /* line << 1 | direction of the flow that it may be of; 0: none */
	uint16_t tag;
	uint16_t number; /* of the frame */
};

struct pw_nat_plain {
	const struct pw_nat *nat;
	struct pw_nat_line *lines;
	const uint16_t (*settled_tcp)[256]; /* [direction][flags]: states that stay as they are */
	const uint16_t *settled_udp;
	uint32_t now_sec, generation;
	uint32_t n_wanted, n_left;
	uint16_t left[PW_BATCH_MAX]; /* numbers of frames that stay as they are */
	struct pw_nat_wanted wanted[PW_BATCH_MAX];
};

struct pw_nat_hit {
	struct pw_nat_line *line;
	uint32_t dir; /* 0: original, 1: reply */
};

/* Those of n that may be of a flow are wanted, the others left. generation: of all routes, taken before any
 * lookup among them. */
void pw_nat_plain_find(const struct pw_nat *nat, uint8_t *const *frames, uint32_t n,
	uint32_t now_sec, uint32_t generation, struct pw_nat_plain *out);
/* The flow that a lookup found only now; 0: none, and perhaps the frame is left. */
uint32_t pw_nat_plain_find_again(struct pw_nat_plain *found, const struct pw_nat_wanted *wanted);
/* No Service, no service CIDR: nothing is ever translated. */
bool pw_nat_is_idle(const struct pw_nat *nat);

static inline struct pw_nat_hit pw_nat_hit_of(const struct pw_nat_plain *found, uint32_t ref)
{
	return (struct pw_nat_hit){&found->lines[ref >> 1], ref & 1};
}

/* A live flow, and the frame's: one test. Line 0, which is no flow's, is not live. */
static inline bool pw_nat_hit_is(struct pw_nat_hit hit, uint32_t state, const uint8_t *frame)
{
	const uint8_t *tuple = hit.line->tuple[hit.dir], *key = frame + PW_PLAIN_SRC;
	uint64_t addrs = pw_plain_load64(tuple) ^ pw_plain_load64(key);
	uint32_t ports = pw_plain_load32(tuple + 8) ^ pw_plain_load32(key + 8);
	uint32_t life = (state & PW_NAT_LINE_LIFE) ^ PW_NAT_LINE_LIVE;
	uint8_t proto = (uint8_t)((uint8_t)hit.line->info ^ frame[PW_PLAIN_PROTO]);

	return (addrs | (ports | life | proto)) == 0;
}

static inline bool pw_nat_hit_is_settled(const struct pw_nat_plain *found, struct pw_nat_hit hit,
	uint32_t state, const uint8_t *frame)
{
	uint32_t states = likely(frame[PW_PLAIN_PROTO] == IPPROTO_TCP)
				  ? found->settled_tcp[hit.dir][frame[PW_PLAIN_TCP_FLAGS]]
				  : found->settled_udp[hit.dir];

	return (states & 1u << (state >> PW_NAT_LINE_CT_SHIFT & PW_NAT_LINE_CT)) != 0;
}

/* The flow by which the frame is to be translated. None: line NULL, and the frame may be among the left ones
 * now. */
static inline struct pw_nat_hit pw_nat_plain_hit(
	struct pw_nat_plain *found, const struct pw_nat_wanted *wanted)
{
	const struct pw_nat_hit none = {0};
	struct pw_nat_hit hit = pw_nat_hit_of(found, wanted->ref);
	uint32_t state = __atomic_load_n(&hit.line->state, __ATOMIC_ACQUIRE);

	if (unlikely(!pw_nat_hit_is(hit, state, wanted->frame))) {
		uint32_t ref = pw_nat_plain_find_again(found, wanted);

		if (ref == 0)
			return none;
		hit = pw_nat_hit_of(found, ref);
		state = __atomic_load_n(&hit.line->state, __ATOMIC_ACQUIRE);
	}
	if (unlikely(!pw_nat_hit_is_settled(found, hit, state, wanted->frame)))
		return none;
	/* A store to the line only when the second changed. */
	if (__atomic_load_n(&hit.line->last_seen, __ATOMIC_RELAXED) != found->now_sec)
		__atomic_store_n(&hit.line->last_seen, found->now_sec, __ATOMIC_RELAXED);
	if (unlikely((hit.line->info & PW_NAT_LINE_IS_NAT) == 0)) {
		found->left[found->n_left++] = wanted->number;
		return none;
	}
	return hit;
}

/* A packet leaves as the reverse of the other direction's tuple: halves of its words change places. */
static inline struct pw_rewrite_words pw_nat_plain_words(struct pw_nat_hit hit)
{
	const uint8_t *other = hit.line->tuple[hit.dir ^ 1];
	uint64_t addrs = pw_plain_load64(other);
	uint32_t ports = pw_plain_load32(other + 8);
	uint16_t sign = (uint16_t)-hit.dir; /* the reply's deltas are the complements */

	return (struct pw_rewrite_words){.addrs = addrs >> 32 | addrs << 32,
		.ports = ports >> 16 | ports << 16,
		.l3_delta = hit.line->deltas[0] ^ sign,
		.l4_delta = hit.line->deltas[1] ^ sign};
}

/* Adjacency of the translated destination, as remembered by the flow for this direction. It is good for as
 * long as found->generation, which is never UINT32_MAX, is the current one; get: false if it is not, or there
 * is none. */
static inline bool pw_nat_plain_get_adj(
	const struct pw_nat_plain *found, struct pw_nat_hit hit, uint32_t *adj)
{
	uint64_t word = __atomic_load_n(&hit.line->adj[hit.dir], __ATOMIC_RELAXED);

	*adj = (uint32_t)word;
	return (uint32_t)(word >> 32) == found->generation;
}
static inline void pw_nat_plain_set_adj(
	const struct pw_nat_plain *found, struct pw_nat_hit hit, uint32_t adj)
{
	__atomic_store_n(
		&hit.line->adj[hit.dir], (uint64_t)found->generation << 32 | adj, __ATOMIC_RELAXED);
}

#endif
