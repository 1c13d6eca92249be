/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include <errno.h>

static uint32_t times_of(const struct pw_gen_sizes *s, uint16_t size)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n += pw_gen_sizes_at(s, i) == size;
	return n;
}

static void shares_are_exact(void **state)
{
	const struct pw_gen_share shares[] = {{64, 3}, {9000, 2}};
	struct pw_gen_sizes *s = malloc(sizeof(*s));

	assert_int_equal(pw_gen_sizes_named(s, "imix-csit"), 0);
	assert_int_equal(times_of(s, 64), 28);
	assert_int_equal(times_of(s, 570), 16);
	assert_int_equal(times_of(s, 1518), 4);
	assert_int_equal(pw_gen_sizes_at(s, 5), pw_gen_sizes_at(s, 5 + 48 * 1000));
	assert_true(s->mean == (28 * 64 + 16 * 570 + 4 * 1518) / 48.0);
	assert_int_equal(pw_gen_sizes_mix(s, shares, 2), 0);
	assert_int_equal(times_of(s, 64), 3);
	assert_int_equal(times_of(s, 9000), 2);
	assert_int_equal(s->min, 64);
	assert_int_equal(s->max, 9000);
	free(s);
}

static void range_holds_each_size_once(void **state)
{
	struct pw_gen_sizes *s = malloc(sizeof(*s));

	assert_int_equal(pw_gen_sizes_range(s, 64, 9216), 0);
	for (uint16_t size = 64; size <= 9216; size++)
		assert_int_equal(times_of(s, size), 1);
	free(s);
}

static void refused(void **state)
{
	const struct pw_gen_share none[] = {{64, 0}}, small[] = {{63, 1}}, many[] = {{64, 9217}};
	struct pw_gen_sizes *s = malloc(sizeof(*s));

	assert_int_equal(pw_gen_sizes_range(s, 63, 64), -EINVAL);
	assert_int_equal(pw_gen_sizes_range(s, 65, 64), -EINVAL);
	assert_int_equal(pw_gen_sizes_range(s, 64, 9217), -EINVAL);
	assert_int_equal(pw_gen_sizes_mix(s, none, 1), -EINVAL);
	assert_int_equal(pw_gen_sizes_mix(s, small, 1), -EINVAL);
	assert_int_equal(pw_gen_sizes_mix(s, many, 1), -E2BIG);
	assert_int_equal(pw_gen_sizes_named(s, "other"), -ENOENT);
	free(s);
}

static void parsed(void **state)
{
	static const char *const bad[] = {
		"", "63", "64-", "-64", "70-64", "64-9217", "64x", "imax"};
	struct pw_gen_sizes *s = malloc(sizeof(*s));

	assert_int_equal(pw_gen_sizes_parse(s, "9000"), 0);
	assert_int_equal(s->max, 9000);
	assert_int_equal(pw_gen_sizes_parse(s, "64-128"), 0);
	assert_int_equal(s->n, 65);
	assert_int_equal(pw_gen_sizes_parse(s, "imix"), 0);
	assert_int_equal(s->n, 12);
	for (size_t i = 0; i < PW_ARRAY_SIZE(bad); i++)
		assert_int_equal(pw_gen_sizes_parse(s, bad[i]), -EINVAL);
	assert_int_equal(s->n, 12);
	free(s);
}

TESTS_MAIN(cmocka_unit_test(parsed), cmocka_unit_test(shares_are_exact),
	cmocka_unit_test(range_holds_each_size_once), cmocka_unit_test(refused))
