/* SPDX-License-Identifier: BSD-3-Clause */
/* report.h - reading members of a result; figures. Private to lib/gen. */
#ifndef GEN_REPORT_H
#define GEN_REPORT_H

#include <jansson.h>

#include "pw_err.h"
#include "pw_str.h"

static inline double num(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static inline const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static inline const json_t *list_of(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

/* report_figures.c: a list of figures, as scripts/bench.sh writes them. `path` is for what is wrong. */
int report_figures_check(const json_t *list, const char *path, struct pw_err *err);
void report_figures_html(const json_t *list, struct pw_str *out);
void report_figures_markdown(const json_t *list, struct pw_str *out);
void md_text(struct pw_str *out, const char *text); /* what stands in a cell */

#endif
