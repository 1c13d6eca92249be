/* SPDX-License-Identifier: BSD-3-Clause */
/* What pods may ask of us in a virtio-net header, and what they may not (SEC-5, SEC-6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net_test.h"
#include "pw_gso.h"

#define PARTIAL RTE_MBUF_F_RX_L4_CKSUM_NONE
#define GSO     (RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO)

static struct fake_pool pool;
static uint8_t bytes[FRAME_MAX];
static const uint8_t zeros[65000];

struct request {
	uint64_t ol_flags;
	uint16_t l2_len, l3_len, l4_len, segsz;
};

static struct pw_pkt parse_request(const struct frame_spec *s, const struct request *r)
{
	struct rte_mbuf *m = fake_split(&pool, bytes, frame_make(s, bytes), 0);

	m->ol_flags = r->ol_flags;
	m->l2_len = r->l2_len;
	m->l3_len = r->l3_len;
	m->l4_len = r->l4_len;
	m->tso_segsz = r->segsz;
	return parse_mbuf(m);
}

static void check_request(const struct frame_spec *s, struct request r, uint8_t verdict,
	uint32_t flags, unsigned l4_len)
{
	struct pw_pkt pkt = parse_request(s, &r);

	assert_int_equal(pkt.verdict, verdict);
	if (verdict == PW_VERDICT_CONTINUE) {
		assert_int_equal(pkt.flags & (PW_PKT_PARTIAL | PW_PKT_GSO), flags);
		assert_int_equal(pkt.m->l2_len, frame_l2_len(s));
		assert_int_equal(pkt.m->l3_len, frame_l3_len(s));
		assert_int_equal(pkt.m->l4_len, l4_len);
	}
	rte_pktmbuf_free(pkt.m);
}

#define BAD PW_DROP_MALFORMED_OFFLOAD

static void partial_tcp(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.partial = true;
	s.tcp_options = 12;
	s.vlan_tags = 1;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		s.ipv6 = ipv6;
		uint16_t l3 = frame_l3_len(&s);

		check_request(&s, (struct request){PARTIAL, 18, l3}, 0, PW_PKT_PARTIAL, 32);
		check_request(&s, (struct request){PARTIAL, 18, l3, 32}, 0, PW_PKT_PARTIAL, 32);
		check_request(&s, (struct request){PARTIAL, 18, l3, 16}, 0, PW_PKT_PARTIAL, 32);
		check_request(&s, (struct request){PARTIAL}, 0, PW_PKT_PARTIAL, 32);
		/* the split of the start is not what counts */
		check_request(&s, (struct request){PARTIAL, 14, l3 + 4}, 0, PW_PKT_PARTIAL, 32);
	}
}

static void partial_udp(void **state)
{
	struct frame_spec s = FRAME_UDP;

	s.partial = true;
	check_request(&s, (struct request){PARTIAL, 14, 20, 6}, 0, PW_PKT_PARTIAL, 8);
	check_request(&s, (struct request){PARTIAL, 14, 20, 8}, 0, PW_PKT_PARTIAL, 8);
}

static void set_partial_is_understood(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.partial = true;
	s.vlan_tags = 2;
	s.ip_options = 40;
	struct rte_mbuf *m = fake_split(&pool, bytes, frame_make(&s, bytes), 0);

	assert_int_equal(pw_mbuf_set_partial(m, 13, 16), -EINVAL);
	assert_int_equal(pw_mbuf_set_partial(m, 14 + 512, 16), -EINVAL);
	assert_int_equal(pw_mbuf_set_partial(m, 82, 256), -EINVAL);
	assert_false(pw_mbuf_is_partial(m));
	assert_int_equal(pw_mbuf_set_partial(m, 82, 16), 0);
	struct pw_pkt pkt = parse_mbuf(m);

	assert_true(pkt.flags & PW_PKT_PARTIAL);
	assert_int_equal(m->l2_len, 22);
	assert_int_equal(m->l3_len, 60);
	check_is_frame(&pkt, &s);
}

