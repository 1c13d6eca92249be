/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * affinity.h - which endpoint a client's last connection to a Service got (SVC-9).
 *
 * An entry is two words: key {client, hash of the Service} and value {member, second, hint}. A
 * member is a hash of an endpoint's address and port, the hint its place in the endpoint set. Who
 * writes an entry claims it by setting its value to BUSY first; who reads one takes value, key,
 * value: if both values are the same, they belong to the key (docs/concurrency.md has the one
 * exception, which is harmless).
 *
 * Four entries share a cache line; a new client takes an empty one or the place of the one that was
 * silent longest. An entry is worth nothing when its member is not in the endpoint set any more.
 *
 * Threads:  get, put: any worker, lock-free; nobody waits for a BUSY entry. sweep: control thread.
 * Memory:   16 bytes an entry; position independent, it may lie in mapped memory.
 */
#ifndef AFFINITY_H
#define AFFINITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFFINITY_WAYS 4

struct affinity_entry {
	uint64_t key;
	uint64_t value; /* 0: empty */
};

struct affinity {
	struct affinity_entry *entries; /* zeroed, or as it was before */
	uint32_t n_buckets;             /* of AFFINITY_WAYS entries */
	uint64_t secret;
};

/* An entry for each four flows. */
static inline uint32_t affinity_buckets(uint32_t max_flows)
{
	uint32_t n = max_flows / (4 * AFFINITY_WAYS);

	return n < 64 ? 64 : n;
}
static inline size_t affinity_bytes(uint32_t n_buckets)
{
	return (size_t)n_buckets * AFFINITY_WAYS * sizeof(struct affinity_entry);
}

struct affinity_found {
	uint32_t member; /* 24 bits, never 0 */
	uint16_t hint;
};

static inline uint64_t affinity_key(uint32_t client_be, uint32_t service_hash)
{
	return (uint64_t)client_be << 32 | service_hash;
}

/* Used at most max_age_sec ago. */
bool affinity_get(const struct affinity *affinity, uint64_t key, uint32_t now_sec,
	uint32_t max_age_sec, struct affinity_found *found);
void affinity_put(
	struct affinity *affinity, uint64_t key, uint32_t now_sec, struct affinity_found found);
/* Empties the entries of a Service whose member fn does not know any more. */
void affinity_sweep(struct affinity *affinity, uint32_t service_hash,
	bool (*knows)(const void *arg, uint32_t member), const void *arg);
void affinity_repair(struct affinity *affinity); /* entries that were BUSY in a killed process */

#endif
