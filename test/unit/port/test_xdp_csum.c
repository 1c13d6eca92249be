/* SPDX-License-Identifier: BSD-3-Clause */
#include "port_test.h"

#include "xdp_csum.h"

static const struct frame_spec specs[] = {
	{.version = 4, .proto = IPPROTO_TCP, .payload = 100},
	{.version = 4, .proto = IPPROTO_UDP, .payload = 0},
	{.version = 4, .proto = IPPROTO_TCP, .payload = 0},
	{.version = 6, .proto = IPPROTO_TCP, .payload = 1400},
	{.version = 6, .proto = IPPROTO_UDP, .payload = 33},
	{.version = 4, .proto = IPPROTO_UDP, .payload = 1472, .vlans = 1},
};

static void open_checksums_are_marked(void **state)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(specs); i++) {
		const struct frame_spec *s = &specs[i];
		struct rte_mbuf *m = make_frame(s);

		xdp_csum_mark(m);
		assert_true(pw_mbuf_is_partial(m));
		assert_int_equal(m->l2_len, frame_l2_len(s));
		assert_int_equal(m->l3_len, frame_l3_len(s));
		assert_int_equal(m->l4_len, frame_l4_len(s));
		assert_int_equal(pw_csum_finish_packet(m), 0);
		assert_full_checksum(m, s);
		rte_pktmbuf_free(m);
	}
}

/* Right ones, wrong ones and none at all stay as they are (OFF-1). */
static void others_are_left_alone(void **state)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(specs); i++) {
		const struct frame_spec *s = &specs[i];
		unsigned at = frame_l2_len(s) + frame_l3_len(s) + frame_csum_offset(s);
		struct rte_mbuf *m = make_partial(s, 0);
		uint8_t *field = rte_pktmbuf_mtod_offset(m, uint8_t *, at);
		uint16_t before;

		assert_int_equal(pw_csum_finish_packet(m), 0);
		for (unsigned what = 0; what < 3; what++) {
			if (what == 1)
				field[1] ^= 1;
			else if (what == 2)
				memset(field, 0, 2);
			memcpy(&before, field, 2);
			xdp_csum_mark(m);
			assert_false(pw_mbuf_is_partial(m));
			assert_memory_equal(&before, field, 2);
		}
		rte_pktmbuf_free(m);
	}
}

/* What our convention cannot say is finished at once. */
static void behind_extension_headers(void **state)
{
	static const struct frame_spec s = {
		.version = 6, .proto = IPPROTO_UDP, .payload = 50, .ext = 2};
	struct rte_mbuf *m = make_frame(&s);

	xdp_csum_mark(m);
	assert_false(pw_mbuf_is_partial(m));
	assert_full_checksum(m, &s);
	rte_pktmbuf_free(m);
}

static void sctp_crc(void **state)
{
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_SCTP, .payload = 60};
	struct rte_mbuf *m = make_frame(&s);
	uint8_t *field = rte_pktmbuf_mtod_offset(m, uint8_t *, 34 + 8);
	uint32_t crc, again;

	memset(field, 0, 4);
	xdp_csum_mark(m);
	memcpy(&crc, field, 4);
	assert_int_not_equal(crc, 0);
	assert_int_equal(pw_csum_sctp_finish(m, 34), 0);
	memcpy(&again, field, 4);
	assert_int_equal(crc, again);
	field[0] ^= 1; /* wrong, but there */
	memcpy(&crc, field, 4);
	xdp_csum_mark(m);
	memcpy(&again, field, 4);
	assert_int_equal(crc, again);
	rte_pktmbuf_free(m);
}

static void fragments_and_stumps(void **state)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(specs); i++) {
		const struct frame_spec *s = &specs[i];
		struct rte_mbuf *m = make_frame(s);
		unsigned end = frame_l2_len(s) + frame_l3_len(s) + frame_csum_offset(s) + 1;

		rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - end));
		xdp_csum_mark(m); /* the field itself is cut */
		assert_false(pw_mbuf_is_partial(m));
		rte_pktmbuf_free(m);
		if (s->version != 4)
			continue;
		m = make_frame(s);
		put16(rte_pktmbuf_mtod_offset(m, uint8_t *, frame_l2_len(s) + 6), 0x2000);
		xdp_csum_mark(m);
		assert_false(pw_mbuf_is_partial(m));
		rte_pktmbuf_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_checksums_are_marked),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(behind_extension_headers),
		cmocka_unit_test(sctp_crc),
		cmocka_unit_test(fragments_and_stumps),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
