/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"
#include "pw_addr.h"
#include "pw_lpm6.h"
#include "pw_util.h"

#define MODEL_MAX 300
#define PROBES    128

/* The model is a list: no code is shared with the table or its tree. */
struct route {
	struct pw_prefix_key key;
	uint8_t len;
	uint32_t value;
};

struct model {
	struct route routes[MODEL_MAX];
	uint32_t n;
};

static bool bit_of(struct pw_prefix_key key, unsigned i)
{
	return (i < 64 ? key.hi >> (63 - i) : key.lo >> (127 - i)) & 1;
}

static bool covers(const struct route *route, struct pw_prefix_key key)
{
	for (unsigned i = 0; i < route->len; i++)
		if (bit_of(route->key, i) != bit_of(key, i))
			return false;
	return true;
}

static struct pw_prefix_key cut(struct pw_prefix_key key, uint8_t len)
{
	for (unsigned i = len; i < 128; i++) {
		if (i < 64)
			key.hi &= ~(UINT64_C(1) << (63 - i));
		else
			key.lo &= ~(UINT64_C(1) << (127 - i));
	}
	return key;
}

static struct route *model_find(struct model *model, struct pw_prefix_key key, uint8_t len)
{
	for (uint32_t i = 0; i < model->n; i++) {
		struct route *route = &model->routes[i];

		if (route->key.hi == key.hi && route->key.lo == key.lo && route->len == len)
			return route;
	}
	return NULL;
}

static uint32_t model_lookup(const struct model *model, struct pw_prefix_key ip)
{
	const struct route *best = NULL;

	for (uint32_t i = 0; i < model->n; i++)
		if (covers(&model->routes[i], ip) &&
			(best == NULL || model->routes[i].len > best->len))
			best = &model->routes[i];
	return best == NULL ? PW_LPM_MISS : best->value;
}

/* Few values a byte and long runs in common: prefixes nest, paths skip, part and join. */
static struct pw_prefix_key random_ip(void)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0x10, 0x80, 0xff};
	uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8};
	unsigned from = random() % 8 == 0 ? 0 : 2 + (unsigned)random() % 14;

	for (unsigned i = from; i < 16; i++)
		if (random() % 3 == 0)
			ip[i] = bytes[random() % 5];
	return pw_prefix_key_v6(ip);
}

static uint8_t random_len(void)
{
	static const uint8_t lens[] = {0, 1, 3, 15, 16, 17, 20, 21, 29, 31, 32, 33, 36, 44, 48, 48,
		56, 63, 64, 64, 65, 96, 112, 124, 125, 127, 128, 128, 128};

	return random() % 4 == 0 ? (uint8_t)(random() % 129)
				 : lens[(size_t)random() % PW_ARRAY_SIZE(lens)];
}

static void check_lookups(const struct pw_lpm6 *lpm, const struct model *model)
{
	struct pw_prefix_key ips[PROBES];
	uint32_t values[PROBES];

	for (uint32_t i = 0; i < PROBES; i++) {
		ips[i] = random_ip();
		if (i % 2 == 0 && model->n > 0) { /* at or beside a prefix */
			ips[i] = model->routes[(uint32_t)random() % model->n].key;
			ips[i].lo ^= (uint64_t)(random() % 4);
			ips[i].hi ^= random() % 4 == 0 ? UINT64_C(1) << random() % 64 : 0;
		}
	}
	pw_lpm6_lookup_bulk(lpm, ips, values, PROBES);
	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t expected = model_lookup(model, ips[i]);

		assert_int_equal(values[i], expected);
		assert_int_equal(pw_lpm6_lookup(lpm, ips[i]), expected);
	}
}

static void set_one(struct pw_lpm6 *lpm, struct model *model, bool memory_ok)
{
	uint8_t len = random_len();
	struct pw_prefix_key key = cut(random_ip(), len);
	uint32_t value = (uint32_t)random() & PW_LPM_VALUE_MAX;
	struct route *known = model_find(model, key, len);
	int ret = pw_lpm6_set(lpm, key, len, value);

	if (known == NULL && model->n == MODEL_MAX) {
		assert_true(ret == -ENOSPC || (!memory_ok && ret == -ENOMEM));
		return;
	}
	if (!memory_ok && known == NULL && ret == -ENOMEM)
		return;
	assert_int_equal(ret, 0);
	if (known != NULL)
		known->value = value;
	else
		model->routes[model->n++] = (struct route){key, len, value};
}

static void clear_one(struct pw_lpm6 *lpm, struct model *model)
{
	uint8_t len = random_len();
	struct pw_prefix_key key = cut(random_ip(), len);

	if (model->n > 0 && random() % 4 != 0) {
		const struct route *some = &model->routes[(uint32_t)random() % model->n];

		key = some->key;
		len = some->len;
	}

	struct route *known = model_find(model, key, len);

	assert_int_equal(pw_lpm6_get(lpm, key, len), known != NULL ? known->value : PW_LPM_MISS);
	assert_int_equal(pw_lpm6_clear(lpm, key, len), known != NULL ? 0 : -ENOENT);
	if (known != NULL)
		*known = model->routes[--model->n];
}

