/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters, counts by state. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "nat_test.h"

#define SYN    0x02
#define SYNACK 0x12
#define ACK    0x10
#define FIN    0x11

static struct fixture fx;

static int setup(void **state)
{
	fx_open(&fx, 256, 1);
	fx_service(&fx, IPPROTO_TCP, 1);
	fx_service(&fx, IPPROTO_UDP, 1);
	/* One connection in each: syn_sent, established, two fin_wait, close; UDP; hairpin. */
	for (uint16_t i = 0; i < 5; i++) {
		struct frame_spec out =
			sent_as(&fx, tcp(CLIENT, (uint16_t)(40000 + i), VIP, 80, SYN));

		if (i == 0)
			continue;
		out.tcp_flags = SYNACK;
		sent_as(&fx, reply_to(out));
		sent_as(&fx, tcp(CLIENT, (uint16_t)(40000 + i), VIP, 80, ACK));
		if (i == 2)
			sent_as(&fx, tcp(CLIENT, 40002, VIP, 80, FIN));
		out.tcp_flags = i == 3 ? FIN : 0x04;
		if (i >= 3)
			sent_as(&fx, reply_to(out));
	}
	sent_as(&fx, udp(CLIENT + 1, 40000, VIP, 80));
	sent_as(&fx, udp(BACKEND(0), 40000, VIP, 80));
	return 0;
}

static int teardown(void **state)
{
	fx_close(&fx);
	return 0;
}

static void ignore(void *arg, const struct pw_flow_info *info)
{
}

static uint32_t count(struct pw_flow_filter filter)
{
	return pw_nat_flows(fx.nat, &filter, UINT32_MAX, fx.now, ignore, NULL);
}

static void filters(void **state)
{
	assert_int_equal(count((struct pw_flow_filter){0}), 7);
	assert_int_equal(count((struct pw_flow_filter){.state = "syn_sent"}), 1);
	assert_int_equal(count((struct pw_flow_filter){.state = "fin_wait"}), 2);
	assert_int_equal(count((struct pw_flow_filter){.state = "close"}), 1);
	assert_int_equal(count((struct pw_flow_filter){.state = "new"}), 2);
	assert_int_equal(count((struct pw_flow_filter){.proto = IPPROTO_TCP, .state = "new"}), 0);
	/* On any side: client, VIP, backend, SNAT. */
	assert_int_equal(
		count((struct pw_flow_filter){.any_be = {ADDR(CLIENT + 1)}, .n_any = 1}), 1);
	assert_int_equal(count((struct pw_flow_filter){.any_be = {ADDR(VIP)}, .n_any = 1}), 7);
	assert_int_equal(
		count((struct pw_flow_filter){.any_be = {ADDR(BACKEND(0))}, .n_any = 1}), 7);
	assert_int_equal(count((struct pw_flow_filter){.any_be = {ADDR(SNAT)}, .n_any = 1}), 1);
	assert_int_equal(
		count((struct pw_flow_filter){.any_be = {1, ADDR(CLIENT)}, .n_any = 2}), 5);
	assert_int_equal(
		count((struct pw_flow_filter){.client_be = ADDR(CLIENT), .state = "close"}), 1);
	assert_true(pw_nat_is_flow_state("cookie_wait"));
	assert_true(pw_nat_is_flow_state("replied"));
	assert_false(pw_nat_is_flow_state("establish"));
}

struct counted {
	unsigned n;
	struct pw_flow_count v[16];
};

static void add_count(void *arg, const struct pw_flow_count *count)
{
	struct counted *counted = arg;

	counted->v[counted->n++] = *count;
}

static void counts_by_state(void **state)
{
	static const struct pw_flow_count want[] = {
		{IPPROTO_TCP, "syn_sent", 1},
		{IPPROTO_TCP, "established", 1},
		{IPPROTO_TCP, "fin_wait", 2},
		{IPPROTO_TCP, "close", 1},
		{IPPROTO_UDP, "new", 2},
	};
	struct pw_flow_filter filter = {0};
	struct counted counted = {0};

	assert_int_equal(pw_nat_flow_counts(fx.nat, &filter, add_count, &counted), 7);
	assert_int_equal(counted.n, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(counted.v[i].proto, want[i].proto);
		assert_string_equal(counted.v[i].state, want[i].state);
		assert_int_equal(counted.v[i].flows, want[i].flows);
	}
	filter.state = "fin_wait";
	counted.n = 0;
	assert_int_equal(pw_nat_flow_counts(fx.nat, &filter, add_count, &counted), 2);
	assert_int_equal(counted.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(filters, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_by_state, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
