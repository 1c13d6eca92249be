/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fdmsg.h - bytes and file descriptors over a unix stream socket (unix(7), SCM_RIGHTS).
 *
 * Threads:  pure system calls.
 */
#ifndef PW_IPC_FDMSG_H
#define PW_IPC_FDMSG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pw_ipc_server.h"

struct fdmsg_fds {
	int v[PW_IPC_MAX_FDS];
	uint32_t n;
	bool lost; /* more came than fit (or than the process may open): those are closed already */
};

/* One recvmsg. Bytes read, 0 at the end, -errno; fds->v are CLOEXEC and the caller's. */
ssize_t fdmsg_recv(int fd, void *buf, size_t len, struct fdmsg_fds *fds);
/* One sendmsg without SIGPIPE; the fds go with the first byte. Bytes sent or -errno. */
ssize_t fdmsg_send(int fd, const void *buf, size_t len, const int *fds, uint32_t n_fds);
void fdmsg_close(struct fdmsg_fds *fds);

#endif
