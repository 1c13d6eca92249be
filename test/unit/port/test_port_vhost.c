/* SPDX-License-Identifier: BSD-3-Clause */
/* Our vhost-user server, and as its peer DPDK's virtio-user driver in the same process. */
#include "port_test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "pw_clock.h"

static char folder[64], path[96];
static struct pw_err err;

static struct pw_port *open_vhost(const char *socket_path, uint16_t queues)
{
	struct pw_port_conf conf = {.name = "vm",
		.type = PW_PORT_VHOST_USER,
		.index = 7,
		.mtu = 1500,
		.n_queues = queues,
		.socket = {.path = socket_path, .uid = PW_PORT_ID_KEEP, .gid = PW_PORT_ID_KEEP},
		.fd = -1};

	return pw_port_open(&test_env, &conf, &err);
}

static struct pw_port *open_peer_named(const char *name, unsigned queues)
{
	char device[192];
	struct pw_port_conf conf = {.name = "peer",
		.type = PW_PORT_ETHDEV,
		.mtu = 1500,
		.n_queues = (uint16_t)queues,
		.device = device,
		.fd = -1};

	snprintf(device, sizeof(device), "%s,path=%s,queues=%u,queue_size=256,mrg_rxbuf=1", name,
		path, queues);
	return pw_port_open(&test_env, &conf, &err);
}

static struct pw_port *open_peer(unsigned queues)
{
	return open_peer_named("net_virtio_user0", queues);
}

static bool reaches_state(struct pw_port *port, enum pw_port_state state)
{
	uint64_t end = pw_clock_now_ns(pw_clock_boot()) + 5 * PW_NS_PER_SEC;

	while (pw_port_state(port) != state) {
		if (pw_clock_now_ns(pw_clock_boot()) > end)
			return false;
		usleep(1000);
	}
	return true;
}

static int make_folder(void **state)
{
	if (start_eal(state) < 0)
		return -1;
	signal(SIGPIPE, SIG_IGN); /* virtio-user writes to a server that has gone */
	strcpy(folder, "/tmp/pw_vhost_XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/pods/vm.sock", folder);
	return 0;
}

/* One port for all: librte_vhost looks at a new socket up to a second after it was made. */
static int open_shared(void **state)
{
	*state = open_vhost(path, 4);
	return *state != NULL ? 0 : -1;
}

static int remove_folder(void)
{
	char cmd[96];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", folder);
	return system(cmd);
}

static void socket_file(void **state)
{
	struct pw_port *port = open_vhost(path, 1);
	struct rte_mbuf *m;
	struct pw_tx_result r;
	struct stat st;
	uint16_t bad = 0;

	if (port == NULL)
		fail_msg("%s", err.msg);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN);
	assert_int_equal(pw_port_rx_burst(port, 0, &m, 1, &bad), 0);
	m = make_frame(&(struct frame_spec){.version = 4, .proto = IPPROTO_UDP, .payload = 10});
	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.down, 1);
	assert_null(open_vhost(path, 1)); /* we answer ourselves */
	assert_int_equal(err.code, -EADDRINUSE);
	pw_port_close(port);
	assert_int_equal(stat(path, &st), -1);
}

static void stale_file_is_removed(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);
	struct pw_port *port;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(sock, 1), 0);
	assert_null(open_vhost(path, 1));
	assert_non_null(strstr(err.msg, "another process answers"));
	close(sock);
	port = open_vhost(path, 1);
	assert_non_null(port);
	pw_port_close(port);
}

