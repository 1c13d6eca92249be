/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors about translated flows: quotes of any kind and length against frames from scratch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net_test.h"
#include "pw_rewrite.h"

static struct fake_pool pool;
static uint8_t quoted[2000], payload[600];

/* An error whose quote is the first `quote_len` bytes of packet `inner`. */
static struct frame_spec error_about(
	const struct frame_spec *outer, const struct frame_spec *inner, uint32_t quote_len)
{
	struct frame_spec error = *outer;

	frame_make(inner, quoted);
	error.proto = IPPROTO_ICMP;
	error.payload = quoted + frame_l2_len(inner);
	error.payload_len = quote_len;
	return error;
}

static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP};
static const uint8_t error_types[] = {3, 4, 5, 11, 12};

static struct frame_spec random_inner(uint64_t *seed, uint8_t proto)
{
	struct frame_spec s = FRAME_TCP;

	for (int k = 0; k < 20; k++)
		payload[rnd(seed) % sizeof(payload)] = rnd(seed);
	s.proto = proto;
	s.src = rnd(seed);
	s.dst = rnd(seed);
	s.sport = rnd(seed);
	s.dport = rnd(seed);
	s.ip_options = rnd(seed) % 3 ? 0 : rnd(seed) % 11 * 4;
	s.payload = payload;
	s.payload_len = rnd(seed) % 400;
	s.no_udp_csum = rnd(seed) % 4 == 0;
	if (proto == IPPROTO_ICMP) {
		s.icmp_type = rnd(seed) & 1 ? 8 : 0;
		*(s.icmp_type == 8 ? &s.dport : &s.sport) = 0;
	}
	return s;
}

static void retarget(uint64_t *seed, struct frame_spec *s)
{
	s->src = rnd(seed);
	s->dst = rnd(seed);
	if (s->proto != IPPROTO_ICMP || s->icmp_type == 8)
		s->sport = rnd(seed);
	if (s->proto != IPPROTO_ICMP || s->icmp_type == 0)
		s->dport = rnd(seed);
}

/* A quote that ends inside the checksum keeps its part of it: no one could check it. */
static uint32_t beside_csum(uint8_t proto, uint32_t l4_len)
{
	if (proto == IPPROTO_SCTP && l4_len > 8 && l4_len < 12)
		return 12;
	return proto == IPPROTO_TCP && l4_len == 17 ? 18 : l4_len;
}

static void check_case(uint64_t *seed, unsigned i)
{
	struct frame_spec outer = FRAME_UDP, outer_to, inner, inner_to;
	struct pw_icmp_quote quote;
	uint32_t hdr, whole, len;

	inner = random_inner(seed, protos[i % 4]);
	inner_to = inner;
	retarget(seed, &inner_to);
	outer.sport = outer.dport = 0;
	outer.icmp_type = error_types[i / 4 % 5];
	outer.ip_options = i % 9 ? 0 : 12;
	outer.vlan_tags = i % 3;
	outer_to = outer;
	outer_to.src = 0x0a0a0a0a;
	outer_to.dst = rnd(seed);
	hdr = frame_l3_len(&inner);
	whole = hdr + frame_l4_len(&inner) + inner.payload_len;
	len = 8 + (i & 1 ? 0 : rnd(seed) % (whole - hdr - 8 + 1));
	len = hdr + beside_csum(inner.proto, len);

	struct frame_spec error = error_about(&outer, &inner, len);
	struct pw_pkt pkt = parse_spec(&pool, &error, i % 5 ? 0 : 1 + rnd(seed) % 60);

	assert_true(pw_parse_icmp_quote(&pkt, &quote));
	assert_int_equal(quote.proto, inner.proto);
	assert_int_equal(quote.src_be, htonl(inner.src));
	assert_int_equal(quote.dst_be, htonl(inner.dst));
	assert_int_equal(quote.sport_be, htons(inner.sport));
	assert_int_equal(quote.dport_be, htons(inner.dport));
	assert_true(quote.l4_bytes >= 8 && quote.l4_bytes <= len - hdr);

	struct pw_nat_plan plan = {
		.src_be = htonl(inner_to.src),
		.dst_be = htonl(inner_to.dst),
		.sport_be = htons(inner_to.sport),
		.dport_be = htons(inner_to.dport),
	};

	assert_true(pw_rewrite_icmp_quote(
		&pkt, &quote, htonl(outer_to.src), htonl(outer_to.dst), &plan));
	assert_int_equal(pkt.src_be, htonl(outer_to.src));
	assert_int_equal(pkt.dst_be, htonl(outer_to.dst));
	error = error_about(&outer_to, &inner_to, len);
	check_is_frame(&pkt, &error);
}

static void any_quote(void **state)
{
	uint64_t seed = 1;

	for (unsigned i = 0; i < 8000; i++)
		check_case(&seed, i);
}

