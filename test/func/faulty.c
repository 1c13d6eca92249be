/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * faulty - a device under test with known faults: forwards between ports 0 and 1, and of the IPv4 frames from
 * 0 to 1 it drops, doubles, delays or damages every so many-th.
 *
 *     faulty EAL-OPTIONS -- drop=100 double=90 swap=80 flip=70
 *
 * A frame has one fault at most: the first of that order. `swap` lets the next frame pass; `flip` changes one
 * bit of the last byte. After SIGTERM one line says how many of each there were:
 *     seen 1000 dropped 10 doubled 11 swapped 12 flipped 13
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sched.h>

#define BURST 32
#define RING  1024
#define HOLD  100000 /* idle polls after which a delayed frame goes anyway */

enum fault {
	DROP,
	DOUBLE,
	SWAP,
	FLIP,
	FAULTS
};
static const char *const names[FAULTS] = {"drop=", "double=", "swap=", "flip="};

static volatile sig_atomic_t stopped;

struct device {
	uint64_t every[FAULTS], count[FAULTS], seen;
	struct rte_mbuf *held;
	struct rte_mempool *pool;
	unsigned idle;
};

static void on_signal(int number)
{
	stopped = 1;
}

static int open_port(uint16_t id, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = {0};
	uint16_t rxd = RING, txd = RING;

	return rte_eth_dev_configure(id, 1, 1, &conf) != 0 ||
	       rte_eth_dev_adjust_nb_rx_tx_desc(id, &rxd, &txd) != 0 ||
	       rte_eth_rx_queue_setup(id, 0, rxd, 0, NULL, pool) != 0 ||
	       rte_eth_tx_queue_setup(id, 0, txd, 0, NULL) != 0 || rte_eth_dev_start(id) != 0;
}

/* Never loses one: what does not fit is tried again. */
static void out(uint16_t port, struct rte_mbuf *m)
{
	while (rte_eth_tx_burst(port, 0, &m, 1) == 0 && !stopped)
		sched_yield();
}

static enum fault fault_of(struct device *d, const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->data_len < 34 || data[12] != 0x08 || data[13] != 0x00)
		return FAULTS;
	d->seen++;
	for (enum fault f = 0; f < FAULTS; f++)
		if (d->every[f] != 0 && d->seen % d->every[f] == 0)
			return f;
	return FAULTS;
}

static void release(struct device *d)
{
	if (d->held != NULL)
		out(1, d->held);
	d->held = NULL;
}

static void forward(struct device *d, struct rte_mbuf *m)
{
	enum fault fault = fault_of(d, m);
	struct rte_mbuf *copy;

	if (fault < FAULTS)
		d->count[fault]++;
	switch (fault) {
	case DROP:
		rte_pktmbuf_free(m);
		return;
	case DOUBLE:
		copy = rte_pktmbuf_copy(m, d->pool, 0, UINT32_MAX);
		out(1, m);
		if (copy != NULL)
			out(1, copy);
		break;
	case SWAP:
		release(d);
		d->held = m;
		d->idle = 0;
		return;
	case FLIP:
		rte_pktmbuf_mtod(m, uint8_t *)[m->data_len - 1] ^= 1;
		out(1, m);
		break;
	default:
		out(1, m);
		break;
	}
	release(d);
}

static void poll_ports(struct device *d)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = rte_eth_rx_burst(0, 0, pkts, BURST), back;

	for (uint16_t i = 0; i < n; i++)
		forward(d, pkts[i]);
	back = rte_eth_rx_burst(1, 0, pkts, BURST);
	for (uint16_t i = 0; i < back; i++)
		out(0, pkts[i]);
	if (n + back > 0)
		return;
	if (++d->idle > HOLD)
		release(d);
	sched_yield();
}

int main(int argc, char **argv)
{
	struct device d = {0};
	int used = rte_eal_init(argc, argv);

	if (used < 0)
		return 1;
	for (int i = used + 1; i < argc; i++)
		for (enum fault f = 0; f < FAULTS; f++)
			if (strncmp(argv[i], names[f], strlen(names[f])) == 0)
				d.every[f] = strtoull(argv[i] + strlen(names[f]), NULL, 10);
	signal(SIGTERM, on_signal);
	d.pool = rte_pktmbuf_pool_create("faulty", 16383, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (d.pool == NULL || open_port(0, d.pool) != 0 || open_port(1, d.pool) != 0) {
		fputs("faulty: two ports are needed\n", stderr);
		return 1;
	}
	while (!stopped)
		poll_ports(&d);
	printf("seen %lu dropped %lu doubled %lu swapped %lu flipped %lu\n", d.seen, d.count[DROP],
		d.count[DOUBLE], d.count[SWAP], d.count[FLIP]);
	fflush(stdout);
	rte_eal_cleanup();
	return 0;
}
