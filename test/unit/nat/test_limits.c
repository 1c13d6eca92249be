/* SPDX-License-Identifier: BSD-3-Clause */
/* What bounds flows: timeouts of the configuration, flows of a client (SEC-7), SNAT ports (CT-10). */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "nat_test.h"

#include "client_cap.h"
#include "pw_ct_timeout.h"

#define SYN 0x02
#define ACK 0x10

/* Each flow dies in the second that the configuration says, and no earlier. */
static void timeouts_as_configured(void **state)
{
	uint32_t sec[PW_CT_TIMEOUT_COUNT];
	struct pw_nat_params params = fx_params(64, 1);
	struct fixture fx;

	for (uint32_t i = 0; i < PW_CT_TIMEOUT_COUNT; i++)
		sec[i] = 7 + i;
	params.timeout_sec = sec;
	fx_open_with(&fx, &params);
	fx_service(&fx, IPPROTO_TCP, 1);
	fx_service(&fx, IPPROTO_UDP, 1);
	sent_as(&fx, tcp(CLIENT, 40000, VIP, 80, SYN));
	assert_int_equal(flows(&fx).last.timeout_sec, sec[PW_CT_TIMEOUT_tcp_syn_sent]);
	fx.now += sec[PW_CT_TIMEOUT_tcp_syn_sent] - 1;
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, 1);
	fx.now++;
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, 0);

	struct frame_spec out = sent_as(&fx, udp(CLIENT, 40000, VIP, 80));

	assert_int_equal(flows(&fx).last.timeout_sec, sec[PW_CT_TIMEOUT_udp]);
	sent_as(&fx, reply_to(out));
	assert_int_equal(flows(&fx).last.timeout_sec, sec[PW_CT_TIMEOUT_udp_stream]);
	fx_close(&fx);
}

static void flows_per_client(void **state)
{
	struct pw_nat_params params = fx_params(256, 2);
	struct fixture fx;

	params.flows_per_client = 10;
	fx_open_with(&fx, &params);
	fx_service(&fx, IPPROTO_UDP, 2);
	for (uint16_t i = 0; i < 10; i++)
		sent_as(&fx, udp(CLIENT, (uint16_t)(40000 + i), VIP, 80));
	check_verdict(&fx, udp(CLIENT, 40010, VIP, 80), PW_DROP_FLOW_LIMIT);
	/* To an endpoint directly: passes without a flow (CT-9) ... */
	check_verdict(&fx, udp(CLIENT, 40010, BACKEND(0), 8080), PW_VERDICT_CONTINUE);
	/* ... unless its replies would be those of one of the ten. */
	for (uint16_t i = 0; i < 10; i++) {
		uint64_t before = stats(&fx).limited;

		for (uint32_t b = 0; b < 2; b++)
			rte_pktmbuf_free(
				send_spec(&fx, udp(CLIENT, (uint16_t)(40000 + i), BACKEND(b), 8080))
					.m);
		assert_int_equal(stats(&fx).limited, before + 1);
	}
	sent_as(&fx, udp(CLIENT, 40003, VIP, 80)); /* what it has goes on */
	sent_as(&fx, udp(CLIENT + 1, 40000, VIP, 80));
	assert_int_equal(stats(&fx).limited, 11);
	assert_int_equal(stats(&fx).used, 11);

	/* Expired, flushed, swept: each gives the place back. */
	fx.now += 29;
	sent_as(&fx, udp(CLIENT, 40003, VIP, 80));
	fx.now += 1;
	fx_turn(&fx);
	for (uint16_t i = 0; i < 9; i++)
		sent_as(&fx, udp(CLIENT, (uint16_t)(41000 + i), VIP, 80));
	check_verdict(&fx, udp(CLIENT, 41009, VIP, 80), PW_DROP_FLOW_LIMIT);

	struct pw_flow_filter mine = {.client_be = ADDR(CLIENT)};

	assert_int_equal(pw_nat_flush(fx.nat, &mine), 10);
	for (uint16_t i = 0; i < 10; i++)
		sent_as(&fx, udp(CLIENT, (uint16_t)(42000 + i), VIP, 80));
	check_verdict(&fx, udp(CLIENT, 42010, VIP, 80), PW_DROP_FLOW_LIMIT);
	fx_close(&fx);
}

