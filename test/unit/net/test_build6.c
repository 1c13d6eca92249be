/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of IPv6 that we originate: ICMPv6 errors, TCP resets, neighbour discovery. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net_test.h"
#include "pw_build.h"
#include "pw_build6.h"
#include "pw_csum.h"
#include "pw_parse6.h"

static struct fake_pool pool;
static uint8_t payload[2000];
static const struct pw_mac mac_a = {{2, 0, 0, 0, 0, 0xa}}, mac_b = {{2, 0, 0, 0, 0, 0xb}};

static pw_in6 in6(const char *text)
{
	struct pw_ip ip;

	assert_int_equal(pw_ip_parse(text, &ip), 0);
	return pw_in6_from_ip(&ip);
}

static struct rte_mbuf *empty(void)
{
	struct rte_mbuf *m = fake_mbuf_new(&pool, 128 + 1500);

	m->data_off = 128;
	return m;
}

static struct frame_spec udp6(uint32_t payload_len)
{
	struct frame_spec s = FRAME_UDP;

	s.ipv6 = true;
	s.payload = payload;
	s.payload_len = payload_len;
	return s;
}

/* A sum over everything that the checksum covers, itself included, is all ones. */
static void check_sum(const struct pw_pkt *pkt)
{
	const uint8_t *ip = pkt->data + pkt->l3_off;
	uint32_t len = pkt->ip_len - 40u, sum;

	sum = pw_csum_pseudo6(ip + 8, ip + 24, pkt->l4_proto, len);
	assert_int_equal(pw_csum_fold(pw_csum_add(sum, ip + 40, len)), 0xffff);
}

/* ---- errors ---- */

static void error_quotes_as_much_as_fits(void **state)
{
	static const uint32_t lens[] = {0, 1, 100, 1183, 1184, 1185, 1400};

	for (size_t i = 0; i < PW_ARRAY_SIZE(lens); i++) {
		struct frame_spec s = udp6(lens[i]);
		struct pw_pkt about = parse_spec(&pool, &s, 0), pkt;
		uint32_t quote = PW_MIN(about.ip_len, 1280u - 48);
		struct rte_mbuf *m = empty();

		assert_int_equal(
			pw_build_icmp6_error(m, &about, 2, 0, 1400, in6("fd00::1"), &mac_a, &mac_b),
			0);
		pkt = parse_mbuf(m);
		assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
		assert_int_equal(pkt.ip_len, 48 + quote);
		assert_int_equal(pkt.flags, PW_PKT_IPV6 | PW_PKT_ICMP_ERROR);
		assert_int_equal(pkt.data[54], 2);
		assert_int_equal(get32(pkt.data + 58), 1400);
		assert_memory_equal(pkt.data + 62, about.data + about.l3_off, quote);
		assert_true(pw_in6_load(pkt.data + 22) == in6("fd00::1"));
		assert_true(
			pw_in6_load(pkt.data + 38) == pw_in6_load(about.data + about.l3_off + 8));
		check_sum(&pkt);
		rte_pktmbuf_free(about.m);
		rte_pktmbuf_free(pkt.m);
	}
}

/* What must not be answered (RFC 4443 2.4 e). */
static void errors_are_not_about_everything(void **state)
{
	struct frame_spec s = udp6(10);
	struct pw_pkt pkt = parse_spec(&pool, &s, 0), other;
	uint8_t *ip = pkt.data + pkt.l3_off;

	assert_true(pw_icmp6_error_allowed(&pkt, false));
	other = pkt;
	other.flags |= PW_PKT_FRAG | PW_PKT_FRAG_LATER;
	assert_false(pw_icmp6_error_allowed(&other, false));
	other = pkt;
	other.flags |= PW_PKT_ICMP_ERROR;
	assert_false(pw_icmp6_error_allowed(&other, true));
	other = pkt;
	other.flags |= PW_PKT_L2_MCAST;
	assert_false(pw_icmp6_error_allowed(&other, false));
	assert_true(pw_icmp6_error_allowed(&other, true)); /* too big may be said */
	ip[24] = 0xff;
	assert_false(pw_icmp6_error_allowed(&pkt, false));
	assert_true(pw_icmp6_error_allowed(&pkt, true));
	ip[24] = 0x20;
	ip[8] = 0xff;
	assert_false(pw_icmp6_error_allowed(&pkt, true));
	memset(ip + 8, 0, 16);
	assert_false(pw_icmp6_error_allowed(&pkt, true));
	rte_pktmbuf_free(pkt.m);
}

/* ---- resets ---- */

