/* SPDX-License-Identifier: BSD-3-Clause */
/* AF_XDP sockets on a veth pair in a private network namespace; without root nothing of it. */
#include "net_test.h"

#include <sys/resource.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static struct pw_err err;
static struct rte_mbuf *pkts[PW_PORT_BURST * 100];

static const struct frame_spec udp = {.version = 4, .proto = IPPROTO_UDP, .payload = 100};
static const struct frame_spec tcp = {.version = 4, .proto = IPPROTO_TCP, .payload = 60000};
static const struct virtio_net_hdr no_hdr;

static struct pw_port *open_port(const char *interface, uint16_t mtu, uint16_t n_queues)
{
	struct pw_port_conf conf = {.name = "under-test",
		.type = PW_PORT_AF_XDP,
		.mtu = mtu,
		.n_queues = n_queues,
		.interface = interface,
		.fd = -1};

	return pw_port_open(&test_env, &conf, &err);
}

static struct pw_port *must_open(const char *interface, uint16_t mtu, uint16_t n_queues)
{
	struct pw_port *port = open_port(interface, mtu, n_queues);

	if (port == NULL)
		fail_msg("%s", err.msg);
	wait_state(port, PW_PORT_UP);
	return port;
}

/* Who is at the other end. */
static struct pw_port *open_peer(void)
{
	struct pw_port_conf conf = {.name = "peer",
		.type = PW_PORT_AF_PACKET,
		.mtu = 1500,
		.n_queues = 1,
		.interface = "v1",
		.fd = -1};
	struct pw_port *port = pw_port_open(&test_env, &conf, &err);

	if (port == NULL)
		fail_msg("%s", err.msg);
	wait_state(port, PW_PORT_UP);
	return port;
}

static uint32_t program_on(const char *interface)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(interface), 0, &id), 0);
	return id;
}

static void wrong_settings_are_refused(void **state)
{
	assert_null(open_port("none0", 1500, 1));
	assert_int_equal(err.code, -ENODEV);
	assert_null(open_port("v0", 3507, 1));
	assert_non_null(strstr(err.msg, "3506 at most"));
	if (!make_veth("numrxqueues 4 numtxqueues 4"))
		return;
	assert_null(open_port("v0", 1500, 3));
	assert_non_null(strstr(err.msg, "queues: 4"));
	if (!make_veth("mtu 9000"))
		return;
	assert_null(open_port("v0", 1500, 1));
	assert_non_null(strstr(err.msg, "ip link set v0 mtu 3506"));
	assert_int_equal(system("ip link set v0 mtu 3506"), 0);
	assert_null(open_port("v0", 1500, 1));
	assert_non_null(strstr(err.msg, "other end"));
	assert_int_equal(program_on("v0"), 0);
	assert_int_equal(system("ip link add br0 type bridge"), 0);
	assert_null(open_port("br0", 1500, 1));
	assert_non_null(strstr(err.msg, "no native XDP"));
	assert_non_null(strstr(err.msg, "af_packet"));
	assert_int_equal(pool_in_use(), 0);
}

/* r0 = XDP_PASS; exit */
static int attach_another(const char *interface)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "another", "BSD", insns, 2, NULL);

	assert_true(fd >= 0);
	assert_int_equal(bpf_xdp_attach((int)if_nametoindex(interface), fd, 0, NULL), 0);
	return fd;
}

static void programs_of_others_stay(void **state)
{
	struct pw_port *port;
	uint32_t id;
	int fd;

	if (!make_veth(""))
		return;
	fd = attach_another("v0");
	id = program_on("v0");
	assert_null(open_port("v0", 1500, 1));
	assert_int_equal(err.code, -EBUSY);
	assert_non_null(strstr(err.msg, "another"));
	assert_non_null(strstr(err.msg, "ip link set v0 xdp off"));
	assert_int_equal(program_on("v0"), id);
	assert_int_equal(bpf_xdp_detach((int)if_nametoindex("v0"), 0, NULL), 0);
	port = must_open("v0", 1500, 1);
	assert_int_not_equal(program_on("v0"), 0);
	assert_true(bpf_xdp_attach((int)if_nametoindex("v0"), fd, 0, NULL) < 0); /* nor over ours */
	assert_null(open_port("v0", 1500, 1));                                   /* two of ours */
	assert_int_equal(err.code, -EBUSY);
	close(fd);
	pw_port_close(port);
	assert_int_equal(program_on("v0"), 0);
	assert_int_equal(system("ip -d link show v0 | grep -q 'promiscuity 0'"), 0);
}

