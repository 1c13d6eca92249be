/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gate.h - which addresses can belong to a translated flow: a filter in front of the flow stage.
 *
 * A bit map by a hash of the address (one bit each, 16 to 32 bits of room) over VIPs, endpoints and SNAT
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

#define GATE_BITS_PER_ADDRESS 16
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

/* Times the golden ratio (Knuth, TAOCP 6.4): the upper bits of the product are good. */
static inline uint64_t gate_hash(const struct gate *gate, flow_addr ip_be)
{
	return (flow_addr_word(ip_be) ^ gate->secret) * UINT64_C(0x9e3779b97f4a7c15);
}
static inline uint32_t gate_word_of(const struct gate *gate, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & (gate->n_words - 1);
}
static inline uint64_t gate_bit_of(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 58);
}

static inline bool gate_is_empty(const struct gate *gate)
{
	return __atomic_load_n(&gate->n_added, __ATOMIC_RELAXED) == 0;
}

static inline bool gate_has(const struct gate *gate, flow_addr ip_be)
{
	uint64_t hash = gate_hash(gate, ip_be);
	uint64_t word = __atomic_load_n(&gate->word[gate_word_of(gate, hash)], __ATOMIC_RELAXED);

	return (word & gate_bit_of(hash)) != 0;
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
