/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "pw_clock.h"
#include "pw_util.h"

#define READ_BYTES 65536 /* a turn */

static void log_conn(struct pw_ipc_conn *conn, enum pw_log_level level, const char *text)
{
	pw_log_limited(&conn->server->log_limit, pw_clock_now_ns(pw_clock_boot()), level, "ipc",
		"client pid %d: %s", (int)conn->peer.pid, text);
}

static void set_deadline(struct pw_ipc_conn *conn, enum conn_deadline deadline)
{
	uint32_t ms = conn->server->conf.timeout_ms;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	/* One that runs is not put off: it counts from the first byte of the line or answer. */
	if (deadline == conn->deadline)
		return;
	conn->deadline = deadline;
	if (deadline == DEADLINE_NONE)
		event_del(&conn->ev_deadline);
	else
		event_add(&conn->ev_deadline, &tv);
}

void conn_wake(struct pw_ipc_conn *conn)
{
	event_active(&conn->ev_pump, EV_TIMEOUT, 0);
}

static void drop_out(struct pw_ipc_conn *conn)
{
	if (conn->out != NULL)
		conn->server->unread_bytes -= conn->out_len;
	free(conn->out);
	conn->out = NULL;
	conn->out_off = conn->out_len = 0;
}

void conn_close(struct pw_ipc_conn *conn)
{
	struct pw_ipc_on_close *undo;

	event_del(&conn->ev_read);
	event_del(&conn->ev_write);
	event_del(&conn->ev_deadline);
	event_del(&conn->ev_pump);
	TAILQ_REMOVE(&conn->server->conns, conn, link);
	conn->server->stats.clients--;
	close(conn->fd);
	for (uint32_t i = 0; i < conn->n_fds; i++)
		close(conn->fds[i].fd);
	if (conn->current != NULL)
		request_orphan(conn->current);
	drop_out(conn);
	while ((undo = LIST_FIRST(&conn->on_close)) != NULL) {
		pw_ipc_on_close_cancel(undo);
		undo->fn(undo);
	}
	free(conn->in);
	free(conn);
}

void conn_send(struct pw_ipc_conn *conn, json_t *doc, json_t *id)
{
	struct pw_ipc_server *server = conn->server;
	/* Error lines do not count against the bound, so there may be less than none. */
	size_t max = server->conf.max_unread_bytes;
	size_t room = server->unread_bytes < max ? max - server->unread_bytes : 0;
	struct pw_ipc_error err;
	json_t *sorry;
	int rc = msg_encode(doc, room, &conn->out, &conn->out_len);

	json_decref(doc);
	if (rc == -EMSGSIZE) {
		pw_ipc_error_set(&err, PW_IPC_E_FULL,
			"the answer is larger than the %zu bytes left for answers: use a filter or "
			"a limit",
			room);
		sorry = msg_error(id, &err);
		/* Outside of the bound, but a line of fixed size. */
		rc = msg_encode(sorry, PW_IPC_MAX_REQUEST, &conn->out, &conn->out_len);
		json_decref(sorry);
	}
	if (rc == 0)
		server->unread_bytes += conn->out_len;
	else
		conn->closing = true; /* out of memory: an answer that never comes must be an end */
	conn_wake(conn);
}

/* Writes what the socket takes. 0: all is out, -EAGAIN: more to come, other: the peer is gone. */
static int flush(struct pw_ipc_conn *conn)
{
	while (conn->out_off < conn->out_len) {
		ssize_t n = fdmsg_send(conn->fd, conn->out + conn->out_off,
			conn->out_len - conn->out_off, NULL, 0);

		if (n < 0)
			return (int)n;
		conn->out_off += (size_t)n;
	}
	drop_out(conn);
	return 0;
}

