/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is written to slots and states, and in which order, is what docs/concurrency.md proves.
 * PW_RACE_POINT() stands before each step that another worker may see (flow_hook.h).
 */
#include <errno.h>

#include "flow_find.h"
#include "flow_hook.h"
#include "flow_pool.h"
#include "flow_table.h"

static struct flow_bucket *bucket_at(
	const struct flow_table *table, const struct flow_bucket *home, uint32_t step)
{
	uint32_t i = (uint32_t)(home - table->buckets) + step;

	return &table->buckets[i < table->n_buckets ? i : i - table->n_buckets];
}

/* ---- lookup ---- */

static uint32_t lookup_in(const struct flow_table *table, const struct flow_bucket *bucket,
	uint32_t mask, const struct flow_key *key)
{
	for (; mask != 0; mask &= mask - 1) {
		uint32_t ref = ref_load(bucket, (unsigned)__builtin_ctz(mask));

		if (ref_is_live(table, ref, key))
			return ref;
	}
	return 0;
}

static uint32_t lookup_overflow(const struct flow_table *table, const struct flow_bucket *home,
	uint16_t tag, const struct flow_key *key)
{
	uint32_t ref = 0;

	if (__atomic_load_n(&home->overflow, __ATOMIC_ACQUIRE) == 0)
		return 0;
	for (uint32_t step = 1; step < FLOW_PROBE && ref == 0; step++) {
		const struct flow_bucket *bucket = bucket_at(table, home, step);

		ref = lookup_in(table, bucket, match_tags(bucket, tag), key);
	}
	return ref;
}

uint32_t flow_lookup_again(
	const struct flow_table *table, uint64_t hash, const struct flow_key *key)
{
	const struct flow_bucket *home = flow_home(table, hash);
	uint32_t ref = lookup_in(table, home, match_tags(home, tag_of(hash)), key);

	return ref != 0 ? ref : lookup_overflow(table, home, tag_of(hash), key);
}

void flow_lookup_bulk(const struct flow_table *table, const struct flow_key *keys,
	const uint64_t *hashes, uint32_t n, uint32_t *refs)
{
	for (uint32_t i = 0; i < n; i++)
		refs[i] = flow_first_ref(
			table->lines, flow_home(table, hashes[i]), tag_of(hashes[i]));
	for (uint32_t i = 0; i < n; i++) {
		if (__builtin_expect(!ref_is_live(table, refs[i], &keys[i]), 0))
			refs[i] = flow_lookup_again(table, hashes[i], &keys[i]);
	}
}

uint32_t flow_lookup(const struct flow_table *table, const struct flow_key *key)
{
	uint64_t hash = flow_hash(key, table->secret);
	uint32_t ref;

	flow_lookup_bulk(table, key, &hash, 1, &ref);
	return ref;
}

/* ---- slots ---- */

