/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges of addresses, MACs and numbers; protocols and flags; what is expected of a field. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "conf_yaml.h"
#include "profile_types.h"
#include "pw_gen_profile.h"
#include "pw_util.h"

/* "A", "A-B" or "A+N" (N values from A on) in two parts. */
struct parts {
	char first[64], second[64];
	char kind; /* 0, '-' or '+' */
};

static bool split(const char *text, struct parts *parts)
{
	size_t len = strcspn(text, "-+");

	*parts = (struct parts){.kind = text[len]};
	if (len >= sizeof(parts->first) || strlen(text) - len > sizeof(parts->second))
		return false;
	memcpy(parts->first, text, len);
	if (parts->kind != 0)
		snprintf(parts->second, sizeof(parts->second), "%s", text + len + 1);
	return true;
}

/* Values from first on, by the second part; 0: none. */
static uint32_t count_of(const struct parts *parts, uint64_t first, uint64_t last)
{
	uint64_t n = 1;

	if (parts->kind == '-')
		n = last >= first ? last - first + 1 : 0;
	if (parts->kind == '+' && pw_u64_parse(parts->second, 1, UINT32_MAX, &n) != 0)
		n = 0;
	return n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* ---- addresses ---- */

#define IP_ALLOWED "an address, a range A-B, A+N for N addresses from A on, or a prefix"

static uint32_t low_word(const struct pw_ip *ip)
{
	return get32(ip->b + (ip->family == PW_IPV6 ? 12 : 0));
}

static bool parse_prefix(const char *text, struct pw_gen_ip_range *range)
{
	struct pw_prefix prefix;
	unsigned bits;

	if (strchr(text, '/') == NULL || pw_prefix_parse(text, &prefix) != 0)
		return false;
	prefix = pw_prefix_masked(&prefix);
	bits = (prefix.ip.family == PW_IPV6 ? 128u : 32u) - prefix.len;
	if (bits > 31)
		return false;
	range->first = prefix.ip;
	range->n = UINT32_C(1) << bits;
	return true;
}

static bool parse_ip_range(const char *text, struct pw_gen_ip_range *range)
{
	struct pw_gen_ip_range r;
	struct parts parts;
	struct pw_ip last;
	unsigned high;

	if (strchr(text, '/') != NULL)
		return parse_prefix(text, range);
	if (!split(text, &parts) || pw_ip_parse(parts.first, &r.first) != 0)
		return false;
	last = r.first;
	if (parts.kind == '-' && pw_ip_parse(parts.second, &last) != 0)
		return false;
	high = r.first.family == PW_IPV6 ? 12 : 0;
	if (last.family != r.first.family || memcmp(last.b, r.first.b, high) != 0)
		return false;
	r.n = count_of(&parts, low_word(&r.first), low_word(&last));
	if (r.n == 0 || low_word(&r.first) + (uint64_t)r.n - 1 > UINT32_MAX)
		return false;
	*range = r;
	return true;
}

static void decode_ip_range(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "an address");

	if (text != NULL && !parse_ip_range(text, conf_field(key, base)))
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not allowed; allowed: " IP_ALLOWED
				       "; example: 10.0.0.1-10.0.0.254",
			CONF_VALUE(text));
}

static bool ip_range_is_set(const struct conf_key *key, const void *base)
{
	return ((const struct pw_gen_ip_range *)conf_const_field(key, base))->n != 0;
}

static void dump_ip_range(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_gen_ip_range *range = conf_const_field(key, base);
	char text[PW_IP_STRLEN];

	pw_str_add(out, pw_ip_format(&range->first, text));
	if (range->n > 1)
		pw_str_addf(out, "+%u", range->n);
}

static void describe_ip_range(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, IP_ALLOWED);
}

const struct conf_type profile_type_ip_range = {
	.decode = decode_ip_range,
	.is_set = ip_range_is_set,
	.dump = dump_ip_range,
	.describe = describe_ip_range,
};

/* ---- MACs ---- */

#define MAC_ALLOWED "a MAC, a range A-B, or A+N for N MACs from A on"

static bool parse_mac_range(const char *text, struct pw_gen_range *range)
{
	struct pw_mac first, last;
	struct parts parts;
	uint32_t n;

	if (!split(text, &parts) || pw_mac_parse(parts.first, &first) != 0)
		return false;
	last = first;
	if (parts.kind == '-' && pw_mac_parse(parts.second, &last) != 0)
		return false;
	n = count_of(&parts, pw_mac_to_u64(&first), pw_mac_to_u64(&last));
	if (n == 0)
		return false;
	*range = (struct pw_gen_range){pw_mac_to_u64(&first), n};
	return true;
}

static void decode_mac_range(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a MAC");

	if (text != NULL && !parse_mac_range(text, conf_field(key, base)))
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not allowed; allowed: " MAC_ALLOWED
				       "; example: 02:00:00:00:00:01",
			CONF_VALUE(text));
}

static bool range_is_set(const struct conf_key *key, const void *base)
{
	return ((const struct pw_gen_range *)conf_const_field(key, base))->n != 0;
}

