/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl.h"

#include <errno.h>
#include <string.h>

#define CONNECT_MS 3000

static int unreachable(const struct ctl *ctl, int code)
{
	fprintf(stderr, "podwayctl: no daemon answers at %s: %s\n", ctl->socket, strerror(code));
	if (code == EACCES || code == EPERM)
		fputs("The control socket is root's: try again with sudo.\n", stderr);
	else if (code == EAGAIN)
		fputs("It is there but took no connection in time: it may hang; see its log.\n",
			stderr);
	else
		fputs("Is it running? Start it with: systemctl start podwayd\n"
		      "Has it another socket? Name it: --socket PATH, or PODWAY_SOCKET=PATH\n",
			stderr);
	return EXIT_UNREACHABLE;
}

static int connect_daemon(struct ctl *ctl)
{
	if (ctl->client != NULL)
		return EXIT_OK;
	ctl->client = pw_ipc_client_open(ctl->socket, PW_MIN(CONNECT_MS, ctl->timeout_ms));
	return ctl->client != NULL ? EXIT_OK : unreachable(ctl, errno);
}

int call_method(struct ctl *ctl, const char *method, json_t *params, json_t **result)
{
	struct pw_ipc_call opts = {.timeout_ms = ctl->timeout_ms};
	struct pw_ipc_error err;
	int rc = connect_daemon(ctl);

	if (rc != EXIT_OK) {
		json_decref(params);
		return rc;
	}
	rc = pw_ipc_client_call(ctl->client, method, params, &opts, result, &err);
	if (rc == 0)
		return EXIT_OK;
	if (rc == -EREMOTEIO) {
		fprintf(stderr, "podwayctl: %s (%s)\n", err.msg, pw_ipc_code_name(err.code));
		return EXIT_DAEMON;
	}
	/* The next call, in a shell or a watch, begins with a new connection. */
	if (rc != -E2BIG) {
		pw_ipc_client_close(ctl->client);
		ctl->client = NULL;
	}
	fprintf(stderr, "podwayctl: %s: %s\n", ctl->socket, err.msg);
	return rc == -E2BIG ? EXIT_DAEMON : EXIT_UNREACHABLE;
}
