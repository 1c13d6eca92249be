/* SPDX-License-Identifier: BSD-3-Clause */
/* Services by themselves: refusals, replacement, ids, counters, the gate, no memory. */
#include "nat_test.h"

#define SYN 0x02

static void bad_arguments(void **state)
{
	struct fixture fx;
	struct pw_nat_endpoint e = {ADDR(BACKEND(0)), htons(1)};
	struct pw_nat_service good = {.vip_be = ADDR(VIP),
		.port_be = htons(80),
		.proto = IPPROTO_TCP,
		.endpoints = &e,
		.n_endpoints = 1};
	struct pw_nat_service bad = good;
	struct pw_nat_service_stats s;

	fx_open(&fx, 64, 1);
	bad.proto = IPPROTO_ICMP;
	assert_int_equal(pw_nat_service_set(fx.nat, &bad, NULL), -EINVAL);
	bad = good;
	bad.vip_be = 0;
	assert_int_equal(pw_nat_service_set(fx.nat, &bad, NULL), -EINVAL);
	bad = good;
	bad.port_be = 0;
	assert_int_equal(pw_nat_service_set(fx.nat, &bad, NULL), -EINVAL);
	e.port_be = 0;
	assert_int_equal(pw_nat_service_set(fx.nat, &good, NULL), -EINVAL);
	e.port_be = 1;
	e.ip_be = 0;
	assert_int_equal(pw_nat_service_set(fx.nat, &good, NULL), -EINVAL);
	assert_int_equal(pw_nat_service_stats(fx.nat, 0, &s), -ENOENT);
	assert_int_equal(pw_nat_service_stats(fx.nat, 1u << 30, &s), -ENOENT);
	assert_int_equal(pw_nat_set_service_cidrs(fx.nat, NULL, 17), -EINVAL);
	fx_close(&fx);
	assert_null(pw_nat_create(pw_alloc_heap(), NULL, &(struct pw_nat_params){0}));
	assert_int_equal(errno, EINVAL);
}

static void ids(void **state)
{
	struct fixture fx;
	uint32_t id, other;

	fx_open(&fx, 64, 1);
	id = fx_service_on(&fx, VIP, IPPROTO_TCP, 80, 0, 2, 8080);
	other = fx_service_on(&fx, VIP, IPPROTO_TCP, 81, 0, 2, 8080);
	assert_int_not_equal(id, other);
	assert_int_equal(fx_service_on(&fx, VIP, IPPROTO_TCP, 80, 5, 9, 8080), id);
	assert_int_equal(fx_service_on(&fx, VIP, IPPROTO_TCP, 80, 0, 0, 8080), id);
	fx_close(&fx);
}

/* An id with flows is not given out again; without it is, after the grace period, counting from 0.
 */
static void id_reuse(void **state)
{
	struct fixture fx;
	struct pw_nat_service_stats s;
	struct pw_flow_filter any = {0};
	uint32_t id, again;

	fx_open(&fx, 64, 1);
	id = fx_service_on(&fx, VIP, IPPROTO_TCP, 80, 0, 1, 8080);
	sent_as(&fx, tcp(CLIENT, 1, VIP, 80, SYN));
	assert_int_equal(pw_nat_service_del(fx.nat, ADDR(VIP), htons(80), IPPROTO_TCP), 0);
	fx_turn(&fx);
	for (uint16_t i = 0; i < 64; i++)
		assert_int_not_equal(fx_service_on(&fx, VIP, IPPROTO_UDP, 100 + i, 0, 1, 8080), id);

	struct pw_nat_endpoint e = {ADDR(BACKEND(0)), htons(1)};
	struct pw_nat_service more = {.vip_be = ADDR(VIP),
		.port_be = htons(9),
		.proto = IPPROTO_TCP,
		.endpoints = &e,
		.n_endpoints = 1};

	assert_int_equal(pw_nat_service_set(fx.nat, &more, NULL), -ENOSPC);
	/* churn through all ids: the zombie's stays out */
	for (uint16_t i = 0; i < 200; i++) {
		uint16_t port = 100 + i % 64;

		assert_int_equal(
			pw_nat_service_del(fx.nat, ADDR(VIP), htons(port), IPPROTO_UDP), 0);
		if (i % 2)
			fx_turn(&fx);
		assert_int_not_equal(fx_service_on(&fx, VIP, IPPROTO_UDP, port, 0, 1, 8080), id);
	}
	/* its last flow ends */
	assert_int_equal(pw_nat_flush(fx.nat, &any), 1);
	again = UINT32_MAX;
	for (uint16_t i = 0; i < 200 && again != id; i++) {
		uint16_t port = 100 + i % 64;

		assert_int_equal(
			pw_nat_service_del(fx.nat, ADDR(VIP), htons(port), IPPROTO_UDP), 0);
		again = fx_service_on(&fx, VIP, IPPROTO_UDP, port, 0, 1, 8080);
	}
	assert_int_equal(again, id);
	assert_int_equal(pw_nat_service_stats(fx.nat, id, &s), 0);
	assert_int_equal(s.new_flows, 0);
	assert_int_equal(s.flows, 0);
	fx_close(&fx);
}

