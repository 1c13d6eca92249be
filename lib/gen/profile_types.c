/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates, times, sizes, counts. */
#include "profile_types.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_yaml.h"
#include "pw_gen_profile.h"
#include "pw_util.h"

/* ---- rates ---- */

#define RATE_ALLOWED "max, or a number with pps, kpps, Mpps, %, bps .. Gbps, bps-l2 .. Gbps-l2"

static void decode_rate(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a rate");
	struct pw_gen_rate *rate = conf_field(key, base), parsed = {0};
	int rc;

	if (text == NULL)
		return;
	rc = pw_gen_rate_parse(text, &parsed);
	if (rc == -ERANGE)
		conf_bad(ctx, node, CONF_VALUE_FMT " is out of range; allowed: 0.001 to 10^12",
			CONF_VALUE(text));
	else if (rc != 0)
		conf_bad(ctx, node, CONF_VALUE_FMT " is not a rate; allowed: %s; example: 1.5Mpps",
			CONF_VALUE(text), RATE_ALLOWED);
	else if (parsed.unit == PW_GEN_RATE_PERCENT && parsed.milli > 100000)
		conf_bad(ctx, node, "%s is more than the port's speed: no port can do that", text);
	else {
		parsed.line = conf_node_mark(node).line;
		parsed.column = conf_node_mark(node).column;
		*rate = parsed;
	}
}

static bool rate_is_set(const struct conf_key *key, const void *base)
{
	const struct pw_gen_rate *rate = conf_const_field(key, base);

	return rate->unit != PW_GEN_RATE_MAX || rate->line != 0;
}

static void dump_rate(const struct conf_key *key, const void *base, struct pw_str *out)
{
	char buf[48];

	pw_str_add(out, pw_gen_rate_format(conf_const_field(key, base), buf, sizeof(buf)));
}

static void describe_rate(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, RATE_ALLOWED);
}

const struct conf_type profile_type_rate = {
	.decode = decode_rate,
	.is_set = rate_is_set,
	.dump = dump_rate,
	.describe = describe_rate,
};

/* ---- times ---- */

static void decode_time(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a time");

	if (text != NULL && pw_gen_time_parse(text, conf_field(key, base)) != 0)
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not a time; allowed: a number with ns, us, ms, s, m or "
				       "h; example: 10s",
			CONF_VALUE(text));
}

static void dump_time(const struct conf_key *key, const void *base, struct pw_str *out)
{
	char buf[32];

	pw_str_add(out, pw_gen_time_format(
				*(const uint64_t *)conf_const_field(key, base), buf, sizeof(buf)));
}

static void describe_time(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "number with ns, us, ms, s, m or h");
}

const struct conf_type profile_type_time = {
	.decode = decode_time,
	.dump = dump_time,
	.describe = describe_time,
};

/* ---- numbers ---- */

static void decode_count(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a whole number");
	uint64_t limit = key->range.max != 0 ? key->range.max : UINT64_C(1) << 47;
	uint64_t value;

	if (text == NULL)
		return;
	if (pw_u64_parse(text, 1, limit, &value) != 0)
		conf_bad(ctx, node, CONF_VALUE_FMT " is not a whole number from 1 to %" PRIu64,
			CONF_VALUE(text), limit);
	else
		*(uint64_t *)conf_field(key, base) = value;
}

static bool count_is_set(const struct conf_key *key, const void *base)
{
	return *(const uint64_t *)conf_const_field(key, base) != 0;
}

static void dump_count(const struct conf_key *key, const void *base, struct pw_str *out)
{
	pw_str_addf(out, "%" PRIu64, *(const uint64_t *)conf_const_field(key, base));
}

static void describe_count(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "number from 1 on");
	if (key->range.max != 0)
		pw_str_addf(out, ", up to %u", key->range.max);
}

const struct conf_type profile_type_count = {
	.decode = decode_count,
	.is_set = count_is_set,
	.dump = dump_count,
	.describe = describe_count,
};

static bool parse_decimal(const char *text, double *value)
{
	char *end;

	if (strspn(text, "0123456789.") == 0)
		return false;
	*value = strtod(text, &end);
	return *end == '\0' || strcmp(end, "%") == 0;
}

