/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues that tell when they have something: asked at once, waited for, armed, moved, dead. */
#include "world.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PORTS 8

struct teller { /* beside each fake port */
	int fd;
	bool dead;
	unsigned armed, disarmed, polled;
};
static struct teller tellers[WORLD_PORTS];

static int tell_fd(struct pw_port *port, uint16_t queue)
{
	const struct teller *t = &tellers[port->index];

	return t->dead ? PW_PORT_SILENT : t->fd;
}

static uint16_t tell_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	eventfd_t value;

	tellers[port->index].polled++;
	(void)eventfd_read(tellers[port->index].fd, &value);
	return fake_rx(port, queue, pkts, n, bad);
}

static bool tell_arm(struct pw_port *port, uint16_t queue)
{
	tellers[port->index].armed++;
	return true;
}

static void tell_disarm(struct pw_port *port, uint16_t queue)
{
	tellers[port->index].disarmed++;
}

static const struct pw_port_ops exact_ops = {
	.name = "exact", .rx = tell_rx, .tx = fake_tx, .wait_fd = tell_fd, .wait_exact = true};
static const struct pw_port_ops armed_ops = {.name = "armed",
	.rx = tell_rx,
	.tx = fake_tx,
	.wait_fd = tell_fd,
	.arm = tell_arm,
	.disarm = tell_disarm};

static void add_port(struct world *w, uint16_t index, const struct pw_port_ops *ops)
{
	struct fake_port *fp = &w->ports[index];
	struct pw_dp_port_conf conf = {.bridge = 0, .learn = true};

	tellers[index] = (struct teller){.fd = eventfd(0, EFD_NONBLOCK)};
	memset(fp, 0, sizeof(*fp));
	fp->port = (struct pw_port){.ops = ops,
		.index = index,
		.mtu = 1500,
		.n_rxq = 1,
		.n_txq = 1,
		.caps = UINT32_MAX,
		.state = PW_PORT_UP,
		.priv = fp};
	fp->tx_room = QUEUE_MAX;
	assert_int_equal(pw_dp_port_add(w->dp, &fp->port, &conf), 0);
}

static void on_gone(void *arg, struct pw_port *port)
{
	close(tellers[port->index].fd); /* as a driver does */
	*(bool *)arg = true;
}

static void del_port(struct world *w, uint16_t index)
{
	bool gone = false;

	assert_int_equal(pw_dp_port_del(w->dp, index, on_gone, &gone), 0);
	for (unsigned i = 0; i < 10 && !gone; i++) {
		for (uint32_t q = 0; q < w->dp->params.n_workers; q++)
			pw_qsbr_quiescent(w->qsbr, q); /* not a turn: the worker may be asleep */
		pw_dp_poll(w->dp);
	}
	assert_true(gone);
}

static void make(struct world *w, uint32_t workers, const struct pw_port_ops *ops)
{
	world_make(w, workers);
	world_bridge(w, 0, 0);
	for (uint16_t p = 1; p <= PORTS; p++)
		add_port(w, p, ops);
}

static void end(struct world *w)
{
	for (uint16_t p = 1; p <= PORTS; p++)
		close(tellers[p].fd);
	for (uint16_t p = 1; p <= PORTS; p++)
		(void)world_tx_drain(w, p);
	world_free(w);
}

/* A flooded frame arrives at every other port. */
static void receive_at(struct world *w, uint16_t index)
{
	uint8_t frame[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, (uint8_t)index, 0x88, 0xb5};

	world_rx(w, index, frame, sizeof(frame));
	assert_int_equal(eventfd_write(tellers[index].fd, 1), 0);
}

static unsigned polled_in_all(void)
{
	unsigned n = 0;

	for (uint16_t p = 1; p <= PORTS; p++)
		n += tellers[p].polled;
	return n;
}

static void only_those_that_have_something_are_read(void **state)
{
	struct world w;

	make(&w, 1, &exact_ops);
	assert_false(world_turn(&w));
	assert_int_equal(polled_in_all(), 0);
	receive_at(&w, 5);
	assert_true(world_turn(&w));
	assert_int_equal(polled_in_all(), 1);
	assert_int_equal(tellers[5].polled, 1);
	assert_int_equal(world_tx_drain(&w, 1), 1);
	assert_false(world_turn(&w));
	assert_int_equal(polled_in_all(), 1);
	for (uint16_t p = 1; p <= PORTS; p++)
		receive_at(&w, p);
	world_run(&w);
	assert_int_equal(world_tx_drain(&w, 1), PORTS - 1);
	end(&w);
}

/* Whoever fills every batch does not keep the others out. */
static void busy_queues_take_turns(void **state)
{
	struct world w;
	unsigned turns = 0;

	make(&w, 1, &exact_ops);
	for (uint16_t p = 1; p <= PORTS; p++) {
		for (unsigned i = 0; i < QUEUE_MAX; i++)
			receive_at(&w, p);
	}
	for (bool all = false; !all && turns < PORTS; turns++) {
		for (uint16_t p = 1; p <= PORTS; p++) { /* level: it stays readable */
			if (w.ports[p].n_rx > 0)
				assert_int_equal(eventfd_write(tellers[p].fd, 1), 0);
		}
		(void)world_turn(&w);
		for (uint16_t p = 1; p <= PORTS; p++)
			(void)world_tx_drain(&w, p);
		all = true;
		for (uint16_t p = 1; p <= PORTS; p++)
			all &= tellers[p].polled > 0;
	}
	assert_true(turns <= PORTS / 2);
	for (uint16_t p = 1; p <= PORTS; p++) {
		while (w.ports[p].n_rx > 0)
			rte_pktmbuf_free(w.ports[p].rx[--w.ports[p].n_rx]);
	}
	end(&w);
}

