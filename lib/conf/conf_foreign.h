/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf_foreign.h - a file of another program (a profile of podway-gen), read by the same machinery:
 * tables of keys, places of errors, suggestions. For libraries that take pw_conf_schema_dep.
 */
#ifndef CONF_FOREIGN_H
#define CONF_FOREIGN_H

#include "conf_schema.h"

struct conf_foreign {
	const struct conf_schema *root;
	/* Values against one another, and what follows from them; conf_wrong(). May be NULL. ctx->conf
	 * is NULL here. */
	void (*check)(struct conf_ctx *ctx, void *base);
};

/* Into base, which holds the defaults. 0, or -errno with errors filled; what base holds then is
 * incomplete, but fit to be freed. */
int conf_foreign_parse(const struct conf_foreign *kind, const char *name, const char *text,
	size_t len, void *base, struct pw_conf_errors *errors);
int conf_foreign_load(const struct conf_foreign *kind, const char *path, void *base,
	struct pw_conf_errors *errors);
/* Markdown table of the keys, with the defaults in base; malloc'ed. */
char *conf_foreign_reference(const struct conf_foreign *kind, const void *base);

#endif
