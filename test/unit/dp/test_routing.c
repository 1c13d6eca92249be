/* SPDX-License-Identifier: BSD-3-Clause */
/* Routing, Services, punts and injected packets through the whole pipeline. */
#include "pw_build.h"
#include "world.h"

static struct world w;
static uint8_t frame[2048];

#define POD2 0x0a000102 /* 10.0.1.2, behind port 2 */

static uint32_t adj_to(uint16_t port, uint64_t mac48, enum pw_adj_state state)
{
	struct pw_adj tmpl = {.kind = PW_ADJ_FORWARD,
		.word = mac48 << 16 | state,
		.src_mac48 = ROUTER_MAC,
		.ip = pw_ip_from_v4(htonl(POD2)),
		.port = port,
		.bridge = PW_BRIDGE_NONE,
		.mtu = 1500};

	return (uint32_t)pw_adj_alloc(w.adj, &tmpl);
}

static uint32_t adj_kind(enum pw_adj_kind kind)
{
	struct pw_adj tmpl = {.kind = (uint8_t)kind, .port = PW_PORT_NONE, .bridge = 0};

	return (uint32_t)pw_adj_alloc(w.adj, &tmpl);
}

static void route(uint32_t ip, uint8_t len, uint32_t adj)
{
	assert_int_equal(pw_lpm4_set(w.lpm, htonl(ip), len, adj), 0);
}

static int setup_workers(uint32_t n)
{
	world_make(&w, n);
	world_bridge(&w, 0, ROUTER_MAC);
	world_port(&w, 1, 0, NULL);
	world_port(&w, 2, PW_BRIDGE_NONE, NULL);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_workers(1);
}

static int setup2(void **state)
{
	(void)state;
	return setup_workers(2);
}

static int teardown(void **state)
{
	(void)state;
	world_free(&w);
	return 0;
}

static void to_address_ttl(uint32_t dst, uint8_t ttl)
{
	world_rx(&w, 1, frame, udp_frame(frame, 1, dst, ROUTER_MAC, ttl));
	world_run(&w);
}

static void to_address(uint32_t dst)
{
	to_address_ttl(dst, 64);
}

static struct pw_dp_punt expect_punt(enum pw_punt reason)
{
	struct pw_dp_punt punt;

	assert_int_equal(pw_dp_punts(w.dp, &punt, 1), 1);
	assert_int_equal(punt.reason, reason);
	assert_int_equal(punt.in_port, 1);
	return punt;
}

static void forwards_with_new_macs_and_ttl(void **state)
{
	uint8_t want[2048];
	uint32_t len = udp_frame(want, 1, POD2, UINT64_C(0x0200000000aa), 63);
	struct rte_mbuf *m;

	(void)state;
	memcpy(want + 6, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	route(POD2, 32, adj_to(2, UINT64_C(0x0200000000aa), PW_ADJ_RESOLVED));
	to_address(POD2);
	m = world_tx(&w, 2);
	assert_non_null(m);
	assert_int_equal(m->data_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), want, len);
	rte_pktmbuf_free(m);
}

