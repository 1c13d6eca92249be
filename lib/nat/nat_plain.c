/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_plain.c - connections that go on: filter, lookup and translation of many packets at once.
 *
 * Each pass does one thing to all packets, so that the cache misses of a step overlap:
 *   1. filter, hash; the bucket is being fetched
 *   2. compare tags; the line is being fetched
 *   3. is it this flow, and does the packet change nothing about it? then what it becomes
 * Whatever is not certain stays out of both lists (pw_nat.h).
 */
#include <netinet/in.h>

#include <rte_branch_prediction.h>

#include "flow_find.h"
#include "nat_priv.h"
#include "pw_plain.h"

/* A packet that passed the filter. */
struct wanted {
	uint8_t *frame;
	const struct flow_bucket *home;
	uint32_t ref;
	uint16_t tag;
	uint16_t number;
};

static inline uint64_t addrs_of(const uint8_t *frame)
{
	return pw_plain_load64(frame + PW_PLAIN_SRC);
}

static inline uint32_t ports_of(const uint8_t *frame)
{
	return pw_plain_load32(frame + PW_PLAIN_L4);
}

bool pw_nat_is_idle(const struct pw_nat *nat)
{
	return gate_is_empty(__atomic_load_n(&nat->gate, __ATOMIC_ACQUIRE)) &&
	       __atomic_load_n(&nat->cidrs, __ATOMIC_ACQUIRE)->n == 0;
}

/* How many of n are wanted. */
static inline uint32_t filter(const struct pw_nat *nat, uint8_t *const *frames, uint32_t n,
	struct wanted *wanted, struct pw_nat_plain *out)
{
	const struct gate *gate = __atomic_load_n(&nat->gate, __ATOMIC_ACQUIRE);
	const struct gate_cidrs *cidrs = __atomic_load_n(&nat->cidrs, __ATOMIC_ACQUIRE);
	const uint64_t secret[2] = {nat->flows.secret[0], nat->flows.secret[1]};
	const struct flow_bucket *buckets = nat->flows.buckets;
	const uint32_t n_buckets = nat->flows.n_buckets;
	struct wanted *next = wanted;
	uint16_t *left = out->left;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *frame = frames[i];
		uint64_t hash;

		if (!gate_wants(gate, cidrs, pw_plain_load32(frame + PW_PLAIN_SRC),
			    pw_plain_load32(frame + PW_PLAIN_DST))) {
			*left++ = (uint16_t)i;
			continue;
		}
		hash = flow_hash_words(
			addrs_of(frame), ports_of(frame), frame[PW_PLAIN_PROTO], secret);
		next->home = &buckets[flow_home_index(n_buckets, hash)];
		__builtin_prefetch(next->home);
		next->frame = frame;
		next->tag = tag_of(hash);
		next->number = (uint16_t)i;
		next++;
	}
	out->n_left = (uint32_t)(left - out->left);
	return (uint32_t)(next - wanted);
}

/* Like flow_line_has() for a key that lies in a frame. */
static inline bool is_flow_of(const union flow_line *line, enum flow_dir dir, const uint8_t *frame)
{
	uint64_t addrs;
	uint32_t ports;

	memcpy(&addrs, &line->tuple[dir].src_be, 8);
	memcpy(&ports, &line->tuple[dir].sport_be, 4);
	return ((addrs ^ addrs_of(frame)) | (ports ^ ports_of(frame))) == 0 &&
	       flow_proto(line) == frame[PW_PLAIN_PROTO];
}

static inline bool changes_nothing(
	const struct pw_nat *nat, uint32_t state, enum flow_dir dir, const uint8_t *frame)
{
	uint16_t states = likely(frame[PW_PLAIN_PROTO] == IPPROTO_TCP)
				  ? nat->settled.tcp[dir][frame[PW_PLAIN_TCP_FLAGS]]
				  : nat->settled.udp[dir];

	return (states >> flow_state_ct(state) & 1) != 0;
}

