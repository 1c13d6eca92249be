/* SPDX-License-Identifier: BSD-3-Clause */
/* The interactive shell (readline), and the same commands from a file or pipe. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "pw_str.h"

#define HISTORY_LINES 1000

/* Words in place; '..' and ".." keep white space. -1: a quote is not closed, or too many words. */
static int split(char *line, char **words, int max)
{
	char *in = line, *out = line;
	int n = 0;

	for (;;) {
		char quote = 0;

		in += strspn(in, " \t\r\n");
		if (*in == '\0' || *in == '#')
			return n;
		if (n == max)
			return -1;
		words[n++] = out;
		for (; *in != '\0' && (quote != 0 || strchr(" \t\r\n", *in) == NULL); in++) {
			if (quote == 0 && (*in == '\'' || *in == '"'))
				quote = *in;
			else if (quote != 0 && *in == quote)
				quote = 0;
			else
				*out++ = *in;
		}
		if (quote != 0)
			return -1;
		if (*in != '\0')
			in++;
		*out++ = '\0';
	}
}

/* One line of the shell with options that hold for it alone. */
static int run_line(struct ctl *ctl, char *line, bool *end)
{
	char *words[CTL_MAX_WORDS];
	struct ctl saved = *ctl;
	int n = split(line, words, PW_ARRAY_SIZE(words)), rc;

	*end = false;
	if (n == 0)
		return EXIT_OK;
	if (n < 0) {
		fputs("podwayctl: a quote is not closed, or the line is too long\n", stderr);
		return EXIT_USAGE;
	}
	if (strcmp(words[0], "exit") == 0 || strcmp(words[0], "quit") == 0) {
		*end = true;
		return EXIT_OK;
	}
	rc = command_run_line(ctl, n, words);
	saved.client = ctl->client;
	/* Another socket was named for this line: the connection is not the shell's. */
	if (ctl->socket != saved.socket) {
		pw_ipc_client_close(ctl->client);
		saved.client = NULL;
	}
	*ctl = saved;
	return rc;
}

static int run_batch(struct ctl *ctl)
{
	char *line = NULL;
	size_t size = 0;
	unsigned int number = 0;
	bool end = false;
	int rc = EXIT_OK;

	while (!end && rc == EXIT_OK && getline(&line, &size, stdin) >= 0) {
		number++;
		rc = run_line(ctl, line, &end);
	}
	if (rc != EXIT_OK)
		fprintf(stderr, "podwayctl: line %u failed, the rest was not done\n", number);
	free(line);
	return rc;
}

/* --- completion: readline's callbacks carry no argument ------------------------------------- */

struct matches {
	char **v;
	size_t n, next;
};

static struct {
	struct ctl *ctl; /* while the shell runs */
	struct matches matches;
} completion;

static void add_match(void *arg, const char *word)
{
	struct matches *m = arg;
	char **v = reallocarray(m->v, m->n + 1, sizeof(*v));

	if (v == NULL)
		return;
	m->v = v;
	m->v[m->n] = strdup(word); /* readline frees it */
	m->n += m->v[m->n] != NULL;
}

static void find_matches(const char *prefix, int start)
{
	struct matches *m = &completion.matches;
	struct ctl copy = *completion.ctl; /* options of the line are not the shell's */
	char *words[CTL_MAX_WORDS], *line = strndup(rl_line_buffer, (size_t)start);
	int n = line != NULL ? split(line, words, PW_ARRAY_SIZE(words)) : -1;

	free(m->v);
	memset(m, 0, sizeof(*m));
	if (n >= 0)
		complete_words(&copy, n, words, prefix, add_match, m);
	free(line);
}

static char *next_match(const char *text, int state)
{
	struct matches *m = &completion.matches;

	return m->next < m->n ? m->v[m->next++] : NULL;
}

static char **on_complete(const char *text, int start, int end)
{
	rl_attempted_completion_over = 1; /* no file names */
	find_matches(text, start);
	return rl_completion_matches(text, next_match);
}

static void history_path(struct pw_str *path)
{
	const char *home = getenv("HOME");

	if (home != NULL && home[0] == '/')
		pw_str_addf(path, "%s/.podwayctl_history", home);
}

static int run_interactive(struct ctl *ctl)
{
	struct pw_str path = {0};
	bool end = false;
	char *line;

	completion.ctl = ctl;
	rl_readline_name = "podwayctl";
	rl_attempted_completion_function = on_complete;
	rl_completer_word_break_characters = " \t";
	using_history();
	stifle_history(HISTORY_LINES);
	history_path(&path);
	if (path.s != NULL)
		read_history(path.s);
	puts("podwayctl: Tab completes, help explains, exit or Ctrl-D ends.");
	while (!end && (line = readline("podway> ")) != NULL) {
		if (line[strspn(line, " \t")] != '\0')
			add_history(line);
		run_line(ctl, line, &end);
		free(line);
	}
	if (!end)
		putchar('\n');
	if (path.s != NULL)
		write_history(path.s);
	pw_str_free(&path);
	free(completion.matches.v);
	completion.ctl = NULL;
	return EXIT_OK;
}

int shell_run(struct ctl *ctl, const struct command *cmd, const struct parsed *parsed)
{
	if (ctl->nested) {
		fputs("podwayctl: shell cannot be used here\n", stderr);
		return EXIT_USAGE;
	}
	return isatty(STDIN_FILENO) ? run_interactive(ctl) : run_batch(ctl);
}
