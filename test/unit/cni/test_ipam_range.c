/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "cni_test.h"
#include "pw_ipam_range.h"
#include "pw_util.h"

static int parse(const char *text, struct pw_ipam_ranges *ranges, struct pw_err *err)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
	int rc;

	assert_non_null(json);
	rc = pw_ipam_ranges_parse(json, ranges, err);
	json_decref(json);
	return rc;
}

static void test_defaults(void **state)
{
	static const struct {
		const char *subnet, *start, *end, *gateway;
		uint64_t size;
	} rows[] = {
		{"10.1.2.0/24", "10.1.2.1", "10.1.2.254", "10.1.2.1", 253},
		{"10.1.2.4/30", "10.1.2.5", "10.1.2.6", "10.1.2.5", 1},
		{"10.0.0.0/8", "10.0.0.1", "10.255.255.254", "10.0.0.1", 16777213},
		{"fd00::/64", "fd00::1", "fd00::ffff:ffff:ffff:ffff", "fd00::1", UINT64_MAX - 1},
		{"fd00::4/126", "fd00::5", "fd00::7", "fd00::5", 2},
		{"fd00::/48", "fd00::1", "fd00::ffff:ffff:ffff:ffff:ffff", "fd00::1", UINT64_MAX},
	};

	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		struct pw_ipam_ranges ranges;
		struct pw_err err;
		char text[128];

		snprintf(text, sizeof(text), "[[{\"Subnet\":\"%s\"}]]", rows[i].subnet);
		assert_int_equal(parse(text, &ranges, &err), 0);
		assert_int_equal(ranges.n, 1);
		assert_ip(&ranges.sets[0].v[0].start, rows[i].start);
		assert_ip(&ranges.sets[0].v[0].end, rows[i].end);
		assert_ip(&ranges.sets[0].v[0].gateway, rows[i].gateway);
		assert_true(pw_ipam_range_size(&ranges.sets[0].v[0]) == rows[i].size);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{"{}", "a list of range sets"},
		{"[]", "a list of range sets"},
		{"[[]]", "ranges[0]: a list"},
		{"[{}]", "ranges[0]: a list"},
		{"[[1]]", "ranges[0][0].subnet"},
		{"[[{\"subnet\":\"10.1.0.0\"}]]", "too small"}, /* means /32 */
		{"[[{\"subnet\":\"10.1.0.0/31\"}]]", "too small, /30"},
		{"[[{\"subnet\":\"fd00::/127\"}]]", "too small, /126"},
		{"[[{\"subnet\":\"10.1.0.1/24\"}]]",
			"host bits set, the network address is 10.1.0.0"},
		{"[[{\"subnet\":\"10.1.0.0/24\",\"rangeStart\":\"10.2.0.1\"}]]",
			"rangeStart: \"10.2.0.1\""},
		{"[[{\"subnet\":\"10.1.0.0/24\",\"rangeEnd\":\"10.2.0.1\"}]]", "rangeEnd"},
		{"[[{\"subnet\":\"10.1.0.0/24\",\"rangeEnd\":5}]]", "rangeEnd"},
		{"[[{\"subnet\":\"10.1.0.0/"
		 "24\",\"rangeStart\":\"10.1.0.9\",\"rangeEnd\":\"10.1.0.8\"}]]",
			"behind"},
		{"[[{\"subnet\":\"10.1.0.0/24\",\"gateway\":\"fd00::1\"}]]", "family"},
		{"[[{\"subnet\":\"10.1.0.0/24\",\"rangeEnd\":\"10.1.0.1\"}]]", "no usable address"},
		{"[[{\"subnet\":\"10.1.0.0/24\",\"rangeStart\":\"10.1.0.255\"}]]", "behind"},
		{"[[{\"subnet\":\"10.1.0.0/24\"},{\"subnet\":\"fd00::/64\"}]]", "IPv4 and IPv6"},
		{"[[{\"subnet\":\"10.1.0.0/24\"}],[{\"subnet\":\"10.1.0.0/16\"}]]",
			"ranges[1][0]: overlaps"},
		{"[[{\"subnet\":\"10.1.0.0/24\"},{\"subnet\":\"10.1.0.128/25\"}]]",
			"ranges[0][1]: overlaps"},
		{"[[{\"subnet\":\"10.1.0.0/24\"}],[{\"subnet\":\"10.2.0.0/"
		 "24\"}],[{\"subnet\":\"10.3.0.0/"
		 "24\"}],[{\"subnet\":\"10.4.0.0/24\"}],[{\"subnet\":\"10.5.0.0/24\"}]]",
			"more than 4"},
	};

	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		struct pw_ipam_ranges ranges;
		struct pw_err err;

		assert_int_equal(parse(rows[i].text, &ranges, &err), -EINVAL);
		assert_contains(err.msg, rows[i].part);
	}
}

