/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientIP affinity (SVC-9): the table by itself, and through packets. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "nat_test.h"

#include "affinity.h"

#define SYN 0x02
#define ACK 0x10

static void table(void **state)
{
	struct affinity a = {.n_buckets = 64, .secret = 7};
	struct affinity_found found;
	uint32_t kept = 0;

	a.entries = calloc(1, affinity_bytes(a.n_buckets));
	assert_false(affinity_get(&a, 1, 100, 10, &found));
	affinity_put(&a, affinity_key(1, 9), 100, (struct affinity_found){5, 3});
	assert_true(affinity_get(&a, affinity_key(1, 9), 110, 10, &found));
	assert_int_equal(found.member, 5);
	assert_int_equal(found.hint, 3);
	assert_false(affinity_get(&a, affinity_key(1, 9), 111, 10, &found));
	assert_false(affinity_get(&a, affinity_key(1, 8), 100, 10, &found)); /* another Service */
	assert_true(affinity_get(&a, affinity_key(1, 9), 99, 10, &found));   /* a clock behind */
	affinity_put(&a, affinity_key(1, 9), 200, (struct affinity_found){0xffffff, 0xffff});
	assert_true(affinity_get(&a, affinity_key(1, 9), 200, 10, &found));
	assert_int_equal(found.member, 0xffffff);
	assert_int_equal(found.hint, 0xffff);
	/* The second wraps at 24 bits. */
	affinity_put(&a, affinity_key(2, 9), 0xffffff, (struct affinity_found){5, 3});
	assert_true(affinity_get(&a, affinity_key(2, 9), 0x1000005, 10, &found));

	/* More than fit: the newest stay. */
	for (uint32_t i = 0; i < 1000; i++)
		affinity_put(&a, affinity_key(i, 1), 1000 + i, (struct affinity_found){i + 1, 0});
	for (uint32_t i = 0; i < 1000; i++) {
		bool has = affinity_get(&a, affinity_key(i, 1), 2000, 2000, &found);

		assert_true(!has || found.member == i + 1);
		assert_true(has || i < 999);
		kept += has;
	}
	assert_in_range(kept, 200, 256);
	/* Of a killed process. */
	a.entries[0].value = 1;
	affinity_repair(&a);
	assert_int_equal(a.entries[0].value, 0);
	free(a.entries);
}

static uint32_t service(struct fixture *fx, uint32_t first, uint32_t n, uint32_t sec)
{
	struct pw_nat_endpoint endpoints[64];
	struct pw_nat_service svc = {
		.vip_be = htonl(VIP),
		.port_be = htons(80),
		.proto = IPPROTO_TCP,
		.endpoints = endpoints,
		.n_endpoints = n,
		.affinity_sec = sec,
	};
	uint32_t id;

	for (uint32_t i = 0; i < n; i++)
		endpoints[i] = (struct pw_nat_endpoint){htonl(BACKEND(first + i)), htons(8080)};
	assert_int_equal(pw_nat_service_set(fx->nat, &svc, &id), 0);
	return id;
}

static uint32_t backend_of(struct fixture *fx, uint32_t client, uint16_t port)
{
	return sent_as(fx, tcp(client, port, VIP, 80, SYN)).dst;
}

static void sticks(void **state)
{
	struct fixture fx;
	uint32_t was[50];
	unsigned same = 0;

	fx_open(&fx, 4096, 1);
	service(&fx, 0, 10, 100);
	for (uint32_t c = 0; c < 50; c++)
		was[c] = backend_of(&fx, CLIENT + 256 * c, 1000);
	/* Each new connection refreshes it. */
	for (uint16_t i = 0; i < 5; i++) {
		fx.now += 100;
		for (uint32_t c = 0; c < 50; c++)
			assert_int_equal(
				backend_of(&fx, CLIENT + 256 * c, (uint16_t)(2000 + i)), was[c]);
	}
	fx.now += 101;
	fx_turn(&fx);
	for (uint32_t c = 0; c < 50; c++)
		same += backend_of(&fx, CLIENT + 256 * c, 3000) == was[c];
	assert_true(same < 20); /* 5 by chance */
	fx_close(&fx);
}

/* Endpoints leave and come back: clients of others keep theirs, these choose anew and stay. */
static void endpoint_leaves(void **state)
{
	struct fixture fx;
	uint32_t was[50], now[50];
	unsigned back = 0, moved = 0;

	fx_open(&fx, 4096, 1);
	service(&fx, 0, 10, 100);
	for (uint32_t c = 0; c < 50; c++)
		was[c] = backend_of(&fx, CLIENT + 256 * c, 1000);
	service(&fx, 5, 10, 100); /* 0 - 4 leave, 10 - 14 are new; places change */
	fx_turn(&fx);
	for (uint32_t c = 0; c < 50; c++) {
		now[c] = backend_of(&fx, CLIENT + 256 * c, 2000);
		if (was[c] >= BACKEND(5)) {
			assert_int_equal(now[c], was[c]);
			continue;
		}
		moved++;
		assert_in_range(now[c], BACKEND(5), BACKEND(14));
		assert_int_equal(backend_of(&fx, CLIENT + 256 * c, 2001), now[c]);
	}
	assert_in_range(moved, 10, 40);
	/* Nobody returns to an endpoint because it was there before. */
	service(&fx, 0, 5, 100);
	fx_turn(&fx);
	service(&fx, 0, 15, 100);
	fx_turn(&fx);
	for (uint32_t c = 0; c < 50; c++)
		back += backend_of(&fx, CLIENT + 256 * c, 3000) == now[c];
	assert_true(back < 15); /* 3 by chance */
	fx_close(&fx);
}

/* CT-5: the middle of a connection goes where the client's last one went. */
static void middle_of_connection(void **state)
{
	struct fixture fx;
	uint32_t was;

	fx_open(&fx, 1024, 1);
	service(&fx, 0, 10, 100);
	check_punt(&fx, tcp(CLIENT, 1000, VIP, 80, ACK), PW_PUNT_TCP_RST);
	was = backend_of(&fx, CLIENT, 1000);
	pw_nat_flush(fx.nat, &(struct pw_flow_filter){0});
	fx_turn(&fx);
	assert_int_equal(sent_as(&fx, tcp(CLIENT, 1000, VIP, 80, ACK)).dst, was);
	fx_close(&fx);
}

static void bad_values(void **state)
{
	struct fixture fx;
	struct pw_nat_service svc = {
		.vip_be = htonl(VIP), .port_be = htons(80), .proto = IPPROTO_TCP};

	fx_open(&fx, 64, 1);
	svc.affinity_sec = 86401;
	assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), -EINVAL);
	svc.affinity_sec = 86400;
	assert_int_equal(pw_nat_service_set(fx.nat, &svc, NULL), 0);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(sticks),
		cmocka_unit_test(endpoint_leaves),
		cmocka_unit_test(middle_of_connection),
		cmocka_unit_test(bad_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
