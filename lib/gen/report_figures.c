/* SPDX-License-Identifier: BSD-3-Clause */
/* Figures of benchmarks: values, ratios to a peer measured in the same minute, goals. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot.h"
#include "pw_util.h"
#include "report.h"
#include "report_cells.h"

int report_figures_check(const json_t *list, const char *path, struct pw_err *err)
{
	const json_t *f;
	size_t k;

	json_array_foreach (list, k, f) {
		if (*text_of(f, "what") == '\0' || !json_is_number(json_object_get(f, "value")))
			return pw_err_set(err, -EINVAL,
				"%s: element %zu of the list is no figure (what, value)", path, k);
	}
	return 0;
}

struct verdict {
	unsigned goals, met;
};

static struct verdict count(const json_t *list)
{
	struct verdict v = {0};
	const json_t *f;
	size_t k;

	json_array_foreach (list, k, f) {
		const json_t *met = json_object_get(f, "met");

		v.goals += json_is_boolean(met);
		v.met += json_is_true(met);
	}
	return v;
}

/* As many digits as say something. */
static const char *number(double value, char buf[static 24])
{
	double size = fabs(value);

	snprintf(buf, 24, "%.*f", size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3, value);
	return buf;
}

/* "median (min..max)"; the bounds are left out where there was one window only. */
static const char *spread(const json_t *f, const char *median, char buf[static 96])
{
	char m[24], a[24], b[24];

	number(num(f, median), m);
	if (num(f, "pairs") < 2)
		snprintf(buf, 96, "%s", m);
	else
		snprintf(buf, 96, "%s (%s..%s)", m, number(num(f, "min"), a),
			number(num(f, "max"), b));
	return buf;
}

/* C programs write the bound as a number, scripts a condition. */
static const char *goal_of(const json_t *f, char buf[static 24])
{
	const json_t *goal = json_object_get(f, "goal");

	if (!json_is_number(goal))
		return text_of(f, "goal");
	snprintf(buf, 24, "%g", json_number_value(goal));
	return buf;
}

static const char *met_of(const json_t *f)
{
	const json_t *met = json_object_get(f, "met");

	return !json_is_boolean(met) ? "" : json_is_true(met) ? "met" : "not met";
}

/* ---- page ---- */

#define WIDTH 170.0
#define LOW   -1.0 /* powers of ten */
#define HIGH  2.0

static double x_of(double ratio)
{
	double power = ratio > 0 ? log10(ratio) : LOW;

	return (PW_MIN(PW_MAX(power, LOW), HIGH) - LOW) / (HIGH - LOW) * (WIDTH - 10) + 5;
}

/* From the lowest ratio to the highest, a dot at the median, a tick at 1. */
static void ratio_bar(const json_t *ratio, struct pw_str *out)
{
	pw_str_addf(out, "<svg class=spread viewBox='0 0 %.0f 16'>", WIDTH);
	pw_str_addf(out, "<line class=axis x1=%.1f x2=%.1f y1=1 y2=15 />", x_of(1), x_of(1));
	pw_str_addf(out, "<line class='line c0' x1=%.1f x2=%.1f y1=8 y2=8 />",
		x_of(num(ratio, "min")), x_of(num(ratio, "max")));
	pw_str_addf(out, "<circle class='dot c0' cx=%.1f cy=8 r=4 /></svg>",
		x_of(num(ratio, "median")));
}

static void ratio_cells(const json_t *f, struct pw_str *out)
{
	const json_t *ratio = json_object_get(f, "ratio");
	char buf[96];

	if (!json_is_object(ratio)) {
		pw_str_add(out, "<td></td><td></td>");
		return;
	}
	pw_str_add(out, "<td>");
	html_text(out, spread(ratio, "median", buf));
	pw_str_addf(out, " of %.0f</td><td class=l>", num(ratio, "pairs"));
	ratio_bar(ratio, out);
	pw_str_add(out, "</td>");
}

static void met_cell(const json_t *f, struct pw_str *out)
{
	const char *met = met_of(f);

	pw_str_addf(out, "<td class='l %s'>%s</td>", strcmp(met, "met") == 0 ? "good" : "bad", met);
}

static void row(const json_t *f, struct pw_str *out)
{
	char buf[96], goal[24];

	pw_str_add(out, "<tr>");
	cell_text(out, text_of(f, "id"));
	cell_text(out, text_of(f, "what"));
	pw_str_add(out, "<td>");
	html_text(out, spread(f, "value", buf));
	pw_str_add(out, "</td>");
	cell_text(out, text_of(f, "unit"));
	cell_text(out, goal_of(f, goal));
	met_cell(f, out);
	ratio_cells(f, out);
	pw_str_add(out, "</tr>\n");
}

/* Where, and how the packets went: once for figures in a row that say the same. */
static void origin(const json_t *f, const char *key, const char *last, struct pw_str *out)
{
	if (*text_of(f, key) == '\0' || strcmp(text_of(f, key), last) == 0)
		return;
	pw_str_add(out, "<br>");
	html_text(out, text_of(f, key));
}

static void origins(const json_t *list, const char *command, struct pw_str *out)
{
	const char *path = "", *machine = "";
	const json_t *f;
	size_t k;

	pw_str_add(out, "<p class=dim>");
	html_text(out, command);
	json_array_foreach (list, k, f) {
		if (strcmp(text_of(f, "command"), command) != 0)
			continue;
		origin(f, "path", path, out);
		origin(f, "machine", machine, out);
		path = text_of(f, "path");
		machine = text_of(f, "machine");
	}
	pw_str_add(out, "</p>\n");
}

/* A table for each command, as its figures follow one another in the list. */
void report_figures_html(const json_t *list, struct pw_str *out)
{
	static const char *const titles[] = {"goal", "figure", "median (min..max)", "", "wanted",
		"", "ratio to the peer", "0.1 .. 1 .. 100 times"};
	struct verdict v = count(list);
	const char *command = NULL;
	const json_t *f;
	size_t k;

	pw_str_addf(out, "<h2>Benchmarks</h2>\n<p>%zu figures; of %u goals %u are met.</p>\n",
		json_array_size(list), v.goals, v.met);
	json_array_foreach (list, k, f) {
		if (command == NULL || strcmp(command, text_of(f, "command")) != 0) {
			if (command != NULL)
				pw_str_add(out, "</table></div>\n");
			command = text_of(f, "command");
			origins(list, command, out);
			head(out, titles, PW_ARRAY_SIZE(titles), 2);
		}
		row(f, out);
	}
	if (command != NULL)
		pw_str_add(out, "</table></div>\n");
}

/* ---- Markdown ---- */

void report_figures_markdown(const json_t *list, struct pw_str *out)
{
	const json_t *f;
	size_t k;

	pw_str_add(out,
		"| goal | figure | median (min..max) | unit | ratio to the peer | wanted | |\n"
		"|---|---|--:|---|--:|---|---|\n");
	json_array_foreach (list, k, f) {
		const json_t *ratio = json_object_get(f, "ratio");
		char buf[96], goal[24];

		pw_str_addf(out, "| %s | ", text_of(f, "id"));
		md_text(out, text_of(f, "what"));
		pw_str_addf(out, " | %s | ", spread(f, "value", buf));
		md_text(out, text_of(f, "unit"));
		pw_str_addf(
			out, " | %s | ", json_is_object(ratio) ? spread(ratio, "median", buf) : "");
		md_text(out, goal_of(f, goal));
		pw_str_addf(out, " | %s |\n", met_of(f));
	}
}
