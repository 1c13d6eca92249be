/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of the prompt. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prompt.h"
#include "pw_clock.h"
#include "pw_str.h"
#include "pw_util.h"

static int complain(const struct pw_err *err)
{
	fprintf(stderr, "%s\n", err->msg);
	return -1;
}

/* ---- runs ---- */

static int cmd_start(struct prompt *p, int argc, char **argv)
{
	struct pw_err err = {0};

	if (p->running) {
		fputs("it runs already; stop ends it\n", stderr);
		return -1;
	}
	if (engines_choose(p->gen, &err) != 0)
		return complain(&err);
	workers_assign(p->gen);
	if (ports_wait_up(p->gen, p->gen->profile->wait_link_ns, &err) != 0)
		fprintf(stderr, "%s; started nevertheless\n", err.msg);
	if (run_start(p->gen, &err) != 0)
		return complain(&err);
	p->running = true;
	return 0;
}

static int cmd_stop(struct prompt *p, int argc, char **argv)
{
	double seconds;

	if (!p->running) {
		fputs("nothing runs; start begins\n", stderr);
		return -1;
	}
	run_stop_sending(p->gen);
	seconds = run_seconds(p->gen);
	run_drain(p->gen, p->gen->profile->wait_ns);
	run_stop(p->gen);
	p->running = false;
	results_collect(p->gen, seconds, p->results);
	print_result(&p->results->r);
	return 0;
}

static int cmd_wait(struct prompt *p, int argc, char **argv)
{
	uint64_t ns, end;

	if (pw_gen_time_parse(argv[0], &ns) != 0) {
		fprintf(stderr, "\"%s\" is not a time such as 2s\n", argv[0]);
		return -1;
	}
	end = pw_clock_now_ns(pw_clock_boot()) + ns;
	while (pw_clock_now_ns(pw_clock_boot()) < end && !*p->gen->stop)
		usleep(1000);
	return 0;
}

static int cmd_save(struct prompt *p, int argc, char **argv)
{
	struct pw_err err = {0};

	if (p->results->r.name == NULL) {
		fputs("there is no result yet\n", stderr);
		return -1;
	}
	return results_write(p->results, 0, NULL, argv[0], &err) != 0 ? complain(&err) : 0;
}

/* ---- looking ---- */

static int cmd_show_ports(struct prompt *p, int argc, char **argv)
{
	print_ports(p->gen);
	return 0;
}

static bool wants_port(const char *which, uint32_t id)
{
	uint64_t n;

	return strcmp(which, "all") == 0 ||
	       (pw_u64_parse(which, 0, PW_GEN_PORTS_MAX, &n) == 0 && n == id);
}

static int each_port(struct prompt *p, const char *which, void (*fn)(struct gport *port))
{
	bool any = false;

	for (uint32_t i = 0; i < p->gen->n_ports; i++) {
		if (!wants_port(which, i))
			continue;
		fn(&p->gen->ports[i]);
		any = true;
	}
	if (!any)
		fprintf(stderr, "there is no port %s\n", which);
	return any ? 0 : -1;
}

static int cmd_show_stats(struct prompt *p, int argc, char **argv)
{
	return each_port(p, argv[0], print_port_stats);
}

static int cmd_clear_stats(struct prompt *p, int argc, char **argv)
{
	if (p->running)
		run_pause(p->gen);

	int rc = each_port(p, argv[0], port_stats_reset);

	if (p->running)
		run_resume(p->gen);
	return rc;
}

static int cmd_show_streams(struct prompt *p, int argc, char **argv)
{
	print_streams(p->gen);
	return 0;
}

static int cmd_show_result(struct prompt *p, int argc, char **argv)
{
	if (p->running)
		results_collect(p->gen, run_seconds(p->gen), p->results);
	if (p->results->r.name == NULL) {
		fputs("there is no result yet\n", stderr);
		return -1;
	}
	print_result(&p->results->r);
	return 0;
}

/* ---- changing streams; while they run, workers pause for it ---- */

typedef int (*change_fn)(struct lane *lane, const char *value, struct pw_err *err);

/* A frame on its way is judged by what its stream is now: sizes and flows change between runs, and the
 * counters of a running one begin anew. */
static int change(struct prompt *p, const char *which, const char *value, change_fn fn, bool anew)
{
	struct pw_err err = {0};
	bool any = false;
	int rc = 0;

	if (p->running && anew) {
		run_stop_sending(p->gen);
		run_stop(p->gen);
	} else if (p->running) {
		run_pause(p->gen);
	}
	for (uint32_t i = 0; i < p->gen->n_lanes && rc == 0; i++) {
		struct lane *lane = p->gen->lanes[i];

		if (strcmp(which, "all") != 0 && strcmp(which, lane->stream->name) != 0)
			continue;
		any = true;
		rc = fn(lane, value, &err);
	}
	if (p->running && !anew)
		run_resume(p->gen);
	if (p->running && anew)
		p->running = run_start(p->gen, rc == 0 ? &err : NULL) == 0;
	if (rc != 0 || err.code != 0)
		return complain(&err);
	if (!any)
		fprintf(stderr, "there is no stream %s; show streams lists them\n", which);
	return any ? 0 : -1;
}

static int change_rate(struct lane *lane, const char *value, struct pw_err *err)
{
	struct pw_gen_rate rate = {0};

	if (pw_gen_rate_parse(value, &rate) != 0)
		return pw_err_set(err, -EINVAL,
			"\"%s\" is not a rate such as 1Mpps, 10Gbps, 7Gbps-l2, 40%% or max", value);
	return lane_set_rate(lane, &rate, err);
}

