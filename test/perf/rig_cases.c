/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

#include "pw_csum.h"
#include "rig_cases.h"

#define CLIENTS       RTE_IPV4(10, 1, 0, 0)
#define VIP           RTE_IPV4(10, 96, 0, 1)
#define ENDPOINTS     RTE_IPV4(10, 244, 0, 1)
#define N_ENDPOINTS   64
#define CLIENT_PORTS  16384 /* of one client */
#define TARGET_PORT   8080
#define TCP_SYN       0x02
#define TCP_ACK       0x10
#define ZIPF_DRAWS    (1u << 22)
#define L4            34
#define TCP_FLAGS_OFF (L4 + 13)

/* ---- frames ---- */

static void put_mac(uint8_t *p, uint64_t mac48)
{
	for (unsigned i = 0; i < 6; i++)
		p[i] = (uint8_t)(mac48 >> (40 - 8 * i));
}

struct ends {
	uint32_t src, dst;
	uint16_t sport, dport;
};

static uint16_t frame_len(const struct rig_case *c, uint32_t i)
{
	static const uint16_t imix[12] = {64, 64, 594, 64, 64, 594, 64, 1518, 594, 64, 64, 594};

	return c->imix ? imix[i % 12] - 4 * (imix[i % 12] == 1518) : 64; /* 1514: without FCS */
}

static void put_tcp(uint8_t *f, uint64_t dst48, const struct ends *e, uint16_t len, uint8_t flags)
{
	struct rte_ipv4_hdr *ip = (void *)(f + 14);
	uint16_t ports[2] = {rte_cpu_to_be_16(e->sport), rte_cpu_to_be_16(e->dport)};

	memset(f, 0, RIG_HDR);
	put_mac(f, dst48);
	put_mac(f + 6, RIG_CLIENT_MAC);
	f[12] = 0x08;
	*ip = (struct rte_ipv4_hdr){.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)(len - 14)),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = rte_cpu_to_be_32(e->src),
		.dst_addr = rte_cpu_to_be_32(e->dst)};
	ip->hdr_checksum = pw_csum_ipv4_header(ip);
	memcpy(f + L4, ports, 4);
	f[L4 + 12] = 0x50;
	f[TCP_FLAGS_OFF] = flags;
}

/* ---- how they must leave ---- */

static bool header_ok(const uint8_t *f)
{
	return pw_csum_fold(pw_csum_add(0, f + 14, 20)) == 0xffff;
}

static bool bridged_right(const uint8_t *f)
{
	return header_ok(f) && f[14 + 8] == 64 && f[6 + 5] == 0x01;
}

static bool routed_right(const uint8_t *f)
{
	uint8_t macs[12];

	put_mac(macs, RIG_SERVER_MAC);
	put_mac(macs + 6, RIG_ROUTER_MAC);
	return header_ok(f) && f[14 + 8] == 63 && memcmp(f, macs, 12) == 0;
}

static bool to_endpoint(const uint8_t *f)
{
	return f[30] == 10 && f[31] == 244 && f[L4 + 2] == TARGET_PORT >> 8 &&
	       f[L4 + 3] == (TARGET_PORT & 0xff);
}

static bool from_vip(const uint8_t *f)
{
	return f[26] == 10 && f[27] == 96 && f[L4] == 0 && f[L4 + 1] == 80;
}

static bool translated_right(const uint8_t *f)
{
	return routed_right(f) && to_endpoint(f);
}

static bool reply_right(const uint8_t *f)
{
	return routed_right(f) && from_vip(f);
}

static bool either_right(const uint8_t *f)
{
	return routed_right(f) && (to_endpoint(f) || from_vip(f));
}

/* ---- tables ---- */

uint32_t rig_new_adj(struct rig *rig)
{
	struct pw_adj tmpl = {.kind = PW_ADJ_FORWARD,
		.word = RIG_SERVER_MAC << 16 | PW_ADJ_RESOLVED,
		.src_mac48 = RIG_ROUTER_MAC,
		.port = 1,
		.bridge = PW_BRIDGE_NONE,
		.mtu = 1500,
		.permanent = 1};
	int64_t index = pw_adj_alloc(rig->adj, &tmpl);

	if (index < 0)
		rig_die("adjacency");
	return (uint32_t)index;
}

