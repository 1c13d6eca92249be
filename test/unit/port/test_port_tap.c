/* SPDX-License-Identifier: BSD-3-Clause */
/* Real TAPs in private network namespaces; without root only the parts that need none. */
#include "net_test.h"

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <pthread.h>

#define STREAM_BYTES (32u << 20)
#define STREAM_PORT  7000

static struct pw_err err;

static struct pw_port_conf tap_conf(const char *interface, int fd)
{
	struct pw_port_conf conf = {.name = "tap-under-test",
		.type = PW_PORT_TAP,
		.mtu = 1500,
		.n_queues = 4,
		.interface = interface,
		.fd = fd};

	return conf;
}

static struct pw_port *open_tap(const struct pw_port_env *env, const char *interface, int fd)
{
	struct pw_port_conf conf = tap_conf(interface, fd);

	return pw_port_open(env, &conf, &err);
}

/* A TAP fd as the CNI plugin makes it. */
static int make_tap(const char *name, short flags)
{
	struct ifreq ifr = {.ifr_flags = flags};
	int fd = open("/dev/net/tun", O_RDWR);

	assert_true(fd >= 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static void set_address(const char *name, const char *address)
{
	struct ifreq ifr = {0};
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr.ifr_addr;
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	sin->sin_family = AF_INET;
	inet_pton(AF_INET, address, &sin->sin_addr);
	assert_int_equal(ioctl(sock, SIOCSIFADDR, &ifr), 0);
	inet_pton(AF_INET, "255.255.255.0", &sin->sin_addr);
	assert_int_equal(ioctl(sock, SIOCSIFNETMASK, &ifr), 0);
	close(sock);
}

static void wrong_fds_are_refused(void **state)
{
	static const struct {
		short flags;
		const char *message;
	} wrong[] = {
		{IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, "IFF_TAP"},
		{IFF_TAP | IFF_NO_PI, "IFF_VNET_HDR"},
	};
	int fd = open("/dev/null", O_RDWR);

	assert_null(open_tap(&test_env, NULL, fd));
	assert_non_null(strstr(err.msg, "is not a TAP"));
	close(fd);
	assert_null(open_tap(&test_env, "a/b", -1));
	assert_non_null(strstr(err.msg, "is no interface name"));
	if (!need_root())
		return;
	fd = open("/dev/net/tun", O_RDWR);
	assert_null(open_tap(&test_env, NULL, fd));
	assert_non_null(strstr(err.msg, "of no interface"));
	close(fd);
	for (size_t i = 0; i < PW_ARRAY_SIZE(wrong); i++) {
		fd = make_tap("wrong0", wrong[i].flags);
		assert_null(open_tap(&test_env, NULL, fd));
		assert_non_null(strstr(err.msg, wrong[i].message));
		assert_int_equal(fcntl(fd, F_GETFD) & ~FD_CLOEXEC, 0); /* still ours, still open */
		close(fd);
	}
	fd = make_tap("busy0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	assert_null(open_tap(&test_env, "busy0", -1));
	assert_int_equal(err.code, -EBUSY);
	assert_null(open_tap(&test_env, "lo", -1));
	assert_int_equal(err.code, -EINVAL);
	close(fd);
	assert_int_equal(pool_in_use(), 0);
}

static void made_interface_is_set_up(void **state)
{
	struct pw_port_conf conf = tap_conf("made0", -1);
	struct ifreq ifr = {0};
	struct pw_port *port;
	int sock;

	if (!need_root())
		return;
	conf.mtu = 9000;
	pw_mac_parse("02:00:00:00:00:09", &conf.peer_mac);
	port = pw_port_open(&test_env, &conf, &err);
	if (port == NULL)
		fail_msg("%s", err.msg);
	assert_int_equal(port->n_rxq, 1);
	assert_int_equal(pw_port_state(port), PW_PORT_UP);
	assert_true(pw_mac_equal(&port->peer_mac, &conf.peer_mac));
	assert_false(pw_mac_equal(&port->mac, &conf.peer_mac));
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "made0");
	assert_int_equal(ioctl(sock, SIOCGIFMTU, &ifr), 0);
	assert_int_equal(ifr.ifr_mtu, 9000);
	assert_int_equal(ioctl(sock, SIOCGIFHWADDR, &ifr), 0);
	assert_memory_equal(ifr.ifr_hwaddr.sa_data, conf.peer_mac.b, 6);
	pw_port_close(port);
	assert_int_equal(ioctl(sock, SIOCGIFMTU, &ifr), -1); /* gone with the port */
	close(sock);
	assert_int_equal(pool_in_use(), 0);
}

/* A pod may write its own vnet headers: only the bad frame is lost. */
static void crafted_headers(void **state)
{
	static const struct frame_spec tcp = {.version = 4, .proto = IPPROTO_TCP, .payload = 3000};
	struct rte_mbuf *pkts[PW_PORT_BURST * 8];
	struct virtio_net_hdr good, h;
	struct pw_port_dev_stats stats;
	static uint8_t frame[4096];
	unsigned len = put_frame(frame, &tcp);
	struct pw_port *port;
	uint16_t bad = 0, n;

	if (!need_root())
		return;
	be_silent();
	port = open_tap(&test_env, "craft0", -1);
	assert_non_null(port);
	good = (struct virtio_net_hdr){
		VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 54, 1400, 34, 16};
	kernel_sends("craft0", &good, frame, len);
	n = read_all(port, pkts, &bad);
	assert_int_equal(n, 1);
	assert_int_equal(bad, 0);
	assert_true(pw_mbuf_is_gso(pkts[0]));
	assert_int_equal(pkts[0]->tso_segsz, 1400);
	assert_int_equal(pkts[0]->port, port->index);
	rte_pktmbuf_free_bulk(pkts, n);

	h = good;
	h.gso_size = 1;
	kernel_sends("craft0", &h, frame, len);
	n = read_all(port, pkts, &bad);
	print_message("gso_size 1: %u frames, %u bad\n", n, bad);
	for (uint16_t i = 0; i < n; i++)
		assert_false(pw_mbuf_is_gso(pkts[i]) && pkts[i]->tso_segsz < 48);
	rte_pktmbuf_free_bulk(pkts, n);
	port->ops->dev_stats(port, &stats);
	assert_int_equal(stats.rx_bad_vnet_hdr, bad);

	kernel_sends("craft0", &good, frame, len); /* and on it goes */
	n = read_all(port, pkts, &bad);
	assert_int_equal(n, 1);
	rte_pktmbuf_free_bulk(pkts, n);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static void pool_runs_dry(void **state)
{
	static const struct virtio_net_hdr none;
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_UDP, .payload = 50};
	struct pw_port_env env = {.pool = pw_mempool_create(63, 2176, SOCKET_ID_ANY, &err)};
	struct rte_mbuf *pkts[128], *hoard[63];
	struct pw_port_dev_stats stats;
	static uint8_t frame[256];
	unsigned len = put_frame(frame, &s), held;
	struct pw_port *port;
	uint16_t bad = 0, n;

	if (!need_root())
		return;
	be_silent();
	port = open_tap(&env, "dry0", -1);
	assert_non_null(port);
	kernel_sends("dry0", &none, frame, len);
	n = read_all(port, pkts, &bad);
	assert_int_equal(n, 1);
	for (held = 0; (hoard[held] = rte_pktmbuf_alloc(env.pool)) != NULL; held++)
		;
	for (unsigned i = 0; i < 3; i++)
		kernel_sends("dry0", &none, frame, len);
	assert_int_equal(read_all(port, pkts + 1, &bad), 1); /* the chain that lay ready */
	port->ops->dev_stats(port, &stats);
	assert_true(stats.rx_alloc_failed > 0);
	rte_pktmbuf_free_bulk(hoard, held);
	assert_int_equal(read_all(port, pkts + 2, &bad), 2);
	assert_int_equal(bad, 0);
	rte_pktmbuf_free_bulk(pkts, 4);
	pw_port_close(port);
	assert_int_equal(rte_mempool_in_use_count(env.pool), 0);
	rte_mempool_free(env.pool);
}

static void too_small_buffers(void **state)
{
	struct pw_port_env env = {.pool = rte_pktmbuf_pool_create("small", 63, 0, 0, 640, 0)};

	assert_null(open_tap(&env, "small0", -1));
	assert_non_null(strstr(err.msg, "memory.mbuf_bytes"));
	rte_mempool_free(env.pool);
}

static void send_one(struct pw_port *port, struct pw_tx_result *result)
{
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_UDP, .payload = 50};
	struct rte_mbuf *m = make_partial(&s, 0);

	pw_port_tx_burst(port, 0, &m, 1, result);
}

static void link_down_and_up(void **state)
{
	struct pw_tx_result r;
	struct pw_port *port;

	if (!need_root())
		return;
	be_silent();
	port = open_tap(&test_env, "updown0", -1);
	assert_non_null(port);
	send_one(port, &r);
	assert_int_equal(r.sent, 1);
	set_link("updown0", false);
	send_one(port, &r);
	assert_int_equal(r.down, 1);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN);
	set_link("updown0", true);
	port->ops->poll_state(port);
	assert_int_equal(pw_port_state(port), PW_PORT_UP);
	set_link("updown0", false);
	port->ops->poll_state(port);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN);
	set_link("updown0", true);
	send_one(port, &r); /* found by the write, before anybody polls */
	assert_int_equal(r.sent, 1);
	assert_int_equal(pw_port_state(port), PW_PORT_UP);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

