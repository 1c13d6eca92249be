/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues that go from one worker to another while frames flow, and which worker gets a new one (OPS-7). */
#include "world.h"

static struct world w;
static uint8_t frame[2048];
static int done_rc;
static unsigned n_done;

/* A port that notices when two are at it at once, and lets something happen in the midst of it. */
static struct watched {
	bool in_rx, in_tx;
	unsigned rx_calls;
	void (*during_rx)(void), (*during_tx)(void); /* once */
} watched;

static void call_once(void (**hook)(void))
{
	void (*fn)(void) = *hook;

	*hook = NULL;
	if (fn != NULL)
		fn();
}

static uint16_t watched_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	uint16_t got;

	assert_false(watched.in_rx);
	watched.in_rx = true;
	watched.rx_calls++;
	call_once(&watched.during_rx);
	got = fake_rx(port, queue, pkts, n, bad);
	watched.in_rx = false;
	return got;
}

static void watched_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	assert_false(watched.in_tx);
	watched.in_tx = true;
	call_once(&watched.during_tx);
	fake_tx(port, queue, pkts, n, result);
	watched.in_tx = false;
}

static struct pw_port_ops watched_ops;

static void done(void *arg, int rc)
{
	assert_ptr_equal(arg, &w);
	done_rc = rc;
	n_done++;
}

