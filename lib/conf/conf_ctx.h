/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf_ctx.h - one load in progress: the YAML tree, the key path of the moment, the problems found.
 *
 * A place in the file is named by its key path, "services[3].ports[0].port". While the tree is
 * decoded the path of the moment is kept in the context; checks that come later name any path, and
 * its line and column are looked up in the tree, which lives until the load ends.
 *
 * A check must not report what only follows from a value that could not be read. Each problem
 * therefore taints a path, and conf_clean() tells whether a path is free of taint: nothing at it,
 * above it or below it was wrong.
 */
#ifndef CONF_CTX_H
#define CONF_CTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "pw_conf.h"

#define CONF_PATH_MAX     256
#define CONF_PROBLEMS_MAX 256 /* kept, to be sorted by place; CONF_ERRORS_MAX of them are shown */
#define CONF_ERRORS_MAX   20
#define CONF_ALSO_MAX     256

struct conf_problem {
	struct pw_conf_mark mark;
	char *text;  /* complete: "file:line:column: path: what" */
	char *taint; /* path that later checks leave alone; NULL: none */
};

struct conf_ctx {
	const char *file; /* name in messages */
	struct pw_conf *conf;
	yaml_document_t doc;
	bool has_doc;
	bool out_of_memory;
	bool workers_auto; /* cpu.workers: auto */
	char path[CONF_PATH_MAX];
	size_t path_len;
	struct conf_problem problems[CONF_PROBLEMS_MAX];
	uint32_t n_problems; /* all that were found; may exceed what is kept */
	uint32_t n_decoding; /* those of the decoding: only they taint */
};

/* Go down one step and come back: len = conf_push_key(..); ...; conf_pop(ctx, len). */
size_t conf_push_key(struct conf_ctx *ctx, const char *key);
size_t conf_push_index(struct conf_ctx *ctx, uint32_t index);
void conf_pop(struct conf_ctx *ctx, size_t len);

/* While decoding: a problem of `node` at the path of the moment. */
void conf_bad(struct conf_ctx *ctx, const yaml_node_t *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with another tainted path than the path of the moment. */
void conf_bad_taint(struct conf_ctx *ctx, const yaml_node_t *node, const char *taint,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Before there is a tree: a problem of the file as a whole, or of one place of it. */
void conf_bad_file(struct conf_ctx *ctx, const yaml_mark_t *mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* In a check: a problem at any path; dropped if the path is tainted. */
void conf_wrong(struct conf_ctx *ctx, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

bool conf_clean(const struct conf_ctx *ctx, const char *path);
/* Is the path written in the file? */
bool conf_has(const struct conf_ctx *ctx, const char *path);
/* Where the path stands, or the nearest thing above it that stands anywhere. */
struct pw_conf_mark conf_mark(const struct conf_ctx *ctx, const char *path);
/* The other one of two places that collide: "also at line 12", or "also the default of x.y". */
const char *conf_also(const struct conf_ctx *ctx, const char *path, char buf[CONF_ALSO_MAX]);
struct pw_conf_mark conf_node_mark(const yaml_node_t *node);

/* strdup that remembers a failure in the context. */
char *conf_strdup(struct conf_ctx *ctx, const char *text);

/* Sorts the problems by place and hands the first ones over. */
void conf_problems_take(struct conf_ctx *ctx, struct pw_conf_errors *errors);
void conf_problems_free(struct conf_ctx *ctx);

#endif
