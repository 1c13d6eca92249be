/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net_test.h"
#include "pw_build.h"

static struct fake_pool pool;
static uint8_t bytes[FRAME_MAX], payload[2000];

/* Those of frames.h. */
static const struct pw_mac dst_mac = {{0x0a, 0x58, 10, 0, 0, 1}};
static const struct pw_mac src_mac = {{0x0a, 0x58, 10, 0, 0, 2}};

static struct rte_mbuf *empty(uint16_t room)
{
	struct rte_mbuf *m = fake_mbuf_new(&pool, 128 + room);

	m->data_off = 128;
	return m;
}

static void check_bytes(struct rte_mbuf *m, const void *want, uint32_t len)
{
	assert_int_equal(m->pkt_len, len);
	assert_int_equal(m->data_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), want, len);
	rte_pktmbuf_free(m);
}

static void arp_request_to_the_byte(void **state)
{
	static const uint8_t want[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0a, 0x58, 10, 0, 0,
		2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 0x0a, 0x58, 10, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0,
		0, 0, 10, 0, 0, 9};
	static const struct pw_mac broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, none;
	struct rte_mbuf *m = empty(42);

	assert_int_equal(pw_build_arp(m, 1, &broadcast, &src_mac, htonl(0x0a000002), &none,
				 htonl(0x0a000009)),
		0);
	check_bytes(m, want, 42);
}

static void arp_round_trip(void **state)
{
	struct rte_mbuf *m = empty(42);
	struct pw_arp arp;

	assert_int_equal(
		pw_build_arp(m, 2, &dst_mac, &src_mac, 0x01020304, &dst_mac, 0x05060708), 0);
	struct pw_pkt pkt = parse_mbuf(m);

	assert_int_equal(pw_arp_parse(&pkt, &arp), 0);
	assert_int_equal(arp.op, 2);
	assert_memory_equal(&arp.sender_mac, &src_mac, 6);
	assert_memory_equal(&arp.target_mac, &dst_mac, 6);
	assert_int_equal(arp.sender_be, 0x01020304);
	assert_int_equal(arp.target_be, 0x05060708);
	rte_pktmbuf_free(m);
}

static void arp_parse_refuses(void **state)
{
	static const uint8_t at[] = {14, 15, 16, 17, 18, 19, 20, 21}; /* types, lengths, op */
	struct pw_arp arp;

	for (uint32_t i = 0; i < sizeof(at) + 42; i++) {
		struct rte_mbuf *m = empty(42);

		pw_build_arp(m, 1, &dst_mac, &src_mac, 1, &dst_mac, 2);
		if (i < sizeof(at))
			rte_pktmbuf_mtod(m, uint8_t *)[at[i]] ^= 4;
		else
			m->data_len = m->pkt_len = i - sizeof(at);
		struct pw_pkt pkt = parse_mbuf(m);

		assert_int_equal(pw_arp_parse(&pkt, &arp), -EINVAL);
		rte_pktmbuf_free(m);
	}
}

static void builders_need_room_and_an_empty_mbuf(void **state)
{
	struct frame_spec s = FRAME_TCP;
	struct pw_pkt about = parse_spec(&pool, &s, 0);
	struct rte_mbuf *m = empty(41);

	assert_int_equal(pw_build_arp(m, 1, &dst_mac, &src_mac, 1, &dst_mac, 2), -ENOSPC);
	assert_int_equal(pw_build_arp(m, 3, &dst_mac, &src_mac, 1, &dst_mac, 2), -EINVAL);
	assert_int_equal(pw_build_tcp_rst(m, &about, &src_mac, &dst_mac), -ENOSPC);
	assert_int_equal(pw_build_icmp_error(m, &about, 3, 3, 0, 1, &src_mac, &dst_mac), -ENOSPC);
	assert_int_equal(m->pkt_len, 0);
	rte_pktmbuf_free(m);
	m = empty(200);
	m->data_len = m->pkt_len = 1;
	assert_int_equal(pw_build_arp(m, 1, &dst_mac, &src_mac, 1, &dst_mac, 2), -ENOSPC);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(about.m);
}