/* Endpoints are shared by Services, listed twice, and stay known after they have gone. */
static void endpoints(void **state)
{
	struct fixture fx;
	struct pw_nat_endpoint twice[3] = {
		{ADDR(BACKEND(1)), htons(1)},
		{ADDR(BACKEND(0)), htons(1)},
		{ADDR(BACKEND(1)), htons(1)},
	};
	struct pw_nat_service svc = {.vip_be = ADDR(VIP),
		.port_be = htons(80),
		.proto = IPPROTO_UDP,
		.endpoints = twice,
		.n_endpoints = 3};
	uint32_t count[2] = {0};

	fx_open(&fx, 4096, 1);
	assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), 0);
	for (uint16_t i = 0; i < 1000; i++)
		count[sent_as(&fx, udp(CLIENT, 1000 + i, VIP, 80)).dst - BACKEND(0)]++;
	assert_true(count[0] > 400 && count[1] > 400);
	/* more than there is room for */
	struct pw_nat_endpoint many[300];

	for (uint32_t i = 0; i < 300; i++)
		many[i] = (struct pw_nat_endpoint){ADDR(IP(10, 9, 0, 0) + i), htons(1)};
	svc.endpoints = many;
	svc.n_endpoints = 300;
	assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), -ENOSPC);
	/* ... which changed nothing */
	sent_as(&fx, udp(CLIENT, 3000, VIP, 80));
	svc.n_endpoints = 250;
	assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), 0);
	/* the old ones are forgotten only when their place is needed */
	for (int round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 200; i++)
			many[i].ip_be = ADDR(IP(10, 10 + round, 0, 0) + i);
		svc.n_endpoints = 6;
		assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), 0);
		svc.n_endpoints = 200;
		assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), 0);
		fx_turn(&fx);
	}
	fx_close(&fx);
}

static bool wants(struct fixture *fx, uint32_t src, uint32_t dst)
{
	struct pw_pkt pkt = addressed(src, dst);

	return pw_nat_wants(fx->nat, &pkt);
}

static void gate(void **state)
{
	struct fixture fx;
	uint32_t outside = IP(192, 0, 2, 7), wrong = 0;

	fx_open(&fx, 64, 1);
	fx_service_on(&fx, outside, IPPROTO_TCP, 80, 0, 3, 8080);
	assert_true(wants(&fx, CLIENT, outside));
	assert_true(wants(&fx, CLIENT, VIP));
	assert_true(wants(&fx, CLIENT, BACKEND(2)));
	assert_true(wants(&fx, BACKEND(2), CLIENT));
	assert_true(wants(&fx, BACKEND(2), SNAT));
	for (uint32_t i = 0; i < 10000; i++)
		wrong += wants(&fx, IP(172, 16, 0, 0) + i, IP(172, 20, 0, 0) + i);
	assert_true(wrong < 100);
	/* thousands of endpoints come and go: the filter is built anew and stays sharp */
	for (uint32_t i = 0; i < 300; i++) {
		struct pw_nat_endpoint e[20];
		struct pw_nat_service svc = {.vip_be = ADDR(VIP),
			.port_be = htons(80),
			.proto = IPPROTO_TCP,
			.endpoints = e,
			.n_endpoints = 20};

		for (uint32_t k = 0; k < 20; k++)
			e[k] = (struct pw_nat_endpoint){ADDR(IP(10, 30, 0, 0) + i * 20 + k), 1};
		assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), 0);
		pw_limbo_run(fx.limbo, 100);
	}
	assert_true(wants(&fx, CLIENT, outside));
	assert_true(wants(&fx, CLIENT, BACKEND(2)));
	assert_true(wants(&fx, CLIENT, SNAT));
	assert_true(wants(&fx, CLIENT, IP(10, 30, 0, 0) + 299 * 20));
	wrong = 0;
	for (uint32_t i = 0; i < 10000; i++)
		wrong += wants(&fx, IP(172, 16, 0, 0) + i, IP(172, 20, 0, 0) + i);
	assert_true(wrong < 4000);
	fx_close(&fx);
}

static int left;

static void *failing(const struct pw_alloc *alloc, const char *what, size_t size)
{
	return left-- > 0 ? pw_zalloc(pw_alloc_heap(), what, size) : NULL;
}

static void no_memory(void **state)
{
	struct pw_alloc alloc = {.zalloc = failing, .free = pw_alloc_heap()->free};
	struct pw_qsbr *qsbr = pw_qsbr_create(pw_alloc_heap(), 1);
	struct pw_limbo *limbo = pw_limbo_create(qsbr);
	struct pw_nat_params params = {64, 8, 8, 2, 1};
	struct pw_nat_endpoint e = {ADDR(BACKEND(0)), htons(1)};
	struct pw_nat_service svc = {.vip_be = ADDR(VIP),
		.port_be = htons(80),
		.proto = IPPROTO_TCP,
		.endpoints = &e,
		.n_endpoints = 1};
	struct pw_nat *nat = NULL;

	for (int n = 0; nat == NULL; n++) {
		left = n;
		nat = pw_nat_create(&alloc, limbo, &params);
		assert_true(nat != NULL || errno == ENOMEM);
		assert_true(n < 40);
	}
	left = 0;
	assert_int_equal(pw_nat_service_set(nat, &svc, NULL), -ENOMEM);
	assert_int_equal(pw_nat_set_service_cidrs(nat, NULL, 0), -ENOMEM);
	left = 1;
	assert_int_equal(pw_nat_service_set(nat, &svc, NULL), 0);
	/* deletes need no memory */
	left = 0;
	assert_int_equal(pw_nat_service_del(nat, svc.vip_be, svc.port_be, svc.proto), 0);
	pw_nat_destroy(nat);
	pw_limbo_destroy(limbo);
	pw_qsbr_destroy(qsbr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_arguments),
		cmocka_unit_test(ids),
		cmocka_unit_test(id_reuse),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(gate),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
