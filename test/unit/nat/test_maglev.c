/* SPDX-License-Identifier: BSD-3-Clause */
/* Maglev (SVC-17): shares, disruption, the same on all nodes, the middle of connections (CT-5). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "nat_test.h"

#include "maglev.h"

#define SYN 0x02
#define ACK 0x10

static uint64_t id_of(const void *arg, uint32_t i)
{
	const uint64_t *ids = arg;

	return ids[i] * UINT64_C(0x9e3779b97f4a7c15);
}

static uint16_t *build(const uint64_t *ids, uint32_t n, uint32_t size)
{
	uint16_t *table = malloc(size * sizeof(*table));
	uint32_t(*scratch)[2] = malloc(n * sizeof(*scratch));

	maglev_build(table, size, n, id_of, ids, scratch);
	free(scratch);
	return table;
}

/* Every endpoint has the same number of places, or one less. */
static void equal_shares(void **state)
{
	static const uint32_t numbers[] = {1, 2, 3, 10, 99, 500, 2000};

	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
		uint32_t n = numbers[k], size = maglev_size(n);
		uint64_t *ids = calloc(n, sizeof(*ids));
		uint32_t *places = calloc(n, sizeof(*places));

		assert_true(size > 100 * n || size == MAGLEV_SIZE_MAX);
		for (uint32_t i = 0; i < n; i++)
			ids[i] = 1000 + i;

		uint16_t *table = build(ids, n, size);

		for (uint32_t i = 0; i < size; i++) {
			assert_true(table[i] < n);
			places[table[i]]++;
		}
		for (uint32_t i = 0; i < n; i++)
			assert_in_range(places[i], size / n, size / n + 1);
		free(table);
		free(places);
		free(ids);
	}
}

/* One of n leaves: its places change hands, and few others do. */
static void little_disruption(void **state)
{
	enum {
		N = 100
	};
	uint64_t before[N], after[N - 1];
	uint32_t size = maglev_size(N), moved = 0, lost = 0;

	for (uint32_t i = 0; i < N; i++)
		before[i] = 5000 + i;
	for (uint32_t i = 0; i < N - 1; i++)
		after[i] = before[i < 42 ? i : i + 1];

	uint16_t *a = build(before, N, size), *b = build(after, N - 1, size);

	for (uint32_t i = 0; i < size; i++) {
		if (a[i] == 42)
			lost++;
		else
			moved += before[a[i]] != after[b[i]];
	}
	assert_in_range(lost, size / N, size / N + 1);
	assert_true(moved * 100 <= size * 2); /* 2 % of the others at most */
	free(a);
	free(b);
}

static uint32_t maglev_service(struct fixture *fx, uint32_t first, uint32_t n)
{
	struct pw_nat_endpoint endpoints[64];
	struct pw_nat_service svc = {
		.vip_be = htonl(VIP),
		.port_be = htons(80),
		.proto = IPPROTO_TCP,
		.endpoints = endpoints,
		.n_endpoints = n,
		.algorithm = PW_NAT_MAGLEV,
	};
	uint32_t id;

	for (uint32_t i = 0; i < n; i++) /* in another order on each node */
		endpoints[i] = (struct pw_nat_endpoint){
			htonl(BACKEND(first + (first % 2 ? i : n - 1 - i))), htons(8080)};
	assert_int_equal(pw_nat_service_set(fx->nat, &svc, &id), 0);
	return id;
}

static uint32_t backend_of(struct fixture *fx, uint16_t port, uint8_t flags)
{
	return sent_as(fx, tcp(CLIENT, port, VIP, 80, flags)).dst;
}

/* Two nodes (of other seeds) choose alike; all endpoints get about their share. */
static void same_on_all_nodes(void **state)
{
	struct pw_nat_params params = fx_params(4096, 1);
	struct fixture a, b;
	uint32_t hits[8] = {0};

	fx_open_with(&a, &params);
	params.seed = 4711;
	fx_open_with(&b, &params);
	maglev_service(&a, 0, 8);
	maglev_service(&b, 0, 8);
	for (uint16_t i = 0; i < 2000; i++) {
		uint32_t backend = backend_of(&a, (uint16_t)(10000 + i), SYN);

		assert_int_equal(backend, backend_of(&b, (uint16_t)(10000 + i), SYN));
		hits[backend - BACKEND(0)]++;
	}
	for (unsigned i = 0; i < 8; i++)
		assert_in_range(hits[i], 190, 310); /* 250, 4 sigma */
	fx_close(&a);
	fx_close(&b);
}

/* CT-5: after the flows are lost, connections go on where they were; others are refused. */
static void middle_of_connections(void **state)
{
	struct fixture fx;
	uint32_t was[100];

	fx_open(&fx, 1024, 1);
	maglev_service(&fx, 0, 8);
	for (uint16_t i = 0; i < 100; i++)
		was[i] = backend_of(&fx, (uint16_t)(10000 + i), SYN);
	pw_nat_flush(fx.nat, &(struct pw_flow_filter){0});
	fx_turn(&fx);
	for (uint16_t i = 0; i < 100; i++)
		assert_int_equal(backend_of(&fx, (uint16_t)(10000 + i), ACK), was[i]);
	assert_string_equal(flows(&fx).last.state, "established");
	/* A RST of a connection nobody knows makes no flow. */
	check_verdict(&fx, tcp(CLIENT, 9, VIP, 80, 0x04), PW_DROP_SVC_REJECT);

	/* Random choice: told at once. */
	fx_service_on(&fx, VIP, IPPROTO_TCP, 81, 0, 2, 8080);
	check_punt(&fx, tcp(CLIENT, 9, VIP, 81, ACK), PW_PUNT_TCP_RST);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_shares),
		cmocka_unit_test(little_disruption),
		cmocka_unit_test(same_on_all_nodes),
		cmocka_unit_test(middle_of_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
