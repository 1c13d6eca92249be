/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * harness.h - a server without a listener and its clients in one thread: a test writes bytes, lets
 * the loop run until it is idle, and reads bytes. Nothing sleeps.
 */
#ifndef TEST_IPC_HARNESS_H
#define TEST_IPC_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pw_ipc_json.h"
#include "pw_ipc_server.h"
#include "pw_log.h"
#include "pw_util.h"

struct harness {
	struct event_base *base;
	struct pw_ipc_server *server;
	struct pw_ipc_request *deferred; /* by the method "later" */
	int released;                    /* on-close hooks that ran */
	int fd_seen;                     /* what the method "fd" took; -1: none */
	char line[1 << 16];              /* the last one read */
};

static inline void harness_quiet(void *arg, enum pw_log_level level, const char *line)
{
}

static inline void harness_open(struct harness *h, const struct pw_ipc_method *methods,
	uint32_t max_clients, uint32_t timeout_ms, size_t max_unread)
{
	memset(h, 0, sizeof(*h));
	h->fd_seen = -1;
	pw_log_set_sink(harness_quiet, NULL);
	h->base = event_base_new();
	struct pw_ipc_server_conf conf = {
		.base = h->base,
		.methods = methods,
		.ctx = h,
		.max_clients = max_clients,
		.timeout_ms = timeout_ms,
		.max_unread_bytes = max_unread,
	};
	h->server = pw_ipc_server_create(&conf, NULL);
	assert_non_null(h->server);
}

static inline void harness_close(struct harness *h)
{
	pw_ipc_server_destroy(h->server);
	event_base_free(h->base);
	pw_log_set_sink(NULL, NULL);
}

/* Everything that can be done now. A loop that goes idle returns from a few turns at once. */
static inline void harness_run(struct harness *h)
{
	for (int i = 0; i < 40; i++)
		event_base_loop(h->base, EVLOOP_NONBLOCK);
}

static inline int harness_client(struct harness *h)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pw_ipc_server_adopt(h->server, pair[1]);
	return pair[0];
}

static inline void harness_write(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The next line without '\n'; NULL: nothing there; "" at the end of the stream. */
static inline const char *harness_read(struct harness *h, int fd)
{
	size_t n = 0;

	while (n < sizeof(h->line) - 1) {
		ssize_t r = recv(fd, h->line + n, 1, MSG_DONTWAIT);

		if (r < 0 && n == 0 && errno == EAGAIN)
			return NULL;
		if (r <= 0 || h->line[n] == '\n')
			break;
		n++;
	}
	h->line[n] = '\0';
	return h->line;
}

/* Sends, runs, and gives the answer as JSON (NULL: none came). */
static inline json_t *harness_ask(struct harness *h, int fd, const char *text)
{
	const char *line;

	harness_write(fd, text);
	harness_run(h);
	line = harness_read(h, fd);
	return line != NULL ? json_loads(line, 0, NULL) : NULL;
}

static inline void harness_expect_error(
	struct harness *h, int fd, const char *text, int code, const char *part)
{
	json_t *doc = harness_ask(h, fd, text), *err = json_object_get(doc, "error");

	if (err == NULL)
		fail_msg("no error for %s: %s", text, h->line);
	assert_int_equal(pw_json_int(err, "code", 0), code);
	if (strstr(pw_json_str(err, "message", ""), part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, pw_json_str(err, "message", ""));
	json_decref(doc);
}

#endif
