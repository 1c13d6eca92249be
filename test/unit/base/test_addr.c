/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_addr.h"
#include "pw_util.h"

static struct pw_ip ip(const char *text)
{
	struct pw_ip v;

	assert_int_equal(pw_ip_parse(text, &v), 0);
	return v;
}

static struct pw_prefix prefix(const char *text)
{
	struct pw_prefix v;

	assert_int_equal(pw_prefix_parse(text, &v), 0);
	return v;
}

static void mac_round_trip(void **state)
{
	struct pw_mac mac;
	char buf[PW_MAC_STRLEN];

	assert_int_equal(pw_mac_parse("02:00:0A:bc:dE:01", &mac), 0);
	assert_string_equal(pw_mac_format(&mac, buf), "02:00:0a:bc:de:01");
	assert_true(pw_mac_to_u64(&mac) == UINT64_C(0x02000abcde01));

	struct pw_mac back = pw_mac_from_u64(UINT64_C(0xffff02000abcde01)); /* top bits are cut */

	assert_true(pw_mac_equal(&mac, &back));
	back.b[5] = 2;
	assert_false(pw_mac_equal(&mac, &back));
}

static void mac_bad_text(void **state)
{
	static const char *const bad[] = {
		"",
		"02:00:00:00:00",
		"02:00:00:00:00:1",
		"02:00:00:00:00:01:",
		"02:00:00:00:00:01 ",
		"02-00-00-00-00-01",
		"02:00:00:00:00:0g",
		"020000000001",
		"02:00:00:00:00::1",
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(bad); i++) {
		struct pw_mac mac = {.b = {1, 2, 3, 4, 5, 6}};

		assert_int_equal(pw_mac_parse(bad[i], &mac), -EINVAL);
		assert_true(pw_mac_to_u64(&mac) == UINT64_C(0x010203040506));
	}
}

static void mac_kinds(void **state)
{
	struct pw_mac zero = pw_mac_from_u64(0), broadcast = pw_mac_from_u64(UINT64_MAX);
	struct pw_mac group = pw_mac_from_u64(UINT64_C(0x01005e000001));
	struct pw_mac pod = pw_mac_from_ipv4(htonl(0x0af40105));
	char buf[PW_MAC_STRLEN];

	assert_true(pw_mac_is_zero(&zero));
	assert_false(pw_mac_is_multicast(&zero));
	assert_true(pw_mac_is_multicast(&broadcast));
	assert_true(pw_mac_is_multicast(&group));
	assert_string_equal(pw_mac_format(&pod, buf), "0a:58:0a:f4:01:05");
	assert_false(pw_mac_is_multicast(&pod));
}

static void ip_text(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: refused */
	} cases[] = {
		{"10.244.1.5", "10.244.1.5"},
		{"255.255.255.255", "255.255.255.255"},
		{"0.0.0.0", "0.0.0.0"},
		/* RFC 5952 section 4 */
		{"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"::", "::"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"", NULL},
		{"10.244.1", NULL},
		{"10.244.1.300", NULL},
		{"10.244.1.05", NULL},
		{" 10.244.1.5", NULL},
		{"10.244.1.5 ", NULL},
		{"0x0a000001", NULL},
		{"fe80::1%eth0", NULL},
		{"2001:db8::1::2", NULL},
		{"localhost", NULL},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		struct pw_ip v = pw_ip_from_v4(htonl(0x01020304));
		char buf[PW_IP_STRLEN];

		if (cases[i].out == NULL) {
			assert_int_equal(pw_ip_parse(cases[i].in, &v), -EINVAL);
			assert_string_equal(pw_ip_format(&v, buf), "1.2.3.4");
		} else {
			assert_int_equal(pw_ip_parse(cases[i].in, &v), 0);
			assert_string_equal(pw_ip_format(&v, buf), cases[i].out);
		}
	}
}