static void partial_without_place_is_bad(void **state)
{
	struct frame_spec s = FRAME_UDP;

	s.proto = IPPROTO_ICMP;
	check_request(&s, (struct request){PARTIAL, 14, 20}, BAD, 0, 0);
	s.proto = IPPROTO_TCP;
	check_request(&s, (struct request){PARTIAL, 14, 24}, BAD, 0, 0);      /* offset unknown */
	check_request(&s, (struct request){PARTIAL, 14, 20, 200}, BAD, 0, 0); /* outside */
	check_request(&s, (struct request){PARTIAL, 14, 100, 16}, BAD, 0, 0);
	s.frag = 0x2000;
	check_request(&s, (struct request){PARTIAL, 14, 20}, BAD, 0, 0);
}

/* A request in front of the transport header could change the addresses behind the checks. */
static void partial_before_l4_is_bad(void **state)
{
	struct frame_spec s = FRAME_TCP;

	for (uint16_t start = 1; start < 34; start++)
		check_request(&s, (struct request){PARTIAL, 0, start, 16}, BAD, 0, 0);
}

static void partial_on_no_ip_is_bad(void **state)
{
	struct rte_mbuf *m;

	memset(bytes, 2, 60);
	put16(bytes + 12, 0x0806);
	m = fake_frame(&pool, bytes, 60, 0);
	m->ol_flags = PARTIAL;
	m->l3_len = 20;
	m->l4_len = 2;
	assert_int_equal(parse_mbuf(m).verdict, BAD);
	rte_pktmbuf_free(m);
}

/* An inner checksum (a tunnel made in the pod) is finished; the outer headers stay. */
static void foreign_partial_is_finished(void **state)
{
	struct frame_spec inner = FRAME_TCP, outer = FRAME_UDP;
	uint8_t buf[256], want[256], got[256];

	inner.payload = zeros;
	inner.payload_len = 31;
	outer.dport = 4789;
	outer.no_udp_csum = true;
	outer.payload = buf;
	memset(buf, 0, 8);
	outer.payload_len = 8 + frame_make(&inner, buf + 8);
	uint32_t len = frame_make(&outer, want);

	inner.partial = true;
	frame_make(&inner, buf + 8);
	struct pw_pkt pkt =
		parse_request(&outer, &(struct request){PARTIAL, 14, 20 + 8 + 8 + 34, 16});

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_false(pkt.flags & PW_PKT_PARTIAL);
	assert_false(pw_mbuf_is_partial(pkt.m));
	assert_int_equal(fake_bytes(pkt.m, got), len);
	assert_memory_equal(got, want, len);
	rte_pktmbuf_free(pkt.m);
}

/* A checksum written over the ports: metadata is that of the frame as it is now. */
static void foreign_partial_over_ports(void **state)
{
	struct frame_spec s = FRAME_UDP;

	s.proto = IPPROTO_SCTP;
	s.payload = zeros;
	s.payload_len = 20;
	struct pw_pkt pkt = parse_request(&s, &(struct request){PARTIAL, 14, 20, 2});

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_memory_equal(&pkt.dport_be, pkt.data + 36, 2);
	assert_int_not_equal(pkt.dport_be, htons(s.dport));
	rte_pktmbuf_free(pkt.m);
}

static void gso_tcp(void **state)
{
	struct frame_spec s = FRAME_TCP;
	const uint32_t both = PW_PKT_PARTIAL | PW_PKT_GSO;

	s.partial = true;
	s.tcp_options = 12;
	s.payload = zeros;
	s.payload_len = 60000;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		s.ipv6 = ipv6;
		uint16_t l3 = frame_l3_len(&s);

		check_request(&s, (struct request){GSO, 14, l3, 32, 1448}, 0, both, 32);
		check_request(&s, (struct request){GSO, 14, l3, 0, 1448}, 0, both, 32);
		check_request(&s, (struct request){GSO, 0, 0, 0, 48}, 0, both, 32);
		check_request(&s, (struct request){GSO, 14, l3, 32, 47}, BAD, 0, 0);
		check_request(&s, (struct request){GSO, 14, l3, 32, 0}, BAD, 0, 0);
		check_request(&s, (struct request){GSO, 14, l3, 16, 1448}, BAD, 0, 0);
		check_request(&s, (struct request){GSO, 14, l3 + 4, 32, 1448}, BAD, 0, 0);
		/* not partial: no checksum could be right */
		check_request(&s, (struct request){RTE_MBUF_F_RX_LRO, 14, l3, 32, 1448}, BAD, 0, 0);
	}
}

