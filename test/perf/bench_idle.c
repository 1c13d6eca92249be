/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_idle - how soon an idle worker answers: ICMP echo to a Service's address, which the worker
 * itself answers, with and without pauses before each request.
 *
 *     bench_idle ping ADDRESS SAMPLES                           a pod's or the node's own socket
 *     bench_idle device DEVICE MAC SOURCE GATEWAY_MAC ADDRESS SAMPLES
 *                                                               a DPDK device (virtio-user, memif)
 *
 * Prints "busy P50 P99 idle P50 P99 lost N", round trips in microseconds: busy is with the next
 * request sent at once, while the worker still spins; idle after pauses of 2 to 12 ms, in which it
 * fell asleep. The difference is what waking costs. Replies are polled for, so nothing of our own
 * has to wake. bench_idle.sh makes the ports.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_arp.h>
#include <rte_eal.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "pw_addr.h"
#include "pw_clock.h"
#include "pw_port.h"
#include "pw_util.h"

#define TIMEOUT_NS     (100 * PW_NS_PER_MSEC)
#define PAUSE_MIN_USEC 2000
#define PAUSE_SPREAD   10000
#define IDENT          0x7077

/* One way to send a request and to look for its reply; seq tells them apart. */
struct path {
	int (*send)(struct path *path, uint16_t seq); /* 0, or -1: it could not leave */
	bool (*arrived)(struct path *path, uint16_t seq);
	int fd; /* ping */
	struct sockaddr_in to;
	struct pw_port *port; /* device */
	struct rte_mempool *pool;
	struct pw_mac mac, gateway;
	struct pw_ip source;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * PW_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* ---- a socket ---- */

static int ping_send(struct path *path, uint16_t seq)
{
	struct icmphdr h = {.type = ICMP_ECHO, .un.echo = {htons(IDENT), htons(seq)}};

	h.checksum = (uint16_t)~rte_raw_cksum(&h, sizeof(h));
	return sendto(path->fd, &h, sizeof(h), 0, (struct sockaddr *)&path->to, sizeof(path->to)) ==
			       sizeof(h)
		       ? 0
		       : -1;
}

static bool ping_arrived(struct path *path, uint16_t seq)
{
	uint8_t buf[256];
	ssize_t len = recv(path->fd, buf, sizeof(buf), MSG_DONTWAIT);
	const struct icmphdr *h = (const void *)(buf + sizeof(struct iphdr));

	return len >= (ssize_t)(sizeof(struct iphdr) + sizeof(*h)) && h->type == ICMP_ECHOREPLY &&
	       h->un.echo.id == htons(IDENT) && h->un.echo.sequence == htons(seq);
}

static int ping_open(struct path *path, const char *address)
{
	*path = (struct path){.send = ping_send, .arrived = ping_arrived};
	path->to.sin_family = AF_INET;
	path->fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (path->fd < 0 || inet_pton(AF_INET, address, &path->to.sin_addr) != 1) {
		fprintf(stderr, "%s: no socket or no address\n", address);
		return -1;
	}
	return 0;
}

/* ---- a device ---- */

struct echo_frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_icmp_hdr icmp;
	uint8_t payload[18];
} __attribute__((packed, aligned(2)));

static int transmit(struct path *path, struct rte_mbuf *m)
{
	struct pw_tx_result result;

	pw_port_tx_burst(path->port, 0, &m, 1, &result);
	return result.sent == 1 ? 0 : -1;
}

static int device_send(struct path *path, uint16_t seq)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(path->pool);
	struct echo_frame *f;

	if (m == NULL)
		return -1;
	f = (struct echo_frame *)rte_pktmbuf_append(m, sizeof(*f));
	*f = (struct echo_frame){
		.eth.ether_type = htons(RTE_ETHER_TYPE_IPV4),
		.ip = {.version_ihl = RTE_IPV4_VHL_DEF,
			.total_length = htons(sizeof(*f) - sizeof(f->eth)),
			.time_to_live = 64,
			.next_proto_id = IPPROTO_ICMP,
			.src_addr = path->source.v4_be,
			.dst_addr = path->to.sin_addr.s_addr},
		.icmp = {.icmp_type = RTE_IP_ICMP_ECHO_REQUEST,
			.icmp_ident = htons(IDENT),
			.icmp_seq_nb = htons(seq)},
	};
	memcpy(&f->eth.dst_addr, path->gateway.b, 6);
	memcpy(&f->eth.src_addr, path->mac.b, 6);
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	f->icmp.icmp_cksum = (uint16_t)~rte_raw_cksum(&f->icmp, sizeof(f->icmp) + 18);
	return transmit(path, m);
}