static int change_size(struct lane *lane, const char *value, struct pw_err *err)
{
	struct pw_gen_sizes *sizes = malloc(sizeof(*sizes));
	int rc = -ENOMEM;

	if (sizes != NULL)
		rc = pw_gen_sizes_parse(sizes, value);
	if (rc != 0)
		pw_err_set(err, rc, "\"%s\" is not a size such as 64, 64-1518 or imix", value);
	else
		rc = lane_set_size(lane, sizes, err);
	free(sizes);
	return rc;
}

static int change_flows(struct lane *lane, const char *value, struct pw_err *err)
{
	uint64_t n;

	if (pw_u64_parse(value, 1, PW_GEN_FLOWS_MAX, &n) != 0)
		return pw_err_set(err, -EINVAL, "\"%s\" is not a number from 1 to %" PRIu64, value,
			PW_GEN_FLOWS_MAX);
	return lane_set_flows(lane, n, err);
}

static int cmd_set_rate(struct prompt *p, int argc, char **argv)
{
	return change(p, argv[0], argv[1], change_rate, false);
}

static int cmd_set_size(struct prompt *p, int argc, char **argv)
{
	return change(p, argv[0], argv[1], change_size, true);
}

static int cmd_set_flows(struct prompt *p, int argc, char **argv)
{
	return change(p, argv[0], argv[1], change_flows, true);
}

/* ---- changing ports ---- */

static int set_engine(struct prompt *p, const char *which, const char *name)
{
	enum pw_gen_engine kind;
	bool any = false;

	if (p->running) {
		fputs("engines change only while nothing runs: stop first\n", stderr);
		return -1;
	}
	if (pw_gen_engine_parse(name, &kind) != 0) {
		fprintf(stderr, "there is no engine %s\n", name);
		return -1;
	}
	for (uint32_t i = 0; i < p->gen->n_ports; i++) {
		if (!wants_port(which, i))
			continue;
		p->gen->ports[i].asked = kind;
		any = true;
	}
	if (!any)
		fprintf(stderr, "there is no port %s\n", which);
	return any ? 0 : -1;
}

static int cmd_set_fwd(struct prompt *p, int argc, char **argv)
{
	return set_engine(p, "all", argv[0]);
}

static int cmd_set_engine(struct prompt *p, int argc, char **argv)
{
	return set_engine(p, argv[0], argv[1]);
}

static int cmd_quit(struct prompt *p, int argc, char **argv)
{
	p->quit = true;
	return 0;
}

static int cmd_help(struct prompt *p, int argc, char **argv)
{
	for (const struct command *c = commands; c->words != NULL; c++) {
		char usage[64];

		snprintf(usage, sizeof(usage), "%s %s", c->words, c->args);
		printf("  %-34s %s\n", usage, c->help);
	}
	return 0;
}

/* ---- completion ---- */

typedef void (*offer_fn)(void *arg, const char *word);

static void complete_ports(struct prompt *p, int n, offer_fn fn, void *arg)
{
	char text[16];

	if (n != 0)
		return;
	fn(arg, "all");
	for (uint32_t i = 0; i < p->gen->n_ports; i++) {
		snprintf(text, sizeof(text), "%u", i);
		fn(arg, text);
	}
}

static void complete_streams(struct prompt *p, int n, offer_fn fn, void *arg)
{
	if (n != 0)
		return;
	fn(arg, "all");
	for (uint32_t i = 0; i < p->gen->n_lanes; i++)
		fn(arg, p->gen->lanes[i]->stream->name);
}

static void complete_engines(struct prompt *p, int n, offer_fn fn, void *arg)
{
	if (n != 0)
		return;
	for (unsigned i = 0; i < PW_GEN_ENGINE_COUNT; i++)
		fn(arg, pw_gen_engine_name(i));
}

static void complete_port_engines(struct prompt *p, int n, offer_fn fn, void *arg)
{
	complete_ports(p, n, fn, arg);
	complete_engines(p, n - 1, fn, arg);
}

const struct command commands[] = {
	{"start", "", "send, forward, receive", 0, cmd_start, NULL},
	{"stop", "", "stop, wait for late frames, print the result", 0, cmd_stop, NULL},
	{"show ports", "", "names, drivers, links, engines", 0, cmd_show_ports, NULL},
	{"show port stats", "N|all", "counters of a port", 1, cmd_show_stats, complete_ports},
	{"show streams", "", "rates, sizes and flows", 0, cmd_show_streams, NULL},
	{"show result", "", "of the run so far, or of the last one", 0, cmd_show_result, NULL},
	{"clear port stats", "N|all", "counters to 0", 1, cmd_clear_stats, complete_ports},
	{"set rate", "STREAM|all RATE", "1Mpps, 10Gbps, 7Gbps-l2, 40% or max", 2, cmd_set_rate,
		complete_streams},
	{"set size", "STREAM|all SIZES", "64, 64-1518, imix; counts anew", 2, cmd_set_size,
		complete_streams},
	{"set flows", "STREAM|all N", "flows of a stream; counts anew", 2, cmd_set_flows,
		complete_streams},
	{"set fwd", "ENGINE", "engine of every port", 1, cmd_set_fwd, complete_engines},
	{"set engine", "N|all ENGINE", "engine of one port", 2, cmd_set_engine,
		complete_port_engines},
	{"wait", "TIME", "for scripts", 1, cmd_wait, NULL},
	{"save", "FILE", "the result as JSON", 1, cmd_save, NULL},
	{"help", "", "this list", 0, cmd_help, NULL},
	{"quit", "", "end", 0, cmd_quit, NULL},
	{"exit", "", "end", 0, cmd_quit, NULL},
	{NULL, NULL, NULL, 0, NULL, NULL},
};
