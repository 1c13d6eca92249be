/* SPDX-License-Identifier: BSD-3-Clause */
#include "plot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pw_util.h"

#define WIDTH  640
#define HEIGHT 320
#define LEFT   64
#define RIGHT  28
#define TOP    12
#define BOTTOM 48
#define TICKS  5

struct axis {
	double low, high; /* after the logarithm */
	bool log;
};

struct plot *plot_new(const char *title, const char *x_label, const char *y_label)
{
	struct plot *plot = calloc(1, sizeof(*plot));

	if (plot == NULL)
		return NULL;
	plot->title = title;
	plot->x_label = x_label;
	plot->y_label = y_label;
	return plot;
}

struct plot_series *plot_series(struct plot *plot, const char *fmt, ...)
{
	struct plot_series *s;
	char name[sizeof(s->name)];
	va_list ap;

	if (plot == NULL)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	for (uint32_t i = 0; i < plot->n_series; i++)
		if (strcmp(plot->series[i].name, name) == 0)
			return &plot->series[i];
	if (plot->n_series == PLOT_SERIES_MAX)
		return NULL;
	s = &plot->series[plot->n_series++];
	memcpy(s->name, name, sizeof(name));
	return s;
}

void plot_point(struct plot_series *s, double x, double y)
{
	uint32_t at;

	if (s == NULL || s->n == PLOT_POINTS_MAX)
		return;
	for (at = s->n; at > 0 && s->x[at - 1] > x; at--) { /* in order of x */
		s->x[at] = s->x[at - 1];
		s->y[at] = s->y[at - 1];
	}
	s->x[at] = x;
	s->y[at] = y;
	s->n++;
}

uint32_t plot_group(struct plot *plot, const char *text)
{
	for (uint32_t i = 0; i < plot->n_groups; i++)
		if (strcmp(plot->groups[i], text) == 0)
			return i;
	if (plot->n_groups == PW_ARRAY_SIZE(plot->groups))
		return plot->n_groups - 1;
	plot->groups[plot->n_groups] = text;
	return plot->n_groups++;
}

void html_text(struct pw_str *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			pw_str_add(out, "&lt;");
			break;
		case '>':
			pw_str_add(out, "&gt;");
			break;
		case '&':
			pw_str_add(out, "&amp;");
			break;
		case '"':
			pw_str_add(out, "&quot;");
			break;
		default:
			pw_str_addn(out, text, 1);
		}
	}
}

/* ---- axes ---- */

static double scaled(const struct axis *axis, double value)
{
	double v = axis->log ? log10(value > 0 ? value : 1e-9) : value;

	return axis->high > axis->low ? (v - axis->low) / (axis->high - axis->low) : 0.5;
}

static double x_of(const struct axis *axis, double value)
{
	return LEFT + scaled(axis, value) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axis *axis, double value)
{
	return HEIGHT - BOTTOM - scaled(axis, value) * (HEIGHT - TOP - BOTTOM);
}

/* A step of 1, 2 or 5 times a power of ten. */
static double nice_step(double range)
{
	double raw = range / TICKS, power = pow(10, floor(log10(raw))), part = raw / power;

	return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * power;
}

static struct axis axis_of(const struct plot *plot, bool y)
{
	struct axis axis = {
		.low = INFINITY, .high = -INFINITY, .log = y ? plot->log_y : plot->log_x};

	for (uint32_t i = 0; i < plot->n_series; i++) {
		for (uint32_t k = 0; k < plot->series[i].n; k++) {
			double v = y ? plot->series[i].y[k] : plot->series[i].x[k];

			v = axis.log ? log10(v > 0 ? v : 1e-9) : v;
			axis.low = PW_MIN(axis.low, v);
			axis.high = PW_MAX(axis.high, v);
		}
	}
	if (axis.log) {
		axis.low = floor(axis.low);
		axis.high = PW_MAX(ceil(axis.high), axis.low + 1);
	} else if (y) {
		axis.low = 0;
		if (axis.high <= 0)
			axis.high = 1;
		axis.high = ceil(axis.high / nice_step(axis.high)) * nice_step(axis.high);
	}
	return axis;
}

static void short_value(double v, char *buf, size_t size)
{
	if (fabs(v) >= 1e6)
		snprintf(buf, size, "%.3gM", v / 1e6);
	else if (fabs(v) >= 1e4)
		snprintf(buf, size, "%.3gk", v / 1e3);
	else
		snprintf(buf, size, "%.4g", v);
}

static void y_tick(struct pw_str *out, const struct axis *axis, double value)
{
	double y = y_of(axis, value);
	char text[24];

	short_value(value, text, sizeof(text));
	pw_str_addf(
		out, "<line class=grid x1=%d x2=%d y1=%.1f y2=%.1f />", LEFT, WIDTH - RIGHT, y, y);
	pw_str_addf(out, "<text x=%d y=%.1f text-anchor=end>%s</text>", LEFT - 8, y + 4, text);
}

static void x_tick(struct pw_str *out, double x, const char *text)
{
	pw_str_addf(out, "<text x=%.1f y=%d text-anchor=middle>", x, HEIGHT - BOTTOM + 18);
	html_text(out, text);
	pw_str_add(out, "</text>");
}

static void y_ticks(struct pw_str *out, const struct axis *axis)
{
	if (axis->log) {
		for (double e = axis->low; e <= axis->high; e++)
			y_tick(out, axis, pow(10, e));
		return;
	}
	for (double v = 0; v <= axis->high * 1.0001; v += nice_step(axis->high))
		y_tick(out, axis, v);
}

