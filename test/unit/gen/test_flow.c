/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include <errno.h>
#include <math.h>

static void ranges(struct pw_gen_flows *f, uint32_t ports, uint32_t src, uint32_t dst)
{
	*f = (struct pw_gen_flows){0};
	for (unsigned i = 0; i < PW_GEN_FIELD_COUNT; i++)
		f->range[i] = 1;
	f->range[PW_GEN_SRC_PORT] = ports;
	f->range[PW_GEN_SRC_IP] = src;
	f->range[PW_GEN_DST_IP] = dst;
}

static void permutation_is_one(void **state)
{
	static const uint64_t sizes[] = {1, 2, 3, 7, 64, 100, 1000, 4096, 65537, 300000};

	for (size_t i = 0; i < PW_ARRAY_SIZE(sizes); i++) {
		uint8_t *seen = calloc(sizes[i], 1);
		uint64_t neighbours = 0, last = 0;
		struct pw_gen_perm perm;

		pw_gen_perm_init(&perm, sizes[i], 1);
		for (uint64_t k = 0; k < sizes[i]; k++) {
			uint64_t v = pw_gen_perm_at(&perm, k);

			assert_true(v < sizes[i]);
			assert_int_equal(seen[v]++, 0);
			neighbours += k > 0 && v == last + 1;
			last = v;
		}
		if (sizes[i] >= 1000) /* mixed, not just shifted */
			assert_true(neighbours < sizes[i] / 50);
		free(seen);
	}
}

/* Every flow has headers of its own, in every order, first or spread. */
static void flows_are_distinct(void **state)
{
	for (unsigned spread = 0; spread < 2; spread++) {
		struct pw_gen_flows f;
		uint8_t *seen = calloc(100 * 50 * 20, 1);

		ranges(&f, 100, 50, 20);
		f.n = 40000;
		f.order = PW_GEN_PERMUTED;
		f.spread = spread;
		assert_int_equal(pw_gen_flows_init(&f), 0);
		for (uint64_t seq = 0; seq < f.n; seq++) {
			uint64_t flow = pw_gen_flows_at(&f, seq);
			uint32_t d[PW_GEN_FIELD_COUNT];

			assert_int_equal(flow, pw_gen_flows_at(&f, seq + 7 * f.n));
			pw_gen_flows_digits(&f, flow, d);
			assert_true(d[PW_GEN_SRC_PORT] < 100 && d[PW_GEN_SRC_IP] < 50 &&
				    d[PW_GEN_DST_IP] < 20);
			assert_int_equal(seen[(d[PW_GEN_DST_IP] * 50 + d[PW_GEN_SRC_IP]) * 100 +
						 d[PW_GEN_SRC_PORT]]++,
				0);
		}
		free(seen);
		pw_gen_flows_fini(&f);
	}
}

static void limits(void **state)
{
	struct pw_gen_flows f;

	ranges(&f, 10, 10, 1);
	assert_int_equal(pw_gen_flows_init(&f), 0);
	assert_int_equal(f.n, 100); /* all */
	f.n = 101;
	assert_int_equal(pw_gen_flows_init(&f), -ERANGE);
	ranges(&f, 60000, 60000, 60000);
	assert_int_equal(pw_gen_flows_init(&f), -ERANGE); /* too many to mean all of them */
	f.n = PW_GEN_FLOWS_MAX;
	f.spread = true;
	assert_int_equal(pw_gen_flows_init(&f), 0);
	ranges(&f, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	assert_int_equal(pw_gen_flows_product(&f), UINT64_MAX);
}

/* The most frequent flow of n has the share 1 / H(n), the k-th 1/k of that. */
static void zipf_shares(void **state)
{
	enum {
		FLOWS = 1000,
		DRAWS = 400000
	};
	static uint32_t times[FLOWS];
	struct pw_gen_flows f;
	double harmonic = 0;
	struct pw_gen_perm *perm = &f.order_perm;

	ranges(&f, FLOWS, 1, 1);
	f.order = PW_GEN_ZIPF;
	f.zipf = 1.0;
	assert_int_equal(pw_gen_flows_init(&f), 0);
	memset(times, 0, sizeof(times));
	for (uint64_t seq = 0; seq < DRAWS; seq++)
		times[pw_gen_flows_at(&f, seq)]++;
	for (unsigned k = 1; k <= FLOWS; k++)
		harmonic += 1.0 / k;
	for (unsigned k = 1; k <= 20; k++) {
		double want = DRAWS / harmonic / k;
		double got = times[pw_gen_perm_at(perm, k - 1)];

		assert_true(fabs(got - want) < 0.05 * want + 5 * sqrt(want));
	}
	pw_gen_flows_fini(&f);
}

TESTS_MAIN(cmocka_unit_test(permutation_is_one), cmocka_unit_test(flows_are_distinct),
	cmocka_unit_test(limits), cmocka_unit_test(zipf_shares))
