/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pw_cni_netns.h"

#define HOME "/proc/thread-self/ns/net"

/* A runtime hands over the path of a bind mount; a plain file in its place means that the namespace
 * is gone or never was, and a namespace of another kind that somebody made a mistake. */
static int check(int fd, const char *path, struct pw_err *err)
{
	struct statfs fs;
	int type;

	if (fstatfs(fd, &fs) != 0)
		return pw_err_set(err, -errno, "\"%s\": %s", path, strerror(errno));
	if (fs.f_type != NSFS_MAGIC)
		return pw_err_set(err, -EINVAL, "\"%s\": not a namespace file (nsfs)", path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type >= 0 && type != CLONE_NEWNET)
		return pw_err_set(
			err, -EINVAL, "\"%s\": a namespace, but not of the network", path);
	return 0;
}

int pw_cni_netns_open(struct pw_cni_netns *netns, const char *path, struct pw_err *err)
{
	struct stat pod, home;
	int rc;

	*netns = (struct pw_cni_netns){.fd = -1, .home_fd = -1};
	/* O_NONBLOCK: a FIFO in its place must not hang us. */
	netns->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (netns->fd < 0)
		return pw_err_set(err, -errno, "\"%s\": %s", path, strerror(errno));
	rc = check(netns->fd, path, err);
	if (rc != 0)
		goto err_close;
	netns->home_fd = open(HOME, O_RDONLY | O_CLOEXEC);
	if (netns->home_fd < 0 || fstat(netns->fd, &pod) != 0 ||
		fstat(netns->home_fd, &home) != 0) {
		rc = pw_err_set(err, -errno, "%s: %s", HOME, strerror(errno));
		goto err_close;
	}
	netns->dev = pod.st_dev;
	netns->inode = pod.st_ino;
	netns->own = pod.st_dev == home.st_dev && pod.st_ino == home.st_ino;
	return 0;
err_close:
	pw_cni_netns_close(netns);
	return rc;
}

void pw_cni_netns_close(struct pw_cni_netns *netns)
{
	if (netns->fd > 0)
		close(netns->fd);
	if (netns->home_fd > 0)
		close(netns->home_fd);
	netns->fd = netns->home_fd = -1;
}

int pw_cni_netns_enter(struct pw_cni_netns *netns, struct pw_err *err)
{
	if (setns(netns->fd, CLONE_NEWNET) != 0)
		return pw_err_set(err, -errno, "cannot enter the pod's network namespace: %s",
			strerror(errno));
	return 0;
}

int pw_cni_netns_leave(struct pw_cni_netns *netns, struct pw_err *err)
{
	if (setns(netns->home_fd, CLONE_NEWNET) != 0)
		return pw_err_set(err, -errno, "cannot leave the pod's network namespace: %s",
			strerror(errno));
	return 0;
}
