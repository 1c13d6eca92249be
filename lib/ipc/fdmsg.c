/* SPDX-License-Identifier: BSD-3-Clause */
#include "fdmsg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pw_util.h"

union control { /* aligned for a cmsghdr */
	struct cmsghdr header;
	char space[CMSG_SPACE(PW_IPC_MAX_FDS * sizeof(int))];
};

/* CMSG_SPACE rounds up, so the kernel may fit one more than we asked for. */
#define FDS_THAT_FIT ((sizeof(union control) - CMSG_LEN(0)) / sizeof(int))

static void take_fds(struct cmsghdr *cmsg, struct fdmsg_fds *fds)
{
	size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int v[FDS_THAT_FIT];

	n = PW_MIN(n, FDS_THAT_FIT);
	memcpy(v, CMSG_DATA(cmsg), n * sizeof(int));
	for (size_t i = 0; i < n; i++) {
		if (fds->n < PW_IPC_MAX_FDS) {
			fds->v[fds->n++] = v[i];
		} else {
			close(v[i]);
			fds->lost = true;
		}
	}
}

ssize_t fdmsg_recv(int fd, void *buf, size_t len, struct fdmsg_fds *fds)
{
	union control control;
	struct iovec iov = {.iov_base = buf, .iov_len = len};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	memset(fds, 0, sizeof(*fds));
	do {
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, fds);
	}
	if (msg.msg_flags & MSG_CTRUNC)
		fds->lost = true;
	return n;
}

ssize_t fdmsg_send(int fd, const void *buf, size_t len, const int *fds, uint32_t n_fds)
{
	union control control;
	/* sendmsg does not write to the buffer; iovec just has no const. */
	struct iovec iov = {.iov_base = (void *)(uintptr_t)buf, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *cmsg;
	ssize_t n;

	if (n_fds > PW_IPC_MAX_FDS)
		return -EINVAL;
	if (n_fds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

void fdmsg_close(struct fdmsg_fds *fds)
{
	for (uint32_t i = 0; i < fds->n; i++)
		close(fds->v[i]);
	fds->n = 0;
}
