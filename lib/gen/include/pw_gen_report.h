/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_gen_report.h - results of podway-gen, and figures of benchmarks, as a page and as a table.
 *
 * The page is one HTML file without anything from elsewhere: plots are SVG in it, colours follow the
 * reader's light or dark setting, and every point tells its values. Several results stand side by side.
 * Figures are what scripts/bench.sh writes: a list of values, their ratios to a peer, and goals.
 * Threads:  none.
 */
#ifndef PW_GEN_REPORT_H
#define PW_GEN_REPORT_H

#include <jansson.h>
#include <stdint.h>

#include "pw_err.h"
#include "pw_str.h"

#define PW_GEN_REPORT_MAX 32

struct pw_gen_report {
	json_t *results[PW_GEN_REPORT_MAX]; /* owned */
	uint32_t n;
	json_t *figures; /* of all files together, owned; NULL: none */
};

/* Adds a file, of a result or of figures. -EINVAL: neither; -E2BIG; or why it cannot be read. */
int pw_gen_report_add(struct pw_gen_report *report, const char *path, struct pw_err *err);
void pw_gen_report_free(struct pw_gen_report *report);
void pw_gen_report_html(const struct pw_gen_report *report, struct pw_str *out);
void pw_gen_report_markdown(const struct pw_gen_report *report, struct pw_str *out);

#endif
