/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net_test.h"
#include "pw_binding.h"
#include "pw_build.h"

#define OK PW_VERDICT_CONTINUE

static struct fake_pool pool;

/* The source MAC of frames.h, and a pod with 10.0.0.2, 10.0.0.3, 2001:db8::a00:2. */
static const struct pw_mac mac = {{0x0a, 0x58, 10, 0, 0, 2}};
static struct pw_binding binding;

static struct pw_ip ip(const char *text)
{
	struct pw_ip addr;

	assert_int_equal(pw_ip_parse(text, &addr), 0);
	return addr;
}

static uint8_t check_spec(const struct pw_binding *b, const struct frame_spec *s)
{
	struct pw_pkt pkt = parse_spec(&pool, s, 0);
	uint8_t verdict = pw_binding_check(b, &pkt);

	assert_int_equal(pkt.verdict, PW_VERDICT_CONTINUE);
	rte_pktmbuf_free(pkt.m);
	return verdict;
}

static void source_mac(void **state)
{
	for (int i = 0; i < 6; i++) {
		struct frame_spec s = FRAME_UDP;
		struct pw_pkt pkt = parse_spec(&pool, &s, 0);

		assert_int_equal(pw_binding_check(&binding, &pkt), OK);
		pkt.data[6 + i] ^= 2;
		assert_int_equal(pw_binding_check(&binding, &pkt), PW_DROP_SPOOF_MAC);
		pkt.data[6 + i] ^= 2;
		pkt.data[12] ^= 1; /* what follows the MAC is not part of it */
		assert_int_equal(pw_binding_check(&binding, &pkt), OK);
		rte_pktmbuf_free(pkt.m);
	}
}

static void ipv4_source(void **state)
{
	struct frame_spec s = FRAME_UDP;

	assert_int_equal(check_spec(&binding, &s), OK);
	s.src = 0x0a000003;
	assert_int_equal(check_spec(&binding, &s), OK);
	s.src = 0x0a000004;
	assert_int_equal(check_spec(&binding, &s), PW_DROP_SPOOF_IP);
	s.src = 0;
	s.dst = UINT32_MAX; /* DHCP discover */
	assert_int_equal(check_spec(&binding, &s), PW_DROP_SPOOF_IP);
}

static void no_addresses_at_all(void **state)
{
	struct pw_binding none;
	struct frame_spec s = FRAME_UDP;

	assert_int_equal(pw_binding_init(&none, &mac, NULL, 0), 0);
	assert_int_equal(check_spec(&none, &s), PW_DROP_SPOOF_IP);
}

static void mac_only(void **state)
{
	struct pw_binding b;
	struct frame_spec s = FRAME_UDP;
	static const struct pw_mac other = {{0x0a, 0x58, 10, 0, 0, 9}};

	assert_int_equal(pw_binding_init_mac(&b, &mac), 0);
	s.src = 0x01020304;
	assert_int_equal(check_spec(&b, &s), OK);
	s.ipv6 = true;
	assert_int_equal(check_spec(&b, &s), OK);
	assert_int_equal(pw_binding_init_mac(&b, &other), 0);
	assert_int_equal(check_spec(&b, &s), PW_DROP_SPOOF_MAC);
}

static uint8_t check_arp(uint16_t op, const struct pw_mac *sender, uint32_t sender_ip, uint32_t cut)
{
	struct rte_mbuf *m = fake_mbuf_new(&pool, 42);

	assert_int_equal(pw_build_arp(m, op, &mac, sender, htonl(sender_ip), &mac, 1), 0);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, 6), mac.b, 6);
	m->data_len = m->pkt_len = 42 - cut;
	struct pw_pkt pkt = parse_mbuf(m);
	uint8_t verdict = pw_binding_check(&binding, &pkt);

	rte_pktmbuf_free(m);
	return verdict;
}

static void arp_sender(void **state)
{
	static const struct pw_mac other = {{0x0a, 0x58, 10, 0, 0, 9}};

	assert_int_equal(check_arp(1, &mac, 0x0a000002, 0), OK);
	assert_int_equal(check_arp(2, &mac, 0x0a000003, 0), OK);
	assert_int_equal(check_arp(1, &mac, 0, 0), OK); /* probe */
	assert_int_equal(check_arp(2, &mac, 0, 0), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_arp(1, &mac, 0x0a000001, 0), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_arp(2, &mac, 0x0a000001, 0), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_arp(2, &other, 0x0a000002, 0), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_arp(1, &mac, 0x0a000002, 1), PW_DROP_SPOOF_ARP);
}

