/* SPDX-License-Identifier: BSD-3-Clause */
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

/* Parses `len` bytes of `bytes` and frees them. */
static uint8_t verdict_of(uint32_t len, uint32_t step)
{
	struct pw_pkt pkt = parse_mbuf(fake_split(&pool, bytes, len, step));

	assert_int_equal(pkt.in_port, 3);
	rte_pktmbuf_free(pkt.m);
	return pkt.verdict;
}

/* After a change of header bytes. */
static void put_ip_csum(uint32_t l3)
{
	put16(bytes + l3 + 10, 0);
	put16(bytes + l3 + 10, (uint16_t)~sum_fold(sum_bytes(0, bytes + l3, (bytes[l3] & 15) * 4)));
}

static void check_tuple(const struct pw_pkt *pkt, const struct frame_spec *s)
{
	assert_int_equal(pkt->verdict, PW_VERDICT_CONTINUE);
	assert_int_equal(pkt->src_be, htonl(s->src));
	assert_int_equal(pkt->dst_be, htonl(s->dst));
	assert_int_equal(pkt->route_dst_be, htonl(s->dst));
	assert_int_equal(pkt->sport_be, htons(s->sport));
	assert_int_equal(pkt->dport_be, htons(s->dport));
	assert_int_equal(pkt->l4_proto, s->proto);
	assert_int_equal(pkt->l3_off, frame_l2_len(s));
	assert_int_equal(pkt->l4_off, frame_l2_len(s) + frame_l3_len(s));
	assert_int_equal(pkt->ip_len, frame_l3_len(s) + frame_l4_len(s) + s->payload_len);
	assert_int_equal(pkt->vlan, s->vlan_tags ? 100 : 0);
	assert_int_equal(pkt->ethertype, 0x0800);
	assert_true(pkt->flags & PW_PKT_IPV4);
	assert_true(pkt->flags & PW_PKT_HAS_PORTS);
	assert_int_equal(!!(pkt->flags & PW_PKT_IP_OPTIONS), s->ip_options > 0);
}

/* Everything that is not from the frame has its start value. */
static void fields_start_clean(void **state)
{
	struct frame_spec s = FRAME_UDP;
	struct pw_pkt pkt = {.flags = UINT32_MAX, .in_port = 9, .adj = 1, .punt = 1};

	pkt.m = fake_frame(&pool, bytes, frame_make(&s, bytes), 0);
	pw_parse_frame(&pkt);
	check_tuple(&pkt, &s);
	assert_int_equal(pkt.flags, PW_PKT_IPV4 | PW_PKT_HAS_PORTS | PW_PKT_REINJECTED |
					    PW_PKT_NO_PUNT | PW_PKT_ORIGINATED | PW_PKT_RETRIED);
	assert_ptr_equal(pkt.data, rte_pktmbuf_mtod(pkt.m, uint8_t *));
	assert_int_equal(pkt.in_port, 9);
	assert_int_equal(pkt.out_port, PW_PORT_NONE);
	assert_int_equal(pkt.flow, PW_FLOW_NONE);
	assert_int_equal(pkt.adj, PW_ADJ_NONE);
	assert_int_equal(pkt.bridge, PW_BRIDGE_NONE);
	assert_int_equal(pkt.punt, 0);
	rte_pktmbuf_free(pkt.m);
}

/* Every layout in every segmentation; headers end up contiguous. */
static void any_layout_any_split(void **state)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	uint64_t seed = 1;

	for (int i = 0; i < 4000; i++) {
		struct frame_spec s = FRAME_TCP;

		s.proto = protos[i % 3];
		s.vlan_tags = rnd(&seed) % 3;
		s.ip_options = rnd(&seed) % 11 * 4;
		s.tcp_options = s.proto == IPPROTO_TCP ? rnd(&seed) % 11 * 4 : 0;
		s.payload = zeros;
		s.payload_len = rnd(&seed) % 400;
		struct pw_pkt pkt = parse_spec(&pool, &s, rnd(&seed) % 80);

		check_tuple(&pkt, &s);
		assert_true(pkt.flags & PW_PKT_DF);
		assert_true(pkt.m->data_len >= PW_MIN(pkt.m->pkt_len, 256u));
		check_is_frame(&pkt, &s);
	}
}

static void no_memory_to_pull_up(void **state)
{
	struct frame_spec s = FRAME_UDP;
	uint32_t len = frame_make(&s, bytes);

	pool.left = 0;
	assert_int_equal(verdict_of(len, 20), PW_DROP_NO_MBUF);
	pool.left = FAKE_ANY_NUMBER;
}

