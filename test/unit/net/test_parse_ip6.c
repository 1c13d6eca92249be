/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6: extension headers and their bounds (L3-8), ICMPv6, addresses, and NAT of the packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "net_test.h"
#include "pw_rewrite6.h"

static struct fake_pool pool;

#define HBH     0
#define ROUTING 43
#define FRAG    44
#define AUTH    51
#define NONE    59
#define OPTIONS 60

struct ext {
	uint8_t type;
	uint32_t len;
	uint8_t b1, b2, b3; /* bytes 1..3; 1 is the length of most */
};

/* UDP to port 53 behind `n` extension headers. Returns the length of the frame. */
static uint32_t make(uint8_t *out, const struct ext *ext, uint32_t n)
{
	struct frame_spec s = FRAME_UDP;
	uint8_t plain[200];
	uint32_t at = 54;

	s.ipv6 = true;
	uint32_t len = frame_make(&s, plain);

	memcpy(out, plain, 54);
	if (n > 0)
		out[20] = ext[0].type;
	for (uint32_t i = 0; i < n; i++) {
		memset(out + at, 0, ext[i].len);
		out[at] = i + 1 < n ? ext[i + 1].type : IPPROTO_UDP;
		out[at + 1] = ext[i].b1;
		out[at + 2] = ext[i].b2;
		out[at + 3] = ext[i].b3;
		at += ext[i].len;
	}
	memcpy(out + at, plain + 54, len - 54);
	put16(out + 18, at + len - 54 - 54);
	return at + len - 54;
}

static struct pw_pkt parse(const struct ext *ext, uint32_t n, uint32_t step)
{
	uint8_t bytes[2000];
	uint32_t len = make(bytes, ext, n);

	return parse_mbuf(fake_split(&pool, bytes, len, step));
}

static void check(const struct ext *ext, uint32_t n, uint8_t verdict)
{
	for (uint32_t step = 0; step < 60; step += 29) { /* in segments, too */
		struct pw_pkt pkt = parse(ext, n, step);

		assert_string_equal(pw_verdict_name(pkt.verdict), pw_verdict_name(verdict));
		if (verdict == PW_VERDICT_CONTINUE) {
			assert_int_equal(pkt.l4_proto, IPPROTO_UDP);
			assert_int_equal(pkt.dport_be, htons(53));
			assert_true(pkt.flags & PW_PKT_HAS_PORTS);
			assert_true(pkt.flags & PW_PKT_IP_OPTIONS);
		}
		rte_pktmbuf_free(pkt.m);
	}
}

static void headers_are_walked_over(void **state)
{
	static const struct ext one[] = {{HBH, 8, 0, 0, 0}};
	static const struct ext all[] = {{HBH, 16, 1, 0, 0}, {OPTIONS, 8, 0, 0, 0},
		{ROUTING, 24, 2, 4, 0}, {AUTH, 24, 4, 0, 0}, {OPTIONS, 8, 0, 0, 0}};

	check(one, 1, PW_VERDICT_CONTINUE);
	check(all, 5, PW_VERDICT_CONTINUE);
}

static void bounds(void **state)
{
#define O                                                                                          \
	{                                                                                          \
		OPTIONS, 8, 0, 0, 0                                                                \
	}
	static const struct ext eight[] = {O, O, O, O, O, O, O, O};
	static const struct ext nine[] = {O, O, O, O, O, O, O, O, O};
#undef O
	static const struct ext full[] = {{OPTIONS, 128, 15, 0, 0}, {OPTIONS, 128, 15, 0, 0}};
	static const struct ext more[] = {{OPTIONS, 128, 15, 0, 0}, {OPTIONS, 136, 16, 0, 0}};

	check(eight, 8, PW_VERDICT_CONTINUE);
	check(nine, 9, PW_DROP_IP6_EXT);
	check(full, 2, PW_VERDICT_CONTINUE);
	check(more, 2, PW_DROP_IP6_EXT);
}

static void misplaced(void **state)
{
	static const struct ext hbh_second[] = {{OPTIONS, 8, 0, 0, 0}, {HBH, 8, 0, 0, 0}};
	static const struct ext routing_0[] = {{ROUTING, 24, 2, 0, 1}};
	static const struct ext two_frags[] = {{FRAG, 8, 0, 0, 1}, {FRAG, 8, 0, 0, 1}};
	static const struct ext beyond[] = {{OPTIONS, 8, 31, 0, 0}};

	check(hbh_second, 2, PW_DROP_IP6_EXT);
	check(routing_0, 1, PW_DROP_IP6_EXT);
	check(two_frags, 2, PW_DROP_IP6_EXT);
	check(beyond, 1, PW_DROP_IP6_EXT); /* longer than the packet */
}

