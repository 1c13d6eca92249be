/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "options.h"
#include "pw_util.h"

#define DEFAULT_CONFIG "/etc/podway/podway.yaml"

/* One row an option: getopt's table and the help are made of it. */
static const struct {
	char letter;
	const char *name, *argument, *help;
	enum options_action action;
} rows[] = {
	{'c', "config", "FILE", "configuration (default: " DEFAULT_CONFIG ")", OPTIONS_RUN},
	{'C', "check", "FILE", "check FILE, print every error or \"FILE: ok\", and exit",
		OPTIONS_CHECK},
	{'p', "preflight", NULL,
		"check this machine: a table of what was found and how to fix it, and exit",
		OPTIONS_PREFLIGHT},
	{'d', "dump", NULL, "print the configuration with all defaults, and exit", OPTIONS_DUMP},
	{'l', "log-level", "LEVEL", "error, warn, info (default) or debug", OPTIONS_RUN},
	{'V', "version", NULL, "print the versions of podway, compiler and DPDK, and exit",
		OPTIONS_VERSION},
	{'h', "help", NULL, "print this, and exit", OPTIONS_HELP},
};

void options_help(void)
{
	puts("podwayd - the packet path of a Kubernetes node\n\nUsage: podwayd [options]\n");
	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++)
		printf("  -%c, --%s%s%-*s%s\n", rows[i].letter, rows[i].name,
			rows[i].argument != NULL ? " " : "",
			(int)(18 - snprintf(NULL, 0, "%s%s", rows[i].name,
					   rows[i].argument != NULL ? " " : "")),
			rows[i].argument != NULL ? rows[i].argument : "", rows[i].help);
	puts("\nIt runs in the foreground and logs to stderr. SIGTERM or SIGINT: clean stop.\n"
	     "Exit status: 0 stopped as asked, 1 configuration or start failed (the message says\n"
	     "what to do), 2 bad command line, 3 failed while running.\n"
	     "See podwayd(8), podwayctl(8).");
}

static void make_long_options(struct option *list)
{
	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++)
		list[i] = (struct option){.name = rows[i].name,
			.has_arg = rows[i].argument != NULL ? required_argument : no_argument,
			.val = rows[i].letter};
	list[PW_ARRAY_SIZE(rows)] = (struct option){0};
}

static int take(struct options *options, int letter)
{
	for (unsigned i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		if (rows[i].letter == letter && rows[i].action != OPTIONS_RUN)
			options->action = rows[i].action;
	}
	switch (letter) {
	case 'c':
	case 'C':
		options->config = optarg;
		return 0;
	case 'l':
		options->has_level = true;
		if (pw_log_level_parse(optarg, &options->level) == 0)
			return 0;
		fprintf(stderr, "podwayd: --log-level %s: allowed are error, warn, info, debug\n",
			optarg);
		return -EINVAL;
	case '?':
		fputs("Try: podwayd --help\n", stderr);
		return -EINVAL;
	default:
		return 0;
	}
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct option list[PW_ARRAY_SIZE(rows) + 1];
	int letter;

	*options = (struct options){.action = OPTIONS_RUN, .config = DEFAULT_CONFIG};
	make_long_options(list);
	while ((letter = getopt_long(argc, argv, "c:C:pdl:Vh", list, NULL)) != -1) {
		if (take(options, letter) != 0)
			return -EINVAL;
	}
	if (optind < argc) {
		fprintf(stderr,
			"podwayd: \"%s\": no arguments are taken, only options\n"
			"Try: podwayd --help\n",
			argv[optind]);
		return -EINVAL;
	}
	return 0;
}
