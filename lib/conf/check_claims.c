/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pw_util.h"

static bool make_room(struct conf_claims *claims)
{
	uint32_t cap = PW_MAX(claims->cap * 2, 64u);
	struct conf_claim *v;

	if (claims->n < claims->cap)
		return true;
	v = reallocarray(claims->v, cap, sizeof(v[0]));
	if (v == NULL) {
		claims->ctx->out_of_memory = true;
		return false;
	}
	claims->v = v;
	claims->cap = cap;
	return true;
}

void conf_claim(struct conf_claims *claims, const char *path, const char *key_fmt, ...)
{
	char key[1200]; /* paths and devices are shorter */
	struct conf_claim *claim;
	va_list ap;

	if (!make_room(claims))
		return;
	va_start(ap, key_fmt);
	vsnprintf(key, sizeof(key), key_fmt, ap);
	va_end(ap);
	claim = &claims->v[claims->n];
	claim->key = conf_strdup(claims->ctx, key);
	claim->path = conf_strdup(claims->ctx, path);
	claim->seq = claims->n;
	if (claim->key == NULL || claim->path == NULL) {
		free(claim->key);
		free(claim->path);
		return;
	}
	claims->n++;
}

static int by_key(const void *left, const void *right)
{
	const struct conf_claim *a = left, *b = right;
	int order = strcmp(a->key, b->key);

	if (order != 0)
		return order;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* v[0..n-1] claim one key. The one that stands first in the file is right, the others are not. */
static void settle_key(struct conf_ctx *ctx, const struct conf_claim *v, uint32_t n,
	const char *what, const char *problem)
{
	const struct conf_claim *first = &v[0];
	struct pw_conf_mark at = conf_mark(ctx, first->path);
	char also[CONF_ALSO_MAX];

	for (uint32_t i = 1; i < n; i++) {
		struct pw_conf_mark mark = conf_mark(ctx, v[i].path);

		if (mark.line < at.line || (mark.line == at.line && mark.column < at.column)) {
			first = &v[i];
			at = mark;
		}
	}
	if (!conf_clean(ctx, first->path))
		return;
	conf_also(ctx, first->path, also);
	for (uint32_t i = 0; i < n; i++)
		if (&v[i] != first)
			conf_wrong(ctx, v[i].path, "%s %s %s; %s", what, v[i].key, problem, also);
}

void conf_claims_settle(struct conf_claims *claims, const char *what, const char *problem)
{
	if (claims->n > 0)
		qsort(claims->v, claims->n, sizeof(claims->v[0]), by_key);
	for (uint32_t i = 0, n; i < claims->n; i += n) {
		n = 1;
		while (i + n < claims->n && strcmp(claims->v[i].key, claims->v[i + n].key) == 0)
			n++;
		if (n > 1)
			settle_key(claims->ctx, &claims->v[i], n, what, problem);
	}
	for (uint32_t i = 0; i < claims->n; i++) {
		free(claims->v[i].key);
		free(claims->v[i].path);
	}
	free(claims->v);
	*claims = (struct conf_claims){.ctx = claims->ctx};
}