/* The namespace or the interface goes while we hold the descriptor. */
static void interface_goes_away(void **state)
{
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_port_dev_stats stats;
	struct pw_tx_result r;
	struct pw_port *port;
	uint16_t bad = 0;
	int fd;

	if (!need_root())
		return;
	fd = make_tap("gone0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	port = open_tap(&test_env, NULL, fd);
	assert_non_null(port);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN); /* nobody brought it up yet */
	assert_int_equal(port->ops->wait_fd(port, 0), fd);
	set_link("gone0", true);
	port->ops->poll_state(port);
	assert_int_equal(pw_port_state(port), PW_PORT_UP);
	assert_int_equal(system("ip link del gone0"), 0);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(pw_port_rx_burst(port, 0, pkts, PW_PORT_BURST, &bad), 0);
	send_one(port, &r);
	assert_int_equal(r.down, 1);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN);
	assert_int_equal(port->ops->wait_fd(port, 0), PW_PORT_SILENT);
	port->ops->poll_state(port);
	port->ops->dev_stats(port, &stats);
	assert_int_equal(stats.rx_errors, 1); /* asked once */
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

/* Kernel TCP through two TAPs that only we connect. */

struct stream {
	int netns[2]; /* client, server */
	volatile bool done, failed;
	uint64_t received;
};

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at ^ at >> 8 ^ at >> 16);
}

