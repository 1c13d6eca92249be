/* SPDX-License-Identifier: BSD-3-Clause */
#include "port_test.h"

#include <rte_byteorder.h>
#include <rte_random.h>

#include "vnet_hdr.h"

#define NEEDS  VIRTIO_NET_HDR_F_NEEDS_CSUM
#define TCPV4  VIRTIO_NET_HDR_GSO_TCPV4
#define TCPV6  VIRTIO_NET_HDR_GSO_TCPV6
#define UDP_L4 VIRTIO_NET_HDR_GSO_UDP_L4
#define ECN    VIRTIO_NET_HDR_GSO_ECN

static const struct frame_spec specs[] = {
	{.version = 4, .proto = IPPROTO_TCP, .payload = 100},
	{.version = 4, .proto = IPPROTO_UDP, .payload = 100},
	{.version = 6, .proto = IPPROTO_TCP, .payload = 100},
	{.version = 6, .proto = IPPROTO_UDP, .payload = 99},
	{.version = 4, .proto = IPPROTO_TCP, .payload = 1, .vlans = 1},
	{.version = 6, .proto = IPPROTO_UDP, .payload = 7, .vlans = 2},
};

/* Numbers as the wire has them. */
static struct virtio_net_hdr hdr_of(unsigned flags, unsigned gso_type, unsigned hdr_len,
	unsigned gso_size, unsigned start, unsigned offset)
{
	return (struct virtio_net_hdr){
		.flags = (uint8_t)flags,
		.gso_type = (uint8_t)gso_type,
		.hdr_len = rte_cpu_to_le_16((uint16_t)hdr_len),
		.gso_size = rte_cpu_to_le_16((uint16_t)gso_size),
		.csum_start = rte_cpu_to_le_16((uint16_t)start),
		.csum_offset = rte_cpu_to_le_16((uint16_t)offset),
	};
}

static unsigned l4_of(const struct frame_spec *s)
{
	return frame_l2_len(s) + frame_l3_len(s);
}

static unsigned hdr_len_of(const struct frame_spec *s)
{
	return l4_of(s) + frame_l4_len(s);
}

/* A right GSO header of the frame, to be spoiled. */
static struct virtio_net_hdr gso_hdr_of(const struct frame_spec *s, unsigned type, unsigned size)
{
	return hdr_of(NEEDS, type, hdr_len_of(s), size, l4_of(s), frame_csum_offset(s));
}

static int decode_once(const struct frame_spec *s, struct virtio_net_hdr hdr)
{
	struct rte_mbuf *m = make_frame(s);
	int rc = vnet_hdr_decode(&hdr, m);

	rte_pktmbuf_free(m);
	return rc;
}

static void nothing_asked(void **state)
{
	struct virtio_net_hdr none = hdr_of(0, 0, 0, 0, 0, 0), valid = none, out;
	struct rte_mbuf *m = make_frame(&specs[0]);

	assert_int_equal(vnet_hdr_decode(&none, m), 0);
	assert_false(pw_mbuf_is_partial(m) || pw_mbuf_is_gso(m));
	assert_int_equal(vnet_hdr_encode(m, &out), 0);
	assert_memory_equal(&out, &none, sizeof(out));

	valid.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	assert_int_equal(vnet_hdr_decode(&valid, m), 0);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	assert_int_equal(vnet_hdr_encode(m, &out), 0);
	assert_memory_equal(&out, &valid, sizeof(out));
	rte_pktmbuf_free(m);
}

static void partial_goes_through(void **state)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(specs); i++) {
		const struct frame_spec *s = &specs[i];
		struct virtio_net_hdr out,
			in = hdr_of(NEEDS, 0, 0, 0, l4_of(s), frame_csum_offset(s));
		struct rte_mbuf *m = make_frame(s);

		assert_int_equal(vnet_hdr_decode(&in, m), 0);
		assert_true(pw_mbuf_is_partial(m));
		assert_false(pw_mbuf_is_gso(m));
		assert_int_equal(m->l2_len, frame_l2_len(s));
		assert_int_equal(m->l3_len, frame_l3_len(s));
		assert_int_equal(m->l4_len, frame_l4_len(s));
		assert_int_equal(vnet_hdr_encode(m, &out), 0);
		assert_memory_equal(&out, &in, sizeof(out));
		rte_pktmbuf_free(m);
	}
}

