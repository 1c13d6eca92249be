/* SPDX-License-Identifier: BSD-3-Clause */
/* Results read, and the Markdown table. */
#include "pw_gen_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pw_file.h"
#include "report.h"

#define RESULT_MAX ((size_t)64 << 20)

static int add_figures(
	struct pw_gen_report *report, json_t *list, const char *path, struct pw_err *err)
{
	int rc = report_figures_check(list, path, err);

	if (rc == 0 && report->figures == NULL)
		report->figures = json_array();
	if (rc == 0 && json_array_extend(report->figures, list) != 0)
		rc = pw_err_set(err, -ENOMEM, "out of memory");
	json_decref(list);
	return rc;
}

int pw_gen_report_add(struct pw_gen_report *report, const char *path, struct pw_err *err)
{
	json_error_t where;
	json_t *root;
	char *text;
	size_t len;
	int rc;

	rc = pw_file_read(path, RESULT_MAX, &text, &len);
	if (rc != 0)
		return pw_err_set(err, rc, "%s: cannot be read: %s", path, strerror(-rc));
	root = json_loadb(text, len, 0, &where);
	free(text);
	if (root == NULL)
		return pw_err_set(err, -EINVAL, "%s:%d:%d: not JSON: %s", path, where.line,
			where.column, where.text);
	if (json_is_array(root))
		return add_figures(report, root, path, err);
	if (strcmp(text_of(root, "program"), "podway-gen") != 0 || num(root, "format") != 1) {
		json_decref(root);
		return pw_err_set(
			err, -EINVAL, "%s: not a result of podway-gen (program, format)", path);
	}
	if (report->n == PW_GEN_REPORT_MAX) {
		json_decref(root);
		return pw_err_set(err, -E2BIG, "more than %u results", PW_GEN_REPORT_MAX);
	}
	report->results[report->n++] = root;
	return 0;
}

void pw_gen_report_free(struct pw_gen_report *report)
{
	for (uint32_t i = 0; i < report->n; i++)
		json_decref(report->results[i]);
	report->n = 0;
	json_decref(report->figures);
	report->figures = NULL;
}

/* ---- Markdown ---- */

void md_text(struct pw_str *out, const char *text)
{
	for (; *text != '\0'; text++)
		pw_str_addf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void md_name(struct pw_str *out, const json_t *result, const json_t *row)
{
	pw_str_add(out, "| ");
	md_text(out, text_of(result, "name"));
	pw_str_add(out, " | ");
	md_text(out, text_of(row, row != NULL && json_object_get(row, "test") ? "test" : "name"));
	pw_str_add(out, " |");
}

static void md_streams(const struct pw_gen_report *report, struct pw_str *out)
{
	size_t k;
	json_t *s;

	pw_str_add(out, "| run | stream | asked | sent pps | received pps | loss % | reordered | "
			"duplicates | damaged | not as expected | p50 us | p99 us | p99.9 us |\n"
			"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "streams"), k, s) {
			const json_t *latency = json_object_get(s, "latency");

			md_name(out, report->results[i], s);
			pw_str_addf(out,
				" %s | %.0f | %.0f | %.4g | %.0f | %.0f | %.0f | %.0f | %.2f | "
				"%.2f | "
				"%.2f |\n",
				text_of(s, "asked"), num(s, "tx_pps"), num(s, "rx_pps"),
				num(s, "loss_percent"), num(s, "reordered"), num(s, "duplicates"),
				num(s, "corrupt"), num(s, "translated_wrong"),
				num(latency, "p50_us"), num(latency, "p99_us"),
				num(latency, "p999_us"));
		}
	}
}

static void md_trials(const struct pw_gen_report *report, struct pw_str *out)
{
	size_t k;
	json_t *t;

	pw_str_add(out,
		"\n| run | test | bytes | accepted loss % | load % | Mpps | Gbit/s | loss % | "
		"p50 us | p99 us | max us | burst |\n"
		"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "rfc2544"), k, t) {
			md_name(out, report->results[i], t);
			pw_str_addf(out,
				" %.0f | %.3g | %.2f | %.4f | %.4f | %.4g | %.2f | %.2f | %.2f | "
				"%.0f "
				"|\n",
				num(t, "size"), num(t, "accepted_loss_percent"),
				num(t, "load_percent"), num(t, "received_pps") / 1e6,
				num(t, "l1_bps") / 1e9, num(t, "loss_percent"), num(t, "p50_us"),
				num(t, "p99_us"), num(t, "max_us"), num(t, "burst_frames"));
		}
	}
}

static void md_conns(const struct pw_gen_report *report, struct pw_str *out)
{
	size_t k;
	json_t *c;

	pw_str_add(out,
		"\n| run | connections | asked/s | completed/s | failed | refused | p50 us | "
		"p99 us |\n|---|---|--:|--:|--:|--:|--:|--:|\n");
	for (uint32_t i = 0; i < report->n; i++) {
		json_array_foreach (list_of(report->results[i], "connections"), k, c) {
			const json_t *duration = json_object_get(c, "duration");

			md_name(out, report->results[i], c);
			pw_str_addf(out, " %.0f | %.0f | %.0f | %.0f | %.2f | %.2f |\n",
				num(c, "asked_cps"), num(c, "cps"), num(c, "failed"),
				num(c, "refused"), num(duration, "p50_us"),
				num(duration, "p99_us"));
		}
	}
}

static bool any(const struct pw_gen_report *report, const char *list)
{
	for (uint32_t i = 0; i < report->n; i++)
		if (json_array_size(list_of(report->results[i], list)) > 0)
			return true;
	return false;
}

void pw_gen_report_markdown(const struct pw_gen_report *report, struct pw_str *out)
{
	if (report->figures != NULL)
		report_figures_markdown(report->figures, out);
	if (any(report, "streams") && !any(report, "rfc2544"))
		md_streams(report, out);
	if (any(report, "rfc2544"))
		md_trials(report, out);
	if (any(report, "connections"))
		md_conns(report, out);
}