static struct sockaddr_in server_address(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(STREAM_PORT)};

	inet_pton(AF_INET, "10.99.0.2", &sin.sin_addr);
	return sin;
}

static void *serve(void *arg)
{
	struct stream *s = arg;
	static uint8_t buf[256 << 10];
	int conn, listener;
	ssize_t n;

	if (setns(s->netns[1], CLONE_NEWNET) < 0)
		abort();
	listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sin = server_address();

	if (bind(listener, (struct sockaddr *)&sin, sizeof(sin)) < 0 || listen(listener, 1) < 0)
		abort();
	conn = accept(listener, NULL, NULL);
	while ((n = read(conn, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			s->failed |= buf[i] != pattern(s->received + (uint64_t)i);
		s->received += (uint64_t)n;
	}
	close(conn);
	close(listener);
	s->done = true;
	return NULL;
}

static void *stream_out(void *arg)
{
	struct stream *s = arg;
	static uint8_t buf[256 << 10];
	struct sockaddr_in sin = server_address();
	int sock;

	if (setns(s->netns[0], CLONE_NEWNET) < 0)
		abort();
	do {
		sock = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(sock, (struct sockaddr *)&sin, sizeof(sin)) == 0)
			break;
		close(sock);
	} while (true);
	for (uint64_t at = 0; at < STREAM_BYTES; at += sizeof(buf)) {
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = pattern(at + i);
		for (size_t off = 0; off < sizeof(buf);) {
			ssize_t n = write(sock, buf + off, sizeof(buf) - off);

			if (n <= 0)
				abort();
			off += (size_t)n;
		}
	}
	close(sock);
	return NULL;
}

static struct pw_port *tap_in_new_netns(
	const struct pw_port_env *env, const char *address, int *netns)
{
	struct pw_port *port;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	be_silent();
	port = open_tap(env, "eth0", -1);
	assert_non_null(port);
	set_address("eth0", address);
	*netns = open("/proc/thread-self/ns/net", O_RDONLY);
	return port;
}

static void forward(struct pw_port *from, struct pw_port *to, uint32_t *largest, unsigned *n_gso)
{
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_tx_result result;
	uint16_t bad = 0, n = pw_port_rx_burst(from, 0, pkts, PW_PORT_BURST, &bad);

	assert_int_equal(bad, 0);
	for (uint16_t i = 0; i < n; i++) {
		*largest = PW_MAX(*largest, pkts[i]->pkt_len);
		*n_gso += pw_mbuf_is_gso(pkts[i]);
	}
	if (n > 0)
		pw_port_tx_burst(to, 0, pkts, n, &result);
}

static void run_stream(uint32_t to_caps, const struct pw_port_env *env, bool expect_large)
{
	struct stream s = {0};
	struct pw_port *client = tap_in_new_netns(env, "10.99.0.1", &s.netns[0]);
	struct pw_port *server = tap_in_new_netns(env, "10.99.0.2", &s.netns[1]);
	pthread_t threads[2];
	uint32_t largest = 0;
	unsigned n_gso = 0;

	server->caps &= to_caps;
	client->caps &= to_caps;
	assert_int_equal(pthread_create(&threads[1], NULL, serve, &s), 0);
	assert_int_equal(pthread_create(&threads[0], NULL, stream_out, &s), 0);
	while (!s.done) {
		forward(client, server, &largest, &n_gso);
		forward(server, client, &largest, &n_gso);
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	print_message("%u GSO frames, largest %u bytes\n", n_gso, largest);
	assert_false(s.failed);
	assert_int_equal(s.received, STREAM_BYTES);
	assert_true(!expect_large || largest > 60000);
	assert_true(n_gso > 0);
	pw_port_close(client);
	pw_port_close(server);
	close(s.netns[0]);
	close(s.netns[1]);
}

static void tcp_stream_as_it_is(void **state)
{
	if (!need_root())
		return;
	run_stream(~0u, &test_env, true);
	assert_int_equal(pool_in_use(), 0);
}

/* The same, but every frame is segmented and summed in software: kernel TCP judges our segments. */
static void tcp_stream_in_software(void **state)
{
	if (!need_root())
		return;
	run_stream(PW_PORT_CAP_TX_MULTI_SEG, &test_env, false);
	assert_int_equal(pool_in_use(), 0);
}

/* Big buffers that come and go: the chain steps in, and goes again. */
static void tcp_stream_with_few_big_buffers(void **state)
{
	struct pw_port_env env = {.pool = test_env.pool,
		.big_pool = pw_mempool_create(3, PW_BIG_DATA_ROOM, SOCKET_ID_ANY, &err)};

	if (!need_root())
		return;
	assert_non_null(env.big_pool);
	run_stream(~0u, &env, true);
	assert_int_equal(pool_in_use(), 0);
	assert_int_equal(rte_mempool_in_use_count(env.big_pool), 0);
	rte_mempool_free(env.big_pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_fds_are_refused),
		cmocka_unit_test(made_interface_is_set_up),
		cmocka_unit_test(crafted_headers),
		cmocka_unit_test(pool_runs_dry),
		cmocka_unit_test(too_small_buffers),
		cmocka_unit_test(link_down_and_up),
		cmocka_unit_test(interface_goes_away),
		cmocka_unit_test(tcp_stream_as_it_is),
		cmocka_unit_test(tcp_stream_in_software),
		cmocka_unit_test(tcp_stream_with_few_big_buffers),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