static void what_is_too_big_leaves_in_fragments(void **state)
{
	uint32_t adj = adj_to(2, UINT64_C(0x0200000000aa), PW_ADJ_RESOLVED);
	static const uint8_t payload[1481];
	struct frame_spec spec = FRAME_TCP;
	struct rte_mbuf *m;
	uint32_t len, sent;

	(void)state;
	spec.dst = POD2;
	spec.frag = 0;
	spec.payload_len = 1481;
	spec.payload = payload;
	len = frame_make(&spec, frame);
	memcpy(frame, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	route(POD2, 32, adj);
	world_rx(&w, 1, frame, len);
	world_run(&w);
	for (uint32_t left = len - 34; left > 0; left -= sent) {
		m = world_tx(&w, 2);
		assert_non_null(m);
		assert_int_equal(m->pkt_len, PW_MIN(left, 1480u) + 34);
		assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[22], spec.ttl - 1);
		sent = m->pkt_len - 34;
		rte_pktmbuf_free(m);
	}
	assert_null(world_tx(&w, 2));

	spec.frag = 0x4000; /* DF */
	len = frame_make(&spec, frame);
	memcpy(frame, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	world_rx(&w, 1, frame, len);
	world_run(&w);
	rte_pktmbuf_free(expect_punt(PW_PUNT_ICMP_MTU).m);
}

static void other_worker_sends_what_is_handed_over(void **state)
{
	struct pw_dp_worker_stats stats;

	(void)state;
	assert_int_not_equal(pw_dp_port_worker(w.dp, 1, 0), pw_dp_port_worker(w.dp, 2, 0));
	route(POD2, 32, adj_to(2, UINT64_C(0x0200000000aa), PW_ADJ_RESOLVED));
	for (unsigned i = 0; i < 100; i++)
		world_rx(&w, 1, frame, udp_frame(frame, 1, POD2, ROUTER_MAC, 64));
	world_run(&w);
	assert_int_equal(world_tx_drain(&w, 2), 100);
	pw_dp_worker_stats(w.dp, (uint32_t)pw_dp_port_worker(w.dp, 2, 0), &stats);
	assert_int_equal(stats.handover_in, 100);
}

static void count_gone(void *arg, struct pw_port *port)
{
	(void)port;
	(*(unsigned *)arg)++;
}

static void slot_reuse_never_gets_old_frames(void **state)
{
	uint32_t from = (uint32_t)pw_dp_port_worker(w.dp, 1, 0);
	unsigned gone = 0;

	(void)state;
	route(POD2, 32, adj_to(2, UINT64_C(0x0200000000aa), PW_ADJ_RESOLVED));
	world_rx(&w, 1, frame, udp_frame(frame, 1, POD2, ROUTER_MAC, 64));
	assert_true(worker_turn(w.dp->workers[from])); /* now it lies in the ring */
	assert_int_equal(pw_dp_port_del(w.dp, 2, count_gone, &gone), 0);
	world_port(&w, 2, PW_BRIDGE_NONE, NULL); /* another one in its slot */
	world_run(&w);
	assert_int_equal(gone, 1);
	assert_int_equal(world_drops(&w, PW_DROP_TX_GONE), 1);
	assert_int_equal(world_tx_drain(&w, 2), 0);
}

static void port_is_gone_only_after_every_worker_let_go(void **state)
{
	unsigned gone = 0;

	(void)state;
	assert_int_equal(pw_dp_port_del(w.dp, 2, count_gone, &gone), 0);
	assert_int_equal(pw_dp_port_del(w.dp, 2, count_gone, &gone), -ENOENT);
	pw_dp_poll(w.dp);
	assert_int_equal(gone, 0);
	worker_turn(w.dp->workers[0]);
	pw_qsbr_quiescent(w.qsbr, 0);
	pw_dp_poll(w.dp);
	assert_int_equal(gone, 0); /* the other one has not */
	worker_turn(w.dp->workers[1]);
	pw_qsbr_quiescent(w.qsbr, 1);
	pw_dp_poll(w.dp);
	assert_int_equal(gone, 1);
}

static void unresolved_next_hop_is_punted_untouched_and_comes_back(void **state)
{
	uint32_t adj = adj_to(2, 0, PW_ADJ_INCOMPLETE);
	struct pw_dp_punt punt;

	(void)state;
	route(POD2, 32, adj);
	to_address(POD2);
	punt = expect_punt(PW_PUNT_NEIGH);
	assert_int_equal(punt.adj, adj);
	assert_false(punt.originated);
	assert_memory_equal(rte_pktmbuf_mtod(punt.m, void *), frame, punt.m->data_len);
	pw_adj_set_mac(w.adj, adj, UINT64_C(0x0200000000aa), PW_ADJ_RESOLVED);
	assert_int_equal(pw_dp_inject(w.dp, punt.m, PW_DP_INJECT_AGAIN, 1), 0);
	world_run(&w);
	assert_int_equal(world_tx_drain(&w, 2), 1);
}

static void connected_subnet_names_the_address_to_resolve(void **state)
{
	struct pw_dp_punt punt;

	(void)state;
	route(0x0a000100, 24, adj_kind(PW_ADJ_GLEAN));
	to_address(0x0a000155);
	punt = expect_punt(PW_PUNT_NEIGH);
	assert_int_equal(punt.route_dst.family, PW_IPV4);
	assert_int_equal(punt.route_dst.v4_be, htonl(0x0a000155));
	rte_pktmbuf_free(punt.m);
}

static void each_dead_end_has_its_punt_or_drop(void **state)
{
	(void)state;
	route(0x0a010000, 16, adj_kind(PW_ADJ_BLACKHOLE));
	route(0x0a020000, 16, adj_kind(PW_ADJ_UNREACHABLE));
	route(0x0a030000, 16, adj_kind(PW_ADJ_PROHIBIT));
	route(0x0a040000, 16, adj_to(2, 1, PW_ADJ_FAILED));
	route(POD2, 32, adj_to(2, UINT64_C(0x0200000000aa), PW_ADJ_RESOLVED));
	to_address(0x0a010001);
	assert_int_equal(world_drops(&w, PW_DROP_BLACKHOLE), 1);
	to_address(0x0a020001);
	rte_pktmbuf_free(expect_punt(PW_PUNT_ICMP_HOST).m);
	to_address(0x0a030001);
	rte_pktmbuf_free(expect_punt(PW_PUNT_ICMP_ADMIN).m);
	to_address(0x0a040001);
	rte_pktmbuf_free(expect_punt(PW_PUNT_ICMP_HOST).m);
	to_address(0x0b000001);
	rte_pktmbuf_free(expect_punt(PW_PUNT_ICMP_NET).m);
	to_address_ttl(POD2, 1);
	rte_pktmbuf_free(expect_punt(PW_PUNT_ICMP_TTL).m);
}

static void punts_of_one_port_are_limited(void **state)
{
	struct pw_dp_punt punt;

	(void)state;
	w.dp->workers[0]->punt_left[1] = 2;
	for (unsigned i = 0; i < 5; i++)
		to_address(0x0b000001);
	for (unsigned i = 0; i < 2; i++)
		rte_pktmbuf_free(expect_punt(PW_PUNT_ICMP_NET).m);
	assert_int_equal(pw_dp_punts(w.dp, &punt, 1), 0);
	assert_int_equal(world_drops(&w, PW_DROP_PUNT_LIMIT), 3);
}

static void own_packets_are_routed_with_their_ttl(void **state)
{
	struct rte_mbuf *m;
	uint32_t len = udp_frame(frame, 9, POD2, ROUTER_MAC, 1);

	(void)state;
	route(POD2, 32, adj_to(2, UINT64_C(0x0200000000aa), PW_ADJ_RESOLVED));
	m = fake_frame(&w.pool, frame, len, 128);
	assert_int_equal(pw_dp_inject(w.dp, m, PW_DP_INJECT_ROUTE, 1), 0);
	world_run(&w);
	m = world_tx(&w, 2);
	assert_non_null(m);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[14 + 8], 1);
	rte_pktmbuf_free(m);
}

