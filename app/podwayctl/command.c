/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

#include "pw_ipc_json.h"
#include "pw_str.h"
#include "pw_version.h"

static const struct command *const tables[] = {
	system_commands,
	net_commands,
	service_commands,
	local_commands,
};

static const struct {
	const char *alias, *noun;
} aliases[] = {
	{"neighbors", "neighbours"},
	{"arp", "neighbours"},
	{"interfaces", "ports"},
	{"mac", "fdb"},
	{"conntrack", "flows"},
	{"ct", "flows"},
	{"svc", "services"},
};

const struct command *command_next(const struct command *cmd)
{
	if (cmd == NULL)
		return tables[0];
	if (cmd[1].noun != NULL)
		return cmd + 1;
	for (size_t i = 0; i + 1 < PW_ARRAY_SIZE(tables); i++) {
		const struct command *last = tables[i];

		while (last[1].noun != NULL)
			last++;
		if (last == cmd)
			return tables[i + 1];
	}
	return NULL;
}

static const char *real_noun(const char *noun)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(aliases); i++) {
		if (strcmp(aliases[i].alias, noun) == 0)
			return aliases[i].noun;
	}
	return noun;
}

/* The noun in full for one that may be shortened; NULL with err: none, or more than one. */
static const char *full_noun(const char *word, char *err, size_t size)
{
	const char *found = NULL;

	word = real_noun(word);
	for (const struct command *c = command_next(NULL); c != NULL; c = command_next(c)) {
		if (strcmp(c->noun, word) == 0)
			return c->noun;
	}
	for (const struct command *c = command_next(NULL); c != NULL; c = command_next(c)) {
		if (strncmp(c->noun, word, strlen(word)) != 0 ||
			(found != NULL && strcmp(found, c->noun) == 0))
			continue;
		if (found != NULL) {
			snprintf(err, size, "\"%s\" may be \"%s\" or \"%s\"", word, found, c->noun);
			return NULL;
		}
		found = c->noun;
	}
	if (found == NULL)
		snprintf(err, size, "\"%s\" is no command; see podwayctl --help", word);
	return found;
}

const struct command *command_find(int n, char **words, int *used, char *err, size_t size)
{
	const struct command *fallback = NULL;
	const char *noun = full_noun(words[0], err, size);
	struct pw_str verbs = {0};

	if (noun == NULL)
		return NULL;
	for (const struct command *c = command_next(NULL); c != NULL; c = command_next(c)) {
		if (strcmp(c->noun, noun) != 0)
			continue;
		if (n > 1 && c->verb != NULL && strcmp(c->verb, words[1]) == 0) {
			pw_str_free(&verbs);
			*used = 2;
			return c;
		}
		if (c->verb == NULL || c->is_default)
			fallback = c;
		if (c->verb != NULL)
			pw_str_addf(&verbs, "%s%s", verbs.len > 0 ? ", " : "", c->verb);
	}
	if (fallback == NULL)
		snprintf(err, size, "%s: say which: %s", noun, verbs.s != NULL ? verbs.s : "");
	pw_str_free(&verbs);
	*used = 1;
	return fallback;
}

static int usage_error(const struct command *cmd, const char *err)
{
	fprintf(stderr, "podwayctl: %s\n", err);
	if (cmd != NULL) {
		fputs("usage: podwayctl ", stderr);
		help_usage(stderr, cmd);
		fprintf(stderr, "\nMore: podwayctl %s%s%s --help\n", cmd->noun,
			cmd->verb != NULL ? " " : "", cmd->verb != NULL ? cmd->verb : "");
	}
	return EXIT_USAGE;
}

/* A thing that was named and is not there is an error, as it is for every other command. */
static bool is_missing(const struct command *cmd, const json_t *result, const struct parsed *parsed)
{
	const json_t *name = pw_json_get(parsed->params, "name");
	const json_t *rows = cmd->view->list != NULL ? pw_json_get(result, cmd->view->list) : NULL;

	return name != NULL && json_is_array(rows) && json_array_size(rows) == 0;
}

static int run_remote(struct ctl *ctl, const struct command *cmd, const struct parsed *parsed)
{
	json_t *result;
	int rc = call_method(ctl, cmd->method, json_incref(parsed->params), &result);

	if (rc != EXIT_OK)
		return rc;
	if (ctl->json) {
		json_dumpf(result, ctl->out, JSON_INDENT(2) | JSON_ENCODE_ANY);
		fputc('\n', ctl->out);
	} else if (!is_missing(cmd, result, parsed)) {
		view_show(ctl, cmd->view, result, parsed);
	}
	if (is_missing(cmd, result, parsed)) {
		fprintf(stderr, "podwayctl: \"%s\": %s\n", pw_json_str(parsed->params, "name", ""),
			cmd->view->empty);
		rc = EXIT_DAEMON;
	}
	json_decref(result);
	return rc;
}

static int run_command(struct ctl *ctl, const struct command *cmd, int n, char **words)
{
	struct parsed parsed;
	char err[512] = "bad arguments";
	int rc;

	if (!args_parse(cmd, n, words, &parsed, err, sizeof(err)))
		rc = usage_error(cmd, err);
	else if (cmd->run != NULL)
		rc = cmd->run(ctl, cmd, &parsed);
	else
		rc = run_remote(ctl, cmd, &parsed);
	args_free(&parsed);
	if (fflush(ctl->out) != 0 && rc == EXIT_OK) { /* a full disk behind a redirection */
		perror("podwayctl: output");
		rc = EXIT_DAEMON;
	}
	return rc;
}

static int show_help(struct ctl *ctl, int n, char **words)
{
	const struct command *cmd;
	const char *noun;
	char err[512];
	int used;

	if (n == 0) {
		help_overview(ctl->out);
		return EXIT_OK;
	}
	noun = full_noun(words[0], err, sizeof(err));
	if (noun == NULL)
		return usage_error(NULL, err);
	cmd = command_find(n, words, &used, err, sizeof(err));
	if (cmd != NULL && (used == 2 || cmd->verb == NULL))
		help_command(ctl->out, cmd);
	else
		help_noun(ctl->out, noun);
	return EXIT_OK;
}

int command_run_line(struct ctl *ctl, int n, char **words)
{
	struct options options = {0};
	const struct command *cmd;
	char err[512];
	int used;

	/* A line to be completed may hold any option; it is data here. */
	if (!(n > 1 && strcmp(words[0], "completion") == 0 && strcmp(words[1], "words") == 0) &&
		!options_take(ctl, &options, &n, words, err, sizeof(err)))
		return usage_error(NULL, err);
	if (options.version) {
		fprintf(ctl->out, "podwayctl %s\n", PW_VERSION);
		return EXIT_OK;
	}
	if (options.man) {
		man_print(ctl->out);
		return EXIT_OK;
	}
	if (n > 0 && strcmp(words[0], "help") == 0)
		return show_help(ctl, n - 1, words + 1);
	if (options.help)
		return show_help(ctl, n, words);
	if (n == 0) {
		help_overview(stderr);
		return EXIT_USAGE;
	}
	cmd = command_find(n, words, &used, err, sizeof(err));
	if (cmd == NULL)
		return usage_error(NULL, err);
	return run_command(ctl, cmd, n - used, words + used);
}
