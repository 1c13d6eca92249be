/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments against frames from scratch, for every protocol, size and segmentation of the input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net_test.h"
#include "pw_gso.h"

static struct fake_pool pool;
static uint8_t payload[65536], frame[FRAME_MAX], got[FRAME_MAX];

static struct rte_mbuf *gso_frame(const struct frame_spec *s, uint32_t step, uint16_t size)
{
	struct frame_spec partial = *s;
	uint32_t len, hdr = frame_l2_len(s) + frame_l3_len(s) + frame_l4_len(s);

	partial.partial = true;
	len = frame_make(&partial, frame);
	struct rte_mbuf *m = fake_split(&pool, frame, len, step ? PW_MAX(step, hdr) : 0);

	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO;
	m->l2_len = frame_l2_len(s);
	m->l3_len = frame_l3_len(s);
	m->l4_len = frame_l4_len(s);
	m->tso_segsz = size;
	m->port = 5;
	return m;
}

/* What segment `i` of `n` must be. */
static struct frame_spec segment_spec(
	const struct frame_spec *s, uint32_t i, uint32_t n, uint16_t size)
{
	struct frame_spec seg = *s;

	seg.payload += i * size;
	seg.payload_len = i + 1 < n ? size : s->payload_len - i * size;
	seg.id += i;
	seg.seq += i * size;
	if (i > 0)
		seg.tcp_flags &= ~0x80;
	if (i + 1 < n)
		seg.tcp_flags &= ~0x09;
	return seg;
}

static void check_gso(const struct frame_spec *s, uint32_t step, uint16_t size)
{
	static struct rte_mbuf *out[PW_GSO_SEGS_MAX];
	struct rte_mbuf *m = gso_frame(s, step, size);
	int n = s->payload_len ? (s->payload_len + size - 1) / size : 1;

	assert_int_equal(pw_gso_segment(m, &pool.mp, out, PW_GSO_SEGS_MAX), n);
	for (int i = 0; i < n; i++) {
		struct frame_spec want = segment_spec(s, i, n, size);
		uint32_t len = frame_make(&want, frame);

		assert_int_equal(out[i]->pkt_len, len);
		assert_int_equal(out[i]->port, 5);
		assert_int_equal(out[i]->ol_flags, 0);
		assert_int_equal(fake_bytes(out[i], got), len);
		assert_memory_equal(got, frame, len);
		rte_pktmbuf_free(out[i]);
	}
	rte_pktmbuf_free(m);
}

static void any_frame(void **state)
{
	uint64_t seed = 1;

	for (int i = 0; i < 300; i++) {
		struct frame_spec s = FRAME_TCP;

		s.proto = i & 1 ? IPPROTO_TCP : IPPROTO_UDP;
		s.ipv6 = i & 2;
		s.id = rnd(&seed);
		s.seq = rnd(&seed);
		s.tcp_flags = rnd(&seed);
		s.vlan_tags = rnd(&seed) % 3;
		s.ip_options = s.ipv6 ? 0 : rnd(&seed) % 11 * 4;
		s.tcp_options = s.proto == IPPROTO_TCP ? rnd(&seed) % 11 * 4 : 0;
		s.payload = payload;
		s.payload_len = rnd(&seed) % 20000;
		check_gso(&s, rnd(&seed) % 3 ? 2048 : 0, 100 + rnd(&seed) % 1500);
	}
}

static void largest_frame(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.tcp_flags = 0xff;
	s.payload = payload;
	s.payload_len = 65535 - 40;
	check_gso(&s, 2048, 1448);
	check_gso(&s, 2048, PW_GSO_TCP_SIZE_MIN);
}

/* 9000-byte segments in 2 KB buffers. */
static void segment_larger_than_a_buffer(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.payload = payload;
	s.payload_len = 40000;
	check_gso(&s, 2048, 8948);
	pool.room = RTE_PKTMBUF_HEADROOM + 55; /* odd chunks, one byte of payload in the first */
	check_gso(&s, 0, 1447);
	pool.room = 2048;
}

static void exact_multiple_and_single(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.payload = payload;
	s.payload_len = 3000;
	check_gso(&s, 0, 1000);
	check_gso(&s, 0, 3000);
	check_gso(&s, 0, 9000);
	s.payload_len = 0;
	check_gso(&s, 0, 1000);
}

