/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net_test.h"
#include "pw_rewrite.h"

static struct fake_pool pool;
static uint8_t payload[2000];

/* The plan that turns `from` into `to`. */
static struct pw_nat_plan plan_of(const struct frame_spec *from, const struct frame_spec *to)
{
	struct pw_nat_plan plan = {
		.src_be = htonl(to->src),
		.dst_be = htonl(to->dst),
		.sport_be = htons(to->sport),
		.dport_be = htons(to->dport),
	};

	pw_nat_plan_deltas(
		&plan, htonl(from->src), htonl(from->dst), htons(from->sport), htons(from->dport));
	return plan;
}

/* `from`, parsed and rewritten, is `to` as its sender would have made it. */
static void check_rewrite(const struct frame_spec *from, const struct frame_spec *to, uint32_t step)
{
	struct pw_nat_plan plan = plan_of(from, to);
	struct pw_pkt pkt = parse_spec(&pool, from, step);

	assert_true(pw_rewrite_nat(&pkt, &plan));
	assert_int_equal(pkt.src_be, plan.src_be);
	assert_int_equal(pkt.dst_be, plan.dst_be);
	if (pkt.flags & PW_PKT_HAS_PORTS) {
		assert_int_equal(pkt.sport_be, plan.sport_be);
		assert_int_equal(pkt.dport_be, plan.dport_be);
	}
	check_is_frame(&pkt, to);
}

static uint32_t unicast(uint64_t *seed)
{
	return 0x0a000000 | (rnd(seed) & 0xffffff);
}

static void random_frame(uint64_t *seed, struct frame_spec *s)
{
	*s = (struct frame_spec)FRAME_TCP;
	for (int k = 0; k < 20; k++)
		payload[rnd(seed) % sizeof(payload)] = rnd(seed);
	s->src = unicast(seed);
	s->dst = unicast(seed);
	s->sport = rnd(seed);
	s->dport = rnd(seed);
	s->seq = rnd(seed);
	s->id = rnd(seed);
	s->ttl = 1 + rnd(seed) % 255;
	s->vlan_tags = rnd(seed) % 3;
	s->ip_options = rnd(seed) % 11 * 4;
	s->payload = payload;
	s->payload_len = rnd(seed) % 200;
}

/* Which of addresses and ports change: all 16 combinations. */
static struct frame_spec random_change(uint64_t *seed, const struct frame_spec *s, unsigned mask)
{
	struct frame_spec to = *s;

	if (mask & 1)
		to.src = unicast(seed);
	if (mask & 2)
		to.dst = unicast(seed);
	if (mask & 4)
		to.sport = rnd(seed);
	if (mask & 8)
		to.dport = rnd(seed);
	return to;
}

static void all_combinations(uint8_t proto, bool partial, bool no_udp_csum, uint64_t seed)
{
	for (unsigned i = 0; i < 1600; i++) {
		struct frame_spec from, to;

		random_frame(&seed, &from);
		from.proto = proto;
		from.partial = partial;
		from.no_udp_csum = no_udp_csum;
		to = random_change(&seed, &from, i % 16);
		check_rewrite(&from, &to, i % 3 ? 0 : 1 + rnd(&seed) % 90);
	}
}

static void tcp_full(void **state)
{
	all_combinations(IPPROTO_TCP, false, false, 1);
}

static void tcp_partial(void **state)
{
	all_combinations(IPPROTO_TCP, true, false, 2);
}

static void udp_full(void **state)
{
	all_combinations(IPPROTO_UDP, false, false, 3);
}

static void udp_partial(void **state)
{
	all_combinations(IPPROTO_UDP, true, false, 4);
}

static void udp_without_checksum(void **state)
{
	all_combinations(IPPROTO_UDP, false, true, 5);
}

static void sctp_crc(void **state)
{
	all_combinations(IPPROTO_SCTP, false, false, 6);
}

static void echo_id(void **state)
{
	uint64_t seed = 7;

	for (unsigned i = 0; i < 2000; i++) {
		struct frame_spec from, to;

		random_frame(&seed, &from);
		from.proto = IPPROTO_ICMP;
		from.icmp_type = i & 1 ? 8 : 0;
		*(i & 1 ? &from.dport : &from.sport) = 0;
		to = random_change(&seed, &from, i / 2 % 4);
		*(i & 1 ? &to.sport : &to.dport) = i % 50 ? rnd(&seed) : 0;
		check_rewrite(&from, &to, 0);
	}
}

