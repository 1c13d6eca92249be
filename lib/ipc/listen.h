/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listen.h - the listening unix socket: made safely, the file of a dead daemon replaced, removed
 * at the end only if it is still ours.
 */
#ifndef PW_IPC_LISTEN_H
#define PW_IPC_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "pw_err.h"

struct listener {
	int fd; /* -1: none */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev; /* of the socket file we made */
	ino_t ino;
};

/* Mode 0600, with a group 0660. 0 or what pw_ipc_server_create says. */
int listener_open(struct listener *l, const char *path, gid_t group, struct pw_err *err);
void listener_close(struct listener *l);
/* Who is at the other end of a connection; true if root, our own user or of the group. */
bool listener_peer_allowed(int fd, gid_t group, struct ucred *peer);

#endif
