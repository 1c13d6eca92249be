/* SPDX-License-Identifier: BSD-3-Clause */
/* rig_cases6.c - the cases of IPv6: UDP, so that headers fit a template. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "pw_csum.h"
#include "rig_cases.h"

#define L3        14
#define SRC       (L3 + 8)
#define DST       (L3 + 24)
#define L4        (L3 + 40)
#define FRAME_LEN 64
#define UDP_LEN   (FRAME_LEN - L4)

/* 2001:db8:: and 64 bits: which network, which host. */
struct addr {
	uint32_t net, host;
};
#define CLIENTS      0x0a010000
#define ENDPOINTS    0x0af40000
#define VIP_NET      0x0a600000
#define FIRST_NET    0x10000000 /* of the routes */
#define N_ENDPOINTS  64
#define CLIENT_PORTS 16384 /* of one client */
#define TARGET_PORT  8080

static void put32(uint8_t *p, uint32_t v)
{
	v = rte_cpu_to_be_32(v);
	memcpy(p, &v, 4);
}

static void put16(uint8_t *p, uint16_t v)
{
	v = rte_cpu_to_be_16(v);
	memcpy(p, &v, 2);
}

static void put_mac(uint8_t *p, uint64_t mac48)
{
	put32(p, (uint32_t)(mac48 >> 16));
	put16(p + 4, (uint16_t)mac48);
}

static void put_addr(uint8_t *p, struct addr a)
{
	put32(p, 0x20010db8);
	put32(p + 4, a.net);
	put32(p + 8, 0);
	put32(p + 12, a.host);
}

static void finish(uint8_t *f, uint64_t dst48)
{
	uint16_t sum;

	put_mac(f, dst48);
	put_mac(f + 6, RIG_CLIENT_MAC);
	put16(f + 12, 0x86dd);
	f[L3] = 0x60;
	put16(f + L3 + 4, UDP_LEN);
	f[L3 + 6] = IPPROTO_UDP;
	f[L3 + 7] = 64;
	put16(f + L4 + 4, UDP_LEN);
	memset(f + L4 + 6, 0, 2);
	sum = pw_csum_pseudo6(f + SRC, f + DST, IPPROTO_UDP, UDP_LEN);
	sum = (uint16_t)~pw_csum_fold(pw_csum_add(sum, f + L4, UDP_LEN));
	memcpy(f + L4 + 6, &sum, 2);
}

static void put_udp(uint8_t *f, uint64_t dst48, struct addr src, struct addr dst, uint16_t sport)
{
	memset(f, 0, RIG_HDR);
	put_addr(f + SRC, src);
	put_addr(f + DST, dst);
	put16(f + L4, sport);
	put16(f + L4 + 2, 80);
	finish(f, dst48);
}

/* ---- how they must leave ---- */

static bool udp_ok(const uint8_t *f)
{
	uint32_t sum = pw_csum_pseudo6(f + SRC, f + DST, IPPROTO_UDP, UDP_LEN);

	return pw_csum_fold(pw_csum_add(sum, f + L4, UDP_LEN)) == 0xffff;
}

static bool bridged_right(const uint8_t *f)
{
	return udp_ok(f) && f[L3 + 7] == 64;
}

static bool routed_right(const uint8_t *f)
{
	uint8_t macs[12];

	put_mac(macs, RIG_SERVER_MAC);
	put_mac(macs + 6, RIG_ROUTER_MAC);
	return udp_ok(f) && f[L3 + 7] == 63 && memcmp(f, macs, 12) == 0;
}

static bool translated_right(const uint8_t *f)
{
	return routed_right(f) && f[DST + 5] == (ENDPOINTS >> 16 & 0xff) &&
	       f[L4 + 2] == TARGET_PORT >> 8;
}

/* ---- cases ---- */

static void route(struct rig *rig, uint32_t net, uint32_t adj)
{
	struct pw_prefix_key key = {.hi = UINT64_C(0x20010db8) << 32 | net};

	if (pw_lpm6_set(rig->lpm6, key, 64, adj) != 0)
		rig_die("route");
}

