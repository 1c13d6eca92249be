/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"
#include "pw_fdb.h"
#include "pw_util.h"

#define MAC   UINT64_C(0x020000000001)
#define MAC_B UINT64_C(0x020000000002)
#define NOW   1000
#define MANY  UINT32_MAX

static struct fixture *f;
static struct pw_fdb *fdb;

static int setup(void **state)
{
	fixture_setup(state);
	f = *state;
	fdb = pw_fdb_create(&f->alloc, f->limbo, 1024);
	return fdb == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	pw_fdb_destroy(fdb);
	return fixture_teardown(state);
}

static void learned_moved_refreshed(void **state)
{
	bool elsewhere;

	assert_false(pw_fdb_source_known(fdb, 1, MAC, 7, NOW, &elsewhere));
	assert_false(elsewhere);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 7, NOW, MANY), 0);
	assert_true(pw_fdb_source_known(fdb, 1, MAC, 7, NOW, &elsewhere));
	assert_false(elsewhere);
	assert_int_equal(pw_fdb_result_port(pw_fdb_lookup(fdb, 1, MAC)), 7);
	assert_false(pw_fdb_result_static(pw_fdb_lookup(fdb, 1, MAC)));
	assert_true(pw_fdb_lookup(fdb, 2, MAC) == PW_FDB_MISS);

	assert_false(pw_fdb_source_known(fdb, 1, MAC, 8, NOW, &elsewhere));
	assert_false(elsewhere);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 8, NOW, MANY), 0);
	assert_int_equal(pw_fdb_result_port(pw_fdb_lookup(fdb, 1, MAC)), 8);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 8, NOW, MANY), 0); /* reported twice */
	assert_int_equal(pw_fdb_count(fdb), 1);
	assert_int_equal(pw_fdb_stats(fdb)->learned, 1);
	assert_int_equal(pw_fdb_stats(fdb)->moved, 1);
}

static void static_entries_stand(void **state)
{
	bool elsewhere;

	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 7, NOW, MANY), 0);
	assert_int_equal(pw_fdb_set_static(fdb, 1, MAC, 9), 0); /* overrides what was learned */
	assert_int_equal(pw_fdb_set_static(fdb, 1, MAC, 9), 0);
	assert_int_equal(pw_fdb_set_static(fdb, 1, MAC, 10), -EEXIST);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 7, NOW, MANY), -EEXIST);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 9, NOW, MANY), 0);
	assert_true(pw_fdb_result_static(pw_fdb_lookup(fdb, 1, MAC)));
	assert_int_equal(pw_fdb_result_port(pw_fdb_lookup(fdb, 1, MAC)), 9);
	assert_int_equal(pw_fdb_stats(fdb)->refused_static, 1);

	assert_true(pw_fdb_source_known(fdb, 1, MAC, 9, NOW + 50, &elsewhere));
	assert_false(elsewhere);
	assert_true(pw_fdb_result_static(pw_fdb_lookup(fdb, 1, MAC)));
	assert_false(pw_fdb_source_known(fdb, 1, MAC, 7, NOW, &elsewhere));
	assert_true(elsewhere);
	assert_int_equal(pw_fdb_age(fdb, 1, NOW + 100000, 1), 0);
	assert_int_equal(pw_fdb_flush(fdb, UINT16_MAX, UINT16_MAX, false), 0);
	assert_int_equal(pw_fdb_flush(fdb, UINT16_MAX, UINT16_MAX, true), 1);
}

static void bad_arguments(void **state)
{
	assert_int_equal(pw_fdb_set_static(fdb, UINT16_MAX, MAC, 1), -EINVAL);
	assert_int_equal(pw_fdb_set_static(fdb, 1, MAC, UINT16_MAX), -EINVAL);
	assert_int_equal(pw_fdb_set_static(fdb, 0, 0, 1), -EINVAL);
	assert_int_equal(pw_fdb_learn(fdb, 1, UINT64_C(0x010000000001), 1, NOW, MANY), -EINVAL);
	assert_int_equal(pw_fdb_learn(fdb, 1, UINT64_C(0xffffffffffff), 1, NOW, MANY), -EINVAL);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC | UINT64_C(1) << 48, 1, NOW, MANY), -EINVAL);
	assert_int_equal(pw_fdb_del(fdb, 1, MAC), -ENOENT);
	assert_true(pw_fdb_lookup(fdb, 0, 0) == PW_FDB_MISS);
	assert_int_equal(pw_fdb_count(fdb), 0);
}