static void route(struct rig *rig, uint32_t ip, uint8_t len, uint32_t adj)
{
	if (pw_lpm4_set(rig->lpm, rte_cpu_to_be_32(ip), len, adj) != 0)
		rig_die("route");
}

static void service(struct rig *rig)
{
	struct pw_nat_endpoint eps[N_ENDPOINTS];
	struct pw_nat_service svc = {.vip_be = rte_cpu_to_be_32(VIP),
		.port_be = rte_cpu_to_be_16(80),
		.proto = IPPROTO_TCP,
		.endpoints = eps,
		.n_endpoints = N_ENDPOINTS};
	uint32_t id;

	for (unsigned i = 0; i < N_ENDPOINTS; i++)
		eps[i] = (struct pw_nat_endpoint){
			rte_cpu_to_be_32(ENDPOINTS + i), rte_cpu_to_be_16(TARGET_PORT)};
	if (pw_nat_service_set(rig->nat, &svc, &id) != 0)
		rig_die("service");
}

/* ---- cases ---- */

static void make_l2(struct rig *rig, const struct rig_case *c)
{
	const struct ends e = {RTE_IPV4(10, 0, 0, 1), RTE_IPV4(10, 0, 0, 2), 1000, 80};
	uint8_t *t = rig_templates(rig, c->n);

	for (uint32_t i = 0; i < c->n; i++) {
		uint64_t mac = UINT64_C(0x020000010000) + i;

		if (pw_fdb_set_static(rig->fdb, 0, mac, 1) != 0)
			rig_die("fdb");
		put_tcp(t + (size_t)i * RIG_HDR, mac, &e, frame_len(c, i), TCP_ACK);
	}
	rig->sink.is_right = bridged_right;
}

static void make_l3(struct rig *rig, const struct rig_case *c)
{
	uint8_t *t = rig_templates(rig, c->n);
	uint32_t adj = rig_new_adj(rig);

	for (uint32_t i = 0; i < c->n; i++) {
		uint32_t net = RTE_IPV4(16, 0, 0, 0) + i * 256 * (c->n <= 65536 ? 16 : 1);
		struct ends e = {RTE_IPV4(10, 0, 0, 1), net + 1 + i % 250, 1000, 80};

		route(rig, net, 24, adj);
		put_tcp(t + (size_t)i * RIG_HDR, RIG_ROUTER_MAC, &e, frame_len(c, i), TCP_ACK);
	}
	rig->sink.is_right = routed_right;
}

/* One SYN of each flow. */
static void make_syns(struct rig *rig, const struct rig_case *c)
{
	uint8_t *t = rig_templates(rig, c->n);
	uint32_t adj = rig_new_adj(rig);

	service(rig);
	route(rig, ENDPOINTS & 0xffff0000, 16, adj);
	route(rig, CLIENTS, 16, adj);
	for (uint32_t i = 0; i < c->n; i++) {
		struct ends e = {
			CLIENTS + i / CLIENT_PORTS, VIP, (uint16_t)(1024 + i % CLIENT_PORTS), 80};

		put_tcp(t + (size_t)i * RIG_HDR, RIG_ROUTER_MAC, &e, 64, TCP_SYN);
	}
	rig_shuffle(rig);
	rig->sink.is_right = translated_right;
}

/* What left becomes the answer to it. */
static void turn_round(uint8_t *f, uint8_t flags)
{
	const struct rte_ipv4_hdr *ip = (const void *)(f + 14);
	uint16_t ports[2];
	struct ends e = {rte_be_to_cpu_32(ip->dst_addr), rte_be_to_cpu_32(ip->src_addr), 0, 0};

	memcpy(ports, f + L4, 4);
	e.sport = rte_be_to_cpu_16(ports[1]);
	e.dport = rte_be_to_cpu_16(ports[0]);
	put_tcp(f, RIG_ROUTER_MAC, &e, 64, flags);
}

