/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h - the command line of podwayd. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "pw_log.h"

enum options_action {
	OPTIONS_RUN,
	OPTIONS_CHECK,     /* read the configuration, say what is wrong with it */
	OPTIONS_DUMP,      /* print it with all defaults */
	OPTIONS_PREFLIGHT, /* check the machine */
	OPTIONS_VERSION,
	OPTIONS_HELP,
};

struct options {
	enum options_action action;
	const char *config;
	bool has_level;
	enum pw_log_level level;
};

/* 0, or -EINVAL after a message on stderr. */
int options_parse(struct options *options, int argc, char **argv);
void options_help(void);

#endif