static void reset_is_turned_round(void **state)
{
	struct frame_spec s = FRAME_TCP;
	struct pw_pkt about, pkt;
	struct rte_mbuf *m = empty();

	s.ipv6 = true;
	s.tcp_flags = 0x02;
	about = parse_spec(&pool, &s, 0);
	assert_int_equal(pw_build_tcp_rst(m, &about, &mac_a, &mac_b), 0);
	pkt = parse_mbuf(m);
	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	assert_int_equal(pkt.l4_proto, IPPROTO_TCP);
	assert_int_equal(pkt.sport_be, about.dport_be);
	assert_int_equal(pkt.dport_be, about.sport_be);
	assert_int_equal(pkt.data[pkt.l4_off + 13], 0x14);
	assert_true(pw_in6_load(pkt.data + 22) == pw_in6_load(about.data + about.l3_off + 24));
	assert_true(pw_in6_load(pkt.data + 38) == pw_in6_load(about.data + about.l3_off + 8));
	check_sum(&pkt);
	rte_pktmbuf_free(about.m);
	rte_pktmbuf_free(pkt.m);
}

/* ---- neighbour discovery ---- */

static void addresses(void **state)
{
	static const struct pw_mac mac = {{0x0a, 0x58, 0x0a, 0xf4, 1, 2}};

	assert_true(pw_in6_link_local(&mac) == in6("fe80::858:aff:fef4:102"));
	assert_true(pw_in6_solicited_node(in6("fd00::12:3456")) == in6("ff02::1:ff12:3456"));
	assert_true(pw_in6_all_nodes() == in6("ff02::1"));
}

static void solicitation(void **state)
{
	struct rte_mbuf *m = empty();
	struct pw_pkt pkt;
	struct pw_nd nd;

	assert_int_equal(
		pw_build_nd_solicit(m, in6("fd00::1"), &mac_a, in6("fd00::12:3456"), NULL), 0);
	pkt = parse_mbuf(m);
	assert_memory_equal(pkt.data, ((uint8_t[]){0x33, 0x33, 0xff, 0x12, 0x34, 0x56}), 6);
	assert_int_equal(pw_nd_parse(&pkt, &nd), 0);
	assert_int_equal(nd.type, PW_ND_NS);
	assert_true(nd.has_mac && pw_mac_equal(&nd.mac, &mac_a));
	assert_true(nd.target_be == in6("fd00::12:3456"));
	assert_true(nd.dst_be == in6("ff02::1:ff12:3456"));
	check_sum(&pkt);
	rte_pktmbuf_free(pkt.m);

	m = empty(); /* a probe */
	assert_int_equal(pw_build_nd_solicit(m, in6("fd00::1"), &mac_a, in6("fd00::2"), &mac_b), 0);
	pkt = parse_mbuf(m);
	assert_memory_equal(pkt.data, mac_b.b, 6);
	assert_int_equal(pw_nd_parse(&pkt, &nd), 0);
	assert_true(nd.dst_be == in6("fd00::2"));
	rte_pktmbuf_free(pkt.m);
}

static void advertisement(void **state)
{
	struct rte_mbuf *m = empty();
	struct pw_pkt pkt;
	struct pw_nd nd;

	assert_int_equal(pw_build_nd_advert(m, in6("fd00::2"), &mac_b, in6("fd00::1"), &mac_a,
				 in6("fd00::2"), &mac_b, PW_ND_SOLICITED | PW_ND_OVERRIDE),
		0);
	pkt = parse_mbuf(m);
	assert_int_equal(pw_nd_parse(&pkt, &nd), 0);
	assert_int_equal(nd.type, PW_ND_NA);
	assert_int_equal(nd.flags, PW_ND_SOLICITED | PW_ND_OVERRIDE);
	assert_true(nd.has_mac && pw_mac_equal(&nd.mac, &mac_b));
	assert_true(nd.target_be == in6("fd00::2"));
	check_sum(&pkt);
	rte_pktmbuf_free(pkt.m);
}

