/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_mbuf.h"
#include "frames.h"
#include "pw_csum.h"
#include "pw_pkt.h"

static struct fake_pool pool;
static uint8_t bytes[FRAME_MAX];

static void random_bytes(uint64_t *seed, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = rnd(seed);
}

static void rfc1071_example(void **state)
{
	const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(ntohs(pw_csum_fold(pw_csum_add(0, data, sizeof(data)))), 0xddf2);
}

static void add_equals_naive_sum(void **state)
{
	uint64_t seed = 1;

	for (int i = 0; i < 3000; i++) {
		uint32_t len = rnd(&seed) % 300, start = rnd(&seed) % 8;

		random_bytes(&seed, start + len);
		assert_int_equal(ntohs(pw_csum_fold(pw_csum_add(0, bytes + start, len))),
			sum_fold(sum_bytes(0, bytes + start, len)));
	}
}

static void add_survives_all_ones(void **state)
{
	uint32_t sum = 0;

	memset(bytes, 0xff, 65536);
	for (int i = 0; i < 20; i++)
		sum = pw_csum_add(sum, bytes, 65536);
	assert_int_equal(pw_csum_fold(sum), 0xffff);
}

static void ipv4_header_ignores_the_old_field(void **state)
{
	struct frame_spec s = FRAME_UDP;
	uint16_t want;

	for (s.ip_options = 0; s.ip_options <= 40; s.ip_options += 4) {
		frame_make(&s, bytes);
		memcpy(&want, bytes + 24, 2);
		put16(bytes + 24, 0x1234);
		assert_int_equal(pw_csum_ipv4_header(bytes + 14), want);
	}
}

static void pseudo_headers(void **state)
{
	uint64_t seed = 2;

	for (int i = 0; i < 2000; i++) {
		struct frame_spec s = {.src = rnd(&seed), .dst = rnd(&seed), .proto = rnd(&seed)};
		uint16_t len = rnd(&seed);

		if (i < 16) /* all the carries there are */
			s.src = s.dst = UINT32_MAX, s.proto = 255, len = 65535 - i;
		assert_int_equal(ntohs(pw_csum_pseudo4(htonl(s.src), htonl(s.dst), s.proto, len)),
			frame_pseudo(&s, len));
		s.ipv6 = true;
		frame_ip6(&s, bytes, 40);
		assert_int_equal(ntohs(pw_csum_pseudo6(bytes + 8, bytes + 24, s.proto, len)),
			frame_pseudo(&s, len));
	}
}

static void mbuf_sum_of_odd_segments(void **state)
{
	uint64_t seed = 3;

	for (int i = 0; i < 2000; i++) {
		uint32_t len = 1 + rnd(&seed) % 400, off = rnd(&seed) % len;
		uint32_t part = rnd(&seed) % (len - off + 1);

		random_bytes(&seed, len);
		struct rte_mbuf *m = fake_split(&pool, bytes, len, 1 + rnd(&seed) % 33);

		if (i % 3 == 0)
			fake_append(&pool, m, bytes, 0);
		assert_int_equal(ntohs(pw_csum_mbuf(m, off, part)),
			sum_fold(sum_bytes(0, bytes + off, part)));
		rte_pktmbuf_free(m);
	}
}

/* Both ways to finish give what a sender without offload would have sent. */
static void finish_case(struct frame_spec s, uint32_t step, uint32_t padding)
{
	static uint8_t want[FRAME_MAX], got[FRAME_MAX];
	uint32_t len = frame_make(&s, want), l4 = frame_l2_len(&s) + frame_l3_len(&s);

	s.partial = true;
	frame_make(&s, bytes);
	memset(bytes + len, 0xa5, padding);
	memset(want + len, 0xa5, padding);
	struct rte_mbuf *m = fake_split(&pool, bytes, len + padding, step);

	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	m->l2_len = frame_l2_len(&s);
	m->l3_len = frame_l3_len(&s);
	assert_int_equal(pw_csum_finish_packet(m), 0);
	assert_false(pw_mbuf_is_partial(m));
	assert_int_equal(fake_bytes(m, got), len + padding);
	assert_memory_equal(got, want, len + padding);
	assert_int_equal(pw_csum_finish_packet(m), 0); /* nothing left to do */
	rte_pktmbuf_free(m);
	if (padding)
		return;
	m = fake_split(&pool, bytes, len, step);
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	assert_int_equal(pw_csum_finish(m, l4, s.proto == IPPROTO_TCP ? 16 : 6), 0);
	assert_false(pw_mbuf_is_partial(m));
	fake_bytes(m, got);
	assert_memory_equal(got, want, len);
	rte_pktmbuf_free(m);
}