static void cut_short(void **state)
{
	static const struct ext some[] = {{HBH, 16, 1, 0, 0}, {OPTIONS, 24, 2, 0, 0}};
	uint8_t bytes[2000];

	(void)make(bytes, some, 2);
	for (uint32_t cut = 54; cut < 94; cut++) {
		put16(bytes + 18, cut - 54);
		struct pw_pkt pkt = parse_mbuf(fake_frame(&pool, bytes, cut, 0));

		assert_int_equal(pkt.verdict, PW_DROP_IP6_EXT);
		rte_pktmbuf_free(pkt.m);
	}
}

static void fragments(void **state)
{
	static const struct ext first[] = {{FRAG, 8, 0, 0, 1}}, later[] = {{FRAG, 8, 0, 1, 0}};
	static const struct ext atomic[] = {{HBH, 8, 0, 0, 0}, {FRAG, 8, 0, 0, 0}};
	struct pw_pkt pkt = parse(first, 1, 0);

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_int_equal(pkt.flags & (PW_PKT_FRAG | PW_PKT_FRAG_LATER), PW_PKT_FRAG);
	assert_int_equal(pw_pkt_frag6_off(&pkt), 40);
	assert_int_equal(pkt.dport_be, htons(53));
	rte_pktmbuf_free(pkt.m);
	pkt = parse(later, 1, 0);
	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_true(pkt.flags & PW_PKT_FRAG_LATER);
	assert_false(pkt.flags & PW_PKT_HAS_PORTS);
	assert_int_equal(pkt.l4_proto, IPPROTO_UDP);
	rte_pktmbuf_free(pkt.m);
	pkt = parse(atomic, 2, 0); /* RFC 6946: whole */
	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_false(pkt.flags & PW_PKT_FRAG);
	assert_int_equal(pkt.dport_be, htons(53));
	rte_pktmbuf_free(pkt.m);
}

static void nothing_above(void **state)
{
	static const struct ext none[] = {{OPTIONS, 8, 0, 0, 0}};
	uint8_t bytes[2000];
	uint32_t len = make(bytes, none, 1);

	bytes[54] = NONE;
	struct pw_pkt pkt = parse_mbuf(fake_frame(&pool, bytes, len, 0));

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_int_equal(pkt.l4_proto, NONE);
	assert_false(pkt.flags & PW_PKT_HAS_PORTS);
	rte_pktmbuf_free(pkt.m);
}

static void icmp6(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t flags;
	} types[] = {{1, PW_PKT_ICMP_ERROR}, {2, PW_PKT_ICMP_ERROR}, {3, PW_PKT_ICMP_ERROR},
		{127, PW_PKT_ICMP_ERROR}, {128, PW_PKT_ICMP_ECHO | PW_PKT_HAS_PORTS},
		{129, PW_PKT_ICMP_ECHO | PW_PKT_HAS_PORTS}, {132, 0}, {133, PW_PKT_ND},
		{135, PW_PKT_ND}, {136, PW_PKT_ND}, {137, PW_PKT_ND}, {138, 0}, {143, 0}};
	struct frame_spec s = FRAME_UDP;

	s.ipv6 = true;
	s.proto = IPPROTO_ICMPV6;
	s.sport = 0x1234;
	s.dport = 0;
	for (size_t i = 0; i < PW_ARRAY_SIZE(types); i++) {
		s.icmp_type = types[i].type;
		struct pw_pkt pkt = parse_spec(&pool, &s, 0);

		assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
		assert_int_equal(pkt.flags, PW_PKT_IPV6 | types[i].flags);
		assert_int_equal(pkt.sport_be, types[i].type == 128 ? htons(0x1234) : 0);
		assert_int_equal(pkt.dport_be, types[i].type == 129 ? htons(0x1234) : 0);
		rte_pktmbuf_free(pkt.m);
	}
}

static uint8_t verdict_from(const char *src, const char *dst)
{
	struct frame_spec s = FRAME_UDP;
	struct pw_ip from, to;
	uint8_t bytes[200];

	s.ipv6 = true;
	uint32_t len = frame_make(&s, bytes);

	assert_int_equal(pw_ip_parse(src, &from), 0);
	assert_int_equal(pw_ip_parse(dst, &to), 0);
	memcpy(bytes + 22, from.b, 16);
	memcpy(bytes + 38, to.b, 16);
	struct pw_pkt pkt = parse_mbuf(fake_frame(&pool, bytes, len, 0));

	rte_pktmbuf_free(pkt.m);
	return pkt.verdict;
}