static void service_is_translated_there_and_back(void **state)
{
	const struct pw_nat_endpoint ep = {.ip_be = htonl(POD2), .port_be = htons(8080)};
	const struct pw_nat_service svc = {.vip_be = htonl(0x0a600001),
		.port_be = htons(2000),
		.proto = IPPROTO_UDP,
		.endpoints = &ep,
		.n_endpoints = 1};
	uint8_t reply[2048];
	struct rte_mbuf *m;
	uint32_t id, len;

	(void)state;
	assert_int_equal(pw_nat_service_set(w.nat, &svc, &id), 0);
	route(POD2, 32, adj_to(2, UINT64_C(0x0200000000aa), PW_ADJ_RESOLVED));
	route(0x0a000001, 32, adj_to(1, STATION(1), PW_ADJ_RESOLVED));
	to_address(0x0a600001);
	m = world_tx(&w, 2);
	assert_non_null(m);
	const uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	assert_int_equal(get32(p + 30), POD2);
	assert_int_equal(get16(p + 36), 8080);
	rte_pktmbuf_free(m);

	struct frame_spec spec = {.src = POD2,
		.dst = 0x0a000001,
		.sport = 8080,
		.dport = 1000,
		.proto = IPPROTO_UDP,
		.ttl = 64};
	len = frame_make(&spec, reply);
	memcpy(reply, (uint8_t[]){2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xaa}, 12);
	world_rx(&w, 2, reply, len);
	world_run(&w);
	m = world_tx(&w, 1);
	assert_non_null(m);
	p = rte_pktmbuf_mtod(m, uint8_t *);
	assert_int_equal(get32(p + 26), 0x0a600001);
	assert_int_equal(get16(p + 34), 2000);
	rte_pktmbuf_free(m);
}