/* About packets of any size, split anywhere: the answer is the frame made from scratch. */
static void icmp_error_to_the_byte(void **state)
{
	static const uint16_t sizes[] = {0, 1, 7, 100, 519, 520, 521, 1400};

	for (size_t i = 0; i < PW_ARRAY_SIZE(sizes); i++) {
		struct frame_spec s = FRAME_UDP, want;

		s.payload = payload;
		s.payload_len = sizes[i];
		s.ip_options = i & 1 ? 8 : 0;
		s.vlan_tags = i % 3;
		s.tos = 0xb8;
		s.frag = 0x4000;
		struct pw_pkt about = parse_spec(&pool, &s, i & 2 ? 333 : 0);
		struct rte_mbuf *m = empty(14 + 576);
		uint32_t quote = PW_MIN(about.ip_len, 548);

		assert_int_equal(pw_build_icmp_error(m, &about, 3, 4, 1450, htonl(0x0a000001),
					 &src_mac, &dst_mac),
			0);
		frame_make(&s, bytes);
		want = (struct frame_spec){
			.src = 0x0a000001,
			.dst = s.src,
			.proto = IPPROTO_ICMP,
			.ttl = 64,
			.tos = 0xd8,
			.id = s.id,
			.icmp_type = 3,
			.icmp_code = 4,
			.seq = 1450,
			.payload = bytes + frame_l2_len(&s),
			.payload_len = quote,
		};
		static uint8_t frame[1000];

		uint32_t len = frame_make(&want, frame);

		assert_int_equal(len, 14 + 28 + quote);
		check_bytes(m, frame, len);
		rte_pktmbuf_free(about.m);
	}
}

static bool allowed(struct frame_spec s, uint32_t more_flags)
{
	struct pw_pkt pkt = parse_spec(&pool, &s, 0);
	bool ret;

	pkt.flags |= more_flags;
	ret = pw_icmp_error_allowed(&pkt);
	rte_pktmbuf_free(pkt.m);
	return ret;
}

static void icmp_error_only_about_the_right_ones(void **state)
{
	const struct frame_spec good = FRAME_UDP;
	struct frame_spec s = good;

	assert_true(allowed(s, 0));
	assert_false(allowed(s, PW_PKT_L2_MCAST));
	s.dst = 0xe0000001;
	assert_false(allowed(s, 0));
	s.dst = 0xffffffff;
	assert_false(allowed(s, 0));
	s.src = 0;
	assert_false(allowed(s, 0)); /* DHCP discover */
	s = good;
	s.frag = 0x2000;
	assert_true(allowed(s, 0)); /* first fragment */
	s.frag = 0x0010;
	assert_false(allowed(s, 0));
	s = good;
	s.proto = IPPROTO_ICMP;
	s.icmp_type = 8;
	assert_true(allowed(s, 0));
	s.icmp_type = 11;
	assert_false(allowed(s, 0));
	s = good;
	s.ipv6 = true;
	assert_false(allowed(s, 0));
}

static void icmp_error_sources(void **state)
{
	static const uint32_t bad[] = {0, 0xe0000001, 0xffffffff, 0x7f000001};
	struct frame_spec s = FRAME_UDP;
	struct pw_pkt pkt = parse_spec(&pool, &s, 0);

	for (size_t i = 0; i < PW_ARRAY_SIZE(bad); i++) {
		pkt.src_be = htonl(bad[i]);
		assert_false(pw_icmp_error_allowed(&pkt));
	}
	rte_pktmbuf_free(pkt.m);
}

static void check_rst(struct frame_spec s, uint32_t seq, uint32_t ack, uint8_t flags)
{
	struct pw_pkt about = parse_spec(&pool, &s, 0);
	struct rte_mbuf *m = empty(54);
	struct frame_spec want = {
		.src = s.dst,
		.dst = s.src,
		.sport = s.dport,
		.dport = s.sport,
		.frag = 0x4000,
		.proto = IPPROTO_TCP,
		.ttl = 64,
		.seq = seq,
		.ack = ack,
		.tcp_flags = flags,
	};

	assert_int_equal(pw_build_tcp_rst(m, &about, &src_mac, &dst_mac), 0);
	uint32_t len = frame_make(&want, bytes);

	put16(bytes + 48, 0); /* window */
	put16(bytes + 50, 0);
	put16(bytes + 50, (uint16_t)~sum_fold(sum_bytes(frame_pseudo(&want, 20), bytes + 34, 20)));
	check_bytes(m, bytes, len);
	rte_pktmbuf_free(about.m);
}

