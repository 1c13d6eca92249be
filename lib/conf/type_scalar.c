/* SPDX-License-Identifier: BSD-3-Clause */
/* Types of one value: numbers, permissions, switches and words. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

static bool id_is_set(const struct conf_key *key, const void *base)
{
	return *(const uint32_t *)conf_const_field(key, base) != PW_CONF_ID_UNSET;
}

const struct conf_type conf_type_id = {
	.decode = decode_u32,
	.is_set = id_is_set,
	.dump = dump_u32,
	.describe = describe_number,
};

/* ---- permissions, in octal as chmod takes them ---- */

static void decode_file_mode(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const char *text = conf_decode_text(ctx, node, "permissions in octal");
	size_t len = text != NULL ? strlen(text) : 0;

	if (text == NULL)
		return;
	if (len < 3 || len > 4 || strspn(text, "01234567") != len || (len == 4 && text[0] != '0') ||
		strtoul(text, NULL, 8) == 0) {
		conf_bad(ctx, node,
			CONF_VALUE_FMT " is no file mode; allowed: octal 001..777, such as 0660",
			CONF_VALUE(text));
		return;
	}
	*(uint32_t *)conf_field(key, base) = (uint32_t)strtoul(text, NULL, 8);
}

static bool file_mode_is_set(const struct conf_key *key, const void *base)
{
	return *(const uint32_t *)conf_const_field(key, base) != 0;
}

static void dump_file_mode(const struct conf_key *key, const void *base, struct pw_str *out)
{
	pw_str_addf(out, "0%03o", *(const uint32_t *)conf_const_field(key, base));
}

static void describe_file_mode(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "octal 001..777, such as 0660");
}

const struct conf_type conf_type_file_mode = {
	.decode = decode_file_mode,
	.is_set = file_mode_is_set,
	.dump = dump_file_mode,
	.describe = describe_file_mode,
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

static bool word_is_set(const struct conf_key *key, const void *base)
{
	return *(const int *)conf_const_field(key, base) != 0;
}

const struct conf_type conf_type_optional_word = {
	.decode = decode_word,
	.is_set = word_is_set,
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
