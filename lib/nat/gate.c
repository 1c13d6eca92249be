/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>

#include "gate.h"

struct gate *gate_build(const struct pw_alloc *alloc, uint32_t addresses, uint64_t secret)
{
	uint64_t want = (uint64_t)addresses * GATE_BITS_PER_ADDRESS / 64;
	uint32_t n = 64;

	while (n < want)
		n *= 2;

	struct gate *gate = pw_zalloc(alloc, "nat gate", sizeof(*gate) + n * sizeof(gate->word[0]));

	if (gate == NULL)
		return NULL;
	gate->n_words = n;
	gate->secret = secret;
	return gate;
}

void gate_add(struct gate *gate, uint32_t ip_be)
{
	uint32_t word;
	uint64_t bits = gate_bits(gate, ip_be, &word);

	__atomic_or_fetch(&gate->word[word], bits, __ATOMIC_RELEASE);
	__atomic_store_n(&gate->n_added, gate->n_added + 1, __ATOMIC_RELEASE);
}

static uint32_t mask_be(uint8_t len)
{
	return len == 0 ? 0 : htonl(UINT32_MAX << (32 - len));
}

struct gate_cidrs *gate_cidrs_build(
	const struct pw_alloc *alloc, const struct pw_prefix *cidrs, uint32_t n)
{
	struct gate_cidrs *list =
		pw_zalloc(alloc, "service cidrs", sizeof(*list) + n * sizeof(list->range[0]));

	if (list == NULL)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		if (cidrs[i].ip.family != PW_IPV4)
			continue;
		list->range[list->n].mask_be = mask_be(cidrs[i].len);
		list->range[list->n].net_be = cidrs[i].ip.v4_be & mask_be(cidrs[i].len);
		list->n++;
	}
	return list;
}
