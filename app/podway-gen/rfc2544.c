/* SPDX-License-Identifier: BSD-3-Clause */
/* The tests of RFC 2544 section 26: throughput, latency, frame loss, back-to-back frames. */
#include "rfc2544.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pw_clock.h"
#include "pw_gen_search.h"
#include "pw_util.h"

#define OFFER_MISSED   0.001 /* of the frames due: more, and the load was not that */
#define BURST_SECONDS  2     /* section 26.4: a burst of 2 s at least is tried */
#define LOSS_STEP_PPM  100000
#define LOSS_FREE_RUNS 2

/* One trial over all streams. */
struct sum {
	double seconds;
	uint64_t sent, lost, due;
	double offered_pps, received_pps, l1_bps;
	double loss_ppm; /* UINT32_MAX: the load could not be offered */
	struct pw_gen_hist latency;
};

struct test {
	struct gen *gen;
	const struct pw_gen_rfc2544 *rfc;
	struct results *results;
	struct sum *sum;
	struct pw_err *err;
	uint32_t size;
	uint32_t done, expected; /* trials */
	bool quiet, terminal;
};

static int set_load(struct test *t, uint32_t load_ppm, uint64_t count)
{
	struct gen *gen = t->gen;

	for (uint32_t i = 0; i < gen->n_lanes; i++) {
		struct lane *lane = gen->lanes[i];
		struct pw_gen_rate rate =
			pw_gen_rate_of_port(&t->rfc->max_rate, lane->from->speed_bps);

		if (t->rfc->max_rate.unit == PW_GEN_RATE_PERCENT && lane->from->speed_bps == 0)
			return pw_err_set(t->err, -EINVAL,
				"%s:%u:%u: rfc2544.max_rate: port %u (%s) has no speed that a "
				"percentage could be of; write pps or bps, or set ports[].speed",
				gen->profile->path, t->rfc->max_rate.line, t->rfc->max_rate.column,
				lane->from->id, lane->from->name);
		rate.milli =
			(uint64_t)((unsigned __int128)rate.milli * load_ppm / PW_GEN_LOAD_FULL);
		rate.milli = PW_MAX(rate.milli, (uint64_t)1);
		lane->rate = rate;
		lane->stream->count = count;
		pw_gen_sizes_fixed(&lane->frame.sizes, (uint16_t)t->size);
		lane->asked_pps = pw_gen_rate_pps(&rate, t->size);
	}
	return 0;
}

static void add_up(struct test *t, double seconds)
{
	struct sum *sum = t->sum;

	memset(sum, 0, sizeof(*sum));
	sum->seconds = seconds;
	for (uint32_t i = 0; i < t->gen->n_lanes; i++) {
		struct pw_gen_stream_result r;

		lane_result(t->gen->lanes[i], seconds, &r);
		sum->sent += r.tx_frames;
		sum->lost += r.lost;
		sum->due += r.tx_frames + r.missed_full + r.missed_late;
		sum->offered_pps += (double)r.tx_frames / r.seconds;
		sum->received_pps += (double)r.rx_frames / r.seconds;
		sum->l1_bps += (double)r.tx_frames * 8 * (t->size + PW_GEN_WIRE_EXTRA) / r.seconds;
		pw_gen_hist_merge(&sum->latency, t->gen->lanes[i]->latency);
	}
	sum->loss_ppm = sum->sent > 0 ? 1e6 * (double)sum->lost / (double)sum->sent : UINT32_MAX;
	if ((double)(sum->due - sum->sent) > OFFER_MISSED * (double)sum->due)
		sum->loss_ppm = UINT32_MAX;
}

static void print_progress(struct test *t, enum pw_gen_test test, uint32_t load_ppm)
{
	const struct sum *sum = t->sum;
	unsigned cells = 20 * PW_MIN(t->done, t->expected) / PW_MAX(t->expected, 1u);

	if (t->quiet)
		return;
	if (t->terminal)
		printf("\r\033[K[%.*s%.*s] ", (int)cells, "####################", 20 - (int)cells,
			"....................");
	printf("%s, %u bytes, trial %u of about %u at %.2f %%: %.4g Mpps, ", pw_gen_test_name(test),
		t->size, t->done, t->expected, load_ppm / 1e4, sum->offered_pps / 1e6);
	if (sum->loss_ppm == UINT32_MAX)
		printf("more than the generator can offer");
	else
		printf("loss %.4g %%", sum->loss_ppm / 1e4);
	if (!t->terminal)
		putchar('\n');
	fflush(stdout);
}