/* Is it a request for our address? Then the reply, in its place. */
static bool answer_arp(struct path *path, struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(eth + 1);

	if (m->data_len < sizeof(*eth) + sizeof(*arp) ||
		eth->ether_type != htons(RTE_ETHER_TYPE_ARP) ||
		arp->arp_opcode != htons(RTE_ARP_OP_REQUEST) ||
		arp->arp_data.arp_tip != path->source.v4_be)
		return false;
	arp->arp_opcode = htons(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_sip = path->source.v4_be;
	memcpy(&arp->arp_data.arp_sha, path->mac.b, 6);
	eth->dst_addr = eth->src_addr;
	memcpy(&eth->src_addr, path->mac.b, 6);
	(void)transmit(path, m);
	return true;
}

static bool is_reply(const struct rte_mbuf *m, uint16_t seq)
{
	const struct echo_frame *f = rte_pktmbuf_mtod(m, const struct echo_frame *);

	return m->data_len >= sizeof(*f) - sizeof(f->payload) &&
	       f->eth.ether_type == htons(RTE_ETHER_TYPE_IPV4) &&
	       f->ip.next_proto_id == IPPROTO_ICMP && f->icmp.icmp_type == RTE_IP_ICMP_ECHO_REPLY &&
	       f->icmp.icmp_seq_nb == htons(seq);
}

static bool device_arrived(struct path *path, uint16_t seq)
{
	struct rte_mbuf *pkts[PW_PORT_BURST];
	uint16_t bad = 0, n = pw_port_rx_burst(path->port, 0, pkts, PW_PORT_BURST, &bad);
	bool found = false;

	for (uint16_t i = 0; i < n; i++) {
		if (answer_arp(path, pkts[i]))
			continue;
		found |= is_reply(pkts[i], seq);
		rte_pktmbuf_free(pkts[i]);
	}
	return found;
}

static int start_eal(void)
{
	static char args[][16] = {"bench_idle", "--no-huge", "--no-pci", "-m", "64",
		"--no-telemetry", "--no-shconf", "-l", "0", "--log-level", "error"};
	char *argv[PW_ARRAY_SIZE(args)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(args); i++)
		argv[i] = args[i];
	return rte_eal_init(PW_ARRAY_SIZE(args), argv);
}

/* argv: DEVICE MAC SOURCE GATEWAY_MAC ADDRESS */
static int device_open(struct path *path, char **argv)
{
	static struct pw_port_env env;
	struct pw_port_conf conf = {.name = "bench",
		.type = PW_PORT_ETHDEV,
		.mtu = 1500,
		.n_queues = 1,
		.device = argv[0],
		.fd = -1};
	struct pw_err err = {0};

	*path = (struct path){.send = device_send, .arrived = device_arrived};
	if (pw_mac_parse(argv[1], &path->mac) != 0 || pw_ip_parse(argv[2], &path->source) != 0 ||
		pw_mac_parse(argv[3], &path->gateway) != 0 ||
		inet_pton(AF_INET, argv[4], &path->to.sin_addr) != 1) {
		fprintf(stderr, "bad address\n");
		return -1;
	}
	if (start_eal() < 0)
		return -1;
	env.pool = path->pool = pw_mempool_create(2047, 2176, 0, &err);
	path->port = env.pool != NULL ? pw_port_open(&env, &conf, &err) : NULL;
	if (path->port == NULL)
		fprintf(stderr, "%s\n", err.msg);
	return path->port != NULL ? 0 : -1;
}

/* ---- samples ---- */

/* Nanoseconds; 0: no reply. */
static uint64_t round_trip(struct path *path, uint16_t seq)
{
	uint64_t start = now(), end;

	if (path->send(path, seq) != 0)
		return 0;
	do {
		bool there = path->arrived(path, seq);

		end = now();
		if (there)
			return end - start;
	} while (end - start < TIMEOUT_NS);
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* How many were lost. */
static unsigned series(struct path *path, const char *name, unsigned n, bool pauses)
{
	uint64_t *ns = calloc(n, sizeof(*ns));
	unsigned got = 0;

	for (unsigned i = 0; ns != NULL && i < n; i++) {
		if (pauses)
			usleep(PAUSE_MIN_USEC + (unsigned)random() % PAUSE_SPREAD);
		ns[got] = round_trip(path, (uint16_t)i);
		got += ns[got] != 0;
	}
	if (got > 0) {
		qsort(ns, got, sizeof(*ns), compare);
		printf("%s %.1f %.1f ", name, (double)ns[got / 2] / 1e3,
			(double)ns[got * 99 / 100] / 1e3);
	}
	free(ns);
	return n - got;
}

static bool wait_for_reply(struct path *path)
{
	for (unsigned i = 0; i < 100; i++) {
		if (path->port != NULL)
			path->port->ops->poll_state(path->port); /* memif connects in it */
		if (round_trip(path, (uint16_t)(0x8000 + i)) != 0)
			return true;
		usleep(50000);
	}
	return false;
}

int main(int argc, char **argv)
{
	bool ping = argc == 4 && strcmp(argv[1], "ping") == 0;
	bool device = argc == 8 && strcmp(argv[1], "device") == 0;
	struct path path;
	unsigned n, lost;
	int rc;

	if (!ping && !device) {
		fprintf(stderr,
			"usage: %s ping ADDRESS SAMPLES\n"
			"       %s device DEVICE MAC SOURCE GATEWAY_MAC ADDRESS SAMPLES\n",
			argv[0], argv[0]);
		return 2;
	}
	n = (unsigned)strtoul(argv[argc - 1], NULL, 10);
	rc = ping ? ping_open(&path, argv[2]) : device_open(&path, argv + 2);
	if (rc != 0)
		return 1;
	if (!wait_for_reply(&path)) {
		fprintf(stderr, "no reply\n");
		return 1;
	}
	lost = series(&path, "busy", n, false);
	lost += series(&path, "idle", n, true);
	printf("lost %u\n", lost);
	pw_port_close(path.port);
	return 0;
}
