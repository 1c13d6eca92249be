/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments put together again are the packet, whatever MTU, options and segmentation of the input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_mbuf.h"
#include "pw_csum.h"
#include "pw_frag.h"

#define L3    18 /* one VLAN tag */
#define BYTES 4000

static struct fake_pool pool;
static uint8_t packet[L3 + BYTES], got[L3 + BYTES];

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Payload bytes in all; options: bytes of them, a multiple of 4. */
static uint32_t make(uint32_t options, uint32_t payload, unsigned frag)
{
	uint8_t *ip = packet + L3;
	uint32_t hdr = 20 + options;

	for (uint32_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)(i * 7 + i / 256);
	ip[0] = (uint8_t)(0x40 | hdr / 4);
	put16(ip + 2, hdr + payload);
	put16(ip + 6, frag);
	memset(ip + 20, 1, options); /* NOP */
	return L3 + hdr + payload;
}

static void check_whole(
	uint32_t options, uint32_t payload, unsigned frag, uint32_t mtu, uint32_t step)
{
	uint32_t len = make(options, payload, frag), hdr = 20 + options, done = 0;
	struct rte_mbuf *m = fake_split(&pool, packet, len, step), *out;
	struct pw_frag4 f;
	int ret;

	assert_int_equal(pw_frag4_init(&f, m, L3, mtu), 0);
	while ((ret = pw_frag4_next(&f, &pool.mp, &out)) > 0) {
		uint32_t n = fake_bytes(out, got) - L3 - hdr;
		const uint8_t *ip = got + L3;
		bool last = done + n == payload;

		assert_true(hdr + n <= mtu);
		assert_true(last || n % 8 == 0);
		assert_true(last || hdr + n + 8 > mtu); /* no smaller than it must be */
		assert_int_equal(be16(ip + 2), hdr + n);
		assert_int_equal(be16(ip + 6) & 0x1fff, (frag & 0x1fff) + done / 8);
		assert_int_equal(be16(ip + 6) >> 13, last ? frag >> 13 : 1);
		assert_int_equal(pw_csum_fold(pw_csum_add(0, ip, hdr)), 0xffff);
		assert_memory_equal(got, packet, L3 + 2);
		assert_memory_equal(ip + 4, packet + L3 + 4, 2); /* id */
		assert_memory_equal(ip + 8, packet + L3 + 8, 2);
		assert_memory_equal(ip + 12, packet + L3 + 12, 8 + options);
		assert_memory_equal(ip + hdr, packet + L3 + hdr + done, n);
		assert_int_equal(out->ol_flags, 0);
		done += n;
		rte_pktmbuf_free(out);
	}
	assert_int_equal(ret, 0);
	assert_int_equal(done, payload);
	rte_pktmbuf_free(m);
}

static void any_packet(void **state)
{
	for (uint32_t options = 0; options <= 40; options += 20)
		for (uint32_t mtu = 68; mtu < 2000; mtu += 131)
			for (uint32_t payload = 1; payload < BYTES - 60; payload += 977)
				for (uint32_t step = 0; step <= 700; step += 350)
					check_whole(options, payload, 0, mtu, step);
}

static void fragments_of_fragments(void **state)
{
	check_whole(0, 1480, 0x2000, 700, 0);
	check_whole(0, 1480, 0x2000 | 185, 700, 0);
	check_whole(0, 1000, 370, 700, 0);
}

static void options_not_to_be_copied_become_nops(void **state)
{
	static const uint8_t first[12] = {7, 7, 4, 0, 0, 0, 0, 131, 4, 4, 0, 0};
	static const uint8_t later[12] = {1, 1, 1, 1, 1, 1, 1, 131, 4, 4, 0, 0};
	uint32_t len = make(12, 1000, 0);
	struct rte_mbuf *m, *out;
	struct pw_frag4 f;

	memcpy(packet + L3 + 20, first, sizeof(first));
	m = fake_split(&pool, packet, len, 0);
	assert_int_equal(pw_frag4_init(&f, m, L3, 576), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pw_frag4_next(&f, &pool.mp, &out), 1);
		fake_bytes(out, got);
		assert_memory_equal(got + L3 + 20, i == 0 ? first : later, sizeof(first));
		rte_pktmbuf_free(out);
	}
	assert_int_equal(pw_frag4_next(&f, &pool.mp, &out), 0);
	rte_pktmbuf_free(m);
}

static void refused(void **state)
{
	uint32_t len = make(0, 1000, 0x4000);
	struct rte_mbuf *m = fake_split(&pool, packet, len, 0), *out;
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, L3);
	struct pw_frag4 f;

	assert_int_equal(pw_frag4_init(&f, m, L3, 576), -EINVAL); /* DF */
	put16(ip + 6, 0);
	assert_int_equal(pw_frag4_init(&f, m, L3, 67), -EINVAL);
	put16(ip + 2, 1021);
	assert_int_equal(pw_frag4_init(&f, m, L3, 576), -EINVAL); /* longer than the frame */
	put16(ip + 2, 19);
	assert_int_equal(pw_frag4_init(&f, m, L3, 576), -EINVAL);
	put16(ip + 2, 1020);
	ip[0] = 0x65;
	assert_int_equal(pw_frag4_init(&f, m, L3, 576), -EINVAL);
	ip[0] = 0x44;
	assert_int_equal(pw_frag4_init(&f, m, L3, 576), -EINVAL);
	ip[0] = 0x45;
	assert_int_equal(pw_frag4_init(&f, m, L3, 576), 0);
	pool.left = 0;
	assert_int_equal(pw_frag4_next(&f, &pool.mp, &out), -ENOMEM);
	pool.left = FAKE_ANY_NUMBER;
	rte_pktmbuf_free(m);
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
		cmocka_unit_test(any_packet),
		cmocka_unit_test(fragments_of_fragments),
		cmocka_unit_test(options_not_to_be_copied_become_nops),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