static void ports_are_bounded(void **state)
{
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(pw_fdb_learn(fdb, 1, MAC + i, 7, NOW, 4), 0);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC + 4, 7, NOW, 4), -ENOSPC);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC + 3, 7, NOW, 4), 0); /* a refresh needs no room */
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC + 4, 8, NOW, 4), 0);
	assert_int_equal(
		pw_fdb_learn(fdb, 1, MAC + 4, 7, NOW, 4), -ENOSPC); /* nor a move into it */
	assert_int_equal(pw_fdb_stats(fdb)->refused_port_full, 2);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 8, NOW, 4), 0); /* a move out makes room */
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC + 4, 7, NOW, 4), 0);
	assert_int_equal(pw_fdb_set_static(fdb, 1, MAC + 1, 7), 0); /* static ones do not count */
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC + 5, 7, NOW, 4), 0);
	assert_int_equal(pw_fdb_del(fdb, 1, MAC + 1), 0);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC + 6, 7, NOW, 4), -ENOSPC);
}

static void the_table_is_bounded(void **state)
{
	for (uint64_t i = 0; i < 1024; i++)
		assert_int_equal(pw_fdb_learn(fdb, 1, MAC + i, (uint16_t)(i % 100), NOW, MANY), 0);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC + 1024, 1, NOW, MANY), -ENOSPC);
	assert_int_equal(pw_fdb_set_static(fdb, 1, MAC + 1024, 1), -ENOSPC);
	assert_int_equal(pw_fdb_stats(fdb)->refused_full, 2);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 50, NOW, MANY), 0); /* moves need no room */
	assert_int_equal(pw_fdb_count(fdb), 1024);
}

static void ageing(void **state)
{
	bool elsewhere;

	/* Starts just before the tick wraps at 65536. */
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 7, 65500, MANY), 0);
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC_B, 7, 65500, MANY), 0);
	assert_int_equal(pw_fdb_learn(fdb, 2, MAC, 7, 65500, MANY), 0);
	assert_int_equal(pw_fdb_age(fdb, 1, 65500 + 299, 300), 0);
	assert_true(pw_fdb_source_known(fdb, 1, MAC, 7, 65500 + 299, &elsewhere));
	assert_int_equal(pw_fdb_age(fdb, 1, 65500 + 300, 300), 1);
	assert_true(pw_fdb_lookup(fdb, 1, MAC_B) == PW_FDB_MISS);
	assert_int_equal(pw_fdb_age(fdb, 1, 65500 + 598, 300), 0);
	assert_int_equal(pw_fdb_age(fdb, 1, 65500 + 599, 300), 1);
	assert_int_equal(pw_fdb_age(fdb, 1, 65500 + 599, 300), 0);
	assert_true(pw_fdb_lookup(fdb, 2, MAC) != PW_FDB_MISS);
	assert_int_equal(pw_fdb_stats(fdb)->aged, 2);
}

static void a_worker_may_be_ahead(void **state)
{
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 7, NOW + 2, MANY), 0);
	assert_int_equal(pw_fdb_age(fdb, 1, NOW, 300), 0);
}

static void very_long_ageing_still_ends(void **state)
{
	assert_int_equal(pw_fdb_learn(fdb, 1, MAC, 7, NOW, MANY), 0);
	assert_int_equal(pw_fdb_age(fdb, 1, NOW + 65518, 1000000), 0);
	assert_int_equal(pw_fdb_age(fdb, 1, NOW + 65519, 1000000), 1);
}

