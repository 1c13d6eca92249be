/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"
#include "pw_adj.h"
#include "pw_rib.h"
#include "pw_util.h"

#define MAX_ROUTES 200

static struct fixture *f;
static struct pw_lpm4 *lpm;
static struct pw_lpm6 *lpm6;
static struct pw_rib *rib;

static int setup(void **state)
{
	fixture_setup(state);
	f = *state;
	lpm = pw_lpm4_create(&f->alloc, f->limbo, MAX_ROUTES);
	lpm6 = pw_lpm6_create(&f->alloc, f->limbo, MAX_ROUTES);
	rib = pw_rib_create(lpm, lpm6, MAX_ROUTES);
	return lpm == NULL || lpm6 == NULL || rib == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	pw_rib_destroy(rib);
	pw_lpm6_destroy(lpm6);
	pw_lpm4_destroy(lpm);
	return fixture_teardown(state);
}

static struct pw_route route(const char *prefix, enum pw_route_origin origin, uint32_t adj)
{
	struct pw_route r = {.origin = origin, .adj = adj, .kind = (uint8_t)adj};

	assert_int_equal(pw_prefix_parse(prefix, &r.prefix), 0);
	return r;
}

static struct pw_ip addr_of(const char *text)
{
	struct pw_ip addr;

	assert_int_equal(pw_ip_parse(text, &addr), 0);
	return addr;
}

static uint32_t ip(const char *text)
{
	return addr_of(text).v4_be;
}

/* What workers find. */
static uint32_t look_up(const struct pw_ip *addr)
{
	return addr->family == PW_IPV6 ? pw_lpm6_lookup(lpm6, pw_prefix_key_v6(addr->b))
				       : pw_lpm4_lookup(lpm, addr->v4_be);
}

static void the_best_origin_forwards(void **state)
{
	struct pw_route neighbour = route("10.0.0.1/32", PW_ORIGIN_NEIGHBOUR, 1);
	struct pw_route pod = route("10.0.0.1/32", PW_ORIGIN_POD, 2);
	struct pw_route config = route("10.0.0.1/32", PW_ORIGIN_CONFIG, 3);
	struct pw_ip host = addr_of("10.0.0.1");
	uint32_t addr = host.v4_be, old;

	assert_int_equal(pw_rib_set(rib, &neighbour, false, &old), 0);
	assert_int_equal(old, PW_ADJ_NONE);
	assert_int_equal(pw_lpm4_lookup(lpm, addr), 1);
	assert_int_equal(pw_rib_set(rib, &pod, false, &old), 0);
	assert_int_equal(old, PW_ADJ_NONE); /* another origin's stays */
	assert_int_equal(pw_lpm4_lookup(lpm, addr), 2);
	assert_int_equal(pw_rib_set(rib, &config, false, &old), 0);
	assert_int_equal(pw_lpm4_lookup(lpm, addr), 2);
	assert_int_equal(pw_rib_match(rib, &host)->origin, PW_ORIGIN_POD);
	assert_int_equal(pw_rib_get(rib, &pod.prefix, PW_ORIGIN_CONFIG)->adj, 3);
	assert_null(pw_rib_get(rib, &pod.prefix, PW_ORIGIN_LOCAL));

	assert_int_equal(pw_rib_del(rib, &pod.prefix, PW_ORIGIN_POD, &old), 0);
	assert_int_equal(old, 2);
	assert_int_equal(pw_lpm4_lookup(lpm, addr), 3);
	assert_int_equal(pw_rib_del(rib, &pod.prefix, PW_ORIGIN_NEIGHBOUR, &old), 0);
	assert_int_equal(old, 1);
	assert_int_equal(pw_lpm4_lookup(lpm, addr), 3);
	assert_int_equal(pw_rib_del(rib, &pod.prefix, PW_ORIGIN_CONFIG, &old), 0);
	assert_int_equal(pw_lpm4_lookup(lpm, addr), PW_LPM_MISS);
	assert_null(pw_rib_match(rib, &host));
	assert_int_equal(pw_rib_count(rib), 0);
}

static void replace_hands_the_old_adjacency_back(void **state)
{
	struct pw_route first = route("10.0.0.0/24", PW_ORIGIN_CTL, 5);
	struct pw_route second = route("10.0.0.0/24", PW_ORIGIN_CTL, 6);
	uint32_t old = 77;

	assert_int_equal(pw_rib_set(rib, &first, true, &old), 0);
	assert_int_equal(old, PW_ADJ_NONE);
	assert_int_equal(pw_rib_set(rib, &second, false, &old), -EEXIST);
	assert_int_equal(old, PW_ADJ_NONE);
	assert_int_equal(pw_lpm4_lookup(lpm, ip("10.0.0.9")), 5);
	assert_int_equal(pw_rib_set(rib, &second, true, &old), 0);
	assert_int_equal(old, 5);
	assert_int_equal(pw_lpm4_lookup(lpm, ip("10.0.0.9")), 6);
	assert_int_equal(pw_rib_count(rib), 1);
}