static void gso_goes_through(void **state)
{
	static const struct {
		struct frame_spec s;
		unsigned type, size;
	} good[] = {
		{{.version = 4, .proto = IPPROTO_TCP, .payload = 60000}, TCPV4, 1448},
		{{.version = 6, .proto = IPPROTO_TCP, .payload = 60000, .vlans = 2}, TCPV6, 1428},
		{{.version = 6, .proto = IPPROTO_TCP, .payload = 5000, .ext = 2}, TCPV6, 1400},
		{{.version = 4, .proto = IPPROTO_TCP, .payload = 49}, TCPV4, 48},
		{{.version = 4, .proto = IPPROTO_TCP, .payload = 5000, .tcp_flags = 0x80},
			TCPV4 | ECN, 1448},
		{{.version = 4, .proto = IPPROTO_UDP, .payload = 6000}, UDP_L4, 1200},
		{{.version = 6, .proto = IPPROTO_UDP, .payload = 128}, UDP_L4, 1},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(good); i++) {
		const struct frame_spec *s = &good[i].s;
		struct virtio_net_hdr out, in = gso_hdr_of(s, good[i].type, good[i].size);
		struct rte_mbuf *m = make_frame(s);

		assert_int_equal(vnet_hdr_decode(&in, m), 0);
		assert_true(pw_mbuf_is_partial(m) && pw_mbuf_is_gso(m));
		assert_int_equal(m->tso_segsz, good[i].size);
		assert_int_equal(m->l2_len + m->l3_len, l4_of(s));
		assert_int_equal(m->l4_len, frame_l4_len(s));
		assert_int_equal(vnet_hdr_encode(m, &out), 0);
		assert_memory_equal(&out, &in, sizeof(out));
		rte_pktmbuf_free(m);
	}
}

/* The kernel leaves SCTP's CRC open for a veth; nobody further on would close it. */
static void sctp_crc_is_completed(void **state)
{
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_SCTP, .payload = 100};
	struct virtio_net_hdr hdr = hdr_of(NEEDS, 0, 0, 0, 34, 8);
	struct rte_mbuf *m = make_frame(&s);
	uint8_t *sctp = rte_pktmbuf_mtod_offset(m, uint8_t *, 34);
	uint32_t field, crc;

	assert_int_equal(vnet_hdr_decode(&hdr, m), 0);
	assert_false(pw_mbuf_is_partial(m));
	memcpy(&field, sctp + 8, sizeof(field));
	memset(sctp + 8, 0, sizeof(field));
	crc = ~pw_csum_crc32c(UINT32_MAX, sctp, m->data_len - 34u);
	assert_int_equal(rte_le_to_cpu_32(field), crc);
	rte_pktmbuf_free(m);
}

/* One segment stands for itself: an ordinary partial frame. */
static void gso_of_one_segment(void **state)
{
	struct virtio_net_hdr hdr = gso_hdr_of(&specs[0], TCPV4, 100);
	struct rte_mbuf *m = make_frame(&specs[0]);

	assert_int_equal(vnet_hdr_decode(&hdr, m), 0);
	assert_true(pw_mbuf_is_partial(m));
	assert_false(pw_mbuf_is_gso(m));
	rte_pktmbuf_free(m);
}