/* Two ranges of one subnet do not overlap if their addresses do not. */
static void test_split_subnet(void **state)
{
	struct pw_ipam_ranges ranges;
	struct pw_err err;

	assert_int_equal(parse("[[{\"subnet\":\"10.1.0.0/24\",\"rangeEnd\":\"10.1.0.9\"},"
			       "{\"subnet\":\"10.1.0.0/24\",\"rangeStart\":\"10.1.0.20\"}]]",
				 &ranges, &err),
		0);
	assert_int_equal(ranges.sets[0].n, 2);
}

/* Size and usable agree, counted one by one, wherever start, end and gateway stand. */
static void test_usable_counts(void **state)
{
	for (unsigned start = 0; start < 16; start++) {
		for (unsigned end = start; end < 16; end++) {
			for (unsigned gateway = 0; gateway < 18; gateway++) {
				struct pw_ipam_range range = {
					.subnet = {.ip = ip_of("10.0.0.16"), .len = 28}};
				uint64_t n = 0;

				range.start = pw_ipam_address(PW_IPV4, 0x0a000010 + start);
				range.end = pw_ipam_address(PW_IPV4, 0x0a000010 + end);
				range.gateway = pw_ipam_address(PW_IPV4, 0x0a000010 + gateway);
				for (unsigned i = 0; i < 16; i++) {
					struct pw_ip ip = pw_ipam_address(PW_IPV4, 0x0a000010 + i);
					bool usable = pw_ipam_range_usable(&range, &ip);

					assert_int_equal(usable, i >= start && i <= end && i != 0 &&
									 i != 15 && i != gateway);
					n += usable;
				}
				assert_int_equal(pw_ipam_range_size(&range), n);
			}
		}
	}
}

static void test_prefixes(void **state)
{
	struct pw_prefix prefixes[2];
	struct pw_ip gateways[2] = {ip_of("10.1.0.254"), {0}};
	struct pw_ipam_ranges ranges;
	struct pw_err err;

	assert_int_equal(pw_prefix_parse("10.1.0.0/24", &prefixes[0]), 0);
	assert_int_equal(pw_prefix_parse("fd00::/64", &prefixes[1]), 0);
	assert_int_equal(pw_ipam_ranges_from_prefixes(prefixes, gateways, 2, &ranges, &err), 0);
	assert_int_equal(ranges.n, 2);
	assert_ip(&ranges.sets[0].v[0].gateway, "10.1.0.254");
	assert_ip(&ranges.sets[1].v[0].gateway, "fd00::1");
	assert_int_equal(pw_ipam_ranges_from_prefixes(prefixes, NULL, 1, &ranges, &err), 0);
	assert_ip(&ranges.sets[0].v[0].gateway, "10.1.0.1");
	prefixes[1] = prefixes[0];
	assert_int_equal(pw_ipam_ranges_from_prefixes(prefixes, NULL, 2, &ranges, &err), -EINVAL);
}

static void test_numbers(void **state)
{
	static const char *const texts[] = {"0.0.0.0", "10.1.2.3", "255.255.255.255",
		"::", "fd00::1:2:3", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};

	for (unsigned i = 0; i < PW_ARRAY_SIZE(texts); i++) {
		struct pw_ip ip = ip_of(texts[i]);
		struct pw_ip back = pw_ipam_address(ip.family, pw_ipam_number(&ip));

		assert_true(pw_ip_equal(&ip, &back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_split_subnet),
		cmocka_unit_test(test_usable_counts),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
