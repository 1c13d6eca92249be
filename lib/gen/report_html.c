/* SPDX-License-Identifier: BSD-3-Clause */
/* The page. */
#include "pw_gen_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "pw_util.h"
#include "report.h"
#include "report_cells.h"

static const char style[] =
	":root{--fg:#1c2430;--dim:#667085;--bg:#fff;--card:#f6f8fa;--line:#dde2e8;--good:#18794e;--"
	"bad:#c62a2f}\n"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6e9ee;--dim:#98a2b3;--bg:#14171c;--card:#"
	"1d2128;"
	"--line:#343b46;--good:#4cc38a;--bad:#ff6369}}\n"
	"body{font:15px/1.5 system-ui,'DejaVu "
	"Sans',sans-serif;color:var(--fg);background:var(--bg);"
	"max-width:1360px;margin:2rem auto;padding:0 1.5rem}\n"
	"h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}\n"
	".dim,figcaption+*{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}b.badge{"
	"font-weight:600}\n"
	".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(520px,1fr));gap:1.2rem}\n"
	"figure{margin:0;background:var(--card);border:1px solid "
	"var(--line);border-radius:10px;padding:1rem}\n"
	"figcaption{font-weight:600;color:var(--fg);margin-bottom:.4rem}svg{width:100%;height:auto;"
	"display:block}\n"
	"svg "
	"text{font-size:12px;fill:var(--dim)}.grid{stroke:var(--line)}.axis{stroke:var(--dim)}\n"
	".line{fill:none;stroke-width:2.2}.dot{stroke:var(--card);stroke-width:1.5}\n"
	".legend{margin:.5rem 0 0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:13px}\n"
	".legend "
	"i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:.4rem}\n"
	"table{border-collapse:collapse;font-size:14px;width:100%}.scroll{overflow-x:auto}\n"
	"th,td{padding:.35rem .55rem;border-bottom:1px solid "
	"var(--line);text-align:right;white-space:nowrap}\n"
	"th{color:var(--dim);font-weight:600}th:first-child,td:first-child,.l{text-align:left}\n"
	"td{font-variant-numeric:tabular-nums}\n"
	"svg.spread{width:170px;height:16px;display:inline-block;vertical-align:middle}\n";

/* Okabe and Ito's palette: told apart by colour-blind readers, too. */
static const char *const colors[] = {
	"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8a63d2", "#7f8c8d"};

static void add_style(struct pw_str *out)
{
	pw_str_add(out, "<style>\n");
	pw_str_add(out, style);
	for (unsigned i = 0; i < PW_ARRAY_SIZE(colors); i++)
		pw_str_addf(out,
			".line.c%u{stroke:%s}.dot.c%u,.bar.c%u{fill:%s}i.c%u{background:%s}\n", i,
			colors[i], i, i, colors[i], i, colors[i]);
	pw_str_add(out, "</style>\n");
}

/* ---- tables ---- */

static void row_begin(struct pw_str *out, const json_t *result, const char *name)
{
	pw_str_add(out, "<tr>");
	cell_text(out, text_of(result, "name"));
	cell_text(out, name);
}

static void stream_table(const struct pw_gen_report *report, struct pw_str *out)
{
	static const char *const titles[] = {"run", "stream", "asked", "sent pps", "Gbit/s",
		"missed", "received pps", "lost", "loss %", "reordered", "duplicates", "damaged",
		"not as expected", "p50 us", "p99 us", "p99.9 us", "max us"};
	size_t k;
	json_t *s;

	pw_str_add(out, "<h2>Streams</h2>\n");
	head(out, titles, PW_ARRAY_SIZE(titles), 3);
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "streams"), k, s) {
			const json_t *latency = json_object_get(s, "latency");

			row_begin(out, report->results[i], text_of(s, "name"));
			cell_text(out, text_of(s, "asked"));
			cell(out, "%.0f", num(s, "tx_pps"));
			cell(out, "%.3f", num(s, "tx_l1_bps") / 1e9);
			cell(out, "%.0f", num(s, "missed_full") + num(s, "missed_late"));
			cell(out, "%.0f", num(s, "rx_pps"));
			cell_bad(out, "%.0f", num(s, "lost"));
			cell_bad(out, "%.4g", num(s, "loss_percent"));
			cell_bad(out, "%.0f", num(s, "reordered"));
			cell_bad(out, "%.0f", num(s, "duplicates"));
			cell_bad(out, "%.0f", num(s, "corrupt"));
			cell_bad(out, "%.0f", num(s, "translated_wrong"));
			cell(out, "%.2f", num(latency, "p50_us"));
			cell(out, "%.2f", num(latency, "p99_us"));
			cell(out, "%.2f", num(latency, "p999_us"));
			cell(out, "%.2f", num(latency, "max_us"));
			pw_str_add(out, "</tr>\n");
		}
	}
	pw_str_add(out, "</table></div>\n");
}

