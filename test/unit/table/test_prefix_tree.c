/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"
#include "pw_prefix_tree.h"
#include "pw_util.h"

#define MODEL_MAX 400

struct model {
	struct pw_prefix_entry entries[MODEL_MAX];
	uint32_t n;
};

static struct pw_prefix_key masked(struct pw_prefix_key key, unsigned len)
{
	if (len < 64)
		key.hi &= len == 0 ? 0 : UINT64_MAX << (64 - len);
	key.lo &= len <= 64 ? 0 : UINT64_MAX << (128 - len);
	return key;
}

static bool same(struct pw_prefix_key a, struct pw_prefix_key b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

static struct pw_prefix_entry *model_find(
	struct model *model, struct pw_prefix_key key, uint8_t len)
{
	for (uint32_t i = 0; i < model->n; i++)
		if (model->entries[i].len == len && same(model->entries[i].key, key))
			return &model->entries[i];
	return NULL;
}

static const struct pw_prefix_entry *model_match(
	const struct model *model, struct pw_prefix_key key, uint8_t max_len)
{
	const struct pw_prefix_entry *best = NULL;

	for (uint32_t i = 0; i < model->n; i++) {
		const struct pw_prefix_entry *entry = &model->entries[i];

		if (entry->len <= max_len && same(masked(key, entry->len), entry->key) &&
			(best == NULL || entry->len > best->len))
			best = entry;
	}
	return best;
}

/* Few values a byte and lengths around all borders: prefixes nest and share branches often. */
static struct pw_prefix_key random_key(void)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0x80, 0xff};
	struct pw_prefix_key key = {0};

	for (int i = 0; i < 8; i++) {
		key.hi = key.hi << 8 | bytes[random() % 4];
		key.lo = key.lo << 8 | bytes[random() % 4];
	}
	if (random() % 2 == 0) /* many below one /48 */
		key.hi = UINT64_C(0x20010db800010000) | (key.hi & 0xffff);
	return key;
}

static uint8_t random_len(void)
{
	static const uint8_t lens[] = {
		0, 1, 8, 31, 32, 48, 49, 55, 63, 64, 65, 72, 96, 127, 128, 128};

	return lens[(size_t)random() % PW_ARRAY_SIZE(lens)];
}

struct order {
	struct model *model;
	struct pw_prefix_entry last;
	uint32_t n;
};

static bool check_order(void *arg, const struct pw_prefix_entry *entry)
{
	struct order *order = arg;
	const struct pw_prefix_entry *last = &order->last;
	const struct pw_prefix_entry *expected = model_find(order->model, entry->key, entry->len);

	assert_non_null(expected);
	assert_int_equal(entry->value, expected->value);
	if (order->n++ > 0) {
		bool later = entry->key.hi > last->key.hi ||
			     (entry->key.hi == last->key.hi && entry->key.lo > last->key.lo) ||
			     (same(entry->key, last->key) && entry->len > last->len);

		assert_true(later);
	}
	order->last = *entry;
	return true;
}

static void check_all(const struct pw_prefix_tree *tree, struct model *model)
{
	struct order order = {.model = model};

	pw_prefix_tree_foreach(tree, check_order, &order);
	assert_int_equal(order.n, model->n);
	assert_int_equal(pw_prefix_tree_count(tree), model->n);
}

static void insert_one(struct pw_prefix_tree *tree, struct model *model)
{
	uint8_t len = random_len();
	struct pw_prefix_key key = masked(random_key(), len);
	uint32_t value = (uint32_t)random();
	int expected = model_find(model, key, len) != NULL ? -EEXIST
		       : model->n == MODEL_MAX             ? -ENOSPC
							   : 0;

	assert_int_equal(pw_prefix_tree_insert(tree, key, len, value), expected);
	if (expected == 0)
		model->entries[model->n++] = (struct pw_prefix_entry){key, len, value};
}

static void remove_one(struct pw_prefix_tree *tree, struct model *model)
{
	uint8_t len = random_len();
	struct pw_prefix_key key = masked(random_key(), len);

	if (model->n > 0 && random() % 4 != 0) {
		const struct pw_prefix_entry *some = &model->entries[random() % model->n];

		key = some->key;
		len = some->len;
	}

	struct pw_prefix_entry *known = model_find(model, key, len);

	assert_int_equal(pw_prefix_tree_remove(tree, key, len), known != NULL ? 0 : -ENOENT);
	if (known != NULL)
		*known = model->entries[--model->n];
}