/* The next port has the same index, and its descriptor the same number. */
static void a_port_comes_after_another(void **state)
{
	struct world w;

	make(&w, 1, &exact_ops);
	assert_false(world_turn(&w));
	for (unsigned i = 0; i < 3; i++) {
		int before = tellers[3].fd;

		del_port(&w, 3);
		add_port(&w, 3, &exact_ops);
		assert_int_equal(tellers[3].fd, before);
		receive_at(&w, 3);
		assert_true(world_turn(&w));
		assert_int_equal(tellers[3].polled, 1);
	}
	end(&w);
}

/* It was closed while the worker slept, but another process holds it, and it is readable. */
static void a_closed_one_that_lives_on(void **state)
{
	struct world w;
	int held;

	make(&w, 1, &exact_ops);
	assert_false(world_turn(&w));
	held = dup(tellers[3].fd);
	assert_int_equal(eventfd_write(held, 1), 0);
	del_port(&w, 3);
	add_port(&w, 3, &exact_ops);
	receive_at(&w, 6);
	world_run(&w);
	assert_int_equal(world_tx_drain(&w, 1), 1);
	assert_int_equal(tellers[3].polled, 0);
	receive_at(&w, 3);
	world_run(&w);
	assert_int_equal(world_tx_drain(&w, 1), 1);
	close(held);
	end(&w);
}

static void a_queue_moves(void **state)
{
	struct world w;
	uint32_t to;

	make(&w, 2, &exact_ops);
	(void)world_turn(&w);
	to = 1 - (uint32_t)pw_dp_port_worker(w.dp, 4, 0);
	assert_int_equal(pw_dp_port_move(w.dp, 4, -1, to, NULL, NULL), 0);
	for (unsigned i = 0; i < 12; i++) {
		receive_at(&w, 4);
		world_run(&w);
	}
	assert_int_equal(pw_dp_port_worker(w.dp, 4, 0), to);
	assert_int_equal(world_tx_drain(&w, 1), 12);
	end(&w);
}

static struct worker *asleep_soon(struct world *w)
{
	struct worker *worker = w->dp->workers[0];

	w->dp->params.idle = PW_DP_IDLE_ADAPTIVE;
	worker->idle_since_tsc = 1;
	worker->next_age_tsc = UINT64_MAX;
	return worker;
}

static bool turn(struct worker *w)
{
	bool busy = worker_turn(w);

	if (busy)
		worker_busy(w);
	else
		worker_idle(w);
	return busy;
}

/* Armed before it sleeps, with one more look in between; disarmed when there is something. */
static void ports_are_told_of_sleep(void **state)
{
	struct world w;
	struct worker *worker;

	make(&w, 1, &armed_ops);
	worker = asleep_soon(&w);
	assert_false(turn(worker));
	assert_true(worker->armed);
	assert_int_equal(tellers[2].armed, 1);
	assert_int_equal(worker->counters.sleeps, 0);
	receive_at(&w, 2); /* in between */
	assert_true(turn(worker));
	assert_false(worker->armed);
	assert_int_equal(worker->counters.sleeps, 0);

	worker = asleep_soon(&w);
	assert_false(turn(worker));
	assert_int_equal(tellers[2].armed, 2);
	assert_false(turn(worker)); /* sleeps 100 ms: nothing comes */
	assert_int_equal(worker->counters.sleeps, 1);
	assert_true(worker->armed); /* and sleeps on */
	assert_int_equal(eventfd_write(tellers[7].fd, 1), 0);
	worker_idle(worker);
	assert_int_equal(worker->counters.sleeps, 2);
	assert_false(worker->armed);
	assert_false(turn(worker)); /* it was nothing: once more from the start */
	assert_true(worker->armed);
	end(&w);
}

static void a_new_port_is_armed(void **state)
{
	struct world w;
	struct worker *worker;

	make(&w, 1, &armed_ops);
	worker = asleep_soon(&w);
	assert_false(turn(worker));
	assert_true(worker->armed);
	add_port(&w, PORTS + 1, &armed_ops);
	assert_false(turn(worker)); /* follows the view, arms again */
	assert_true(worker->armed);
	assert_int_equal(tellers[PORTS + 1].armed, 1);
	assert_int_equal(tellers[1].armed, 2);
	close(tellers[PORTS + 1].fd);
	end(&w);
}

/* An interface that was deleted is readable for ever: it must not keep the worker awake. */
static void a_dead_port_is_left_alone(void **state)
{
	struct world w;
	struct worker *worker;
	struct pollfd pfd;

	make(&w, 1, &exact_ops);
	worker = asleep_soon(&w);
	(void)turn(worker);
	tellers[3].dead = true;
	assert_int_equal(eventfd_write(dup(tellers[3].fd), 1), 0);
	worker->woken = true;
	(void)turn(worker);
	assert_int_equal(eventfd_write(tellers[3].fd, 1), 0);
	pfd = (struct pollfd){.fd = worker->watch.all_fd, .events = POLLIN};
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_true(worker->watch.complete);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_those_that_have_something_are_read),
		cmocka_unit_test(busy_queues_take_turns),
		cmocka_unit_test(a_port_comes_after_another),
		cmocka_unit_test(a_closed_one_that_lives_on),
		cmocka_unit_test(a_queue_moves),
		cmocka_unit_test(ports_are_told_of_sleep),
		cmocka_unit_test(a_new_port_is_armed),
		cmocka_unit_test(a_dead_port_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