/* A computed checksum of 0 goes out as 0xffff: 0 would mean none. All sums occur. */
static void udp_zero_rule(void **state)
{
	struct frame_spec from = FRAME_UDP, to;
	unsigned zeros = 0;

	for (uint32_t port = 1; port < 65536; port++) {
		to = from;
		to.dport = port;
		uint8_t frame[64];

		frame_make(&to, frame);
		if (get16(frame + 40) == 0xffff) {
			check_rewrite(&from, &to, 0);
			check_rewrite(&to, &from, 0); /* and from 0xffff back */
			zeros++;
		}
	}
	assert_true(zeros > 0);
}

/* OFF-1: what was wrong stays wrong, by the same difference. */
static void corruption_is_not_repaired(void **state)
{
	struct frame_spec from = FRAME_TCP, to = FRAME_TCP;

	from.payload = payload;
	from.payload_len = 100;
	to.payload = payload;
	to.payload_len = 100;
	to.dst = 0x0a010203;
	to.dport = 8443;
	struct pw_nat_plan plan = plan_of(&from, &to);
	struct pw_pkt pkt = parse_spec(&pool, &from, 0);

	pkt.data[80] ^= 0x40;
	assert_true(pw_rewrite_nat(&pkt, &plan));
	pkt.data[80] ^= 0x40;
	check_is_frame(&pkt, &to);
}

static void first_fragment(void **state)
{
	struct frame_spec from = FRAME_UDP, to;

	from.frag = 0x2000;
	from.payload = payload;
	from.payload_len = 64;
	to = from;
	to.dst = 0x0a010203;
	to.dport = 5353;
	check_rewrite(&from, &to, 0);
}

static void later_fragment_has_no_ports(void **state)
{
	struct frame_spec from = FRAME_UDP;
	struct pw_pkt pkt;
	uint8_t l4[72];

	from.frag = 0x0010;
	from.payload = payload;
	from.payload_len = 64;
	pkt = parse_spec(&pool, &from, 0);
	memcpy(l4, pkt.data + 34, sizeof(l4));
	struct frame_spec to = from;

	to.dst = 0x0a010203;
	to.dport = 5353;
	struct pw_nat_plan plan = plan_of(&from, &to);

	assert_true(pw_rewrite_nat(&pkt, &plan));
	assert_int_equal(pkt.sport_be, 0);
	assert_memory_equal(pkt.data + 34, l4, sizeof(l4));
	memcpy(l4, pkt.data + 14, 20);
	put16(l4 + 10, 0);
	assert_int_equal((uint16_t)~sum_fold(sum_bytes(0, l4, 20)), get16(pkt.data + 24));
	assert_int_equal(get32(pkt.data + 30), to.dst);
	rte_pktmbuf_free(pkt.m);
}

static void sctp_fragment_cannot_change_ports(void **state)
{
	struct frame_spec from = FRAME_UDP, to;

	from.proto = IPPROTO_SCTP;
	from.frag = 0x2000;
	to = from;
	to.dst = 0x0a010203;
	check_rewrite(&from, &to, 0); /* addresses are not in the CRC */
	to.dport = 99;
	struct pw_nat_plan plan = plan_of(&from, &to);
	struct pw_pkt pkt = parse_spec(&pool, &from, 0);

	assert_false(pw_rewrite_nat(&pkt, &plan));
	rte_pktmbuf_free(pkt.m);
}

static void ttl_any_header(void **state)
{
	uint64_t seed = 8;

	for (int i = 0; i < 20000; i++) {
		struct frame_spec s;

		random_frame(&seed, &s);
		s.ipv6 = i % 20 == 0;
		s.ip_options = 0;
		s.ttl = 2 + rnd(&seed) % 254;
		struct pw_pkt pkt = parse_spec(&pool, &s, 0);

		pw_rewrite_ttl(&pkt);
		s.ttl--;
		check_is_frame(&pkt, &s);
	}
}

static void macs(void **state)
{
	struct frame_spec s = FRAME_UDP;
	struct pw_pkt pkt = parse_spec(&pool, &s, 0);
	const uint8_t want[14] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0};

	pw_rewrite_macs(&pkt, 0x010203040506, 0x0708090a0b0c);
	assert_memory_equal(pkt.data, want, 14);
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
		cmocka_unit_test(tcp_full),
		cmocka_unit_test(tcp_partial),
		cmocka_unit_test(udp_full),
		cmocka_unit_test(udp_partial),
		cmocka_unit_test(udp_without_checksum),
		cmocka_unit_test(sctp_crc),
		cmocka_unit_test(echo_id),
		cmocka_unit_test(udp_zero_rule),
		cmocka_unit_test(corruption_is_not_repaired),
		cmocka_unit_test(first_fragment),
		cmocka_unit_test(later_fragment_has_no_ports),
		cmocka_unit_test(sctp_fragment_cannot_change_ports),
		cmocka_unit_test(ttl_any_header),
		cmocka_unit_test(macs),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
