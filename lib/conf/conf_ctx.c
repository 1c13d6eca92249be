/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_ctx.h"
#include "conf_yaml.h"
#include "pw_str.h"
#include "pw_util.h"

static size_t push(struct conf_ctx *ctx, const char *text)
{
	size_t before = ctx->path_len;

	strlcat(ctx->path, text, sizeof(ctx->path));
	ctx->path_len = strlen(ctx->path);
	return before;
}

size_t conf_push_key(struct conf_ctx *ctx, const char *key)
{
	size_t before = ctx->path_len;

	if (before > 0)
		push(ctx, ".");
	push(ctx, key);
	return before;
}

size_t conf_push_index(struct conf_ctx *ctx, uint32_t index)
{
	char text[16];

	snprintf(text, sizeof(text), "[%u]", index);
	return push(ctx, text);
}

void conf_pop(struct conf_ctx *ctx, size_t len)
{
	ctx->path_len = len;
	ctx->path[len] = '\0';
}

char *conf_strdup(struct conf_ctx *ctx, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		ctx->out_of_memory = true;
	return copy;
}

struct pw_conf_mark conf_node_mark(const yaml_node_t *node)
{
	return (struct pw_conf_mark){
		.line = (uint32_t)node->start_mark.line + 1,
		.column = (uint32_t)node->start_mark.column + 1,
	};
}

/* ---- key paths ---- */

/* The node below `node` that the first step of *path names, *path moved behind the step; NULL if
 * there is none. */
static yaml_node_t *step(const struct conf_ctx *ctx, yaml_node_t *node, const char **path)
{
	char key[CONF_PATH_MAX];
	size_t len;

	if (**path == '[') {
		char *end;
		unsigned long index = strtoul(*path + 1, &end, 10);

		*path = *end == ']' ? end + 1 : end;
		return conf_yaml_item(ctx, node, (uint32_t)index);
	}
	if (**path == '.')
		++*path;
	len = strcspn(*path, ".[");
	snprintf(key, sizeof(key), "%.*s", (int)len, *path);
	*path += len;
	return conf_yaml_value(ctx, node, key);
}

/* Follows path as far as the file goes: the last node that exists (NULL: no tree). `shown`, if any,
 * gets the path with the index taken away where the file has one value instead of a list. */
static yaml_node_t *follow(
	const struct conf_ctx *ctx, const char *path, char shown[CONF_PATH_MAX], bool *complete)
{
	yaml_node_t *node = conf_yaml_root(ctx);

	*complete = node != NULL;
	if (shown != NULL)
		strlcpy(shown, path, CONF_PATH_MAX);
	for (const char *p = path; *p != '\0' && *complete;) {
		const char *before = p;
		yaml_node_t *next = step(ctx, node, &p);

		if (next != NULL) {
			node = next;
		} else if (*before == '[' && node->type == YAML_SCALAR_NODE) {
			if (shown != NULL)
				shown[before - path] = '\0';
			break;
		} else {
			*complete = false;
		}
	}
	return node;
}

bool conf_has(const struct conf_ctx *ctx, const char *path)
{
	bool complete;

	follow(ctx, path, NULL, &complete);
	return complete;
}

struct pw_conf_mark conf_mark(const struct conf_ctx *ctx, const char *path)
{
	bool complete;
	yaml_node_t *node = follow(ctx, path, NULL, &complete);

	return node != NULL ? conf_node_mark(node) : (struct pw_conf_mark){1, 1};
}

const char *conf_also(const struct conf_ctx *ctx, const char *path, char buf[CONF_ALSO_MAX])
{
	bool complete;
	yaml_node_t *node = follow(ctx, path, NULL, &complete);

	if (complete)
		snprintf(buf, CONF_ALSO_MAX, "also at line %u", conf_node_mark(node).line);
	else
		snprintf(buf, CONF_ALSO_MAX, "also the default of %.200s", path);
	return buf;
}

/* "a.b" covers "a.b", "a.b.c" and "a.b[0]", but not "a.bc". */
static bool covers(const char *outer, const char *inner)
{
	size_t len = strlen(outer);

	if (strncmp(outer, inner, len) != 0)
		return false;
	return len == 0 || inner[len] == '\0' || inner[len] == '.' || inner[len] == '[';
}

bool conf_clean(const struct conf_ctx *ctx, const char *path)
{
	for (uint32_t i = 0; i < PW_MIN(ctx->n_decoding, (uint32_t)CONF_PROBLEMS_MAX); i++) {
		const char *taint = ctx->problems[i].taint;

		if (taint != NULL && (covers(taint, path) || covers(path, taint)))
			return false;
	}
	return true;
}

/* ---- problems ---- */

