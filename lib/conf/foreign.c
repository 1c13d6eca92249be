/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of other programs, read by tables like the daemon's configuration. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_foreign.h"
#include "conf_yaml.h"
#include "pw_file.h"

#define FOREIGN_MAX_BYTES (1u << 20)

static void read_tree(struct conf_ctx *ctx, const struct conf_foreign *kind, const char *text,
	size_t len, void *base)
{
	if (!conf_yaml_load(ctx, text, len))
		return;
	conf_decode_mapping(ctx, kind->root, conf_yaml_root(ctx), base);
	if (ctx->out_of_memory)
		return;
	ctx->n_decoding = ctx->n_problems;
	if (kind->check != NULL)
		kind->check(ctx, base);
}

int conf_foreign_parse(const struct conf_foreign *kind, const char *name, const char *text,
	size_t len, void *base, struct pw_conf_errors *errors)
{
	struct conf_ctx *ctx = calloc(1, sizeof(*ctx));
	int rc;

	*errors = (struct pw_conf_errors){0};
	if (ctx == NULL)
		return -ENOMEM;
	ctx->file = name;
	read_tree(ctx, kind, text, len, base);
	if (ctx->out_of_memory)
		conf_bad_file(ctx, NULL, "out of memory");
	conf_yaml_free(ctx);
	rc = ctx->n_problems > 0 ? -EINVAL : 0;
	conf_problems_take(ctx, errors);
	conf_problems_free(ctx);
	free(ctx);
	return rc;
}

static void report_unreadable(const char *path, int rc, struct pw_conf_errors *errors)
{
	struct pw_str text = {0};

	pw_str_addf(&text, "%s: cannot be read: %s", path, strerror(-rc));
	errors->v = calloc(1, sizeof(errors->v[0]));
	if (errors->v != NULL)
		errors->v[0] = pw_str_take(&text);
	errors->n = errors->v != NULL && errors->v[0] != NULL;
	pw_str_free(&text);
}

int conf_foreign_load(const struct conf_foreign *kind, const char *path, void *base,
	struct pw_conf_errors *errors)
{
	char *text;
	size_t len;
	int rc;

	*errors = (struct pw_conf_errors){0};
	rc = pw_file_read(path, FOREIGN_MAX_BYTES, &text, &len);
	if (rc < 0) {
		report_unreadable(path, rc, errors);
		return rc;
	}
	rc = conf_foreign_parse(kind, path, text, len, base, errors);
	free(text);
	return rc;
}
