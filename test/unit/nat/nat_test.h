/* SPDX-License-Identifier: BSD-3-Clause */
/* nat_test.h - a pw_nat with its domain, and frames through it; checked against frames from
 * scratch. */
#ifndef NAT_TEST_H
#define NAT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../net/net_test.h"
#include "pw_nat.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d)) /* host order */
#define CLIENT         IP(10, 244, 0, 5)
#define VIP            IP(10, 96, 0, 10)
#define SNAT           IP(10, 244, 0, 1)
#define BACKEND(i)     IP(10, 244, 1, 10 + (i))
#define ROUTER         IP(10, 244, 9, 9)

/* The same tests for both families: an IPv6 address is 2001:db8:: with these 32 bits at its end
 * (frames.h). */
#ifdef PW_NAT_V6
#define FAMILY6      true
#define SERVICE_CIDR "2001:db8::a60:0/112"
#define ICMP         IPPROTO_ICMPV6
#define ICMP_ECHO    128
#define ICMP_UNREACH 1
#define ICMP_TIME    3
static inline pw_in6 ADDR(uint32_t host)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};

	put32(bytes + 12, host);
	return pw_in6_load(bytes);
}
#define SRC_OF(pkt) get32((pkt)->data + (pkt)->l3_off + 20)
#define DST_OF(pkt) get32((pkt)->data + (pkt)->l3_off + 36)
static inline struct pw_pkt addressed(uint32_t src, uint32_t dst)
{
	static uint8_t frame[54];

	pw_in6_store(frame + 22, ADDR(src));
	pw_in6_store(frame + 38, ADDR(dst));
	return (struct pw_pkt){.data = frame, .l3_off = 14, .flags = PW_PKT_IPV6};
}
#else
#define FAMILY6      false
#define SERVICE_CIDR "10.96.0.0/16"
#define ICMP         IPPROTO_ICMP
#define ICMP_ECHO    8
#define ICMP_UNREACH 3
#define ICMP_TIME    11
#define ADDR(host)   htonl(host)
#define SRC_OF(pkt)  ntohl((pkt)->src_be)
#define DST_OF(pkt)  ntohl((pkt)->dst_be)
static inline struct pw_pkt addressed(uint32_t src, uint32_t dst)
{
	return (struct pw_pkt){.src_be = htonl(src), .dst_be = htonl(dst), .flags = PW_PKT_IPV4};
}
#endif

struct fixture {
	struct pw_qsbr *qsbr;
	struct pw_limbo *limbo;
	struct pw_nat *nat;
	struct fake_pool pool;
	uint32_t now;
};

static inline struct pw_nat_params fx_params(uint32_t max_flows, uint32_t n_workers)
{
	return (struct pw_nat_params){
		.max_flows = max_flows,
		.max_services = 64,
		.max_endpoints = 256,
		.n_workers = n_workers,
		.seed = 42,
	};
}

static inline void fx_open_with(struct fixture *fx, const struct pw_nat_params *params)
{
	struct pw_prefix cidr;

	memset(fx, 0, sizeof(*fx));
	fx->now = 1000;
	fx->qsbr = pw_qsbr_create(pw_alloc_heap(), params->n_workers);
	fx->limbo = pw_limbo_create(fx->qsbr);
	fx->nat = pw_nat_create(pw_alloc_heap(), fx->limbo, params);
	assert_non_null(fx->nat);
	fake_pool_init(&fx->pool, 2048);
	assert_int_equal(pw_prefix_parse(SERVICE_CIDR, &cidr), 0);
	assert_int_equal(pw_nat_set_service_cidrs(fx->nat, &cidr, 1), 0);
	pw_nat_set_snat_address(fx->nat, ADDR(SNAT));
	assert_int_equal(pw_nat_set_snat_ports(fx->nat, 1024, UINT16_MAX), 0);
}

static inline void fx_open(struct fixture *fx, uint32_t max_flows, uint32_t n_workers)
{
	struct pw_nat_params params = fx_params(max_flows, n_workers);

	fx_open_with(fx, &params);
}

static inline void fx_close(struct fixture *fx)
{
	pw_nat_destroy(fx->nat);
	pw_limbo_destroy(fx->limbo);
	pw_qsbr_destroy(fx->qsbr);
	assert_int_equal(fx->pool.in_use, 0);
}

/* Grace periods of everything, and a full pass of ageing. */
static inline void fx_turn(struct fixture *fx)
{
	for (int i = 0; i < 3; i++)
		pw_limbo_run(fx->limbo, UINT32_MAX);
	for (int i = 0; i < 3; i++)
		pw_nat_age(fx->nat, 0, fx->now, UINT32_MAX / 2);
}

/* Service (vip, proto, port) with backends first .. first + n - 1, all on `target`. */
static inline uint32_t fx_service_on(struct fixture *fx, uint32_t vip, uint8_t proto, uint16_t port,
	uint32_t first, uint32_t n, uint16_t target)
{
	struct pw_nat_endpoint endpoints[64];
	struct pw_nat_service svc = {
		.vip_be = ADDR(vip),
		.port_be = htons(port),
		.proto = proto,
		.endpoints = endpoints,
		.n_endpoints = n,
	};
	uint32_t id = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++)
		endpoints[i] = (struct pw_nat_endpoint){ADDR(BACKEND(first + i)), htons(target)};
	assert_int_equal(pw_nat_service_set(fx->nat, &svc, &id), 0);
	return id;
}

