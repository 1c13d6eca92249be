/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ipc_client.h - a client of the control socket: blocking calls with time limits; no event loop.
 *
 *     client = pw_ipc_client_open("/run/podway/control.sock", 2000);
 *     r = pw_ipc_client_call(client, "ports.del", json_pack("{s:s}", "name", name), NULL,
 *             &result, &err);
 *
 * Threads:  one thread a client.
 * Errors:   0; -EREMOTEIO: the daemon answered with an error, err has its code and message; any
 *           other -errno: the daemon was not reached or did not answer, err->code is 0 and
 *           err->msg says what happened. After any of the latter the connection is of no more use.
 * Cost:     links base and jansson only.
 */
#ifndef PW_IPC_CLIENT_H
#define PW_IPC_CLIENT_H

#include <stdint.h>

#include <jansson.h>

#include "pw_ipc_error.h"

#define PW_IPC_DEFAULT_SOCKET "/run/podway/control.sock"
#define PW_IPC_MAX_REPLY      (UINT32_C(64) << 20) /* bytes */

struct pw_ipc_client;

struct pw_ipc_call {         /* what is seldom needed; NULL or zero: the defaults */
	uint32_t timeout_ms; /* for the whole call; 0: 30,000 */
	const int *fds;      /* sent along with the request; they stay the caller's */
	uint32_t n_fds;      /* at most 8 */
};

/* NULL with errno: ENOENT no socket, ECONNREFUSED nobody listens, EACCES may not, EAGAIN its queue
 * stayed full for timeout_ms, ENAMETOOLONG. */
struct pw_ipc_client *pw_ipc_client_open(const char *path, uint32_t timeout_ms);
/* Over a socket that is connected already; the client takes it. NULL with errno (fd closed). */
struct pw_ipc_client *pw_ipc_client_from_fd(int fd);
void pw_ipc_client_close(struct pw_ipc_client *client); /* NULL is fine */

/*
 * One request and its answer. params: reference taken in any case; NULL: none. call may be NULL.
 * *result: the caller's to json_decref; NULL on error. result and err may be NULL.
 */
int pw_ipc_client_call(struct pw_ipc_client *client, const char *method, json_t *params,
	const struct pw_ipc_call *call, json_t **result, struct pw_ipc_error *err);

#endif
