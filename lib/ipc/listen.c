/* SPDX-License-Identifier: BSD-3-Clause */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pw_file.h"
#include "pw_str.h"
#include "pw_util.h"

#define BACKLOG 512 /* a node's runtime starts all its pods at once after a reboot */

static int set_address(struct sockaddr_un *sa, const char *path, struct pw_err *err)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	if (path[0] == '\0')
		return pw_err_set(err, -EINVAL, "control socket: the path is empty");
	if (strlen(path) >= sizeof(sa->sun_path))
		return pw_err_set(err, -ENAMETOOLONG,
			"control socket %s: %zu bytes long, a socket path has at most %zu", path,
			strlen(path), sizeof(sa->sun_path) - 1);
	memcpy(sa->sun_path, path, strlen(path) + 1);
	return 0;
}

static int make_folder(const char *path, struct pw_err *err)
{
	const char *slash = strrchr(path, '/');
	struct pw_str folder = {0};
	int rc;

	if (slash == NULL || slash == path)
		return 0;
	pw_str_addn(&folder, path, (size_t)(slash - path));
	rc = folder.failed ? -ENOMEM : pw_file_mkdirs(folder.s, 0755);
	if (rc < 0)
		pw_err_set(err, rc, "control socket %s: cannot make its folder: %s", path,
			strerror(-rc));
	pw_str_free(&folder);
	return rc;
}

/*
 * Does somebody listen there? A connect that does not wait tells: refused means that the file is
 * what a dead process left; success, or a full queue (EAGAIN), means that one is alive.
 */
static int probe(const struct sockaddr_un *sa, struct pw_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int code;

	if (fd < 0)
		return pw_err_set(err, -errno, "socket: %s", strerror(errno));
	code = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ? 0 : errno;
	close(fd);
	if (code == ECONNREFUSED || code == ENOENT)
		return 0;
	if (code == 0 || code == EAGAIN)
		return pw_err_set(err, -EADDRINUSE,
			"control socket %s: another daemon answers there; stop it, or choose "
			"another path",
			sa->sun_path);
	return pw_err_set(err, -code, "control socket %s: cannot tell whether it is in use: %s",
		sa->sun_path, strerror(code));
}

static int clear_stale(const struct sockaddr_un *sa, struct pw_err *err)
{
	struct stat st;
	int rc;

	if (lstat(sa->sun_path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		return pw_err_set(
			err, -errno, "control socket %s: %s", sa->sun_path, strerror(errno));
	}
	if (!S_ISSOCK(st.st_mode))
		return pw_err_set(err, -EEXIST,
			"control socket %s: something that is no socket is there", sa->sun_path);
	rc = probe(sa, err);
	if (rc < 0)
		return rc;
	if (unlink(sa->sun_path) < 0 && errno != ENOENT)
		return pw_err_set(err, -errno, "control socket %s: cannot remove the old one: %s",
			sa->sun_path, strerror(errno));
	return 0;
}

/*
 * The mode is set on the socket before bind(2): Linux gives it to the file (unix_mknod), so it is
 * never open to others, and the process-wide umask is left alone.
 */
static int bind_and_listen(int fd, const struct sockaddr_un *sa, gid_t group, struct pw_err *err)
{
	if (fchmod(fd, group != 0 ? 0660 : 0600) < 0)
		return pw_err_set(err, -errno, "control socket: fchmod: %s", strerror(errno));
	if (bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0)
		return pw_err_set(
			err, -errno, "control socket %s: bind: %s", sa->sun_path, strerror(errno));
	/* A strict umask took the group's bits away; nobody else can gain any here. */
	if (group != 0 &&
		(chown(sa->sun_path, (uid_t)-1, group) < 0 || chmod(sa->sun_path, 0660) < 0)) {
		pw_err_set(err, -errno, "control socket %s: group %u: %s", sa->sun_path,
			(unsigned int)group, strerror(errno));
		goto err_unlink;
	}
	if (listen(fd, BACKLOG) < 0) {
		pw_err_set(err, -errno, "control socket %s: listen: %s", sa->sun_path,
			strerror(errno));
		goto err_unlink;
	}
	return 0;

err_unlink:
	unlink(sa->sun_path);
	return err->code;
}

int listener_open(struct listener *l, const char *path, gid_t group, struct pw_err *err)
{
	struct sockaddr_un sa;
	struct stat st;
	int rc;

	l->fd = -1;
	rc = set_address(&sa, path, err);
	if (rc == 0)
		rc = make_folder(path, err);
	if (rc == 0)
		rc = clear_stale(&sa, err);
	if (rc < 0)
		return rc;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return pw_err_set(err, -errno, "control socket: %s", strerror(errno));
	rc = bind_and_listen(l->fd, &sa, group, err);
	if (rc < 0)
		goto err_close;
	memcpy(l->path, sa.sun_path, sizeof(l->path));
	if (lstat(l->path, &st) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	return 0;

err_close:
	close(l->fd);
	l->fd = -1;
	return rc;
}

void listener_close(struct listener *l)
{
	struct stat st;

	if (l->fd < 0)
		return;
	close(l->fd);
	l->fd = -1;
	/* Somebody may have removed our file and a successor made its own. */
	if (lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
}

static bool in_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t gids[256]; /* of more groups the kernel tells none: then not allowed */
	socklen_t len = sizeof(gids);

	if (peer->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(gids[0]); i++) {
		if (gids[i] == group)
			return true;
	}
	return false;
}

bool listener_peer_allowed(int fd, gid_t group, struct ucred *peer)
{
	socklen_t len = sizeof(*peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len) < 0)
		return false;
	if (peer->uid == 0 || peer->uid == geteuid())
		return true;
	return group != 0 && in_group(fd, peer, group);
}
