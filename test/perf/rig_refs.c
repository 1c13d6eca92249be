/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_fib.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_ip.h>
#include <rte_lpm.h>

#include "rig.h"
#include "rig_refs.h"

#define BULK    64
#define N_KEYS  (1u << 20)
#define N_HOPS  64
#define FIRST24 RTE_IPV4(16, 0, 0, 0)

/* As in the flow table: addresses, ports, protocol. */
struct key {
	uint32_t src, dst, ports, proto;
};

struct ref {
	uint32_t n;
	uint32_t *which; /* [N_KEYS] random numbers below n */
	struct key *keys;
	uint32_t *ips; /* host order */
	struct rte_hash *hash;
	struct rte_lpm *lpm;
	struct rte_fib *fib;
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct pw_lpm4 *lpm4;
};

static uint32_t net_of(uint32_t i, uint32_t n)
{
	return FIRST24 + i * 256 * (n <= 65536 ? 16 : 1);
}

static struct ref *ref_make(uint32_t n)
{
	struct ref *r = calloc(1, sizeof(*r));
	uint64_t seed = 3;

	if (r == NULL)
		rig_die("no memory");
	r->n = n;
	r->which = malloc(N_KEYS * sizeof(*r->which));
	r->keys = malloc(N_KEYS * sizeof(*r->keys));
	r->ips = malloc(N_KEYS * sizeof(*r->ips));
	if (r->which == NULL || r->keys == NULL || r->ips == NULL)
		rig_die("no memory");
	for (uint32_t i = 0; i < N_KEYS; i++) {
		uint32_t k;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		k = (uint32_t)((seed >> 32) * n >> 32);
		r->which[i] = k;
		r->keys[i] = (struct key){k, 0x0a600001, 80, IPPROTO_TCP};
		r->ips[i] = net_of(k, n) + 1 + k % 250;
	}
	return r;
}

static void ref_free(void *table)
{
	struct ref *r = table;

	rte_hash_free(r->hash);
	rte_lpm_free(r->lpm);
	rte_fib_free(r->fib);
	pw_lpm4_destroy(r->lpm4);
	if (r->limbo != NULL)
		pw_limbo_destroy(r->limbo);
	if (r->qsbr != NULL)
		pw_qsbr_destroy(r->qsbr);
	free(r->which);
	free(r->keys);
	free(r->ips);
	free(r);
}

/* ---- rte_hash ---- */

static void *hash_make(uint32_t n)
{
	struct ref *r = ref_make(n);
	struct rte_hash_parameters params = {.name = "ref",
		.entries = n + n / 4 + 8,
		.key_len = sizeof(struct key),
		.hash_func = rte_hash_crc,
		.socket_id = (int)rte_socket_id()};

	r->hash = rte_hash_create(&params);
	if (r->hash == NULL)
		rig_die("rte_hash: no memory");
	for (uint32_t k = 0; k < n; k++) {
		struct key key = {k, 0x0a600001, 80, IPPROTO_TCP};

		if (rte_hash_add_key_data(r->hash, &key, (void *)(uintptr_t)(k + 1)) != 0)
			rig_die("rte_hash: full");
	}
	return r;
}

static uint64_t hash_lookup(void *table, uint32_t at)
{
	struct ref *r = table;
	const void *keys[BULK];
	void *data[BULK];
	uint64_t hits = 0, sum = 0;

	for (unsigned i = 0; i < BULK; i++)
		keys[i] = &r->keys[at + i];
	rte_hash_lookup_bulk_data(r->hash, keys, BULK, &hits, data);
	if (~hits != 0)
		rig_die("rte_hash: key not found");
	for (unsigned i = 0; i < BULK; i++)
		sum += (uintptr_t)data[i];
	return sum;
}

/* ---- routes ---- */

