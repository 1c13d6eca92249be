/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * podway-gen - traffic generator and benchmark on DPDK ports. See gen.h for how a run works.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "gen.h"
#include "gen_version.h"
#include "options.h"
#include "prompt.h"
#include "pw_str.h"
#include "report.h"
#include "rfc2544.h"

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	stopped = 1;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN); /* a vhost peer that goes while virtio-user tells it something */
}

static int fail(enum gen_exit code, const struct pw_err *err)
{
	fprintf(stderr, "podway-gen: %s\n", err->msg);
	return (int)code;
}

/* Measured frames are those of a run of its own: what the warm-up sent is told by its stamp. */
static int warm_up(struct gen *gen, struct pw_err *err)
{
	struct trial trial = {.duration_ns = gen->profile->warmup_ns};
	double seconds;

	return trial.duration_ns > 0 ? run_trial(gen, &trial, &seconds, err) : 0;
}

/* The run or the search itself: as run_trial. */
static int measure(struct gen *gen, const struct options *o, struct results *results,
	double *seconds, struct pw_err *err)
{
	const struct pw_gen_profile *profile = gen->profile;
	struct trial trial = {
		profile->duration_ns, profile->wait_ns, o->quiet ? NULL : print_live, NULL};
	uint64_t began = rte_rdtsc();
	int rc;

	if (profile->rfc2544.enabled) {
		rc = rfc2544_run(gen, o->quiet, results, err);
		*seconds = (double)(rte_rdtsc() - began) / (double)gen->hz;
		return rc;
	}
	rc = warm_up(gen, err);
	if (rc == 0)
		rc = run_trial(gen, &trial, seconds, err);
	print_live_end(gen);
	return rc;
}

/* Prints, compares with the criteria, writes: the exit code. */
static int conclude(
	struct gen *gen, const struct options *o, struct results *results, struct pw_err *err)
{
	struct pw_str failures = {0};
	uint32_t n_failed;
	int code = GEN_EXIT_OK;

	if (!o->quiet)
		print_result(&results->r);
	n_failed = pw_gen_criteria_check(&gen->profile->criteria, &results->r, &failures);
	if (failures.s != NULL)
		fprintf(stderr, "%s", failures.s);
	if (n_failed > 0)
		code = GEN_EXIT_CRITERIA;
	if (results->r.ended_early != NULL)
		code = fail(GEN_EXIT_EARLY, err);
	if (o->json != NULL && results_write(results, n_failed, failures.s, o->json, err) != 0)
		code = fail(GEN_EXIT_MACHINE, err);
	pw_str_free(&failures);
	return code;
}

static int run_once(struct gen *gen, const struct options *o, struct results *results)
{
	struct pw_err err = {0};
	double seconds = 0;
	int rc = measure(gen, o, results, &seconds, &err);

	if (rc == -EINVAL || rc == -EBADMSG || rc == -ENOENT) /* a recorded file is input, too */
		return fail(GEN_EXIT_USAGE, &err);
	if (rc != 0 && rc != -EINTR && rc != -EPIPE)
		return fail(GEN_EXIT_MACHINE, &err);
	results_collect(gen, seconds, results);
	results->r.ended_early = rc != 0 ? err.msg : NULL;
	/* Without an end of its own a run is ended by a signal: that is no failure. */
	if (rc == -EINTR && gen->profile->duration_ns == 0 && !gen->profile->rfc2544.enabled)
		results->r.ended_early = NULL;
	return conclude(gen, o, results, &err);
}

static uint16_t largest_frame(const struct pw_gen_profile *profile)
{
	uint16_t size = PW_GEN_SIZE_MIN;

	for (uint32_t i = 0; i < profile->n_streams; i++)
		if (profile->streams[i].frame.sizes.max > size)
			size = profile->streams[i].frame.sizes.max;
	for (uint32_t i = 0; profile->rfc2544.enabled && i < profile->rfc2544.sizes.n; i++)
		if (profile->rfc2544.sizes.v[i] > size)
			size = profile->rfc2544.sizes.v[i];
	return size;
}

