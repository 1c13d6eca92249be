/* SPDX-License-Identifier: BSD-3-Clause */
/* podway-gen report: result files into a page and a table. */
#include "report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "pw_file.h"
#include "pw_gen_report.h"

typedef void (*make_fn)(const struct pw_gen_report *report, struct pw_str *out);

static int write_as(const struct pw_gen_report *report, make_fn make, const char *path)
{
	struct pw_str text = {0};
	int rc = -1;

	make(report, &text);
	if (text.failed || text.s == NULL)
		fputs("podway-gen: out of memory\n", stderr);
	else if (strcmp(path, "-") == 0)
		rc = fputs(text.s, stdout) >= 0 ? 0 : -1;
	else {
		rc = pw_file_write_atomic(path, text.s, text.len, 0644);
		if (rc != 0)
			fprintf(stderr, "podway-gen: %s: %s\n", path, strerror(-rc));
	}
	pw_str_free(&text);
	return rc;
}

int report_main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"html", required_argument, NULL, 'o'},
		{"markdown", required_argument, NULL, 'm'},
		{NULL, 0, NULL, 0},
	};
	const char *html = NULL, *markdown = NULL;
	struct pw_gen_report report = {0};
	struct pw_err err = {0};
	int c, rc = 0;

	while ((c = getopt_long(argc, argv, "o:m:", long_options, NULL)) != -1) {
		if (c == 'o')
			html = optarg;
		else if (c == 'm')
			markdown = optarg;
		else
			return GEN_EXIT_USAGE;
	}
	if (optind == argc) {
		fputs("podway-gen report [--html FILE] [--markdown FILE] RESULT.json..\n", stderr);
		return GEN_EXIT_USAGE;
	}
	for (int i = optind; i < argc && rc == 0; i++)
		rc = pw_gen_report_add(&report, argv[i], &err);
	if (rc != 0)
		fprintf(stderr, "podway-gen: %s\n", err.msg);
	if (rc == 0 && html != NULL)
		rc = write_as(&report, pw_gen_report_html, html);
	if (rc == 0 && (markdown != NULL || html == NULL))
		rc = write_as(&report, pw_gen_report_markdown, markdown != NULL ? markdown : "-");
	pw_gen_report_free(&report);
	return rc == 0 ? GEN_EXIT_OK : GEN_EXIT_USAGE;
}
