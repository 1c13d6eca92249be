/* SPDX-License-Identifier: BSD-3-Clause */
#include "prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "pw_str.h"

#define HISTORY_LINES 1000

static int split(char *line, char **words)
{
	char *save, *word = strtok_r(line, " \t\r\n", &save);
	int n = 0;

	for (; word != NULL && *word != '#'; word = strtok_r(NULL, " \t\r\n", &save)) {
		if (n == PROMPT_WORDS)
			return -1;
		words[n++] = word;
	}
	return n;
}

/* Words of `command` that the line has, each shortened as long as it is a prefix; 0: another one. */
static int match(const struct command *command, int argc, char **argv)
{
	const char *p = command->words;
	int n = 0;

	while (*p != '\0') {
		size_t len = strcspn(p, " ");

		if (n >= argc || strlen(argv[n]) > len || strncmp(argv[n], p, strlen(argv[n])) != 0)
			return 0;
		n++;
		p += len + (p[len] == ' ');
	}
	return n;
}

static const struct command *find(int argc, char **argv, int *used)
{
	const struct command *best = NULL;

	*used = 0;
	for (const struct command *c = commands; c->words != NULL; c++) {
		int n = match(c, argc, argv);

		if (n > *used) { /* the first of equals: the table has the usual ones first */
			best = c;
			*used = n;
		}
	}
	return best;
}

int prompt_line(struct prompt *prompt, char *line)
{
	char *words[PROMPT_WORDS];
	const struct command *command;
	int used, n = split(line, words);

	if (n == 0)
		return 0;
	command = n > 0 ? find(n, words, &used) : NULL;
	if (command == NULL) {
		for (int i = 0; i < n; i++)
			fprintf(stderr, "%s ", words[i]);
		fprintf(stderr, "%s\n",
			n > 0 ? "is no command; help lists them" : "the line has too many words");
		return -1;
	}
	if (command->n_args >= 0 && n - used != command->n_args) {
		fprintf(stderr, "%s needs: %s %s\n", command->words, command->words, command->args);
		return -1;
	}
	return command->run(prompt, n - used, words + used);
}

/* ---- completion: readline's callbacks carry no argument ---- */

static struct {
	struct prompt *prompt; /* while the prompt runs */
	char **v;
	size_t n, next;
	const char *prefix;
} completion;

static void offer(void *arg, const char *word)
{
	char **v;

	if (strncmp(word, completion.prefix, strlen(completion.prefix)) != 0)
		return;
	for (size_t i = 0; i < completion.n; i++)
		if (strcmp(completion.v[i], word) == 0)
			return;
	v = reallocarray(completion.v, completion.n + 1, sizeof(*v));
	if (v == NULL)
		return;
	completion.v = v;
	v[completion.n] = strdup(word); /* readline frees it */
	completion.n += v[completion.n] != NULL;
}

/* The word of a command that comes next, if the line has those before it. */
static void offer_next_word(const struct command *command, int argc, char **argv)
{
	const char *p = command->words;
	char word[32];

	for (int i = 0; i < argc; i++) {
		size_t len = strcspn(p, " ");

		if (strlen(argv[i]) > len || strncmp(argv[i], p, strlen(argv[i])) != 0)
			return;
		p += len + (p[len] == ' ');
		if (*p == '\0')
			return;
	}
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(p, " "), p);
	offer(NULL, word);
}

static void find_matches(const char *text, int start)
{
	char *words[PROMPT_WORDS], *line = strndup(rl_line_buffer, (size_t)start);
	int n = line != NULL ? split(line, words) : -1, used;
	const struct command *command = n > 0 ? find(n, words, &used) : NULL;

	free(completion.v);
	completion.v = NULL;
	completion.n = completion.next = 0;
	completion.prefix = text;
	for (const struct command *c = commands; n >= 0 && c->words != NULL; c++)
		offer_next_word(c, n, words);
	if (command != NULL && command->complete != NULL)
		command->complete(completion.prompt, n - used, offer, NULL);
	free(line);
}

static char *next_match(const char *text, int state)
{
	return completion.next < completion.n ? completion.v[completion.next++] : NULL;
}

static char **on_complete(const char *text, int start, int end)
{
	rl_attempted_completion_over = 1; /* no file names */
	find_matches(text, start);
	return rl_completion_matches(text, next_match);
}

/* ---- the two ways lines come ---- */

static void history_path(struct pw_str *path)
{
	const char *home = getenv("HOME");

	if (home != NULL && home[0] == '/')
		pw_str_addf(path, "%s/.podway-gen_history", home);
}

static int run_interactive(struct prompt *prompt)
{
	struct pw_str path = {0};
	char *line;

	completion.prompt = prompt;
	rl_readline_name = "podway-gen";
	rl_attempted_completion_function = on_complete;
	rl_completer_word_break_characters = " \t";
	using_history();
	stifle_history(HISTORY_LINES);
	history_path(&path);
	if (path.s != NULL)
		read_history(path.s);
	puts("podway-gen: Tab completes, help explains, quit or Ctrl-D ends.");
	while (!prompt->quit && (line = readline("gen> ")) != NULL) {
		if (line[strspn(line, " \t")] != '\0')
			add_history(line);
		prompt_line(prompt, line);
		free(line);
	}
	if (path.s != NULL)
		write_history(path.s);
	pw_str_free(&path);
	free(completion.v);
	completion.v = NULL;
	return GEN_EXIT_OK;
}

/* A script ends at its first error. */
static int run_script(struct prompt *prompt)
{
	char *line = NULL;
	size_t size = 0;
	unsigned number = 0;
	int rc = 0;

	while (rc == 0 && !prompt->quit && getline(&line, &size, stdin) >= 0) {
		number++;
		rc = prompt_line(prompt, line);
		fflush(stdout);
	}
	if (rc != 0)
		fprintf(stderr, "podway-gen: line %u failed, the rest was not done\n", number);
	free(line);
	return rc == 0 ? GEN_EXIT_OK : GEN_EXIT_USAGE;
}

int prompt_run(struct prompt *prompt)
{
	int code = isatty(STDIN_FILENO) ? run_interactive(prompt) : run_script(prompt);

	if (prompt->running) {
		run_stop_sending(prompt->gen);
		run_stop(prompt->gen);
		prompt->running = false;
	}
	return code;
}
