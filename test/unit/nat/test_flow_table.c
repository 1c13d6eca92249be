/* SPDX-License-Identifier: BSD-3-Clause */
/* The table by itself: against a naive model, overflow, no room, lines that come back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow_pool.h"
#include "flow_table.h"

struct fixture {
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct flow_table table;
};

static void fx_open(struct fixture *fx, uint32_t max_flows, uint32_t n_workers)
{
	const uint64_t secret[2] = {UINT64_C(0x123456789abcdef1), UINT64_C(0xfedcba9876543211)};

	fx->qsbr = pw_qsbr_create(pw_alloc_heap(), n_workers);
	fx->limbo = pw_limbo_create(fx->qsbr);
	assert_int_equal(flow_table_init(&fx->table, pw_alloc_heap(), fx->limbo, max_flows,
				 n_workers, secret, NULL),
		0);
}

static void fx_close(struct fixture *fx)
{
	flow_table_fini(&fx->table);
	pw_limbo_destroy(fx->limbo);
	pw_qsbr_destroy(fx->qsbr);
}

static struct flow_key key_of(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	return (struct flow_key){.t = {src, dst, sport, dport}, .proto = 17};
}

static struct flow_new flow_of(struct flow_key orig, struct flow_key reply)
{
	return (struct flow_new){
		.orig = orig, .reply = reply, .info = flow_info(17, 0, FLOW_ID_NONE, 0)};
}

/* Nothing left over: no slot, no tag, no overflow count. */
static void check_empty(const struct flow_table *table)
{
	for (uint32_t i = 0; i < table->n_buckets; i++) {
		assert_int_equal(table->buckets[i].overflow, 0);
		for (unsigned k = 0; k < FLOW_SLOTS; k++) {
			assert_int_equal(table->buckets[i].ref[k], 0);
			assert_int_equal(table->buckets[i].tag[k], 0);
		}
	}
}

/* ---- random operations against a model ---- */

#define KEYS  64 /* orig and reply keys are drawn from these, so that they collide often */
#define STEPS 200000

struct model {
	uint32_t ref[KEYS]; /* who holds the key; 0: nobody */
};

static void model(void **state)
{
	struct fixture fx;
	struct model m = {0};
	uint32_t live = 0;

	fx_open(&fx, 64, 1);
	pw_qsbr_online(fx.qsbr, 0);
	srand(7);
	for (uint32_t step = 0; step < STEPS; step++) {
		uint32_t a = (uint32_t)rand() % KEYS, b = (uint32_t)rand() % KEYS;
		struct flow_key ka = key_of(a + 1, 1, 2, 3), kb = key_of(b + 1, 1, 2, 3);
		uint32_t found = flow_lookup(&fx.table, &ka), ref = 0;

		assert_int_equal(found, m.ref[a]);
		if (m.ref[a] == 0 && a != b && rand() % 4) {
			struct flow_new f = flow_of(ka, kb);
			enum flow_status s = flow_insert(&fx.table, 0, &f, &ref);

			if (s == FLOW_NO_LINE) {
				assert_true(live + 8 >= 16); /* only with many dead ones */
			} else if (m.ref[b] != 0) {
				assert_int_equal(s, FLOW_REPLY_TAKEN);
			} else {
				assert_int_equal(s, FLOW_INSERTED);
				m.ref[a] = ref;
				m.ref[b] = ref ^ 1;
				live++;
			}
		} else if (m.ref[a] != 0 && rand() % 4 == 0) {
			uint32_t line = m.ref[a] >> 1;
			uint32_t word = flow_state(&fx.table.lines[line]);

			assert_false(flow_kill(&fx.table, 0, line, word ^ FLOW_GEN_ONE));
			assert_true(rand() % 8 ? flow_kill(&fx.table, 0, line, word)
					       : flow_kill_by_control(&fx.table, line, word));
			assert_false(flow_kill(&fx.table, 0, line, word));
			for (uint32_t i = 0; i < KEYS; i++)
				if (m.ref[i] >> 1 == line)
					m.ref[i] = 0;
			live--;
		} else if (m.ref[a] != 0 && a != b) {
			struct flow_new f = flow_of(ka, kb);

			assert_int_equal(flow_insert(&fx.table, 0, &f, &ref), FLOW_EXISTS);
			assert_int_equal(ref, m.ref[a]);
		}
		if (step % 16 == 0) {
			flow_pool_turn(&fx.table, 0);
			pw_limbo_run(fx.limbo, 100);
			pw_qsbr_quiescent(fx.qsbr, 0);
		}
	}
	for (uint32_t i = 0; i < KEYS; i++)
		if (m.ref[i] != 0)
			flow_kill(&fx.table, 0, m.ref[i] >> 1,
				flow_state(&fx.table.lines[m.ref[i] >> 1]));
	check_empty(&fx.table);
	fx_close(&fx);
}