/* An advertisement whose last target byte is padding behind the packet. */
static void advertisement_cut_short(void **state)
{
	struct frame_spec s = FRAME_UDP;
	uint8_t icmp[24] = {136}, bytes[128];
	struct pw_ip target = ip("2001:db8::a00:2");

	memcpy(icmp + 8, target.b, 16);
	s.ipv6 = true;
	s.payload = icmp + 8; /* over the UDP header of the frame */
	s.payload_len = 16;
	uint32_t len = frame_make(&s, bytes);

	bytes[20] = IPPROTO_ICMPV6;
	memcpy(bytes + 54, icmp, 8);
	for (uint32_t cut = 0; cut < 2; cut++) {
		put16(bytes + 18, 24 - cut);
		struct pw_pkt pkt = parse_mbuf(fake_frame(&pool, bytes, len, 0));

		assert_int_equal(pw_binding_check(&binding, &pkt), cut ? PW_DROP_SPOOF_ARP : OK);
		rte_pktmbuf_free(pkt.m);
	}
}

/* An IPv6 packet with any source and destination, and ICMPv6 bytes. */
static uint8_t check_ip6(const char *src, const char *dst, const void *icmp, uint32_t len)
{
	uint8_t bytes[256] = {0, 0, 0, 0, 0, 1};
	struct pw_ip s = ip(src), d = ip(dst);

	memcpy(bytes + 6, mac.b, 6);
	put16(bytes + 12, 0x86dd);
	bytes[14] = 0x60;
	put16(bytes + 18, len);
	bytes[20] = IPPROTO_ICMPV6;
	memcpy(bytes + 22, s.b, 16);
	memcpy(bytes + 38, d.b, 16);
	if (len)
		memcpy(bytes + 54, icmp, len);
	struct pw_pkt pkt = parse_mbuf(fake_frame(&pool, bytes, 54 + len, 0));
	uint8_t verdict = pkt.verdict;

	if (verdict == PW_VERDICT_CONTINUE)
		verdict = pw_binding_check(&binding, &pkt);
	rte_pktmbuf_free(pkt.m);
	return verdict;
}

static void ipv6_source(void **state)
{
	static const uint8_t echo[8] = {128};

	assert_int_equal(check_ip6("2001:db8::a00:2", "2001:db8::1", echo, 8), OK);
	assert_int_equal(check_ip6("2001:db8::a00:3", "2001:db8::1", echo, 8), PW_DROP_SPOOF_IP);
	/* 0a:58:0a:00:00:02 -> EUI-64 with the universal bit turned */
	assert_int_equal(check_ip6("fe80::858:aff:fe00:2", "ff02::2", echo, 8), OK);
	assert_int_equal(check_ip6("fe80::858:aff:fe00:3", "ff02::2", echo, 8), PW_DROP_SPOOF_IP);
	assert_int_equal(check_ip6("::", "ff02::1:ff00:2", echo, 8), OK);
	assert_int_equal(check_ip6("::", "2001:db8::1", echo, 8), PW_DROP_IP6_ADDR);
	assert_int_equal(check_ip6("2001:db8::a00:2", "2001:db8::1", NULL, 0), PW_DROP_L4_SHORT);
}

static uint8_t check_advert(const char *target, const uint8_t *options, uint32_t len)
{
	uint8_t icmp[128] = {136};
	struct pw_ip t = ip(target);

	memcpy(icmp + 8, t.b, 16);
	if (len)
		memcpy(icmp + 24, options, len);
	return check_ip6("2001:db8::a00:2", "ff02::1", icmp, 24 + len);
}

static void neighbour_advertisement(void **state)
{
	static const uint8_t own[8] = {2, 1, 0x0a, 0x58, 10, 0, 0, 2};
	static const uint8_t other[8] = {2, 1, 0x0a, 0x58, 10, 0, 0, 3};
	static const uint8_t two[16] = {14, 1, 0, 0, 0, 0, 0, 0, 2, 1, 0x0a, 0x58, 10, 0, 0, 3};
	static const uint8_t endless[8] = {2, 0, 0x0a, 0x58, 10, 0, 0, 2};
	static const uint8_t beyond[8] = {2, 2, 0x0a, 0x58, 10, 0, 0, 2};

	assert_int_equal(check_advert("2001:db8::a00:2", NULL, 0), OK);
	assert_int_equal(check_advert("2001:db8::a00:2", own, 8), OK);
	assert_int_equal(check_advert("fe80::858:aff:fe00:2", own, 8), OK);
	assert_int_equal(check_advert("2001:db8::1", own, 8), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_advert("2001:db8::a00:2", other, 8), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_advert("2001:db8::a00:2", two, 16), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_advert("2001:db8::a00:2", two, 8), OK);
	assert_int_equal(check_advert("2001:db8::a00:2", own, 7), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_advert("2001:db8::a00:2", endless, 8), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_advert("2001:db8::a00:2", beyond, 8), PW_DROP_SPOOF_ARP);
}

static uint8_t check_solicit(uint8_t type, uint32_t fixed, const uint8_t *option)
{
	uint8_t icmp[128] = {type};

	if (option != NULL)
		memcpy(icmp + fixed, option, 8);
	return check_ip6("2001:db8::a00:2", "ff02::1", icmp, fixed + (option != NULL ? 8 : 0));
}