/* A packet leaves as the reverse of the other direction's tuple: halves of its words change places. */
static inline void make_plan(
	struct pw_nat_plan *plan, const union flow_line *line, enum flow_dir dir)
{
	uint32_t sign = dir == FLOW_ORIG ? 0 : UINT32_MAX, deltas, ports;
	uint64_t addrs;

	memcpy(&addrs, &line->tuple[!dir].src_be, 8);
	memcpy(&ports, &line->tuple[!dir].sport_be, 4);
	memcpy(&deltas, &line->l3_delta, 4);
	addrs = addrs >> 32 | addrs << 32;
	ports = ports >> 16 | ports << 16;
	deltas ^= sign;
	memcpy(&plan->src_be, &addrs, 8);
	memcpy(&plan->sport_be, &ports, 4);
	memcpy(&plan->l3_delta, &deltas, 4);
}
static_assert(offsetof(struct pw_nat_plan, sport_be) == 8 &&
		      offsetof(struct pw_nat_plan, l4_delta) ==
			      offsetof(struct pw_nat_plan, l3_delta) + 2,
	"stored as words");

/* The flow that a lookup found only now, or none. */
static __attribute__((noinline)) uint32_t find_again(
	const struct pw_nat *nat, const struct wanted *wanted, struct pw_nat_plain *out)
{
	const uint8_t *frame = wanted->frame;
	struct flow_key key = {.proto = frame[PW_PLAIN_PROTO]};
	uint32_t ref;

	memcpy(&key.t, frame + PW_PLAIN_SRC, sizeof(key.t));
	ref = flow_lookup_again(&nat->flows, flow_hash(&key, nat->flows.secret), &key);
	if (ref == 0 && nat_miss_passes(nat, key.t.dst_be, key.t.dport_be, (uint8_t)key.proto))
		out->left[out->n_left++] = wanted->number;
	return ref;
}

static inline void decide(const struct pw_nat *nat, const struct wanted *wanted, uint32_t n,
	uint32_t now_sec, uint32_t generation, struct pw_nat_plain *out)
{
	union flow_line *const lines = nat->flows.lines;
	struct pw_nat_translated *to = out->translated;

	for (const struct wanted *end = wanted + n; wanted < end; wanted++) {
		const uint8_t *frame = wanted->frame;
		uint32_t ref = wanted->ref;
		union flow_line *line = &lines[ref >> 1];
		enum flow_dir dir = (enum flow_dir)(ref & 1);
		uint32_t state = flow_state(line);

		/* line 0, which is no flow's, is not live */
		if (unlikely(
			    flow_state_life(state) != FLOW_LIVE || !is_flow_of(line, dir, frame))) {
			ref = find_again(nat, wanted, out);
			if (ref == 0)
				continue;
			line = &lines[ref >> 1];
			dir = (enum flow_dir)(ref & 1);
			state = flow_state(line);
		}
		if (unlikely(!changes_nothing(nat, state, dir, frame)))
			continue;
		flow_touch(line, now_sec);
		if (unlikely(!flow_is_nat(line))) {
			out->left[out->n_left++] = wanted->number;
			continue;
		}
		to->number = wanted->number;
		to->flow = ref;
		to->adj = flow_get_adj(line, dir, generation);
		make_plan(&to->plan, line, dir);
		to++;
	}
	out->n_translated = (uint32_t)(to - out->translated);
}

void pw_nat_plain_set_adj(
	const struct pw_nat *nat, uint32_t flow, uint32_t adj, uint32_t generation)
{
	flow_set_adj(&nat->flows.lines[flow >> 1], (enum flow_dir)(flow & 1), adj, generation);
}

void pw_nat_plain(const struct pw_nat *nat, uint8_t *const *frames, uint32_t n, uint32_t now_sec,
	uint32_t generation, struct pw_nat_plain *out)
{
	const union flow_line *lines = nat->flows.lines;
	struct wanted wanted[PW_BATCH_MAX];
	uint32_t n_wanted = filter(nat, frames, n, wanted, out);

	for (uint32_t i = 0; i < n_wanted; i++)
		wanted[i].ref = flow_first_ref(lines, wanted[i].home, wanted[i].tag);
	decide(nat, wanted, n_wanted, now_sec, generation, out);
}