static void frames_come_in(void **state)
{
	const struct virtio_net_hdr open = {VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 0, 0, 34, 6};
	static uint8_t frame[4096];
	struct frame_spec s = udp;
	struct pw_port *port;
	int sock;

	if (!make_veth(""))
		return;
	sock = open_sender("v1");
	port = must_open("v0", 1500, 1);
	for (unsigned round = 0; round < 200; round++) { /* rings go round */
		for (unsigned i = 0; i < 32; i++) {
			unsigned len;

			s.payload = 1 + (round * 32 + i) % 1472;
			len = put_frame(frame, &s);
			send_frame(sock, &open, frame, len);
		}
		assert_int_equal(read_some(port, 0, pkts, 32), 32);
		for (unsigned i = 0; i < 32; i++) {
			s.payload = 1 + (round * 32 + i) % 1472;
			assert_int_equal(pkts[i]->pkt_len, put_frame(frame, &s));
			assert_memory_equal(
				rte_pktmbuf_mtod(pkts[i], void *), frame, pkts[i]->pkt_len);
			assert_true(pw_mbuf_is_partial(pkts[i]));
			assert_int_equal(pkts[i]->port, port->index);
		}
		rte_pktmbuf_free_bulk(pkts, 32);
	}
	close(sock);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

/* Larger than an mbuf: a chain. */
static void large_mtu(void **state)
{
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_UDP, .payload = 3400};
	static uint8_t frame[4096], got[4096];
	unsigned len = put_frame(frame, &s);
	struct pw_tx_result r;
	struct pw_port *port;
	struct rte_mbuf *m;

	if (!make_veth("mtu 3506"))
		return;
	port = must_open("v0", 3506, 1);
	kernel_sends("v1", &no_hdr, frame, len);
	assert_int_equal(read_some(port, 0, pkts, 1), 1);
	assert_int_equal(pkts[0]->nb_segs, 2);
	assert_memory_equal(rte_pktmbuf_read(pkts[0], 0, len, got), frame, len);
	rte_pktmbuf_free(pkts[0]);
	m = make_partial(&s, 0);
	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.sent, 1);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

