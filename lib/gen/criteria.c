/* SPDX-License-Identifier: BSD-3-Clause */
/* Is a run good? A table of what may be asked of a stream, and of connections. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "pw_gen_result.h"
#include "pw_util.h"

struct rule {
	const char *what, *unit;
	size_t limit; /* offset of a double in the criteria; < 0: not asked for */
	bool least;   /* the value must reach the limit */
	double (*value)(const struct pw_gen_stream_result *s);
};

static double percentile_us(const struct pw_gen_hist *hist, double percent)
{
	return hist != NULL ? (double)pw_gen_hist_percentile_ns(hist, percent) / 1e3 : 0;
}

static double loss(const struct pw_gen_stream_result *s)
{
	return s->tx_frames > 0 ? 100.0 * (double)s->lost / (double)s->tx_frames : 100;
}

static double p50(const struct pw_gen_stream_result *s)
{
	return percentile_us(s->latency, 50);
}

static double p99(const struct pw_gen_stream_result *s)
{
	return percentile_us(s->latency, 99);
}

static double p999(const struct pw_gen_stream_result *s)
{
	return percentile_us(s->latency, 99.9);
}

static double jitter(const struct pw_gen_stream_result *s)
{
	return percentile_us(s->jitter, 99);
}

static double rate_error(const struct pw_gen_stream_result *s)
{
	double pps = s->seconds > 0 ? (double)s->tx_frames / s->seconds : 0;

	return s->asked_pps > 0 ? 100 * fabs(pps / s->asked_pps - 1) : 0;
}

static double rx_pps(const struct pw_gen_stream_result *s)
{
	return s->seconds > 0 ? (double)s->rx_frames / s->seconds : 0;
}

#define LIMIT(field) offsetof(struct pw_gen_criteria, field)

static const struct rule rules[] = {
	{"loss", " %", LIMIT(loss_percent), false, loss},
	{"latency p50", " us", LIMIT(latency_p50_us), false, p50},
	{"latency p99", " us", LIMIT(latency_p99_us), false, p99},
	{"latency p99.9", " us", LIMIT(latency_p999_us), false, p999},
	{"jitter p99", " us", LIMIT(jitter_p99_us), false, jitter},
	{"rate error", " %", LIMIT(rate_error_percent), false, rate_error},
	{"received rate", " pps", LIMIT(min_rx_pps), true, rx_pps},
};

static uint32_t check_limit(struct pw_str *out, const char *name, const char *what,
	const char *unit, double value, double limit, bool least)
{
	if (limit < 0 || (least ? value >= limit : value <= limit))
		return 0;
	pw_str_addf(out, "%s: %s %.6g%s, allowed: at %s %.6g%s\n", name, what, value, unit,
		least ? "least" : "most", limit, unit);
	return 1;
}

static uint32_t check_count(
	struct pw_str *out, const char *name, const char *what, uint64_t value, uint32_t limit)
{
	if (limit == UINT32_MAX || value <= limit)
		return 0;
	pw_str_addf(
		out, "%s: %" PRIu64 " frames %s, allowed: at most %u\n", name, value, what, limit);
	return 1;
}

static uint32_t check_stream(
	const struct pw_gen_criteria *c, const struct pw_gen_stream_result *s, struct pw_str *out)
{
	uint32_t failed = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(rules); i++) {
		const struct rule *r = &rules[i];
		double limit = *(const double *)((const char *)c + r->limit);

		failed += check_limit(out, s->name, r->what, r->unit, r->value(s), limit, r->least);
	}
	failed += check_count(out, s->name, "reordered", s->reordered, c->reordered);
	failed += check_count(out, s->name, "duplicated", s->duplicates, c->duplicates);
	failed += check_count(out, s->name, "damaged", s->corrupt, c->corrupt);
	failed += check_count(out, s->name, "not translated as expected", s->translated_wrong,
		c->translated_wrong);
	return failed;
}

static uint32_t check_conn(
	const struct pw_gen_criteria *c, const struct pw_gen_conn_result *r, struct pw_str *out)
{
	double cps = r->seconds > 0 ? (double)r->completed / r->seconds : 0;
	double failed = r->opened > 0 ? 100.0 * (double)r->failed / (double)r->opened : 100;

	return check_limit(out, r->name, "failed connections", " %", failed, c->conn_failed_percent,
		       false) +
	       check_limit(out, r->name, "connections a second", "", cps, c->min_conns, true);
}

/* Of a search: a rate must be found for every size, and latencies hold at every load. */
static uint32_t check_trial(
	const struct pw_gen_criteria *c, const struct pw_gen_trial_result *t, struct pw_str *out)
{
	char name[64];

	snprintf(name, sizeof(name), "%s, %u bytes", pw_gen_test_name(t->test), t->size);
	if (t->test == PW_GEN_TEST_THROUGHPUT && !t->found) {
		pw_str_addf(out, "%s: no rate loses %g %% or less\n", name, t->loss_ppm / 1e4);
		return 1;
	}
	if (t->test == PW_GEN_TEST_THROUGHPUT)
		return check_limit(
			out, name, "received rate", " pps", t->received_pps, c->min_rx_pps, true);
	if (t->test != PW_GEN_TEST_LATENCY)
		return 0;
	return check_limit(out, name, "latency p50", " us", t->p50_us, c->latency_p50_us, false) +
	       check_limit(out, name, "latency p99", " us", t->p99_us, c->latency_p99_us, false) +
	       check_limit(
		       out, name, "latency p99.9", " us", t->p999_us, c->latency_p999_us, false);
}

uint32_t pw_gen_criteria_check(const struct pw_gen_criteria *criteria,
	const struct pw_gen_result *result, struct pw_str *out)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < result->n_trials; i++)
		failed += check_trial(criteria, &result->trials[i], out);
	if (result->n_trials > 0)
		return failed; /* streams are those of the last trial */
	for (uint32_t i = 0; i < result->n_streams; i++)
		failed += check_stream(criteria, &result->streams[i], out);
	for (uint32_t i = 0; i < result->n_conns; i++)
		failed += check_conn(criteria, &result->conns[i], out);
	return failed;
}