static void check_one(const struct pw_prefix_tree *tree, struct model *model)
{
	struct pw_prefix_key key = random_key();
	uint8_t len = random_len();
	struct pw_prefix_entry got;
	const struct pw_prefix_entry *best = model_match(model, key, len);

	assert_int_equal(pw_prefix_tree_match(tree, key, len, &got), best != NULL);
	if (best != NULL) {
		assert_true(same(got.key, best->key));
		assert_int_equal(got.len, best->len);
		assert_int_equal(got.value, best->value);
	}

	uint32_t *value = pw_prefix_tree_find(tree, masked(key, len), len);
	struct pw_prefix_entry *known = model_find(model, masked(key, len), len);

	assert_int_equal(value != NULL, known != NULL);
	if (value != NULL) {
		assert_int_equal(*value, known->value);
		*value = known->value = (uint32_t)random();
	}
}

static void against_model(void **state)
{
	struct fixture *f = *state;
	struct pw_prefix_tree *tree = pw_prefix_tree_create(&f->alloc, MODEL_MAX);
	struct model model = {.n = 0};

	srandom(1);
	for (int i = 0; i < 60000; i++) {
		int grow = i / 3000 % 2 == 0 ? 7 : 3; /* fills up, drains, fills up ... */

		if (random() % 10 < grow)
			insert_one(tree, &model);
		else
			remove_one(tree, &model);
		check_one(tree, &model);
		if (i % 500 == 0)
			check_all(tree, &model);
	}
	while (model.n > 0)
		remove_one(tree, &model);
	check_all(tree, &model);
	pw_prefix_tree_destroy(tree);
}

/* A branch a prefix more: the worst case for nodes fits what is promised. */
static void max_prefixes_always_fit(void **state)
{
	struct fixture *f = *state;

	for (uint32_t max = 1; max < 3000; max = max * 3 / 2 + 1) {
		struct pw_prefix_tree *tree = pw_prefix_tree_create(&f->alloc, max);

		for (uint32_t i = 0; i < max; i++)
			assert_int_equal(
				pw_prefix_tree_insert(tree, pw_prefix_key_v4(htonl(i)), 32, i), 0);
		assert_int_equal(
			pw_prefix_tree_insert(tree, pw_prefix_key_v4(htonl(max)), 32, 0), -ENOSPC);
		pw_prefix_tree_destroy(tree);
	}
}

static void bad_arguments(void **state)
{
	struct fixture *f = *state;
	struct pw_prefix_tree *tree = pw_prefix_tree_create(&f->alloc, 10);
	struct pw_prefix_key one = {.lo = 1};
	struct pw_prefix_entry entry;

	assert_int_equal(pw_prefix_tree_insert(tree, one, 127, 0), -EINVAL);
	assert_int_equal(pw_prefix_tree_insert(tree, one, 129, 0), -EINVAL);
	assert_int_equal(pw_prefix_tree_remove(tree, one, 127), -EINVAL);
	assert_int_equal(pw_prefix_tree_remove(tree, one, 128), -ENOENT);
	assert_null(pw_prefix_tree_find(tree, one, 128));
	assert_false(pw_prefix_tree_match(tree, one, 128, &entry));
	pw_prefix_tree_destroy(tree);
	pw_prefix_tree_destroy(NULL);
	assert_null(pw_prefix_tree_create(&f->alloc, 0));
	assert_int_equal(errno, EINVAL);
}

static void allocation_failures(void **state)
{
	struct fixture *f = *state;
	struct pw_prefix_tree *tree;

	for (int64_t n = 0;; n++) {
		f->fail_in = n;
		tree = pw_prefix_tree_create(&f->alloc, 10);
		if (tree != NULL)
			break;
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(f->outstanding, 0);
	}
	assert_int_equal(pw_prefix_tree_insert(tree, pw_prefix_key_v4(0), 0, 5), -ENOMEM);
	assert_int_equal(pw_prefix_tree_count(tree), 0);
	f->fail_in = -1;
	assert_int_equal(pw_prefix_tree_insert(tree, pw_prefix_key_v4(0), 0, 5), 0);
	pw_prefix_tree_destroy(tree);
}

static bool stop_at_two(void *arg, const struct pw_prefix_entry *entry)
{
	return ++*(uint32_t *)arg < 2;
}

static void foreach_stops(void **state)
{
	struct fixture *f = *state;
	struct pw_prefix_tree *tree = pw_prefix_tree_create(&f->alloc, 10);
	uint32_t calls = 0;

	for (uint32_t i = 0; i < 5; i++)
		pw_prefix_tree_insert(tree, pw_prefix_key_v4(htonl(i)), 32, i);
	pw_prefix_tree_foreach(tree, stop_at_two, &calls);
	assert_int_equal(calls, 2);
	pw_prefix_tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(against_model),
		T(max_prefixes_always_fit),
		T(bad_arguments),
		T(allocation_failures),
		T(foreach_stops),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