static void bad_paths(void **state)
{
	char text[256];
	int fd;

	assert_null(open_vhost("relative.sock", 1));
	assert_null(open_vhost(NULL, 1));
	snprintf(text, sizeof(text), "%s/%0150d", folder, 1);
	assert_null(open_vhost(text, 1));
	assert_int_equal(err.code, -ENAMETOOLONG);
	snprintf(text, sizeof(text), "%s/file", folder);
	fd = open(text, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_null(open_vhost(text, 1));
	assert_non_null(strstr(err.msg, "is no socket"));
}

static uint16_t receive(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts)
{
	uint16_t bad = 0, n = 0;

	for (unsigned i = 0; i < 1000 && n == 0; i++) {
		n = pw_port_rx_burst(port, queue, pkts, PW_PORT_BURST, &bad);
		if (n == 0)
			usleep(1000);
	}
	assert_int_equal(bad, 0);
	return n;
}

/* One frame of the kind across, in a state that says the same. */
static void cross(
	struct pw_port *from, struct pw_port *to, const struct frame_spec *s, unsigned segsz)
{
	struct rte_mbuf *pkts[PW_PORT_BURST] = {make_partial(s, segsz)};
	struct pw_tx_result r;
	uint16_t n;

	pw_port_tx_burst(from, 0, pkts, 1, &r);
	assert_int_equal(r.sent, 1);
	n = receive(to, 0, pkts);
	assert_true(n >= 1);
	if (segsz && n == 1) {
		assert_true(pw_mbuf_is_gso(pkts[0]));
		assert_int_equal(pkts[0]->tso_segsz, segsz);
	}
	for (uint16_t i = 0; i < n; i++) {
		struct frame_spec part = *s;

		part.payload =
			pkts[i]->pkt_len - (frame_l2_len(s) + frame_l3_len(s) + frame_l4_len(s));
		if (pw_mbuf_is_partial(pkts[i])) {
			assert_int_equal(pkts[i]->l2_len, frame_l2_len(s));
			assert_int_equal(pkts[i]->l3_len, frame_l3_len(s));
			assert_int_equal(pkts[i]->l4_len, frame_l4_len(s));
			pkts[i]->ol_flags &=
				~RTE_MBUF_F_RX_LRO; /* as one frame: is the sum right? */
			if (segsz == 0)
				assert_int_equal(pw_csum_finish_packet(pkts[i]), 0);
		}
		if (!segsz || n > 1)
			assert_full_checksum(pkts[i], &part);
	}
	rte_pktmbuf_free_bulk(pkts, n);
}

static const struct frame_spec kinds[] = {
	{.version = 4, .proto = IPPROTO_TCP, .payload = 500},
	{.version = 4, .proto = IPPROTO_UDP, .payload = 1},
	{.version = 6, .proto = IPPROTO_TCP, .payload = 501},
	{.version = 6, .proto = IPPROTO_UDP, .payload = 1000, .vlans = 1},
};

static void frames_cross(void **state)
{
	static const struct frame_spec big = {.version = 4, .proto = IPPROTO_TCP, .payload = 20000};
	struct pw_port *port = *state, *peer = open_peer(1);

	if (peer == NULL)
		fail_msg("%s", err.msg);
	assert_true(reaches_state(port, PW_PORT_UP));
	print_message("caps: port %#x, peer %#x\n", port->caps, peer->caps);
	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++) {
		cross(port, peer, &kinds[i], 0);
		cross(peer, port, &kinds[i], 0);
	}
	cross(peer, port, &big, 1400);
	cross(port, peer, &big, 1400);
	pw_port_close(peer);
	assert_true(reaches_state(port, PW_PORT_DOWN));
	assert_int_equal(pool_in_use(), 0);
}

static void peer_comes_again(void **state)
{
	struct pw_port *port = *state, *peer;

	for (unsigned i = 0; i < 3; i++) {
		peer = open_peer(1);
		if (peer == NULL)
			fail_msg("%s", err.msg);
		assert_true(reaches_state(port, PW_PORT_UP));
		cross(port, peer, &kinds[0], 0);
		pw_port_close(peer);
		assert_true(reaches_state(port, PW_PORT_DOWN));
	}
	assert_int_equal(pool_in_use(), 0);
}

/* Within a second. */
static bool is_told(struct pw_port *port, uint16_t queue)
{
	struct pollfd pfd = {.fd = port->ops->wait_fd(port, queue), .events = POLLIN};

	return poll(&pfd, 1, 1000) == 1;
}

static bool is_quiet(struct pw_port *port, uint16_t queue)
{
	struct pollfd pfd = {.fd = port->ops->wait_fd(port, queue), .events = POLLIN};

	return poll(&pfd, 1, 20) == 0;
}

static void send_one(struct pw_port *port)
{
	struct rte_mbuf *m = make_frame(&kinds[0]);
	struct pw_tx_result r;

	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.sent, 1);
}

static void take_one(struct pw_port *port)
{
	struct rte_mbuf *pkts[PW_PORT_BURST];
	uint16_t n = receive(port, 0, pkts);

	assert_int_equal(n, 1);
	rte_pktmbuf_free_bulk(pkts, n);
}

/* The guest kicks while we wait and not while we poll; peers that come and go wake us, too. */
static void guest_wakes_us(void **state)
{
	struct pw_port *port = *state, *peer;

	for (unsigned i = 0; i < 2; i++) {
		peer = open_peer(1);
		assert_non_null(peer);
		assert_true(reaches_state(port, PW_PORT_UP));
		assert_true(is_told(port, 0)); /* there is somebody */
		assert_true(port->ops->arm(port, 0));
		port->ops->disarm(port, 0);
		send_one(peer);
		assert_true(is_quiet(port, 0));
		take_one(port);
		for (unsigned round = 0; round < 3; round++) {
			assert_true(port->ops->arm(port, 0));
			assert_true(is_quiet(port, 0));
			send_one(peer);
			assert_true(is_told(port, 0));
			port->ops->disarm(port, 0);
			take_one(port);
		}
		assert_true(port->ops->arm(port, 0));
		pw_port_close(peer);
		assert_true(is_told(port, 0)); /* nobody any more */
		assert_true(reaches_state(port, PW_PORT_DOWN));
		assert_true(port->ops->arm(port, 0));
		assert_true(is_quiet(port, 0));
	}
	assert_int_equal(pool_in_use(), 0);
}

static void we_go_first(void **state)
{
	struct pw_port *port = *state, *peer = open_peer(1);

	assert_true(reaches_state(port, PW_PORT_UP));
	pw_port_close(port);
	pw_port_close(peer);
	assert_int_equal(pool_in_use(), 0);
}

