/* SPDX-License-Identifier: BSD-3-Clause */
/* Types of one value: numbers, switches, words, and lists of cores. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "conf_schema.h"
#include "conf_yaml.h"
#include "pw_util.h"

/* ---- whole numbers ---- */

static bool decode_number(
	struct conf_ctx *ctx, const struct conf_key *key, const yaml_node_t *node, uint32_t *value)
{
	const char *text = conf_decode_text(ctx, node, "a whole number");
	uint64_t v;
	int rc;

	if (text == NULL)
		return false;
	rc = pw_u64_parse(text, key->range.min, key->range.max, &v);
	if (rc == 0 && !conf_yaml_is_plain(node)) {
		conf_bad(ctx, node, "\"%s\" in quotes is text; write the number without quotes",
			text);
		return false;
	}
	/* 010 is eight for YAML 1.1 and ten for YAML 1.2. */
	if (rc == 0 && text[0] == '0' && text[1] != '\0') {
		conf_bad(ctx, node, "%s begins with 0; write %u", text, (unsigned int)v);
		return false;
	}
	if (rc == -ERANGE || (rc != 0 && text[0] == '-' && text[1] >= '0' && text[1] <= '9')) {
		conf_bad(ctx, node, "%.40s is out of range; allowed: %u..%u", text, key->range.min,
			key->range.max);
		return false;
	}
	if (rc != 0) {
		conf_bad(ctx, node, CONF_VALUE_FMT " is not a whole number; allowed: %u..%u",
			CONF_VALUE(text), key->range.min, key->range.max);
		return false;
	}
	*value = (uint32_t)v;
	return true;
}

static void describe_number(const struct conf_key *key, struct pw_str *out)
{
	pw_str_addf(out, "number %u..%u", key->range.min, key->range.max);
}

static void decode_u32(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	decode_number(ctx, key, node, conf_field(key, base));
}

static void dump_u32(const struct conf_key *key, const void *base, struct pw_str *out)
{
	pw_str_addf(out, "%u", *(const uint32_t *)conf_const_field(key, base));
}

const struct conf_type conf_type_u32 = {
	.decode = decode_u32,
	.dump = dump_u32,
	.describe = describe_number,
};

static void decode_u16(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	uint32_t value;

	if (decode_number(ctx, key, node, &value))
		*(uint16_t *)conf_field(key, base) = (uint16_t)value;
}

static bool u16_is_set(const struct conf_key *key, const void *base)
{
	return *(const uint16_t *)conf_const_field(key, base) != 0;
}

static void dump_u16(const struct conf_key *key, const void *base, struct pw_str *out)
{
	pw_str_addf(out, "%u", *(const uint16_t *)conf_const_field(key, base));
}

const struct conf_type conf_type_u16 = {
	.decode = decode_u16,
	.is_set = u16_is_set,
	.dump = dump_u16,
	.describe = describe_number,
};

/* ---- words ---- */

static const struct conf_word *find_word(const struct conf_word *words, const char *text)
{
	for (; words->name != NULL; words++)
		if (strcmp(words->name, text) == 0)
			return words;
	return NULL;
}

/* "a, b or c"; other spellings of a value that was already named are left out. */
static void list_words(const struct conf_word *words, struct pw_str *out)
{
	const struct conf_word *last = words;

	for (const struct conf_word *w = words + 1; w->name != NULL; w++)
		if (w->value != last->value)
			last = w;
	for (const struct conf_word *w = words; w->name != NULL; w++) {
		if (w > words && w->value == w[-1].value)
			continue;
		if (w > words)
			pw_str_add(out, w == last ? " or " : ", ");
		pw_str_add(out, w->name);
	}
}

static bool decode_one_of(
	struct conf_ctx *ctx, const struct conf_word *words, const yaml_node_t *node, int *value)
{
	struct pw_str allowed = {0};
	const struct conf_word *word;
	const char *text;

	list_words(words, &allowed);
	text = conf_decode_text(ctx, node, allowed.s != NULL ? allowed.s : "a word");
	word = text != NULL ? find_word(words, text) : NULL;
	if (word != NULL)
		*value = word->value;
	else if (text != NULL)
		conf_bad(ctx, node, CONF_VALUE_FMT " is not allowed; allowed: %s", CONF_VALUE(text),
			allowed.s != NULL ? allowed.s : "");
	pw_str_free(&allowed);
	return word != NULL;
}

static void decode_word(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	/* The enums of pw_conf.h have no negative values: the compiler makes them unsigned int. */
	decode_one_of(ctx, key->words, node, conf_field(key, base));
}

