/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of flows: timeouts, sweeps after endpoint changes, a full table, flushes, counters. */
#include "nat_test.h"

#define SYN 0x02
#define RST 0x04
#define ACK 0x10

static void age_at(struct fixture *fx, uint32_t now)
{
	fx->now = now;
	pw_nat_age(fx->nat, 0, now, UINT32_MAX / 2);
}

static void check_lives(struct fixture *fx, uint32_t timeout)
{
	uint32_t start = fx->now;

	age_at(fx, start + timeout - 1);
	assert_int_equal(flows(fx).n, 1);
	assert_int_equal(flows(fx).last.idle_sec, timeout - 1);
	assert_int_equal(flows(fx).last.timeout_sec, timeout);
	age_at(fx, start + timeout);
	assert_int_equal(flows(fx).n, 0);
	assert_int_equal(stats(fx).used, 0);
}

static void timeouts(void **state)
{
	struct fixture fx;
	struct pw_nat_service_stats svc;

	fx_open(&fx, 64, 1);
	uint32_t id = fx_service(&fx, IPPROTO_UDP, 1);

	sent_as(&fx, udp(CLIENT, 1, VIP, 80));
	assert_int_equal(pw_nat_service_stats(fx.nat, id, &svc), 0);
	assert_int_equal(svc.flows, 1);
	check_lives(&fx, 30);
	sent_as(&fx, udp(CLIENT, 1, VIP, 80));
	sent_as(&fx, udp(BACKEND(0), 8080, CLIENT, 1));
	check_lives(&fx, 120);
	assert_int_equal(pw_nat_service_stats(fx.nat, id, &svc), 0);
	assert_int_equal(svc.flows, 0);
	assert_int_equal(svc.new_flows, 2);
	assert_int_equal(stats(&fx).expired, 2);

	fx_service(&fx, IPPROTO_TCP, 1);
	sent_as(&fx, tcp(CLIENT, 1, VIP, 80, SYN));
	check_lives(&fx, 120);
	sent_as(&fx, tcp(CLIENT, 1, VIP, 80, SYN));
	sent_as(&fx, tcp(BACKEND(0), 8080, CLIENT, 1, SYN | ACK));
	sent_as(&fx, tcp(CLIENT, 1, VIP, 80, ACK));
	check_lives(&fx, 86400);
	sent_as(&fx, tcp(CLIENT, 1, VIP, 80, SYN));
	sent_as(&fx, tcp(BACKEND(0), 8080, CLIENT, 1, RST));
	check_lives(&fx, 10);
	fx_close(&fx);
}

/* Each packet starts the time anew; another second writes last-seen. */
static void refresh(void **state)
{
	struct fixture fx;

	fx_open(&fx, 64, 1);
	fx_service(&fx, IPPROTO_UDP, 1);
	for (int i = 0; i < 10; i++) {
		sent_as(&fx, udp(CLIENT, 1, VIP, 80));
		age_at(&fx, fx.now + 29);
		assert_int_equal(flows(&fx).n, 1);
	}
	assert_int_equal(flows(&fx).last.age_sec, 290);
	assert_int_equal(stats(&fx).inserted, 1);
	fx_close(&fx);
}

/* A pass is done in slices, by any worker, once a second. */
static void slices(void **state)
{
	struct fixture fx;
	uint32_t calls = 0;

	fx_open(&fx, 256, 2);
	fx_service(&fx, IPPROTO_UDP, 1);
	for (uint16_t i = 0; i < 200; i++)
		sent_as(&fx, udp(CLIENT, 100 + i, VIP, 80));
	fx.now += 30;
	for (uint32_t n = 200; n != 0; calls++) {
		assert_int_equal(pw_nat_age(fx.nat, 1, fx.now, 16), 16); /* worker 0 sleeps */
		assert_true(n - flows(&fx).n <= 16);
		n = flows(&fx).n;
		assert_true(calls < 100);
	}
	assert_true(calls >= 200 / 16);
	/* the pass of this second is over: a flow that is old now waits for the next second */
	fx.now -= 30;
	sent_as(&fx, udp(CLIENT, 1, VIP, 80));
	fx.now += 30;
	for (int i = 0; i < 100; i++)
		pw_nat_age(fx.nat, 1, fx.now, 16);
	assert_int_equal(pw_nat_age(fx.nat, 0, fx.now, 1000), 0);
	assert_int_equal(flows(&fx).n, 1);
	assert_int_not_equal(pw_nat_age(fx.nat, 0, fx.now + 1, 1000), 0);
	assert_int_equal(flows(&fx).n, 0);
	fx_close(&fx);
}

