/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pw_ipc_json.h"

static void print_head(struct ctl *ctl, int64_t interval, int n, char **words)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	fputs("\033[H\033[2J", ctl->out);
	fprintf(ctl->out, "every %d s: podwayctl", (int)interval);
	for (int i = 0; i < n; i++)
		fprintf(ctl->out, " %s", words[i]);
	fprintf(ctl->out, "   %s   (Ctrl-C ends)\n\n", stamp);
}

int watch_run(struct ctl *ctl, const struct command *cmd, const struct parsed *parsed)
{
	int64_t interval = pw_json_int(parsed->opts, "interval", 2);
	int64_t count = pw_json_int(parsed->opts, "count", 0);
	bool screen = isatty(fileno(ctl->out)) && !ctl->json;
	int rc = EXIT_OK;

	if (ctl->nested || interval < 1 || interval > 86400) {
		fputs(ctl->nested ? "podwayctl: watch cannot be used here\n"
				  : "podwayctl: interval: 1..86400 seconds\n",
			stderr);
		return EXIT_USAGE;
	}
	ctl->nested = true;
	for (int64_t i = 0; count == 0 || i < count; i++) {
		char *words[CTL_MAX_WORDS];

		/* Options are taken out of the words, so each time needs its own. */
		memcpy(words, parsed->rest, (size_t)parsed->n_rest * sizeof(*words));
		if (i > 0)
			sleep((unsigned int)interval);
		if (screen)
			print_head(ctl, interval, parsed->n_rest, parsed->rest);
		rc = command_run_line(ctl, parsed->n_rest, words);
		if (rc == EXIT_USAGE) /* that will not become better */
			break;
	}
	ctl->nested = false;
	return rc;
}