static int wait_settled(struct test *t)
{
	uint64_t end = pw_clock_now_ns(pw_clock_boot()) + t->rfc->settle_ns;

	while (pw_clock_now_ns(pw_clock_boot()) < end) {
		if (*t->gen->stop)
			return pw_err_set(t->err, -EINTR, "interrupted while searching");
		usleep(10000);
	}
	return 0;
}

static int run(struct test *t, enum pw_gen_test test, uint32_t load_ppm, uint64_t duration_ns,
	uint64_t count)
{
	struct trial trial = {.duration_ns = duration_ns, .wait_ns = t->gen->profile->wait_ns};
	double seconds;
	int rc = set_load(t, load_ppm, count);

	if (rc == 0 && t->done > 0)
		rc = wait_settled(t);
	if (rc == 0)
		rc = run_trial(t->gen, &trial, &seconds, t->err);
	if (rc != 0)
		return rc;
	add_up(t, seconds);
	t->done++;
	print_progress(t, test, load_ppm);
	return 0;
}

static struct pw_gen_trial_result *new_row(struct test *t, enum pw_gen_test test)
{
	struct pw_gen_result *r = &t->results->r;
	struct pw_gen_trial_result *rows;

	rows = reallocarray(r->trials, r->n_trials + 1, sizeof(*rows));
	if (rows == NULL) {
		pw_err_set(t->err, -ENOMEM, "out of memory");
		return NULL;
	}
	r->trials = rows;
	rows += r->n_trials++;
	*rows = (struct pw_gen_trial_result){.test = test, .size = t->size};
	return rows;
}

static double percentile_us(const struct sum *sum, double percent)
{
	return (double)pw_gen_hist_percentile_ns(&sum->latency, percent) / 1e3;
}

static void fill_row(struct pw_gen_trial_result *row, const struct sum *sum, uint32_t load_ppm)
{
	row->found = true;
	row->load_percent = load_ppm / 1e4;
	row->offered_pps = sum->offered_pps;
	row->received_pps = sum->received_pps;
	row->l1_bps = sum->l1_bps;
	row->loss_percent = sum->sent > 0 ? 100.0 * (double)sum->lost / (double)sum->sent : 0;
	row->p50_us = percentile_us(sum, 50);
	row->p99_us = percentile_us(sum, 99);
	row->p999_us = percentile_us(sum, 99.9);
	row->max_us = (double)sum->latency.max_ns / 1e3;
}

static int throughput(struct test *t, uint32_t loss_ppm, uint32_t *best)
{
	const struct pw_gen_rfc2544 *rfc = t->rfc;
	struct pw_gen_search search;
	struct pw_gen_search_trial trial;
	struct pw_gen_trial_result *row, good = {0};

	*best = 0;
	pw_gen_search_start(&search, rfc->resolution_ppm, loss_ppm);
	while (pw_gen_search_next(&search, &trial)) {
		int rc = run(t, PW_GEN_TEST_THROUGHPUT, trial.load_ppm,
			trial.confirm ? rfc->final_ns : rfc->trial_ns, 0);

		if (rc != 0)
			return rc;
		if (trial.confirm && t->sum->loss_ppm <= loss_ppm)
			fill_row(&good, t->sum, trial.load_ppm);
		pw_gen_search_result(&search, t->sum->loss_ppm);
	}
	row = new_row(t, PW_GEN_TEST_THROUGHPUT);
	if (row == NULL)
		return -ENOMEM;
	good.test = row->test;
	good.size = row->size;
	*row = good;
	row->found = search.found;
	row->loss_ppm = loss_ppm;
	row->trials = search.trials;
	*best = search.best_ppm;
	return 0;
}

/* TG-5: at 10, 50 and 90 % of the highest load without loss. */
static int latency(struct test *t, uint32_t best)
{
	static const uint32_t parts[] = {10, 50, 90};

	for (size_t i = 0; i < PW_ARRAY_SIZE(parts) && best > 0; i++) {
		uint32_t load = (uint32_t)((uint64_t)best * parts[i] / 100);
		int rc = run(t, PW_GEN_TEST_LATENCY, load, t->rfc->trial_ns, 0);
		struct pw_gen_trial_result *row = rc == 0 ? new_row(t, PW_GEN_TEST_LATENCY) : NULL;

		if (row == NULL)
			return rc != 0 ? rc : -ENOMEM;
		fill_row(row, t->sum, load);
		row->load_percent = parts[i];
		row->trials = 1;
	}
	return 0;
}