static void trial_row(const json_t *result, const json_t *t, struct pw_str *out)
{
	bool burst = strcmp(text_of(t, "test"), "back-to-back") == 0;

	row_begin(out, result, text_of(t, "test"));
	cell(out, "%.0f", num(t, "size"));
	if (strcmp(text_of(t, "test"), "throughput") == 0)
		cell(out, "%.3g", num(t, "accepted_loss_percent"));
	else
		pw_str_add(out, "<td></td>");
	if (!json_is_true(json_object_get(t, "found"))) {
		pw_str_add(out, "<td class=bad colspan=8>not found</td></tr>\n");
		return;
	}
	cell(out, "%.2f", num(t, "load_percent"));
	if (burst) {
		pw_str_addf(out, "<td class=l colspan=7>%.0f frames without loss</td></tr>\n",
			num(t, "burst_frames"));
		return;
	}
	cell(out, "%.4f", num(t, "received_pps") / 1e6);
	cell(out, "%.4f", num(t, "l1_bps") / 1e9);
	cell_bad(out, "%.4g", num(t, "loss_percent"));
	cell(out, "%.2f", num(t, "p50_us"));
	cell(out, "%.2f", num(t, "p99_us"));
	cell(out, "%.2f", num(t, "p999_us"));
	cell(out, "%.2f", num(t, "max_us"));
	pw_str_add(out, "</tr>\n");
}

static void trial_table(const struct pw_gen_report *report, struct pw_str *out)
{
	static const char *const titles[] = {"run", "test", "bytes", "accepted loss %", "load %",
		"Mpps", "Gbit/s", "loss %", "p50 us", "p99 us", "p99.9 us", "max us"};
	size_t k;
	json_t *t;

	pw_str_add(out, "<h2>RFC 2544</h2>\n");
	head(out, titles, PW_ARRAY_SIZE(titles), 2);
	for (uint32_t i = 0; i < report->n; i++)
		json_array_foreach (list_of(report->results[i], "rfc2544"), k, t)
			trial_row(report->results[i], t, out);
	pw_str_add(out, "</table></div>\n");
}

static void conn_table(const struct pw_gen_report *report, struct pw_str *out)
{
	static const char *const titles[] = {"run", "connections", "protocol", "asked/s",
		"completed/s", "opened", "completed", "failed", "refused", "p50 us", "p99 us"};
	size_t k;
	json_t *c;

	pw_str_add(out, "<h2>Connections</h2>\n");
	head(out, titles, PW_ARRAY_SIZE(titles), 3);
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "connections"), k, c) {
			const json_t *duration = json_object_get(c, "duration");

			row_begin(out, report->results[i], text_of(c, "name"));
			cell_text(out, text_of(c, "proto"));
			cell(out, "%.0f", num(c, "asked_cps"));
			cell(out, "%.0f", num(c, "cps"));
			cell(out, "%.0f", num(c, "opened"));
			cell(out, "%.0f", num(c, "completed"));
			cell_bad(out, "%.0f", num(c, "failed"));
			cell_bad(out, "%.0f", num(c, "refused"));
			cell(out, "%.2f", num(duration, "p50_us"));
			cell(out, "%.2f", num(duration, "p99_us"));
			pw_str_add(out, "</tr>\n");
		}
	}
	pw_str_add(out, "</table></div>\n");
}

static void environment_table(const struct pw_gen_report *report, struct pw_str *out)
{
	static const char *const titles[] = {
		"run", "profile", "started", "seconds", "podway", "DPDK", "kernel", "cpu", "ports"};
	size_t k;
	json_t *port;

	pw_str_add(out, "<h2>Where and with what</h2>\n");
	head(out, titles, PW_ARRAY_SIZE(titles), PW_ARRAY_SIZE(titles));
	for (uint32_t i = 0; i < report->n; i++) {
		const json_t *r = report->results[i], *env = json_object_get(r, "environment");
		char seconds[24];

		row_begin(out, r, text_of(r, "profile"));
		cell_text(out, text_of(r, "started"));
		snprintf(seconds, sizeof(seconds), "%.1f", num(r, "seconds"));
		cell_text(out, seconds);
		cell_text(out, text_of(env, "version"));
		cell_text(out, text_of(env, "dpdk"));
		cell_text(out, text_of(env, "kernel"));
		cell_text(out, text_of(env, "cpu"));
		pw_str_add(out, "<td class=l>");
		json_array_foreach (list_of(r, "ports"), k, port) {
			pw_str_add(out, k > 0 ? "<br>" : "");
			html_text(out, text_of(port, "name"));
			pw_str_add(out, " (");
			html_text(out, text_of(port, "path"));
			pw_str_add(out, ")");
		}
		pw_str_add(out, "</td></tr>\n");
	}
	pw_str_add(out, "</table></div>\n");
}