static void x_ticks(struct pw_str *out, const struct plot *plot, const struct axis *axis)
{
	static const char *const percentiles[] = {"0", "90", "99", "99.9", "99.99", "99.999"};
	char text[24];

	if (plot->percentile) {
		for (unsigned i = 0; i < PW_ARRAY_SIZE(percentiles) && i <= axis->high; i++)
			x_tick(out, x_of(axis, i), percentiles[i]);
		return;
	}
	if (axis->log) {
		for (double e = axis->low; e <= axis->high; e++) {
			short_value(pow(10, e), text, sizeof(text));
			x_tick(out, x_of(axis, pow(10, e)), text);
		}
		return;
	}
	if (axis->high <= axis->low) {
		short_value(axis->low, text, sizeof(text));
		x_tick(out, x_of(axis, axis->low), text);
		return;
	}
	double step = nice_step(axis->high - axis->low);

	for (double v = ceil(axis->low / step) * step; v <= axis->high * 1.0001; v += step) {
		short_value(v, text, sizeof(text));
		x_tick(out, x_of(axis, v), text);
	}
}

/* ---- marks ---- */

static void tip(struct pw_str *out, const struct plot_series *s, const char *x, double y)
{
	pw_str_add(out, "<title>");
	html_text(out, s->name);
	pw_str_addf(out, ", %s: %.6g</title>", x, y);
}

static void tip_x(const struct plot *plot, double x, char *buf, size_t size)
{
	if (plot->percentile)
		snprintf(buf, size, "p%.6g", 100 * (1 - pow(10, -x)));
	else
		short_value(x, buf, size);
}

static void write_lines(
	struct pw_str *out, const struct plot *plot, const struct axis *ax, const struct axis *ay)
{
	for (uint32_t i = 0; i < plot->n_series; i++) {
		const struct plot_series *s = &plot->series[i];

		pw_str_addf(out, "<polyline class='line c%u' points='", i % 8);
		for (uint32_t k = 0; k < s->n; k++)
			pw_str_addf(out, "%.1f,%.1f ", x_of(ax, s->x[k]), y_of(ay, s->y[k]));
		pw_str_add(out, "'/>");
		for (uint32_t k = 0; k < s->n && s->n <= 24; k++) {
			char x[24];

			tip_x(plot, s->x[k], x, sizeof(x));
			pw_str_addf(out, "<circle class='dot c%u' r=4 cx=%.1f cy=%.1f>", i % 8,
				x_of(ax, s->x[k]), y_of(ay, s->y[k]));
			tip(out, s, x, s->y[k]);
			pw_str_add(out, "</circle>");
		}
	}
}

static void write_bars(struct pw_str *out, const struct plot *plot, const struct axis *ay)
{
	double group = (double)(WIDTH - LEFT - RIGHT) / plot->n_groups;
	double bar = PW_MIN(group * 0.8 / plot->n_series, 48.0);

	for (uint32_t g = 0; g < plot->n_groups; g++)
		x_tick(out, LEFT + (g + 0.5) * group, plot->groups[g]);
	for (uint32_t i = 0; i < plot->n_series; i++) {
		const struct plot_series *s = &plot->series[i];

		for (uint32_t k = 0; k < s->n; k++) {
			double middle = LEFT + (s->x[k] + 0.5) * group, y = y_of(ay, s->y[k]);
			double x = middle + (i - plot->n_series / 2.0) * bar;

			pw_str_addf(out,
				"<rect class='bar c%u' x=%.1f y=%.1f width=%.1f height=%.1f rx=2>",
				i % 8, x + 1, y, bar - 2, HEIGHT - BOTTOM - y);
			tip(out, s, plot->groups[(uint32_t)s->x[k]], s->y[k]);
			pw_str_add(out, "</rect>");
		}
	}
}

static void write_legend(struct pw_str *out, const struct plot *plot)
{
	pw_str_add(out, "<p class=legend>");
	for (uint32_t i = 0; i < plot->n_series; i++) {
		pw_str_addf(out, "<span><i class=c%u></i>", i % 8);
		html_text(out, plot->series[i].name);
		pw_str_add(out, "</span>");
	}
	pw_str_add(out, "</p>");
}

static bool has_points(const struct plot *plot)
{
	for (uint32_t i = 0; plot != NULL && i < plot->n_series; i++)
		if (plot->series[i].n > 0)
			return true;
	return false;
}

void plot_write(const struct plot *plot, struct pw_str *out)
{
	struct axis ax, ay;

	if (!has_points(plot))
		return;
	ax = axis_of(plot, false);
	ay = axis_of(plot, true);
	pw_str_add(out, "<figure><figcaption>");
	html_text(out, plot->title);
	pw_str_addf(out, "</figcaption><svg viewBox='0 0 %d %d' role=img>", WIDTH, HEIGHT);
	y_ticks(out, &ay);
	if (plot->bars) {
		write_bars(out, plot, &ay);
	} else {
		x_ticks(out, plot, &ax);
		write_lines(out, plot, &ax, &ay);
	}
	pw_str_addf(out, "<line class=axis x1=%d x2=%d y1=%d y2=%d />", LEFT, WIDTH - RIGHT,
		HEIGHT - BOTTOM, HEIGHT - BOTTOM);
	pw_str_addf(out, "<text class=label x=%d y=%d text-anchor=middle>", (WIDTH + LEFT) / 2,
		HEIGHT - 8);
	html_text(out, plot->x_label);
	pw_str_addf(out,
		"</text><text class=label transform='translate(14 %d) rotate(-90)' "
		"text-anchor=middle>",
		(HEIGHT - BOTTOM) / 2);
	html_text(out, plot->y_label);
	pw_str_add(out, "</text></svg>");
	write_legend(out, plot);
	pw_str_add(out, "</figure>\n");
}
