/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"
#include "pw_lpm4.h"
#include "pw_util.h"

#define MODEL_MAX 300
#define PROBES    200

struct route {
	uint32_t ip;
	uint8_t len;
	uint32_t value;
};

struct model {
	struct route routes[MODEL_MAX];
	uint32_t n;
};

static uint32_t mask_of(uint8_t len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

static struct route *model_find(struct model *model, uint32_t ip, uint8_t len)
{
	for (uint32_t i = 0; i < model->n; i++)
		if (model->routes[i].ip == ip && model->routes[i].len == len)
			return &model->routes[i];
	return NULL;
}

static uint32_t model_lookup(const struct model *model, uint32_t ip)
{
	int best = -1;
	uint32_t value = PW_LPM_MISS;

	for (uint32_t i = 0; i < model->n; i++) {
		const struct route *route = &model->routes[i];

		if ((ip & mask_of(route->len)) == route->ip && (int)route->len > best) {
			best = route->len;
			value = route->value;
		}
	}
	return value;
}

/* Few values a byte: prefixes nest, and groups come and go. */
static uint32_t random_ip(void)
{
	static const uint8_t bytes[] = {0, 1, 10, 127, 128, 255};
	uint32_t ip = 0;

	for (int i = 0; i < 4; i++)
		ip = ip << 8 | bytes[random() % 6];
	if (random() % 4 != 0)
		ip = (ip & 0xffff) | 0x0a010000;
	return ip;
}

static uint8_t random_len(void)
{
	static const uint8_t lens[] = {
		0, 1, 7, 8, 12, 15, 16, 17, 20, 23, 24, 25, 27, 30, 31, 32, 32, 32};

	return lens[(size_t)random() % PW_ARRAY_SIZE(lens)];
}

static void check_lookups(const struct pw_lpm4 *lpm, const struct model *model)
{
	uint32_t ips[PROBES], values[PROBES];

	for (uint32_t i = 0; i < PROBES; i++)
		ips[i] = htonl(i % 2 == 0 ? random_ip() : random_ip() ^ (uint32_t)random() % 512);
	pw_lpm4_lookup_bulk(lpm, ips, values, PROBES);
	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t expected = model_lookup(model, ntohl(ips[i]));

		assert_int_equal(values[i], expected);
		assert_int_equal(pw_lpm4_lookup(lpm, ips[i]), expected);
	}
}

static void set_one(struct pw_lpm4 *lpm, struct model *model, bool memory_ok)
{
	uint8_t len = random_len();
	uint32_t ip = random_ip() & mask_of(len);
	uint32_t value = (uint32_t)random() & PW_LPM_VALUE_MAX;
	struct route *known = model_find(model, ip, len);
	int ret = pw_lpm4_set(lpm, htonl(ip), len, value);

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
		model->routes[model->n++] = (struct route){ip, len, value};
}

static void clear_one(struct pw_lpm4 *lpm, struct model *model)
{
	uint8_t len = random_len();
	uint32_t ip = random_ip() & mask_of(len);

	if (model->n > 0 && random() % 4 != 0) {
		const struct route *some = &model->routes[random() % model->n];

		ip = some->ip;
		len = some->len;
	}

	struct route *known = model_find(model, ip, len);

	assert_int_equal(
		pw_lpm4_get(lpm, htonl(ip), len), known != NULL ? known->value : PW_LPM_MISS);
	assert_int_equal(pw_lpm4_clear(lpm, htonl(ip), len), known != NULL ? 0 : -ENOENT);
	if (known != NULL)
		*known = model->routes[--model->n];
}

static void against_model(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm4 *lpm = pw_lpm4_create(&f->alloc, f->limbo, MODEL_MAX);
	struct model model = {.n = 0};
	struct pw_lpm4_usage usage;

	srandom(1);
	for (int i = 0; i < 40000; i++) {
		int grow = i / 2000 % 2 == 0 ? 7 : 3;

		if (random() % 10 < grow)
			set_one(lpm, &model, true);
		else
			clear_one(lpm, &model);
		if (random() % 32 == 0)
			fixture_grace(f);
		if (i % 50 == 0)
			check_lookups(lpm, &model);
		assert_int_equal(pw_lpm4_count(lpm), model.n);
	}
	while (model.n > 0)
		clear_one(lpm, &model);
	check_lookups(lpm, &model);

	/* Every group came back. */
	fixture_grace(f);
	pw_lpm4_usage(lpm, &usage);
	assert_int_equal(usage.groups, 0);
	assert_int_equal(usage.prefixes, 0);
	pw_lpm4_destroy(lpm);
}

