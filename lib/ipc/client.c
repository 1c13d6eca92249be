/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_ipc_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fdmsg.h"
#include "msg.h"
#include "pw_clock.h"
#include "pw_ipc_json.h"
#include "pw_str.h"

#define DEFAULT_TIMEOUT_MS 30000

struct pw_ipc_client {
	int fd;
	json_int_t last_id;
	bool broken; /* a call failed half-way: what comes next could be its answer */
};

struct pw_ipc_client *pw_ipc_client_from_fd(int fd)
{
	struct pw_ipc_client *client = calloc(1, sizeof(*client));
	int flags = fcntl(fd, F_GETFL);

	if (client == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		int code = errno;

		free(client);
		close(fd);
		errno = code;
		return NULL;
	}
	client->fd = fd;
	return client;
}

struct pw_ipc_client *pw_ipc_client_open(const char *path, uint32_t timeout_ms)
{
	struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd, code;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(sa.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	/* connect(2) of a unix socket waits for room in the queue, as long as a send may. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0 ||
		connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		code = errno;
		close(fd);
		errno = code;
		return NULL;
	}
	return pw_ipc_client_from_fd(fd);
}

void pw_ipc_client_close(struct pw_ipc_client *client)
{
	if (client == NULL)
		return;
	close(client->fd);
	free(client);
}

/* 0, -ETIMEDOUT or -errno. */
static int wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd pfd = {.fd = fd, .events = events};

	for (;;) {
		uint64_t now = pw_clock_now_ns(pw_clock_boot());
		int ms, n;

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		ms = (int)((deadline_ns - now + PW_NS_PER_MSEC - 1) / PW_NS_PER_MSEC);
		n = poll(&pfd, 1, ms);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int send_all(
	int fd, const char *line, size_t len, const struct pw_ipc_call *call, uint64_t deadline_ns)
{
	uint32_t n_fds = call->n_fds;
	ssize_t n;
	int rc;

	while (len > 0) {
		n = fdmsg_send(fd, line, len, call->fds, n_fds);
		if (n == -EAGAIN) {
			rc = wait_for(fd, POLLOUT, deadline_ns);
			if (rc < 0)
				return rc;
			continue;
		}
		if (n < 0)
			return (int)n;
		n_fds = 0; /* they went with the first byte */
		line += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One line, its '\n' included. The server sends no byte before it is asked, so none is left over.
 */
static int receive_line(int fd, struct pw_str *line, uint64_t deadline_ns)
{
	char buf[16384];
	int rc;

	for (;;) {
		struct fdmsg_fds fds;
		ssize_t n = fdmsg_recv(fd, buf, sizeof(buf), &fds);

		fdmsg_close(&fds);
		if (n == -EAGAIN) {
			rc = wait_for(fd, POLLIN, deadline_ns);
			if (rc < 0)
				return rc;
			continue;
		}
		if (n <= 0)
			return n == 0 ? -ECONNRESET : (int)n;
		if (line->len + (size_t)n > PW_IPC_MAX_REPLY)
			return -EMSGSIZE;
		pw_str_addn(line, buf, (size_t)n);
		if (line->failed)
			return -ENOMEM;
		if (memchr(buf, '\n', (size_t)n) != NULL)
			return 0;
	}
}

static int transport_error(
	struct pw_ipc_client *client, int rc, uint32_t timeout_ms, struct pw_ipc_error *err)
{
	static const struct {
		int code;
		const char *text;
	} texts[] = {
		{-ECONNRESET, "the daemon closed the connection without an answer"},
		{-EPIPE, "the daemon closed the connection"},
		{-EMSGSIZE, "the answer is larger than 64 MiB"},
		{-EPROTO, "the answer is not JSON-RPC 2.0"},
		{-ENOTCONN, "the connection is of no use after an earlier error"},
		{-E2BIG, "the request is larger than 1 MiB"},
	};
	const char *text = strerror(-rc);

	/* -E2BIG: nothing was sent yet. */
	client->broken = client->broken || rc != -E2BIG;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].code == rc)
			text = texts[i].text;
	}
	if (rc == -ETIMEDOUT)
		pw_ipc_error_set(err, PW_IPC_OK, "no answer within %.1f s", timeout_ms / 1000.0);
	else
		pw_ipc_error_set(err, PW_IPC_OK, "%s", text);
	return rc;
}

/* -EREMOTEIO with err filled, or -EPROTO. */
static int take_error(const json_t *doc, struct pw_ipc_error *err)
{
	const json_t *e = json_object_get(doc, "error");
	int64_t code = pw_json_int(e, "code", PW_IPC_OK);

	if (code == PW_IPC_OK || code != (int)code)
		return -EPROTO;
	pw_ipc_error_set(err, (enum pw_ipc_code)code, "%s",
		pw_json_str(e, "message", pw_ipc_code_text((int)code)));
	return -EREMOTEIO;
}

static int take_answer(struct pw_ipc_client *client, const struct pw_str *line, json_t **result,
	struct pw_ipc_error *err)
{
	json_t *doc = json_loadb(line->s, line->len, 0, NULL);
	json_t *id = json_object_get(doc, "id"), *value = json_object_get(doc, "result");
	bool ours = json_is_integer(id) && json_integer_value(id) == client->last_id;
	int rc = -EPROTO;

	/* A null id: it could not tell what we asked, or turned us away. */
	if (json_object_get(doc, "error") != NULL && (ours || json_is_null(id)))
		rc = take_error(doc, err);
	else if (ours && value != NULL)
		rc = 0;
	if (rc == 0 && result != NULL)
		*result = json_incref(value);
	json_decref(doc);
	return rc;
}

static int exchange(struct pw_ipc_client *client, const char *line, size_t len,
	const struct pw_ipc_call *call, struct pw_str *reply)
{
	uint64_t deadline = pw_clock_now_ns(pw_clock_boot()) + call->timeout_ms * PW_NS_PER_MSEC;
	int rc = send_all(client->fd, line, len, call, deadline);
	int rc2;

	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET)
		return rc;
	/* One that turned us away said why before it closed. */
	rc2 = receive_line(client->fd, reply, deadline);
	return rc < 0 && rc2 < 0 ? rc : rc2;
}

int pw_ipc_client_call(struct pw_ipc_client *client, const char *method, json_t *params,
	const struct pw_ipc_call *call, json_t **result, struct pw_ipc_error *err)
{
	struct pw_ipc_call opts = call != NULL ? *call : (struct pw_ipc_call){0};
	struct pw_str reply = {0};
	struct pw_ipc_error unused;
	size_t len = 0;
	char *line = NULL;
	json_t *doc;
	int rc;

	if (err == NULL)
		err = &unused;
	memset(err, 0, sizeof(*err));
	if (result != NULL)
		*result = NULL;
	if (opts.timeout_ms == 0)
		opts.timeout_ms = DEFAULT_TIMEOUT_MS;
	doc = msg_request(++client->last_id, method, params);
	rc = client->broken ? -ENOTCONN : msg_encode(doc, PW_IPC_MAX_REQUEST, &line, &len);
	json_decref(doc);
	if (rc == -EMSGSIZE)
		rc = -E2BIG;
	if (rc == 0)
		rc = exchange(client, line, len, &opts, &reply);
	if (rc == 0)
		rc = take_answer(client, &reply, result, err);
	free(line);
	pw_str_free(&reply);
	return rc == 0 || rc == -EREMOTEIO ? rc : transport_error(client, rc, opts.timeout_ms, err);
}
