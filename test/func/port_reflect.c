/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_reflect - a vhost-user port alone: sends every frame back, MACs exchanged.
 *
 *     port_reflect SOCKET
 *
 * Prints "up", "down" at each change and "rx N" once a second; ends on SIGTERM. For port_vhost.sh.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ether.h>

#include "pw_clock.h"
#include "pw_port.h"
#include "pw_util.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static void reflect(struct pw_port *port, uint64_t *rx)
{
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_tx_result result;
	uint16_t bad = 0, n = pw_port_rx_burst(port, 0, pkts, PW_PORT_BURST, &bad);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_ether_hdr *eth = rte_pktmbuf_mtod(pkts[i], struct rte_ether_hdr *);
		struct rte_ether_addr dst = eth->dst_addr;

		eth->dst_addr = eth->src_addr;
		eth->src_addr = dst;
	}
	if (n > 0)
		pw_port_tx_burst(port, 0, pkts, n, &result);
	*rx += n;
}

static void run(struct pw_port *port)
{
	uint64_t next = 0, rx = 0;
	int shown = -1;

	while (!stop) {
		for (unsigned i = 0; i < 256; i++)
			reflect(port, &rx);
		if ((int)pw_port_state(port) != shown) {
			shown = (int)pw_port_state(port);
			puts(shown == PW_PORT_UP ? "up" : "down");
		}
		if (pw_clock_now_ns(pw_clock_boot()) >= next) {
			printf("rx %" PRIu64 "\n", rx);
			next = pw_clock_now_ns(pw_clock_boot()) + PW_NS_PER_SEC;
		}
	}
}

int main(int argc, char **argv)
{
	static char args[][20] = {"port_reflect", "--no-huge", "--no-pci", "-m", "128",
		"--no-telemetry", "--no-shconf", "-l", "0", "--log-level", "error"};
	char *eal_argv[PW_ARRAY_SIZE(args)];
	struct pw_port_conf conf = {.name = "vm",
		.type = PW_PORT_VHOST_USER,
		.mtu = 1500,
		.n_queues = 1,
		.socket = argc > 1 ? argv[1] : NULL,
		.fd = -1};
	struct pw_port_env env = {0};
	struct pw_port *port;
	struct pw_err err;

	for (size_t i = 0; i < PW_ARRAY_SIZE(args); i++)
		eal_argv[i] = args[i];
	if (rte_eal_init(PW_ARRAY_SIZE(args), eal_argv) < 0)
		return 1;
	setlinebuf(stdout);
	signal(SIGTERM, on_signal);
	env.pool = pw_mempool_create(4095, 2176, SOCKET_ID_ANY, &err);
	port = env.pool ? pw_port_open(&env, &conf, &err) : NULL;
	if (port == NULL) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	run(port);
	pw_port_close(port);
	return 0;
}