/* Large and unfinished frames leave as segments with whole checksums. */
static void frames_go_out(void **state)
{
	struct frame_spec s = {.version = 4, .proto = IPPROTO_TCP};
	struct pw_port *port, *peer;
	struct pw_tx_result r;
	uint32_t payload = 0;
	struct rte_mbuf *m;
	uint16_t n;

	if (!make_veth(""))
		return;
	port = must_open("v0", 1500, 1);
	peer = open_peer();
	for (unsigned round = 0; round < 100; round++) {
		m = make_partial(&tcp, 1448);
		pw_port_tx_burst(port, 0, &m, 1, &r);
		assert_int_equal(r.sent, 1);
		n = read_some(peer, 0, pkts, 42);
		assert_int_equal(n, 42);
		payload = 0;
		for (unsigned i = 0; i < n; i++) {
			assert_false(pw_mbuf_is_partial(pkts[i]));
			s.payload = pkts[i]->pkt_len - 54;
			assert_full_checksum(pkts[i], &s);
			payload += s.payload;
		}
		assert_int_equal(payload, tcp.payload);
		rte_pktmbuf_free_bulk(pkts, n);
	}
	s = udp;
	s.payload = 1600; /* beyond the MTU */
	m = make_partial(&s, 0);
	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.error, 1);
	m = make_partial(&udp, 0); /* and on it goes */
	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.sent, 1);
	assert_int_equal(read_some(peer, 0, pkts, 1), 1);
	rte_pktmbuf_free(pkts[0]);
	pw_port_close(peer);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static void several_queues(void **state)
{
	uint8_t frame[256];
	unsigned len = put_frame(frame, &udp), total = 0;
	struct pw_port *port;
	int sock;

	if (!make_veth("numrxqueues 2 numtxqueues 2"))
		return;
	sock = open_sender("v1");
	port = must_open("v0", 1500, 4);
	assert_int_equal(port->n_rxq, 2); /* as many as the interface has */
	assert_int_equal(port->n_txq, 2);
	for (unsigned i = 0; i < 64; i++) {
		put16(frame + 34, 1000 + i);
		send_frame(sock, &no_hdr, frame, len);
	}
	for (uint16_t q = 0; q < 2; q++) {
		uint16_t n = read_some(port, q, pkts, 64);

		rte_pktmbuf_free_bulk(pkts, n);
		total += n;
	}
	assert_int_equal(total, 64);
	close(sock);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static void pool_runs_dry(void **state)
{
	struct pw_port_env env = {.pool = pw_mempool_create(63, 2176, SOCKET_ID_ANY, &err)};
	struct pw_port_conf conf = {.name = "dry",
		.type = PW_PORT_AF_XDP,
		.mtu = 1500,
		.n_queues = 1,
		.interface = "v0",
		.fd = -1};
	struct pw_port_dev_stats stats;
	struct rte_mbuf *hoard[64];
	struct pw_port *port;
	uint8_t frame[256];
	unsigned held;
	uint16_t bad = 0;

	if (!make_veth(""))
		return;
	port = pw_port_open(&env, &conf, &err);
	if (port == NULL)
		fail_msg("%s", err.msg);
	for (held = 0; (hoard[held] = rte_pktmbuf_alloc(env.pool)) != NULL; held++)
		;
	for (unsigned i = 0; i < 3; i++)
		kernel_sends("v1", &no_hdr, frame, put_frame(frame, &udp));
	usleep(1000);
	assert_int_equal(pw_port_rx_burst(port, 0, pkts, PW_PORT_BURST, &bad), 0);
	port->ops->dev_stats(port, &stats);
	assert_int_equal(stats.rx_alloc_failed, 1);
	rte_pktmbuf_free_bulk(hoard, held);
	assert_int_equal(read_some(port, 0, pkts, 3), 3); /* they waited */
	rte_pktmbuf_free_bulk(pkts, 3);
	pw_port_close(port);
	rte_mempool_free(env.pool);
}

/* Nobody reads: the kernel counts, we tell; then all goes on. */
static void overflow_is_counted(void **state)
{
	struct pw_port_dev_stats stats;
	struct pw_port *port;
	int sock;
	uint8_t frame[256];
	uint16_t n;

	if (!make_veth(""))
		return;
	sock = open_sender("v1");
	port = must_open("v0", 1500, 1);
	for (unsigned i = 0; i < 3000; i++)
		send_frame(sock, &no_hdr, frame, put_frame(frame, &udp));
	for (unsigned i = 0; i < 2; i++) { /* all 2048 would be more than the pool has */
		n = read_some(port, 0, pkts, 1024);
		assert_int_equal(n, 1024);
		rte_pktmbuf_free_bulk(pkts, n);
	}
	port->ops->dev_stats(port, &stats);
	assert_int_equal(stats.rx_missed, 3000 - 2048);
	send_frame(sock, &no_hdr, frame, put_frame(frame, &udp));
	assert_int_equal(read_some(port, 0, pkts, 1), 1);
	rte_pktmbuf_free(pkts[0]);
	close(sock);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static void busy_polling(void **state)
{
	struct pw_port_conf conf = {.name = "busy",
		.type = PW_PORT_AF_XDP,
		.mtu = 1500,
		.n_queues = 1,
		.interface = "v0",
		.busy_poll = true,
		.fd = -1};
	struct pw_port *port;
	int sock;
	uint8_t frame[256];

	if (!make_veth(""))
		return;
	sock = open_sender("v1");
	port = pw_port_open(&test_env, &conf, &err);
	if (port == NULL)
		fail_msg("%s", err.msg);
	for (unsigned i = 0; i < 100; i++)
		send_frame(sock, &no_hdr, frame, put_frame(frame, &udp));
	assert_int_equal(read_some(port, 0, pkts, 100), 100);
	rte_pktmbuf_free_bulk(pkts, 100);
	close(sock);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

static void interface_goes_away(void **state)
{
	struct rte_mbuf *m;
	struct pw_tx_result r;
	struct pw_port *port;
	uint16_t bad = 0;

	if (!make_veth(""))
		return;
	port = must_open("v0", 1500, 1);
	set_link("v0", false);
	m = make_partial(&udp, 0);
	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.down, 1);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN);
	set_link("v0", true);
	wait_state(port, PW_PORT_UP);
	m = make_partial(&udp, 0);
	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.sent, 1);
	assert_int_equal(system("ip link del v0"), 0);
	assert_int_equal(pw_port_rx_burst(port, 0, pkts, PW_PORT_BURST, &bad), 0);
	m = make_partial(&udp, 0);
	pw_port_tx_burst(port, 0, &m, 1, &r);
	assert_int_equal(r.down, 1);
	port->ops->poll_state(port);
	assert_int_equal(pw_port_state(port), PW_PORT_DOWN);
	pw_port_close(port);
	assert_int_equal(pool_in_use(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_settings_are_refused),
		cmocka_unit_test(programs_of_others_stay),
		cmocka_unit_test(frames_come_in),
		cmocka_unit_test(large_mtu),
		cmocka_unit_test(frames_go_out),
		cmocka_unit_test(several_queues),
		cmocka_unit_test(pool_runs_dry),
		cmocka_unit_test(overflow_is_counted),
		cmocka_unit_test(busy_polling),
		cmocka_unit_test(interface_goes_away),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
