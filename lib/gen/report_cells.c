/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_cells.h"

#include "plot.h"

void cell_text(struct pw_str *out, const char *text)
{
	pw_str_add(out, "<td class=l>");
	html_text(out, text);
	pw_str_add(out, "</td>");
}

void cell(struct pw_str *out, const char *fmt, double value)
{
	pw_str_add(out, "<td>");
	pw_str_addf(out, fmt, value);
	pw_str_add(out, "</td>");
}

/* A number that should be 0. */
void cell_bad(struct pw_str *out, const char *fmt, double value)
{
	pw_str_add(out, value > 0 ? "<td class=bad>" : "<td>");
	pw_str_addf(out, fmt, value);
	pw_str_add(out, "</td>");
}

/* The first `left` columns hold text. */
void head(struct pw_str *out, const char *const *titles, size_t n, size_t left)
{
	pw_str_add(out, "<div class=scroll><table><tr>");
	for (size_t i = 0; i < n; i++) {
		pw_str_add(out, i < left ? "<th class=l>" : "<th>");
		html_text(out, titles[i]);
		pw_str_add(out, "</th>");
	}
	pw_str_add(out, "</tr>\n");
}