/* CT-6: UDP flows go with their endpoint, TCP flows stay. */
static void sweeps(void **state)
{
	struct fixture fx;

	fx_open(&fx, 256, 1);
	fx_service(&fx, IPPROTO_UDP, 2);
	fx_service(&fx, IPPROTO_TCP, 2);
	age_at(&fx, fx.now);
	for (uint16_t i = 0; i < 50; i++) {
		sent_as(&fx, udp(CLIENT, 100 + i, VIP, 80));
		sent_as(&fx, tcp(CLIENT, 100 + i, VIP, 80, SYN));
	}
	assert_int_equal(flows(&fx).n, 100);

	struct pw_flow_filter on_0 = {.proto = IPPROTO_UDP, .backend_be = ADDR(BACKEND(0))};
	uint32_t gone = pw_nat_flows(fx.nat, &on_0, 0, fx.now, NULL, NULL);

	assert_true(gone > 0 && gone < 50);
	fx_service_on(&fx, VIP, IPPROTO_UDP, 80, 1, 1, 8080);
	fx_service_on(&fx, VIP, IPPROTO_TCP, 80, 1, 1, 8080);
	/* not before the grace period: a worker may still insert by the old set */
	pw_nat_age(fx.nat, 0, fx.now, 10000);
	assert_int_equal(flows(&fx).n, 100);
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, 100 - gone);
	assert_int_equal(stats(&fx).swept, gone);
	/* empty -> the others; deleted -> all UDP */
	fx_service_on(&fx, VIP, IPPROTO_UDP, 80, 0, 0, 8080);
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, 50);
	fx_service_on(&fx, VIP, IPPROTO_UDP, 80, 0, 1, 8080);
	sent_as(&fx, udp(CLIENT, 1, VIP, 80));
	assert_int_equal(flows(&fx).n, 51);
	assert_int_equal(pw_nat_service_del(fx.nat, ADDR(VIP), htons(80), IPPROTO_UDP), 0);
	assert_int_equal(pw_nat_service_del(fx.nat, ADDR(VIP), htons(80), IPPROTO_UDP), -ENOENT);
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, 50);
	/* TCP goes on without its Service too */
	assert_int_equal(pw_nat_service_del(fx.nat, ADDR(VIP), htons(80), IPPROTO_TCP), 0);
	fx_turn(&fx);
	assert_int_equal(flows(&fx).n, 50);
	sent_as(&fx, tcp(CLIENT, 100, VIP, 80, ACK));
	assert_int_equal(stats(&fx).used, 50);
	fx_close(&fx);
}

static void establish(struct fixture *fx, uint16_t port)
{
	struct frame_spec out = sent_as(fx, tcp(CLIENT, port, VIP, 80, SYN));
	struct frame_spec back = reply_to(out);

	back.tcp_flags = SYN | ACK;
	sent_as(fx, back);
	sent_as(fx, tcp(CLIENT, port, VIP, 80, ACK));
}

/* CT-9: un-replied flows make room, established ones do not. */
static void full(void **state)
{
	enum {
		SIZE = 128
	};
	struct fixture fx;
	uint32_t refused = 0;

	fx_open(&fx, SIZE, 1);
	pw_qsbr_online(fx.qsbr, 0);
	fx_service(&fx, IPPROTO_TCP, 2);
	assert_int_equal(stats(&fx).size, SIZE);
	for (uint16_t i = 0; i < SIZE / 2; i++)
		establish(&fx, 1000 + i);
	for (uint16_t i = 0; i < SIZE / 2; i++)
		sent_as(&fx, tcp(CLIENT, 2000 + i, VIP, 80, SYN));
	assert_int_equal(stats(&fx).used, SIZE);
	assert_int_equal(stats(&fx).early_dropped, 0);
	/* a SYN flood: every new one costs an old half-open one */
	for (uint16_t i = 0; i < 1000; i++) {
		struct pw_pkt pkt = send_spec(&fx, tcp(CLIENT, 3000 + i, VIP, 80, SYN));

		refused += pkt.verdict == PW_DROP_FLOW_FULL;
		rte_pktmbuf_free(pkt.m);
		assert_true(stats(&fx).used <= SIZE);
		if (i % 4 == 0) {
			pw_nat_age(fx.nat, 0, fx.now, 0);
			pw_qsbr_quiescent(fx.qsbr, 0);
		}
	}
	assert_true(stats(&fx).early_dropped > 500);
	assert_int_equal(stats(&fx).early_dropped + refused, 1000);
	/* every established one is still there (else: a RST) */
	for (uint16_t i = 0; i < SIZE / 2; i++)
		sent_as(&fx, tcp(CLIENT, 1000 + i, VIP, 80, ACK));
	fx_close(&fx);
}

