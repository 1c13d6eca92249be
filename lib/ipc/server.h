/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server.h - what the files of the server half share: server.c accepts, conn.c moves bytes,
 * request.c turns a line into a handler call and an answer.
 *
 * A connection is in one of four states, told by its fields and acted on by conn_pump alone:
 *     out != NULL       an answer is being written; nothing is read     deadline: answer
 *     current != NULL   a handler answers later; nothing is read        no deadline
 *     a line is there   it is handled in the next turn of the loop
 *     otherwise         reading                                         deadline once a line began
 * Handlers never run below conn_close, and conn_close never below a handler: requests and replies
 * only fill fields and wake the pump.
 */
#ifndef PW_IPC_SERVER_PRIVATE_H
#define PW_IPC_SERVER_PRIVATE_H

#include <stdbool.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "fdmsg.h"
#include "listen.h"
#include "pw_ipc_server.h"
#include "pw_log.h"

struct pw_ipc_server {
	struct pw_ipc_server_conf conf;
	struct pw_ipc_server_stats stats;
	struct listener listener;
	struct event ev_accept;
	struct event ev_retry; /* accepts again after the process ran out of fds */
	TAILQ_HEAD(, pw_ipc_conn) conns;
	size_t unread_bytes; /* of all answers in conn->out */
	struct pw_log_limit log_limit;
};

struct tagged_fd { /* belongs to the line that has the byte `at` of the stream */
	int fd;
	uint64_t at;
};

enum conn_deadline {
	DEADLINE_NONE,
	DEADLINE_LINE,
	DEADLINE_ANSWER
};

struct pw_ipc_conn {
	TAILQ_ENTRY(pw_ipc_conn) link;
	struct pw_ipc_server *server;
	int fd;
	struct ucred peer;
	struct event ev_read, ev_write, ev_deadline, ev_pump;
	enum conn_deadline deadline;

	char *in; /* bytes in_off..in_len are not handled yet */
	size_t in_off, in_len, in_cap;
	size_t scanned;    /* no '\n' before this */
	uint64_t in_start; /* position of in[0] in the stream */
	struct tagged_fd fds[PW_IPC_MAX_FDS];
	uint32_t n_fds;
	uint64_t fds_lost_at; /* position + 1 of where fds were lost; 0: none */

	char *out; /* one answer at a time */
	size_t out_off, out_len;
	struct pw_ipc_request *current; /* deferred */
	bool eof;                       /* the peer sends no more */
	bool closing;                   /* close once the answer is written */
	LIST_HEAD(, pw_ipc_on_close) on_close;
};

/* conn.c. conn_create takes the fd in any case. */
int conn_create(struct pw_ipc_server *server, int fd, const struct ucred *peer);
void conn_close(struct pw_ipc_conn *conn);
void conn_wake(struct pw_ipc_conn *conn); /* pump in this turn of the loop, not in this call */
/* Makes doc (reference taken) the answer to be written. */
void conn_send(struct pw_ipc_conn *conn, json_t *doc, json_t *id);

/* request.c. Handles one line; what the fds hold after it is closed by the caller. */
void request_handle(struct pw_ipc_conn *conn, const char *line, size_t len, struct fdmsg_fds *fds);
void request_refuse(struct pw_ipc_conn *conn, json_t *id, const struct pw_ipc_error *err);
void request_orphan(struct pw_ipc_request *req); /* its connection is gone */

#endif
