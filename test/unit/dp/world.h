/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * world.h - a data plane without EAL and threads: fake ports in memory, workers turned by hand.
 *
 *     world_make(&w, 2);                                two workers
 *     world_bridge(&w, 0, ROUTER_MAC); world_port(&w, 1, 0, NULL);
 *     world_rx(&w, 1, frame, len); world_run(&w);       until nothing moves any more
 *     struct rte_mbuf *m = world_tx(&w, 2);             NULL: nothing left by that port
 *     world_free(&w);                                   checks the ledger and that no mbuf is lost
 */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_mbuf.h"
#include "frames.h"
#include "worker.h"

#define WORLD_PORTS 16
#define QUEUE_MAX   256
#define ROUTER_MAC  UINT64_C(0x020000000001)

struct fake_port {
	struct pw_port port;
	struct rte_mbuf *rx[QUEUE_MAX], *tx[QUEUE_MAX];
	unsigned n_rx, n_tx;
	unsigned tx_room; /* frames until "full" */
	bool down;
	bool gone;           /* its callback came */
	unsigned gone_early; /* frames sent or polled after it left */
};

struct world {
	struct fake_pool pool;
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct pw_fdb *fdb;
	struct pw_lpm4 *lpm;
	struct pw_adj_table *adj;
	struct pw_nat *nat;
	struct pw_lpm6 *lpm6;
	struct pw_nat6 *nat6;
	struct pw_dp *dp;
	struct fake_port ports[WORLD_PORTS];
};

static inline uint16_t fake_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct fake_port *fp = port->priv;
	uint16_t got = (uint16_t)PW_MIN((unsigned)n, fp->n_rx);

	(void)queue;
	(void)bad;
	fp->gone_early += fp->gone;
	memcpy(pkts, fp->rx, got * sizeof(pkts[0]));
	memmove(fp->rx, fp->rx + got, (fp->n_rx - got) * sizeof(fp->rx[0]));
	fp->n_rx -= got;
	return got;
}

static inline void fake_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct fake_port *fp = port->priv;

	(void)queue;
	fp->gone_early += fp->gone;
	for (uint16_t i = 0; i < n; i++) {
		if (fp->down) {
			rte_pktmbuf_free(pkts[i]);
			result->down++;
		} else if (fp->n_tx >= fp->tx_room) {
			rte_pktmbuf_free(pkts[i]);
			result->full++;
		} else {
			fp->tx[fp->n_tx++] = pkts[i];
			result->sent++;
		}
	}
}

static const struct pw_port_ops fake_ops = {.name = "fake", .rx = fake_rx, .tx = fake_tx};

static inline void world_make(struct world *w, uint32_t n_workers)
{
	const struct pw_alloc *heap = pw_alloc_heap();
	struct pw_nat_params nat = {.max_flows = 1024,
		.max_services = 64,
		.max_endpoints = 256,
		.n_workers = n_workers,
		.seed = 1};
	struct pw_dp_params params = {.n_workers = n_workers, .max_ports = WORLD_PORTS};
	struct pw_err err = {0};

	memset(w, 0, sizeof(*w));
	fake_pool_init(&w->pool, 2176);
	w->qsbr = pw_qsbr_create(heap, n_workers);
	w->limbo = pw_limbo_create(w->qsbr);
	w->fdb = pw_fdb_create(heap, w->limbo, 256);
	w->lpm = pw_lpm4_create(heap, w->limbo, 256);
	w->adj = pw_adj_table_create(heap, w->limbo, 64);
	w->nat = pw_nat_create(heap, w->limbo, &nat);
	w->lpm6 = pw_lpm6_create(heap, w->limbo, 256);
	w->nat6 = pw_nat6_create(heap, w->limbo, &nat);
	params.pool = &w->pool.mp;
	params.qsbr = w->qsbr;
	params.limbo = w->limbo;
	params.fdb = w->fdb;
	params.lpm4 = w->lpm;
	params.adj = w->adj;
	params.nat = w->nat;
	params.lpm6 = w->lpm6;
	params.nat6 = w->nat6;
	w->dp = pw_dp_create(&params, &err);
	assert_non_null(w->dp);
	for (uint32_t i = 0; i < n_workers; i++) {
		pw_qsbr_online(w->qsbr, i);
		w->dp->workers[i]->now_sec = 1000;
		for (unsigned p = 0; p < WORLD_PORTS; p++)
			w->dp->workers[i]->punt_left[p] = PUNT_PER_SEC;
	}
}

static inline void world_bridge(struct world *w, uint16_t id, uint64_t router_mac48)
{
	struct pw_dp_bridge_conf conf = {
		.router_mac48 = router_mac48, .arp_punt = router_mac48 != 0};

	assert_int_equal(pw_dp_bridge_set(w->dp, id, &conf), 0);
}

