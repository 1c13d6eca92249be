/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_table.h - the connection table: two keys a flow, many writers, no locks.
 *
 * Buckets of one cache line hold ten slots of {16-bit tag, 32-bit reference}; a reference is
 * line << 1 | direction, 0 an empty slot. A key whose home bucket is full lies in one of the next
 * FLOW_PROBE - 1 buckets and is counted in the home's overflow word, so that a lookup goes on only
 * where something did overflow. Entries never move.
 *
 * insert-or-get: a PENDING line claims a slot for each of its keys by compare-and-swap, makes its
 * tags visible, and only then looks for other lines with one of its keys. A LIVE one wins. Of two
 * PENDING ones the lower line wins and first moves the other to ABORTED. Going LIVE is a
 * compare-and-swap too. The proof is in docs/concurrency.md.
 *
 * Lines are reused after a grace period only (flow_pool.h): a reference that a worker got from a
 * lookup keeps its keys and translation until that worker's next quiescent state.
 *
 * Threads:  lookup, insert, kill: any worker, each with its own cache number. kill_by_control: the
 *           control thread.
 * Errors:   enum flow_status.
 * Cost:     lookup: one bucket and one line. insert: two buckets and one line.
 *           Memory: 64 bytes a line (IPv6: 128), 64 bytes of bucket for each two lines: 96 bytes a
 *           flow (160).
 */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_alloc.h"
#include "pw_limbo.h"
#include "pw_retire.h"
#include "pw_util.h"

#include "flow_line.h"

#ifndef FLOW_SLOTS /* the interleaving checker wants small ones */
#define FLOW_SLOTS 10
#define FLOW_PROBE 8 /* home bucket and overflow buckets; with 4, one in millions found no slot */
#endif
#define FLOW_DROP_SCAN 8 /* buckets looked at for a flow to drop early (as the kernel) */
#define FLOW_BULK_MAX  64
#define FLOW_CHUNK_MAX 64 /* lines exchanged with the shared pool at once */
#define FLOW_BATCHES   8  /* batches of dead lines waiting for their grace period, a worker */

struct flow_bucket {
	uint16_t tag[FLOW_SLOTS]; /* 0: not readable. W, R: workers */
	uint32_t ref[FLOW_SLOTS]; /* 0: empty. W, R: workers, claimed by CAS */
	uint32_t overflow;        /* entries of this home that lie in later buckets */
} __attribute__((aligned(PW_CACHE_LINE)));
static_assert(sizeof(struct flow_bucket) == 64, "one cache line");

struct flow_batch {
	uint64_t token;
	uint32_t first; /* chained through the lines */
};

/* A worker's stock of lines. W, R: that worker. */
struct flow_cache {
	uint32_t n_free;
	uint32_t free[2 * FLOW_CHUNK_MAX];
	uint32_t gathering; /* dead lines, chained, not yet behind a token */
	uint32_t first_batch, n_batches;
	struct flow_batch batch[FLOW_BATCHES];
} __attribute__((aligned(PW_CACHE_LINE)));

struct flow_table {
	struct flow_bucket *buckets;
	union flow_line *lines; /* line 0 is not used */
	uint32_t n_buckets;
	uint32_t n_lines; /* with line 0 */
	uint32_t max_flows;
	uint32_t n_caches;
	uint32_t chunk;
	uint32_t low_water; /* fewer free lines than this, or as many: drop one for each insert */
	uint64_t secret[2];
	struct flow_cache *caches;
	bool own_lines; /* else they are mapped */
	struct pw_qsbr *qsbr;
	struct pw_retire retire; /* of lines killed by the control thread */
	const struct pw_alloc *alloc;

	/* Shared pool: stack of chunks, {count of changes << 32 | first line}. W, R: workers, CAS
	 */
	uint64_t pool __attribute__((aligned(PW_CACHE_LINE)));
	uint32_t pool_free; /* lines in it, roughly */
} __attribute__((aligned(PW_CACHE_LINE)));

struct flow_new {
	struct flow_key orig, reply;
	uint64_t info; /* flow_info() */
	uint32_t now_sec;
	uint8_t ct; /* first protocol state */
	uint16_t l3_delta, l4_delta;
};

enum flow_status {
	FLOW_INSERTED,
	FLOW_EXISTS,      /* another line has the original key: *ref is it */
	FLOW_REPLY_TAKEN, /* another flow has the reply key: try another port */
	FLOW_BUSY,        /* another worker is half-way with one of the keys: try again */
	FLOW_NO_LINE,     /* no line left, or no slot near one of the buckets */
};

/* Number of lines, the unused first one among them, that a table of max_flows has. */
uint32_t flow_table_lines(uint32_t max_flows, uint32_t n_workers);
/* lines: NULL, or flow_table_lines() of them, zeroed or left by an earlier table. In the latter case
 * no line is free yet: flow_adopt() those that are to stay, then flow_pool_fill(). */
int flow_table_init(struct flow_table *table, const struct pw_alloc *alloc, struct pw_limbo *limbo,
	uint32_t max_flows, uint32_t n_workers, const uint64_t secret[2],
	union flow_line *lines); /* 0, -ENOMEM, -EINVAL */
void flow_table_fini(struct flow_table *table);

static inline uint64_t flow_home_index(uint32_t n_buckets, uint64_t hash)
{
	return (uint64_t)(uint32_t)hash * n_buckets >> 32;
}
static inline const struct flow_bucket *flow_home(const struct flow_table *table, uint64_t hash)
{
	return &table->buckets[flow_home_index(table->n_buckets, hash)];
}

/* refs[i]: line << 1 | direction of the LIVE flow with keys[i], or 0. n <= FLOW_BULK_MAX. */
void flow_lookup_bulk(const struct flow_table *table, const struct flow_key *keys,
	const uint64_t *hashes, uint32_t n, uint32_t *refs);
uint32_t flow_lookup(const struct flow_table *table, const struct flow_key *key);

enum flow_status flow_insert(
	struct flow_table *table, uint32_t cache, const struct flow_new *new_flow, uint32_t *ref);

/* Before there are workers: puts a LIVE line into the buckets. false: another has one of its keys, or
 * there is no slot; the line is unchanged. */
bool flow_adopt(struct flow_table *table, uint32_t line);

/* LIVE with exactly this state word -> DEAD, unlinked, on its way to the pool. false: it changed.
 */
bool flow_kill(struct flow_table *table, uint32_t cache, uint32_t line, uint32_t state);
bool flow_kill_by_control(struct flow_table *table, uint32_t line, uint32_t state);

/* Must an insert drop something first (CT-9)? */
bool flow_is_full(const struct flow_table *table, uint32_t cache);
/* First line in FLOW_DROP_SCAN buckets from the home of `hash` on for which fn says yes; 0: none.
 */
uint32_t flow_find_victim(const struct flow_table *table, uint64_t hash,
	bool (*fn)(const union flow_line *line, uint32_t state));

/* A copy that is consistent although the caller is no registered reader. false: not LIVE, or
 * changed meanwhile. */
bool flow_snapshot(const union flow_line *line, union flow_line *copy);

#endif