/* All checksums occur, 0 (sent as 0xffff) included. */
static void quoted_udp_zero_rule(void **state)
{
	struct frame_spec inner = FRAME_UDP, inner_to = inner, outer = FRAME_UDP;
	unsigned zeros = 0;

	outer.icmp_type = 3;
	outer.sport = outer.dport = 0;
	for (uint32_t port = 1; port < 65536; port++) {
		struct pw_icmp_quote quote;

		inner_to.dport = port;
		struct frame_spec error = error_about(&outer, &inner_to, 28);

		if (get16(error.payload + 26) != 0xffff)
			continue;
		zeros++;
		error = error_about(&outer, &inner, 28);
		struct pw_pkt pkt = parse_spec(&pool, &error, 0);
		struct pw_nat_plan plan = {
			htonl(inner.src), htonl(inner.dst), htons(inner.sport), htons(port), 0, 0};

		assert_true(pw_parse_icmp_quote(&pkt, &quote));
		assert_true(pw_rewrite_icmp_quote(&pkt, &quote, pkt.src_be, pkt.dst_be, &plan));
		error = error_about(&outer, &inner_to, 28);
		check_is_frame(&pkt, &error);
	}
	assert_true(zeros > 0);
}

static struct pw_pkt error_packet(const struct frame_spec *inner, uint32_t len)
{
	struct frame_spec outer = FRAME_UDP, error;

	outer.icmp_type = 3;
	outer.sport = outer.dport = 0;
	error = error_about(&outer, inner, len);
	return parse_spec(&pool, &error, 0);
}

static void check_refused(const struct frame_spec *inner, uint32_t len)
{
	struct pw_pkt pkt = error_packet(inner, len);
	struct pw_icmp_quote quote;

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_false(pw_parse_icmp_quote(&pkt, &quote));
	rte_pktmbuf_free(pkt.m);
}

static void short_quotes(void **state)
{
	struct frame_spec inner = FRAME_TCP;

	for (uint32_t len = 0; len < 28; len++)
		check_refused(&inner, len);
	inner.ip_options = 40;
	for (uint32_t len = 0; len < 68; len++)
		check_refused(&inner, len);
}

/* Bytes behind the IP length are padding, not quote. */
static void padding_is_not_quote(void **state)
{
	struct frame_spec inner = FRAME_TCP, outer = FRAME_UDP, error;
	struct pw_icmp_quote quote;
	uint8_t bytes[256];

	outer.icmp_type = 3;
	outer.sport = outer.dport = 0;
	error = error_about(&outer, &inner, 27);
	uint32_t len = frame_make(&error, bytes);

	memset(bytes + len, 0, 20);
	struct pw_pkt pkt = parse_mbuf(fake_frame(&pool, bytes, len + 20, 0));

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_false(pw_parse_icmp_quote(&pkt, &quote));
	rte_pktmbuf_free(pkt.m);
}

static void foreign_quotes(void **state)
{
	struct frame_spec inner = FRAME_TCP;

	inner.proto = IPPROTO_GRE;
	check_refused(&inner, 28);
	inner.proto = IPPROTO_ICMP;
	inner.icmp_type = 3;
	check_refused(&inner, 28);
	inner = (struct frame_spec)FRAME_TCP;
	inner.frag = 0x0001;
	check_refused(&inner, 40);
	inner.frag = 0;
	inner.ipv6 = true;
	check_refused(&inner, 60);
}

static void first_fragment_is_quoted(void **state)
{
	struct frame_spec inner = FRAME_UDP;
	struct pw_icmp_quote quote;

	inner.frag = 0x2000;
	struct pw_pkt pkt = error_packet(&inner, 28);

	assert_true(pw_parse_icmp_quote(&pkt, &quote));
	rte_pktmbuf_free(pkt.m);
}

static void only_errors_quote(void **state)
{
	struct frame_spec inner = FRAME_TCP, outer = FRAME_UDP, error;
	struct pw_icmp_quote quote = {.l4_bytes = 8};
	struct pw_nat_plan plan = {0};

	outer.icmp_type = 8;
	error = error_about(&outer, &inner, 40);
	struct pw_pkt pkt = parse_spec(&pool, &error, 0);

	assert_false(pw_rewrite_icmp_quote(&pkt, &quote, 1, 2, &plan));
	assert_false(pw_parse_icmp_quote(&pkt, &quote));
	check_is_frame(&pkt, &error);
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
		cmocka_unit_test(any_quote),
		cmocka_unit_test(quoted_udp_zero_rule),
		cmocka_unit_test(short_quotes),
		cmocka_unit_test(padding_is_not_quote),
		cmocka_unit_test(foreign_quotes),
		cmocka_unit_test(first_fragment_is_quoted),
		cmocka_unit_test(only_errors_quote),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