static void *lpm_make(uint32_t n)
{
	struct ref *r = ref_make(n);
	struct rte_lpm_config conf = {.max_rules = n + 1, .number_tbl8s = 256};

	r->lpm = rte_lpm_create("ref", (int)rte_socket_id(), &conf);
	if (r->lpm == NULL)
		rig_die("rte_lpm: no memory");
	for (uint32_t k = 0; k < n; k++) {
		if (rte_lpm_add(r->lpm, net_of(k, n), 24, k % N_HOPS) != 0)
			rig_die("rte_lpm: full");
	}
	return r;
}

static uint64_t lpm_lookup(void *table, uint32_t at)
{
	struct ref *r = table;
	uint32_t hops[BULK];
	uint64_t sum = 0;

	rte_lpm_lookup_bulk(r->lpm, r->ips + at, hops, BULK);
	for (unsigned i = 0; i < BULK; i++)
		sum += hops[i];
	return sum;
}

static void *fib_make(uint32_t n)
{
	struct ref *r = ref_make(n);
	struct rte_fib_conf conf = {.type = RTE_FIB_DIR24_8,
		.default_nh = 0xffff,
		.max_routes = (int)n + 1,
		.rib_ext_sz = 0,
		.dir24_8 = {.nh_sz = RTE_FIB_DIR24_8_4B, .num_tbl8 = 256}};

	r->fib = rte_fib_create("ref", (int)rte_socket_id(), &conf);
	if (r->fib == NULL)
		rig_die("rte_fib: no memory");
	for (uint32_t k = 0; k < n; k++) {
		if (rte_fib_add(r->fib, net_of(k, n), 24, k % N_HOPS) != 0)
			rig_die("rte_fib: full");
	}
	return r;
}

static uint64_t fib_lookup(void *table, uint32_t at)
{
	struct ref *r = table;
	uint64_t hops[BULK], sum = 0;

	rte_fib_lookup_bulk(r->fib, r->ips + at, hops, BULK);
	for (unsigned i = 0; i < BULK; i++)
		sum += hops[i];
	return sum;
}

static void *lpm4_make(uint32_t n)
{
	struct ref *r = ref_make(n);

	r->qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	r->limbo = pw_limbo_create(r->qsbr);
	r->lpm4 = pw_lpm4_create(pw_alloc_heap(), r->limbo, n + 1);
	if (r->lpm4 == NULL)
		rig_die("lpm4: no memory");
	for (uint32_t k = 0; k < n; k++) {
		if (pw_lpm4_set(r->lpm4, rte_cpu_to_be_32(net_of(k, n)), 24, k % N_HOPS) != 0)
			rig_die("lpm4: full");
	}
	for (uint32_t i = 0; i < N_KEYS; i++)
		r->ips[i] = rte_cpu_to_be_32(r->ips[i]);
	return r;
}

static uint64_t lpm4_lookup(void *table, uint32_t at)
{
	struct ref *r = table;
	uint32_t hops[BULK];
	uint64_t sum = 0;

	pw_lpm4_lookup_bulk(r->lpm4, r->ips + at, hops, BULK);
	for (unsigned i = 0; i < BULK; i++)
		sum += hops[i];
	return sum;
}

/* No rte_lpm with a million: each insertion looks at all routes of the same length. */
#define ROUTES(label, n, name)                                                                     \
	{                                                                                          \
		label, n, name##_make, name##_lookup, ref_free                                     \
	}
const struct rig_ref rig_refs[] = {
	{"rte_hash, 1,000 keys of 16 bytes", 1000, hash_make, hash_lookup, ref_free},
	{"rte_hash, 1,000,000 keys of 16 bytes", 1000000, hash_make, hash_lookup, ref_free},
	ROUTES("rte_lpm, 1,000 routes", 1000, lpm),
	ROUTES("rte_fib (dir24_8), 1,000 routes", 1000, fib),
	ROUTES("pw_lpm4, 1,000 routes", 1000, lpm4),
	ROUTES("rte_fib (dir24_8), 1,000,000 routes", 1000000, fib),
	ROUTES("pw_lpm4, 1,000,000 routes", 1000000, lpm4),
};
const unsigned rig_n_refs = PW_ARRAY_SIZE(rig_refs);