/* A frame cut at any byte is dropped for what is missing first, and nothing beyond is read. */
static void cut_at_any_byte(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.vlan_tags = 2;
	s.ip_options = 8;
	s.tcp_options = 12;
	uint32_t full = frame_make(&s, bytes);

	for (uint32_t len = 0; len < full; len++) {
		uint8_t want = len < 22 ? PW_DROP_FRAME_SHORT : PW_DROP_IP4_LEN;

		assert_int_equal(verdict_of(len, 0), want);
		assert_int_equal(verdict_of(len, 7), want);
	}
	assert_int_equal(verdict_of(full, 0), PW_VERDICT_CONTINUE);
}

/* The IP length agrees with the frame, but the transport header does not fit. */
static void transport_cut_short(void **state)
{
	static const struct {
		uint8_t proto, need, cut;
	} cases[] = {
		{IPPROTO_TCP, 20, PW_DROP_L4_SHORT},
		{IPPROTO_UDP, 8, PW_DROP_L4_SHORT},
		{IPPROTO_SCTP, 12, PW_DROP_L4_SHORT},
		{IPPROTO_ICMP, 8, PW_DROP_L4_SHORT},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		for (uint32_t l4 = 0; l4 <= cases[i].need; l4++) {
			struct frame_spec s = FRAME_UDP;

			s.proto = cases[i].proto;
			frame_make(&s, bytes);
			put16(bytes + 16, 20 + l4);
			put_ip_csum(14);
			assert_int_equal(verdict_of(34 + l4, 0),
				l4 < cases[i].need ? cases[i].cut : PW_VERDICT_CONTINUE);
		}
	}
}

static void padding_is_fine(void **state)
{
	struct frame_spec s = FRAME_UDP;
	uint32_t len = frame_make(&s, bytes);

	memset(bytes + len, 0, 60 - len);
	assert_int_equal(verdict_of(60, 0), PW_VERDICT_CONTINUE);
}

static void ip4_header_errors(void **state)
{
	static const struct {
		uint8_t at, value, verdict;
		bool csum;
	} cases[] = {
		{14, 0x55, PW_DROP_IP4_HDR, true}, /* version */
		{14, 0x44, PW_DROP_IP4_HDR, true}, /* ihl 4 */
		{14, 0x4f, PW_DROP_IP4_LEN, true}, /* ihl beyond total length */
		{16, 0xff, PW_DROP_IP4_LEN, true}, /* total length beyond the frame */
		{17, 19, PW_DROP_IP4_LEN, true},   /* total length below the header */
		{22, 63, PW_DROP_IP4_CSUM, false}, /* TTL changed in flight */
		{26, 224, PW_DROP_IP4_ADDR, true}, /* source multicast */
		{26, 239, PW_DROP_IP4_ADDR, true}, /* ... */
		{26, 127, PW_DROP_IP4_ADDR, true}, /* ... loopback */
		{26, 240, PW_VERDICT_CONTINUE, true},
		{26, 0, PW_VERDICT_CONTINUE, true}, /* 0.0.0.2 is an address */
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		struct frame_spec s = FRAME_UDP;
		uint32_t len = frame_make(&s, bytes);

		bytes[cases[i].at] = cases[i].value;
		if (cases[i].csum && (bytes[14] & 15) == 5)
			put_ip_csum(14);
		assert_int_equal(verdict_of(len, 0), cases[i].verdict);
	}
}

static void ip4_special_sources(void **state)
{
	static const struct {
		uint32_t src, dst;
		uint8_t proto, verdict;
	} cases[] = {
		{0xffffffff, 0x0a000001, IPPROTO_UDP, PW_DROP_IP4_ADDR},
		{0, 0xffffffff, IPPROTO_UDP, PW_VERDICT_CONTINUE}, /* DHCP discover */
		{0, 0xffffffff, IPPROTO_TCP, PW_DROP_IP4_ADDR},
		{0, 0x0a000001, IPPROTO_UDP, PW_DROP_IP4_ADDR},
		{0, 0xe0000001, IPPROTO_IGMP, PW_VERDICT_CONTINUE}, /* snooping querier */
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		struct frame_spec s = FRAME_UDP;

		s.src = cases[i].src;
		s.dst = cases[i].dst;
		s.proto = cases[i].proto;
		assert_int_equal(verdict_of(frame_make(&s, bytes), 0), cases[i].verdict);
	}
}