static int prepare(struct gen *gen, const struct options *o)
{
	struct pw_err err = {0};

	gen->hz = rte_get_tsc_hz();
	gen->share = o->share;
	gen->stop = &stopped;
	gen->catch_up_ns = gen->profile->catch_up_ns;
	gen->pattern = pw_gen_pattern_create();
	if (gen->pattern == NULL) {
		pw_err_set(&err, -ENOMEM, "out of memory");
		return fail(GEN_EXIT_MACHINE, &err);
	}
	if (rte_lcore_count() < 2) {
		pw_err_set(&err, -EINVAL,
			"one core is not enough: the first one watches, the others send; name two "
			"with -l 0,1, or one twice with --lcores 0@0,1@0 and --share");
		return fail(GEN_EXIT_USAGE, &err);
	}
	if (ports_open(gen, largest_frame(gen->profile), o->mbufs, &err) != 0)
		return fail(GEN_EXIT_MACHINE, &err);
	return GEN_EXIT_OK;
}

static int run_prompt(struct gen *gen, struct results *results)
{
	struct prompt prompt = {.gen = gen, .results = results};

	return prompt_run(&prompt);
}

static int run(struct gen *gen, const struct options *o, struct results *results)
{
	struct pw_err err = {0};
	int rc = prepare(gen, o);

	if (rc != GEN_EXIT_OK)
		return rc;
	if (lanes_make(gen, &err) != 0 || engines_choose(gen, &err) != 0)
		return fail(GEN_EXIT_USAGE, &err);
	workers_assign(gen);
	if (o->interactive)
		return run_prompt(gen, results);
	if (ports_wait_up(gen, gen->profile->wait_link_ns, &err) != 0)
		return stopped ? GEN_EXIT_EARLY : fail(GEN_EXIT_MACHINE, &err);
	return run_once(gen, o, results);
}

static int start(int argc, char **argv)
{
	char *eal[EAL_ARGS_MAX];
	struct options options = {0};
	struct gen *gen = calloc(1, sizeof(*gen));
	struct results *results = calloc(1, sizeof(*results));
	int split = argc, code = GEN_EXIT_USAGE;

	for (int i = 1; i < argc && split == argc; i++)
		if (strcmp(argv[i], "--") == 0)
			split = i;
	if (gen == NULL || results == NULL) {
		fputs("podway-gen: out of memory\n", stderr);
		return GEN_EXIT_MACHINE;
	}
	/* getopt wants a name first; the "--" stands for it */
	if (split < argc && !options_parse(&options, argc - split, argv + split))
		goto out;
	code = GEN_EXIT_MACHINE;
	if (rte_eal_init(options_eal(split, argv, eal), eal) < 0) {
		fprintf(stderr, "podway-gen: DPDK does not start: %s\n", rte_strerror(rte_errno));
		goto out;
	}
	catch_signals();
	environment_read(&results->r.env, argc, argv);
	gen->profile = options_profile(&options);
	code = gen->profile != NULL ? run(gen, &options, results) : GEN_EXIT_USAGE;
	lanes_free(gen);
	ports_close(gen);
	rte_eal_cleanup();
	rmdir(rte_eal_get_runtime_dir()); /* EAL leaves it; empty unless others share the prefix */
out:
	if (gen->profile != NULL)
		pw_gen_profile_free(gen->profile);
	free(gen->pattern);
	free(gen);
	environment_free(&results->r.env);
	free(results->r.trials);
	free(results);
	return code;
}

static int print_reference(void)
{
	char *text = pw_gen_profile_reference();

	if (text != NULL)
		fputs(text, stdout);
	free(text);
	return text != NULL ? GEN_EXIT_OK : GEN_EXIT_MACHINE;
}

int main(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "--help";

	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
		strcmp(first, "help") == 0) {
		options_help();
		return argc > 1 ? GEN_EXIT_OK : GEN_EXIT_USAGE;
	}
	if (strcmp(first, "--version") == 0) {
		printf("podway-gen %s\n", PW_VERSION);
		return GEN_EXIT_OK;
	}
	if (strcmp(first, "check") == 0)
		return options_check(argc - 1, argv + 1);
	if (strcmp(first, "report") == 0)
		return report_main(argc - 1, argv + 1);
	if (strcmp(first, "reference") == 0)
		return print_reference();
	return start(argc, argv);
}