static void bad_arguments(void **state)
{
	struct pw_route host_bits = route("10.0.0.1/24", PW_ORIGIN_CTL, 1);
	struct pw_route v6 = route("2001:db8::/32", PW_ORIGIN_CTL, 1);
	struct pw_route no_adj = route("10.0.0.0/24", PW_ORIGIN_CTL, PW_ADJ_NONE);
	struct pw_route no_origin = route("10.0.0.0/24", PW_ORIGIN_COUNT, 1);
	struct pw_route host_bits6 = route("2001:db8::1/32", PW_ORIGIN_CTL, 1);
	struct pw_route no_family = {.origin = PW_ORIGIN_CTL, .adj = 1};
	struct pw_rib *only4 = pw_rib_create(lpm, NULL, 10);
	uint32_t old;

	assert_int_equal(pw_rib_set(rib, &host_bits, true, &old), -EINVAL);
	assert_int_equal(pw_rib_set(rib, &host_bits6, true, &old), -EINVAL);
	assert_int_equal(pw_rib_set(rib, &no_family, true, &old), -EINVAL);
	assert_int_equal(pw_rib_set(only4, &v6, true, &old), -EAFNOSUPPORT);
	assert_int_equal(pw_rib_del(only4, &v6.prefix, PW_ORIGIN_CTL, &old), -EAFNOSUPPORT);
	assert_null(pw_rib_match(only4, &v6.prefix.ip));
	pw_rib_destroy(only4);
	assert_int_equal(pw_rib_set(rib, &no_adj, true, &old), -EINVAL);
	assert_int_equal(pw_rib_set(rib, &no_origin, true, &old), -EINVAL);
	assert_int_equal(pw_rib_del(rib, &host_bits.prefix, PW_ORIGIN_CTL, &old), -EINVAL);
	assert_int_equal(pw_rib_del(rib, &no_adj.prefix, PW_ORIGIN_CTL, &old), -ENOENT);
	assert_null(pw_rib_get(rib, &v6.prefix, PW_ORIGIN_CTL));
	assert_int_equal(pw_rib_count(rib), 0);
	assert_null(pw_rib_create(lpm, lpm6, 0));
	assert_int_equal(errno, EINVAL);
	pw_rib_destroy(NULL);
}

static void a_full_lpm_or_rib_changes_nothing(void **state)
{
	struct pw_rib *small = pw_rib_create(lpm, lpm6, 2);
	struct pw_route a = route("10.0.0.0/24", PW_ORIGIN_CTL, 1);
	struct pw_route b = route("10.0.0.0/24", PW_ORIGIN_POD, 2);
	struct pw_route c = route("10.0.1.1/32", PW_ORIGIN_POD, 3);
	struct pw_ip host = addr_of("10.0.1.1");
	uint32_t old;

	f->fail_in = 0;
	assert_int_equal(pw_rib_set(small, &c, false, &old), -ENOMEM); /* the LPM's groups */
	assert_int_equal(pw_rib_count(small), 0);
	assert_null(pw_rib_match(small, &host));
	f->fail_in = -1;
	assert_int_equal(pw_rib_set(small, &a, false, &old), 0);
	assert_int_equal(pw_rib_set(small, &b, false, &old), 0);
	assert_int_equal(pw_rib_set(small, &c, false, &old), -ENOSPC);
	assert_int_equal(pw_lpm4_lookup(lpm, ip("10.0.1.1")), PW_LPM_MISS);
	assert_int_equal(pw_rib_set(small, &b, true, &old), 0);
	assert_int_equal(pw_rib_del(small, &a.prefix, PW_ORIGIN_CTL, &old), 0);
	assert_int_equal(pw_rib_set(small, &c, false, &old), 0);
	pw_rib_destroy(small);
}

static void origin_names(void **state)
{
	for (int i = 0; i < PW_ORIGIN_COUNT; i++)
		assert_non_null(pw_route_origin_name((enum pw_route_origin)i));
	assert_string_equal(pw_route_origin_name(PW_ORIGIN_NEIGHBOUR), "neighbour");
	assert_string_equal(pw_route_origin_name(PW_ORIGIN_COUNT), "?");
}

struct model {
	struct pw_route routes[MAX_ROUTES];
	uint32_t n;
	uint32_t seen;
	struct pw_route last;
};

