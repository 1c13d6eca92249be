/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost_sock.h - the socket file of a vhost-user server, which librte_vhost leaves to us.
 *
 * Threads:  prepare, finish: control thread. set_timeout: vhost thread.
 * Errors:   -errno with a message that names the fix.
 */
#ifndef PW_PORT_VHOST_SOCK_H
#define PW_PORT_VHOST_SOCK_H

#include "pw_err.h"

/* Before the server starts: checks the path, makes its folder, removes a socket file that nobody
 * answers on. */
int vhost_sock_prepare(const char *path, struct pw_err *err);
/* After it started: mode 0660, so that the group the pod runs in can be let in. */
int vhost_sock_finish(const char *path, struct pw_err *err);

/* Bounds how long a peer of path may take for one message: librte_vhost reads with a blocking read
 * in the one thread that serves all ports, and does not tell the descriptor. Call when a peer has
 * connected and before its first message is read. */
void vhost_sock_set_timeout(const char *path);

#endif