/* ---- plots ---- */

/* "run" alone where there is one result, else with its name before. */
static const char *label(
	const struct pw_gen_report *report, uint32_t i, const char *what, char buf[static 96])
{
	if (report->n == 1)
		snprintf(buf, 96, "%s", what);
	else
		snprintf(buf, 96, "%.40s: %.50s", text_of(report->results[i], "name"), what);
	return buf;
}

static const char *size_text(double size)
{
	static const char *const sizes[] = {
		"64", "128", "256", "512", "1024", "1280", "1518", "9000"};
	char text[16];

	snprintf(text, sizeof(text), "%.0f", size);
	for (size_t i = 0; i < PW_ARRAY_SIZE(sizes); i++)
		if (strcmp(sizes[i], text) == 0)
			return sizes[i];
	return "other";
}

static void plot_throughput(const struct pw_gen_report *report, struct pw_str *out, bool bits)
{
	struct plot *plot =
		plot_new(bits ? "Throughput on the wire by frame size" : "Throughput by frame size",
			"frame size, bytes with FCS", bits ? "Gbit/s" : "Mpps");
	size_t k;
	json_t *t;

	if (plot == NULL)
		return;
	plot->bars = true;
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "rfc2544"), k, t) {
			char what[48], buf[96];

			if (strcmp(text_of(t, "test"), "throughput") != 0)
				continue;
			snprintf(what, sizeof(what), "%g %% loss accepted",
				num(t, "accepted_loss_percent"));
			plot_point(plot_series(plot, "%s", label(report, i, what, buf)),
				plot_group(plot, size_text(num(t, "size"))),
				bits ? num(t, "l1_bps") / 1e9 : num(t, "received_pps") / 1e6);
		}
	}
	plot_write(plot, out);
	free(plot);
}

static void plot_streams(const struct pw_gen_report *report, struct pw_str *out)
{
	struct plot *plot = plot_new("Sent and received", "stream", "Mpps");
	size_t k;
	json_t *s;

	if (plot == NULL)
		return;
	plot->bars = true;
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "streams"), k, s) {
			uint32_t group = plot_group(plot, text_of(s, "name"));
			char buf[96];

			plot_point(plot_series(plot, "%s", label(report, i, "sent", buf)), group,
				num(s, "tx_pps") / 1e6);
			plot_point(plot_series(plot, "%s", label(report, i, "received", buf)),
				group, num(s, "rx_pps") / 1e6);
		}
	}
	plot_write(plot, out);
	free(plot);
}

/* The whole distribution from the buckets: how long the slowest 1 in 10^x took. */
static void add_distribution(struct plot_series *series, const json_t *hist)
{
	double total = num(hist, "count"), seen = 0, last = -1;
	size_t k;
	json_t *bucket;

	json_array_foreach (list_of(hist, "buckets"), k, bucket) {
		double us = json_number_value(json_array_get(bucket, 0)), x;

		seen += json_number_value(json_array_get(bucket, 1));
		x = seen < total ? -log10(1 - seen / total) : log10(total);
		if (x - last < 0.02 && seen < total)
			continue;
		plot_point(series, PW_MIN(x, 5.0), PW_MAX(us, 0.01));
		last = x;
	}
}

static void plot_latency(const struct pw_gen_report *report, struct pw_str *out)
{
	struct plot *plot = plot_new("Latency by percentile", "percentile", "us");
	size_t k;
	json_t *s;

	if (plot == NULL)
		return;
	plot->log_y = true;
	plot->percentile = true;
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "streams"), k, s) {
			char buf[96];

			if (json_is_object(json_object_get(s, "latency")))
				add_distribution(plot_series(plot, "%s",
							 label(report, i, text_of(s, "name"), buf)),
					json_object_get(s, "latency"));
		}
	}
	plot_write(plot, out);
	free(plot);
}