static void sources(void **state)
{
	assert_int_equal(verdict_from("2001:db8::1", "2001:db8::2"), PW_VERDICT_CONTINUE);
	assert_int_equal(verdict_from("fe80::1", "ff02::1"), PW_VERDICT_CONTINUE);
	assert_int_equal(verdict_from("::ffff:1.2.3.4", "2001:db8::2"), PW_VERDICT_CONTINUE);
	assert_int_equal(verdict_from("::2", "2001:db8::2"), PW_VERDICT_CONTINUE);
	assert_int_equal(verdict_from("::", "ff02::1:ff00:1"), PW_VERDICT_CONTINUE);
	assert_int_equal(verdict_from("::", "2001:db8::2"), PW_DROP_IP6_ADDR);
	assert_int_equal(verdict_from("::1", "2001:db8::2"), PW_DROP_IP6_ADDR);
	assert_int_equal(verdict_from("ff02::1", "2001:db8::2"), PW_DROP_IP6_ADDR);
}

/* Behind extension headers: new addresses and port, and the sum as if it was made for them. */
static void nat_behind_headers(void **state)
{
	static const struct ext some[] = {{HBH, 8, 0, 0, 0}, {OPTIONS, 16, 1, 0, 0}};
	struct frame_spec want = FRAME_UDP;
	uint8_t plain[200], expected[2000], got[2000];
	struct pw_pkt pkt = parse(some, 2, 0);
	struct pw_nat6_plan plan;

	want.ipv6 = true;
	want.dst = 0x0af40007;
	want.dport = 5353;
	(void)frame_make(&want, plain);
	uint32_t len = make(expected, some, 2);

	memcpy(expected + 38, plain + 38, 16);
	memcpy(expected + 54 + 24, plain + 54, 8);

	plan = (struct pw_nat6_plan){
		.src_be = pw_in6_load(pkt.data + 22),
		.dst_be = pw_in6_load(plain + 38),
		.sport_be = pkt.sport_be,
		.dport_be = htons(5353),
	};
	pw_nat6_plan_deltas(&plan, pw_in6_load(pkt.data + 22), pw_in6_load(pkt.data + 38),
		pkt.sport_be, pkt.dport_be);
	assert_true(pw_rewrite_nat6(&pkt, &plan));
	assert_int_equal(fake_bytes(pkt.m, got), len);
	assert_memory_equal(got, expected, len);
	rte_pktmbuf_free(pkt.m);
}

/* The id is the port of who asked; a frame made with the new values is what must come out. */
static void nat_of_echo(void **state)
{
	static const uint8_t types[] = {128, 129};
	struct frame_spec s = FRAME_UDP, want;
	uint8_t expected[200], got[200];

	s.ipv6 = true;
	s.proto = IPPROTO_ICMPV6;
	s.dport = 0;
	for (size_t i = 0; i < PW_ARRAY_SIZE(types); i++) {
		s.sport = 0x1234;
		s.icmp_type = types[i];
		want = s;
		want.dst = 0x0af40007;
		want.sport = 0x4321;
		uint32_t len = frame_make(&want, expected);
		struct pw_pkt pkt = parse_spec(&pool, &s, 0);
		pw_in6 src = pw_in6_load(pkt.data + 22), dst = pw_in6_load(pkt.data + 38);
		struct pw_nat6_plan plan = {
			.src_be = src,
			.dst_be = pw_in6_load(expected + 38),
			.sport_be = types[i] == 128 ? htons(0x4321) : 0,
			.dport_be = types[i] == 129 ? htons(0x4321) : 0,
		};

		pw_nat6_plan_deltas(&plan, src, dst, pkt.sport_be, pkt.dport_be);
		assert_true(pw_rewrite_nat6(&pkt, &plan));
		assert_int_equal(fake_bytes(pkt.m, got), len);
		assert_memory_equal(got, expected, len);
		rte_pktmbuf_free(pkt.m);
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
		cmocka_unit_test(headers_are_walked_over),
		cmocka_unit_test(bounds),
		cmocka_unit_test(misplaced),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(fragments),
		cmocka_unit_test(nothing_above),
		cmocka_unit_test(icmp6),
		cmocka_unit_test(sources),
		cmocka_unit_test(nat_behind_headers),
		cmocka_unit_test(nat_of_echo),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