/* ---- overflow ---- */

/* `n` keys whose home is bucket `home`. */
static void keys_of_home(
	const struct flow_table *table, uint32_t home, struct flow_key *keys, uint32_t n)
{
	for (uint32_t i = 0, found = 0; found < n; i++) {
		struct flow_key key = key_of(i, 5, 6, 7);

		if (flow_home(table, flow_hash(&key, table->secret)) == &table->buckets[home])
			keys[found++] = key;
	}
}

static void overflow(void **state)
{
	enum {
		N = FLOW_SLOTS * FLOW_PROBE
	};
	struct fixture fx;
	struct flow_key home[N + 1], far[N + 2];
	uint32_t refs[N], ref;

	fx_open(&fx, 1024, 1);
	/* homes at the end of the array: the walk wraps */
	keys_of_home(&fx.table, fx.table.n_buckets - 2, home, N + 1);
	for (uint32_t i = 0; i < N + 2; i++) /* reply keys: elsewhere, spread */
		keys_of_home(&fx.table, 10 + 6 * i, &far[i], 1);
	for (uint32_t i = 0; i < N; i++) {
		struct flow_new f = flow_of(home[i], far[i]);

		assert_int_equal(flow_insert(&fx.table, 0, &f, &refs[i]), FLOW_INSERTED);
	}
	assert_true(fx.table.buckets[fx.table.n_buckets - 2].overflow >= N - FLOW_SLOTS);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(flow_lookup(&fx.table, &home[i]), refs[i]);

	struct flow_new more = flow_of(home[N], far[N]);

	assert_int_equal(flow_insert(&fx.table, 0, &more, &ref), FLOW_NO_LINE);
	/* one in the home bucket goes: there is room again, and those further on are still found */
	assert_true(
		flow_kill(&fx.table, 0, refs[0] >> 1, flow_state(&fx.table.lines[refs[0] >> 1])));
	assert_int_equal(flow_insert(&fx.table, 0, &more, &ref), FLOW_INSERTED);
	for (uint32_t i = 1; i < N; i++)
		assert_int_equal(flow_lookup(&fx.table, &home[i]), refs[i]);
	assert_int_equal(flow_lookup(&fx.table, &home[0]), 0);
	/* a doublet is found although it lies in another bucket */
	more = flow_of(home[N - 1], far[N + 1]);
	uint32_t again;

	assert_int_equal(flow_insert(&fx.table, 0, &more, &again), FLOW_NO_LINE); /* no slot */
	assert_true(
		flow_kill(&fx.table, 0, refs[1] >> 1, flow_state(&fx.table.lines[refs[1] >> 1])));
	assert_int_equal(flow_insert(&fx.table, 0, &more, &again), FLOW_EXISTS);
	assert_int_equal(again, refs[N - 1]);
	refs[1] = ref;
	for (uint32_t i = 1; i < N; i++)
		assert_true(flow_kill(
			&fx.table, 0, refs[i] >> 1, flow_state(&fx.table.lines[refs[i] >> 1])));
	check_empty(&fx.table);
	fx_close(&fx);
}

/* ---- lines come back, but not before everybody let go ---- */