/* Port 1 is read by worker 0, port 2 by worker 1; each knows the other's station. */
static int setup(void **state)
{
	(void)state;
	world_make(&w, 2);
	world_bridge(&w, 0, ROUTER_MAC);
	world_port(&w, 1, 0, NULL);
	world_port(&w, 2, 0, NULL);
	watched_ops = fake_ops;
	watched_ops.rx = watched_rx;
	watched_ops.tx = watched_tx;
	w.ports[1].port.ops = &watched_ops;
	memset(&watched, 0, sizeof(watched));
	n_done = 0;
	assert_int_equal(pw_fdb_set_static(w.fdb, 0, STATION(1), 1), 0);
	assert_int_equal(pw_fdb_set_static(w.fdb, 0, STATION(2), 2), 0);
	assert_int_equal(pw_dp_port_worker(w.dp, 1, 0), 0);
	assert_int_equal(pw_dp_port_worker(w.dp, 2, 0), 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_free(&w);
	return 0;
}

static void send_both_ways(void)
{
	world_rx(&w, 1, frame, udp_frame(frame, 1, 0x0a000002, STATION(2), 64));
	world_rx(&w, 2, frame, udp_frame(frame, 2, 0x0a000001, STATION(1), 64));
}

static void start_move(void)
{
	assert_int_equal(pw_dp_port_move(w.dp, 1, 0, 1, done, &w), 0);
	world_turn(&w);
}

static void nothing_is_lost_at_any_step(void **state)
{
	unsigned sent = 0;

	(void)state;
	assert_int_equal(pw_dp_port_move(w.dp, 1, 0, 1, done, &w), 0);
	while (n_done == 0) {
		send_both_ways();
		sent++;
		world_run(&w);
		assert_true(sent < 10);
	}
	send_both_ways();
	world_run(&w);
	assert_int_equal(done_rc, 0);
	assert_int_equal(pw_dp_port_worker(w.dp, 1, 0), 1);
	assert_int_equal(world_tx_drain(&w, 1), sent + 1);
	assert_int_equal(world_tx_drain(&w, 2), sent + 1);
}

/* The new worker comes with view 2 while the old one is still in a burst of view 1. */
static void other_worker_turns(void)
{
	pw_dp_poll(w.dp);
	assert_int_equal(pw_dp_port_worker(w.dp, 1, 0), 1);
	worker_turn(w.dp->workers[1]);
}

static void one_reader_at_a_time(void **state)
{
	unsigned calls;

	(void)state;
	start_move();
	calls = watched.rx_calls;
	send_both_ways();
	watched.during_rx = other_worker_turns;
	worker_turn(w.dp->workers[0]);
	assert_null(watched.during_rx);
	assert_int_equal(watched.rx_calls, calls + 1); /* worker 1 was there, and left it alone */
	world_run(&w);
	assert_int_equal(world_tx_drain(&w, 2), 1);
	assert_int_equal(world_tx_drain(&w, 1), 1);
}

static void tx_is_locked(void)
{
	const struct view_port *vp = w.dp->view->ports[1];

	assert_non_null(vp->locks);
	assert_false(view_try_lock(&vp->locks->tx));
}

static void one_writer_at_a_time(void **state)
{
	(void)state;
	start_move();
	send_both_ways();
	watched.during_tx = tx_is_locked;
	world_run(&w);
	assert_null(watched.during_tx);
	while (n_done == 0)
		world_run(&w);
	assert_null(w.dp->view->ports[1]->locks);
	assert_int_equal(world_tx_drain(&w, 1), 1);
}

/* Handed to the old owner with view 1, taken by it with view 2. */
static void handed_over_frames_follow(void **state)
{
	(void)state;
	start_move();
	world_rx(&w, 2, frame, udp_frame(frame, 2, 0x0a000001, STATION(1), 64));
	worker_turn(w.dp->workers[1]);
	pw_dp_poll(w.dp);
	assert_int_equal(w.dp->view->ports[1]->tx_worker, 1);
	worker_turn(w.dp->workers[0]);
	assert_int_equal(w.ports[1].n_tx, 0);
	worker_turn(w.dp->workers[1]);
	assert_int_equal(world_tx_drain(&w, 1), 1);
}

static void ignore_gone(void *arg, struct pw_port *port)
{
	*(unsigned *)arg += port->index;
}

static void port_goes_meanwhile(void **state)
{
	unsigned gone = 0;

	(void)state;
	start_move();
	assert_int_equal(pw_dp_port_del(w.dp, 1, ignore_gone, &gone), 0);
	for (unsigned i = 0; i < 5; i++)
		world_run(&w);
	assert_int_equal(gone, 1);
	assert_int_equal(n_done, 1);
	assert_int_equal(done_rc, -ENOENT);
}

static void refusals(void **state)
{
	(void)state;
	assert_int_equal(pw_dp_port_move(w.dp, 3, 0, 1, NULL, NULL), -ENOENT);
	assert_int_equal(pw_dp_port_move(w.dp, 1, 1, 1, NULL, NULL), -ERANGE);
	assert_int_equal(pw_dp_port_move(w.dp, 1, 0, 2, NULL, NULL), -ERANGE);
	start_move();
	assert_int_equal(pw_dp_port_move(w.dp, 1, -1, 0, NULL, NULL), -EBUSY);
	while (n_done == 0)
		world_run(&w);
	assert_int_equal(pw_dp_port_move(w.dp, 1, -1, 0, done, &w), 0);
	while (n_done == 1)
		world_run(&w);
	assert_int_equal(pw_dp_port_worker(w.dp, 1, 0), 0);
}

/* Worker 1 is for kernel ports and for nothing else. */
static void kernel_ports_apart(void **state)
{
	(void)state;
	w.dp->params.kernel_workers = 2;
	for (uint16_t p = 3; p < 7; p++) {
		struct pw_dp_port_conf conf = {.bridge = 0};

		w.ports[p].port = w.ports[2].port;
		w.ports[p].port.priv = &w.ports[p];
		w.ports[p].port.index = p;
		w.ports[p].port.kernel = p % 2;
		assert_int_equal(pw_dp_port_add(w.dp, &w.ports[p].port, &conf), 0);
		assert_int_equal(pw_dp_port_worker(w.dp, p, 0), p % 2);
	}
}

/* A queue whose worker was said goes there; one whose worker is not there goes where there is room. */
static void wanted_workers(void **state)
{
	static const struct {
		uint8_t wanted[PW_PORT_MAX_QUEUES];
		int worker[2];
	} cases[] = {
		{{1, 1}, {1, 1}},
		{{0, PW_DP_WORKER_ANY}, {0, 1}},
		{{7, 0}, {0, 0}},
	};

	(void)state;
	for (uint16_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		struct pw_dp_port_conf conf = {.bridge = 0, .workers = cases[i].wanted};
		uint16_t p = i + 3;
		unsigned gone = 0;

		w.ports[p].port = w.ports[2].port;
		w.ports[p].port.priv = &w.ports[p];
		w.ports[p].port.index = p;
		w.ports[p].port.n_rxq = 2;
		assert_int_equal(pw_dp_port_add(w.dp, &w.ports[p].port, &conf), 0);
		for (uint16_t q = 0; q < 2; q++)
			assert_int_equal(pw_dp_port_worker(w.dp, p, q), cases[i].worker[q]);
		assert_int_equal(pw_dp_port_del(w.dp, p, ignore_gone, &gone), 0);
		while (gone == 0)
			world_run(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_lost_at_any_step, setup, teardown),
		cmocka_unit_test_setup_teardown(one_reader_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(one_writer_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(handed_over_frames_follow, setup, teardown),
		cmocka_unit_test_setup_teardown(port_goes_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(kernel_ports_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(wanted_workers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
