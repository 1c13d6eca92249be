/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_pipeline.c - cycles a packet that the pipeline adds, without drivers.
 *
 *     bench_pipeline [--flows N[,N..]] [--seconds S] [--json FILE] [--huge]
 *
 * Two ports in memory: receiving copies 64-byte headers from an array of templates, one a flow in permuted
 * order, into mbufs of a real pool; sending counts and frees. A worker's own turn (gather, every stage, tx)
 * runs in between. The same loop without the pipeline is measured in turn with it and subtracted. The
 * packets that leave are checked by sample: addresses, ports, TTL, MAC and header checksum.
 */
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "pw_csum.h"
#include "worker.h"

#define HDR          64
#define POOL_MBUFS   16384
#define ROUTER_MAC   UINT64_C(0x020000000001)
#define CLIENT_MAC   UINT64_C(0x020000000101)
#define SERVER_MAC   UINT64_C(0x020000000201)
#define VIP          RTE_IPV4(10, 96, 0, 1)
#define N_BACKENDS   64
#define BATCH_ROUNDS 256 /* turns between two looks at the clock */
#define ROUNDS       7   /* pairs of windows; the median counts */

struct sink {
	uint64_t packets, wrong;
	void (*verify)(struct rte_mbuf *m, struct sink *sink);
};

struct source {
	struct rte_mempool *pool;
	const uint8_t *templates; /* n * HDR bytes */
	uint32_t n;
	uint32_t next, step; /* step is coprime to n: visits all in an order of its own */
};

struct bench {
	struct pw_dp *dp;
	struct worker *worker;
	struct source source;
	struct sink sink;
	struct pw_port ports[2];
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct pw_fdb *fdb;
	struct pw_lpm4 *lpm;
	struct pw_adj_table *adj;
	struct pw_nat *nat;
};

/* ---- ports ---- */

static uint16_t source_rx(
	struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t *bad)
{
	struct source *s = &((struct bench *)port->priv)->source;

	(void)queue;
	(void)bad;
	if (rte_pktmbuf_alloc_bulk(s->pool, pkts, n) != 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *data = rte_pktmbuf_mtod(pkts[i], uint8_t *);

		memcpy(data, s->templates + (size_t)s->next * HDR, HDR);
		pkts[i]->data_len = HDR;
		pkts[i]->pkt_len = HDR;
		s->next += s->step;
		if (s->next >= s->n)
			s->next -= s->n;
		/* the templates of the next ones: their misses are the source's, not the pipeline's */
		rte_prefetch0(s->templates + (size_t)((s->next + 4ull * s->step) % s->n) * HDR);
	}
	return n;
}

static void sink_tx(struct pw_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
	struct pw_tx_result *result)
{
	struct sink *s = &((struct bench *)port->priv)->sink;

	(void)queue;
	if (s->verify != NULL && (s->packets & 0xfff) == 0)
		s->verify(pkts[0], s);
	s->packets += n;
	rte_pktmbuf_free_bulk(pkts, n);
	result->sent = n;
}

static const struct pw_port_ops ops = {.name = "bench", .rx = source_rx, .tx = sink_tx};

/* ---- the world ---- */

static void die(const char *what)
{
	fprintf(stderr, "bench_pipeline: %s\n", what);
	exit(1);
}

static void add_port(
	struct bench *b, uint16_t index, uint16_t n_rxq, const struct pw_dp_port_conf *conf)
{
	struct pw_port *port = &b->ports[index];

	*port = (struct pw_port){.ops = &ops,
		.index = index,
		.mtu = 1500,
		.n_rxq = n_rxq,
		.n_txq = 1,
		.caps = UINT32_MAX,
		.state = PW_PORT_UP,
		.priv = b};
	if (pw_dp_port_add(b->dp, port, conf) != 0)
		die("port");
}

