/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"
#include "pw_adj.h"

static const struct pw_adj tmpl = {
	.word = UINT64_C(0x020000000001) << 16 | PW_ADJ_RESOLVED,
	.src_mac48 = UINT64_C(0x02000000ffff),
	.ip = {.family = PW_IPV6, .b = {0x20, 1, 0xd, 0xb8, [15] = 10}},
	.port = 3,
	.bridge = PW_BRIDGE_NONE,
	.mtu = 1450,
	.kind = PW_ADJ_FORWARD,
	.permanent = 1,
	.generation = 12345,
	.last_used_sec = 77,
};

static void copies_the_template(void **state)
{
	struct fixture *f = *state;
	struct pw_adj_table *table = pw_adj_table_create(&f->alloc, f->limbo, 4);
	int64_t index = pw_adj_alloc(table, &tmpl);

	assert_int_equal(index, 0);

	const struct pw_adj *adj = &pw_adj_array(table)[index];

	assert_int_equal(pw_adj_word_state(pw_adj_word(adj)), PW_ADJ_RESOLVED);
	assert_true(pw_adj_word_mac48(pw_adj_word(adj)) == UINT64_C(0x020000000001));
	assert_true(adj->src_mac48 == tmpl.src_mac48);
	assert_true(pw_ip_equal(&adj->ip, &tmpl.ip));
	assert_int_equal(adj->port, 3);
	assert_int_equal(adj->bridge, PW_BRIDGE_NONE);
	assert_int_equal(adj->mtu, 1450);
	assert_int_equal(adj->kind, PW_ADJ_FORWARD);
	assert_int_equal(adj->permanent, 1);
	assert_int_equal(pw_adj_last_used_sec(adj), 0);
	assert_int_not_equal(pw_adj_generation(adj), 0);

	pw_adj_set_mac(table, 0, UINT64_C(0xfedcba987654), PW_ADJ_FAILED);
	assert_int_equal(pw_adj_word_state(pw_adj_word(adj)), PW_ADJ_FAILED);
	assert_true(pw_adj_word_mac48(pw_adj_word(adj)) == UINT64_C(0xfedcba987654));
	pw_adj_touch(adj, 99);
	assert_int_equal(pw_adj_last_used_sec(adj), 99);
	pw_adj_table_destroy(table);
}

static void reuse_only_after_the_grace_period(void **state)
{
	struct fixture *f = *state;
	struct pw_adj_table *table = pw_adj_table_create(&f->alloc, f->limbo, 2);
	const struct pw_adj *adjs = pw_adj_array(table);

	assert_int_equal(pw_adj_alloc(table, &tmpl), 0);
	assert_int_equal(pw_adj_alloc(table, &tmpl), 1);
	assert_int_equal(pw_adj_alloc(table, &tmpl), -ENOSPC);
	assert_int_equal(pw_adj_count(table), 2);

	uint32_t generation = pw_adj_generation(&adjs[0]);

	pw_adj_release(table, 0);
	assert_int_not_equal(pw_adj_generation(&adjs[0]), generation); /* stale at once ... */
	assert_int_equal(adjs[0].kind, PW_ADJ_FORWARD);                /* ... but still usable */
	assert_int_equal(adjs[0].mtu, 1450);
	assert_int_equal(pw_adj_count(table), 1);
	assert_int_equal(pw_adj_alloc(table, &tmpl), -ENOSPC);

	generation = pw_adj_generation(&adjs[0]);
	fixture_grace(f);
	assert_int_equal(adjs[0].kind, PW_ADJ_FREE);
	assert_int_equal(pw_adj_alloc(table, &tmpl), 0);
	assert_int_equal(pw_adj_generation(&adjs[0]), generation);
	pw_adj_table_destroy(table);
}

static void many_rounds(void **state)
{
	struct fixture *f = *state;
	struct pw_adj_table *table = pw_adj_table_create(&f->alloc, f->limbo, 100);

	for (int round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < 100; i++)
			assert_in_range(pw_adj_alloc(table, &tmpl), 0, 99);
		assert_int_equal(pw_adj_alloc(table, &tmpl), -ENOSPC);
		for (uint32_t i = 0; i < 100; i++)
			pw_adj_release(table, (i * 37) % 100);
		assert_int_equal(pw_adj_count(table), 0);
		fixture_grace(f);
	}
	pw_adj_table_destroy(table);
}

static void bad_arguments_and_allocation_failures(void **state)
{
	struct fixture *f = *state;
	struct pw_adj bad = tmpl;
	struct pw_adj_table *table;

	assert_null(pw_adj_table_create(&f->alloc, f->limbo, 0));
	assert_int_equal(errno, EINVAL);
	for (int64_t n = 0;; n++) {
		f->fail_in = n;
		table = pw_adj_table_create(&f->alloc, f->limbo, 10);
		if (table != NULL)
			break;
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(f->outstanding, 0);
	}
	bad.kind = PW_ADJ_FREE;
	assert_int_equal(pw_adj_alloc(table, &bad), -EINVAL);
	bad.kind = PW_ADJ_PROHIBIT + 1;
	assert_int_equal(pw_adj_alloc(table, &bad), -EINVAL);
	assert_int_equal(pw_adj_count(table), 0);
	pw_adj_table_destroy(table);
	pw_adj_table_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(copies_the_template),
		T(reuse_only_after_the_grace_period),
		T(many_rounds),
		T(bad_arguments_and_allocation_failures),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
