/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sock.h - the socket file of a vhost-user or memif port, which the libraries leave to us.
 *
 * Threads:  prepare, finish: control thread. set_timeout: vhost thread.
 * Errors:   -errno with a message that names the fix.
 */
#ifndef PW_PORT_SOCK_H
#define PW_PORT_SOCK_H

#include <stdbool.h>

#include "pw_err.h"
#include "pw_port.h"

/* Before the library starts: checks the path. If we make the socket: makes its folder, removes a
 * socket file that nobody answers on. */
int sock_prepare(const struct pw_port_socket *sock, struct pw_err *err);
/* After it started: owner and permissions of the socket that we made. */
int sock_finish(const struct pw_port_socket *sock, struct pw_err *err);

/* Does somebody listen on path? A question that he does not notice. */
bool sock_answers(const char *path);

/* Bounds how long a peer of path may take for one message: librte_vhost reads with a blocking read
 * in the one thread that serves all ports, and does not tell the descriptor. Call when a peer has
 * connected and before its first message is read. */
void sock_set_timeout(const char *path);

#endif