static void decode_decimal(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a number");
	double value;

	if (text == NULL)
		return;
	if (!parse_decimal(text, &value))
		conf_bad(ctx, node, CONF_VALUE_FMT " is not a number; example: 0.5",
			CONF_VALUE(text));
	else
		*(double *)conf_field(key, base) = value;
}

static bool decimal_is_set(const struct conf_key *key, const void *base)
{
	return *(const double *)conf_const_field(key, base) >= 0;
}

static void dump_decimal(const struct conf_key *key, const void *base, struct pw_str *out)
{
	pw_str_addf(out, "%g", *(const double *)conf_const_field(key, base));
}

static void describe_decimal(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "number, decimals allowed");
}

const struct conf_type profile_type_decimal = {
	.decode = decode_decimal,
	.is_set = decimal_is_set,
	.dump = dump_decimal,
	.describe = describe_decimal,
};

/* ---- percentages, in millionths ---- */

static bool decode_one_ppm(struct conf_ctx *ctx, const yaml_node_t *node, uint32_t *ppm)
{
	const char *text = conf_decode_text(ctx, node, "a percentage");
	double value;

	if (text == NULL)
		return false;
	if (!parse_decimal(text, &value) || value > 100) {
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not a percentage; allowed: 0..100; example: 0.5%%",
			CONF_VALUE(text));
		return false;
	}
	*ppm = (uint32_t)(value * 10000 + 0.5);
	return true;
}

static void decode_ppm(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	decode_one_ppm(ctx, node, conf_field(key, base));
}

static void dump_ppm(const struct conf_key *key, const void *base, struct pw_str *out)
{
	pw_str_addf(out, "%g%%", *(const uint32_t *)conf_const_field(key, base) / 1e4);
}

static void describe_ppm(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "percentage");
}

const struct conf_type profile_type_ppm = {
	.decode = decode_ppm,
	.dump = dump_ppm,
	.describe = describe_ppm,
};

#define PPM_LIST_MAX 4

static void append_ppm(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	uint32_t *list = conf_field(key, base), *n = list + PPM_LIST_MAX;

	if (*n == PPM_LIST_MAX)
		conf_bad(ctx, node, "more than %u values", PPM_LIST_MAX);
	else if (decode_one_ppm(ctx, node, &list[*n]))
		++*n;
}

static void decode_ppm_list(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	uint32_t *list = conf_field(key, base);

	list[PPM_LIST_MAX] = 0;
	conf_decode_each(ctx, key, node, base, append_ppm);
}

static void dump_ppm_list(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const uint32_t *list = conf_const_field(key, base);

	pw_str_add(out, "[");
	for (uint32_t i = 0; i < list[PPM_LIST_MAX]; i++)
		pw_str_addf(out, "%s%g%%", i > 0 ? ", " : "", list[i] / 1e4);
	pw_str_add(out, "]");
}

static void describe_ppm_list(const struct conf_key *key, struct pw_str *out)
{
	pw_str_addf(out, "percentage, or list of up to %u", PPM_LIST_MAX);
}

const struct conf_type profile_type_ppm_list = {
	.decode = decode_ppm_list,
	.dump = dump_ppm_list,
	.describe = describe_ppm_list,
};

/* ---- "verify": all, none, or one of n ---- */

static void decode_verify(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "all, none or 1/N");
	uint64_t every = 0;

	if (text == NULL)
		return;
	if (strcmp(text, "all") == 0)
		every = 1;
	else if (strcmp(text, "none") != 0 &&
		 (strncmp(text, "1/", 2) != 0 ||
			 pw_u64_parse(text + 2, 1, UINT32_MAX, &every) != 0)) {
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not allowed; allowed: all, none, or 1/N for every "
				       "N-th frame; example: 1/64",
			CONF_VALUE(text));
		return;
	}
	*(uint32_t *)conf_field(key, base) = (uint32_t)every;
}

static void dump_verify(const struct conf_key *key, const void *base, struct pw_str *out)
{
	uint32_t every = *(const uint32_t *)conf_const_field(key, base);

	if (every <= 1)
		pw_str_add(out, every == 1 ? "all" : "none");
	else
		pw_str_addf(out, "1/%u", every);
}

static void describe_verify(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "all, none or 1/N");
}

const struct conf_type profile_type_verify = {
	.decode = decode_verify,
	.dump = dump_verify,
	.describe = describe_verify,
};
