/* SPDX-License-Identifier: BSD-3-Clause */
/* Mappings and lists of mappings: what every level of the file has in common. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_schema.h"
#include "conf_yaml.h"
#include "pw_util.h"

#define KEY_MAX 24 /* longer keys are never near one of ours */

static const struct conf_key *find_key(const struct conf_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->n_keys; i++)
		if (strcmp(schema->keys[i].name, name) == 0)
			return &schema->keys[i];
	return NULL;
}

/* Levenshtein distance, one row of the table at a time. */
static uint32_t distance(const char *a, const char *b)
{
	uint32_t row[KEY_MAX + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = (uint32_t)j;
	for (uint32_t i = 1; *a != '\0'; a++, i++) {
		uint32_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			uint32_t change = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			row[j] = PW_MIN(change, PW_MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[len];
}

/* The key that was probably meant: at most a third of its letters differ. */
static const char *nearest_key(const struct conf_schema *schema, const char *name)
{
	const char *best = NULL;
	uint32_t best_distance = UINT32_MAX;

	if (strlen(name) > KEY_MAX)
		return NULL;
	for (size_t i = 0; i < schema->n_keys; i++) {
		const char *key = schema->keys[i].name;
		uint32_t d = distance(name, key);

		if (d < best_distance && d <= PW_MAX(strlen(key) / 3, (size_t)1)) {
			best = key;
			best_distance = d;
		}
	}
	return best;
}

static void report_unknown(
	struct conf_ctx *ctx, const struct conf_schema *schema, const yaml_node_t *node)
{
	const char *name = conf_yaml_text(node), *near = nearest_key(schema, name);
	char taint[CONF_PATH_MAX];
	struct pw_str all = {0};
	size_t len;

	/* What is missing because of the typing error must not be reported again by a check. */
	len = near != NULL ? conf_push_key(ctx, near) : ctx->path_len;
	strlcpy(taint, ctx->path, sizeof(taint));
	conf_pop(ctx, len);

	for (size_t i = 0; i < schema->n_keys; i++)
		pw_str_addf(&all, "%s%s", i > 0 ? ", " : "", schema->keys[i].name);
	len = conf_push_key(ctx, strlen(name) <= KEY_MAX ? name : "...");
	if (near != NULL)
		conf_bad_taint(ctx, node, taint, "unknown key; did you mean \"%s\"?", near);
	else
		conf_bad_taint(ctx, node, *taint != '\0' ? taint : ctx->path,
			"unknown key " CONF_VALUE_FMT "; allowed here: %s", CONF_VALUE(name),
			all.s != NULL ? all.s : "");
	conf_pop(ctx, len);
	pw_str_free(&all);
}

/* The first key of the same text in the mapping; `node` itself if there is none before it. */
static const yaml_node_t *first_of_name(
	const struct conf_ctx *ctx, const yaml_node_t *mapping, const yaml_node_t *node)
{
	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
		pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = conf_yaml_node(ctx, pair->key);

		if (conf_yaml_is_text(key, conf_yaml_text(node)))
			return key;
	}
	return node;
}

static void check_key(struct conf_ctx *ctx, const struct conf_schema *schema,
	const yaml_node_t *mapping, const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE) {
		conf_bad(ctx, node, "a key must be text, not %s", conf_yaml_kind(node));
		return;
	}
	if (find_key(schema, conf_yaml_text(node)) == NULL) {
		report_unknown(ctx, schema, node);
		return;
	}

	const yaml_node_t *first = first_of_name(ctx, mapping, node);

	if (first != node) {
		size_t len = conf_push_key(ctx, conf_yaml_text(node));

		conf_bad_taint(ctx, node, ctx->path, "key is given twice; also at line %u",
			conf_node_mark(first).line);
		conf_pop(ctx, len);
	}
}

static void decode_key(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *mapping, void *base)
{
	yaml_node_t *value = conf_yaml_value(ctx, mapping, key->name);
	size_t len = conf_push_key(ctx, key->name);

	if (value != NULL)
		key->type->decode(ctx, key, value, base);
	else if (key->required)
		conf_bad_taint(ctx, mapping, ctx->path, "missing; needed: %s", key->doc);
	conf_pop(ctx, len);
}

void conf_decode_mapping(
	struct conf_ctx *ctx, const struct conf_schema *schema, yaml_node_t *node, void *base)
{
	if (conf_yaml_is_null(node))
		return; /* a section whose keys are all commented out */
	if (node->type != YAML_MAPPING_NODE) {
		conf_bad(ctx, node, "must be a mapping (key: value), is %s", conf_yaml_kind(node));
		return;
	}
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++)
		check_key(ctx, schema, node, conf_yaml_node(ctx, pair->key));
	/* In the order of the schema, not of the file: uplinks come before ports. */
	for (size_t i = 0; i < schema->n_keys; i++)
		decode_key(ctx, &schema->keys[i], node, base);
}

