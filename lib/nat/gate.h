/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gate.h - which addresses can belong to a translated flow: a filter in front of the flow stage.
 *
 * A blocked Bloom filter (two bits in one 64-bit word an address) over VIPs, endpoints and SNAT
 * addresses, and the list of service CIDRs. An answer of "no" is exact; "yes" may be wrong, which
 * costs a lookup. Bits are sticky, since an endpoint that is gone may still have flows: removing
 * an address does nothing until GATE_STALE_MIN and more than half of all additions are stale; then
 * the filter is built anew from what the endpoint directory and the services still know.
 *
 * Threads:  build, add, cidrs: control thread. has: any worker.
 */
#ifndef GATE_H
#define GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_addr.h"
#include "pw_alloc.h"

#include "flow_line.h"
#include "grave.h"

#define GATE_BITS_PER_ADDRESS 8
#define GATE_STALE_MIN        1024
#define GATE_CIDRS_MAX        16

struct gate {
	struct grave_blob blob;
	uint32_t n_words; /* power of two */
	uint32_t n_added; /* W: ctl  R: workers */
	uint64_t secret;
	uint64_t word[]; /* W: ctl, bits only ever set  R: workers */
};

struct gate_cidrs {
	struct grave_blob blob;
	uint32_t n;
	struct {
		flow_addr net_be, mask_be;
	} range[];
};

struct gate *gate_build(const struct pw_alloc *alloc, uint32_t addresses, uint64_t secret);
void gate_add(struct gate *gate, flow_addr ip_be);
/* n prefixes, those of the family are taken. NULL: no memory. */
struct gate_cidrs *gate_cidrs_build(
	const struct pw_alloc *alloc, const struct pw_prefix *cidrs, uint32_t n);

static inline uint64_t gate_bits(const struct gate *gate, flow_addr ip_be, uint32_t *word)
{
	uint64_t h = flow_mix(flow_addr_word(ip_be) ^ gate->secret, UINT64_C(0x9e3779b97f4a7c15));

	*word = (uint32_t)(h >> 32) & (gate->n_words - 1);
	return UINT64_C(1) << (h & 63) | UINT64_C(1) << (h >> 6 & 63);
}

static inline bool gate_is_empty(const struct gate *gate)
{
	return __atomic_load_n(&gate->n_added, __ATOMIC_RELAXED) == 0;
}

static inline bool gate_has(const struct gate *gate, flow_addr ip_be)
{
	uint32_t word;
	uint64_t bits = gate_bits(gate, ip_be, &word);

	return (__atomic_load_n(&gate->word[word], __ATOMIC_RELAXED) & bits) == bits;
}

static inline bool gate_cidrs_have(const struct gate_cidrs *cidrs, flow_addr ip_be)
{
	for (uint32_t i = 0; i < cidrs->n; i++)
		if ((ip_be & cidrs->range[i].mask_be) == cidrs->range[i].net_be)
			return true;
	return false;
}

/* May a packet with these addresses belong to a translated flow? */
static inline bool gate_wants(
	const struct gate *gate, const struct gate_cidrs *cidrs, flow_addr src_be, flow_addr dst_be)
{
	return gate_has(gate, dst_be) || gate_has(gate, src_be) || gate_cidrs_have(cidrs, dst_be);
}

#endif
