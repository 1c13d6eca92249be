/* SPDX-License-Identifier: BSD-3-Clause */
/* Bridging through the whole pipeline: lookup, flooding, learning reports, reserved MACs (L2-1..L2-4). */
#include "world.h"

static struct world w;
static uint8_t frame[2048];

static int setup(void **state)
{
	(void)state;
	world_make(&w, 1);
	world_bridge(&w, 0, ROUTER_MAC);
	for (uint16_t p = 1; p <= 3; p++)
		world_port(&w, p, 0, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_free(&w);
	return 0;
}

static void from_station(uint16_t port, unsigned from, uint64_t dst48)
{
	world_rx(&w, port, frame, udp_frame(frame, from, 0x0a000009, dst48, 64));
	world_run(&w);
}

static void known_station_gets_it_alone(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	assert_int_equal(pw_fdb_set_static(w.fdb, 0, STATION(2), 2), 0);
	from_station(1, 1, STATION(2));
	m = world_tx(&w, 2);
	assert_non_null(m);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), frame, m->data_len);
	rte_pktmbuf_free(m);
	assert_int_equal(world_tx_drain(&w, 1) + world_tx_drain(&w, 3), 0);
}

static void unknown_station_is_flooded_not_to_the_sender(void **state)
{
	(void)state;
	from_station(1, 1, STATION(7));
	assert_int_equal(world_tx_drain(&w, 1), 0);
	assert_int_equal(world_tx_drain(&w, 2), 1);
	assert_int_equal(world_tx_drain(&w, 3), 1);
}

static void broadcast_is_flooded(void **state)
{
	(void)state;
	from_station(2, 2, UINT64_C(0xffffffffffff));
	assert_int_equal(world_tx_drain(&w, 1), 1);
	assert_int_equal(world_tx_drain(&w, 2), 0);
	assert_int_equal(world_tx_drain(&w, 3), 1);
}

static void flood_without_memory_drops_copies_only(void **state)
{
	(void)state;
	world_rx(&w, 1, frame, udp_frame(frame, 1, 0x0a000009, UINT64_C(0xffffffffffff), 64));
	w.pool.left = 0;
	world_run(&w);
	w.pool.left = FAKE_ANY_NUMBER;
	assert_int_equal(world_tx_drain(&w, 2) + world_tx_drain(&w, 3), 1);
	assert_int_equal(world_drops(&w, PW_DROP_NO_MBUF), 1);
}

static void station_behind_the_same_port_is_not_for_us(void **state)
{
	(void)state;
	assert_int_equal(pw_fdb_set_static(w.fdb, 0, STATION(5), 1), 0);
	from_station(1, 1, STATION(5));
	assert_int_equal(world_drops(&w, PW_DROP_L2_SAME_PORT), 1);
}

static void reserved_macs_stay_here(void **state)
{
	(void)state;
	from_station(1, 1, UINT64_C(0x0180c2000000));
	from_station(1, 1, UINT64_C(0x0180c200000f));
	assert_int_equal(world_drops(&w, PW_DROP_L2_RESERVED), 2);
	from_station(1, 1, UINT64_C(0x0180c2000010)); /* the first that is not reserved */
	assert_int_equal(world_tx_drain(&w, 2), 1);
	world_tx_drain(&w, 3);
}

static void new_station_is_reported_once_known_not_again(void **state)
{
	struct pw_dp_learn learn;

	(void)state;
	from_station(1, 1, STATION(7));
	assert_int_equal(pw_dp_learns(w.dp, &learn, 1), 1);
	assert_int_equal(learn.mac48, STATION(1));
	assert_int_equal(learn.port, 1);
	assert_int_equal(pw_fdb_learn(w.fdb, 0, learn.mac48, learn.port, 1000, 64), 0);
	from_station(1, 1, STATION(7));
	assert_int_equal(pw_dp_learns(w.dp, &learn, 1), 0);
	from_station(2, 1, STATION(7)); /* it moved */
	assert_int_equal(pw_dp_learns(w.dp, &learn, 1), 1);
	assert_int_equal(learn.port, 2);
	for (uint16_t p = 1; p <= 3; p++)
		world_tx_drain(&w, p);
}

static void spoofed_source_is_dropped(void **state)
{
	struct pw_binding binding;
	const struct pw_mac mac = {{2, 0, 0, 0, 1, 4}};
	struct pw_ip ip;

	(void)state;
	assert_int_equal(pw_ip_parse("10.0.0.4", &ip), 0);
	assert_int_equal(pw_binding_init(&binding, &mac, &ip, 1), 0);
	world_port(&w, 4, 0, &binding);
	from_station(4, 5, STATION(7));
	assert_int_equal(world_drops(&w, PW_DROP_SPOOF_MAC), 1);
	from_station(4, 4, STATION(7));
	assert_int_equal(world_tx_drain(&w, 1) + world_tx_drain(&w, 2) + world_tx_drain(&w, 3), 3);
}

static void full_and_down_ports_are_counted(void **state)
{
	(void)state;
	assert_int_equal(pw_fdb_set_static(w.fdb, 0, STATION(2), 2), 0);
	assert_int_equal(pw_fdb_set_static(w.fdb, 0, STATION(3), 3), 0);
	w.ports[2].tx_room = 1;
	w.ports[3].down = true;
	for (unsigned i = 0; i < 3; i++)
		world_rx(&w, 1, frame, udp_frame(frame, 1, 0x0a000002, STATION(2), 64));
	from_station(1, 1, STATION(3));
	assert_int_equal(world_drops(&w, PW_DROP_TX_FULL), 2);
	assert_int_equal(world_drops(&w, PW_DROP_TX_DOWN), 1);
	assert_int_equal(world_tx_drain(&w, 2), 1);

	struct pw_dp_port_stats stats;
	pw_dp_port_stats(w.dp, 2, &stats);
	assert_int_equal(stats.tx.packets, 1);
	assert_int_equal(stats.drops, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(known_station_gets_it_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			unknown_station_is_flooded_not_to_the_sender, setup, teardown),
		cmocka_unit_test_setup_teardown(broadcast_is_flooded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			flood_without_memory_drops_copies_only, setup, teardown),
		cmocka_unit_test_setup_teardown(
			station_behind_the_same_port_is_not_for_us, setup, teardown),
		cmocka_unit_test_setup_teardown(reserved_macs_stay_here, setup, teardown),
		cmocka_unit_test_setup_teardown(
			new_station_is_reported_once_known_not_again, setup, teardown),
		cmocka_unit_test_setup_teardown(spoofed_source_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(full_and_down_ports_are_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