void rig_make_l2_6(struct rig *rig, const struct rig_case *c)
{
	uint8_t *t = rig_templates(rig, c->n);

	for (uint32_t i = 0; i < c->n; i++) {
		uint64_t mac = UINT64_C(0x020000010000) + i;

		if (pw_fdb_set_static(rig->fdb, 0, mac, 1) != 0)
			rig_die("fdb");
		put_udp(t + (size_t)i * RIG_HDR, mac, (struct addr){CLIENTS, 1},
			(struct addr){CLIENTS, 2}, 1000);
	}
	rig->sink.is_right = bridged_right;
}

void rig_make_l3_6(struct rig *rig, const struct rig_case *c)
{
	uint8_t *t = rig_templates(rig, c->n);
	uint32_t adj = rig_new_adj(rig);

	for (uint32_t i = 0; i < c->n; i++) {
		route(rig, FIRST_NET + i * 256, adj);
		put_udp(t + (size_t)i * RIG_HDR, RIG_ROUTER_MAC, (struct addr){CLIENTS, 1},
			(struct addr){FIRST_NET + i * 256, 1 + i}, 1000);
	}
	rig->sink.is_right = routed_right;
}

static void service(struct rig *rig)
{
	struct pw_nat6_endpoint eps[N_ENDPOINTS];
	struct pw_nat6_service svc = {.port_be = rte_cpu_to_be_16(80),
		.proto = IPPROTO_UDP,
		.endpoints = eps,
		.n_endpoints = N_ENDPOINTS};
	uint8_t ip[16];
	uint32_t id;

	put_addr(ip, (struct addr){VIP_NET, 1});
	svc.vip_be = pw_in6_load(ip);
	for (uint32_t i = 0; i < N_ENDPOINTS; i++) {
		put_addr(ip, (struct addr){ENDPOINTS, 1 + i});
		eps[i] = (struct pw_nat6_endpoint){pw_in6_load(ip), rte_cpu_to_be_16(TARGET_PORT)};
	}
	if (pw_nat6_service_set(rig->nat6, &svc, &id) != 0)
		rig_die("service");
}

/* What left becomes the answer to it. */
static void turn_round(uint8_t *f)
{
	uint8_t src[16], port[2];

	memcpy(src, f + SRC, 16);
	memcpy(f + SRC, f + DST, 16);
	memcpy(f + DST, src, 16);
	memcpy(port, f + L4, 2);
	memcpy(f + L4, f + L4 + 2, 2);
	memcpy(f + L4 + 2, port, 2);
	finish(f, RIG_ROUTER_MAC);
}

/* A datagram of every flow and its answer, then the packets that are measured. */
void rig_make_nat_6(struct rig *rig, const struct rig_case *c)
{
	uint8_t *t = rig_templates(rig, c->n), *replies = malloc((size_t)(c->n + 64) * RIG_HDR);
	uint32_t adj = rig_new_adj(rig);

	if (replies == NULL)
		rig_die("no memory");
	service(rig);
	route(rig, ENDPOINTS, adj);
	route(rig, CLIENTS, adj);
	for (uint32_t i = 0; i < c->n; i++)
		put_udp(t + (size_t)i * RIG_HDR, RIG_ROUTER_MAC,
			(struct addr){CLIENTS, 1 + i / CLIENT_PORTS}, (struct addr){VIP_NET, 1},
			(uint16_t)(1024 + i % CLIENT_PORTS));
	rig->sink.capture = replies;
	for (uint32_t done = 0; done < c->n; done += 64)
		rig_turn(rig);
	rig->sink.capture = NULL;
	for (uint32_t i = 0; i < c->n; i++)
		turn_round(replies + (size_t)i * RIG_HDR);
	rig->source.templates = replies;
	rig->source.next = 0;
	rig_run(rig, c->n);
	rig->source.templates = t;
	rig->source.next = 0;
	rig->sink.is_right = translated_right;
	free(replies);
}