static void against_model(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm6 *lpm = pw_lpm6_create(&f->alloc, f->limbo, MODEL_MAX);
	struct model model = {.n = 0};
	struct pw_lpm6_usage usage;

	srandom(1);
	for (int i = 0; i < 40000; i++) {
		int grow = i / 2000 % 2 == 0 ? 7 : 3;

		if (random() % 10 < grow)
			set_one(lpm, &model, true);
		else
			clear_one(lpm, &model);
		if (random() % 32 == 0)
			fixture_grace(f);
		if (i % 100 == 0)
			check_lookups(lpm, &model);
		assert_int_equal(pw_lpm6_count(lpm), model.n);
	}
	/* At most a node a prefix and one where paths part, but for those on their way back. */
	fixture_grace(f);
	fixture_grace(f);
	pw_lpm6_usage(lpm, &usage);
	assert_in_range(usage.nodes, 0, 2 * model.n);
	while (model.n > 0)
		clear_one(lpm, &model);
	check_lookups(lpm, &model);

	/* Every node came back. */
	fixture_grace(f);
	fixture_grace(f);
	pw_lpm6_usage(lpm, &usage);
	assert_int_equal(usage.nodes, 0);
	assert_int_equal(usage.prefixes, 0);
	pw_lpm6_destroy(lpm);
}

/* As above while every third allocation or so fails: nothing changes then. */
static void against_model_without_memory(void **state)
{
	struct fixture *f = *state;

	srandom(2);
	for (int round = 0; round < 20; round++) {
		struct pw_lpm6 *lpm = pw_lpm6_create(&f->alloc, f->limbo, MODEL_MAX);
		struct model model = {.n = 0};

		for (int i = 0; i < 300; i++) {
			f->fail_in = random() % 3;
			if (random() % 10 < 8)
				set_one(lpm, &model, false);
			else
				clear_one(lpm, &model);
			if (i % 50 == 0)
				check_lookups(lpm, &model);
		}
		f->fail_in = -1;
		set_one(lpm, &model, true);
		check_lookups(lpm, &model);
		pw_lpm6_destroy(lpm);
	}
}

static void create_without_memory(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm6 *lpm;

	for (int64_t n = 0;; n++) {
		f->fail_in = n;
		lpm = pw_lpm6_create(&f->alloc, f->limbo, 10);
		if (lpm != NULL)
			break;
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(f->outstanding, 0);
	}
	pw_lpm6_destroy(lpm);
	pw_lpm6_destroy(NULL);
}

static struct pw_prefix_key key_of(const char *text)
{
	struct pw_ip ip;

	assert_int_equal(pw_ip_parse(text, &ip), 0);
	return pw_prefix_key_v6(ip.b);
}

static void bad_arguments(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm6 *lpm = pw_lpm6_create(&f->alloc, f->limbo, 2);
	const struct pw_prefix_key any = {0, 0};

	assert_int_equal(pw_lpm6_set(lpm, key_of("2001:db8::1"), 64, 1), -EINVAL);
	assert_int_equal(pw_lpm6_set(lpm, key_of("::1"), 0, 1), -EINVAL);
	assert_int_equal(pw_lpm6_set(lpm, any, 129, 1), -EINVAL);
	assert_int_equal(pw_lpm6_set(lpm, any, 0, PW_LPM_VALUE_MAX + 1), -EINVAL);
	assert_int_equal(pw_lpm6_clear(lpm, key_of("2001:db8::1"), 127), -EINVAL);
	assert_int_equal(pw_lpm6_clear(lpm, any, 0), -ENOENT);
	assert_int_equal(pw_lpm6_set(lpm, any, 0, PW_LPM_VALUE_MAX), 0);
	assert_int_equal(pw_lpm6_set(lpm, key_of("2001:db8::1"), 128, 0), 0);
	assert_int_equal(pw_lpm6_set(lpm, key_of("2001:db8::2"), 128, 0), -ENOSPC);
	assert_int_equal(pw_lpm6_set(lpm, key_of("2001:db8::1"), 128, 7), 0);
	assert_int_equal(pw_lpm6_lookup(lpm, key_of("2001:db8::1")), 7);
	assert_int_equal(pw_lpm6_lookup(lpm, key_of("2001:db8::2")), PW_LPM_VALUE_MAX);
	assert_int_equal(pw_lpm6_lookup(lpm, key_of("ffff::")), PW_LPM_VALUE_MAX);
	pw_lpm6_destroy(lpm);
	assert_null(pw_lpm6_create(&f->alloc, f->limbo, 0));
	assert_int_equal(errno, EINVAL);
}

/* Two paths that part below what both skip, then join again. */
static void paths_part_and_join(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm6 *lpm = pw_lpm6_create(&f->alloc, f->limbo, 10);
	struct pw_lpm6_usage usage;

	assert_int_equal(pw_lpm6_set(lpm, key_of("2001:db8:1:2::"), 64, 1), 0);
	pw_lpm6_usage(lpm, &usage);
	assert_int_equal(usage.nodes, 1);
	assert_int_equal(pw_lpm6_set(lpm, key_of("2001:db8:2:2::"), 64, 2), 0);
	pw_lpm6_usage(lpm, &usage);
	assert_int_equal(usage.nodes, 3);
	assert_int_equal(pw_lpm6_lookup(lpm, key_of("2001:db8:1:2::1")), 1);
	assert_int_equal(pw_lpm6_lookup(lpm, key_of("2001:db8:2:2::1")), 2);
	assert_int_equal(pw_lpm6_lookup(lpm, key_of("2001:db8:3:2::1")), PW_LPM_MISS);
	assert_int_equal(pw_lpm6_clear(lpm, key_of("2001:db8:1:2::"), 64), 0);
	pw_lpm6_usage(lpm, &usage);
	assert_int_equal(usage.nodes, 3); /* not given out again while a reader may be in it */
	fixture_grace(f);
	pw_lpm6_usage(lpm, &usage);
	assert_int_equal(usage.nodes, 1);
	assert_int_equal(pw_lpm6_lookup(lpm, key_of("2001:db8:2:2::1")), 2);
	pw_lpm6_destroy(lpm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(against_model),
		T(against_model_without_memory),
		T(create_without_memory),
		T(bad_arguments),
		T(paths_part_and_join),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
