/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_gen_rate.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pw_clock.h"
#include "pw_gen_pace.h"
#include "pw_gen_size.h"
#include "pw_util.h"

#define RATE_LIMIT 1e12

/* A decimal number without sign, exponent or hexadecimal digits; *end behind it. */
static int parse_decimal(const char *text, double *value, const char **end)
{
	size_t digits = strspn(text, "0123456789"), len = digits;
	char copy[32];

	if (text[digits] == '.')
		len += 1 + strspn(text + digits + 1, "0123456789");
	if (digits == 0 || text[len - 1] == '.' || len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*value = strtod(copy, NULL);
	*end = text + len;
	return 0;
}

static const struct {
	const char *suffix;
	enum pw_gen_rate_unit unit;
	double factor;
} suffixes[] = {
	{"pps", PW_GEN_RATE_PPS, 1},
	{"kpps", PW_GEN_RATE_PPS, 1e3},
	{"Mpps", PW_GEN_RATE_PPS, 1e6},
	{"bps", PW_GEN_RATE_L1, 1},
	{"kbps", PW_GEN_RATE_L1, 1e3},
	{"Mbps", PW_GEN_RATE_L1, 1e6},
	{"Gbps", PW_GEN_RATE_L1, 1e9},
	{"bps-l2", PW_GEN_RATE_L2, 1},
	{"kbps-l2", PW_GEN_RATE_L2, 1e3},
	{"Mbps-l2", PW_GEN_RATE_L2, 1e6},
	{"Gbps-l2", PW_GEN_RATE_L2, 1e9},
	{"%", PW_GEN_RATE_PERCENT, 1},
};

int pw_gen_rate_parse(const char *text, struct pw_gen_rate *rate)
{
	const char *suffix;
	double value;

	if (strcmp(text, "max") == 0) {
		rate->unit = PW_GEN_RATE_MAX;
		rate->milli = 0;
		return 0;
	}
	if (parse_decimal(text, &value, &suffix) != 0)
		return -EINVAL;
	for (size_t i = 0; i < PW_ARRAY_SIZE(suffixes); i++) {
		if (strcmp(suffix, suffixes[i].suffix) != 0)
			continue;
		value *= suffixes[i].factor;
		if (value < 0.001 || value > RATE_LIMIT)
			return -ERANGE;
		rate->unit = suffixes[i].unit;
		rate->milli = (uint64_t)llround(value * 1000);
		return 0;
	}
	return -EINVAL;
}

static const char *const prefixes[] = {"", "k", "M", "G"};

const char *pw_gen_rate_format(const struct pw_gen_rate *rate, char *buf, size_t size)
{
	static const char *const units[] = {
		[PW_GEN_RATE_PPS] = "pps",
		[PW_GEN_RATE_L1] = "bps",
		[PW_GEN_RATE_L2] = "bps-l2",
		[PW_GEN_RATE_PERCENT] = "%",
	};
	double value = (double)rate->milli / 1000;
	unsigned p = 0;

	if (rate->unit == PW_GEN_RATE_MAX) {
		snprintf(buf, size, "max");
		return buf;
	}
	while (rate->unit != PW_GEN_RATE_PERCENT && value >= 1000 &&
		p + 1 < PW_ARRAY_SIZE(prefixes) - (rate->unit == PW_GEN_RATE_PPS)) {
		value /= 1000;
		p++;
	}
	snprintf(buf, size, "%.10g%s%s", value, prefixes[p], units[rate->unit]);
	return buf;
}

struct pw_gen_rate pw_gen_rate_of_port(const struct pw_gen_rate *rate, uint64_t port_bps)
{
	struct pw_gen_rate bits = *rate;

	if (rate->unit != PW_GEN_RATE_PERCENT)
		return bits;
	bits.unit = PW_GEN_RATE_L1;
	bits.milli = (uint64_t)((unsigned __int128)port_bps * rate->milli / 100);
	return bits;
}

double pw_gen_rate_pps(const struct pw_gen_rate *rate, double mean_size)
{
	double value = (double)rate->milli / 1000;

	switch (rate->unit) {
	case PW_GEN_RATE_PPS:
		return value;
	case PW_GEN_RATE_L1:
		return value / (8 * (mean_size + PW_GEN_WIRE_EXTRA));
	case PW_GEN_RATE_L2:
		return value / (8 * mean_size);
	default:
		return 0;
	}
}

double pw_gen_rate_l1_bps(const struct pw_gen_rate *rate, double mean_size)
{
	if (rate->unit == PW_GEN_RATE_L1)
		return (double)rate->milli / 1000;
	return pw_gen_rate_pps(rate, mean_size) * 8 * (mean_size + PW_GEN_WIRE_EXTRA);
}

uint64_t pw_gen_rate_cost(enum pw_gen_rate_unit unit, uint32_t size)
{
	switch (unit) {
	case PW_GEN_RATE_L1:
		return PW_GEN_PACE_UNIT * 8 * (size + PW_GEN_WIRE_EXTRA);
	case PW_GEN_RATE_L2:
		return PW_GEN_PACE_UNIT * 8 * size;
	default:
		return PW_GEN_PACE_UNIT;
	}
}

static const struct {
	const char *suffix;
	double ns;
} time_units[] = {
	{"ns", 1},
	{"us", 1e3},
	{"ms", 1e6},
	{"s", 1e9},
	{"m", 60e9},
	{"h", 3600e9},
};

int pw_gen_time_parse(const char *text, uint64_t *ns)
{
	const char *suffix;
	double value;

	if (parse_decimal(text, &value, &suffix) != 0)
		return -EINVAL;
	for (size_t i = 0; i < PW_ARRAY_SIZE(time_units); i++) {
		if (strcmp(suffix, time_units[i].suffix) != 0)
			continue;
		if (value * time_units[i].ns > 1e18)
			return -ERANGE;
		*ns = (uint64_t)llround(value * time_units[i].ns);
		return 0;
	}
	return -EINVAL;
}

const char *pw_gen_time_format(uint64_t ns, char *buf, size_t size)
{
	if (ns >= PW_NS_PER_SEC)
		snprintf(buf, size, "%.4gs", (double)ns / 1e9);
	else if (ns >= PW_NS_PER_MSEC)
		snprintf(buf, size, "%.4gms", (double)ns / 1e6);
	else if (ns >= PW_NS_PER_USEC)
		snprintf(buf, size, "%.4gus", (double)ns / 1e3);
	else
		snprintf(buf, size, "%" PRIu64 "ns", ns);
	return buf;
}
