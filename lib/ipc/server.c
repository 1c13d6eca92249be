/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "pw_clock.h"
#include "pw_util.h"

#define DEFAULT_CLIENTS    64
#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_UNREAD     (UINT32_C(64) << 20)
#define ACCEPTS_A_TURN     8 /* so that many new clients do not hold up the old ones */

/* One line says why, then the connection is closed: better than a silent end. */
static void turn_away(struct pw_ipc_server *server, int fd, const struct pw_ipc_error *err)
{
	json_t *doc = msg_error(NULL, err);
	size_t len;
	char *line;

	if (msg_encode(doc, PW_IPC_MAX_REQUEST, &line, &len) == 0) {
		/* A fresh socket's buffer takes it; if not, the reason is lost and no more. */
		fdmsg_send(fd, line, len, NULL, 0);
		free(line);
	}
	json_decref(doc);
	close(fd);
	server->stats.refused++;
	pw_log_limited(&server->log_limit, pw_clock_now_ns(pw_clock_boot()), PW_LOG_WARN, "ipc",
		"client turned away: %s", err->msg);
}

int pw_ipc_server_adopt(struct pw_ipc_server *server, int fd)
{
	struct ucred peer = {0};
	struct pw_ipc_error err;

	if (evutil_make_socket_nonblocking(fd) < 0) {
		close(fd);
		return -EBADF;
	}
	if (!listener_peer_allowed(fd, server->conf.group, &peer)) {
		pw_ipc_error_set(&err, PW_IPC_E_DENIED, "user %u may not use the control socket",
			(unsigned int)peer.uid);
		turn_away(server, fd, &err);
		return -EPERM;
	}
	if (server->stats.clients >= server->conf.max_clients) {
		pw_ipc_error_set(&err, PW_IPC_E_BUSY,
			"%u clients are connected, more are not allowed", server->stats.clients);
		turn_away(server, fd, &err);
		return -EBUSY;
	}
	return conn_create(server, fd, &peer);
}

/* Out of fds or memory: the listener stays readable, so look away for a while instead of spinning.
 */
static void pause_accept(struct pw_ipc_server *server, int code)
{
	static const struct timeval pause = {.tv_usec = 200 * 1000};

	pw_log_limited(&server->log_limit, pw_clock_now_ns(pw_clock_boot()), PW_LOG_WARN, "ipc",
		"cannot accept a client: %s", strerror(code));
	event_del(&server->ev_accept);
	event_add(&server->ev_retry, &pause);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ipc_server *server = arg;

	event_add(&server->ev_accept, NULL);
}

static void on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
	struct pw_ipc_server *server = arg;

	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0) {
			pause_accept(server, errno);
			return;
		}
		pw_ipc_server_adopt(server, fd);
	}
}

static void set_defaults(struct pw_ipc_server_conf *conf)
{
	if (conf->max_clients == 0)
		conf->max_clients = DEFAULT_CLIENTS;
	if (conf->timeout_ms == 0)
		conf->timeout_ms = DEFAULT_TIMEOUT_MS;
	if (conf->max_unread_bytes == 0)
		conf->max_unread_bytes = DEFAULT_UNREAD;
}

struct pw_ipc_server *pw_ipc_server_create(
	const struct pw_ipc_server_conf *conf, struct pw_err *err)
{
	struct pw_ipc_server *server;
	struct pw_err unused;
	int rc;

	if (err == NULL)
		err = &unused;
	server = calloc(1, sizeof(*server));
	if (server == NULL) {
		pw_err_set(err, -ENOMEM, "control socket: out of memory");
		errno = ENOMEM;
		return NULL;
	}
	server->conf = *conf;
	set_defaults(&server->conf);
	server->log_limit = (struct pw_log_limit){.period_ns = 10 * PW_NS_PER_SEC, .burst = 5};
	server->listener.fd = -1;
	TAILQ_INIT(&server->conns);
	if (conf->path == NULL)
		return server;
	rc = listener_open(&server->listener, conf->path, conf->group, err);
	if (rc < 0)
		goto err_free;
	event_assign(&server->ev_accept, conf->base, server->listener.fd, EV_READ | EV_PERSIST,
		on_accept, server);
	evtimer_assign(&server->ev_retry, conf->base, on_retry, server);
	if (event_add(&server->ev_accept, NULL) < 0) {
		rc = pw_err_set(err, -ENOMEM, "control socket: the event loop took no event");
		goto err_listener;
	}
	return server;

err_listener:
	listener_close(&server->listener);
err_free:
	free(server);
	errno = -rc;
	return NULL;
}

void pw_ipc_server_destroy(struct pw_ipc_server *server)
{
	struct pw_ipc_conn *conn;

	if (server == NULL)
		return;
	if (server->listener.fd >= 0) {
		event_del(&server->ev_accept);
		event_del(&server->ev_retry);
	}
	while ((conn = TAILQ_FIRST(&server->conns)) != NULL)
		conn_close(conn);
	listener_close(&server->listener);
	free(server);
}

void pw_ipc_server_stats(const struct pw_ipc_server *server, struct pw_ipc_server_stats *stats)
{
	*stats = server->stats;
}