static void gso_refused(void **state)
{
	static const struct frame_spec tcp4 = {.version = 4, .proto = IPPROTO_TCP, .payload = 9000};
	static const struct frame_spec tcp6 = {.version = 6, .proto = IPPROTO_TCP, .payload = 9000};
	static const struct frame_spec udp4 = {.version = 4, .proto = IPPROTO_UDP, .payload = 129};
	struct virtio_net_hdr h;

	for (unsigned size = 0; size < 48; size++)
		assert_int_equal(decode_once(&tcp4, gso_hdr_of(&tcp4, TCPV4, size)), -EINVAL);
	assert_int_equal(decode_once(&udp4, gso_hdr_of(&udp4, UDP_L4, 0)), -EINVAL);
	assert_int_equal(decode_once(&udp4, gso_hdr_of(&udp4, UDP_L4, 1)), -EINVAL); /* 129 > 128 */
	assert_int_equal(decode_once(&tcp6, gso_hdr_of(&tcp6, TCPV4, 1400)), -EINVAL);
	assert_int_equal(decode_once(&tcp4, gso_hdr_of(&tcp4, TCPV6, 1400)), -EINVAL);
	assert_int_equal(decode_once(&tcp4, gso_hdr_of(&tcp4, UDP_L4, 1400)), -EINVAL);
	assert_int_equal(decode_once(&udp4, gso_hdr_of(&udp4, TCPV4, 100)), -EINVAL);

	h = gso_hdr_of(&tcp4, TCPV4, 1400);
	h.hdr_len = rte_cpu_to_le_16(9055); /* the frame has 9054 */
	assert_int_equal(decode_once(&tcp4, h), -EINVAL);
	h = gso_hdr_of(&tcp4, TCPV4, 1400);
	h.csum_offset = rte_cpu_to_le_16(6);
	assert_int_equal(decode_once(&tcp4, h), -EINVAL);
	h = gso_hdr_of(&tcp4, TCPV4, 1400);
	h.csum_start = rte_cpu_to_le_16(38);
	assert_int_equal(decode_once(&tcp4, h), -EINVAL);
	h = gso_hdr_of(&tcp4, TCPV4, 1400);
	h.flags = 0;
	assert_int_equal(decode_once(&tcp4, h), -EINVAL);
}

/* Every type and every flag: only the kinds we asked the kernel for are taken. */
static void gso_types(void **state)
{
	static const struct frame_spec tcp4 = {.version = 4, .proto = IPPROTO_TCP, .payload = 9000};

	for (unsigned type = 0; type < 256; type++) {
		for (unsigned flags = 0; flags < 8; flags++) {
			struct virtio_net_hdr h = gso_hdr_of(&tcp4, type, 1400);
			bool good = type == 0 ||
				    ((type & ~(unsigned)ECN) == TCPV4 && (flags & NEEDS) != 0);

			h.flags = (uint8_t)flags;
			assert_int_equal(decode_once(&tcp4, h), good ? 0 : -EINVAL);
		}
	}
}

static void gso_of_bad_headers(void **state)
{
	static const struct frame_spec tcp4 = {.version = 4, .proto = IPPROTO_TCP, .payload = 9000};
	static const struct {
		unsigned at;
		uint8_t value;
	} spoil[] = {
		{14, 0x44},        /* header of 16 bytes */
		{14, 0x65},        /* version 6 under the type of IPv4 */
		{20, 0x20},        /* more fragments */
		{21, 0x01},        /* fragment offset */
		{23, IPPROTO_UDP}, /* not TCP */
		{34 + 12, 4 << 4}, /* TCP header of 16 bytes */
		{12, 0x88},        /* another ethertype */
	};
	struct virtio_net_hdr h = gso_hdr_of(&tcp4, TCPV4, 1400);

	for (size_t i = 0; i < PW_ARRAY_SIZE(spoil); i++) {
		struct rte_mbuf *m = make_frame(&tcp4);

		rte_pktmbuf_mtod(m, uint8_t *)[spoil[i].at] = spoil[i].value;
		assert_int_equal(vnet_hdr_decode(&h, m), -EINVAL);
		rte_pktmbuf_free(m);
	}
}

/* Every start and offset around a small frame: what is inside is done or kept, the rest refused. */
static void csum_anywhere(void **state)
{
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_UDP, .payload = 20};
	unsigned len = l4_of(&s) + 28;

	for (unsigned start = 0; start < len + 4; start++) {
		for (unsigned offset = 0; offset < len + 4; offset++) {
			struct virtio_net_hdr h = hdr_of(NEEDS, 0, 0, 0, start, offset);
			bool inside = start >= 14 && start + offset + 2 <= len;
			struct rte_mbuf *m = make_frame(&s);
			int rc = vnet_hdr_decode(&h, m);

			assert_int_equal(rc, inside ? 0 : -EINVAL);
			assert_int_equal(pw_mbuf_is_partial(m), start == 34 && offset == 6);
			rte_pktmbuf_free(m);
		}
	}
	struct virtio_net_hdr h = hdr_of(NEEDS, 0, 0, 0, UINT16_MAX, UINT16_MAX);

	assert_int_equal(decode_once(&s, h), -EINVAL);
}

