/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * podwayctl - look at and control podwayd. See ctl.h for how a line becomes text.
 */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 30000

static const char *default_socket(void)
{
	const char *path = getenv("PODWAY_SOCKET");

	return path != NULL && path[0] != '\0' ? path : PW_IPC_DEFAULT_SOCKET;
}

/* https://no-color.org */
static bool wants_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {
		.socket = default_socket(),
		.color = wants_color(),
		.out = stdout,
		.timeout_ms = DEFAULT_TIMEOUT_MS,
	};
	int rc;

	if (argc - 1 > CTL_MAX_WORDS) {
		fprintf(stderr, "podwayctl: more than %d words\n", CTL_MAX_WORDS);
		return EXIT_USAGE;
	}
	rc = command_run_line(&ctl, argc > 0 ? argc - 1 : 0, argv + 1);
	pw_ipc_client_close(ctl.client);
	if (fclose(stdout) != 0 && rc == EXIT_OK)
		rc = EXIT_DAEMON;
	return rc;
}