static void full_of_established(void **state)
{
	enum {
		SIZE = 64
	};
	struct fixture fx;

	fx_open(&fx, SIZE, 1);
	fx_service(&fx, IPPROTO_TCP, 2);
	for (uint16_t i = 0; i < SIZE; i++)
		establish(&fx, 1000 + i);
	check_verdict(&fx, tcp(CLIENT, 2000, VIP, 80, SYN), PW_DROP_FLOW_FULL);
	assert_int_equal(stats(&fx).full, 1);
	assert_int_equal(stats(&fx).early_dropped, 0);
	/* untracked traffic and known flows do not care */
	check_passes(&fx, udp(CLIENT, 1, ROUTER, 1));
	sent_as(&fx, tcp(CLIENT, 1000, VIP, 80, ACK));
	/* one closes: there is room again */
	sent_as(&fx, tcp(CLIENT, 1000, VIP, 80, RST));
	uint32_t tries = 0;

	/* its bucket has to be near the new one's */
	for (uint16_t port = 2000; stats(&fx).early_dropped == 0; port++, tries++) {
		rte_pktmbuf_free(send_spec(&fx, tcp(CLIENT, port, VIP, 80, SYN)).m);
		assert_true(tries < 1000);
	}
	fx_close(&fx);
}

static void flush(void **state)
{
	struct fixture fx;
	struct pw_flow_filter client = {.client_be = ADDR(CLIENT + 1)};
	struct pw_flow_filter port = {.vip_port_be = htons(81)};

	fx_open(&fx, 256, 1);
	fx_service(&fx, IPPROTO_UDP, 4);
	fx_service_on(&fx, VIP, IPPROTO_UDP, 81, 0, 4, 8081);
	for (uint16_t i = 0; i < 30; i++) {
		sent_as(&fx, udp(CLIENT, 100 + i, VIP, 80));
		sent_as(&fx, udp(CLIENT + 1, 100 + i, VIP, 80));
		sent_as(&fx, udp(CLIENT, 100 + i, VIP, 81));
	}
	assert_int_equal(pw_nat_flush(fx.nat, &client), 30);
	assert_int_equal(flows(&fx).n, 60);
	assert_int_equal(pw_nat_flows(fx.nat, &port, 0, fx.now, see, NULL), 30);
	assert_int_equal(pw_nat_flush(fx.nat, &port), 30);
	assert_int_equal(pw_nat_flush(fx.nat, &port), 0);
	assert_int_equal(flows(&fx).n, 30);
	assert_int_equal(flows(&fx).last.vip_port_be, htons(80));
	assert_int_equal(stats(&fx).used, 30);
	/* their lines come back by the limbo: fill the table again and again */
	for (int round = 0; round < 10; round++) {
		struct pw_flow_filter any = {0};

		pw_nat_flush(fx.nat, &any);
		fx_turn(&fx);
		for (uint16_t i = 0; i < 250; i++)
			sent_as(&fx, udp(CLIENT, 1000 + i, VIP, 80));
		assert_int_equal(stats(&fx).used, 250);
	}
	assert_int_equal(stats(&fx).full, 0);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timeouts),
		cmocka_unit_test(refresh),
		cmocka_unit_test(slices),
		cmocka_unit_test(sweeps),
		cmocka_unit_test(full),
		cmocka_unit_test(full_of_established),
		cmocka_unit_test(flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
