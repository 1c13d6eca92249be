/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_tap - the TAP driver alone: two TAPs in two network namespaces, one loop between them.
 *
 *     bench_tap NETNS0 NETNS1 SECONDS [big]
 *
 * Makes interface "tap0" in each namespace, forwards everything both ways for the given time and
 * prints what it moved. With "big", the payload of large frames lands in 64 KB buffers instead of
 * chains of 2 KB. Load comes from outside: bench_tap.sh.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>

#include "pw_clock.h"
#include "pw_pkt.h"
#include "pw_port.h"

struct totals {
	uint64_t frames, bytes, gso, largest, lost;
};

static int enter_netns(const char *name)
{
	char path[128];
	int fd, rc;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	rc = fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
	if (rc < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static struct pw_port *open_tap(const struct pw_port_env *env, const char *netns)
{
	struct pw_port_conf conf = {
		.type = PW_PORT_TAP, .mtu = 1500, .n_queues = 1, .interface = "tap0", .fd = -1};
	struct pw_err err = {0};
	struct pw_port *port;

	snprintf(conf.name, sizeof(conf.name), "%s", netns);
	if (enter_netns(netns) < 0)
		return NULL;
	port = pw_port_open(env, &conf, &err);
	if (port == NULL)
		fprintf(stderr, "%s\n", err.msg);
	return port;
}

static uint16_t forward(struct pw_port *from, struct pw_port *to, struct totals *t)
{
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_tx_result result;
	uint16_t bad = 0, n = pw_port_rx_burst(from, 0, pkts, PW_PORT_BURST, &bad);

	for (uint16_t i = 0; i < n; i++) {
		t->bytes += pkts[i]->pkt_len;
		t->largest = PW_MAX(t->largest, (uint64_t)pkts[i]->pkt_len);
		t->gso += pw_mbuf_is_gso(pkts[i]);
	}
	if (n > 0) {
		pw_port_tx_burst(to, 0, pkts, n, &result);
		t->frames += n;
		t->lost += n - result.sent;
	}
	return n;
}

/* Sleeps when there is nothing to do, so that the CPU time is that of the frames. */
static void run(struct pw_port *ports[2], uint64_t seconds, struct totals *t)
{
	uint64_t end = pw_clock_now_ns(pw_clock_boot()) + seconds * PW_NS_PER_SEC;
	struct pollfd fds[2];

	for (int i = 0; i < 2; i++)
		fds[i] = (struct pollfd){
			.fd = ports[i]->ops->wait_fd(ports[i], 0), .events = POLLIN};
	while (pw_clock_now_ns(pw_clock_boot()) < end) {
		uint16_t n = forward(ports[0], ports[1], t);

		n += forward(ports[1], ports[0], t);
		if (n == 0)
			poll(fds, 2, 10);
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * PW_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void start_eal(void)
{
	static char args[][16] = {"bench_tap", "--no-huge", "--no-pci", "-m", "256",
		"--no-telemetry", "--no-shconf", "-l", "0", "--log-level", "error"};
	char *argv[PW_ARRAY_SIZE(args)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(args); i++)
		argv[i] = args[i];
	if (rte_eal_init(PW_ARRAY_SIZE(args), argv) < 0)
		exit(1);
}

int main(int argc, char **argv)
{
	struct pw_port_env env = {0};
	struct pw_port *ports[2];
	struct totals t = {0};
	struct pw_err err;
	uint64_t cpu;

	if (argc < 4) {
		fprintf(stderr, "usage: %s NETNS0 NETNS1 SECONDS [big]\n", argv[0]);
		return 2;
	}
	start_eal();
	env.pool = pw_mempool_create(16383, 2176, 0, &err);
	if (argc > 4)
		env.big_pool = pw_mempool_create(511, PW_BIG_DATA_ROOM, 0, &err);
	ports[0] = open_tap(&env, argv[1]);
	ports[1] = open_tap(&env, argv[2]);
	if (env.pool == NULL || ports[0] == NULL || ports[1] == NULL)
		return 1;
	cpu = cpu_ns();
	run(ports, strtoull(argv[3], NULL, 10), &t);
	cpu = cpu_ns() - cpu;
	printf("frames %" PRIu64 ", bytes %" PRIu64 ", gso %" PRIu64 ", largest %" PRIu64
	       ", lost %" PRIu64 ", CPU %" PRIu64 " ns a KB\n",
		t.frames, t.bytes, t.gso, t.largest, t.lost, cpu / PW_MAX(t.bytes >> 10, 1u));
	pw_port_close(ports[0]);
	pw_port_close(ports[1]);
	return 0;
}
