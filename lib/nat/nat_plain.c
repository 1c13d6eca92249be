/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat_plain.c - connections that go on: the passes over many packets at once, up to the flow's line.
 *
 *   1. filter, hash; the bucket is being fetched
 *   2. compare tags; the line is being fetched
 * The last one is the caller's (pw_nat_plain.h).
 */
#include "flow_find.h"
#include "nat_priv.h"
#include "pw_nat_plain.h"

/* What pw_nat_plain.h tells of a line. */
static_assert(sizeof(struct pw_nat_line) == sizeof(union flow_line), "one layout");
static_assert(offsetof(struct pw_nat_line, tuple[1]) == offsetof(union flow_line, tuple[1]), "");
static_assert(offsetof(struct pw_nat_line, state) == offsetof(union flow_line, state), "");
static_assert(offsetof(struct pw_nat_line, last_seen) == offsetof(union flow_line, last_seen), "");
static_assert(offsetof(struct pw_nat_line, info) == offsetof(union flow_line, info), "");
static_assert(offsetof(struct pw_nat_line, adj) == offsetof(union flow_line, adj), "");
static_assert(offsetof(struct pw_nat_line, deltas[0]) == offsetof(union flow_line, l3_delta), "");
static_assert(offsetof(struct pw_nat_line, deltas[1]) == offsetof(union flow_line, l4_delta), "");
static_assert(PW_NAT_LINE_LIFE == FLOW_LIFE_MASK && PW_NAT_LINE_LIVE == FLOW_LIVE, "");
static_assert(PW_NAT_LINE_CT << PW_NAT_LINE_CT_SHIFT == FLOW_CT_MASK, "");
static_assert(PW_NAT_LINE_IS_NAT == FLOW_F_NAT << 8, "");
static_assert(FLOW_ORIG == 0 && FLOW_REPLY == 1, "");

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
static inline uint32_t filter(
	const struct pw_nat *nat, uint8_t *const *frames, uint32_t n, struct pw_nat_plain *out)
{
	const struct gate *gate = __atomic_load_n(&nat->gate, __ATOMIC_ACQUIRE);
	const struct gate_cidrs *cidrs = __atomic_load_n(&nat->cidrs, __ATOMIC_ACQUIRE);
	const uint64_t secret[2] = {nat->flows.secret[0], nat->flows.secret[1]};
	const struct flow_bucket *buckets = nat->flows.buckets;
	const uint32_t n_buckets = nat->flows.n_buckets;
	struct pw_nat_wanted *next = out->wanted;
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
	return (uint32_t)(next - out->wanted);
}

uint32_t pw_nat_plain_find_again(struct pw_nat_plain *found, const struct pw_nat_wanted *wanted)
{
	const struct pw_nat *nat = found->nat;
	const uint8_t *frame = wanted->frame;
	struct flow_key key = {.proto = frame[PW_PLAIN_PROTO]};
	uint32_t ref;

	memcpy(&key.t, frame + PW_PLAIN_SRC, sizeof(key.t));
	ref = flow_lookup_again(&nat->flows, flow_hash(&key, nat->flows.secret), &key);
	if (ref == 0 && nat_miss_passes(nat, key.t.dst_be, key.t.dport_be, (uint8_t)key.proto))
		found->left[found->n_left++] = wanted->number;
	return ref;
}

void pw_nat_plain_find(const struct pw_nat *nat, uint8_t *const *frames, uint32_t n,
	uint32_t now_sec, uint32_t generation, struct pw_nat_plain *out)
{
	const union flow_line *lines = nat->flows.lines;

	out->nat = nat;
	out->lines = (struct pw_nat_line *)nat->flows.lines;
	out->settled_tcp = nat->settled.tcp;
	out->settled_udp = nat->settled.udp;
	out->now_sec = now_sec;
	out->generation = generation;
	out->n_wanted = filter(nat, frames, n, out);
	for (struct pw_nat_wanted *next = out->wanted, *end = next + out->n_wanted; next < end;
		next++)
		next->ref = flow_first_ref(lines, next->home, next->tag);
}