static void ip_v4_clears_the_rest(void **state)
{
	static const uint8_t zero[12];
	struct pw_ip a, b = pw_ip_from_v4(htonl(0x0a000001));

	memset(&a, 0xff, sizeof(a));
	assert_int_equal(pw_ip_parse("10.0.0.1", &a), 0);
	assert_memory_equal(a.b + 4, zero, sizeof(zero));
	assert_memory_equal(b.b + 4, zero, sizeof(zero));
	assert_true(pw_ip_equal(&a, &b));
}

static void ip_order(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.1.0", "255.0.0.0", "::", "::1", "fe80::1"};

	for (size_t i = 0; i < PW_ARRAY_SIZE(sorted); i++) {
		for (size_t j = 0; j < PW_ARRAY_SIZE(sorted); j++) {
			struct pw_ip a = ip(sorted[i]), b = ip(sorted[j]);
			int cmp = pw_ip_compare(&a, &b);

			assert_int_equal((cmp > 0) - (cmp < 0), (i > j) - (i < j));
			assert_int_equal(pw_ip_equal(&a, &b), i == j);
		}
	}
}

static void ip_kinds(void **state)
{
	static const struct {
		const char *text;
		bool zero, multicast, loopback;
	} cases[] = {
		{"0.0.0.0", true, false, false},
		{"::", true, false, false},
		{"224.0.0.1", false, true, false},
		{"239.255.255.255", false, true, false},
		{"240.0.0.1", false, false, false},
		{"223.255.255.255", false, false, false},
		{"ff02::1", false, true, false},
		{"127.0.0.53", false, false, true},
		{"::1", false, false, true},
		{"10.0.0.1", false, false, false},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		struct pw_ip v = ip(cases[i].text);

		assert_int_equal(pw_ip_is_zero(&v), cases[i].zero);
		assert_int_equal(pw_ip_is_multicast(&v), cases[i].multicast);
		assert_int_equal(pw_ip_is_loopback(&v), cases[i].loopback);
	}
}

static void prefix_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"10.0.0.1/24", "10.0.0.1/24"},
		{"10.0.0.1", "10.0.0.1/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"::/0", "::/0"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"2001:db8:ffff:ffff:ffff:ffff:255.255.255.255/128",
			"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128"},
		{"10.0.0.0/33", NULL},
		{"::/129", NULL},
		{"10.0.0.0/", NULL},
		{"10.0.0.0/-1", NULL},
		{"10.0.0.0/+8", NULL},
		{"10.0.0.0/8x", NULL},
		{"10.0.0.0/0008", NULL},
		{"10.0.0.0/255.0.0.0", NULL},
		{"/24", NULL},
		{"10.0.0.0/8/8", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		struct pw_prefix v = prefix("192.0.2.0/25");
		char buf[PW_PREFIX_STRLEN];
		int rc = pw_prefix_parse(cases[i].in, &v);

		assert_int_equal(rc, cases[i].out != NULL ? 0 : -EINVAL);
		assert_string_equal(pw_prefix_format(&v, buf),
			cases[i].out != NULL ? cases[i].out : "192.0.2.0/25");
	}
}

/* Bit i of an address, the most significant first: the naive model of everything below. */
static bool bit(const struct pw_ip *v, uint32_t i)
{
	return (v->b[i / 8] >> (7 - i % 8) & 1) != 0;
}

static bool model_contains(const struct pw_prefix *p, const struct pw_ip *v)
{
	if (p->ip.family != v->family)
		return false;
	for (uint32_t i = 0; i < p->len; i++)
		if (bit(&p->ip, i) != bit(v, i))
			return false;
	return true;
}

static struct pw_prefix random_prefix(void)
{
	static const char *const base[] = {"10.0.0.0", "2001:db8::"};
	int v6 = rand() % 2;
	struct pw_prefix p = {.ip = ip(base[v6])};