static void ip4_csum_not_checked_twice(void **state)
{
	struct frame_spec s = FRAME_UDP;
	struct rte_mbuf *m = fake_frame(&pool, bytes, frame_make(&s, bytes), 0);

	rte_pktmbuf_mtod(m, uint8_t *)[24] ^= 1;
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	assert_int_equal(parse_mbuf(m).verdict, PW_VERDICT_CONTINUE);
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD;
	assert_int_equal(parse_mbuf(m).verdict, PW_DROP_IP4_CSUM);
	rte_pktmbuf_free(m);
}

static void l4_csum_not_judged(void **state)
{
	struct frame_spec s = FRAME_TCP;
	struct rte_mbuf *m = fake_frame(&pool, bytes, frame_make(&s, bytes), 0);

	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
	struct pw_pkt pkt = parse_mbuf(m);

	assert_false(pkt.flags & PW_PKT_PARTIAL);
	check_is_frame(&pkt, &s);
}

static void any_header_bit_flip_is_found(void **state)
{
	struct frame_spec s = FRAME_UDP;

	for (s.ip_options = 0; s.ip_options <= 8; s.ip_options += 4) {
		for (uint32_t bit = 0; bit < (20u + s.ip_options) * 8; bit++) {
			uint32_t len = frame_make(&s, bytes);

			bytes[14 + bit / 8] ^= 1 << bit % 8;
			assert_true(pw_verdict_is_drop(verdict_of(len, 0)));
		}
	}
}

static void tcp_and_udp_header_errors(void **state)
{
	struct frame_spec s = FRAME_TCP;
	uint32_t len = frame_make(&s, bytes);

	bytes[46] = 0x40;
	assert_int_equal(verdict_of(len, 0), PW_DROP_L4_HDR);
	bytes[46] = 0x60; /* options beyond the packet */
	assert_int_equal(verdict_of(len, 0), PW_DROP_L4_HDR);
	s.proto = IPPROTO_UDP;
	len = frame_make(&s, bytes);
	for (uint32_t udp = 0; udp < 12; udp++) {
		put16(bytes + 38, udp);
		assert_int_equal(
			verdict_of(len, 0), udp == 8 ? PW_VERDICT_CONTINUE : PW_DROP_L4_HDR);
	}
}

static struct pw_pkt parse_frag(uint8_t proto, uint16_t frag, uint32_t payload)
{
	struct frame_spec s = FRAME_UDP;

	s.proto = proto;
	s.frag = frag;
	s.payload = zeros;
	s.payload_len = payload;
	s.sport = 0x1111;
	return parse_spec(&pool, &s, 0);
}

static void fragments(void **state)
{
	struct pw_pkt pkt = parse_frag(IPPROTO_UDP, 0x2000, 100);

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_true(pkt.flags & PW_PKT_FRAG);
	assert_false(pkt.flags & PW_PKT_FRAG_LATER);
	assert_true(pkt.flags & PW_PKT_HAS_PORTS);
	put16(rte_pktmbuf_mtod(pkt.m, uint8_t *) + 38, 4000); /* length of the whole datagram */
	pw_parse_frame(&pkt);
	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	rte_pktmbuf_free(pkt.m);

	for (uint16_t frag = 1; frag < 0x2000; frag += 511) { /* last ones, too */
		pkt = parse_frag(IPPROTO_UDP, frag, 100);
		assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
		assert_true(pkt.flags & PW_PKT_FRAG);
		assert_true(pkt.flags & PW_PKT_FRAG_LATER);
		assert_false(pkt.flags & PW_PKT_HAS_PORTS);
		assert_int_equal(pkt.sport_be, 0);
		rte_pktmbuf_free(pkt.m);
	}
}

static void fragment_over_tcp_header(void **state)
{
	for (uint16_t offset = 1; offset < 4; offset++) {
		struct pw_pkt pkt = parse_frag(IPPROTO_TCP, 0x2000 | offset, 100);

		assert_int_equal(pkt.verdict, offset < 3 ? PW_DROP_L4_SHORT : PW_VERDICT_CONTINUE);
		rte_pktmbuf_free(pkt.m);
	}
}

static void icmp_kinds(void **state)
{
	for (unsigned type = 0; type < 256; type++) {
		struct frame_spec s = FRAME_UDP;
		bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
		bool echo = type == 0 || type == 8;

		s.proto = IPPROTO_ICMP;
		s.icmp_type = type;
		s.sport = 0x1234;
		s.dport = 0;
		struct pw_pkt pkt = parse_spec(&pool, &s, 0);

		assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
		assert_int_equal(!!(pkt.flags & PW_PKT_ICMP_ERROR), error);
		assert_int_equal(!!(pkt.flags & PW_PKT_ICMP_ECHO), echo);
		assert_int_equal(!!(pkt.flags & PW_PKT_HAS_PORTS), echo);
		assert_int_equal(pkt.sport_be, type == 8 ? htons(0x1234) : 0);
		assert_int_equal(pkt.dport_be, type == 0 ? htons(0x1234) : 0);
		rte_pktmbuf_free(pkt.m);
	}
}

