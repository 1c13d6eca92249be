/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "pw_file.h"
#include "sock.h"

#define SOCKET_MODE  0660
#define FOLDER_MODE  0755
#define MESSAGE_USEC 500000

static int make_folder(const char *path, struct pw_err *err)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;
	int rc;

	strcpy(folder, path);
	slash = strrchr(folder, '/');
	if (slash == folder)
		return 0;
	*slash = '\0';
	rc = pw_file_mkdirs(folder, FOLDER_MODE);
	return rc < 0 ? pw_err_set(err, rc, "folder %s: %s", folder, strerror(-rc)) : 0;
}

/* 0: somebody answers. -ECONNREFUSED: a file left behind. */
static int probe(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc;

	if (fd < 0)
		return -errno;
	strcpy(addr.sun_path, path);
	rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	close(fd);
	/* Its backlog is full; or it is a memif socket, which is of another type. */
	return rc == -EAGAIN || rc == -EPROTOTYPE ? 0 : rc;
}

/* memif sockets are of type SOCK_SEQPACKET: to ask with another type disturbs nobody. */
bool sock_answers(const char *path)
{
	return probe(path) == 0;
}

static int remove_stale(const char *path, struct pw_err *err)
{
	struct stat st;
	int rc;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : pw_err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return pw_err_set(err, -EEXIST,
			"%s exists and is no socket: delete it or choose another path", path);
	rc = probe(path);
	if (rc == 0)
		return pw_err_set(err, -EADDRINUSE,
			"another process answers on %s: stop it or choose another path", path);
	if (rc != -ECONNREFUSED)
		return pw_err_set(err, rc, "%s: %s", path, strerror(-rc));
	return unlink(path) < 0 ? pw_err_set(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

int sock_prepare(const struct pw_port_socket *sock, struct pw_err *err)
{
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	const char *path = sock->path;
	int rc;

	if (path == NULL || path[0] != '/')
		return pw_err_set(
			err, -EINVAL, "socket \"%s\" is no absolute path", path ? path : "");
	if (strlen(path) > max)
		return pw_err_set(err, -ENAMETOOLONG, "socket %s: %zu bytes, allowed are %zu", path,
			strlen(path), max);
	if (sock->client)
		return 0; /* the peer's business */
	rc = make_folder(path, err);
	return rc < 0 ? rc : remove_stale(path, err);
}

int sock_finish(const struct pw_port_socket *sock, struct pw_err *err)
{
	uint32_t mode = sock->mode != 0 ? sock->mode : SOCKET_MODE;

	if (sock->client)
		return 0;
	if (chmod(sock->path, mode) < 0)
		return pw_err_set(err, -errno, "chmod %s: %s", sock->path, strerror(errno));
	/* PW_PORT_ID_KEEP is -1, which leaves it. */
	if (chown(sock->path, sock->uid, sock->gid) < 0)
		return pw_err_set(err, -errno, "chown %s to %d:%d: %s%s", sock->path,
			(int)sock->uid, (int)sock->gid, strerror(errno),
			errno == EPERM ? " (CAP_CHOWN is missing)" : "");
	return 0;
}

static bool is_named(
	int (*get)(int fd, struct sockaddr *addr, socklen_t *len), int fd, const char *path)
{
	struct sockaddr_un addr = {0};
	socklen_t len = sizeof(addr);

	return get(fd, (struct sockaddr *)&addr, &len) == 0 && addr.sun_family == AF_UNIX &&
	       strncmp(addr.sun_path, path, sizeof(addr.sun_path)) == 0;
}

/* A connection that was accepted on path has that name at our end, one that we made at the other.
 */
static bool is_connection_of(int fd, const char *path)
{
	int listening = 1;
	socklen_t listening_len = sizeof(listening);

	if (!is_named(getsockname, fd, path) && !is_named(getpeername, fd, path))
		return false;
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_len) == 0 &&
	       !listening;
}

void sock_set_timeout(const char *path)
{
	const struct timeval limit = {.tv_usec = MESSAGE_USEC};
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || !is_connection_of(fd, path))
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	}
	closedir(dir);
}
