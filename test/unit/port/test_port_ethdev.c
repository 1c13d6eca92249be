/* SPDX-License-Identifier: BSD-3-Clause */
#include "port_test.h"

static struct pw_err err;

static struct pw_port *open_device(const char *name, const char *device)
{
	struct pw_port_conf conf = {
		.type = PW_PORT_ETHDEV, .mtu = 1500, .n_queues = 1, .device = device, .fd = -1};

	snprintf(conf.name, sizeof(conf.name), "%s", name);
	return pw_port_open(&test_env, &conf, &err);
}

/* A ring looped to itself: no offload, so the checksum is finished on the way. */
static void ring_loops(void **state)
{
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_TCP, .payload = 64};
	struct pw_port *port = open_device("ring", "net_ring0");
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_port_dev_stats stats;
	struct pw_tx_result r;
	uint16_t bad = 0;

	if (port == NULL)
		fail_msg("%s", err.msg);
	assert_int_equal(pw_port_state(port), PW_PORT_UP);
	assert_int_equal(port->caps & PW_PORT_CAP_TX_PARTIAL, 0);
	assert_false(pw_mac_is_zero(&port->mac));
	assert_int_equal(port->ops->wait_fd(port, 0), -1);
	for (unsigned i = 0; i < PW_PORT_BURST; i++)
		pkts[i] = make_partial(&s, 0);
	pw_port_tx_burst(port, 0, pkts, PW_PORT_BURST, &r);
	assert_int_equal(r.sent, PW_PORT_BURST);
	assert_int_equal(pw_port_rx_burst(port, 0, pkts, PW_PORT_BURST, &bad), PW_PORT_BURST);
	assert_int_equal(bad, 0);
	for (unsigned i = 0; i < PW_PORT_BURST; i++) {
		assert_false(pw_mbuf_is_partial(pkts[i]));
		assert_full_checksum(pkts[i], &s);
	}
	rte_pktmbuf_free_bulk(pkts, PW_PORT_BURST);
	port->ops->dev_stats(port, &stats);
	assert_int_equal(stats.tx_errors, 0);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static void null_takes_everything(void **state)
{
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_UDP, .payload = 64};
	struct pw_port *port = open_device("null", "net_null0,no-rx=1");
	struct rte_mbuf *m = make_frame(&s), *got;
	struct pw_tx_result r;
	uint16_t bad = 0;

	assert_non_null(port);
	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.sent, 1);
	assert_int_equal(pw_port_rx_burst(port, 0, &got, 1, &bad), 0);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static void errors_name_the_fix(void **state)
{
	assert_null(open_device("p", "no_such_driver0"));
	assert_non_null(strstr(err.msg, "port p: device no_such_driver0"));
	assert_non_null(strstr(err.msg, "wrong driver name"));
	assert_null(open_device("p", ""));
	assert_null(open_device("p", NULL));
	assert_non_null(strstr(err.msg, "PCI address"));
}

static void one_port_a_device(void **state)
{
	struct pw_port *port = open_device("first", "net_null0,no-rx=1");

	assert_non_null(port);
	assert_null(open_device("second", "net_null0"));
	assert_int_equal(err.code, -EBUSY);
	pw_port_close(port);
	port = open_device("third", "net_null0,no-rx=1"); /* gone with its port */
	assert_non_null(port);
	pw_port_close(port);
}

static void the_33rd_is_refused(void **state)
{
	struct pw_port *ports[RTE_MAX_ETHPORTS];
	char device[32];

	for (unsigned i = 0; i < RTE_MAX_ETHPORTS; i++) {
		snprintf(device, sizeof(device), "net_null%u,no-rx=1", i);
		ports[i] = open_device("n", device);
		assert_non_null(ports[i]);
	}
	assert_null(open_device("n", "net_null99"));
	assert_int_equal(err.code, -ENOSPC);
	assert_non_null(strstr(err.msg, "RTE_MAX_ETHPORTS"));
	for (unsigned i = 0; i < RTE_MAX_ETHPORTS; i++)
		pw_port_close(ports[i]);
	assert_int_equal(pool_in_use(), 0);
}

static void values_are_checked(void **state)
{
	struct pw_port_conf conf = {.name = "x", .type = PW_PORT_ETHDEV, .mtu = 67, .n_queues = 1};

	assert_null(pw_port_open(&test_env, &conf, &err));
	assert_string_equal(err.msg, "port x: mtu 67: allowed 68..9216");
	conf.mtu = 1500;
	conf.n_queues = 17;
	assert_null(pw_port_open(&test_env, &conf, &err));
	assert_string_equal(err.msg, "port x: 17 queues: allowed 1..16");
	conf.type = PW_PORT_TYPE_COUNT;
	assert_null(pw_port_open(&test_env, &conf, &err));
	assert_string_equal(pw_port_type_name(PW_PORT_VHOST_USER), "vhost-user");
	assert_string_equal(pw_port_type_name(PW_PORT_TYPE_COUNT), "?");
}

static void mempool_errors(void **state)
{
	assert_null(pw_mempool_create(1023, 512, SOCKET_ID_ANY, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_null(pw_mempool_create(10000000, 2176, SOCKET_ID_ANY, &err));
	assert_int_equal(err.code, -ENOMEM);
	assert_non_null(strstr(err.msg, "memory.size_mb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_loops),
		cmocka_unit_test(null_takes_everything),
		cmocka_unit_test(errors_name_the_fix),
		cmocka_unit_test(one_port_a_device),
		cmocka_unit_test(the_33rd_is_refused),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(mempool_errors),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