static void gso_udp(void **state)
{
	struct frame_spec s = FRAME_UDP;
	const uint32_t both = PW_PKT_PARTIAL | PW_PKT_GSO;

	s.partial = true;
	s.payload = zeros;
	s.payload_len = 12800;
	check_request(&s, (struct request){GSO, 14, 20, 8, 1400}, 0, both, 8);
	check_request(&s, (struct request){GSO, 14, 20, 8, 100}, 0, both, 8); /* 128 segments */
	check_request(&s, (struct request){GSO, 14, 20, 8, 99}, BAD, 0, 0);   /* 130 */
	check_request(&s, (struct request){GSO, 14, 20, 8, 0}, BAD, 0, 0);
}

static void gso_udp_length_may_be_zero(void **state)
{
	struct frame_spec s = FRAME_UDP;

	s.payload = zeros;
	s.payload_len = 3000;
	struct rte_mbuf *m = fake_frame(&pool, bytes, frame_make(&s, bytes), 0);

	put16(rte_pktmbuf_mtod(m, uint8_t *) + 38, 0);
	assert_int_equal(parse_mbuf(m).verdict, PW_DROP_L4_HDR);
	m->ol_flags = GSO;
	m->tso_segsz = 1400;
	assert_int_equal(parse_mbuf(m).verdict, PW_VERDICT_CONTINUE);
	rte_pktmbuf_free(m);
}

static void gso_of_anything_else(void **state)
{
	static const uint8_t protos[] = {IPPROTO_ICMP, IPPROTO_SCTP, IPPROTO_GRE};
	struct frame_spec s = FRAME_TCP;

	for (size_t i = 0; i < sizeof(protos); i++) {
		s.proto = protos[i];
		check_request(&s, (struct request){GSO, 14, 20, 0, 1448}, BAD, 0, 0);
	}
	s.proto = IPPROTO_TCP;
	s.frag = 0x2000;
	check_request(&s, (struct request){GSO, 14, 20, 20, 1448}, BAD, 0, 0);
}

static void ip6_l4_cut_short(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.ipv6 = true;
	struct rte_mbuf *m = fake_frame(&pool, bytes, frame_make(&s, bytes), 0);

	put16(rte_pktmbuf_mtod(m, uint8_t *) + 18, 19);
	m->ol_flags = PARTIAL;
	assert_int_equal(parse_mbuf(m).verdict, PW_DROP_L4_SHORT);
	rte_pktmbuf_free(m);
}

static void wire_len(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.tcp_options = 12;
	s.payload = zeros;
	s.payload_len = 3000;
	struct pw_pkt pkt = parse_request(&s, &(struct request){0});

	assert_int_equal(pw_gso_wire_len(&pkt), 3052);
	rte_pktmbuf_free(pkt.m);
	pkt = parse_request(&s, &(struct request){GSO, 0, 0, 0, 1448});
	assert_int_equal(pw_gso_wire_len(&pkt), 1500);
	rte_pktmbuf_free(pkt.m);
	pkt = parse_request(&s, &(struct request){GSO, 0, 0, 0, 9000});
	assert_int_equal(pw_gso_wire_len(&pkt), 3052);
	rte_pktmbuf_free(pkt.m);
}

static int setup(void **state)
{
	fake_pool_init(&pool, 2048);
	return 0;
}

static int no_leak(void **state)
{
	return pool.in_use;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partial_tcp),
		cmocka_unit_test(partial_udp),
		cmocka_unit_test(set_partial_is_understood),
		cmocka_unit_test(partial_without_place_is_bad),
		cmocka_unit_test(partial_before_l4_is_bad),
		cmocka_unit_test(partial_on_no_ip_is_bad),
		cmocka_unit_test(foreign_partial_is_finished),
		cmocka_unit_test(foreign_partial_over_ports),
		cmocka_unit_test(gso_tcp),
		cmocka_unit_test(gso_udp),
		cmocka_unit_test(gso_udp_length_may_be_zero),
		cmocka_unit_test(gso_of_anything_else),
		cmocka_unit_test(ip6_l4_cut_short),
		cmocka_unit_test(wire_len),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
