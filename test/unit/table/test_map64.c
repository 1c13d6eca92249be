/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"
#include "pw_map64.h"
#include "pw_util.h"

static void a_deleted_slot_waits_for_its_grace_period(void **state)
{
	struct fixture *f = *state;
	struct pw_map64 *map = pw_map64_create(&f->alloc, f->limbo, 1);
	uint64_t key = 1, value;

	/* The smallest table has 16 slots: so many entries may wait, the 17th finds no room. */
	for (; key <= 16; key++) {
		assert_int_equal(pw_map64_set(map, key, key), 0);
		assert_int_equal(pw_map64_del(map, key), 0);
		assert_false(pw_map64_lookup(map, key, &value));
	}
	assert_int_equal(pw_map64_count(map), 0);
	assert_int_equal(pw_map64_set(map, key, key), -ENOSPC);
	fixture_grace(f);
	assert_int_equal(pw_map64_set(map, key, 77), 0);
	assert_true(pw_map64_lookup(map, key, &value));
	assert_int_equal(value, 77);
	pw_map64_destroy(map);
}

static void bad_arguments(void **state)
{
	struct fixture *f = *state;
	struct pw_map64 *map = pw_map64_create(&f->alloc, f->limbo, 10);
	uint64_t value, zero = 0;

	assert_int_equal(pw_map64_set(map, 0, 1), -EINVAL);
	assert_int_equal(pw_map64_del(map, 0), -EINVAL);
	assert_int_equal(pw_map64_del(map, 1), -ENOENT);
	assert_false(pw_map64_lookup(map, 0, &value));
	assert_int_equal(pw_map64_lookup_bulk(map, &zero, &value, 1), 0);
	assert_false(pw_map64_replace(map, 0, 0, 1));
	assert_false(pw_map64_replace(map, 1, 0, 1));
	pw_map64_destroy(map);
	pw_map64_destroy(NULL);
	assert_null(pw_map64_create(&f->alloc, f->limbo, 0));
	assert_int_equal(errno, EINVAL);
	assert_null(pw_map64_create(&f->alloc, f->limbo, UINT32_MAX));
	assert_int_equal(errno, EINVAL);
}

static void replace_only_what_is_there(void **state)
{
	struct fixture *f = *state;
	struct pw_map64 *map = pw_map64_create(&f->alloc, f->limbo, 10);
	uint64_t value;

	assert_int_equal(pw_map64_set(map, 5, 50), 0);
	assert_false(pw_map64_replace(map, 5, 51, 52));
	assert_true(pw_map64_replace(map, 5, 50, 52));
	assert_true(pw_map64_lookup(map, 5, &value));
	assert_int_equal(value, 52);
	pw_map64_destroy(map);
}

static void fill(struct fixture *f, uint32_t capacity, uint64_t stride)
{
	struct pw_map64 *map = pw_map64_create(&f->alloc, f->limbo, capacity);
	uint64_t value;

	for (uint64_t i = 1; i <= capacity; i++)
		assert_int_equal(pw_map64_set(map, i * stride, ~i), 0);
	assert_int_equal(pw_map64_set(map, (capacity + 1) * stride, 0), -ENOSPC);
	assert_int_equal(pw_map64_set(map, capacity * stride, 9), 0); /* in place: needs no room */
	assert_int_equal(pw_map64_count(map), capacity);
	for (uint64_t i = 1; i < capacity; i++) {
		assert_true(pw_map64_lookup(map, i * stride, &value));
		assert_int_equal(value, ~i);
	}
	pw_map64_destroy(map);
}

/* Up to its capacity a table takes every entry, whatever the seed: keys that count up in steps, as addresses of pods
 * do, are the hard ones. */
static void full_to_capacity(void **state)
{
	static const uint32_t capacities[] = {1, 2, 9, 10, 100, 1000, 9830, 16384, 39321};
	static const uint64_t strides[] = {
		1, 2, 3, 1 << 8, 1 << 16, 1 << 24, UINT64_C(1) << 40, 1000003};

	for (size_t c = 0; c < PW_ARRAY_SIZE(capacities); c++)
		for (size_t s = 0; s < PW_ARRAY_SIZE(strides); s++)
			fill(*state, capacities[c], strides[s]);
}

