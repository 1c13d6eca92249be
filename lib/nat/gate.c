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

void gate_add(struct gate *gate, flow_addr ip_be)
{
	uint64_t hash = gate_hash(gate, ip_be);

	__atomic_or_fetch(
		&gate->word[gate_word_of(gate, hash)], gate_bit_of(hash), __ATOMIC_RELEASE);
	__atomic_store_n(&gate->n_added, gate->n_added + 1, __ATOMIC_RELEASE);
}

#ifdef PW_NAT_V6
static pw_in6 mask_be(uint8_t len)
{
	uint8_t mask[16] = {0};

	for (unsigned i = 0; i < len; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return pw_in6_load(mask);
}

static bool address_of(const struct pw_prefix *cidr, pw_in6 *ip_be)
{
	*ip_be = pw_in6_from_ip(&cidr->ip);
	return cidr->ip.family == PW_IPV6;
}
#else
static uint32_t mask_be(uint8_t len)
{
	return len == 0 ? 0 : htonl(UINT32_MAX << (32 - len));
}

static bool address_of(const struct pw_prefix *cidr, uint32_t *ip_be)
{
	*ip_be = cidr->ip.v4_be;
	return cidr->ip.family == PW_IPV4;
}
#endif

struct gate_cidrs *gate_cidrs_build(
	const struct pw_alloc *alloc, const struct pw_prefix *cidrs, uint32_t n)
{
	struct gate_cidrs *list =
		pw_zalloc(alloc, "service cidrs", sizeof(*list) + n * sizeof(list->range[0]));

	if (list == NULL)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		flow_addr ip_be;

		if (!address_of(&cidrs[i], &ip_be))
			continue;
		list->range[list->n].mask_be = mask_be(cidrs[i].len);
		list->range[list->n].net_be = ip_be & mask_be(cidrs[i].len);
		list->n++;
	}
	return list;
}