static void make(struct bench *b, struct rte_mempool *pool, uint32_t flows, bool bridged)
{
	const struct pw_alloc *heap = pw_alloc_heap();
	struct pw_nat_params nat = {.max_flows = flows + flows / 8 + 4096,
		.max_services = 1024,
		.max_endpoints = 4096,
		.n_workers = 1,
		.seed = 42};
	struct pw_dp_params params = {.n_workers = 1, .max_ports = 4, .pool = pool};
	struct pw_dp_bridge_conf bridge = {.router_mac48 = ROUTER_MAC, .arp_punt = true};
	struct pw_dp_port_conf conf = {
		.bridge = bridged ? 0 : PW_BRIDGE_NONE, .router_mac48 = ROUTER_MAC};
	struct pw_err err = {0};

	memset(b, 0, sizeof(*b));
	b->source.pool = pool;
	params.qsbr = b->qsbr = pw_qsbr_create(heap, 1);
	params.limbo = b->limbo = pw_limbo_create(b->qsbr);
	params.fdb = b->fdb = pw_fdb_create(heap, b->limbo, 1024);
	params.lpm4 = b->lpm = pw_lpm4_create(heap, b->limbo, 1 << 21);
	params.adj = b->adj = pw_adj_table_create(heap, b->limbo, 4096);
	params.nat = b->nat = pw_nat_create(heap, b->limbo, &nat);
	if (b->nat == NULL || b->adj == NULL || b->lpm == NULL)
		die("no memory for the tables");
	b->dp = pw_dp_create(&params, &err);
	if (b->dp == NULL || pw_dp_bridge_set(b->dp, 0, &bridge) != 0)
		die(err.msg);
	add_port(b, 0, 2, &conf); /* two queues: 64 packets a turn */
	add_port(b, 1, 0, &conf);
	b->worker = b->dp->workers[0];
	b->worker->now_sec = pw_dp_now_sec();
	pw_qsbr_online(b->qsbr, 0);
}

static void unmake(struct bench *b)
{
	pw_qsbr_offline(b->qsbr, 0);
	for (unsigned p = 0; p < 2; p++)
		free(b->dp->view->ports[p]);
	pw_limbo_run(b->limbo, UINT32_MAX);
	pw_nat_destroy(b->nat);
	pw_adj_table_destroy(b->adj);
	pw_lpm4_destroy(b->lpm);
	pw_fdb_destroy(b->fdb);
	pw_limbo_destroy(b->limbo);
	pw_dp_destroy(b->dp);
	pw_qsbr_destroy(b->qsbr);
	free((void *)(uintptr_t)b->source.templates);
}

static uint32_t new_adj(struct bench *b)
{
	struct pw_adj tmpl = {.kind = PW_ADJ_FORWARD,
		.word = SERVER_MAC << 16 | PW_ADJ_RESOLVED,
		.src_mac48 = ROUTER_MAC,
		.port = 1,
		.bridge = PW_BRIDGE_NONE,
		.mtu = 1500,
		.permanent = 1};
	int64_t index = pw_adj_alloc(b->adj, &tmpl);

	if (index < 0)
		die("adjacency");
	return (uint32_t)index;
}

static void route(struct bench *b, uint32_t ip, uint8_t len, uint32_t adj)
{
	if (pw_lpm4_set(b->lpm, rte_cpu_to_be_32(ip), len, adj) != 0)
		die("route");
}

/* ---- packets ---- */

static void put_mac(uint8_t *p, uint64_t mac48)
{
	for (unsigned i = 0; i < 6; i++)
		p[i] = (uint8_t)(mac48 >> (40 - 8 * i));
}

static void put_tcp(
	uint8_t *f, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport, uint8_t flags)
{
	struct rte_ipv4_hdr *ip = (void *)(f + 14);
	uint8_t *tcp = f + 34;

	f[12] = 0x08;
	f[13] = 0x00;
	*ip = (struct rte_ipv4_hdr){.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16(HDR - 14),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = rte_cpu_to_be_32(src),
		.dst_addr = rte_cpu_to_be_32(dst)};
	ip->hdr_checksum = pw_csum_ipv4_header(ip);
	memset(tcp, 0, HDR - 34);
	*(uint16_t *)(void *)tcp = rte_cpu_to_be_16(sport);
	*(uint16_t *)(void *)(tcp + 2) = rte_cpu_to_be_16(dport);
	tcp[12] = 0x50;
	tcp[13] = flags;
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
	return b == 0 ? a : gcd(b, a % b);
}

