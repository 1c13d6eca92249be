/* SPDX-License-Identifier: BSD-3-Clause */
/* podwayd: command line, configuration, and the control plane's life (lib/ctl). */
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "pw_conf.h"
#include "pw_ctl.h"
#include "pw_log.h"

/* Documented in podwayd(8) and --help. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_START = 1,
	EXIT_USAGE = 2,
	EXIT_RUN = 3,
};

static struct pw_conf *load(const char *path)
{
	struct pw_conf_errors errors = {0};
	struct pw_conf *conf = pw_conf_load(path, &errors);

	for (uint32_t i = 0; i < errors.n; i++)
		fprintf(stderr, "%s\n", errors.v[i]);
	pw_conf_errors_free(&errors);
	return conf;
}

static int check(const char *path)
{
	struct pw_conf *conf = load(path);

	if (conf == NULL)
		return EXIT_START;
	printf("%s: ok\n", path);
	pw_conf_free(conf);
	return EXIT_OK;
}

static int dump(const char *path)
{
	struct pw_conf *conf = load(path);
	char *text;

	if (conf == NULL)
		return EXIT_START;
	text = pw_conf_dump(conf);
	if (text != NULL)
		fputs(text, stdout);
	free(text);
	pw_conf_free(conf);
	return text != NULL ? EXIT_OK : EXIT_START;
}

static int preflight(const char *path)
{
	struct pw_conf *conf = load(path);
	int failed;

	if (conf == NULL)
		return EXIT_START;
	failed = pw_ctl_preflight(conf, stdout);
	pw_conf_free(conf);
	return failed == 0 ? EXIT_OK : EXIT_START;
}

static int version(void)
{
	struct pw_ctl_version v;

	pw_ctl_version(&v);
	printf("podwayd %s (protocol %d)\nbuilt for %s with %s\nDPDK %s\n", v.version,
		PW_CTL_PROTOCOL, v.march, v.compiler, v.dpdk);
	return EXIT_OK;
}

static int run(const char *path)
{
	struct pw_conf *conf = load(path);
	struct pw_err err = {0};
	struct pw_ctl *ctl;
	int rc;

	if (conf == NULL)
		return EXIT_START;
	ctl = pw_ctl_create(conf, &err);
	if (ctl == NULL) {
		pw_error("podwayd", "cannot start: %s", err.msg);
		pw_conf_free(conf);
		return EXIT_START;
	}
	pw_info("podwayd", "ready: node %s, configuration %s", conf->node.name, conf->path);
	rc = pw_ctl_run(ctl);
	if (rc != 0)
		pw_error("podwayd", "the event loop failed");
	pw_ctl_destroy(ctl);
	pw_info("podwayd", "stopped");
	pw_conf_free(conf);
	return rc == 0 ? EXIT_OK : EXIT_RUN;
}

int main(int argc, char **argv)
{
	struct options options;

	if (options_parse(&options, argc, argv) != 0)
		return EXIT_USAGE;
	if (options.has_level)
		pw_log_set_level(options.level);
	switch (options.action) {
	case OPTIONS_HELP:
		options_help();
		return EXIT_OK;
	case OPTIONS_VERSION:
		return version();
	case OPTIONS_CHECK:
		return check(options.config);
	case OPTIONS_PREFLIGHT:
		return preflight(options.config);
	case OPTIONS_DUMP:
		return dump(options.config);
	case OPTIONS_RUN:
		break;
	}
	return run(options.config);
}