static void flush_by_bridge_and_port(void **state)
{
	static const struct {
		uint16_t bridge, port;
		bool static_too;
		uint32_t expected;
	} cases[] = {
		{1, UINT16_MAX, false, 20},
		{1, UINT16_MAX, true, 30},
		{UINT16_MAX, 5, false, 20},
		{UINT16_MAX, 5, true, 20},
		{2, 5, false, 10},
		{UINT16_MAX, 4, true, 20},
		{UINT16_MAX, UINT16_MAX, true, 60},
		{9, UINT16_MAX, true, 0},
	};

	for (size_t c = 0; c < PW_ARRAY_SIZE(cases); c++) {
		for (uint64_t i = 0; i < 30; i++) { /* ports 4 (static), 5, 6 on bridges 1 and 2 */
			for (uint16_t bridge = 1; bridge <= 2; bridge++) {
				uint16_t port = (uint16_t)(4 + i % 3);

				if (port == 4)
					pw_fdb_set_static(fdb, bridge, MAC + i, port);
				else
					pw_fdb_learn(fdb, bridge, MAC + i, port, NOW, MANY);
			}
		}
		assert_int_equal(
			pw_fdb_flush(fdb, cases[c].bridge, cases[c].port, cases[c].static_too),
			cases[c].expected);
		assert_int_equal(pw_fdb_count(fdb), 60 - cases[c].expected);
		fixture_grace(f);
	}
	/* The counts came out even: all of a port's quota is there again. */
	pw_fdb_flush(fdb, UINT16_MAX, UINT16_MAX, true);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(pw_fdb_learn(fdb, 1, MAC + i, 5, NOW, 10), 0);
}

static bool note(void *arg, const struct pw_fdb_entry *entry)
{
	struct pw_fdb_entry *seen = arg;

	seen[entry->is_static] = *entry;
	return true;
}

static void foreach_tells_all(void **state)
{
	struct pw_fdb_entry seen[2] = {0};

	assert_int_equal(pw_fdb_set_static(fdb, 3, MAC, 9), 0);
	assert_int_equal(pw_fdb_learn(fdb, 0, MAC_B, 0, NOW, MANY), 0);
	pw_fdb_foreach(fdb, NOW + 12, note, seen);
	assert_true(seen[1].bridge == 3 && seen[1].port == 9 && seen[1].mac48 == MAC);
	assert_int_equal(seen[1].age_sec, 0);
	assert_true(seen[0].bridge == 0 && seen[0].port == 0 && seen[0].mac48 == MAC_B);
	assert_int_equal(seen[0].age_sec, 12);
}

static void bulk_is_the_same(void **state)
{
	uint64_t keys[64], results[64];

	for (uint64_t i = 0; i < 64; i++) {
		if (i % 3 != 0)
			assert_int_equal(pw_fdb_learn(fdb, 5, MAC + i, (uint16_t)i, NOW, MANY), 0);
		keys[i] = pw_fdb_key(5, MAC + i);
	}
	pw_fdb_lookup_bulk(fdb, keys, results, 64);
	for (uint64_t i = 0; i < 64; i++) {
		assert_true(results[i] == pw_fdb_lookup(fdb, 5, MAC + i));
		assert_int_equal(results[i] != PW_FDB_MISS, i % 3 != 0);
	}
}

static void allocation_failures(void **state)
{
	struct pw_fdb *other;
	int64_t before = f->outstanding;

	for (int64_t n = 0;; n++) {
		f->fail_in = n;
		other = pw_fdb_create(&f->alloc, f->limbo, 100);
		if (other != NULL)
			break;
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(f->outstanding, before);
	}
	f->fail_in = -1;
	pw_fdb_destroy(other);
	pw_fdb_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(learned_moved_refreshed),
		T(static_entries_stand),
		T(bad_arguments),
		T(ports_are_bounded),
		T(the_table_is_bounded),
		T(ageing),
		T(a_worker_may_be_ahead),
		T(very_long_ageing_still_ends),
		T(flush_by_bridge_and_port),
		T(foreach_tells_all),
		T(bulk_is_the_same),
		T(allocation_failures),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
