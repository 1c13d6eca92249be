/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_mbuf.h"
#include "frames.h"
#include "pw_mbuf.h"

static struct fake_pool pool;
static uint8_t bytes[1000], got[1000];

static void check_same(const struct rte_mbuf *m, uint32_t contiguous)
{
	uint32_t sum = 0;
	uint16_t segs = 0;

	for (const struct rte_mbuf *s = m; s; s = s->next, segs++)
		sum += s->data_len;
	assert_int_equal(sum, m->pkt_len);
	assert_int_equal(segs, m->nb_segs);
	assert_true(m->data_len >= contiguous);
	assert_int_equal(fake_bytes(m, got), sizeof(bytes));
	assert_memory_equal(got, bytes, sizeof(bytes));
}

static void pull_any_split(void **state)
{
	uint64_t seed = 1;

	for (int i = 0; i < 2000; i++) {
		struct rte_mbuf *m = fake_split(&pool, bytes, sizeof(bytes), 1 + rnd(&seed) % 300);
		uint32_t len = rnd(&seed) % 257;

		assert_int_equal(pw_mbuf_pull(&m, len), 0);
		check_same(m, len);
		rte_pktmbuf_free(m);
	}
}

static void pull_keeps_metadata(void **state)
{
	struct rte_mbuf *m = fake_split(&pool, bytes, sizeof(bytes), 20), *old = m;

	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO;
	m->l2_len = 14;
	m->l3_len = 20;
	m->tso_segsz = 1448;
	m->port = 7;
	assert_int_equal(pw_mbuf_pull(&m, 100), 0);
	assert_ptr_not_equal(m, old); /* the old head had no room */
	assert_int_equal(m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO);
	assert_int_equal(m->l3_len, 20);
	assert_int_equal(m->tso_segsz, 1448);
	assert_int_equal(m->port, 7);
	rte_pktmbuf_free(m);
}

/* Room behind the data, or only before it: either way the head stays. */
static void pull_in_place(void **state)
{
	for (uint16_t off = 0; off <= 230; off += 10) {
		struct rte_mbuf *m = fake_mbuf_new(&pool, 256), *old = m;

		m->data_off = off;
		m->data_len = m->pkt_len = 26;
		memcpy(rte_pktmbuf_mtod(m, void *), bytes, 26);
		for (uint32_t at = 26; at < sizeof(bytes); at += 100)
			fake_append(&pool, m, bytes + at,
				at + 100 <= sizeof(bytes) ? 100 : sizeof(bytes) - at);
		assert_int_equal(pw_mbuf_pull(&m, 150), 0);
		assert_ptr_equal(m, old);
		check_same(m, 150);
		rte_pktmbuf_free(m);
	}
}

static void pull_refuses_a_shared_frame(void **state)
{
	struct rte_mbuf *m = fake_split(&pool, bytes, sizeof(bytes), 20);

	rte_mbuf_refcnt_set(m, 2);
	assert_int_equal(pw_mbuf_pull(&m, 20), 0); /* nothing to do */
	assert_int_equal(pw_mbuf_pull(&m, 21), -EINVAL);
	check_same(m, 20);
	rte_mbuf_refcnt_set(m, 1);
	rte_pktmbuf_free(m);
}

static void pull_errors_change_nothing(void **state)
{
	struct rte_mbuf *m = fake_split(&pool, bytes, sizeof(bytes), 20), *old = m;

	assert_int_equal(pw_mbuf_pull(&m, sizeof(bytes) + 1), -EINVAL);
	pool.left = 0;
	assert_int_equal(pw_mbuf_pull(&m, 100), -ENOMEM);
	pool.left = FAKE_ANY_NUMBER;
	pool.room = RTE_PKTMBUF_HEADROOM + 99;
	assert_int_equal(pw_mbuf_pull(&m, 100), -ENOMEM);
	pool.room = 2048;
	assert_ptr_equal(m, old);
	check_same(m, 20);
	rte_pktmbuf_free(m);
}

static void read_and_write_any_range(void **state)
{
	uint64_t seed = 2;

	for (int i = 0; i < 1000; i++) {
		struct rte_mbuf *m = fake_split(&pool, bytes, sizeof(bytes), 1 + rnd(&seed) % 50);
		uint32_t off = rnd(&seed) % sizeof(bytes),
			 len = rnd(&seed) % (sizeof(bytes) - off + 1);

		memset(got, 0, sizeof(got));
		assert_int_equal(pw_mbuf_read(m, off, len, got), 0);
		assert_memory_equal(got, bytes + off, len);
		for (uint32_t k = 0; k < len; k++)
			got[k] = bytes[off + k] ^= 0xff;
		assert_int_equal(pw_mbuf_write(m, off, len, got), 0);
		check_same(m, 0);
		rte_pktmbuf_free(m);
	}
}

static void read_and_write_refuse_what_is_outside(void **state)
{
	struct rte_mbuf *m = fake_split(&pool, bytes, 100, 30);

	assert_int_equal(pw_mbuf_read(m, 100, 0, got), 0);
	assert_int_equal(pw_mbuf_read(m, 100, 1, got), -EINVAL);
	assert_int_equal(pw_mbuf_read(m, UINT32_MAX, 2, got), -EINVAL);
	assert_int_equal(pw_mbuf_write(m, 99, 2, bytes), -EINVAL);
	assert_int_equal(pw_mbuf_write(m, 1, UINT32_MAX, bytes), -EINVAL);
	rte_pktmbuf_free(m);
}

static int setup(void **state)
{
	uint64_t seed = 3;

	fake_pool_init(&pool, 2048);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = rnd(&seed);
	return 0;
}

static int no_leak(void **state)
{
	return pool.in_use;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pull_any_split),
		cmocka_unit_test(pull_keeps_metadata),
		cmocka_unit_test(pull_in_place),
		cmocka_unit_test(pull_refuses_a_shared_frame),
		cmocka_unit_test(pull_errors_change_nothing),
		cmocka_unit_test(read_and_write_any_range),
		cmocka_unit_test(read_and_write_refuse_what_is_outside),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