static void ip6_without_extensions(void **state)
{
	struct frame_spec s = FRAME_TCP;

	s.ipv6 = true;
	s.vlan_tags = 1;
	struct pw_pkt pkt = parse_spec(&pool, &s, 0);

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_int_equal(pkt.flags, PW_PKT_IPV6 | PW_PKT_HAS_PORTS);
	assert_int_equal(pkt.dport_be, htons(443));
	assert_int_equal(pkt.l3_off, 18);
	assert_int_equal(pkt.l4_off, 58);
	assert_int_equal(pkt.ip_len, 60);
	assert_int_equal(pkt.l4_proto, IPPROTO_TCP);
	assert_int_equal(pkt.vlan, 100);
	rte_pktmbuf_free(pkt.m);

	s.vlan_tags = 0;
	uint32_t len = frame_make(&s, bytes);

	for (uint32_t cut = 14; cut < len; cut++)
		assert_int_equal(verdict_of(cut, 0), PW_DROP_IP6_HDR);
	bytes[14] = 0x40;
	assert_int_equal(verdict_of(len, 0), PW_DROP_IP6_HDR);
}

static void ethernet_addresses(void **state)
{
	struct frame_spec s = FRAME_UDP;
	uint32_t len = frame_make(&s, bytes);

	bytes[0] = 0x01;
	struct pw_pkt pkt = parse_mbuf(fake_frame(&pool, bytes, len, 0));

	assert_true(pkt.flags & PW_PKT_L2_MCAST);
	assert_false(pkt.flags & PW_PKT_L2_BCAST);
	rte_pktmbuf_free(pkt.m);
	memset(bytes, 0xff, 6);
	pkt = parse_mbuf(fake_frame(&pool, bytes, len, 0));
	assert_true(pkt.flags & PW_PKT_L2_MCAST);
	assert_true(pkt.flags & PW_PKT_L2_BCAST);
	rte_pktmbuf_free(pkt.m);
	bytes[6] |= 1;
	assert_int_equal(verdict_of(len, 0), PW_DROP_MAC_SRC);
	memset(bytes + 6, 0, 6);
	assert_int_equal(verdict_of(len, 0), PW_DROP_MAC_SRC);
	bytes[11] = 1;
	assert_int_equal(verdict_of(len, 0), PW_VERDICT_CONTINUE);
}

static void vlan_stack(void **state)
{
	struct frame_spec s = FRAME_UDP;

	s.vlan_tags = 3;
	assert_int_equal(verdict_of(frame_make(&s, bytes), 0), PW_DROP_VLAN_STACK);
}

static void other_ethertypes(void **state)
{
	struct pw_pkt pkt;

	memset(bytes, 2, 60);
	put16(bytes + 12, 0x0806);
	pkt = parse_mbuf(fake_frame(&pool, bytes, 14, 0)); /* checked by pw_arp_parse */
	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_int_equal(pkt.flags, PW_PKT_ARP);
	assert_int_equal(pkt.l3_off, 14);
	rte_pktmbuf_free(pkt.m);
	put16(bytes + 12, 39); /* IEEE 802.3 length: spanning tree and the like */
	pkt = parse_mbuf(fake_frame(&pool, bytes, 60, 0));
	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_int_equal(pkt.flags, 0);
	assert_int_equal(pkt.ethertype, 39);
	assert_int_equal(pkt.l3_off, 0);
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
		cmocka_unit_test(fields_start_clean),
		cmocka_unit_test(any_layout_any_split),
		cmocka_unit_test(no_memory_to_pull_up),
		cmocka_unit_test(cut_at_any_byte),
		cmocka_unit_test(transport_cut_short),
		cmocka_unit_test(padding_is_fine),
		cmocka_unit_test(ip4_header_errors),
		cmocka_unit_test(ip4_special_sources),
		cmocka_unit_test(ip4_csum_not_checked_twice),
		cmocka_unit_test(l4_csum_not_judged),
		cmocka_unit_test(any_header_bit_flip_is_found),
		cmocka_unit_test(tcp_and_udp_header_errors),
		cmocka_unit_test(fragments),
		cmocka_unit_test(fragment_over_tcp_header),
		cmocka_unit_test(icmp_kinds),
		cmocka_unit_test(ip6_without_extensions),
		cmocka_unit_test(ethernet_addresses),
		cmocka_unit_test(vlan_stack),
		cmocka_unit_test(other_ethertypes),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