static struct pw_route *model_find(struct model *model, const struct pw_route *r)
{
	for (uint32_t i = 0; i < model->n; i++)
		if (model->routes[i].origin == r->origin &&
			pw_prefix_equal(&model->routes[i].prefix, &r->prefix))
			return &model->routes[i];
	return NULL;
}

static const struct pw_route *model_best(const struct model *model, const struct pw_ip *addr)
{
	const struct pw_route *best = NULL;

	for (uint32_t i = 0; i < model->n; i++) {
		const struct pw_route *r = &model->routes[i];

		if (!pw_prefix_contains(&r->prefix, addr))
			continue;
		if (best == NULL || r->prefix.len > best->prefix.len ||
			(r->prefix.len == best->prefix.len && r->origin < best->origin))
			best = r;
	}
	return best;
}

/* Few enough for collisions; IPv6 has the same bits at its end. */
static struct pw_ip random_ip(void)
{
	uint32_t addr = htonl(0x0a000000 | ((uint32_t)random() & 0x00010113));
	struct pw_ip v6 = {.family = PW_IPV6, .b = {0x20, 1, 0xd, 0xb8}};

	if (random() % 2 == 0)
		return pw_ip_from_v4(addr);
	memcpy(v6.b + 12, &addr, sizeof(addr));
	return v6;
}

static struct pw_route random_route(void)
{
	static const uint8_t lens[] = {0, 8, 16, 24, 28, 32, 32};
	uint8_t len = lens[random() % 7];
	struct pw_route r = {
		.prefix = {.ip = random_ip(), .len = len},
		.origin = (enum pw_route_origin)(random() % PW_ORIGIN_COUNT),
		.adj = (uint32_t)random() % 1000,
		.via = random_ip(),
	};

	if (r.prefix.ip.family == PW_IPV6 && len > 0)
		r.prefix.len = (uint8_t)(len + 96);
	r.prefix = pw_prefix_masked(&r.prefix);
	return r;
}

static bool check_one(void *arg, const struct pw_route *r, bool active)
{
	struct model *model = arg;
	const struct pw_route *known = model_find(model, r);

	assert_non_null(known);
	assert_int_equal(r->adj, known->adj);
	assert_true(pw_ip_equal(&r->via, &known->via));
	if (model->seen++ > 0) {
		int order = pw_ip_compare(&model->last.prefix.ip, &r->prefix.ip);

		if (order == 0)
			order = model->last.prefix.len - r->prefix.len;
		assert_int_equal(active, order != 0);
		if (order == 0)
			order = (int)model->last.origin - (int)r->origin;
		assert_true(order < 0);
	} else {
		assert_true(active);
	}
	model->last = *r;
	return true;
}

static void against_model(void **state)
{
	struct model *model = calloc(1, sizeof(*model));

	srandom(1);
	for (int i = 0; i < 20000; i++) {
		struct pw_route r = random_route();
		struct pw_route *known = model_find(model, &r);
		uint32_t expected_adj = known != NULL ? known->adj : PW_ADJ_NONE, old;

		if (random() % 10 < (i / 2000 % 2 == 0 ? 7 : 3)) {
			bool replace = random() % 2 == 0;
			int expected = known != NULL && !replace                 ? -EEXIST
				       : known == NULL && model->n == MAX_ROUTES ? -ENOSPC
										 : 0;

			assert_int_equal(pw_rib_set(rib, &r, replace, &old), expected);
			assert_int_equal(old, expected == 0 ? expected_adj : PW_ADJ_NONE);
			if (expected == 0 && known != NULL)
				*known = r;
			else if (expected == 0)
				model->routes[model->n++] = r;
		} else {
			assert_int_equal(pw_rib_del(rib, &r.prefix, r.origin, &old),
				known != NULL ? 0 : -ENOENT);
			assert_int_equal(old, expected_adj);
			if (known != NULL)
				*known = model->routes[--model->n];
		}
		assert_int_equal(pw_rib_count(rib), model->n);
		fixture_grace(f);

		struct pw_ip addr = random_ip();
		const struct pw_route *best = model_best(model, &addr);
		const struct pw_route *got = pw_rib_match(rib, &addr);

		assert_int_equal(got != NULL, best != NULL);
		assert_int_equal(look_up(&addr), best != NULL ? best->adj : PW_LPM_MISS);
		if (best != NULL)
			assert_int_equal(got->adj, best->adj);
		if (i % 200 == 0) {
			model->seen = 0;
			pw_rib_foreach(rib, check_one, model);
			assert_int_equal(model->seen, model->n);
		}
	}
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(the_best_origin_forwards),
		T(replace_hands_the_old_adjacency_back),
		T(bad_arguments),
		T(a_full_lpm_or_rib_changes_nothing),
		T(origin_names),
		T(against_model),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