static void finish_equals_full_computation(void **state)
{
	static uint8_t payload[3000];
	uint64_t seed = 4;

	for (int i = 0; i < 2000; i++) {
		struct frame_spec s = FRAME_TCP;

		for (uint32_t k = 0; k < 100; k++)
			payload[rnd(&seed) % sizeof(payload)] = rnd(&seed);
		s.src = rnd(&seed);
		s.dst = rnd(&seed);
		s.proto = i & 1 ? IPPROTO_TCP : IPPROTO_UDP;
		s.ipv6 = i & 2;
		s.vlan_tags = rnd(&seed) % 3;
		s.ip_options = s.ipv6 ? 0 : rnd(&seed) % 11 * 4;
		s.payload = payload;
		s.payload_len = rnd(&seed) % (i % 10 ? 100 : sizeof(payload));
		/* The first segment holds the IP header; the field may lie across two. */
		uint32_t l4 = frame_l2_len(&s) + frame_l3_len(&s);

		finish_case(s, i % 5 ? l4 + rnd(&seed) % 40 : 0, i % 7 ? 0 : rnd(&seed) % 20);
	}
}

static void finish_udp_zero_becomes_ones(void **state)
{
	struct frame_spec s = FRAME_UDP;
	uint8_t payload[2] = {0, 0};
	uint16_t field;

	s.payload = payload;
	s.payload_len = 2;
	frame_make(&s, bytes);
	put16(payload, get16(bytes + 40)); /* the sum becomes 0xffff, its inverse 0 */
	s.partial = true;
	uint32_t len = frame_make(&s, bytes);
	struct rte_mbuf *m = fake_frame(&pool, bytes, len, 0);

	assert_int_equal(pw_csum_finish(m, 34, 6), 0);
	memcpy(&field, rte_pktmbuf_mtod_offset(m, void *, 40), 2);
	assert_int_equal(field, 0xffff);
	rte_pktmbuf_free(m);
}

static void finish_refuses_what_is_outside(void **state)
{
	struct frame_spec s = FRAME_UDP;
	uint32_t len = frame_make(&s, bytes);
	struct rte_mbuf *m = fake_frame(&pool, bytes, len, 0);

	assert_int_equal(pw_csum_finish(m, len, 0), -EINVAL);
	assert_int_equal(pw_csum_finish(m, len - 1, 0), -EINVAL);
	assert_int_equal(pw_csum_finish(m, 34, len - 34 - 1), -EINVAL);
	assert_int_equal(pw_csum_finish(m, 65535, 65535), -EINVAL);
	assert_int_equal(pw_csum_finish(m, 34, len - 34 - 2), 0);
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	assert_int_equal(pw_csum_finish_packet(m), -EINVAL); /* no lengths */
	m->l2_len = 14;
	m->l3_len = 20;
	m->ol_flags |= RTE_MBUF_F_RX_LRO;
	assert_int_equal(pw_csum_finish_packet(m), -EINVAL);
	m->ol_flags &= ~RTE_MBUF_F_RX_LRO;
	rte_pktmbuf_mtod(m, uint8_t *)[23] = IPPROTO_ICMP;
	assert_int_equal(pw_csum_finish_packet(m), -EINVAL);
	rte_pktmbuf_mtod(m, uint8_t *)[23] = IPPROTO_UDP;
	put16(rte_pktmbuf_mtod(m, uint8_t *) + 16, len);
	assert_int_equal(pw_csum_finish_packet(m), -EINVAL); /* IP length beyond the frame */
	rte_pktmbuf_free(m);
}

static void sctp_update_equals_new_crc(void **state)
{
	uint64_t seed = 5;

	for (int i = 0; i < 500; i++) {
		uint32_t len = 12 + rnd(&seed) % 200, old, new, crc;

		random_bytes(&seed, len);
		memcpy(&old, bytes, 4);
		crc = crc32c(bytes, len);
		put32(bytes, rnd(&seed));
		memcpy(&new, bytes, 4);
		assert_int_equal(pw_csum_sctp_update(crc, old, new, len), crc32c(bytes, len));
	}
}

static void sctp_finish_over_odd_segments(void **state)
{
	static uint8_t got[FRAME_MAX];
	const uint32_t off = 34;
	uint64_t seed = 6;

	for (int i = 0; i < 500; i++) {
		uint32_t len = 12 + rnd(&seed) % 400, crc;

		random_bytes(&seed, off + len);
		struct rte_mbuf *m = fake_split(&pool, bytes, off + len, 1 + rnd(&seed) % 60);

		memset(bytes + off + 8, 0, 4);
		crc = crc32c(bytes + off, len);
		memcpy(bytes + off + 8, &crc, 4);
		assert_int_equal(pw_csum_sctp_finish(m, off), 0);
		fake_bytes(m, got);
		assert_memory_equal(got, bytes, off + len);
		assert_int_equal(pw_csum_sctp_finish(m, off + len - 11), -EINVAL);
		rte_pktmbuf_free(m);
	}
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
		cmocka_unit_test(rfc1071_example),
		cmocka_unit_test(add_equals_naive_sum),
		cmocka_unit_test(add_survives_all_ones),
		cmocka_unit_test(ipv4_header_ignores_the_old_field),
		cmocka_unit_test(pseudo_headers),
		cmocka_unit_test(mbuf_sum_of_odd_segments),
		cmocka_unit_test(finish_equals_full_computation),
		cmocka_unit_test(finish_udp_zero_becomes_ones),
		cmocka_unit_test(finish_refuses_what_is_outside),
		cmocka_unit_test(sctp_update_equals_new_crc),
		cmocka_unit_test(sctp_finish_over_odd_segments),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
