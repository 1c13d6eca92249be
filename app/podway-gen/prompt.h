/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prompt.h - the interactive side, in testpmd's manner: one table of commands for the prompt, its
 * completion, the help, and lines that come from a file or a pipe.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include "gen.h"

#define PROMPT_WORDS 16

struct prompt {
	struct gen *gen;
	struct results *results;
	bool running, quit;
};

struct command {
	const char *words; /* "set rate" */
	const char *args;  /* "STREAM|all RATE" */
	const char *help;
	int n_args; /* exactly so many; -1: any */
	/* 0, or -1: said on stderr */
	int (*run)(struct prompt *prompt, int argc, char **argv);
	/* Values the n-th argument may have: fn for each. NULL: none known */
	void (*complete)(
		struct prompt *prompt, int n, void (*fn)(void *arg, const char *word), void *arg);
};

extern const struct command commands[]; /* the last one has no words */

/* Splits in place and runs: 0, or -1 after it was said what is wrong. */
int prompt_line(struct prompt *prompt, char *line);
/* Reads lines until the end of the input or `quit`; the exit code. */
int prompt_run(struct prompt *prompt);

#endif
