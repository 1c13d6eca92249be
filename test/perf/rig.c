/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "rig.h"

#define AHEAD 8 /* templates prefetched: their misses are the source's, not the pipeline's */

void rig_die(const char *what)
{
	fprintf(stderr, "bench_pipeline: %s\n", what);
	exit(1);
}

/* ---- ports ---- */

static const uint8_t *next_template(struct rig_source *s)
{
	uint32_t end = s->order != NULL ? s->n_order : s->n, ahead = s->next + AHEAD,
		 at = s->next++;

	if (s->next == end)
		s->next = 0;
	if (s->order == NULL)
		return s->templates + (size_t)at * RIG_HDR;
	if (ahead < end)
		rte_prefetch0(s->templates + (size_t)s->order[ahead] * RIG_HDR);
	return s->templates + (size_t)s->order[at] * RIG_HDR;
}

static uint16_t source_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct rig_source *s = &((struct rig *)port->priv)->source;

	(void)queue;
	(void)bad;
	if (rte_pktmbuf_alloc_bulk(s->pool, pkts, n) != 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *t = next_template(s);
		bool ip6 = t[12] == 0x86;
		uint16_t ip_len;

		memcpy(rte_pktmbuf_mtod(pkts[i], uint8_t *), t, RIG_HDR);
		memcpy(&ip_len, t + (ip6 ? 18 : 16), 2);
		pkts[i]->data_len = (uint16_t)(rte_be_to_cpu_16(ip_len) + (ip6 ? 54 : 14));
		pkts[i]->pkt_len = pkts[i]->data_len;
		if (s->partial)
			(void)pw_mbuf_set_partial(pkts[i], 34, 16);
	}
	return n;
}

static void sink_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct rig_sink *s = &((struct rig *)port->priv)->sink;

	(void)queue;
	if (s->is_right != NULL && (s->packets & 0xfff) == 0)
		s->wrong += !s->is_right(rte_pktmbuf_mtod(pkts[0], const uint8_t *));
	for (uint16_t i = 0; s->capture != NULL && i < n; i++, s->capture += RIG_HDR)
		memcpy(s->capture, rte_pktmbuf_mtod(pkts[i], const uint8_t *), RIG_HDR);
	s->packets += n;
	rte_pktmbuf_free_bulk(pkts, n);
	result->sent = n;
}

static const struct pw_port_ops ops = {.name = "rig", .rx = source_rx, .tx = sink_tx};

/* ---- the world ---- */

static void add_port(
	struct rig *rig, uint16_t index, uint16_t n_rxq, const struct pw_dp_port_conf *conf)
{
	struct pw_port *port = &rig->ports[index];

	*port = (struct pw_port){.ops = &ops,
		.index = index,
		.mtu = 1500,
		.n_rxq = n_rxq,
		.n_txq = 1,
		.caps = UINT32_MAX,
		.state = PW_PORT_UP,
		.priv = rig};
	if (pw_dp_port_add(rig->dp, port, conf) != 0)
		rig_die("port");
}

struct rig *rig_make(struct rte_mempool *pool, uint32_t flows, bool bridged, bool ip6)
{
	const struct pw_alloc *heap = pw_alloc_heap();
	struct pw_nat_params nat = {.max_flows = flows + flows / 8 + 4096,
		.max_services = 1024,
		.max_endpoints = 4096,
		.n_workers = 1,
		.seed = 42};
	struct pw_dp_params params = {.n_workers = 1, .max_ports = 4, .pool = pool};
	struct pw_dp_bridge_conf bridge = {.router_mac48 = RIG_ROUTER_MAC, .arp_punt = true};
	struct pw_dp_port_conf conf = {
		.bridge = bridged ? 0 : PW_BRIDGE_NONE, .router_mac48 = RIG_ROUTER_MAC};
	struct rig *rig = aligned_alloc(64, (sizeof(*rig) + 63) / 64 * 64);
	struct pw_err err = {0};

