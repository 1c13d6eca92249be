/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include "pw_gen_hist.h"

static void bounds(void **state)
{
	for (unsigned i = 0; i + 1 < PW_GEN_HIST_BUCKETS; i++) {
		uint64_t lower = pw_gen_hist_lower_ns(i), next = pw_gen_hist_lower_ns(i + 1);

		assert_true(next > lower);
		assert_int_equal(pw_gen_hist_index(lower), i);
		assert_int_equal(pw_gen_hist_index(next - 1), i);
		/* the promised relative error */
		assert_true((double)(next - 1 - lower) <= 0.016 * (double)lower);
	}
	assert_int_equal(pw_gen_hist_index(UINT64_MAX), PW_GEN_HIST_BUCKETS - 1);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void percentiles_against_a_sorted_list(void **state)
{
	static const double points[] = {0.1, 1, 50, 90, 99, 99.9, 99.99, 100};
	static uint64_t values[100000];
	struct pw_gen_hist *h = calloc(1, sizeof(*h));
	double sum = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(values); i++) {
		values[i] = pw_gen_mix(i) >> (pw_gen_mix(i + 1000000) % 30 + 30);
		sum += (double)values[i];
		pw_gen_hist_record(h, values[i]);
	}
	qsort(values, PW_ARRAY_SIZE(values), sizeof(values[0]), by_value);
	for (size_t i = 0; i < PW_ARRAY_SIZE(points); i++) {
		uint64_t exact =
			values[(size_t)(points[i] / 100 * PW_ARRAY_SIZE(values) + 0.5) - 1];
		uint64_t got = pw_gen_hist_percentile_ns(h, points[i]);

		assert_in_range(got, exact, exact + exact / 60 + 1);
	}
	assert_int_equal(h->min_ns, values[0]);
	assert_int_equal(pw_gen_hist_percentile_ns(h, 100), h->max_ns);
	assert_int_equal(h->max_ns, values[PW_ARRAY_SIZE(values) - 1]);
	assert_true(pw_gen_hist_mean_ns(h) == sum / PW_ARRAY_SIZE(values));
	free(h);
}

static void empty_and_one(void **state)
{
	struct pw_gen_hist *h = calloc(1, sizeof(*h));

	assert_int_equal(pw_gen_hist_percentile_ns(h, 50), 0);
	assert_true(pw_gen_hist_mean_ns(h) == 0);
	pw_gen_hist_record(h, 12345);
	assert_int_equal(pw_gen_hist_percentile_ns(h, 0.01), 12345);
	assert_int_equal(pw_gen_hist_percentile_ns(h, 99.99), 12345);
	free(h);
}

static void merged(void **state)
{
	struct pw_gen_hist *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));

	pw_gen_hist_merge(a, b);
	assert_int_equal(a->count, 0);
	pw_gen_hist_record(b, 5);
	pw_gen_hist_merge(a, b);
	pw_gen_hist_record(b, 1000);
	pw_gen_hist_merge(a, b);
	assert_int_equal(a->count, 3);
	assert_int_equal(a->min_ns, 5);
	assert_int_equal(a->max_ns, 1000);
	assert_int_equal(pw_gen_hist_percentile_ns(a, 50), 5);
	free(a);
	free(b);
}

TESTS_MAIN(cmocka_unit_test(bounds), cmocka_unit_test(percentiles_against_a_sorted_list),
	cmocka_unit_test(empty_and_one), cmocka_unit_test(merged))
