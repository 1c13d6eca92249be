/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl.h"

#include <string.h>

#include "pw_str.h"

const struct option_row option_rows[] = {
	{"socket", 's', "PATH",
		"the daemon's control socket; default: $PODWAY_SOCKET, else "
		"/run/podway/control.sock"},
	{"json", 'j', NULL, "print the daemon's result as JSON: exact numbers, for scripts"},
	{"verbose", 'v', NULL, "more columns, lists in full"},
	{"no-color", 0, NULL,
		"no colours; they are also off when the output is no terminal, or "
		"NO_COLOR is set"},
	{"timeout", 0, "SEC", "how long to wait for an answer; default 30"},
	{"help", 'h', NULL, "what a command does, each argument and each column, with examples"},
	{"version", 0, NULL, "print podwayctl's version"},
	{"man", 0, NULL, "print the manual page (troff)"},
	{0},
};

static const struct option_row *find_option(const char *word)
{
	for (const struct option_row *o = option_rows; o->name != NULL; o++) {
		size_t len = strlen(o->name);

		if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, o->name, len) == 0 &&
			(word[2 + len] == '\0' || (word[2 + len] == '=' && o->value != NULL)))
			return o;
		if (o->letter != 0 && word[0] == '-' && word[1] == o->letter && word[2] == '\0')
			return o;
	}
	return NULL;
}

static bool apply(struct ctl *ctl, struct options *options, const struct option_row *o,
	const char *value, char *err, size_t size)
{
	uint64_t sec;

	if (strcmp(o->name, "socket") == 0) {
		ctl->socket = value;
	} else if (strcmp(o->name, "json") == 0) {
		ctl->json = true;
	} else if (strcmp(o->name, "verbose") == 0) {
		ctl->verbose = true;
	} else if (strcmp(o->name, "no-color") == 0) {
		ctl->color = false;
	} else if (strcmp(o->name, "help") == 0) {
		options->help = true;
	} else if (strcmp(o->name, "version") == 0) {
		options->version = true;
	} else if (strcmp(o->name, "man") == 0) {
		options->man = true;
	} else { /* timeout */
		if (pw_u64_parse(value, 1, 3600, &sec) < 0) {
			snprintf(err, size, "--timeout: \"%s\" is not 1..3600 seconds", value);
			return false;
		}
		ctl->timeout_ms = (uint32_t)sec * 1000;
	}
	return true;
}

bool options_take(
	struct ctl *ctl, struct options *options, int *n, char **words, char *err, size_t size)
{
	int kept = 0;

	for (int i = 0; i < *n; i++) {
		const struct option_row *o = find_option(words[i]);
		const char *value = o != NULL && o->value != NULL ? strchr(words[i], '=') : NULL;

		if (o == NULL) {
			words[kept++] = words[i];
			continue;
		}
		if (value != NULL) {
			value++;
		} else if (o->value != NULL) {
			if (i + 1 >= *n) {
				snprintf(err, size, "--%s: %s is missing after it", o->name,
					o->value);
				return false;
			}
			value = words[++i];
		}
		if (!apply(ctl, options, o, value, err, size))
			return false;
	}
	*n = kept;
	return true;
}