static inline void world_port(
	struct world *w, uint16_t index, uint16_t bridge, const struct pw_binding *binding)
{
	struct fake_port *fp = &w->ports[index];
	struct pw_dp_port_conf conf = {.bridge = bridge,
		.router_mac48 = ROUTER_MAC,
		.learn = binding == NULL,
		.binding = binding};

	memset(fp, 0, sizeof(*fp));
	fp->port.ops = &fake_ops;
	fp->port.index = index;
	fp->port.mtu = 1500;
	fp->port.n_rxq = 1;
	fp->port.n_txq = 1;
	fp->port.caps = UINT32_MAX;
	fp->port.state = PW_PORT_UP;
	fp->port.priv = fp;
	fp->tx_room = QUEUE_MAX;
	assert_int_equal(pw_dp_port_add(w->dp, &fp->port, &conf), 0);
}

static inline void world_rx(struct world *w, uint16_t index, const void *frame, uint32_t len)
{
	struct fake_port *fp = &w->ports[index];

	assert_true(fp->n_rx < QUEUE_MAX);
	fp->rx[fp->n_rx++] = fake_frame(&w->pool, frame, len, 128);
}

/* Every worker once; true if any had work. */
static inline bool world_turn(struct world *w)
{
	bool work = false;

	for (uint32_t i = 0; i < w->dp->params.n_workers; i++) {
		work |= worker_turn(w->dp->workers[i]);
		pw_qsbr_quiescent(w->qsbr, i);
	}
	return work;
}

static inline void world_run(struct world *w)
{
	while (world_turn(w))
		;
	pw_dp_poll(w->dp);
}

/* The oldest frame that left by the port; the caller frees it. */
static inline struct rte_mbuf *world_tx(struct world *w, uint16_t index)
{
	struct fake_port *fp = &w->ports[index];
	struct rte_mbuf *m = fp->tx[0];

	if (fp->n_tx == 0)
		return NULL;
	memmove(fp->tx, fp->tx + 1, --fp->n_tx * sizeof(fp->tx[0]));
	return m;
}

static inline unsigned world_tx_drain(struct world *w, uint16_t index)
{
	unsigned n = 0;

	for (struct rte_mbuf *m; (m = world_tx(w, index)) != NULL; n++)
		rte_pktmbuf_free(m);
	return n;
}

static inline uint64_t world_drops(struct world *w, enum pw_verdict reason)
{
	return pw_dp_drops(w->dp, PW_PORT_NONE, reason);
}

static inline void world_free(struct world *w)
{
	struct pw_dp_ledger ledger;
	struct pw_dp_punt punt;

	world_run(w);
	pw_dp_ledger(w->dp, &ledger);
	assert_int_equal(ledger.in_flight, 0);
	assert_int_equal(ledger.rx + ledger.injected + ledger.replicated,
		ledger.tx + ledger.drops + ledger.punted);
	while (pw_dp_punts(w->dp, &punt, 1) == 1)
		rte_pktmbuf_free(punt.m);
	for (unsigned p = 0; p < WORLD_PORTS; p++) {
		world_tx_drain(w, (uint16_t)p);
		assert_int_equal(w->ports[p].gone_early, 0);
	}
	for (uint32_t i = 0; i < w->dp->params.n_workers; i++)
		pw_qsbr_offline(w->qsbr, i);
	for (uint16_t p = 0; p < WORLD_PORTS; p++)
		free(w->dp->view->ports[p]);
	pw_dp_poll(w->dp);
	pw_nat6_destroy(w->nat6);
	pw_nat_destroy(w->nat);
	pw_adj_table_destroy(w->adj);
	pw_lpm6_destroy(w->lpm6);
	pw_lpm4_destroy(w->lpm);
	pw_fdb_destroy(w->fdb);
	pw_limbo_destroy(w->limbo);
	pw_dp_destroy(w->dp);
	pw_qsbr_destroy(w->qsbr);
	assert_int_equal(w->pool.in_use, 0);
}

/* A UDP frame between stations 1..9: MAC 02:00:00:00:01:0N, 10.0.0.N; router as destination if to_router. */
static inline uint32_t udp_frame(
	uint8_t *out, unsigned from, uint32_t dst_ip, uint64_t dst48, uint8_t ttl)
{
	static const uint8_t payload[64];
	struct frame_spec spec = {.src = 0x0a000000 + from,
		.dst = dst_ip,
		.sport = 1000,
		.dport = 2000,
		.proto = IPPROTO_UDP,
		.ttl = ttl,
		.payload = payload,
		.payload_len = sizeof(payload)};
	uint32_t len = frame_make(&spec, out);

	for (unsigned i = 0; i < 6; i++)
		out[i] = (uint8_t)(dst48 >> (40 - 8 * i));
	memcpy(out + 6, (uint8_t[]){2, 0, 0, 0, 1, (uint8_t)from}, 6);
	return len;
}

#define STATION(n) (UINT64_C(0x020000000100) + (n))

#endif
