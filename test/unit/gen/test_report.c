/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen_test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "pw_file.h"
#include "pw_gen_report.h"

static const char result[] =
	"{\"program\": \"podway-gen\", \"format\": 1, \"name\": \"a <b> & c\", \"passed\": false,"
	"\"failures\": [\"up: loss 1 %\"], \"streams\": [{\"name\": \"up|down\", \"asked\": "
	"\"1kpps\","
	"\"tx_pps\": 1000.0, \"rx_pps\": 990.0, \"loss_percent\": 1.0, \"lost\": 10, \"flows\": 5,"
	"\"latency\": {\"count\": 3, \"p50_us\": 2.5, \"buckets\": [[1.0, 1], [2.0, 1], [9.0, "
	"1]]}}]}";

static const char search[] =
	"{\"program\": \"podway-gen\", \"format\": 1, \"name\": \"s\", \"passed\": true, "
	"\"rfc2544\": ["
	"{\"test\": \"throughput\", \"size\": 64, \"found\": true, \"received_pps\": 5e6, "
	"\"l1_bps\": 3e9},"
	"{\"test\": \"frame-loss\", \"size\": 64, \"found\": true, \"load_percent\": 100, "
	"\"loss_percent\": 3},"
	"{\"test\": \"latency\", \"size\": 64, \"found\": true, \"load_percent\": 10, \"p99_us\": "
	"3},"
	"{\"test\": \"back-to-back\", \"size\": 64, \"found\": true, \"burst_frames\": 77}]}";

static const char list[] =
	"[{\"id\": \"P-4\", \"what\": \"a <b>\", \"value\": 7.5, \"min\": 7, \"max\": 8.25, "
	"\"pairs\": 7, "
	"\"unit\": \"Mpps\", \"peer\": \"mac\", \"ratio\": {\"median\": 0.97, \"min\": 0.9, "
	"\"max\": 1.1, "
	"\"pairs\": 6}, \"goal\": \"ratio >= 1\", \"met\": false, \"command\": \"c\", \"machine\": "
	"\"m\"},"
	"{\"id\": \"P-14\", \"what\": \"b|c\", \"value\": 95.6, \"pairs\": 1, \"unit\": \"bytes\", "
	"\"ratio\": null, \"goal\": 96, \"met\": true, \"command\": \"d\"},"
	"{\"id\": \"\", \"what\": \"d\", \"value\": 1234.5, \"goal\": null, \"met\": null}]";

static void add(struct pw_gen_report *report, const char *text)
{
	char path[] = "/tmp/pw-report-XXXXXX";
	struct pw_err err;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(pw_gen_report_add(report, path, &err), 0);
	unlink(path);
}

static uint32_t times(const char *text, const char *what)
{
	uint32_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void page(void **state)
{
	struct pw_gen_report report = {0};
	struct pw_str out = {0};

	add(&report, result);
	pw_gen_report_html(&report, &out);
	assert_non_null(strstr(out.s, "a &lt;b&gt; &amp; c"));
	assert_null(strstr(out.s, "<b> &"));
	assert_int_equal(
		times(out.s, "<figure>"), 2); /* rates, latency; one number of flows is no ladder */
	assert_int_equal(times(out.s, "<svg"), times(out.s, "</svg>"));
	assert_non_null(strstr(out.s, "up: loss 1 %"));
	assert_null(strstr(out.s, "http")); /* nothing from elsewhere */
	assert_null(strstr(out.s, "nan"));
	assert_null(strstr(out.s, "inf"));
	pw_str_free(&out);
	add(&report, search);
	pw_gen_report_html(&report, &out);
	assert_int_equal(times(out.s, "<figure>"), 4);
	assert_non_null(strstr(out.s, "77 frames without loss"));
	pw_str_free(&out);
	pw_gen_report_free(&report);
}

static void table(void **state)
{
	struct pw_gen_report report = {0};
	struct pw_str out = {0};

	add(&report, result);
	pw_gen_report_markdown(&report, &out);
	assert_non_null(strstr(out.s, "| a <b> & c | up\\|down | 1kpps | 1000 | 990 | 1 | 0 | 0 | "
				      "0 | 0 | 2.50 | 0.00 | 0.00 |\n"));
	pw_str_free(&out);
	pw_gen_report_free(&report);
}

/* What scripts/bench.sh writes. */
static void figures(void **state)
{
	struct pw_gen_report report = {0};
	struct pw_str out = {0};

	add(&report, list);
	pw_gen_report_markdown(&report, &out);
	assert_non_null(strstr(out.s, "| P-4 | a <b> | 7.50 (7.00..8.25) | Mpps | "
				      "0.970 (0.900..1.10) | ratio >= 1 | not met |\n"));
	assert_non_null(strstr(out.s, "| P-14 | b\\|c | 95.6 | bytes |  | 96 | met |\n"));
	assert_non_null(strstr(out.s, "|  | d | 1234 |  |  |  |  |\n"));
	pw_str_free(&out);
	pw_gen_report_html(&report, &out);
	assert_non_null(strstr(out.s, "3 figures; of 2 goals 1 are met."));
	assert_non_null(strstr(out.s, "a &lt;b&gt;"));
	assert_int_equal(times(out.s, "<table>"), 3);
	assert_int_equal(times(out.s, "</table>"), 3);
	assert_int_equal(times(out.s, "<svg"), 1);
	assert_null(strstr(out.s, "<h2>Where")); /* no run of podway-gen is there */
	pw_str_free(&out);
	add(&report, list);
	assert_int_equal(json_array_size(report.figures), 6);
	pw_gen_report_free(&report);
	assert_null(report.figures);
}

static void no_figures(void **state)
{
	struct pw_gen_report report = {0};
	char path[] = "/tmp/pw-report-XXXXXX";
	struct pw_err err;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "[{\"what\": \"x\"}]", 15), 15);
	close(fd);
	assert_int_equal(pw_gen_report_add(&report, path, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "element 0 of the list is no figure (what, value)"));
	assert_null(report.figures);
	unlink(path);
}

static void foreign(void **state)
{
	struct pw_gen_report report = {0};
	struct pw_err err;

	assert_true(pw_gen_report_add(&report, "/nonexistent", &err) < 0);
	assert_string_equal(err.msg, "/nonexistent: cannot be read: No such file or directory");
	assert_true(pw_gen_report_add(&report, PW_SOURCE_ROOT "/meson.build", &err) < 0);
	assert_non_null(strstr(err.msg, "meson.build:1:"));
	assert_int_equal(report.n, 0);
}

TESTS_MAIN(cmocka_unit_test(page), cmocka_unit_test(table), cmocka_unit_test(figures),
	cmocka_unit_test(no_figures), cmocka_unit_test(foreign))