/* Section 26.3: from 100 % down in steps of 10, until two in a row lose nothing. */
static int frame_loss(struct test *t)
{
	uint32_t free_runs = 0;

	for (uint32_t load = PW_GEN_LOAD_FULL; load > 0 && free_runs < LOSS_FREE_RUNS;
		load -= LOSS_STEP_PPM) {
		int rc = run(t, PW_GEN_TEST_FRAME_LOSS, load, t->rfc->trial_ns, 0);
		struct pw_gen_trial_result *row =
			rc == 0 ? new_row(t, PW_GEN_TEST_FRAME_LOSS) : NULL;

		if (row == NULL)
			return rc != 0 ? rc : -ENOMEM;
		fill_row(row, t->sum, load);
		row->found = t->sum->loss_ppm != UINT32_MAX;
		row->trials = 1;
		free_runs = t->sum->loss_ppm == 0 ? free_runs + 1 : 0;
	}
	return 0;
}

/* Section 26.4: the longest burst at the highest rate of which nothing is lost. */
static int back_to_back(struct test *t)
{
	struct pw_gen_burst_search search;
	struct pw_gen_trial_result *row;
	uint32_t trials = 0;
	uint64_t frames;
	double pps = 0;
	int rc = set_load(t, PW_GEN_LOAD_FULL, 0);

	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < t->gen->n_lanes; i++)
		pps = PW_MAX(pps, t->gen->lanes[i]->asked_pps);
	pw_gen_burst_start(&search, (uint64_t)(pps * BURST_SECONDS));
	while (pw_gen_burst_next(&search, &frames)) {
		rc = run(t, PW_GEN_TEST_BACK_TO_BACK, PW_GEN_LOAD_FULL,
			10 * BURST_SECONDS * PW_NS_PER_SEC, frames);
		if (rc != 0)
			return rc;
		trials++;
		pw_gen_burst_result(&search, t->sum->loss_ppm == 0);
	}
	row = new_row(t, PW_GEN_TEST_BACK_TO_BACK);
	if (row == NULL)
		return -ENOMEM;
	row->found = search.passed > 0;
	row->burst_frames = search.passed;
	row->load_percent = 100;
	row->offered_pps = pps;
	row->trials = trials;
	return 0;
}

static bool wants(const struct test *t, enum pw_gen_test test)
{
	return (t->rfc->tests & 1u << test) != 0;
}

static int one_size(struct test *t)
{
	uint32_t best = 0, ndr = 0;
	int rc = 0;

	/* Latency is asked for at parts of what the first search finds. */
	if (wants(t, PW_GEN_TEST_THROUGHPUT) || wants(t, PW_GEN_TEST_LATENCY)) {
		for (uint32_t i = 0; i < t->rfc->n_losses && rc == 0; i++) {
			rc = throughput(t, t->rfc->losses_ppm[i], &best);
			ndr = i == 0 ? best : ndr;
		}
	}
	if (rc == 0 && wants(t, PW_GEN_TEST_LATENCY))
		rc = latency(t, ndr);
	if (rc == 0 && wants(t, PW_GEN_TEST_FRAME_LOSS))
		rc = frame_loss(t);
	if (rc == 0 && wants(t, PW_GEN_TEST_BACK_TO_BACK))
		rc = back_to_back(t);
	return rc;
}

static uint32_t expected_trials(const struct pw_gen_rfc2544 *rfc)
{
	uint32_t n = rfc->n_losses * pw_gen_search_expected(rfc->resolution_ppm);

	n += rfc->tests & 1u << PW_GEN_TEST_LATENCY ? 3 : 0;
	n += rfc->tests & 1u << PW_GEN_TEST_FRAME_LOSS ? 6 : 0;
	n += rfc->tests & 1u << PW_GEN_TEST_BACK_TO_BACK ? 11 : 0;
	return n * rfc->sizes.n;
}

int rfc2544_run(struct gen *gen, bool quiet, struct results *results, struct pw_err *err)
{
	struct test t = {
		.gen = gen,
		.rfc = &gen->profile->rfc2544,
		.results = results,
		.sum = calloc(1, sizeof(*t.sum)),
		.err = err,
		.expected = expected_trials(&gen->profile->rfc2544),
		.quiet = quiet,
		.terminal = isatty(STDOUT_FILENO),
	};
	int rc = 0;

	if (t.sum == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < t.rfc->sizes.n && rc == 0; i++) {
		t.size = t.rfc->sizes.v[i];
		rc = one_size(&t);
	}
	if (t.terminal && !quiet)
		printf("\r\033[K");
	free(t.sum);
	return rc;
}