/* A message is one line, whatever stands in the file. */
static void make_one_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void add(struct conf_ctx *ctx, struct pw_conf_mark mark, const char *path, const char *taint,
	const char *fmt, va_list ap)
{
	struct conf_problem *problem;
	struct pw_str text = {0};
	char what[1024];

	if (ctx->n_problems++ >= CONF_PROBLEMS_MAX)
		return;
	problem = &ctx->problems[ctx->n_problems - 1];
	vsnprintf(what, sizeof(what), fmt, ap);
	pw_str_addf(&text, "%s:%u:%u: ", ctx->file, mark.line, mark.column);
	if (*path != '\0')
		pw_str_addf(&text, "%s: ", path);
	pw_str_add(&text, what);
	problem->mark = mark;
	problem->text = pw_str_take(&text);
	problem->taint = taint != NULL ? conf_strdup(ctx, taint) : NULL;
	if (problem->text == NULL)
		ctx->out_of_memory = true;
	else
		make_one_line(problem->text);
}

void conf_bad(struct conf_ctx *ctx, const yaml_node_t *node, const char *fmt, ...)
{
	char taint[CONF_PATH_MAX];
	va_list ap;

	/* One bad value of a list shifts the index of those behind it: the list is tainted. */
	strlcpy(taint, ctx->path, sizeof(taint));
	if (node->type == YAML_SCALAR_NODE && ctx->path_len > 0 &&
		ctx->path[ctx->path_len - 1] == ']')
		*strrchr(taint, '[') = '\0';
	va_start(ap, fmt);
	add(ctx, conf_node_mark(node), ctx->path, taint, fmt, ap);
	va_end(ap);
}

void conf_bad_taint(
	struct conf_ctx *ctx, const yaml_node_t *node, const char *taint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(ctx, conf_node_mark(node), ctx->path, taint, fmt, ap);
	va_end(ap);
}

void conf_bad_file(struct conf_ctx *ctx, const yaml_mark_t *mark, const char *fmt, ...)
{
	struct pw_conf_mark at = {1, 1};
	va_list ap;

	if (mark != NULL)
		at = (struct pw_conf_mark){(uint32_t)mark->line + 1, (uint32_t)mark->column + 1};
	va_start(ap, fmt);
	add(ctx, at, "", NULL, fmt, ap);
	va_end(ap);
}

void conf_wrong(struct conf_ctx *ctx, const char *path, const char *fmt, ...)
{
	char shown[CONF_PATH_MAX];
	struct pw_conf_mark mark = {1, 1};
	yaml_node_t *node;
	bool complete;
	va_list ap;

	if (!conf_clean(ctx, path))
		return;
	node = follow(ctx, path, shown, &complete);
	if (node != NULL)
		mark = conf_node_mark(node);
	va_start(ap, fmt);
	add(ctx, mark, shown, NULL, fmt, ap);
	va_end(ap);
}

static int by_place(const void *left, const void *right)
{
	const struct conf_problem *a = left, *b = right;

	if (a->mark.line != b->mark.line)
		return a->mark.line < b->mark.line ? -1 : 1;
	if (a->mark.column != b->mark.column)
		return a->mark.column < b->mark.column ? -1 : 1;
	return a->text != NULL && b->text != NULL ? strcmp(a->text, b->text) : 0;
}

/* The last line of a long list, so that nobody thinks it complete. */
static char *text_of_the_rest(const struct conf_ctx *ctx, uint32_t shown)
{
	struct pw_str text = {0};

	pw_str_addf(&text, "%s: %u more errors are not shown", ctx->file, ctx->n_problems - shown);
	return pw_str_take(&text);
}

void conf_problems_take(struct conf_ctx *ctx, struct pw_conf_errors *errors)
{
	uint32_t kept = PW_MIN(ctx->n_problems, (uint32_t)CONF_PROBLEMS_MAX);
	uint32_t shown = PW_MIN(kept, (uint32_t)CONF_ERRORS_MAX);

	*errors = (struct pw_conf_errors){0};
	if (kept == 0)
		return;
	qsort(ctx->problems, kept, sizeof(ctx->problems[0]), by_place);
	errors->v = calloc(shown + 1, sizeof(errors->v[0]));
	if (errors->v == NULL)
		return;
	for (uint32_t i = 0; i < shown; i++) {
		if (ctx->problems[i].text == NULL)
			continue;
		errors->v[errors->n++] = ctx->problems[i].text;
		ctx->problems[i].text = NULL;
	}
	if (ctx->n_problems > shown) {
		errors->v[errors->n] = text_of_the_rest(ctx, shown);
		errors->n += errors->v[errors->n] != NULL;
	}
}

void conf_problems_free(struct conf_ctx *ctx)
{
	for (uint32_t i = 0; i < PW_MIN(ctx->n_problems, (uint32_t)CONF_PROBLEMS_MAX); i++) {
		free(ctx->problems[i].text);
		free(ctx->problems[i].taint);
	}
	ctx->n_problems = 0;
}