static void reuse(void **state)
{
	struct fixture fx;
	uint32_t total, ref, first, got = 0;

	fx_open(&fx, 16, 2);
	pw_qsbr_online(fx.qsbr, 0);
	pw_qsbr_online(fx.qsbr, 1);
	total = fx.table.n_lines - 1;
	assert_int_equal(flow_pool_count(&fx.table, 0), total);

	struct flow_new f = flow_of(key_of(1, 2, 3, 4), key_of(5, 6, 7, 8));

	assert_int_equal(flow_insert(&fx.table, 0, &f, &first), FLOW_INSERTED);

	uint32_t word = flow_state(&fx.table.lines[first >> 1]);

	assert_true(flow_kill(&fx.table, 0, first >> 1, word));
	/* worker 1 may still hold it: its keys stay */
	flow_pool_turn(&fx.table, 0);
	pw_qsbr_quiescent(fx.qsbr, 0);
	flow_pool_turn(&fx.table, 0);
	assert_true(flow_line_has(&fx.table.lines[first >> 1], FLOW_ORIG, &f.orig));
	assert_int_equal(flow_state_life(flow_state(&fx.table.lines[first >> 1])), FLOW_DEAD);
	assert_int_equal(flow_pool_count(&fx.table, 0), total - 1);
	pw_qsbr_quiescent(fx.qsbr, 1);
	flow_pool_turn(&fx.table, 0);
	assert_int_equal(flow_pool_count(&fx.table, 0), total);
	assert_int_equal(flow_state_life(flow_state(&fx.table.lines[first >> 1])), FLOW_FREE);
	/* another generation */
	assert_int_not_equal(
		flow_state(&fx.table.lines[first >> 1]) & FLOW_GEN_MASK, word & FLOW_GEN_MASK);
	/* no line is given out twice, none is lost */
	bool *seen = calloc(fx.table.n_lines, sizeof(*seen));

	while ((ref = flow_pool_get(&fx.table, got % 2)) != 0) {
		assert_true(ref < fx.table.n_lines);
		assert_false(seen[ref]);
		seen[ref] = true;
		got++;
	}
	while ((ref = flow_pool_get(&fx.table, (got + 1) % 2)) != 0)
		got++;
	assert_int_equal(got, total);
	free(seen);
	fx_close(&fx);
}

static void adjacency(void **state)
{
	union flow_line line = {.adj = {UINT64_MAX, UINT64_MAX}};

	assert_int_equal(flow_get_adj(&line, FLOW_ORIG, 0), UINT32_MAX);
	flow_set_adj(&line, FLOW_ORIG, 17, 3);
	flow_set_adj(&line, FLOW_REPLY, 18, 4);
	assert_int_equal(flow_get_adj(&line, FLOW_ORIG, 3), 17);
	assert_int_equal(flow_get_adj(&line, FLOW_REPLY, 4), 18);
	assert_int_equal(flow_get_adj(&line, FLOW_ORIG, 4), UINT32_MAX);
}

/* The n-th allocation fails: no leak, the right error. */
static int left;

static void *failing(const struct pw_alloc *alloc, const char *what, size_t size)
{
	return left-- > 0 ? pw_zalloc(pw_alloc_heap(), what, size) : NULL;
}

static void no_memory(void **state)
{
	struct pw_alloc alloc = {.zalloc = failing, .free = pw_alloc_heap()->free};
	const uint64_t secret[2] = {1, 2};
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	struct pw_limbo *limbo = pw_limbo_create(qsbr);
	struct flow_table table;
	int ret = -ENOMEM;

	for (int n = 0; ret != 0; n++) {
		left = n;
		ret = flow_table_init(&table, &alloc, limbo, 100, 1, secret, NULL);
		assert_true(ret == 0 || ret == -ENOMEM);
		assert_true(n < 10);
	}
	flow_table_fini(&table);
	assert_int_equal(flow_table_init(&table, &alloc, limbo, 0, 1, secret, NULL), -EINVAL);
	pw_limbo_destroy(limbo);
	pw_qsbr_destroy(qsbr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(model),
		cmocka_unit_test(overflow),
		cmocka_unit_test(reuse),
		cmocka_unit_test(adjacency),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