static void allocation_failures(void **state)
{
	struct fixture *f = *state;
	struct pw_map64 *map;

	for (int64_t n = 0;; n++) {
		f->fail_in = n;
		map = pw_map64_create(&f->alloc, f->limbo, 100);
		if (map != NULL)
			break;
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(f->outstanding, 0);
	}
	assert_true(f->fail_in == 0);
	pw_map64_destroy(map);
}

#define MODEL_KEYS 600

struct model {
	uint64_t values[MODEL_KEYS + 1]; /* by key; 0: absent */
	uint32_t count;
	uint32_t seen;
};

static bool check_one(void *arg, uint64_t key, uint64_t value)
{
	struct model *model = arg;

	assert_in_range(key, 1, MODEL_KEYS);
	assert_int_equal(value, model->values[key]);
	model->seen++;
	return true;
}

static void check_all(struct pw_map64 *map, struct model *model)
{
	uint64_t keys[64], values[64];

	for (uint64_t first = 1; first <= MODEL_KEYS; first += 64) {
		uint32_t n = (uint32_t)PW_MIN(UINT64_C(64), MODEL_KEYS + 1 - first);

		for (uint32_t i = 0; i < n; i++)
			keys[i] = first + i;
		uint64_t found = pw_map64_lookup_bulk(map, keys, values, n);

		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(found >> i & 1, model->values[keys[i]] != 0);
			if (found >> i & 1)
				assert_int_equal(values[i], model->values[keys[i]]);
		}
	}
	model->seen = 0;
	pw_map64_foreach(map, check_one, model);
	assert_int_equal(model->seen, model->count);
	assert_int_equal(pw_map64_count(map), model->count);
}

/* 400 of 600 keys in 1024 slots, grace periods now and then: buckets overflow and heal all the
 * time. */
static void against_model(void **state)
{
	struct fixture *f = *state;
	struct pw_map64 *map = pw_map64_create(&f->alloc, f->limbo, 400);
	struct model model = {.count = 0};

	srandom(1);
	for (int i = 0; i < 200000; i++) {
		uint64_t key = 1 + (uint64_t)random() % MODEL_KEYS;
		uint64_t value = 1 + (uint64_t)random();
		bool known = model.values[key] != 0;

		if (random() % 5 < 3) {
			int expected = !known && model.count == 400 ? -ENOSPC : 0;

			assert_int_equal(pw_map64_set(map, key, value), expected);
			if (expected == 0) {
				model.count += !known;
				model.values[key] = value;
			}
		} else {
			assert_int_equal(pw_map64_del(map, key), known ? 0 : -ENOENT);
			model.count -= known;
			model.values[key] = 0;
		}
		if (random() % 16 == 0)
			fixture_grace(f);
		if (i % 2000 == 0)
			check_all(map, &model);
	}
	check_all(map, &model);
	pw_map64_destroy(map);
}

static bool delete_odd(void *arg, uint64_t key, uint64_t value)
{
	if (key % 2 == 1)
		assert_int_equal(pw_map64_del(arg, key), 0);
	return true;
}

static bool stop_at_once(void *arg, uint64_t key, uint64_t value)
{
	return ++*(int *)arg < 1;
}

static void foreach_may_delete_and_stop(void **state)
{
	struct fixture *f = *state;
	struct pw_map64 *map = pw_map64_create(&f->alloc, f->limbo, 1000);
	int calls = 0;
	uint64_t value;

	for (uint64_t key = 1; key <= 1000; key++)
		assert_int_equal(pw_map64_set(map, key, key), 0);
	pw_map64_foreach(map, delete_odd, map);
	assert_int_equal(pw_map64_count(map), 500);
	for (uint64_t key = 1; key <= 1000; key++)
		assert_int_equal(pw_map64_lookup(map, key, &value), key % 2 == 0);
	pw_map64_foreach(map, stop_at_once, &calls);
	assert_int_equal(calls, 1);
	pw_map64_destroy(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(a_deleted_slot_waits_for_its_grace_period),
		T(bad_arguments),
		T(replace_only_what_is_there),
		T(full_to_capacity),
		T(allocation_failures),
		T(against_model),
		T(foreach_may_delete_and_stop),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
