/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_json.h - one figure, for people and as an object of a JSON list, as all benchmarks write it. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/utsname.h>

struct bench_row {
	const char *id, *what, *unit;
	double value, min, max;
	unsigned n;  /* measurements behind it */
	double goal; /* 0: none */
	bool at_least;
};

static inline bool bench_met(const struct bench_row *row)
{
	return row->at_least ? row->value >= row->goal : row->value <= row->goal;
}

static inline void bench_print(const struct bench_row *row)
{
	printf("%-4s %-52s %12.1f %-14s", row->id, row->what, row->value, row->unit);
	if (row->goal > 0)
		printf(" goal %s %.0f: %s", row->at_least ? ">=" : "<=", row->goal,
			bench_met(row) ? "met" : "NOT met");
	printf("\n");
	fflush(stdout);
}

static inline void bench_json(FILE *json, const struct bench_row *row, const char *command)
{
	struct utsname uts;

	if (json == NULL)
		return;
	uname(&uts);
	fprintf(json, "%s\n {\"id\": \"%s\", \"what\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", ",
		ftell(json) == 0 ? "[" : ",", row->id, row->what, row->value, row->unit);
	fprintf(json,
		"\"peer\": null, \"min\": %.1f, \"max\": %.1f, \"pairs\": %u, \"ratio\": null, ",
		row->min, row->max, row->n);
	if (row->goal > 0)
		fprintf(json, "\"goal\": %.0f, \"met\": %s, ", row->goal,
			bench_met(row) ? "true" : "false");
	else
		fprintf(json, "\"goal\": null, \"met\": null, ");
	fprintf(json, "\"command\": \"%s\", \"machine\": \"%s %s\"}", command, uts.machine,
		uts.release);
}

static inline void bench_json_end(FILE *json)
{
	if (json == NULL)
		return;
	fprintf(json, "\n]\n");
	fclose(json);
}

#endif
