/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pw_idpool.h"
#include "pw_util.h"

static void lowest_first_until_full(void **state)
{
	static const uint32_t sizes[] = {0, 1, 63, 64, 65, 128, 1000};

	for (size_t s = 0; s < PW_ARRAY_SIZE(sizes); s++) {
		struct pw_idpool *pool = pw_idpool_create(sizes[s]);

		assert_non_null(pool);
		for (uint32_t i = 0; i < sizes[s]; i++)
			assert_int_equal(pw_idpool_alloc(pool), i);
		assert_int_equal(pw_idpool_alloc(pool), -ENOSPC);
		assert_int_equal(pw_idpool_count(pool), sizes[s]);
		if (sizes[s] > 0) {
			pw_idpool_free(pool, sizes[s] / 2);
			assert_int_equal(pw_idpool_alloc(pool), sizes[s] / 2);
		}
		pw_idpool_destroy(pool);
	}
	pw_idpool_destroy(NULL);
}

static void take(void **state)
{
	struct pw_idpool *pool = pw_idpool_create(70);

	assert_int_equal(pw_idpool_take(pool, 0), 0);
	assert_int_equal(pw_idpool_take(pool, 0), -EEXIST);
	assert_int_equal(pw_idpool_take(pool, 69), 0);
	assert_int_equal(pw_idpool_take(pool, 70), -ERANGE);
	assert_int_equal(pw_idpool_take(pool, UINT32_MAX), -ERANGE);
	assert_int_equal(pw_idpool_alloc(pool), 1);
	assert_int_equal(pw_idpool_count(pool), 3);
	assert_false(pw_idpool_used(pool, 70));
	pw_idpool_destroy(pool);
}

static void free_of_a_free_id_is_nothing(void **state)
{
	struct pw_idpool *pool = pw_idpool_create(70);

	pw_idpool_free(pool, 3);
	pw_idpool_free(pool, 70);
	pw_idpool_free(pool, 127); /* a padding bit of the last word */
	assert_int_equal(pw_idpool_count(pool), 0);
	for (int i = 0; i < 70; i++)
		assert_int_equal(pw_idpool_alloc(pool), i);
	assert_int_equal(pw_idpool_alloc(pool), -ENOSPC);
	pw_idpool_destroy(pool);
}

#define MODEL_N 200

static int64_t model_alloc(bool used[MODEL_N])
{
	for (int64_t i = 0; i < MODEL_N; i++) {
		if (!used[i]) {
			used[i] = true;
			return i;
		}
	}
	return -ENOSPC;
}

static void against_model(void **state)
{
	struct pw_idpool *pool = pw_idpool_create(MODEL_N);
	bool used[MODEL_N] = {false};
	uint32_t count = 0;

	srand(1);
	for (int round = 0; round < 100000; round++) {
		uint32_t id = (uint32_t)rand() % MODEL_N;
		int fill = round / 1000 % 2; /* waves: mostly full, mostly empty */

		switch (rand() % 4 + fill) {
		case 0:
		case 1:
			pw_idpool_free(pool, id);
			used[id] = false;
			break;
		case 2:
			assert_int_equal(pw_idpool_take(pool, id), used[id] ? -EEXIST : 0);
			used[id] = true;
			break;
		default:
			assert_int_equal(pw_idpool_alloc(pool), model_alloc(used));
		}
		count = 0;
		for (uint32_t i = 0; i < MODEL_N; i++)
			count += used[i];
		assert_int_equal(pw_idpool_count(pool), count);
		assert_int_equal(pw_idpool_used(pool, id), used[id]);
	}
	pw_idpool_destroy(pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowest_first_until_full),
		cmocka_unit_test(take),
		cmocka_unit_test(free_of_a_free_id_is_nothing),
		cmocka_unit_test(against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