/* As above while every third allocation or so fails: nothing changes then. */
static void against_model_without_memory(void **state)
{
	struct fixture *f = *state;

	srandom(2);
	for (int round = 0; round < 40; round++) {
		struct pw_lpm4 *lpm = pw_lpm4_create(&f->alloc, f->limbo, MODEL_MAX);
		struct model model = {.n = 0};

		for (int i = 0; i < 300; i++) {
			f->fail_in = random() % 3;
			if (random() % 10 < 8)
				set_one(lpm, &model, false);
			else
				clear_one(lpm, &model);
			if (i % 30 == 0)
				check_lookups(lpm, &model);
		}
		f->fail_in = -1;
		set_one(lpm, &model, true);
		check_lookups(lpm, &model);
		pw_lpm4_destroy(lpm);
	}
}

static void create_without_memory(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm4 *lpm;

	for (int64_t n = 0;; n++) {
		f->fail_in = n;
		lpm = pw_lpm4_create(&f->alloc, f->limbo, 10);
		if (lpm != NULL)
			break;
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(f->outstanding, 0);
	}
	pw_lpm4_destroy(lpm);
	pw_lpm4_destroy(NULL);
}

/* A set needs, in turn, a slab of groups, its shadow, and tree nodes; without one of them, nothing.
 */
static void each_allocation_of_a_set_fails_once(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm4 *lpm = pw_lpm4_create(&f->alloc, f->limbo, 10);
	int failures = 0;

	for (int64_t n = 0;; n++) {
		f->fail_in = n;
		int ret = pw_lpm4_set(lpm, htonl(0x0a000001), 32, 1);

		if (ret == 0)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_int_equal(pw_lpm4_count(lpm), 0);
		assert_int_equal(pw_lpm4_lookup(lpm, htonl(0x0a000001)), PW_LPM_MISS);
		assert_int_equal(pw_lpm4_get(lpm, htonl(0x0a000001), 32), PW_LPM_MISS);
		failures++;
	}
	assert_in_range(failures, 2, 3); /* the groups, once there, are kept */
	f->fail_in = -1;
	assert_int_equal(pw_lpm4_lookup(lpm, htonl(0x0a000001)), 1);
	assert_int_equal(pw_lpm4_lookup(lpm, htonl(0x0a000002)), PW_LPM_MISS);
	pw_lpm4_destroy(lpm);
}

static void bad_arguments(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm4 *lpm = pw_lpm4_create(&f->alloc, f->limbo, 2);

	assert_int_equal(pw_lpm4_set(lpm, htonl(0x0a000001), 24, 1), -EINVAL);
	assert_int_equal(pw_lpm4_set(lpm, htonl(0x00000001), 0, 1), -EINVAL);
	assert_int_equal(pw_lpm4_set(lpm, 0, 33, 1), -EINVAL);
	assert_int_equal(pw_lpm4_set(lpm, 0, 0, PW_LPM_VALUE_MAX + 1), -EINVAL);
	assert_int_equal(pw_lpm4_clear(lpm, htonl(0x0a000001), 24), -EINVAL);
	assert_int_equal(pw_lpm4_clear(lpm, 0, 0), -ENOENT);
	assert_int_equal(pw_lpm4_set(lpm, 0, 0, PW_LPM_VALUE_MAX), 0);
	assert_int_equal(pw_lpm4_set(lpm, 0, 8, 0), 0);
	assert_int_equal(pw_lpm4_set(lpm, 0, 9, 0), -ENOSPC);
	assert_int_equal(pw_lpm4_set(lpm, 0, 8, 7), 0); /* a replacement needs no room */
	assert_int_equal(pw_lpm4_lookup(lpm, 0), 7);
	assert_int_equal(pw_lpm4_lookup(lpm, UINT32_MAX), PW_LPM_VALUE_MAX);
	pw_lpm4_destroy(lpm);
	assert_null(pw_lpm4_create(&f->alloc, f->limbo, 0));
	assert_int_equal(errno, EINVAL);
}

/* A group that was unlinked is not given out again while a reader may be in it. */
static void groups_wait_for_their_grace_period(void **state)
{
	struct fixture *f = *state;
	struct pw_lpm4 *lpm = pw_lpm4_create(&f->alloc, f->limbo, 100);
	struct pw_lpm4_usage usage;

	assert_int_equal(pw_lpm4_set(lpm, htonl(0x0a000001), 32, 1), 0);
	pw_lpm4_usage(lpm, &usage);
	assert_int_equal(usage.groups, 2);
	assert_int_equal(pw_lpm4_clear(lpm, htonl(0x0a000001), 32), 0);
	pw_lpm4_usage(lpm, &usage);
	assert_int_equal(usage.groups, 2);
	fixture_grace(f);
	pw_lpm4_usage(lpm, &usage);
	assert_int_equal(usage.groups, 0);
	pw_lpm4_destroy(lpm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(against_model),
		T(against_model_without_memory),
		T(create_without_memory),
		T(each_allocation_of_a_set_fails_once),
		T(bad_arguments),
		T(groups_wait_for_their_grace_period),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
