/* SPDX-License-Identifier: BSD-3-Clause */
/* Packet sockets on a veth pair in a private network namespace; without root nothing of it. */
#include "net_test.h"

#include <poll.h>

#define READ_MAX (PW_PORT_BURST * 100)

static struct pw_err err;
static struct rte_mbuf *pkts[READ_MAX];

static const struct frame_spec udp = {.version = 4, .proto = IPPROTO_UDP, .payload = 100};
static const struct frame_spec tcp = {.version = 4, .proto = IPPROTO_TCP, .payload = 60000};
static const struct virtio_net_hdr no_hdr;

static struct pw_port *open_port(const char *interface, uint16_t mtu, uint16_t n_queues)
{
	struct pw_port_conf conf = {.name = "under-test",
		.type = PW_PORT_AF_PACKET,
		.mtu = mtu,
		.n_queues = n_queues,
		.interface = interface,
		.fd = -1};

	return pw_port_open(&test_env, &conf, &err);
}

static struct pw_port *must_open(const char *interface, uint16_t n_queues)
{
	struct pw_port *port = open_port(interface, 1500, n_queues);

	if (port == NULL)
		fail_msg("%s", err.msg);
	wait_state(port, PW_PORT_UP);
	return port;
}

static void wrong_interfaces_are_refused(void **state)
{
	assert_null(open_port("a/b", 1500, 1));
	assert_non_null(strstr(err.msg, "is no interface name"));
	assert_null(open_port("none0", 1500, 1));
	assert_int_equal(err.code, -ENODEV);
	assert_non_null(strstr(err.msg, "network namespace"));
	assert_null(open_port("lo", 1500, 1));
	assert_non_null(strstr(err.msg, "no Ethernet"));
	if (!make_veth(""))
		return;
	assert_null(open_port("v0", 1501, 1));
	assert_non_null(strstr(err.msg, "ip link set v0 mtu 1501"));
	assert_int_equal(pool_in_use(), 0);
}

/* A frame of 60 KB goes out and comes in whole, its checksum as open as before. */
static void large_frames_stay_whole(void **state)
{
	struct rte_mbuf *m;
	struct pw_tx_result r;
	struct pw_port *a, *b;
	uint16_t bad = 0, n = 0;

	if (!make_veth(""))
		return;
	a = must_open("v0", 1);
	b = must_open("v1", 1);
	assert_int_equal(pw_port_state(a), PW_PORT_UP);
	/* The queue discipline comes after the carrier; until then frames are lost in silence. */
	for (unsigned tries = 0; tries < 100 && n == 0; tries++) {
		m = make_partial(&tcp, 1448);
		pw_port_tx_burst(a, 0, &m, 1, &r);
		usleep(100);
		n = pw_port_rx_burst(b, 0, pkts, 1, &bad);
	}
	assert_int_equal(r.sent, 1);
	assert_int_equal(n, 1);
	assert_int_equal(pkts[0]->pkt_len, 54 + tcp.payload);
	assert_true(pw_mbuf_is_gso(pkts[0]) && pw_mbuf_is_partial(pkts[0]));
	assert_int_equal(pkts[0]->tso_segsz, 1448);
	rte_pktmbuf_free(pkts[0]);
	assert_int_equal(read_all(a, pkts, &bad), 0); /* not its own */
	pw_port_close(a);
	pw_port_close(b);
	assert_int_equal(pool_in_use(), 0);
}

