/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf_yaml.h"
#include "pw_util.h"

/* The usual causes of what libyaml says in its own words. */
static const char *hint(const char *problem)
{
	static const struct {
		const char *problem, *hint;
	} hints[] = {
		{"cannot start any token", "; is it a tab? Indent with blanks"},
		{"expected node content",
			"; does a value begin with ':', as an IPv6 address may? It needs quotes"},
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(hints); i++)
		if (strstr(problem, hints[i].problem) != NULL)
			return hints[i].hint;
	return "";
}

static void report_syntax(struct conf_ctx *ctx, const yaml_parser_t *parser)
{
	const char *problem = parser->problem != NULL ? parser->problem : "cannot be read";

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		ctx->out_of_memory = true;
		return;
	case YAML_READER_ERROR:
		conf_bad_file(ctx, &parser->mark, "not valid YAML: %s (byte %zu of the file)",
			problem, parser->problem_offset + 1);
		return;
	default:
		break;
	}

	if (parser->context != NULL)
		conf_bad_file(ctx, &parser->problem_mark, "not valid YAML: %s, %s at line %zu%s",
			problem, parser->context, parser->context_mark.line + 1, hint(problem));
	else
		conf_bad_file(
			ctx, &parser->problem_mark, "not valid YAML: %s%s", problem, hint(problem));
}

static const yaml_char_t *event_anchor(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return event->data.alias.anchor;
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static const yaml_char_t *event_tag(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.tag;
	default:
		return NULL;
	}
}

/* What the document tree no longer shows: looked for in the events it is made of. */
static void check_event(struct conf_ctx *ctx, const yaml_event_t *event, uint32_t *n_documents)
{
	const yaml_char_t *anchor = event_anchor(event), *tag = event_tag(event);

	if (anchor != NULL)
		conf_bad_file(ctx, &event->start_mark,
			"%s%.40s: anchors and aliases are not supported; write the value out",
			event->type == YAML_ALIAS_EVENT ? "*" : "&", (const char *)anchor);
	if (tag != NULL)
		conf_bad_file(ctx, &event->start_mark,
			"tag \"%.40s\": tags are not supported; write the value alone",
			(const char *)tag);
	if (event->type == YAML_DOCUMENT_START_EVENT && ++*n_documents == 2)
		conf_bad_file(ctx, &event->start_mark,
			"a second document begins here; a file holds one: remove the \"---\"");
}

static void scan(struct conf_ctx *ctx, const char *text, size_t len)
{
	yaml_parser_t parser;
	uint32_t n_documents = 0;

	if (!yaml_parser_initialize(&parser)) {
		ctx->out_of_memory = true;
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	for (bool end = false; !end;) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			report_syntax(ctx, &parser);
			break;
		}
		check_event(ctx, &event, &n_documents);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

static void load(struct conf_ctx *ctx, const char *text, size_t len)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		ctx->out_of_memory = true;
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &ctx->doc))
		ctx->has_doc = true;
	else
		report_syntax(ctx, &parser);
	yaml_parser_delete(&parser);
}

bool conf_yaml_load(struct conf_ctx *ctx, const char *text, size_t len)
{
	scan(ctx, text, len);
	if (ctx->n_problems > 0 || ctx->out_of_memory)
		return false;
	load(ctx, text, len);
	if (!ctx->has_doc)
		return false;

	const yaml_node_t *root = conf_yaml_root(ctx);

	if (root == NULL || conf_yaml_is_null(root)) {
		conf_bad_file(
			ctx, NULL, "the file is empty; write {} if every default is really wanted");
		return false;
	}
	return true;
}

void conf_yaml_free(struct conf_ctx *ctx)
{
	if (ctx->has_doc)
		yaml_document_delete(&ctx->doc);
	ctx->has_doc = false;
}

yaml_node_t *conf_yaml_node(const struct conf_ctx *ctx, int id)
{
	/* libyaml takes a non-const document and changes nothing. */
	union {
		const yaml_document_t *in;
		yaml_document_t *out;
	} doc = {.in = &ctx->doc};

	return yaml_document_get_node(doc.out, id);
}

yaml_node_t *conf_yaml_root(const struct conf_ctx *ctx)
{
	return ctx->has_doc ? conf_yaml_node(ctx, 1) : NULL;
}

yaml_node_t *conf_yaml_value(const struct conf_ctx *ctx, yaml_node_t *mapping, const char *key)
{
	if (mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
		pair < mapping->data.mapping.pairs.top; pair++)
		if (conf_yaml_is_text(conf_yaml_node(ctx, pair->key), key))
			return conf_yaml_node(ctx, pair->value);
	return NULL;
}

uint32_t conf_yaml_items(const yaml_node_t *list)
{
	if (list->type != YAML_SEQUENCE_NODE)
		return 0;
	return (uint32_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

yaml_node_t *conf_yaml_item(const struct conf_ctx *ctx, yaml_node_t *list, uint32_t index)
{
	if (index >= conf_yaml_items(list))
		return NULL;
	return conf_yaml_node(ctx, list->data.sequence.items.start[index]);
}

bool conf_yaml_is_plain(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

const char *conf_yaml_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

bool conf_yaml_is_text(const yaml_node_t *node, const char *text)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.length == strlen(text) &&
	       memcmp(node->data.scalar.value, text, node->data.scalar.length) == 0;
}

bool conf_yaml_is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	if (!conf_yaml_is_plain(node))
		return false;
	for (size_t i = 0; i < PW_ARRAY_SIZE(nulls); i++)
		if (conf_yaml_is_text(node, nulls[i]))
			return true;
	return false;
}

const char *conf_yaml_kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	default:
		return conf_yaml_is_null(node) ? "empty" : "one value";
	}
}