	/* Few distinct values, so that prefixes meet often. */
	for (int i = 0; i < 3; i++)
		p.ip.b[rand() % (v6 ? 16 : 4)] ^= (uint8_t)(1 << rand() % 8);
	p.len = (uint8_t)(rand() % (v6 ? 129 : 33));
	return p;
}

static void prefix_against_model(void **state)
{
	srand(1);
	for (int round = 0; round < 100000; round++) {
		struct pw_prefix a = random_prefix(), b = random_prefix();
		struct pw_prefix masked = pw_prefix_masked(&a);
		bool host_bits = false;

		for (uint32_t i = a.len; i < (a.ip.family == PW_IPV4 ? 32u : 128u); i++) {
			host_bits |= bit(&a.ip, i);
			assert_false(bit(&masked.ip, i));
		}
		assert_int_equal(masked.len, a.len);
		assert_true(model_contains(&a, &masked.ip));
		assert_int_equal(pw_prefix_has_host_bits(&a), host_bits);
		assert_int_equal(pw_prefix_contains(&a, &b.ip), model_contains(&a, &b.ip));
		assert_int_equal(pw_prefix_overlaps(&a, &b),
			model_contains(&a, &b.ip) && a.len <= b.len
				? true
				: b.len <= a.len && model_contains(&b, &a.ip));
	}
}

static void prefix_equal_compares_host_bits(void **state)
{
	struct pw_prefix a = prefix("10.0.0.1/24"), b = prefix("10.0.0.2/24");
	struct pw_prefix c = prefix("10.0.0.1/25");

	assert_true(pw_prefix_equal(&a, &a));
	assert_false(pw_prefix_equal(&a, &b));
	assert_false(pw_prefix_equal(&a, &c));
}

static void ip_scopes_and_lengths(void **state)
{
	const struct pw_ip v4 = ip("169.254.1.1"), low = ip("fe80::1"), high = ip("febf::1"),
			   beyond = ip("fec0::1"), none = {0};

	assert_true(pw_ip_is_link_local(&low));
	assert_true(pw_ip_is_link_local(&high));
	assert_false(pw_ip_is_link_local(&beyond));
	assert_false(pw_ip_is_link_local(&v4)); /* of IPv6 only */
	assert_int_equal(pw_ip_bits(&v4), 32);
	assert_int_equal(pw_ip_bits(&low), 128);
	assert_int_equal(pw_ip_bits(&none), 0);
}

/* Addresses that count up at any byte fill the slots of a small table, by the low bits as by the high
 * ones: 256 into 1024 leave 1024 * (1 - e^-1/4) = 226 used. */
static void hash_spreads(void **state)
{
	for (unsigned byte = 0; byte < 20; byte++) {
		bool low[1024] = {false}, high[1024] = {false};
		unsigned n_low = 0, n_high = 0;

		for (unsigned i = 0; i < 256; i++) {
			struct pw_ip a = byte < 16 ? ip("fd00:1::") : ip("10.0.0.0");
			uint32_t hash;

			a.b[byte % 16] = (uint8_t)i;
			hash = pw_ip_hash(&a);
			n_low += !low[hash % 1024];
			n_high += !high[hash >> 22];
			low[hash % 1024] = high[hash >> 22] = true;
		}
		assert_in_range(n_low, 200, 256);
		assert_in_range(n_high, 200, 256);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_round_trip),
		cmocka_unit_test(mac_bad_text),
		cmocka_unit_test(mac_kinds),
		cmocka_unit_test(ip_text),
		cmocka_unit_test(ip_v4_clears_the_rest),
		cmocka_unit_test(ip_order),
		cmocka_unit_test(ip_kinds),
		cmocka_unit_test(ip_scopes_and_lengths),
		cmocka_unit_test(hash_spreads),
		cmocka_unit_test(prefix_text),
		cmocka_unit_test(prefix_against_model),
		cmocka_unit_test(prefix_equal_compares_host_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