static void router_advertisement(void **state)
{
	struct pw_nd_router router = {.lifetime_sec = 1800, .mtu = 1400, .n_prefixes = 2};
	struct rte_mbuf *m = empty();
	const uint8_t *opt;
	struct pw_pkt pkt;
	struct pw_nd nd;

	assert_int_equal(pw_prefix_parse("fd00:1::1/64", &router.prefixes[0]), 0);
	assert_int_equal(pw_prefix_parse("fd00:2::1/80", &router.prefixes[1]), 0);
	assert_int_equal(pw_build_nd_router(m, &mac_a, pw_in6_all_nodes(), NULL, &router), 0);
	pkt = parse_mbuf(m);
	assert_int_equal(pw_nd_parse(&pkt, &nd), 0);
	assert_int_equal(nd.type, PW_ND_RA);
	assert_true(nd.src_be == pw_in6_link_local(&mac_a));
	assert_true(nd.has_mac && pw_mac_equal(&nd.mac, &mac_a));
	assert_int_equal(get16(pkt.data + pkt.l4_off + 6), 1800);
	opt = pkt.data + pkt.l4_off + 16 + 8;
	assert_int_equal(get32(opt + 4), 1400);
	assert_int_equal(opt[8 + 2], 64);
	assert_int_equal(opt[8 + 3], 0xc0); /* on link, autonomous */
	assert_true(pw_in6_load(opt + 8 + 16) == in6("fd00:1::"));
	assert_int_equal(opt[40 + 3], 0x80); /* of no 64 bits: no autonomous addresses */
	check_sum(&pkt);
	rte_pktmbuf_free(pkt.m);
}

/* Puts the checksum right after a change. */
static void sum_again(struct pw_pkt *pkt)
{
	uint8_t *ip = pkt->data + pkt->l3_off;
	uint32_t len = pkt->ip_len - 40u;
	uint16_t sum;

	memset(ip + 42, 0, 2);
	sum = (uint16_t)~pw_csum_fold(
		pw_csum_add(pw_csum_pseudo6(ip + 8, ip + 24, IPPROTO_ICMPV6, len), ip + 40, len));
	memcpy(ip + 42, &sum, 2);
}

/* One byte of a good solicitation is changed. What RFC 4861 7.1.1 says is to be discarded is. */
static void bad_ones_are_discarded(void **state)
{
	static const struct {
		uint32_t off;
		uint8_t value;
		bool bad;
	} changes[] = {
		{14 + 7, 254, true},      /* hop limit: from off the link */
		{54 + 1, 1, true},        /* code */
		{54 + 8, 0xff, true},     /* target is a group */
		{54 + 24 + 1, 0, true},   /* option of length 0: would never end */
		{54 + 24 + 1, 2, true},   /* beyond the message */
		{54 + 24 + 0, 77, false}, /* unknown options are passed over */
		{54 + 4, 9, false},       /* reserved */
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(changes); i++) {
		struct rte_mbuf *m = empty();
		struct pw_pkt pkt;
		struct pw_nd nd;

		assert_int_equal(
			pw_build_nd_solicit(m, in6("fd00::1"), &mac_a, in6("fd00::2"), NULL), 0);
		pkt = parse_mbuf(m);
		pkt.data[changes[i].off] = changes[i].value;
		sum_again(&pkt);
		assert_int_equal(pw_nd_parse(&pkt, &nd), changes[i].bad ? -EINVAL : 0);
		pkt.data[54 + 2] ^= 1; /* checksum */
		assert_int_equal(pw_nd_parse(&pkt, &nd), -EINVAL);
		rte_pktmbuf_free(pkt.m);
	}
}

/* Who has no address yet gives no MAC, and asks the target's own group (RFC 4862 5.4.3). */
static void address_detection(void **state)
{
	struct rte_mbuf *m = empty();
	struct pw_pkt pkt;
	struct pw_nd nd;

	assert_int_equal(pw_build_nd_solicit(m, in6("fd00::1"), &mac_a, in6("fd00::2"), NULL), 0);
	pkt = parse_mbuf(m);
	memset(pkt.data + 22, 0, 16);
	sum_again(&pkt);
	assert_int_equal(pw_nd_parse(&pkt, &nd), -EINVAL);
	pkt.data[54 + 24] = 14; /* a nonce (RFC 7527) in the place of the MAC */
	sum_again(&pkt);
	assert_int_equal(pw_nd_parse(&pkt, &nd), 0);
	assert_false(nd.has_mac);
	pkt.data[14 + 24 + 15]++; /* another group */
	sum_again(&pkt);
	assert_int_equal(pw_nd_parse(&pkt, &nd), -EINVAL);
	rte_pktmbuf_free(pkt.m);
}

static int setup(void **state)
{
	fake_pool_init(&pool, 2048);
	return 0;
}

static int leaks(void **state)
{
	return pool.in_use;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_quotes_as_much_as_fits),
		cmocka_unit_test(errors_are_not_about_everything),
		cmocka_unit_test(reset_is_turned_round),
		cmocka_unit_test(addresses),
		cmocka_unit_test(solicitation),
		cmocka_unit_test(advertisement),
		cmocka_unit_test(router_advertisement),
		cmocka_unit_test(bad_ones_are_discarded),
		cmocka_unit_test(address_detection),
	};

	return cmocka_run_group_tests(tests, setup, leaks);
}
