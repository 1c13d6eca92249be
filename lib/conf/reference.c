/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference of all keys, from the same tables that read the file. */
#include <stdlib.h>
#include <string.h>

#include "conf_foreign.h"
#include "conf_load.h"
#include "conf_schema.h"

static void add_mapping(
	struct pw_str *out, const struct conf_schema *schema, const void *base, const char *prefix);

/* '|' ends a cell of a Markdown table. */
static void add_cell(struct pw_str *out, const char *text)
{
	for (; *text != '\0'; text++)
		pw_str_addf(out, *text == '|' ? "\\%c" : "%c", *text);
	pw_str_add(out, " |");
}

static void add_default(struct pw_str *out, const struct conf_key *key, const void *base)
{
	struct pw_str text = {0};

	if (key->required)
		pw_str_add(&text, "required");
	else if (key->fallback != NULL)
		pw_str_add(&text, key->fallback);
	else if (key->type->dump == NULL ||
		 (key->type->is_set != NULL && !key->type->is_set(key, base)))
		pw_str_add(&text, "none");
	else {
		pw_str_add(&text, "`");
		key->type->dump(key, base, &text);
		pw_str_add(&text, "`");
	}
	add_cell(out, text.s != NULL ? text.s : "");
	pw_str_free(&text);
}

static void add_row(
	struct pw_str *out, const struct conf_key *key, const void *base, const char *path)
{
	struct pw_str type = {0};

	key->type->describe(key, &type);
	pw_str_addf(out, "| `%s` | ", path);
	add_cell(out, type.s != NULL ? type.s : "");
	pw_str_add(out, " ");
	add_default(out, key, base);
	pw_str_add(out, " ");
	add_cell(out, key->doc);
	pw_str_add(out, "\n");
	pw_str_free(&type);
}

/* The rows of one element, with the defaults that a new one gets. */
static void add_elem(struct pw_str *out, const struct conf_list *list, const char *path)
{
	void *elem = calloc(1, list->elem_bytes);

	if (elem == NULL) {
		out->failed = true;
		return;
	}
	if (list->init != NULL)
		list->init(elem);
	add_mapping(out, list->schema, elem, path);
	free(elem);
}

static void add_mapping(
	struct pw_str *out, const struct conf_schema *schema, const void *base, const char *prefix)
{
	for (size_t i = 0; i < schema->n_keys; i++) {
		const struct conf_key *key = &schema->keys[i];
		bool is_list = key->type == &conf_type_list;
		struct pw_str path = {0};

		pw_str_addf(&path, "%s%s", prefix, key->name);
		if (key->type != &conf_type_section)
			add_row(out, key, base, path.s != NULL ? path.s : "");
		pw_str_add(&path, is_list ? "[]." : ".");
		if (path.s != NULL && key->type == &conf_type_section)
			add_mapping(out, key->section, base, path.s);
		else if (path.s != NULL && is_list)
			add_elem(out, key->list, path.s);
		pw_str_free(&path);
	}
}

char *conf_foreign_reference(const struct conf_foreign *kind, const void *base)
{
	struct pw_str out = {0};

	pw_str_add(&out, "| key | type and range | default | meaning |\n|---|---|---|---|\n");
	add_mapping(&out, kind->root, base, "");
	return pw_str_take(&out);
}

char *pw_conf_reference(void)
{
	const struct conf_foreign own = {.root = &conf_root};
	struct conf_ctx *ctx = calloc(1, sizeof(*ctx));
	char *text;

	if (ctx == NULL)
		return NULL;
	ctx->file = "";
	ctx->conf = calloc(1, sizeof(*ctx->conf));
	if (ctx->conf == NULL) {
		free(ctx);
		return NULL;
	}
	conf_defaults(ctx);
	text = conf_foreign_reference(&own, ctx->conf);
	pw_conf_free(ctx->conf);
	free(ctx);
	return text;
}