/* The fds that came with the bytes before `end`: those of the line that ends there. */
static void claim_fds(struct pw_ipc_conn *conn, uint64_t end, struct fdmsg_fds *fds)
{
	uint32_t kept = 0;

	memset(fds, 0, sizeof(*fds));
	for (uint32_t i = 0; i < conn->n_fds; i++) {
		if (conn->fds[i].at < end)
			fds->v[fds->n++] = conn->fds[i].fd;
		else
			conn->fds[kept++] = conn->fds[i];
	}
	conn->n_fds = kept;
	if (conn->fds_lost_at != 0 && conn->fds_lost_at <= end) {
		fds->lost = true;
		conn->fds_lost_at = 0;
	}
}

/* The length of the next line without its end, or -1. At the end of the stream the rest is one. */
static ssize_t next_line(struct pw_ipc_conn *conn, size_t *skip)
{
	size_t from = PW_MAX(conn->scanned, conn->in_off);
	const char *end =
		conn->in_len > from ? memchr(conn->in + from, '\n', conn->in_len - from) : NULL;

	conn->scanned = conn->in_len;
	if (end != NULL) {
		*skip = 1;
		return end - (conn->in + conn->in_off);
	}
	if (conn->eof && conn->in_len > conn->in_off) {
		*skip = 0;
		return (ssize_t)(conn->in_len - conn->in_off);
	}
	return -1;
}

static void handle_line(struct pw_ipc_conn *conn, size_t len, size_t skip)
{
	const char *line = conn->in + conn->in_off;
	struct fdmsg_fds fds;

	set_deadline(conn, DEADLINE_NONE);
	conn->in_off += len + skip;
	conn->scanned = conn->in_off;
	claim_fds(conn, conn->in_start + conn->in_off, &fds);
	request_handle(conn, line, len, &fds);
	fdmsg_close(&fds);
	conn_wake(conn); /* the next line waits for its turn: other clients come first */
}

static void refuse_and_close(struct pw_ipc_conn *conn, const char *why)
{
	struct pw_ipc_error err;

	log_conn(conn, PW_LOG_WARN, why);
	pw_ipc_error_set(&err, PW_IPC_E_REQUEST, "%s", why);
	conn->closing = true;
	request_refuse(conn, NULL, &err);
}

static void wait_for_input(struct pw_ipc_conn *conn)
{
	if (conn->in_off > 0) {
		conn->in_len -= conn->in_off;
		memmove(conn->in, conn->in + conn->in_off, conn->in_len);
		conn->in_start += conn->in_off;
		conn->scanned -= conn->in_off;
		conn->in_off = 0;
	}
	if (conn->in_len >= PW_IPC_MAX_REQUEST) {
		refuse_and_close(conn, "a request is larger than 1 MiB");
		return;
	}
	if (conn->in_len == 0 && conn->in_cap > READ_BYTES) { /* one large request is no habit */
		free(conn->in);
		conn->in = NULL;
		conn->in_cap = 0;
	}
	set_deadline(conn, conn->in_len > 0 ? DEADLINE_LINE : DEADLINE_NONE);
	event_add(&conn->ev_read, NULL);
}

/* Does what the state asks for (see server.h). May close and free the connection. */
static void conn_pump(struct pw_ipc_conn *conn)
{
	size_t skip;
	ssize_t len;
	int rc = 0;

	event_del(&conn->ev_read);
	if (conn->out != NULL) {
		rc = flush(conn);
		if (rc == -EAGAIN) {
			set_deadline(conn, DEADLINE_ANSWER);
			event_add(&conn->ev_write, NULL);
			return;
		}
		set_deadline(conn, DEADLINE_NONE);
	}
	if (rc < 0 || conn->closing) {
		conn_close(conn);
		return;
	}
	if (conn->current != NULL)
		return;
	len = next_line(conn, &skip);
	if (len >= 0)
		handle_line(conn, (size_t)len, skip);
	else if (conn->eof)
		conn_close(conn);
	else
		wait_for_input(conn);
}

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
	conn_pump(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ipc_conn *conn = arg;
	enum conn_deadline missed = conn->deadline;

	conn->deadline = DEADLINE_NONE;
	conn->server->stats.timeouts++;
	if (missed == DEADLINE_LINE) {
		refuse_and_close(conn, "a request was begun but not ended in time");
		return;
	}
	log_conn(conn, PW_LOG_WARN, "an answer was not read in time");
	conn_close(conn);
}

