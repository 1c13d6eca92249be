/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration as YAML: the tables walked the other way. */
#include <stdlib.h>

#include "conf_schema.h"

static void dump_mapping(const struct conf_schema *schema, const void *base, struct pw_str *out,
	uint32_t indent, bool in_list);

static void add_indent(struct pw_str *out, uint32_t indent)
{
	pw_str_addf(out, "%*s", (int)indent, "");
}

static void dump_list(
	const struct conf_key *key, const void *base, struct pw_str *out, uint32_t indent)
{
	const struct conf_list *list = key->list;
	const char *elem = *(const char *const *)conf_const_field(key, base);
	uint32_t n = *(const uint32_t *)((const char *)base + list->count_offset);
	bool any = false;

	pw_str_addf(out, "%s:", key->name);
	for (uint32_t i = 0; i < n; i++, elem += list->elem_bytes) {
		if (list->belongs != NULL && !list->belongs(elem))
			continue;
		if (!any)
			pw_str_add(out, "\n");
		any = true;
		add_indent(out, indent + 2);
		pw_str_add(out, "- ");
		dump_mapping(list->schema, elem, out, indent + 4, true);
	}
	if (!any)
		pw_str_add(out, " []\n");
}

static void dump_key(
	const struct conf_key *key, const void *base, struct pw_str *out, uint32_t indent)
{
	if (key->type == &conf_type_section) {
		pw_str_addf(out, "%s:\n", key->name);
		dump_mapping(key->section, base, out, indent + 2, false);
	} else if (key->type == &conf_type_list) {
		dump_list(key, base, out, indent);
	} else {
		pw_str_addf(out, "%s: ", key->name);
		key->type->dump(key, base, out);
		pw_str_add(out, "\n");
	}
}

/* in_list: the first key stands behind the "- " that was already written. */
static void dump_mapping(const struct conf_schema *schema, const void *base, struct pw_str *out,
	uint32_t indent, bool in_list)
{
	bool first = in_list;

	for (size_t i = 0; i < schema->n_keys; i++) {
		const struct conf_key *key = &schema->keys[i];

		if (key->type->is_set != NULL && !key->type->is_set(key, base))
			continue;
		if (!first)
			add_indent(out, indent);
		first = false;
		dump_key(key, base, out, indent);
	}
}

char *pw_conf_dump(const struct pw_conf *conf)
{
	struct pw_str out = {0};

	dump_mapping(&conf_root, conf, &out, 0, false);
	return pw_str_take(&out);
}
