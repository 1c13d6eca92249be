/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_flow.h - up to 10 million flows by arithmetic: from a frame's number to the values of its fields.
 *
 * Every field has a range. The flows of a stream are numbers 0..n-1; the ranges are the digits of such
 * a number in a mixed base (the first field of the list changes fastest), so that n flows have n
 * different headers as long as n is not above the product of the ranges. With `spread` the n are
 * taken from all over the product instead of from its beginning.
 *
 * Which flow the frame with number s belongs to is a pure function, too: sequential (s mod n),
 * permuted (a fixed pseudo-random order in which every flow comes once in n frames), or Zipf (flow of
 * rank k with weight 1/k^s, independent draws). The receiver thus knows from stream and number what
 * must stand in every field.
 * Threads:  read-only after init.
 * Errors:   -ERANGE: more flows than the ranges have combinations, or than PW_GEN_FLOWS_MAX.
 * Cost:     some 20 (sequential) to 60 cycles; no memory but Zipf's table of 256 KB.
 */
#ifndef PW_GEN_FLOW_H
#define PW_GEN_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#define PW_GEN_FLOWS_MAX UINT64_C(10000000)

/* X(symbol, name): from the one that changes fastest on */
#define PW_GEN_FIELDS(X)                                                                           \
	X(SRC_PORT, "src_port")                                                                    \
	X(SRC_IP, "src")                                                                           \
	X(DST_IP, "dst")                                                                           \
	X(DST_PORT, "dst_port")                                                                    \
	X(PROTO, "proto")                                                                          \
	X(VLAN, "vlan")                                                                            \
	X(SRC_MAC, "src_mac")                                                                      \
	X(DST_MAC, "dst_mac")

enum pw_gen_field {
#define X(sym, name) PW_GEN_##sym,
	PW_GEN_FIELDS(X)
#undef X
	PW_GEN_FIELD_COUNT
};
const char *pw_gen_field_name(unsigned field);

enum pw_gen_order {
	PW_GEN_SEQUENTIAL,
	PW_GEN_PERMUTED,
	PW_GEN_ZIPF
};

/* A fixed permutation of 0..n-1: Feistel network on the next even power of two, walked until the
 * result is below n (Black and Rogaway 2002, "cycle walking"). */
struct pw_gen_perm {
	uint64_t n;
	uint64_t key;
	unsigned half_bits;
};
void pw_gen_perm_init(struct pw_gen_perm *perm, uint64_t n, uint64_t key);
uint64_t pw_gen_perm_at(const struct pw_gen_perm *perm, uint64_t i); /* i < n */

struct pw_gen_flows {
	uint32_t range[PW_GEN_FIELD_COUNT]; /* values of each field; >= 1 */
	uint64_t n;                         /* flows */
	enum pw_gen_order order;
	double zipf; /* exponent */
	bool spread;
	/* set by init */
	struct pw_gen_perm order_perm, spread_perm;
	uint32_t *zipf_table; /* first rank of each 65536th of the distribution */
};

/* range, n, order, zipf, spread are set; n 0: all combinations. 0, -ERANGE, -ENOMEM. */
int pw_gen_flows_init(struct pw_gen_flows *flows);
void pw_gen_flows_fini(struct pw_gen_flows *flows);
/* Combinations of the ranges; saturates at UINT64_MAX. */
uint64_t pw_gen_flows_product(const struct pw_gen_flows *flows);

/* The flow of frame number seq. */
uint64_t pw_gen_flows_at(const struct pw_gen_flows *flows, uint64_t seq);
/* The fields of a flow, each as offset in its range. */
void pw_gen_flows_digits(
	const struct pw_gen_flows *flows, uint64_t flow, uint32_t digit[static PW_GEN_FIELD_COUNT]);

/* A number well mixed (splitmix64's finisher): for what must look random and be repeatable. */
static inline uint64_t pw_gen_mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

#endif
