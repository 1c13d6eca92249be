/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_fdb.h - bridge forwarding database (IEEE 802.1Q clause 8.8).
 *
 * Maps (bridge, MAC) to a port in O(1). Static entries belong to pods and are never overridden by
 * a learned one (L2-2). Workers only look up and refresh the age; what they see for the first
 * time, or on another port, they report, and the control thread learns it (L2-1).
 * Threads:  set, learn, del, flush, age, foreach, count, stats: control thread. lookup,
 *           lookup_bulk, source_known: any worker.
 * Ticks:    seconds of the coarse clock (16 bits, wrapping; worker and control thread within 16
 *           s).
 * Errors:   -ENOSPC table or port full (counted), -EEXIST a static entry of another port stands
 *           there, -EINVAL no bridge, no port, or a MAC that is no station's (zero, multicast).
 *           create: NULL with errno EINVAL or ENOMEM.
 * Cost:     one cache line a lookup; a source refreshes its entry once a second at most.
 */
#ifndef PW_FDB_H
#define PW_FDB_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_alloc.h"
#include "pw_limbo.h"
#include "pw_map64.h"

struct pw_fdb;

struct pw_fdb_entry {
	uint16_t bridge;
	uint16_t port;
	bool is_static;
	uint64_t mac48; /* pw_mac_to_u64 */
	uint32_t age_sec;
};

struct pw_fdb_stats {
	uint64_t learned, moved, aged, refused_full, refused_port_full, refused_static;
};

struct pw_fdb *pw_fdb_create(
	const struct pw_alloc *alloc, struct pw_limbo *limbo, uint32_t capacity);
void pw_fdb_destroy(struct pw_fdb *fdb);
int pw_fdb_set_static(struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48, uint16_t port);
/* New entry, move of a learned one, or refresh. max_per_port: of learned entries. */
int pw_fdb_learn(struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48, uint16_t port,
	uint32_t now_sec, uint32_t max_per_port);
int pw_fdb_del(struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48); /* -ENOENT */
/* Entries of a bridge and/or port (UINT16_MAX: any); returns how many went. */
uint32_t pw_fdb_flush(struct pw_fdb *fdb, uint16_t bridge, uint16_t port, bool static_too);
/* Removes learned entries of the bridge not seen for ageing_sec (more than 65,519 is taken as that;
 * call it at least once a minute). Returns how many went. A scan stops at the bridge's last entry.
 */
uint32_t pw_fdb_age(struct pw_fdb *fdb, uint16_t bridge, uint32_t now_sec, uint32_t ageing_sec);
void pw_fdb_foreach(struct pw_fdb *fdb, uint32_t now_sec,
	bool (*fn)(void *arg, const struct pw_fdb_entry *entry), void *arg);
uint32_t pw_fdb_count(const struct pw_fdb *fdb);
const struct pw_fdb_stats *pw_fdb_stats(const struct pw_fdb *fdb);

/* Worker's side. A result is one word. */
#define PW_FDB_MISS UINT64_MAX
uint64_t pw_fdb_lookup(const struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48);
/* n <= 64 keys of pw_fdb_key(); prefetches all, then looks. */
void pw_fdb_lookup_bulk(
	const struct pw_fdb *fdb, const uint64_t *keys, uint64_t *results, uint32_t n);
/* For loops of their own: pw_map64_home() and pw_map64_find() with keys of pw_fdb_key(). */
const struct pw_map64 *pw_fdb_map(const struct pw_fdb *fdb);
static inline uint64_t pw_fdb_key(uint16_t bridge, uint64_t mac48)
{
	return (uint64_t)bridge << 48 | mac48;
}
static inline uint16_t pw_fdb_result_port(uint64_t result)
{
	return (uint16_t)result;
}
static inline bool pw_fdb_result_static(uint64_t result)
{
	return (result >> 16) & 1;
}
/* Source side of a frame: true if (bridge, mac) is known on this port (age refreshed when the tick
 * changed); false: the caller reports it to the control thread for pw_fdb_learn. A static entry of
 * another port counts as known-elsewhere: *is_static_elsewhere is set and the frame must not be
 * learned. */
bool pw_fdb_source_known(struct pw_fdb *fdb, uint16_t bridge, uint64_t mac48, uint16_t port,
	uint32_t now_sec, bool *is_static_elsewhere);

#endif