static void set_templates(struct source *s, uint8_t *templates, uint32_t n)
{
	s->templates = templates;
	s->n = n;
	s->next = 0;
	s->step = n > 2 ? (uint32_t)(n * 0.6180339) | 1 : 1;
	while (gcd(s->step, n) != 1)
		s->step += 2;
	s->step %= n;
}

static uint8_t *new_templates(uint32_t n)
{
	uint8_t *t = aligned_alloc(64, (size_t)n * HDR);

	if (t == NULL)
		die("no memory for the templates");
	return t;
}

/* ---- scenarios ---- */

static bool header_ok(const uint8_t *f)
{
	const struct rte_ipv4_hdr *ip = (const void *)(f + 14);

	return pw_csum_fold(pw_csum_add(0, ip, 20)) == 0xffff;
}

static void verify_l2(struct rte_mbuf *m, struct sink *sink)
{
	const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);

	sink->wrong += !header_ok(f) || f[14 + 8] != 64 || f[6 + 5] != 0x01;
}

static void verify_l3(struct rte_mbuf *m, struct sink *sink)
{
	const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);
	uint8_t macs[12];

	put_mac(macs, SERVER_MAC);
	put_mac(macs + 6, ROUTER_MAC);
	sink->wrong += !header_ok(f) || f[14 + 8] != 63 || memcmp(f, macs, 12) != 0;
}

static void verify_nat(struct rte_mbuf *m, struct sink *sink)
{
	const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);

	verify_l3(m, sink);
	sink->wrong += f[30] != 10 || f[31] != 244 || f[36] != 8080 >> 8 || f[37] != (8080 & 0xff);
}

static void scenario_l2(struct bench *b, uint32_t n)
{
	uint8_t *t = new_templates(n);

	for (uint32_t i = 0; i < n; i++) {
		uint64_t mac = UINT64_C(0x020000010000) + i;

		if (pw_fdb_set_static(b->fdb, 0, mac, 1) != 0)
			die("fdb");
		put_mac(t + (size_t)i * HDR, mac);
		put_mac(t + (size_t)i * HDR + 6, CLIENT_MAC);
		put_tcp(t + (size_t)i * HDR, RTE_IPV4(10, 0, 0, 1), RTE_IPV4(10, 0, 0, 2), 1000, 80,
			0x10);
	}
	set_templates(&b->source, t, n);
	b->sink.verify = verify_l2;
}

static void scenario_l3(struct bench *b, uint32_t n)
{
	uint8_t *t = new_templates(n);
	uint32_t adj = new_adj(b);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t net = RTE_IPV4(16, 0, 0, 0) + i * 256 * (n <= 65536 ? 16 : 1);

		route(b, net, 24, adj);
		put_mac(t + (size_t)i * HDR, ROUTER_MAC);
		put_mac(t + (size_t)i * HDR + 6, CLIENT_MAC);
		put_tcp(t + (size_t)i * HDR, RTE_IPV4(10, 0, 0, 1), net + 1 + i % 250, 1000, 80,
			0x10);
	}
	set_templates(&b->source, t, n);
	b->sink.verify = verify_l3;
}

static void service(struct bench *b, uint32_t vip)
{
	struct pw_nat_endpoint eps[N_BACKENDS];
	struct pw_nat_service svc = {.vip_be = rte_cpu_to_be_32(vip),
		.port_be = rte_cpu_to_be_16(80),
		.proto = IPPROTO_TCP,
		.endpoints = eps,
		.n_endpoints = N_BACKENDS};
	uint32_t id;

	for (unsigned i = 0; i < N_BACKENDS; i++)
		eps[i] = (struct pw_nat_endpoint){
			rte_cpu_to_be_32(RTE_IPV4(10, 244, 0, 1) + i), rte_cpu_to_be_16(8080)};
	if (pw_nat_service_set(b->nat, &svc, &id) != 0)
		die("service");
}