static void dump_mac_range(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_gen_range *range = conf_const_field(key, base);
	struct pw_mac mac = pw_mac_from_u64(range->first);
	char text[PW_MAC_STRLEN];

	pw_str_add(out, pw_mac_format(&mac, text));
	if (range->n > 1)
		pw_str_addf(out, "+%u", range->n);
}

static void describe_mac_range(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, MAC_ALLOWED);
}

const struct conf_type profile_type_mac_range = {
	.decode = decode_mac_range,
	.is_set = range_is_set,
	.dump = dump_mac_range,
	.describe = describe_mac_range,
};

/* ---- numbers ---- */

static bool parse_range(const struct conf_key *key, const char *text, struct pw_gen_range *range)
{
	struct parts parts;
	uint64_t first, last;
	uint32_t n;

	if (!split(text, &parts) ||
		pw_u64_parse(parts.first, key->range.min, key->range.max, &first) != 0)
		return false;
	last = first;
	if (parts.kind == '-' &&
		pw_u64_parse(parts.second, key->range.min, key->range.max, &last) != 0)
		return false;
	n = count_of(&parts, first, last);
	if (n == 0 || first + n - 1 > key->range.max)
		return false;
	*range = (struct pw_gen_range){first, n};
	return true;
}

static void decode_range(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a number or a range");

	if (text != NULL && !parse_range(key, text, conf_field(key, base)))
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not allowed; allowed: a number %u..%u, a range A-B, or "
				       "A+N for N numbers from A on",
			CONF_VALUE(text), key->range.min, key->range.max);
}

static void dump_range(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_gen_range *range = conf_const_field(key, base);

	pw_str_addf(out, "%" PRIu64, range->first);
	if (range->n > 1)
		pw_str_addf(out, "-%" PRIu64, range->first + range->n - 1);
}

static void describe_range(const struct conf_key *key, struct pw_str *out)
{
	pw_str_addf(out, "number %u..%u, A-B or A+N", key->range.min, key->range.max);
}

const struct conf_type profile_type_range = {
	.decode = decode_range,
	.is_set = range_is_set,
	.dump = dump_range,
	.describe = describe_range,
};

/* ---- what is expected ---- */

/* True: it was a word. */
static bool expect_word(const char *text, struct pw_gen_expect_field *e)
{
	if (strcmp(text, "same") == 0)
		e->kind = PW_GEN_EXPECT_SAME;
	else if (strcmp(text, "any") == 0)
		e->kind = PW_GEN_EXPECT_ANY;
	else
		return false;
	return true;
}

static void decode_expect_ip(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "same, any or an address");
	struct pw_gen_expect_field *e = conf_field(key, base);
	struct pw_gen_ip_range range;

	if (text == NULL || expect_word(text, e))
		return;
	if (!parse_ip_range(text, &range)) {
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not allowed; allowed: same, any, " IP_ALLOWED,
			CONF_VALUE(text));
		return;
	}
	*e = (struct pw_gen_expect_field){
		.kind = PW_GEN_EXPECT_RANGE, .ip = range.first, .n = range.n};
}

static void decode_expect_mac(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "same, any or a MAC");
	struct pw_gen_expect_field *e = conf_field(key, base);
	struct pw_gen_range range;

	if (text == NULL || expect_word(text, e))
		return;
	if (!parse_mac_range(text, &range)) {
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is not allowed; allowed: same, any, " MAC_ALLOWED,
			CONF_VALUE(text));
		return;
	}
	*e = (struct pw_gen_expect_field){
		.kind = PW_GEN_EXPECT_RANGE, .first = range.first, .n = range.n};
}

static void decode_expect_number(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "same, any or a number");
	struct pw_gen_expect_field *e = conf_field(key, base);
	struct pw_gen_range range;

	if (text == NULL || expect_word(text, e))
		return;
	if (!parse_range(key, text, &range)) {
		conf_bad(ctx, node,
			CONF_VALUE_FMT
			" is not allowed; allowed: same, any, a number %u..%u, A-B or "
			"A+N",
			CONF_VALUE(text), key->range.min, key->range.max);
		return;
	}
	*e = (struct pw_gen_expect_field){
		.kind = PW_GEN_EXPECT_RANGE, .first = range.first, .n = range.n};
}

static void dump_expect(const struct conf_key *key, const void *base, struct pw_str *out)
{
	static const char *const words[] = {"same", "any", "a range"};

	pw_str_add(out,
		words[((const struct pw_gen_expect_field *)conf_const_field(key, base))->kind]);
}

static void describe_expect_ip(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "same, any, " IP_ALLOWED);
}

static void describe_expect_mac(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "same, any, " MAC_ALLOWED);
}

static void describe_expect_number(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "same, any, ");
	describe_range(key, out);
}

const struct conf_type profile_type_expect_ip = {
	.decode = decode_expect_ip,
	.dump = dump_expect,
	.describe = describe_expect_ip,
};
const struct conf_type profile_type_expect_mac = {
	.decode = decode_expect_mac,
	.dump = dump_expect,
	.describe = describe_expect_mac,
};
const struct conf_type profile_type_expect_number = {
	.decode = decode_expect_number,
	.dump = dump_expect,
	.describe = describe_expect_number,
};