static uint16_t receive_any(struct pw_port *port, uint16_t n_queues, struct rte_mbuf **pkts)
{
	uint16_t bad = 0, n = 0;

	for (unsigned i = 0; i < 1000 && n == 0; i++, usleep(100)) {
		for (uint16_t q = 0; q < n_queues; q++)
			n += pw_port_rx_burst(port, q, pkts + n, 1, &bad);
	}
	return n;
}

/* No frame is lost on queues the peer has no ring for, or has not enabled yet. */
static void fewer_rings_than_queues(void **state)
{
	struct pw_port *port = *state, *peer = open_peer(2);
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_tx_result r;
	uint16_t n;

	assert_non_null(peer);
	assert_true(reaches_state(port, PW_PORT_UP));
	assert_int_equal(port->n_rxq, 4);
	for (uint16_t q = 0; q < 4; q++) {
		pkts[0] = make_frame(&kinds[0]);
		pw_port_tx_burst(port, q, pkts, 1, &r);
		assert_int_equal(r.sent, 1);
		n = receive_any(peer, 2, pkts);
		assert_int_equal(n, 1);
		rte_pktmbuf_free_bulk(pkts, n);
	}
	pkts[0] = make_frame(&kinds[0]);
	pw_port_tx_burst(peer, 1, pkts, 1, &r);
	n = receive(port, 1, pkts);
	assert_int_equal(n, 1);
	assert_int_equal(pkts[0]->port, 7);
	rte_pktmbuf_free_bulk(pkts, n);
	pw_port_close(peer);
	assert_int_equal(pool_in_use(), 0);
}

/* A guest that enables more queue pairs than the port has is read completely, and fairly. */
static void more_rings_than_queues(void **state)
{
	struct pw_port *port = open_vhost(path, 1), *peer;
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_tx_result r;

	assert_non_null(port);
	peer = open_peer(4);
	assert_non_null(peer);
	assert_true(reaches_state(port, PW_PORT_UP));
	for (uint16_t q = 0; q < 4; q++) {
		pkts[0] = make_frame(&kinds[0]);
		pw_port_tx_burst(peer, q, pkts, 1, &r);
		assert_int_equal(receive(port, 0, pkts), 1);
		rte_pktmbuf_free(pkts[0]);
	}
	pw_port_close(peer);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static int dial(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(connect(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return sock;
}

/* A peer that says half a message holds the thread of all ports for a moment, not for ever. */
static void half_a_message(void **state)
{
	const uint32_t half[3] = {5 /* SET_MEM_TABLE */, 1, 200 /* bytes, which never come */};
	struct pw_port *port = *state, *peer;
	int sock = dial(), probe;
	char byte;

	assert_int_equal(write(sock, half, sizeof(half)), sizeof(half));
	assert_int_equal(read(sock, &byte, 1), 0); /* thrown out */
	close(sock);
	peer = open_peer(1);
	assert_non_null(peer);
	assert_true(reaches_state(port, PW_PORT_UP));
	probe = dial(); /* a connection alone disturbs nobody */
	usleep(10000);
	cross(port, peer, &kinds[0], 0);
	close(probe);
	usleep(10000);
	cross(port, peer, &kinds[0], 0);
	pw_port_close(peer);
	assert_true(reaches_state(port, PW_PORT_DOWN));
}

/* A peer that restarts may be back before its old connection ends. */
static void newest_peer_is_served(void **state)
{
	struct pw_port *port = *state, *old = open_peer(1), *new;

	assert_true(reaches_state(port, PW_PORT_UP));
	new = open_peer_named("net_virtio_user1", 1);
	assert_non_null(new);
	cross(port, new, &kinds[0], 0);
	pw_port_close(old); /* nobody misses it */
	usleep(10000);
	assert_int_equal(pw_port_state(port), PW_PORT_UP);
	cross(new, port, &kinds[0], 0);
	pw_port_close(new);
	assert_true(reaches_state(port, PW_PORT_DOWN));
	assert_int_equal(pool_in_use(), 0);
}

int main(void)
{
	const struct CMUnitTest files[] = {
		cmocka_unit_test(socket_file),
		cmocka_unit_test(stale_file_is_removed),
		cmocka_unit_test(bad_paths),
	};
	const struct CMUnitTest alone[] = {
		cmocka_unit_test(more_rings_than_queues),
	};
	const struct CMUnitTest peers[] = {
		cmocka_unit_test(frames_cross),
		cmocka_unit_test(peer_comes_again),
		cmocka_unit_test(guest_wakes_us),
		cmocka_unit_test(fewer_rings_than_queues),
		cmocka_unit_test(half_a_message),
		cmocka_unit_test(newest_peer_is_served),
		cmocka_unit_test(we_go_first),
	};
	int failed = cmocka_run_group_tests(files, make_folder, NULL);

	failed += cmocka_run_group_tests(alone, NULL, NULL);
	failed += cmocka_run_group_tests(peers, open_shared, NULL);
	return failed + remove_folder();
}
