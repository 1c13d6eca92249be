/* SPDX-License-Identifier: BSD-3-Clause */
/* report_cells.h - tables of the page. Private to lib/gen. */
#ifndef GEN_REPORT_CELLS_H
#define GEN_REPORT_CELLS_H

#include <stddef.h>

#include "pw_str.h"

/* Begins a table; the first `left` columns hold text. */
void head(struct pw_str *out, const char *const *titles, size_t n, size_t left);
void cell_text(struct pw_str *out, const char *text);
void cell(struct pw_str *out, const char *fmt, double value);
void cell_bad(struct pw_str *out, const char *fmt, double value); /* should be 0 */

#endif