/* The counts of many clients in few buckets, against a plain array. */
static void counts_of_clients(void **state)
{
	struct client_cap *cap = client_cap_create(pw_alloc_heap(), 1, 12345);
	uint32_t count[300] = {0};
	uint32_t seed = 1;

	for (unsigned i = 0; i < 100000; i++) {
		seed = seed * 1664525 + 1013904223;

		uint32_t ip = seed >> 8 & 0xff, up = seed >> 24 & 1;

		if (up) {
			client_cap_add(cap, ip);
			count[ip]++;
		} else if (count[ip] > 0) {
			client_cap_sub(cap, ip);
			count[ip]--;
		}
	}
	unsigned uncounted = 0;

	for (uint32_t ip = 0; ip < 256; ip++) {
		assert_true(client_cap_count(cap, ip) <= count[ip]);
		uncounted += client_cap_count(cap, ip) < count[ip];
	}
	assert_true(uncounted < 40); /* 256 clients in 64 buckets of 8 */
	client_cap_sub(cap, 1000);   /* never below 0 */
	assert_int_equal(client_cap_count(cap, 1000), 0);
	client_cap_destroy(pw_alloc_heap(), cap);
}

static void add_use(void *arg, const struct pw_nat_snat_use *use)
{
	struct pw_nat_snat_use *uses = arg;

	while (uses->used != 0)
		uses++;
	*uses = *use;
}

/* A backend that talks to its own Service (hairpin): only ports of the range, each used once. */
static void snat_range(void **state)
{
	struct fixture fx;
	bool seen[8] = {false};

	fx_open(&fx, 256, 1);
	assert_int_equal(pw_nat_set_snat_ports(fx.nat, 50000, 49999), -EINVAL);
	assert_int_equal(pw_nat_set_snat_ports(fx.nat, 50000, 50007), 0);
	fx_service(&fx, IPPROTO_UDP, 1);
	fx_service_on(&fx, VIP, IPPROTO_UDP, 81, 0, 1, 8081);
	/* One that is in the range is kept. */
	assert_int_equal(sent_as(&fx, udp(BACKEND(0), 50003, VIP, 80)).sport, 50003);
	seen[3] = true;
	for (uint16_t i = 0; i < 7; i++) {
		struct frame_spec out =
			sent_as(&fx, udp(BACKEND(0), (uint16_t)(3000 + i), VIP, 80));

		assert_int_equal(out.src, SNAT);
		assert_in_range(out.sport, 50000, 50007);
		assert_false(seen[out.sport - 50000]);
		seen[out.sport - 50000] = true;
		/* The way back. */
		assert_int_equal(sent_as(&fx, reply_to(out)).dport, 3000 + i);
	}
	check_verdict(&fx, udp(BACKEND(0), 3007, VIP, 80), PW_DROP_SNAT_PORTS);
	assert_int_equal(stats(&fx).snat_exhausted, 1);
	/* Another destination has all ports for itself. */
	sent_as(&fx, udp(BACKEND(0), 3007, VIP, 81));

	struct pw_nat_snat_use uses[4] = {0};

	assert_int_equal(pw_nat_snat_uses(fx.nat, add_use, uses), 0);
	assert_int_equal(uses[0].used, 8);
	assert_int_equal(uses[0].size, 8);
	assert_true(uses[0].snat_be == ADDR(SNAT));
	assert_true(uses[0].dst_be == ADDR(BACKEND(0)));
	assert_int_equal(uses[0].dst_port_be, htons(8080));
	assert_int_equal(uses[0].proto, IPPROTO_UDP);
	assert_int_equal(uses[1].used, 1);
	assert_int_equal(uses[1].dst_port_be, htons(8081));
	assert_int_equal(uses[2].used, 0);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timeouts_as_configured),
		cmocka_unit_test(flows_per_client),
		cmocka_unit_test(counts_of_clients),
		cmocka_unit_test(snat_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