static bool grow(struct pw_ipc_conn *conn)
{
	size_t need = PW_MIN(conn->in_len + READ_BYTES, (size_t)PW_IPC_MAX_REQUEST);
	size_t cap = PW_MIN(PW_MAX(need, conn->in_cap * 2), (size_t)PW_IPC_MAX_REQUEST);
	char *in;

	if (conn->in_cap >= need)
		return true;
	in = realloc(conn->in, cap);
	if (in == NULL)
		return false;
	conn->in = in;
	conn->in_cap = cap;
	return true;
}

/*
 * A read ends behind the first piece of a message that carries fds (unix(7)), so its last byte is
 * of the line they came with.
 */
static void keep_fds(struct pw_ipc_conn *conn, struct fdmsg_fds *fds)
{
	uint64_t at = conn->in_start + conn->in_len - 1;

	for (uint32_t i = 0; i < fds->n; i++) {
		if (conn->n_fds < PW_IPC_MAX_FDS) {
			conn->fds[conn->n_fds++] = (struct tagged_fd){fds->v[i], at};
		} else {
			close(fds->v[i]);
			fds->lost = true;
		}
	}
	if (fds->lost)
		conn->fds_lost_at = at + 1;
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ipc_conn *conn = arg;
	struct fdmsg_fds fds;
	ssize_t n;

	if (!grow(conn)) {
		log_conn(conn, PW_LOG_ERROR, "out of memory");
		conn_close(conn);
		return;
	}
	n = fdmsg_recv(fd, conn->in + conn->in_len,
		PW_MIN(conn->in_cap - conn->in_len, (size_t)READ_BYTES), &fds);
	if (n == -EAGAIN)
		return;
	if (n < 0) { /* reset by the peer: nobody is left to answer */
		conn_close(conn);
		return;
	}
	if (n == 0)
		conn->eof = true;
	conn->in_len += (size_t)n;
	if (n > 0)
		keep_fds(conn, &fds);
	else
		fdmsg_close(&fds);
	conn_pump(conn);
}

int conn_create(struct pw_ipc_server *server, int fd, const struct ucred *peer)
{
	struct event_base *base = server->conf.base;
	struct pw_ipc_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL) {
		close(fd);
		return -ENOMEM;
	}
	conn->server = server;
	conn->fd = fd;
	conn->peer = *peer;
	LIST_INIT(&conn->on_close);
	event_assign(&conn->ev_read, base, fd, EV_READ | EV_PERSIST, on_read, conn);
	event_assign(&conn->ev_write, base, fd, EV_WRITE, on_pump, conn);
	evtimer_assign(&conn->ev_deadline, base, on_deadline, conn);
	evtimer_assign(&conn->ev_pump, base, on_pump, conn);
	TAILQ_INSERT_TAIL(&server->conns, conn, link);
	server->stats.clients++;
	server->stats.accepted++;
	conn_wake(conn);
	return 0;
}

const struct ucred *pw_ipc_conn_peer(const struct pw_ipc_conn *conn)
{
	return &conn->peer;
}

void pw_ipc_conn_on_close(struct pw_ipc_conn *conn, struct pw_ipc_on_close *undo)
{
	undo->conn = conn;
	LIST_INSERT_HEAD(&conn->on_close, undo, link);
}

void pw_ipc_on_close_cancel(struct pw_ipc_on_close *undo)
{
	if (undo->conn == NULL)
		return;
	undo->conn = NULL;
	LIST_REMOVE(undo, link);
}
