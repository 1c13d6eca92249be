/* SPDX-License-Identifier: BSD-3-Clause */
/* The burst's short way and the full parser must say the same of every frame, good or bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net_test.h"

static struct fake_pool pool;
static uint8_t bytes[FRAME_MAX];
static const uint8_t zeros[2000];

static const struct pw_parse_origin origin = {
	.flags = PW_PKT_REINJECTED, .in_port = 7, .bridge = 2};

struct offload {
	uint64_t ol_flags;
	uint16_t l2_len, l3_len, l4_len, segsz;
};

static struct rte_mbuf *make(uint32_t len, uint32_t step, const struct offload *off)
{
	struct rte_mbuf *m = fake_split(&pool, bytes, len, step);

	m->ol_flags = off->ol_flags;
	m->l2_len = off->l2_len;
	m->l3_len = off->l3_len;
	m->l4_len = off->l4_len;
	m->tso_segsz = off->segsz;
	return m;
}

static void put_ip_csum(void)
{
	unsigned len = (bytes[14] & 15) * 4u;

	put16(bytes + 24, 0);
	put16(bytes + 24, (uint16_t)~sum_fold(sum_bytes(0, bytes + 14, len)));
}

/* Every byte of the metadata, but where it points, and of the frame. */
static bool check_same(uint32_t len, uint32_t step, const struct offload *off)
{
	static uint8_t full_bytes[FRAME_MAX], burst_bytes[FRAME_MAX];
	struct rte_mbuf *m = make(len, step, off);
	struct pw_pkt full = {.m = make(len, step, off), .flags = origin.flags, .in_port = 7},
		      burst;
	bool passed;

	pw_parse_frame(&full);
	full.bridge = origin.bridge;
	memset(&burst, 0xa5, sizeof(burst));
	pw_parse_burst(&origin, &m, &burst, 1);

	assert_ptr_equal(burst.data, rte_pktmbuf_mtod(burst.m, uint8_t *));
	assert_int_equal(fake_bytes(full.m, full_bytes), fake_bytes(burst.m, burst_bytes));
	assert_memory_equal(full_bytes, burst_bytes, len);
	assert_int_equal(full.m->ol_flags, burst.m->ol_flags);
	assert_int_equal(full.m->tx_offload, burst.m->tx_offload);
	rte_pktmbuf_free(full.m);
	rte_pktmbuf_free(burst.m);
	burst.m = full.m;
	burst.data = full.data;
	passed = full.verdict == PW_VERDICT_CONTINUE;
	if (!passed) { /* nobody reads on: the full parser leaves what it had found so far */
		assert_int_equal(burst.verdict, full.verdict);
		assert_int_equal(burst.in_port, full.in_port);
		return false;
	}
	assert_memory_equal(&full, &burst, sizeof(full));
	return true;
}

static struct frame_spec any_spec(uint64_t *seed)
{
	static const uint8_t protos[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP};
	struct frame_spec s = FRAME_TCP;

	s.proto = protos[rnd(seed) % 6];
	s.src = rnd(seed);
	s.dst = rnd(seed);
	s.sport = (uint16_t)rnd(seed);
	s.dport = (uint16_t)rnd(seed);
	s.ttl = (uint8_t)rnd(seed);
	s.vlan_tags = rnd(seed) % 8 == 0;
	s.ip_options = rnd(seed) % 8 == 0 ? 4 : 0;
	s.tcp_options = s.proto == IPPROTO_TCP ? rnd(seed) % 11 * 4 : 0;
	s.frag = rnd(seed) % 8 == 0 ? (uint16_t)rnd(seed) : (uint16_t)(rnd(seed) % 2 * 0x4000);
	s.payload = zeros;
	s.payload_len = rnd(seed) % 3 == 0 ? rnd(seed) % 400 : rnd(seed) % 24;
	return s;
}

static struct offload any_offload(uint64_t *seed, const struct frame_spec *s)
{
	struct offload off = {0};