static void udp_zero_checksum_rule(void **state)
{
	struct frame_spec s = FRAME_UDP;
	uint8_t data[4] = {0, 0, 1, 2};

	s.payload = data;
	s.payload_len = 2;
	frame_make(&s, frame);
	put16(data, get16(frame + 40)); /* now the first segment sums up to 0 */
	s.payload_len = 4;
	check_gso(&s, 0, 2);
}

/* What is behind the IP packet is not payload. */
static void padding_is_left_out(void **state)
{
	struct frame_spec s = FRAME_TCP;
	struct rte_mbuf *out[4], *m;

	s.payload = payload;
	s.payload_len = 150;
	m = gso_frame(&s, 0, 100);
	fake_append(&pool, m, "padding", 7);
	assert_int_equal(pw_gso_segment(m, &pool.mp, out, 4), 2);
	assert_int_equal(out[1]->pkt_len, 54 + 50);
	rte_pktmbuf_free(out[0]);
	rte_pktmbuf_free(out[1]);
	rte_pktmbuf_free(m);
}

static void check_error(struct rte_mbuf *m, int error, uint16_t max)
{
	struct rte_mbuf *out[16];
	uint32_t len = fake_bytes(m, got);
	int in_use = pool.in_use;
	static uint8_t after[FRAME_MAX];

	assert_int_equal(pw_gso_segment(m, &pool.mp, out, max), error);
	assert_int_equal(pool.in_use, in_use);
	assert_int_equal(fake_bytes(m, after), len);
	assert_memory_equal(after, got, len);
}

static void errors_leave_the_frame(void **state)
{
	struct frame_spec s = FRAME_TCP;
	struct rte_mbuf *m;

	s.payload = payload;
	s.payload_len = 10000;
	m = gso_frame(&s, 2048, 1000);
	check_error(m, -ENOSPC, 9);
	for (int left = 0; left < 10; left++) {
		pool.left = left;
		check_error(m, -ENOMEM, 16);
	}
	pool.left = FAKE_ANY_NUMBER;
	pool.room = RTE_PKTMBUF_HEADROOM + 53;
	check_error(m, -EMSGSIZE, 16);
	pool.room = 2048;
	rte_pktmbuf_free(m);
}

static void contradictions_are_refused(void **state)
{
	struct frame_spec s = FRAME_TCP;
	struct rte_mbuf *m;

	s.payload = payload;
	s.payload_len = 3000;
	m = gso_frame(&s, 0, 1000);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	m->tso_segsz = 0;
	check_error(m, -EINVAL, 16);
	m->tso_segsz = 1000;
	m->l4_len = 24;
	check_error(m, -EINVAL, 16);
	m->l4_len = 20;
	m->l3_len = 24;
	check_error(m, -EINVAL, 16);
	m->l3_len = 20;
	m->l2_len = 18;
	check_error(m, -EINVAL, 16);
	m->l2_len = 14;
	data[16] = 0xff; /* IP length beyond the frame */
	check_error(m, -EINVAL, 16);
	data[16] = 0;
	data[17] = 39; /* below the headers */
	check_error(m, -EINVAL, 16);
	put16(data + 16, 3040);
	data[23] = IPPROTO_SCTP;
	check_error(m, -EINVAL, 16);
	data[23] = IPPROTO_UDP;
	check_error(m, -EINVAL, 16);
	data[23] = IPPROTO_TCP;
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	check_error(m, -EINVAL, 16);
	rte_pktmbuf_free(m);
	m = gso_frame(&s, 60, 1000); /* headers not in the first segment */
	m->data_len = 53;
	m->pkt_len -= 7;
	check_error(m, -EINVAL, 16);
	rte_pktmbuf_free(m);
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
		cmocka_unit_test(any_frame),
		cmocka_unit_test(largest_frame),
		cmocka_unit_test(segment_larger_than_a_buffer),
		cmocka_unit_test(exact_multiple_and_single),
		cmocka_unit_test(udp_zero_checksum_rule),
		cmocka_unit_test(padding_is_left_out),
		cmocka_unit_test(errors_leave_the_frame),
		cmocka_unit_test(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
