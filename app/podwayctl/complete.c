/* SPDX-License-Identifier: BSD-3-Clause */
/* What may come next in a line: for the shell of ours, and for bash by way of "completion". */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

#include "pw_ipc_json.h"

struct sink {
	const char *prefix;
	void (*fn)(void *arg, const char *word);
	void *arg;
};

static void offer(struct sink *sink, const char *word)
{
	if (word != NULL && strncmp(word, sink->prefix, strlen(sink->prefix)) == 0)
		sink->fn(sink->arg, word);
}

static void offer_nouns(struct sink *sink)
{
	const char *last = "";

	for (const struct command *c = command_next(NULL); c != NULL; c = command_next(c)) {
		if (strcmp(c->noun, last) != 0)
			offer(sink, c->noun);
		last = c->noun;
	}
	offer(sink, "help");
}

static void offer_options(struct sink *sink)
{
	char word[32];

	if (sink->prefix[0] != '-')
		return;
	for (const struct option_row *o = option_rows; o->name != NULL; o++) {
		snprintf(word, sizeof(word), "--%s", o->name);
		offer(sink, word);
	}
}

static void offer_verbs(struct sink *sink, const char *noun)
{
	for (const struct command *c = command_next(NULL); c != NULL; c = command_next(c)) {
		if (strcmp(c->noun, noun) == 0)
			offer(sink, c->verb);
	}
}

/* Names the daemon knows: spec is "method:list:member". It is not waited for, and no error said. */
static void offer_names(struct ctl *ctl, struct sink *sink, const char *spec)
{
	struct pw_ipc_call opts = {.timeout_ms = 500};
	char method[64], list[32], member[32];
	json_t *result = NULL, *rows, *row;
	struct pw_ipc_client *client;
	size_t i;

	if (sscanf(spec, "%63[^:]:%31[^:]:%31s", method, list, member) != 3)
		return;
	client = pw_ipc_client_open(ctl->socket, 200);
	if (client == NULL)
		return;
	if (pw_ipc_client_call(client, method, NULL, &opts, &result, NULL) == 0) {
		rows = pw_json_get(result, list);
		json_array_foreach (rows, i, row)
			offer(sink, pw_json_str(row, member, NULL));
	}
	json_decref(result);
	pw_ipc_client_close(client);
}

static void offer_values(struct ctl *ctl, struct sink *sink, const struct arg *arg)
{
	if (arg->type == T_ON_OFF) {
		offer(sink, "on");
		offer(sink, "off");
	}
	for (int i = 0; arg->choices != NULL && arg->choices[i] != NULL; i++)
		offer(sink, arg->choices[i]);
	if (arg->names != NULL)
		offer_names(ctl, sink, arg->names);
}

/* Keywords not used yet, and values of the positional argument whose turn it is. */
static void offer_arguments(
	struct ctl *ctl, struct sink *sink, const struct command *cmd, int n, char **words)
{
	const struct arg *last = n > 0 ? args_find(cmd, words[n - 1]) : NULL;
	int position = 0, turn = 0;

	if (last != NULL && last->kind == ARG_KEY) {
		offer_values(ctl, sink, last);
		return;
	}
	for (int i = 0; i < n; i++) {
		const struct arg *a = args_find(cmd, words[i]);

		if (a == NULL)
			position++;
		else if (a->kind == ARG_KEY)
			i++;
	}
	for (const struct arg *a = cmd->args; a != NULL && a->name != NULL; a++) {
		bool used = false;

		if (a->kind == ARG_WORD) {
			if (turn++ == position)
				offer_values(ctl, sink, a);
			continue;
		}
		for (int i = 0; i < n; i++)
			used = used || args_find(cmd, words[i]) == a;
		if (a->kind != ARG_REST && (a->list || !used))
			offer(sink, a->name);
	}
}

static bool takes_commands(const struct command *cmd)
{
	for (const struct arg *a = cmd->args; a != NULL && a->name != NULL; a++) {
		if (a->kind == ARG_REST)
			return true;
	}
	return false;
}

void complete_words(struct ctl *ctl, int n, char **words, const char *prefix,
	void (*fn)(void *arg, const char *word), void *arg)
{
	struct sink sink = {prefix, fn, arg};
	char *copy[CTL_MAX_WORDS], err[256];
	struct options options = {0};
	const struct command *cmd;
	int used = 0;

	if (n > CTL_MAX_WORDS)
		return;
	memcpy(copy, words, (size_t)n * sizeof(*words));
	/* An option that waits for its value: nothing to offer. */
	if (!options_take(ctl, &options, &n, copy, err, sizeof(err)))
		return;
	offer_options(&sink);
	if (n > 0 && strcmp(copy[0], "help") == 0) {
		complete_words(ctl, n > 1 ? 1 : 0, copy + 1, prefix, fn, arg);
		return;
	}
	if (n == 0) {
		offer_nouns(&sink);
		return;
	}
	cmd = command_find(n, copy, &used, err, sizeof(err));
	if (n == 1)
		offer_verbs(&sink, cmd != NULL ? cmd->noun : copy[0]);
	if (cmd == NULL)
		return;
	if (takes_commands(cmd)) { /* watch: behind its own keywords a line begins anew */
		int skip = used;

		while (skip + 1 < n && args_find(cmd, copy[skip]) != NULL)
			skip += 2;
		if (skip < n && args_find(cmd, copy[skip]) != NULL)
			return;
		complete_words(ctl, n - skip, copy + skip, prefix, fn, arg);
		if (skip < n)
			return;
	}
	offer_arguments(ctl, &sink, cmd, n - used, copy + used);
}