static bool slot_claim_in(struct flow_bucket *bucket, uint32_t ref, unsigned *slot)
{
	for (unsigned i = 0; i < FLOW_SLOTS; i++) {
		uint32_t empty = 0;

		PW_RACE_POINT();
		if (__atomic_load_n(&bucket->ref[i], __ATOMIC_RELAXED) == 0 &&
			__atomic_compare_exchange_n(&bucket->ref[i], &empty, ref, false,
				__ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
			*slot = i;
			return true;
		}
	}
	return false;
}

static void tag_publish(struct flow_bucket *bucket, unsigned slot, uint16_t tag)
{
	PW_RACE_POINT();
	__atomic_store_n(&bucket->tag[slot], tag, __ATOMIC_SEQ_CST);
}

static void overflow_add(struct flow_bucket *home, uint32_t n)
{
	PW_RACE_POINT();
	__atomic_add_fetch(&home->overflow, n, __ATOMIC_SEQ_CST);
}

/* The overflow count goes up before the claimer looks for others and before the flow is LIVE, and
 * down after the slot is empty: who could find the entry knows that there is something to find. */
static bool slot_claim(struct flow_table *table, uint32_t ref, uint64_t hash)
{
	struct flow_bucket *home = &table->buckets[flow_home(table, hash) - table->buckets];
	unsigned slot;

	if (slot_claim_in(home, ref, &slot)) {
		tag_publish(home, slot, tag_of(hash));
		return true;
	}
	if (!FLOW_BUG(NO_OVERFLOW))
		overflow_add(home, 1);
	for (uint32_t step = 1; step < FLOW_PROBE; step++) {
		struct flow_bucket *bucket = bucket_at(table, home, step);

		if (slot_claim_in(bucket, ref, &slot)) {
			tag_publish(bucket, slot, tag_of(hash));
			return true;
		}
	}
	overflow_add(home, UINT32_MAX);
	return false;
}

/* The tag goes first: once the reference is 0, the next owner may already have set its own. */
static bool slot_clear_in(struct flow_bucket *bucket, uint32_t ref)
{
	for (unsigned i = 0; i < FLOW_SLOTS; i++) {
		if (__atomic_load_n(&bucket->ref[i], __ATOMIC_RELAXED) != ref)
			continue;
		PW_RACE_POINT();
		__atomic_store_n(&bucket->tag[i], 0, __ATOMIC_RELAXED);
		PW_RACE_POINT();
		__atomic_store_n(&bucket->ref[i], 0, __ATOMIC_RELEASE);
		return true;
	}
	return false;
}

static void slot_clear(struct flow_table *table, uint32_t ref)
{
	struct flow_key key = flow_line_key(&table->lines[ref >> 1], (enum flow_dir)(ref & 1));
	const struct flow_bucket *found = flow_home(table, flow_hash(&key, table->secret));
	struct flow_bucket *home = &table->buckets[found - table->buckets];

	if (slot_clear_in(home, ref))
		return;
	for (uint32_t step = 1; step < FLOW_PROBE; step++) {
		if (slot_clear_in(bucket_at(table, home, step), ref)) {
			overflow_add(home, UINT32_MAX);
			return;
		}
	}
}

static void unlink_line(struct flow_table *table, uint32_t line)
{
	slot_clear(table, line << 1 | FLOW_ORIG);
	slot_clear(table, line << 1 | FLOW_REPLY);
}

/* ---- insert ---- */

enum rival {
	RIVAL_GONE,
	RIVAL_LIVE,
	RIVAL_AHEAD
};

/* PENDING `self` has met another line with one of its keys. */
static enum rival contend(struct flow_table *table, uint32_t self, uint32_t other)
{
	union flow_line *line = &table->lines[other];
	uint32_t state = flow_state(line);

	for (;;) {
		switch (flow_state_life(state)) {
		case FLOW_LIVE:
			return RIVAL_LIVE;
		case FLOW_PENDING:
			if (other < self)
				return RIVAL_AHEAD;
			PW_RACE_POINT();
			if (FLOW_BUG(NO_ABORT) || flow_state_cas(line, &state,
							  flow_state_set_life(state, FLOW_ABORTED)))
				return RIVAL_GONE;
			break; /* it went LIVE, or somebody else aborted it: look again */
		default:
			return RIVAL_GONE;
		}
	}
}

static enum flow_status settle_in(struct flow_table *table, const struct flow_bucket *bucket,
	uint32_t self, const struct flow_key *key, uint16_t tag, uint32_t *found)
{
	for (unsigned i = 0; i < FLOW_SLOTS; i++) {
		PW_RACE_POINT();
		if (__atomic_load_n(&bucket->tag[i], __ATOMIC_SEQ_CST) != tag)
			continue;
		PW_RACE_POINT();
		uint32_t ref = ref_load(bucket, i);

		if (ref == 0 || ref >> 1 == self ||
			!flow_line_has(&table->lines[ref >> 1], (enum flow_dir)(ref & 1), key))
			continue;
		PW_RACE_POINT();
		switch (contend(table, self, ref >> 1)) {
		case RIVAL_LIVE:
			*found = ref;
			return FLOW_EXISTS;
		case RIVAL_AHEAD:
			return FLOW_BUSY;
		case RIVAL_GONE:
			break;
		}
	}
	return FLOW_INSERTED;
}

/* Nobody else has this key of `self`, or who has it. */
static enum flow_status settle(
	struct flow_table *table, uint32_t self, enum flow_dir dir, uint64_t hash, uint32_t *found)
{
	struct flow_key key = flow_line_key(&table->lines[self], dir);
	const struct flow_bucket *home = flow_home(table, hash);
	uint16_t tag = tag_of(hash);
	enum flow_status status = settle_in(table, home, self, &key, tag, found);

	PW_RACE_POINT();
	if (status != FLOW_INSERTED || __atomic_load_n(&home->overflow, __ATOMIC_SEQ_CST) == 0)
		return status;
	for (uint32_t step = 1; step < FLOW_PROBE && status == FLOW_INSERTED; step++)
		status = settle_in(table, bucket_at(table, home, step), self, &key, tag, found);
	return status;
}

/* Release order on every word: a reader outside the grace periods (flow_snapshot) that sees one of
 * them also sees that the state changed before. */
static void line_fill(union flow_line *line, const struct flow_new *new_flow)
{
	uint32_t state = flow_state(line) & FLOW_GEN_MASK;
	union flow_line fresh = {
		.tuple = {new_flow->orig.t, new_flow->reply.t},
		.state = flow_state_set_ct(state | FLOW_PENDING, new_flow->ct),
		.last_seen = new_flow->now_sec,
		.info = new_flow->info,
		.adj = {UINT64_MAX, UINT64_MAX},
		.created = new_flow->now_sec,
		.l3_delta = new_flow->l3_delta,
		.l4_delta = new_flow->l4_delta,
	};

	__atomic_store_n(&line->state, fresh.state, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < PW_ARRAY_SIZE(fresh.word); i++) {
		FLOW_KILL_POINT();
		__atomic_store_n(&line->word[i], fresh.word[i], __ATOMIC_RELEASE);
	}
}

static enum flow_status go_live(
	struct flow_table *table, uint32_t line, const uint64_t hash[2], uint32_t *found)
{
	enum flow_status status = FLOW_INSERTED;

	if (!FLOW_BUG(NO_RESCAN) && !FLOW_BUG(RESCAN_FIRST))
		status = settle(table, line, FLOW_ORIG, hash[FLOW_ORIG], found);
	if (status != FLOW_INSERTED)
		return status;
	if (!FLOW_BUG(NO_RESCAN) && !FLOW_BUG(REPLY_UNCHECKED) && !FLOW_BUG(RESCAN_FIRST))
		status = settle(table, line, FLOW_REPLY, hash[FLOW_REPLY], found);
	if (status != FLOW_INSERTED)
		return status == FLOW_EXISTS ? FLOW_REPLY_TAKEN : status;

	uint32_t state = flow_state(&table->lines[line]);

	PW_RACE_POINT();
	if (FLOW_BUG(BLIND_LIVE)) {
		__atomic_store_n(&table->lines[line].state, flow_state_set_life(state, FLOW_LIVE),
			__ATOMIC_RELEASE);
		return FLOW_INSERTED;
	}
	if (flow_state_life(state) == FLOW_PENDING &&
		flow_state_cas(&table->lines[line], &state, flow_state_set_life(state, FLOW_LIVE)))
		return FLOW_INSERTED;
	return FLOW_BUSY; /* aborted by a lower line with one of our keys */
}

static void roll_back(struct flow_table *table, uint32_t cache, uint32_t line)
{
	uint32_t state = flow_state(&table->lines[line]);

	/* Another may abort it at the same moment; then it is what we want. */
	flow_state_cas(&table->lines[line], &state, flow_state_set_life(state, FLOW_ABORTED));
	unlink_line(table, line);
	flow_pool_retire(table, cache, line);
}

enum flow_status flow_insert(
	struct flow_table *table, uint32_t cache, const struct flow_new *new_flow, uint32_t *ref)
{
	const uint64_t hash[2] = {
		flow_hash(&new_flow->orig, table->secret),
		flow_hash(&new_flow->reply, table->secret),
	};
	uint32_t line = flow_pool_get(table, cache);

	if (line == 0)
		return FLOW_NO_LINE;
	__builtin_prefetch(flow_home(table, hash[FLOW_REPLY]), 1);
	line_fill(&table->lines[line], new_flow);
	if (FLOW_BUG(RESCAN_FIRST) &&
		(settle(table, line, FLOW_ORIG, hash[0], ref) != FLOW_INSERTED ||
			settle(table, line, FLOW_REPLY, hash[1], ref) != FLOW_INSERTED)) {
		roll_back(table, cache, line);
		return FLOW_BUSY;
	}

	enum flow_status status = FLOW_NO_LINE;

	if (slot_claim(table, line << 1 | FLOW_ORIG, hash[FLOW_ORIG]) &&
		slot_claim(table, line << 1 | FLOW_REPLY, hash[FLOW_REPLY]))
		status = go_live(table, line, hash, ref);
	if (status == FLOW_INSERTED)
		*ref = line << 1 | FLOW_ORIG;
	else
		roll_back(table, cache, line);
	return status;
}

/* ---- the end of a flow ---- */

static bool kill_and_unlink(struct flow_table *table, uint32_t line, uint32_t state)
{
	PW_RACE_POINT();
	if (!flow_state_cas(&table->lines[line], &state, flow_state_set_life(state, FLOW_DEAD)))
		return false;
	unlink_line(table, line);
	return true;
}

bool flow_kill(struct flow_table *table, uint32_t cache, uint32_t line, uint32_t state)
{
	if (!kill_and_unlink(table, line, state))
		return false;
	flow_pool_retire(table, cache, line);
	return true;
}

bool flow_kill_by_control(struct flow_table *table, uint32_t line, uint32_t state)
{
	if (!kill_and_unlink(table, line, state))
		return false;
	pw_retire_add(&table->retire, line);
	return true;
}

bool flow_is_full(const struct flow_table *table, uint32_t cache)
{
	return flow_pool_count(table, cache) <= table->low_water;
}

uint32_t flow_find_victim(const struct flow_table *table, uint64_t hash,
	bool (*fn)(const union flow_line *line, uint32_t state))
{
	const struct flow_bucket *home = flow_home(table, hash);
	uint32_t n = PW_MIN((uint32_t)FLOW_DROP_SCAN, table->n_buckets);

	for (uint32_t step = 0; step < n; step++) {
		const struct flow_bucket *bucket = bucket_at(table, home, step);

		for (unsigned i = 0; i < FLOW_SLOTS; i++) {
			uint32_t line = ref_load(bucket, i) >> 1;
			uint32_t state = flow_state(&table->lines[line]);

			if (line != 0 && flow_state_life(state) == FLOW_LIVE &&
				fn(&table->lines[line], state))
				return line;
		}
	}
	return 0;
}

bool flow_snapshot(const union flow_line *line, union flow_line *copy)
{
	uint32_t before = flow_state(line);

	if (flow_state_life(before) != FLOW_LIVE)
		return false;
	for (unsigned i = 0; i < PW_ARRAY_SIZE(copy->word); i++)
		copy->word[i] = __atomic_load_n(&line->word[i], __ATOMIC_ACQUIRE);

	uint32_t after = flow_state(line);

	/* The protocol state may move on meanwhile; another life or generation may not. */
	return ((before ^ after) & ~FLOW_CT_MASK) == 0;
}

bool flow_adopt(struct flow_table *table, uint32_t line)
{
	const struct flow_key keys[2] = {flow_line_key(&table->lines[line], FLOW_ORIG),
		flow_line_key(&table->lines[line], FLOW_REPLY)};

	for (unsigned dir = 0; dir < 2; dir++)
		if (flow_lookup(table, &keys[dir]) != 0)
			return false;
	for (unsigned dir = 0; dir < 2; dir++) {
		if (!slot_claim(table, line << 1 | dir, flow_hash(&keys[dir], table->secret))) {
			unlink_line(table, line);
			return false;
		}
	}
	return true;
}

/* ---- create and destroy ---- */

static uint32_t *retire_link(void *ctx, uint32_t id)
{
	struct flow_table *table = ctx;

	return &table->lines[id].created;
}

static void retire_release(void *ctx, uint32_t id)
{
	flow_pool_release(ctx, id);
}

static const struct pw_retire_ops retire_ops = {
	.link = retire_link,
	.release = retire_release,
};

#define LARGE_TABLE 65536 /* flows */

/* Lines beyond max_flows: what may lie in other workers' stocks, and what waits for a grace period
 * while the table is full and each insert drops another flow. */
static void set_sizes(struct flow_table *table, uint32_t max_flows, uint32_t n_workers)
{
	uint32_t per_worker = max_flows / (8 * n_workers);
	uint32_t waiting = PW_MIN(PW_MAX(max_flows / 8, 8u), 512u);

	table->max_flows = max_flows;
	table->n_caches = n_workers;
	table->chunk = PW_MIN(PW_MAX(per_worker, 1u), (uint32_t)FLOW_CHUNK_MAX);
	table->low_water = n_workers * (2 * table->chunk + waiting);
	table->n_lines = 1 + max_flows + table->low_water;
	/* Two keys a flow in ten slots a bucket: 40 % of the slots are taken when the table is full,
	 * of a large one 43 %. With a line a flow that leaves two bytes of the 96 (IPv6: 160) for all
	 * else (P-14). */
	table->n_buckets = PW_MAX((max_flows + 1) / 2, (uint32_t)FLOW_PROBE);
	if (max_flows >= LARGE_TABLE)
		table->n_buckets -= max_flows / 32;
}

uint32_t flow_table_lines(uint32_t max_flows, uint32_t n_workers)
{
	struct flow_table table = {0};

	set_sizes(&table, max_flows, n_workers);
	return table.n_lines;
}

int flow_table_init(struct flow_table *table, const struct pw_alloc *alloc, struct pw_limbo *limbo,
	uint32_t max_flows, uint32_t n_workers, const uint64_t secret[2], union flow_line *lines)
{
	if (max_flows == 0 || max_flows > UINT32_MAX / 4 || n_workers == 0 || n_workers > 1024)
		return -EINVAL;
	*table = (struct flow_table){
		.alloc = alloc,
		.qsbr = pw_limbo_qsbr(limbo),
		.secret = {secret[0], secret[1]},
	};
	set_sizes(table, max_flows, n_workers);
	if (pw_retire_init(&table->retire, limbo, &retire_ops, table) < 0)
		return -ENOMEM;
	table->buckets = pw_zalloc(
		alloc, "flow buckets", (size_t)table->n_buckets * sizeof(*table->buckets));
	table->own_lines = lines == NULL;
	table->lines = lines != NULL ? lines
				     : pw_zalloc(alloc, "flow lines",
					       (size_t)table->n_lines * sizeof(*table->lines));
	table->caches = pw_zalloc(alloc, "flow caches", n_workers * sizeof(*table->caches));
	if (table->buckets == NULL || table->lines == NULL || table->caches == NULL) {
		flow_table_fini(table);
		return -ENOMEM;
	}
	table->lines[0] = (union flow_line){0}; /* reference 0 leads to what is not live */
	if (table->own_lines)
		flow_pool_fill(table);
	return 0;
}

void flow_table_fini(struct flow_table *table)
{
	pw_retire_fini(&table->retire);
	if (table->alloc == NULL)
		return;
	pw_free(table->alloc, table->caches);
	if (table->own_lines)
		pw_free(table->alloc, table->lines);
	pw_free(table->alloc, table->buckets);
	table->alloc = NULL;
}