static inline uint32_t fx_service(struct fixture *fx, uint8_t proto, uint32_t n)
{
	return fx_service_on(fx, VIP, proto, 80, 0, n, 8080);
}

/* ---- packets ---- */

static inline struct frame_spec packet(
	uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	return (struct frame_spec){
		.src = src,
		.dst = dst,
		.sport = sport,
		.dport = dport,
		.id = 7,
		.ipv6 = FAMILY6,
		.proto = proto,
		.ttl = 64,
		.seq = 1000,
		.ack = 2000,
		.tcp_flags = 0x10,
	};
}

static inline struct frame_spec tcp(
	uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint8_t flags)
{
	struct frame_spec s = packet(IPPROTO_TCP, src, sport, dst, dport);

	s.tcp_flags = flags;
	return s;
}

static inline struct frame_spec udp(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	return packet(IPPROTO_UDP, src, sport, dst, dport);
}

/* Parsed and processed; the caller frees it or gives it to a check. */
static inline struct pw_pkt send_by(
	struct fixture *fx, uint32_t worker, const struct frame_spec *spec)
{
	struct pw_pkt pkt = parse_spec(&fx->pool, spec, 0);
	struct pw_pkt *batch[1] = {&pkt};

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	if (pw_nat_wants(fx->nat, &pkt))
		pw_nat_process(fx->nat, worker, batch, 1, fx->now);
	return pkt;
}

static inline struct pw_pkt send_spec(struct fixture *fx, struct frame_spec spec)
{
	return send_by(fx, 0, &spec);
}

/* Where routing will look for it. */
static inline void check_route(const struct fixture *fx, const struct pw_pkt *pkt, uint32_t want)
{
#ifdef PW_NAT_V6
	if (pkt->flags & PW_PKT_NAT)
		assert_true(pw_nat6_route_dst(fx->nat, pkt) == ADDR(want));
#else
	assert_int_equal(pkt->route_dst_be, htonl(want));
#endif
}

/* Processed and rewritten it is `want`, byte for byte: every checksum is computed from scratch. */
static inline void check_becomes(struct fixture *fx, struct frame_spec spec, struct frame_spec want)
{
	struct pw_pkt pkt = send_spec(fx, spec);

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	check_route(fx, &pkt, want.dst);
	if (pkt.flags & PW_PKT_NAT)
		assert_true(pw_nat_rewrite(fx->nat, &pkt));
	check_is_frame(&pkt, &want);
}

static inline void check_passes(struct fixture *fx, struct frame_spec spec)
{
	check_becomes(fx, spec, spec);
}

static inline void check_verdict(struct fixture *fx, struct frame_spec spec, uint8_t verdict)
{
	struct pw_pkt pkt = send_spec(fx, spec);

	assert_string_equal(pw_verdict_name(pkt.verdict), pw_verdict_name(verdict));
	assert_false(pkt.flags & PW_PKT_NAT);
	rte_pktmbuf_free(pkt.m);
}

static inline void check_punt(struct fixture *fx, struct frame_spec spec, enum pw_punt why)
{
	struct pw_pkt pkt = send_spec(fx, spec);

	assert_string_equal(pw_verdict_name(pkt.verdict), "punt");
	assert_string_equal(pw_punt_name(pkt.punt), pw_punt_name(why));
	rte_pktmbuf_free(pkt.m);
}

/* Processed and rewritten; what its header says now. */
static inline struct frame_spec sent_as(struct fixture *fx, struct frame_spec spec)
{
	struct pw_pkt pkt = send_spec(fx, spec);
	struct frame_spec now = spec;

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	if (pkt.flags & PW_PKT_NAT)
		assert_true(pw_nat_rewrite(fx->nat, &pkt));
	now.src = SRC_OF(&pkt);
	now.dst = DST_OF(&pkt);
	now.sport = ntohs(pkt.sport_be);
	now.dport = ntohs(pkt.dport_be);
	check_is_frame(&pkt, &now);
	return now;
}

static inline struct frame_spec reply_to(struct frame_spec s)
{
	struct frame_spec r = s;

	r.src = s.dst;
	r.dst = s.src;
	r.sport = s.dport;
	r.dport = s.sport;
	return r;
}

/* ---- the table ---- */

struct seen {
	uint32_t n;
	struct pw_flow_info last;
};

static inline void see(void *arg, const struct pw_flow_info *info)
{
	struct seen *seen = arg;

	seen->n++;
	seen->last = *info;
}

static inline struct seen flows(struct fixture *fx)
{
	struct pw_flow_filter any = {0};
	struct seen seen = {0};

	uint32_t n = pw_nat_flows(fx->nat, &any, UINT32_MAX, fx->now, see, &seen);

	assert_int_equal(n, seen.n);
	return seen;
}

static inline struct pw_nat_stats stats(struct fixture *fx)
{
	struct pw_nat_stats s;

	pw_nat_stats(fx->nat, &s);
	return s;
}

#endif