static void plot_load_latency(const struct pw_gen_report *report, struct pw_str *out)
{
	struct plot *plot =
		plot_new("Latency by load (p99)", "% of the highest rate without loss", "us");
	size_t k;
	json_t *t;

	if (plot == NULL)
		return;
	plot->log_y = true;
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "rfc2544"), k, t) {
			char what[48], buf[96];

			if (strcmp(text_of(t, "test"), "latency") != 0)
				continue;
			snprintf(what, sizeof(what), "%.0f bytes", num(t, "size"));
			plot_point(plot_series(plot, "%s", label(report, i, what, buf)),
				num(t, "load_percent"), PW_MAX(num(t, "p99_us"), 0.01));
		}
	}
	plot_write(plot, out);
	free(plot);
}

static void plot_loss(const struct pw_gen_report *report, struct pw_str *out)
{
	struct plot *plot =
		plot_new("Frame loss by load", "load, % of the highest rate", "loss, %");
	size_t k;
	json_t *t;

	if (plot == NULL)
		return;
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "rfc2544"), k, t) {
			char what[48], buf[96];

			if (strcmp(text_of(t, "test"), "frame-loss") != 0 ||
				!json_is_true(json_object_get(t, "found")))
				continue;
			snprintf(what, sizeof(what), "%.0f bytes", num(t, "size"));
			plot_point(plot_series(plot, "%s", label(report, i, what, buf)),
				num(t, "load_percent"), num(t, "loss_percent"));
		}
	}
	plot_write(plot, out);
	free(plot);
}

/* Several runs that differ in their number of flows. */
static void plot_flows(const struct pw_gen_report *report, struct pw_str *out)
{
	struct plot *plot = plot_new("Received rate by number of flows", "flows", "Mpps");
	double first = -1;
	bool ladder = false;
	size_t k;
	json_t *s;

	if (plot == NULL)
		return;
	plot->log_x = true;
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "streams"), k, s) {
			double flows = num(s, "flows");

			ladder |= first >= 0 && flows != first;
			first = flows;
			plot_point(plot_series(plot, "%s", text_of(s, "name")), PW_MAX(flows, 1.0),
				num(s, "rx_pps") / 1e6);
		}
	}
	for (uint32_t i = 0; i < plot->n_series; i++)
		if (plot->series[i].x[plot->series[i].n - 1] <= plot->series[i].x[0])
			plot->series[i--] = plot->series[--plot->n_series];
	if (ladder)
		plot_write(plot, out);
	free(plot);
}

/* ---- the whole ---- */

static void verdicts(const struct pw_gen_report *report, struct pw_str *out)
{
	size_t k;
	json_t *line;

	for (uint32_t i = 0; i < report->n; i++) {
		const json_t *r = report->results[i];
		bool passed = json_is_true(json_object_get(r, "passed"));

		pw_str_addf(out, "<p><b class='badge %s'>%s</b> ", passed ? "good" : "bad",
			passed ? "passed" : "not passed");
		html_text(out, text_of(r, "name"));
		pw_str_add(out, " <span class=dim>");
		html_text(out, text_of(r, "started"));
		pw_str_add(out, "</span>");
		if (*text_of(r, "ended_early") != '\0') {
			pw_str_add(out, "<br>ended early: ");
			html_text(out, text_of(r, "ended_early"));
		}
		json_array_foreach (list_of(r, "failures"), k, line) {
			pw_str_add(out, "<br>");
			html_text(out, json_string_value(line));
		}
		pw_str_add(out, "</p>\n");
	}
}

static bool any(const struct pw_gen_report *report, const char *list)
{
	for (uint32_t i = 0; i < report->n; i++)
		if (json_array_size(list_of(report->results[i], list)) > 0)
			return true;
	return false;
}

/* Results of runs, side by side. */
static void runs(const struct pw_gen_report *report, struct pw_str *out)
{
	bool searched = any(report, "rfc2544");

	verdicts(report, out);
	pw_str_add(out, "<div class=plots>\n");
	plot_throughput(report, out, false);
	plot_throughput(report, out, true);
	plot_load_latency(report, out);
	plot_loss(report, out);
	if (!searched) {
		plot_streams(report, out);
		plot_latency(report, out);
		plot_flows(report, out);
	}
	pw_str_add(out, "</div>\n");
	if (searched)
		trial_table(report, out);
	else if (any(report, "streams"))
		stream_table(report, out);
	if (any(report, "connections"))
		conn_table(report, out);
	environment_table(report, out);
}

void pw_gen_report_html(const struct pw_gen_report *report, struct pw_str *out)
{
	pw_str_add(out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
			"<meta name=viewport content='width=device-width'>\n"
			"<title>podway-gen report</title>\n");
	add_style(out);
	pw_str_add(out, "</head><body>\n<h1>podway-gen report</h1>\n");
	if (report->figures != NULL)
		report_figures_html(report->figures, out);
	if (report->n > 0)
		runs(report, out);
	pw_str_add(out, "</body></html>\n");
}