	switch (rnd(seed) % 8) {
	case 0: /* what a kernel pod sends */
		off.ol_flags =
			RTE_MBUF_F_RX_L4_CKSUM_NONE | (rnd(seed) % 2 ? RTE_MBUF_F_RX_LRO : 0);
		off.l2_len = (uint16_t)frame_l2_len(s);
		off.l3_len = (uint16_t)frame_l3_len(s);
		off.l4_len = s->proto == IPPROTO_TCP ? 16 : 6;
		off.segsz = 100;
		break;
	case 1:
		off.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
		break;
	case 2: /* somewhere else: finished in software, or refused */
		off.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		off.l2_len = 14;
		off.l3_len = rnd(seed) % 60;
		off.l4_len = rnd(seed) % 20;
		break;
	default:
		break;
	}
	return off;
}

/* One change in the first 48 bytes, or none. */
static void spoil(uint64_t *seed)
{
	uint32_t at = rnd(seed) % 48;

	switch (rnd(seed) % 4) {
	case 0:
		bytes[at] ^= (uint8_t)(1u << rnd(seed) % 8);
		break;
	case 1:
		bytes[at] = (uint8_t)rnd(seed);
		break;
	default:
		return;
	}
	if (rnd(seed) % 4 != 0)
		put_ip_csum();
}

static void same_as_full_parser(void **state)
{
	uint64_t seed = 7;
	unsigned passed = 0;

	for (int i = 0; i < 200000; i++) {
		struct frame_spec s = any_spec(&seed);
		struct offload off = any_offload(&seed, &s);
		uint32_t len = frame_make(&s, bytes);

		spoil(&seed);
		if (rnd(&seed) % 8 == 0)
			len = PW_MIN(len, rnd(&seed) % 64);
		passed += check_same(len, rnd(&seed) % 4 == 0 ? 1 + rnd(&seed) % 300 : 0, &off);
	}
	assert_in_range(passed, 50000, 190000);
}

/* Every source address by its first byte, every length field around its limits. */
static void edges(void **state)
{
	static const struct offload none;
	struct frame_spec s = FRAME_UDP;
	uint32_t len;

	for (unsigned first = 0; first < 256; first++) {
		for (unsigned rest = 0; rest < 3; rest++) {
			s.src = first << 24 | (uint32_t[]){0, 1, 0xffffff}[rest];
			check_same(frame_make(&s, bytes), 0, &none);
		}
	}
	s = (struct frame_spec)FRAME_UDP;
	s.payload = zeros;
	for (uint32_t payload = 0; payload < 20; payload++) {
		s.payload_len = payload;
		len = frame_make(&s, bytes);
		for (uint32_t total = 0; total < 80; total++) {
			put16(bytes + 16, total);
			put_ip_csum();
			check_same(len, 0, &none);
		}
		frame_make(&s, bytes);
		for (uint32_t udp = 0; udp < 64; udp++) {
			put16(bytes + 38, udp);
			check_same(len, 0, &none);
		}
	}
	s = (struct frame_spec)FRAME_TCP;
	len = frame_make(&s, bytes);
	for (unsigned doff = 0; doff < 16; doff++) {
		bytes[46] = (uint8_t)(doff << 4);
		check_same(len, 0, &none);
	}
}

/* Neighbours in a burst have nothing to do with each other. */
static void burst_of_many(void **state)
{
	struct rte_mbuf *m[32];
	struct pw_pkt pkts[32];
	struct frame_spec s = FRAME_TCP;

	for (unsigned i = 0; i < 32; i++) {
		s.sport = (uint16_t)i;
		s.vlan_tags = i % 5 == 0;
		m[i] = fake_frame(&pool, bytes, frame_make(&s, bytes), 0);
	}
	pw_parse_burst(&origin, m, pkts, 32);
	for (unsigned i = 0; i < 32; i++) {
		assert_ptr_equal(pkts[i].m, m[i]);
		assert_int_equal(pkts[i].verdict, PW_VERDICT_CONTINUE);
		assert_int_equal(pkts[i].sport_be, htons((uint16_t)i));
		assert_int_equal(pkts[i].vlan, i % 5 == 0 ? 100 : 0);
		assert_int_equal(pkts[i].bridge, 2);
		assert_int_equal(pkts[i].in_port, 7);
		rte_pktmbuf_free(m[i]);
	}
}

static int setup(void **state)
{
	fake_pool_init(&pool, 2048);
	return 0;
}

static int teardown(void **state)
{
	return pool.in_use == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_full_parser),
		cmocka_unit_test(edges),
		cmocka_unit_test(burst_of_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
