/* SPDX-License-Identifier: BSD-3-Clause */
/* Results: collected from ports and streams, and written. */
#include "conn.h"
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <rte_lcore.h>
#include <rte_version.h>

#include "gen_version.h"
#include "pw_file.h"
#include "pw_str.h"

static char *cpu_name(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256], *name = NULL;

	while (f != NULL && name == NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL)
			name = strndup(strchr(line, ':') + 2, strcspn(strchr(line, ':') + 2, "\n"));
	if (f != NULL)
		fclose(f);
	return name;
}

void environment_free(struct pw_gen_environment *env)
{
	free(env->cpu);
	free(env->kernel);
	free(env->command);
}

void environment_read(struct pw_gen_environment *env, int argc, char **argv)
{
	struct pw_str command = {0}, kernel = {0};
	struct utsname uts;

	for (int i = 0; i < argc; i++)
		pw_str_addf(&command, "%s%s", i > 0 ? " " : "", argv[i]);
	if (uname(&uts) == 0)
		pw_str_addf(&kernel, "%s %s", uts.sysname, uts.release);
	*env = (struct pw_gen_environment){
		.version = PW_VERSION,
		.dpdk = rte_version(),
		.compiler = PW_COMPILER,
		.cpu = cpu_name(),
		.cores = rte_lcore_count(),
		.kernel = pw_str_take(&kernel),
		.command = pw_str_take(&command),
	};
}

void results_collect(struct gen *gen, double seconds, struct results *results)
{
	struct pw_gen_result *r = &results->r;
	time_t started = time(NULL) - (time_t)seconds;
	struct tm tm;

	r->name = gen->profile->name[0] != '\0' ? gen->profile->name : "run";
	r->profile = gen->profile->path;
	strftime(r->started, sizeof(r->started), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&started, &tm));
	r->seconds = seconds;
	r->streams = results->streams;
	r->ports = results->ports;
	r->conns = results->conns;
	r->replays = results->replays;
	r->n_streams = gen->n_lanes;
	r->n_ports = gen->n_ports;
	for (uint32_t i = 0; i < gen->n_lanes; i++)
		lane_result(gen->lanes[i], seconds, &results->streams[i]);
	r->n_conns = r->n_replays = 0;
	for (uint32_t i = 0; i < gen->n_ports; i++) {
		const struct gport *port = &gen->ports[i];

		port_result(port, &results->ports[i]);
		r->n_conns += conn_result(port, seconds, &results->conns[r->n_conns]);
		r->n_replays += replay_result(port, seconds, &results->replays[r->n_replays]);
	}
}

int results_write(const struct results *results, uint32_t n_failed, const char *failures,
	const char *path, struct pw_err *err)
{
	json_t *root = pw_gen_result_json(&results->r, n_failed, failures);
	char *text =
		root != NULL ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
	int rc = -ENOMEM;

	if (text != NULL && strcmp(path, "-") == 0)
		rc = puts(text) >= 0 ? 0 : -EIO;
	else if (text != NULL)
		rc = pw_file_write_atomic(path, text, strlen(text), 0644);
	free(text);
	json_decref(root);
	if (rc != 0)
		pw_err_set(err, rc, "%s: result cannot be written: %s", path, strerror(-rc));
	return rc;
}