/* To an address of ours, and to a VIP: each fragment comes back, in its place. */
static void fragments_of_an_echo_are_answered(void **state)
{
	static const uint8_t payload[64];
	static const uint16_t frags[] = {0, 0x2000, 0x2000 | 8, 16};
	struct frame_spec spec = {.src = 0x0a000001,
		.proto = IPPROTO_ICMP,
		.icmp_type = 8,
		.ttl = 9,
		.id = 77,
		.sport = 5,
		.payload = payload,
		.payload_len = sizeof(payload)};
	uint32_t kinds[] = {adj_kind(PW_ADJ_LOCAL), adj_kind(PW_ADJ_SERVICE)};

	(void)state;
	route(0x0a000001, 32, adj_to(1, STATION(1), PW_ADJ_RESOLVED));
	for (int i = 0; i < 8; i++) {
		uint32_t len;
		struct rte_mbuf *m;

		spec.dst = 0x0a000100 + i % 2;
		spec.frag = frags[i / 2];
		route(spec.dst, 32, kinds[i % 2]);
		len = frame_make(&spec, frame);
		memcpy(frame, (uint8_t[]){2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1}, 12);
		world_rx(&w, 1, frame, len);
		world_run(&w);
		m = world_tx(&w, 1);
		assert_non_null(m);

		const uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

		assert_int_equal(m->data_len, len);
		assert_int_equal(get32(p + 26), spec.dst);
		assert_int_equal(get32(p + 30), spec.src);
		assert_int_equal(get16(p + 18), 77);
		assert_int_equal(get16(p + 20), spec.frag);
		assert_int_equal(p[34], i < 4 ? 0 : 8); /* type; data of a later one */
		rte_pktmbuf_free(m);
	}
}

static void routed_port_takes_only_frames_for_its_mac(void **state)
{
	(void)state;
	world_rx(&w, 2, frame, udp_frame(frame, 1, POD2, UINT64_C(0x020000000077), 64));
	world_run(&w);
	assert_int_equal(world_drops(&w, PW_DROP_L2_NOT_OURS), 1);
}

static void queues_are_balanced_and_stay(void **state)
{
	int before[WORLD_PORTS];

	(void)state;
	for (uint16_t p = 3; p < 9; p++)
		world_port(&w, p, 0, NULL);
	for (uint16_t p = 1; p < 9; p++)
		before[p] = pw_dp_port_worker(w.dp, p, 0);
	for (uint32_t i = 0; i < 2; i++) {
		struct pw_dp_worker_stats stats;

		pw_dp_worker_stats(w.dp, i, &stats);
		assert_int_equal(stats.rx_queues, 4);
	}
	static unsigned gone; /* is written in the teardown, too */
	assert_int_equal(pw_dp_port_del(w.dp, 5, count_gone, &gone), 0);
	for (uint16_t p = 1; p < 9; p++)
		assert_int_equal(pw_dp_port_worker(w.dp, p, 0), p == 5 ? -1 : before[p]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forwards_with_new_macs_and_ttl, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_too_big_leaves_in_fragments, setup, teardown),
		cmocka_unit_test_setup_teardown(
			other_worker_sends_what_is_handed_over, setup2, teardown),
		cmocka_unit_test_setup_teardown(slot_reuse_never_gets_old_frames, setup2, teardown),
		cmocka_unit_test_setup_teardown(
			port_is_gone_only_after_every_worker_let_go, setup2, teardown),
		cmocka_unit_test_setup_teardown(
			unresolved_next_hop_is_punted_untouched_and_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			connected_subnet_names_the_address_to_resolve, setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_dead_end_has_its_punt_or_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(punts_of_one_port_are_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(
			own_packets_are_routed_with_their_ttl, setup, teardown),
		cmocka_unit_test_setup_teardown(
			service_is_translated_there_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			routed_port_takes_only_frames_for_its_mac, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_of_an_echo_are_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(queues_are_balanced_and_stay, setup2, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