	if (rig == NULL)
		rig_die("no memory");
	memset(rig, 0, sizeof(*rig));
	rig->source.pool = pool;
	params.qsbr = rig->qsbr = pw_qsbr_create(heap, 1);
	params.limbo = rig->limbo = pw_limbo_create(rig->qsbr);
	params.fdb = rig->fdb = pw_fdb_create(heap, rig->limbo, 1024);
	params.lpm4 = rig->lpm = pw_lpm4_create(heap, rig->limbo, 1 << 21);
	params.adj = rig->adj = pw_adj_table_create(heap, rig->limbo, 4096);
	params.nat = rig->nat = pw_nat_create(heap, rig->limbo, &nat);
	if (ip6) {
		params.lpm6 = rig->lpm6 = pw_lpm6_create(heap, rig->limbo, 1 << 18);
		params.nat6 = rig->nat6 = pw_nat6_create(heap, rig->limbo, &nat);
	}
	if ((ip6 && rig->nat6 == NULL) || rig->nat == NULL || rig->adj == NULL || rig->lpm == NULL)
		rig_die("no memory for the tables");
	rig->dp = pw_dp_create(&params, &err);
	if (rig->dp == NULL || pw_dp_bridge_set(rig->dp, 0, &bridge) != 0)
		rig_die(err.msg);
	add_port(rig, 0, 2, &conf); /* two queues: 64 packets a turn */
	add_port(rig, 1, 0, &conf);
	rig->worker = rig->dp->workers[0];
	rig->worker->now_sec = pw_dp_now_sec();
	pw_qsbr_online(rig->qsbr, 0);
	return rig;
}

void rig_free(struct rig *rig)
{
	pw_qsbr_offline(rig->qsbr, 0);
	for (unsigned p = 0; p < 2; p++)
		free(rig->dp->view->ports[p]);
	pw_limbo_run(rig->limbo, UINT32_MAX);
	pw_nat_destroy(rig->nat);
	pw_nat6_destroy(rig->nat6);
	pw_lpm6_destroy(rig->lpm6);
	pw_adj_table_destroy(rig->adj);
	pw_lpm4_destroy(rig->lpm);
	pw_fdb_destroy(rig->fdb);
	pw_limbo_destroy(rig->limbo);
	pw_dp_destroy(rig->dp);
	pw_qsbr_destroy(rig->qsbr);
	free(rig->source.templates);
	free((void *)(uintptr_t)rig->source.order);
	free(rig);
}

/* ---- packets ---- */

uint8_t *rig_templates(struct rig *rig, uint32_t n)
{
	struct rig_source *s = &rig->source;

	free(s->templates);
	s->templates = pw_zalloc(pw_alloc_heap(), "templates", (size_t)n * RIG_HDR);
	if (s->templates == NULL)
		rig_die("no memory for the templates");
	s->n = n;
	s->next = 0;
	return s->templates;
}

void rig_shuffle(struct rig *rig)
{
	uint64_t seed = 1;
	uint8_t tmp[RIG_HDR], *t = rig->source.templates;

	for (uint32_t i = rig->source.n - 1; i > 0; i--) {
		uint32_t j;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		j = (uint32_t)((seed >> 32) * (i + 1) >> 32);
		memcpy(tmp, t + (size_t)i * RIG_HDR, RIG_HDR);
		memcpy(t + (size_t)i * RIG_HDR, t + (size_t)j * RIG_HDR, RIG_HDR);
		memcpy(t + (size_t)j * RIG_HDR, tmp, RIG_HDR);
	}
	rig->source.next = 0;
}

void rig_turn(struct rig *rig)
{
	worker_turn(rig->worker);
	pw_qsbr_quiescent(rig->qsbr, 0);
}

void rig_run(struct rig *rig, uint64_t n)
{
	uint64_t end = rig->sink.packets + n;

	while (rig->sink.packets < end)
		rig_turn(rig);
}

void rig_bare_turn(struct rig *rig)
{
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_tx_result result;
	uint16_t bad, n;

	for (unsigned q = 0; q < 2; q++) {
		n = source_rx(&rig->ports[0], 0, pkts, PW_PORT_BURST, &bad);
		rig->sink.packets++; /* never at a sample: those are for the pipeline */
		sink_tx(&rig->ports[1], 0, pkts, n, &result);
		rig->sink.packets--;
	}
}