static void rst_answers_by_the_standard(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.payload = payload;
	s.vlan_tags = 1;
	s.tcp_options = 12;
	s.tcp_flags = 0x02; /* SYN */
	check_rst(s, 0, 1001, 0x14);
	s.payload_len = 10; /* TCP Fast Open */
	check_rst(s, 0, 1011, 0x14);
	s.tcp_flags = 0x18; /* data */
	check_rst(s, 2000, 0, 0x04);
	s.tcp_flags = 0x12; /* SYN ACK */
	check_rst(s, 2000, 0, 0x04);
	s.tcp_flags = 0x01; /* FIN without ACK */
	check_rst(s, 0, 1011, 0x14);
	s.tcp_flags = 0;
	s.seq = UINT32_MAX;
	check_rst(s, 0, 9, 0x14);
}

static void rst_answers_only_segments(void **state)
{
	struct frame_spec s = FRAME_TCP;
	struct rte_mbuf *m = empty(54);
	struct pw_pkt about;

	s.tcp_flags = 0x04;
	about = parse_spec(&pool, &s, 0);
	assert_int_equal(pw_build_tcp_rst(m, &about, &src_mac, &dst_mac), -EINVAL);
	rte_pktmbuf_free(about.m);
	s = (struct frame_spec)FRAME_UDP;
	about = parse_spec(&pool, &s, 0);
	assert_int_equal(pw_build_tcp_rst(m, &about, &src_mac, &dst_mac), -EINVAL);
	rte_pktmbuf_free(about.m);
	rte_pktmbuf_free(m);
}

/* Whole ones, first fragments, and later ones, which have no header. */
static void echo_turns(void **state)
{
	const uint16_t frag[] = {0, 0x2000, 0x2000 | 185, 370};
	uint64_t seed = 1;

	for (int i = 0; i < 3000; i++) {
		struct frame_spec s = FRAME_UDP;

		s.proto = IPPROTO_ICMP;
		s.src = 0x0a000000 | rnd(&seed) % 65536;
		s.dst = 0x0a000000 | rnd(&seed) % 65536;
		s.icmp_type = 8;
		s.sport = rnd(&seed);
		s.dport = 0;
		s.seq = rnd(&seed);
		s.ttl = 1 + rnd(&seed) % 255;
		s.id = rnd(&seed);
		s.payload = payload;
		s.payload_len = rnd(&seed) % 100;
		s.ip_options = rnd(&seed) % 3 * 4;
		s.frag = frag[i % 4];
		struct pw_pkt pkt = parse_spec(&pool, &s, 0);
		bool later = (pkt.flags & PW_PKT_FRAG_LATER) != 0;

		assert_int_equal(later, i % 4 >= 2);
		pw_icmp_echo_turn(&pkt);
		assert_int_equal(pkt.src_be, htonl(s.dst));
		assert_int_equal(pkt.dst_be, htonl(s.src));
		assert_int_equal(pkt.sport_be, 0);
		assert_int_equal(pkt.dport_be, later ? 0 : htons(s.sport));
		uint32_t src = s.src;

		s.src = s.dst;
		s.dst = src;
		s.icmp_type = later ? 8 : 0;
		s.ttl = 64;
		check_is_frame(&pkt, &s);
	}
}

static int setup(void **state)
{
	uint64_t seed = 9;

	fake_pool_init(&pool, 2048);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = rnd(&seed);
	return 0;
}

static int no_leak(void **state)
{
	return pool.in_use;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_request_to_the_byte),
		cmocka_unit_test(arp_round_trip),
		cmocka_unit_test(arp_parse_refuses),
		cmocka_unit_test(builders_need_room_and_an_empty_mbuf),
		cmocka_unit_test(icmp_error_to_the_byte),
		cmocka_unit_test(icmp_error_only_about_the_right_ones),
		cmocka_unit_test(icmp_error_sources),
		cmocka_unit_test(rst_answers_by_the_standard),
		cmocka_unit_test(rst_answers_only_segments),
		cmocka_unit_test(echo_turns),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