void conf_decode_each(struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node,
	void *base,
	void (*fn)(struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base))
{
	if (node->type != YAML_SEQUENCE_NODE) {
		fn(ctx, key, node, base);
		return;
	}
	for (uint32_t i = 0; i < conf_yaml_items(node); i++) {
		size_t len = conf_push_index(ctx, i);

		fn(ctx, key, conf_yaml_item(ctx, node, i), base);
		conf_pop(ctx, len);
	}
}

const char *conf_decode_text(struct conf_ctx *ctx, const yaml_node_t *node, const char *want)
{
	if (node->type != YAML_SCALAR_NODE) {
		conf_bad(ctx, node, "must be %s, is %s", want, conf_yaml_kind(node));
		return NULL;
	}
	if (conf_yaml_is_null(node)) {
		conf_bad(ctx, node, "has no value; write %s, or leave the key out", want);
		return NULL;
	}

	const char *text = conf_yaml_text(node);

	for (size_t i = 0; i < node->data.scalar.length; i++) {
		if ((unsigned char)text[i] >= ' ' && text[i] != 0x7f)
			continue;
		conf_bad(ctx, node, "holds a control character (0x%02x)", (unsigned char)text[i]);
		return NULL;
	}
	return text;
}

/* ---- type: section ---- */

static void decode_section(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	/* The keys of a section have offsets in the same struct as the section itself. */
	conf_decode_mapping(ctx, key->section, node, base);
}

static void describe_section(const struct conf_key *key, struct pw_str *out)
{
	pw_str_add(out, "mapping");
}

const struct conf_type conf_type_section = {
	.decode = decode_section,
	.describe = describe_section,
};

/* ---- type: list of mappings ---- */

static void decode_elem(
	struct conf_ctx *ctx, const struct conf_list *list, yaml_node_t *node, void *elem)
{
	if (list->init != NULL)
		list->init(elem);
	if (list->mark_offset != SIZE_MAX)
		*(struct pw_conf_mark *)((char *)elem + list->mark_offset) = conf_node_mark(node);
	if (node->type != YAML_MAPPING_NODE)
		/* Not for conf_decode_mapping: an empty element is an error, its list is not. */
		conf_bad_taint(ctx, node, ctx->path, "must be a mapping (key: value), is %s",
			conf_yaml_kind(node));
	else
		conf_decode_mapping(ctx, list->schema, node, elem);
}

/* Room for n more elements behind those that are there; NULL: reported. */
static char *grow(struct conf_ctx *ctx, const struct conf_key *key, void *base, uint32_t n)
{
	const struct conf_list *list = key->list;
	void **array = conf_field(key, base);
	uint32_t *count = (uint32_t *)((char *)base + list->count_offset);
	char *bigger = reallocarray(*array, (size_t)*count + n, list->elem_bytes);

	if (bigger == NULL) {
		ctx->out_of_memory = true;
		return NULL;
	}
	*array = bigger;
	bigger += *count * list->elem_bytes;
	memset(bigger, 0, n * list->elem_bytes);
	*count += n;
	return bigger;
}

static void decode_list(
	struct conf_ctx *ctx, const struct conf_key *key, yaml_node_t *node, void *base)
{
	const struct conf_list *list = key->list;
	uint32_t n = conf_yaml_items(node);
	char *elem;

	if (conf_yaml_is_null(node))
		return; /* a list whose elements are all commented out */
	if (node->type != YAML_SEQUENCE_NODE) {
		conf_bad(ctx, node, "must be a list (\"- ...\" lines or [..]), is %s",
			conf_yaml_kind(node));
		return;
	}
	if (n > list->max) {
		conf_bad(ctx, node, "has %u entries; allowed: up to %u", n, list->max);
		return;
	}
	if (n == 0)
		return;
	elem = grow(ctx, key, base, n);
	for (uint32_t i = 0; elem != NULL && i < n; i++, elem += list->elem_bytes) {
		size_t len = conf_push_index(ctx, i);

		decode_elem(ctx, list, conf_yaml_item(ctx, node, i), elem);
		conf_pop(ctx, len);
	}
}

static void describe_list(const struct conf_key *key, struct pw_str *out)
{
	pw_str_addf(out, "list of mappings, up to %u", key->list->max);
}

const struct conf_type conf_type_list = {
	.decode = decode_list,
	.describe = describe_list,
};
