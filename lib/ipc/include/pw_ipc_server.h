/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ipc_server.h - the daemon's half of the control protocol: JSON-RPC 2.0, one object a line, on
 * a unix stream socket, with file descriptor passing (docs/control-api.md).
 *
 *     static int ports_del(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
 *             struct pw_ipc_error *err)
 *     {
 *             const struct ports_del *p = params;
 *             ...
 *             *result = json_object();
 *             return 0;
 *     }
 *     static const struct pw_ipc_method methods[] = {
 *             {"ports.del", ports_del, ports_del_params, sizeof(struct ports_del)},
 *             {"cni.attach", cni_attach, attach_params, sizeof(struct attach), PW_IPC_F_TAKES_FD},
 *             {0},
 *     };
 *
 * Threads:  everything here runs on the thread of the event loop it was given.
 * Order:    requests of one connection are handled one after another; the next is not looked at
 *           before the last one was answered and the answer was read. Connections take turns.
 * Trust:    SO_PEERCRED must be root, our own user, or of the configured group. The socket file is
 *           0600 (0660 with a group) from the moment it exists.
 * Limits:   a request of 1 MiB, a number of clients, 8 fds a request, a deadline for a line begun
 *           but not ended and for an answer not read, a bound on all answers not yet read together.
 *           Who breaks one is told so and closed; the others do not notice.
 * Errors:   each request gets an answer; a handler that returns non-zero without a message gets
 *           one from the errno.
 */
#ifndef PW_IPC_SERVER_H
#define PW_IPC_SERVER_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <jansson.h>

#include "pw_err.h"
#include "pw_ipc_error.h"
#include "pw_ipc_param.h"

#define PW_IPC_MAX_REQUEST (UINT32_C(1) << 20) /* bytes of a line, '\n' included */
#define PW_IPC_MAX_FDS     8                   /* of one request */

struct event_base;
struct pw_ipc_server;
struct pw_ipc_conn;
struct pw_ipc_request;

/*
 * Answers one request. params: the struct that the method's table describes (NULL without a table),
 * valid until the request is answered. *result: set it, its reference is taken; left NULL it means
 * {}. Returns 0, or non-zero with err filled (or -errno and err untouched); *result is then
 * dropped.
 */
typedef int (*pw_ipc_handler)(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err);

/* The request must bring exactly one fd. Without this flag one that brings any is refused. */
#define PW_IPC_F_TAKES_FD (1u << 0)
/* Parameters are not checked: the handler takes them whole by pw_ipc_request_params. */
#define PW_IPC_F_RAW (1u << 1)

struct pw_ipc_method {
	const char *name; /* NULL ends a table */
	pw_ipc_handler handler;
	const struct pw_ipc_param *params; /* NULL: the method takes none */
	size_t params_size;                /* of the struct they are decoded into */
	unsigned int flags;
};

struct pw_ipc_server_conf {
	struct event_base *base;
	const char *path; /* of the socket; its folder is made. NULL: no listener, see _adopt */
	const struct pw_ipc_method *methods; /* kept, not copied */
	void *ctx;                           /* given to the handlers */
	uint32_t max_clients;                /* 0: 64 */
	uint32_t timeout_ms;                 /* of a half line and of an unread answer; 0: 10,000 */
	size_t max_unread_bytes;             /* of all answers together; 0: 64 MiB */
	gid_t group;                         /* its members may connect too; 0: none */
};

struct pw_ipc_server_stats {
	uint32_t clients;           /* connected now */
	uint64_t accepted, refused; /* refused: too many, or not allowed */
	uint64_t requests, errors;  /* errors: answered with one */
	uint64_t timeouts;          /* clients closed for a half line or an unread answer */
};

/*
 * Listens. The file of a daemon that died is replaced; that of one that answers is not.
 * NULL with errno and err: EADDRINUSE a live daemon has it, ENAMETOOLONG longer than 107 bytes,
 * EEXIST something that is no socket is there, others as of the system call the message names.
 */
struct pw_ipc_server *pw_ipc_server_create(
	const struct pw_ipc_server_conf *conf, struct pw_err *err);
/* Closes all connections (on-close hooks run) and removes the socket file. NULL is fine.
 * Not from a handler or a hook. */
void pw_ipc_server_destroy(struct pw_ipc_server *server);
/* Serves a connected unix stream socket as if it had been accepted. Takes the fd in any case.
 * 0, -EBUSY too many clients, -EPERM peer not allowed, -ENOMEM. */
int pw_ipc_server_adopt(struct pw_ipc_server *server, int fd);
void pw_ipc_server_stats(const struct pw_ipc_server *server, struct pw_ipc_server_stats *stats);

/* --- in a handler ------------------------------------------------------------------------- */

struct pw_ipc_conn *pw_ipc_request_conn(struct pw_ipc_request *req); /* NULL: closed since */
const char *pw_ipc_request_method(const struct pw_ipc_request *req);
const json_t *pw_ipc_request_params(const struct pw_ipc_request *req); /* borrowed; NULL: none */
/* The next fd the request brought, now the caller's to close, CLOEXEC set; -ENOENT: no more.
 * What nobody took is closed when the request is answered. */
int pw_ipc_request_take_fd(struct pw_ipc_request *req);
const struct ucred *pw_ipc_conn_peer(const struct pw_ipc_conn *conn); /* pid, uid, gid */

/*
 * Answer later: after pw_ipc_defer the handler's return value and result are ignored, and somebody
 * must call pw_ipc_reply exactly once (from inside the handler is fine), also if the client went
 * away in the meantime: that frees the request. The connection handles nothing else until then.
 */
void pw_ipc_defer(struct pw_ipc_request *req);
/* result: reference taken, NULL means {}. err with a code other than 0: an error is sent instead.
 */
void pw_ipc_reply(struct pw_ipc_request *req, json_t *result, const struct pw_ipc_error *err);

/*
 * Something to undo when the connection ends. The caller embeds the struct in its own object:
 *
 *     struct reservation { struct pw_ipc_on_close undo; ... };
 *     r->undo.fn = reservation_undo;           // runs at most once, may free r
 *     pw_ipc_conn_on_close(conn, &r->undo);    // cannot fail
 *     pw_ipc_on_close_cancel(&r->undo);        // the attach has come; fine if it is not armed
 */
struct pw_ipc_on_close {
	void (*fn)(struct pw_ipc_on_close *undo);
	LIST_ENTRY(pw_ipc_on_close) link;
	struct pw_ipc_conn *conn; /* NULL: not armed */
};
void pw_ipc_conn_on_close(struct pw_ipc_conn *conn, struct pw_ipc_on_close *undo);
void pw_ipc_on_close_cancel(struct pw_ipc_on_close *undo);

#endif