/* What the convention cannot say is computed: behind IPv6 extension headers. */
static void csum_behind_extensions(void **state)
{
	static const struct frame_spec s = {
		.version = 6, .proto = IPPROTO_UDP, .payload = 33, .ext = 2};
	struct virtio_net_hdr h = hdr_of(NEEDS, 0, 0, 0, l4_of(&s), 6);
	struct rte_mbuf *m = make_frame(&s);

	assert_int_equal(vnet_hdr_decode(&h, m), 0);
	assert_false(pw_mbuf_is_partial(m));
	assert_full_checksum(m, &s);
	rte_pktmbuf_free(m);
}

static void encode_refuses_contradictions(void **state)
{
	static const struct frame_spec s = {.version = 4, .proto = IPPROTO_TCP, .payload = 3000};
	struct virtio_net_hdr out;
	struct rte_mbuf *m = make_partial(&s, 1400);

	assert_int_equal(vnet_hdr_encode(m, &out), 0);
	m->l3_len = 24;
	assert_int_equal(vnet_hdr_encode(m, &out), -EINVAL);
	m->l3_len = 20;
	m->l4_len = 24;
	assert_int_equal(vnet_hdr_encode(m, &out), -EINVAL);
	m->l4_len = 20;
	m->tso_segsz = 0;
	assert_int_equal(vnet_hdr_encode(m, &out), -EINVAL);
	m->tso_segsz = 1400;
	m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
	assert_int_equal(vnet_hdr_encode(m, &out), -EINVAL);
	rte_pktmbuf_free(m);
}

/* Random headers on frames with random damage: whatever is accepted can be said again. */
static void random_headers(void **state)
{
	rte_srand(1);
	for (unsigned i = 0; i < 100000; i++) {
		struct frame_spec s = specs[rte_rand() % PW_ARRAY_SIZE(specs)];
		static const uint8_t types[] = {0, 0, TCPV4, TCPV6, UDP_L4, TCPV4 | ECN, 3};
		struct virtio_net_hdr out, h;
		struct rte_mbuf *m = make_frame(&s);

		h = gso_hdr_of(&s, types[rte_rand() % PW_ARRAY_SIZE(types)], rte_rand() % 200);
		for (unsigned k = rte_rand() % 3; k > 0; k--)
			((uint8_t *)&h)[rte_rand() % sizeof(h)] = (uint8_t)rte_rand();
		for (unsigned k = rte_rand() % 3; k > 0; k--)
			rte_pktmbuf_mtod(m, uint8_t *)[12 + rte_rand() % 60] = (uint8_t)rte_rand();
		if (vnet_hdr_decode(&h, m) == 0) {
			assert_true(0u + m->l2_len + m->l3_len + m->l4_len <= m->pkt_len);
			assert_int_equal(vnet_hdr_encode(m, &out), 0);
			assert_true(!pw_mbuf_is_partial(m) || (out.flags & NEEDS));
		}
		rte_pktmbuf_free(m);
	}
	assert_int_equal(pool_in_use(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked),
		cmocka_unit_test(partial_goes_through),
		cmocka_unit_test(gso_goes_through),
		cmocka_unit_test(sctp_crc_is_completed),
		cmocka_unit_test(gso_of_one_segment),
		cmocka_unit_test(gso_refused),
		cmocka_unit_test(gso_types),
		cmocka_unit_test(gso_of_bad_headers),
		cmocka_unit_test(csum_anywhere),
		cmocka_unit_test(csum_behind_extensions),
		cmocka_unit_test(encode_refuses_contradictions),
		cmocka_unit_test(random_headers),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