/* The kernel takes the tag out before packet sockets see the frame. */
static void vlan_tag_comes_back(void **state)
{
	static const struct frame_spec tagged = {
		.version = 4, .proto = IPPROTO_UDP, .payload = 100, .vlans = 2};
	static uint8_t want[256];
	struct virtio_net_hdr hdr = {VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 0, 0, 42, 6};
	unsigned len = put_frame(want, &tagged);
	struct pw_port *port;

	if (!make_veth(""))
		return;
	port = must_open("v0", 1);
	kernel_sends("v1", &hdr, want, len);
	assert_int_equal(read_some(port, 0, pkts, 1), 1);
	assert_int_equal(pkts[0]->pkt_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(pkts[0], void *), want, len);
	assert_true(pw_mbuf_is_partial(pkts[0]));
	assert_int_equal(pkts[0]->l2_len, 22);
	rte_pktmbuf_free(pkts[0]);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

/* What the node itself sends by the interface: with a fanout group it is another code path. */
static void outgoing_frames_are_ignored(void **state)
{
	uint8_t frame[256];
	unsigned len = put_frame(frame, &udp);

	for (uint16_t n_queues = 1; n_queues <= 2; n_queues++) {
		struct pw_port *port;
		uint16_t bad = 0;

		if (!make_veth(""))
			return;
		port = must_open("v0", n_queues);
		kernel_sends("v0", &no_hdr, frame, len);
		assert_int_equal(read_all(port, pkts, &bad), 0);
		pw_port_close(port);
	}
	assert_int_equal(pool_in_use(), 0);
}

/* Every flow comes once, by one queue, and not all by the same. */
static void queues_share_the_flows(void **state)
{
	unsigned per_queue[4] = {0}, total = 0;
	uint8_t frame[256];
	unsigned len = put_frame(frame, &udp);
	struct pw_port *port;
	uint16_t bad = 0;

	if (!make_veth(""))
		return;
	port = must_open("v0", 4);
	assert_int_equal(port->n_rxq, 4);
	for (unsigned i = 0; i < 64; i++) {
		put16(frame + 34, 1000 + i);
		kernel_sends("v1", &no_hdr, frame, len);
	}
	for (unsigned tries = 0; tries < 100 && total < 64; tries++) {
		for (uint16_t q = 0; q < 4; q++) {
			uint16_t n = pw_port_rx_burst(port, q, pkts, PW_PORT_BURST, &bad);

			per_queue[q] += n;
			total += n;
			rte_pktmbuf_free_bulk(pkts, n);
		}
		usleep(100);
	}
	assert_int_equal(read_all(port, pkts, &bad), 0); /* none twice */
	print_message("%u %u %u %u\n", per_queue[0], per_queue[1], per_queue[2], per_queue[3]);
	assert_int_equal(total, 64);
	for (unsigned q = 0; q < 4; q++)
		assert_true(per_queue[q] < 64);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

/* More than the socket holds: the kernel counts, we tell. */
static void overflow_is_counted(void **state)
{
	struct pw_port_dev_stats first, second;
	struct pw_port *port;
	uint8_t frame[1500];
	int sock, small = 1;

	if (!make_veth(""))
		return;
	port = must_open("v0", 1);
	sock = port->ops->wait_fd(port, 0);
	assert_int_equal(setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (unsigned i = 0; i < 20; i++)
		kernel_sends("v1", &no_hdr, frame, put_frame(frame, &udp));
	port->ops->dev_stats(port, &first);
	assert_in_range(first.rx_missed, 10, 20);
	port->ops->dev_stats(port, &second);
	assert_int_equal(second.rx_missed, first.rx_missed);
	pw_port_close(port);
}

static void send_one(struct pw_port *port, struct pw_tx_result *result)
{
	struct rte_mbuf *m = make_partial(&udp, 0);

	pw_port_tx_burst(port, 0, &m, 1, result);
}

static void interface_goes_away(void **state)
{
	struct pw_port_dev_stats stats;
	struct pollfd pfd = {.events = POLLIN};
	struct pw_tx_result r;
	struct pw_port *port;
	uint16_t bad = 0;

	if (!make_veth(""))
		return;
	port = must_open("v0", 1);
	set_link("v0", false);
	send_one(port, &r);
	assert_int_equal(r.down, 1);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN);
	set_link("v0", true);
	wait_state(port, PW_PORT_UP);
	set_link("v1", false); /* no carrier */
	wait_state(port, PW_PORT_DOWN);
	set_link("v1", true);
	wait_state(port, PW_PORT_UP);
	for (unsigned i = 0; i < 1000 && r.sent == 0; i++) {
		usleep(1000); /* the queue discipline comes a little later than the carrier */
		send_one(port, &r);
	}
	assert_int_equal(r.sent, 1);
	pfd.fd = port->ops->wait_fd(port, 0);
	assert_int_equal(system("ip link del v0"), 0);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(read_all(port, pkts, &bad), 0);
	send_one(port, &r);
	assert_int_equal(r.down, 1);
	assert_int_equal(poll(&pfd, 1, 0), 0); /* wakes nobody any more */
	port->ops->poll_state(port);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN);
	port->ops->dev_stats(port, &stats);
	assert_in_range(stats.rx_errors, 1, 4); /* asked no more */
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static int flags_of(const char *name)
{
	struct ifreq ifr = {0};
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(sock, SIOCGIFFLAGS, &ifr), 0);
	close(sock);
	return ifr.ifr_flags;
}

/* IFF_PROMISC is not shown for memberships: /sys or rtnetlink's IFLA_PROMISCUITY is. */
static void interface_is_left_as_it_was(void **state)
{
	struct pw_port *port;
	int before;

	if (!make_veth(""))
		return;
	before = flags_of("v0");
	port = must_open("v0", 2);
	assert_int_equal(system("ip -d link show v0 | grep -q 'promiscuity 1'"), 0);
	pw_port_close(port);
	assert_int_equal(system("ip -d link show v0 | grep -q 'promiscuity 0'"), 0);
	assert_int_equal(flags_of("v0"), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_interfaces_are_refused),
		cmocka_unit_test(large_frames_stay_whole),
		cmocka_unit_test(vlan_tag_comes_back),
		cmocka_unit_test(outgoing_frames_are_ignored),
		cmocka_unit_test(queues_share_the_flows),
		cmocka_unit_test(overflow_is_counted),
		cmocka_unit_test(interface_goes_away),
		cmocka_unit_test(interface_is_left_as_it_was),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