static void dump_word(const struct conf_key *key, const void *base, struct pw_str *out)
{
	int value = *(const int *)conf_const_field(key, base);

	for (const struct conf_word *w = key->words; w->name != NULL; w++) {
		if (w->value == value) {
			pw_str_add(out, w->name);
			return;
		}
	}
}

static void describe_word(const struct conf_key *key, struct pw_str *out)
{
	list_words(key->words, out);
}

const struct conf_type conf_type_word = {
	.decode = decode_word,
	.dump = dump_word,
	.describe = describe_word,
};

/* The spellings of YAML 1.1 that people write. */
static const struct conf_word bool_words[] = {
	{"true", true},
	{"yes", true},
	{"on", true},
	{"false", false},
	{"no", false},
	{"off", false},
	{NULL, 0},
};

static void decode_bool(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	int value;

	if (decode_one_of(ctx, bool_words, node, &value))
		*(bool *)conf_field(key, base) = value != 0;
}

static void dump_bool(const struct conf_key *key, const void *base, struct pw_str *out)
{
	pw_str_add(out, *(const bool *)conf_const_field(key, base) ? "true" : "false");
}

static void describe_bool(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "true or false");
}

const struct conf_type conf_type_bool = {
	.decode = decode_bool,
	.dump = dump_bool,
	.describe = describe_bool,
};

/* ---- cores: [1, 2], 1, "1-3,5" ---- */

#define CORES_ALLOWED "allowed: cores 0..1023, such as 2, \"1-3,5\" or [1, 2, 5]"

static bool add_cores(struct conf_ctx *ctx, const yaml_node_t *node, uint64_t first, uint64_t last)
{
	for (uint64_t core = first; core <= last; core++) {
		if (ctx->conf->cpu.n_workers == PW_CONF_MAX_WORKERS) {
			conf_bad(ctx, node, "more than %u workers", PW_CONF_MAX_WORKERS);
			return false;
		}
		ctx->conf->cpu.workers[ctx->conf->cpu.n_workers++] = (uint32_t)core;
	}
	return true;
}

/* "5" or "1-3" */
static bool parse_core_range(
	const struct conf_key *key, char *text, uint64_t *first, uint64_t *last)
{
	char *dash = strchr(text, '-');

	if (dash != NULL)
		*dash++ = '\0';
	if (pw_u64_parse(text, key->range.min, key->range.max, first) < 0)
		return false;
	if (dash == NULL)
		*last = *first;
	else if (pw_u64_parse(dash, *first, key->range.max, last) < 0)
		return false;
	return true;
}

static void decode_cores_text(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "a core or a range of cores");
	char buf[256];
	char *rest = buf;

	if (text == NULL)
		return;
	if (strlcpy(buf, text, sizeof(buf)) >= sizeof(buf)) {
		conf_bad(ctx, node, "is too long a text; " CORES_ALLOWED);
		return;
	}
	for (char *part; (part = strsep(&rest, ",")) != NULL;) {
		uint64_t first, last;

		part += strspn(part, " ");
		if (!parse_core_range(key, part, &first, &last)) {
			conf_bad(ctx, node, CONF_VALUE_FMT " is no list of cores; " CORES_ALLOWED,
				CONF_VALUE(text));
			return;
		}
		if (!add_cores(ctx, node, first, last))
			return;
	}
}

static void decode_cores(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	if (node->type == YAML_SEQUENCE_NODE && conf_yaml_items(node) == 0)
		conf_bad(ctx, node, "is empty; " CORES_ALLOWED ", or leave the key out");
	else
		conf_decode_each(ctx, key, node, base, decode_cores_text);
}

static void dump_cores(const struct conf_key *key, const void *base, struct pw_str *out)
{
	const struct pw_conf *conf = base;

	for (uint32_t i = 0; i < conf->cpu.n_workers; i++)
		pw_str_addf(out, "%s%u", i == 0 ? "[" : ", ", conf->cpu.workers[i]);
	pw_str_add(out, "]");
}

static bool cores_is_set(const struct conf_key *key, const void *base)
{
	return ((const struct pw_conf *)base)->cpu.n_workers > 0;
}

static void describe_cores(const struct conf_key *key, struct pw_str *out)
{
	pw_str_addf(out, "list of cores %u..%u, or a text such as \"1-3,5\"", key->range.min,
		key->range.max);
}

const struct conf_type conf_type_cores = {
	.decode = decode_cores,
	.is_set = cores_is_set,
	.dump = dump_cores,
	.describe = describe_cores,
};