/* Every flow is opened by a SYN, then carries ACKs. */
static void scenario_nat(struct bench *b, uint32_t n)
{
	uint8_t *t = new_templates(n);

	service(b, VIP);
	route(b, RTE_IPV4(10, 244, 0, 0), 16, new_adj(b));
	for (uint32_t i = 0; i < n; i++) {
		put_mac(t + (size_t)i * HDR, ROUTER_MAC);
		put_mac(t + (size_t)i * HDR + 6, CLIENT_MAC);
		put_tcp(t + (size_t)i * HDR, RTE_IPV4(10, 1, 0, 0) + i / 16384, VIP,
			(uint16_t)(1024 + i % 16384), 80, 0x02);
	}
	set_templates(&b->source, t, n);
	for (uint32_t done = 0; done < n; done += 64) {
		worker_turn(b->worker);
		pw_qsbr_quiescent(b->qsbr, 0);
	}
	for (uint32_t i = 0; i < n; i++)
		t[(size_t)i * HDR + 34 + 13] = 0x10;
	b->sink.verify = verify_nat;
}

/* ---- measuring ---- */

static double window(struct bench *b, bool pipeline, double seconds)
{
	uint64_t end = rte_rdtsc() + (uint64_t)(seconds * (double)rte_get_tsc_hz());
	uint64_t start = rte_rdtsc(), before = b->sink.packets, now;
	struct rte_mbuf *pkts[PW_PORT_BURST];
	struct pw_tx_result result;
	uint16_t bad;

	do {
		for (unsigned i = 0; i < BATCH_ROUNDS; i++) {
			if (pipeline) {
				worker_turn(b->worker);
				pw_qsbr_quiescent(b->qsbr, 0);
				continue;
			}
			for (unsigned q = 0; q < 2; q++) {
				uint16_t n = source_rx(&b->ports[0], 0, pkts, PW_PORT_BURST, &bad);

				b->sink.packets++; /* never at a sample: those are for the pipeline */
				sink_tx(&b->ports[1], 0, pkts, n, &result);
				b->sink.packets--;
			}
		}
		now = rte_rdtsc();
	} while (now < end);
	return (double)(now - start) / (double)(b->sink.packets - before);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct figure {
	double median, min, max;
};

static struct figure measure(struct bench *b, double seconds)
{
	double net[ROUNDS];

	window(b, true, seconds / 2); /* warm */
	for (unsigned r = 0; r < ROUNDS; r++) {
		double with = window(b, true, seconds);

		net[r] = with - window(b, false, seconds);
	}
	qsort(net, ROUNDS, sizeof(net[0]), compare);
	return (struct figure){net[ROUNDS / 2], net[0], net[ROUNDS - 1]};
}

struct row {
	const char *id, *what;
	void (*scenario)(struct bench *b, uint32_t n);
	uint32_t n;
	bool bridged;
	double goal;
};

/* Where the cycles go; the clock reads between the stages cost some themselves. */
static void print_stages(struct bench *b, double seconds)
{
	struct pw_dp_worker_stats stats, before;

	pw_dp_worker_stats(b->dp, 0, &before);
	pw_dp_measure_cycles(b->dp, true);
	window(b, true, seconds);
	pw_dp_measure_cycles(b->dp, false);
	pw_dp_worker_stats(b->dp, 0, &stats);
	printf("      ");
	for (unsigned s = 0; s < PW_DP_STAGE_COUNT; s++)
		printf(" %s %.1f", pw_dp_stage_name((enum pw_dp_stage)s),
			(double)(stats.stages[s].cycles - before.stages[s].cycles) /
				(double)(stats.stages[s].packets - before.stages[s].packets));
	printf("\n");
}

static bool show_stages;
static FILE *json;
static unsigned n_json;
static const char *command;

static void print_row(const struct row *row, const struct figure *f, uint64_t wrong)
{
	struct utsname uts;

	printf("%-6s %-44s %7.1f  (%.1f .. %.1f)  %s\n", row->id, row->what, f->median, f->min,
		f->max,
		row->goal == 0           ? ""
		: f->median <= row->goal ? "goal met"
					 : "goal missed");
	if (wrong != 0)
		printf("       %" PRIu64 " WRONG PACKETS in the sample\n", wrong);
	fflush(stdout);
	if (json == NULL)
		return;
	uname(&uts);
	fprintf(json,
		"%s\n {\"id\": \"%s\", \"what\": \"%s\", \"value\": %.1f, \"unit\": "
		"\"cycles/packet\", "
		"\"peer\": null, \"min\": %.1f, \"max\": %.1f, \"pairs\": %d, \"ratio\": null, "
		"\"goal\": "
		"%.0f, \"met\": %s, \"command\": \"%s\", \"machine\": \"%s %s\"}",
		n_json++ ? "," : "[", row->id, row->what, f->median, f->min, f->max, ROUNDS,
		row->goal, row->goal == 0 || f->median <= row->goal ? "true" : "false", command,
		uts.machine, uts.release);
}

static uint64_t run(struct rte_mempool *pool, const struct row *row, double seconds)
{
	struct bench *b = aligned_alloc(64, (sizeof(*b) + 63) / 64 * 64);
	struct figure f;
	uint64_t wrong;

	if (b == NULL)
		die("no memory");
	make(b, pool, row->scenario == scenario_nat ? row->n : 1024, row->bridged);
	row->scenario(b, row->n);
	b->sink.packets = 0;
	f = measure(b, seconds);
	wrong = b->sink.wrong;
	if (show_stages)
		print_stages(b, seconds);
	print_row(row, &f, wrong);
	unmake(b);
	free(b);
	return wrong;
}

static const struct row rows[] = {
	{"P-1", "L2, 64 FDB entries", scenario_l2, 64, true, 25},
	{"P-1", "L3, 1,000 routes", scenario_l3, 1000, false, 35},
	{"P-1", "Service NAT, 1,000 flows", scenario_nat, 1000, false, 45},
	{"P-2", "Service NAT, 64,512 flows", scenario_nat, 64512, false, 0},
	{"P-2", "Service NAT, 258,048 flows", scenario_nat, 258048, false, 0},
	{"P-2", "Service NAT, 1,032,192 flows", scenario_nat, 1032192, false, 100},
	{"P-2", "Service NAT, 4,128,768 flows", scenario_nat, 4128768, false, 110},
	{"P-2", "Service NAT, 16,515,072 flows", scenario_nat, 16515072, false, 0},
	{"P-3", "L3, 1,000,000 routes", scenario_l3, 1000000, false, 0},
};

static void help(void)
{
	puts("usage: bench_pipeline [--seconds S] [--max-flows N] [--json FILE] [--huge]\n"
	     "Cycles a packet that the pipeline adds, by scenario; medians of 7 windows of S "
	     "seconds (0.3).\n"
	     "--max-flows N leaves out what is larger (5,000,000); --huge: memory on "
	     "hugepages;\n--stages: cycles of each stage, too.");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
		{"max-flows", required_argument, NULL, 'm'}, {"json", required_argument, NULL, 'j'},
		{"huge", no_argument, NULL, 'g'}, {"stages", no_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'}, {0}};
	const char *eal[] = {argv[0], "--no-pci", "--no-telemetry", "--no-shconf", "--log-level=3",
		"-l", "1", "-m", "256", "--no-huge", NULL};
	int n_eal = 10, opt;
	double seconds = 0.3;
	uint64_t wrong = 0;
	uint32_t max_flows = 5000000;
	struct rte_mempool *pool;

	command = "scripts/bench.sh pipeline";
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			seconds = atof(optarg);
			break;
		case 'm':
			max_flows = (uint32_t)atol(optarg);
			break;
		case 'j':
			json = fopen(optarg, "w");
			if (json == NULL)
				die("cannot write the JSON file");
			break;
		case 't':
			show_stages = true;
			break;
		case 'g':
			n_eal = 9;
			break;
		default:
			help();
			return opt == 'h' ? 0 : 2;
		}
	}
	eal[n_eal] = NULL;
	if (rte_eal_init(n_eal, (char **)(uintptr_t)eal) < 0)
		die("the EAL does not start; with --huge, are there hugepages?");
	pool = rte_pktmbuf_pool_create("bench", POOL_MBUFS, 256, 0, 2176, SOCKET_ID_ANY);
	if (pool == NULL)
		die("no packet memory");
	printf("%-6s %-44s %7s\n", "goal", "scenario", "cycles a packet: median (min .. max)");
	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		if (rows[i].n <= max_flows)
			wrong += run(pool, &rows[i], seconds);
	}
	if (json != NULL) {
		fprintf(json, "\n]\n");
		fclose(json);
	}
	return wrong == 0 ? 0 : 1;
}