/* Who asks tells its own MAC: neighbours take it for where to answer. */
static void solicitations(void **state)
{
	static const uint8_t own[8] = {1, 1, 0x0a, 0x58, 10, 0, 0, 2};
	static const uint8_t other[8] = {1, 1, 0x0a, 0x58, 10, 0, 0, 3};
	static const struct {
		uint8_t type;
		uint32_t fixed;
	} kinds[] = {{133, 8}, {135, 24}};

	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++) {
		assert_int_equal(check_solicit(kinds[i].type, kinds[i].fixed, own), OK);
		assert_int_equal(check_solicit(kinds[i].type, kinds[i].fixed, NULL), OK);
		assert_int_equal(
			check_solicit(kinds[i].type, kinds[i].fixed, other), PW_DROP_SPOOF_ARP);
	}
	assert_int_equal(check_solicit(137, 40, NULL), PW_DROP_SPOOF_ARP); /* redirect */
	assert_int_equal(check_solicit(143, 8, NULL), OK);                 /* MLD */
	assert_int_equal(check_solicit(132, 24, NULL), OK);
	assert_int_equal(check_solicit(138, 8, NULL), OK);
}

static void short_and_router_advertisements(void **state)
{
	static const uint8_t router[16] = {134}, neighbour[23] = {136};

	assert_int_equal(check_ip6("2001:db8::a00:2", "ff02::1", router, 16), PW_DROP_SPOOF_ARP);
	assert_int_equal(check_ip6("2001:db8::a00:2", "ff02::1", router, 1), PW_DROP_L4_SHORT);
	assert_int_equal(check_ip6("2001:db8::a00:2", "ff02::1", neighbour, 23), PW_DROP_SPOOF_ARP);
}

static void other_ethertypes_have_no_address(void **state)
{
	uint8_t bytes[60] = {1, 0x80, 0xc2, 0, 0, 0};

	memcpy(bytes + 6, mac.b, 6);
	bytes[13] = 39;
	struct pw_pkt pkt = parse_mbuf(fake_frame(&pool, bytes, sizeof(bytes), 0));

	assert_int_equal(pw_binding_check(&binding, &pkt), OK);
	rte_pktmbuf_free(pkt.m);
}

static void init_refuses(void **state)
{
	static const struct pw_mac zero, group = {{1, 2, 3, 4, 5, 6}};
	static const char *const bad[] = {
		"0.0.0.0", "224.0.0.1", "127.0.0.1", "::", "ff02::1", "::1"};
	struct pw_binding b = {.mac48 = 77};
	struct pw_ip addrs[9];

	assert_int_equal(pw_binding_init(&b, &zero, NULL, 0), -EINVAL);
	assert_int_equal(pw_binding_init(&b, &group, NULL, 0), -EINVAL);
	assert_int_equal(pw_binding_init_mac(&b, &zero), -EINVAL);
	for (size_t i = 0; i < PW_ARRAY_SIZE(bad); i++) {
		addrs[0] = ip(bad[i]);
		assert_int_equal(pw_binding_init(&b, &mac, addrs, 1), -EINVAL);
	}
	addrs[0] = (struct pw_ip){.family = PW_FAMILY_NONE, .b = {1}};
	assert_int_equal(pw_binding_init(&b, &mac, addrs, 1), -EINVAL);
	for (int i = 0; i < 9; i++)
		addrs[i] = ip("10.0.0.1");
	assert_int_equal(pw_binding_init(&b, &mac, addrs, 9), -ENOSPC);
	for (int i = 0; i < 9; i++)
		addrs[i] = ip("2001:db8::1");
	assert_int_equal(pw_binding_init(&b, &mac, addrs, 9), -ENOSPC);
	assert_int_equal(b.mac48, 77);
	assert_int_equal(pw_binding_init(&b, &mac, addrs, 8), 0);
}

static int setup(void **state)
{
	const struct pw_ip addrs[] = {ip("10.0.0.2"), ip("2001:db8::a00:2"), ip("10.0.0.3")};

	fake_pool_init(&pool, 2048);
	return pw_binding_init(&binding, &mac, addrs, PW_ARRAY_SIZE(addrs));
}

static int no_leak(void **state)
{
	return pool.in_use;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(source_mac),
		cmocka_unit_test(ipv4_source),
		cmocka_unit_test(no_addresses_at_all),
		cmocka_unit_test(mac_only),
		cmocka_unit_test(arp_sender),
		cmocka_unit_test(ipv6_source),
		cmocka_unit_test(neighbour_advertisement),
		cmocka_unit_test(solicitations),
		cmocka_unit_test(advertisement_cut_short),
		cmocka_unit_test(short_and_router_advertisements),
		cmocka_unit_test(other_ethertypes_have_no_address),
		cmocka_unit_test(init_refuses),
	};

	return cmocka_run_group_tests(tests, setup, no_leak);
}