/* Data and acknowledgements from now on, of the case's sizes. */
static void set_data(uint8_t *t, uint32_t n, const struct rig_case *c)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *f = t + (size_t)i * RIG_HDR;
		struct rte_ipv4_hdr *ip = (void *)(f + 14);

		f[TCP_FLAGS_OFF] = TCP_ACK;
		ip->total_length = rte_cpu_to_be_16((uint16_t)(frame_len(c, i) - 14));
		ip->hdr_checksum = 0;
		ip->hdr_checksum = pw_csum_ipv4_header(ip);
	}
}

/* SYN, SYN ACK, ACK of every flow, then the packets that are measured. */
static void make_nat(struct rig *rig, const struct rig_case *c)
{
	uint32_t n = c->n;
	uint8_t *replies = malloc((size_t)(n + 64) * RIG_HDR), *there, *t;

	if (replies == NULL)
		rig_die("no memory");
	make_syns(rig, c);
	rig->sink.capture = replies;
	for (uint32_t done = 0; done < n; done += 64)
		rig_turn(rig);
	rig->sink.capture = NULL;
	for (uint32_t i = 0; i < n; i++)
		turn_round(replies + (size_t)i * RIG_HDR, TCP_SYN | TCP_ACK);
	there = rig->source.templates;
	rig->source.templates = replies;
	rig->source.next = 0;
	rig->sink.is_right = reply_right;
	rig_run(rig, n);
	rig->source.templates = there;
	set_data(there, n, c);
	set_data(replies, n, c);
	rig->source.next = 0;
	rig->sink.is_right = translated_right;
	rig_run(rig, n);
	if (c->traffic == RIG_REPLY) {
		memcpy(there, replies, (size_t)n * RIG_HDR);
		rig->sink.is_right = reply_right;
	} else if (c->traffic == RIG_BOTH) {
		rig->source.templates = NULL;
		t = rig_templates(rig, 2 * n);
		memcpy(t, there, (size_t)n * RIG_HDR);
		memcpy(t + (size_t)n * RIG_HDR, replies, (size_t)n * RIG_HDR);
		free(there);
		rig->sink.is_right = either_right;
	}
	free(replies);
}

/* The inverse of the distribution function, ln k / ln n to a good approximation. */
static void set_zipf(struct rig *rig)
{
	struct rig_source *s = &rig->source;
	uint32_t *order = malloc(ZIPF_DRAWS * sizeof(*order));
	double log_n = log((double)s->n);
	uint64_t seed = 7;

	if (order == NULL)
		rig_die("no memory");
	for (uint32_t i = 0; i < ZIPF_DRAWS; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		order[i] = (uint32_t)exp((double)(seed >> 32) * 0x1p-32 * log_n) - 1;
	}
	s->order = order;
	s->n_order = ZIPF_DRAWS;
	s->next = 0;
}

struct rig *rig_case_make(struct rte_mempool *pool, const struct rig_case *c)
{
	static void (*const make[])(struct rig *, const struct rig_case *) = {
		[RIG_L2] = make_l2,
		[RIG_L3] = make_l3,
		[RIG_L2_6] = rig_make_l2_6,
		[RIG_L3_6] = rig_make_l3_6,
		[RIG_NAT_6] = rig_make_nat_6,
		[RIG_NAT] = make_nat,
		[RIG_REPLY] = make_nat,
		[RIG_BOTH] = make_nat,
		[RIG_NEW] = make_syns,
	};
	bool ip6 = c->traffic == RIG_L2_6 || c->traffic == RIG_L3_6 || c->traffic == RIG_NAT_6;
	bool bridged = c->traffic == RIG_L2 || c->traffic == RIG_L2_6;
	struct rig *rig = rig_make(pool, c->traffic >= RIG_NAT ? c->n : 1024, bridged, ip6);

	rig->source.partial = c->partial;
	make[c->traffic](rig, c);
	rig_shuffle(rig);
	if (c->zipf)
		set_zipf(rig);
	rig->sink.packets = 0;
	return rig;
}
