/* SPDX-License-Identifier: BSD-3-Clause */
/* plot.h - line and bar plots as SVG. Private to lib/gen. */
#ifndef GEN_PLOT_H
#define GEN_PLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_str.h"

#define PLOT_SERIES_MAX 16
#define PLOT_POINTS_MAX 512

struct plot_series {
	char name[96];
	double x[PLOT_POINTS_MAX], y[PLOT_POINTS_MAX];
	uint32_t n;
};

struct plot {
	const char *title, *x_label, *y_label;
	bool log_x, log_y;
	bool bars;       /* x: index of the group */
	bool percentile; /* x is -log10(1 - p): ticks at 50, 90, 99, .. */
	const char *groups[16];
	uint32_t n_groups;
	struct plot_series series[PLOT_SERIES_MAX];
	uint32_t n_series;
};

struct plot *plot_new(
	const char *title, const char *x_label, const char *y_label); /* NULL; free() */
/* The series of this name, made if it is not there; NULL: no room. */
struct plot_series *plot_series(struct plot *plot, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void plot_point(struct plot_series *series, double x, double y); /* NULL series: nothing */
/* Group of a bar plot by its text, made if it is not there. */
uint32_t plot_group(struct plot *plot, const char *text);
/* <figure> with the plot; nothing if it has no point. */
void plot_write(const struct plot *plot, struct pw_str *out);
void html_text(struct pw_str *out, const char *text); /* escaped */

#endif
