/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include <errno.h>

#include "pw_gen_rate.h"

static void parse_and_format(void **state)
{
	static const struct {
		const char *text;
		enum pw_gen_rate_unit unit;
		uint64_t milli;
	} good[] = {
		{"max", PW_GEN_RATE_MAX, 0},
		{"1pps", PW_GEN_RATE_PPS, 1000},
		{"0.5pps", PW_GEN_RATE_PPS, 500},
		{"14.88Mpps", PW_GEN_RATE_PPS, UINT64_C(14880000000)},
		{"1.5kpps", PW_GEN_RATE_PPS, 1500000},
		{"10Gbps", PW_GEN_RATE_L1, UINT64_C(10000000000000)},
		{"7.6Mbps-l2", PW_GEN_RATE_L2, UINT64_C(7600000000)},
		{"62.5%", PW_GEN_RATE_PERCENT, 62500},
	};
	static const char *const bad[] = {"", "10", "pps", "-1pps", "1 pps", "1Mps", "0x10pps",
		"1e3pps", "1.pps", "nan%", "10%%", "1pps ", ".5pps"};
	struct pw_gen_rate rate;
	char buf[48];

	for (size_t i = 0; i < PW_ARRAY_SIZE(good); i++) {
		assert_int_equal(pw_gen_rate_parse(good[i].text, &rate), 0);
		assert_int_equal(rate.unit, good[i].unit);
		assert_int_equal(rate.milli, good[i].milli);
		assert_string_equal(pw_gen_rate_format(&rate, buf, sizeof(buf)), good[i].text);
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(bad); i++)
		assert_int_equal(pw_gen_rate_parse(bad[i], &rate), -EINVAL);
	assert_int_equal(pw_gen_rate_parse("0pps", &rate), -ERANGE);
	assert_int_equal(pw_gen_rate_parse("1001Gpps", &rate), -EINVAL);
	assert_int_equal(pw_gen_rate_parse("1001Gbps", &rate), -ERANGE);
}

/* 64-byte frames of 10 Gbit/s: 14.88 Mpps (RFC 2544 C.2.3.1 has the formula). */
static void conversions(void **state)
{
	struct pw_gen_rate percent = {PW_GEN_RATE_PERCENT, 100000, 0, 0};
	struct pw_gen_rate bits = pw_gen_rate_of_port(&percent, UINT64_C(10000000000));
	struct pw_gen_rate l2 = {PW_GEN_RATE_L2, UINT64_C(512000), 0, 0};

	assert_int_equal(bits.unit, PW_GEN_RATE_L1);
	assert_int_equal((uint64_t)pw_gen_rate_pps(&bits, 64), 14880952);
	assert_true(pw_gen_rate_pps(&l2, 64) == 1);
	assert_true(pw_gen_rate_l1_bps(&l2, 64) == 672);
	assert_int_equal(pw_gen_rate_cost(PW_GEN_RATE_L1, 64), 672000);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {{"0s", 0}, {"10s", UINT64_C(10000000000)}, {"1.5ms", 1500000}, {"20us", 20000},
		{"7ns", 7}, {"2m", UINT64_C(120000000000)}, {"1h", UINT64_C(3600000000000)}};
	static const char *const bad[] = {"", "10", "s", "1d", "-1s", "1 s"};
	uint64_t ns;
	char buf[32];

	for (size_t i = 0; i < PW_ARRAY_SIZE(good); i++) {
		assert_int_equal(pw_gen_time_parse(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(bad); i++)
		assert_int_equal(pw_gen_time_parse(bad[i], &ns), -EINVAL);
	assert_string_equal(pw_gen_time_format(1500000, buf, sizeof(buf)), "1.5ms");
}

TESTS_MAIN(
	cmocka_unit_test(parse_and_format), cmocka_unit_test(conversions), cmocka_unit_test(times))
