/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pw_file.h"
#include "pw_util.h"

#define READ_STEP 4096

/* Up to max bytes into a malloc'ed buffer; st_size is not asked: it is 0 in /proc and /sys. */
static int read_all(int fd, size_t max, char **data, size_t *len)
{
	size_t used = 0, cap = 0;
	char *buf = NULL;

	for (;;) {
		if (used == cap) {
			cap = PW_MAX(cap * 2, (size_t)READ_STEP);
			char *bigger = realloc(buf, cap + 1);

			if (bigger == NULL)
				goto err_errno;
			buf = bigger;
		}

		ssize_t n = read(fd, buf + used, cap - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto err_errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > max) {
			free(buf);
			return -EFBIG;
		}
	}
	buf[used] = '\0';
	*data = buf;
	*len = used;
	return 0;

err_errno:;
	int rc = -errno;

	free(buf);
	return rc;
}

int pw_file_read(const char *path, size_t max_bytes, char **data, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;

	int rc = read_all(fd, max_bytes, data, len);

	close(fd);
	return rc;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_new(const char *path, const void *data, size_t len, mode_t mode, bool sync)
{
	/* A left-over of a crash may have another owner, mode, or be a link: never written through.
	 */
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;

	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;

	int rc = write_all(fd, data, len);

	if (rc == 0 && (fchmod(fd, mode) < 0 || (sync && fsync(fd) < 0)))
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc < 0)
		unlink(path);
	return rc;
}

/* The rename itself is durable only when the folder is (fsync(2)). */
static int sync_parent(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		strcpy(dir, ".");
	else
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);

	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;

	int rc = fsync(fd) < 0 ? -errno : 0;

	close(fd);
	return rc;
}

static int replace(const char *path, const void *data, size_t len, mode_t mode, bool sync)
{
	char tmp[PATH_MAX];
	int rc;

	if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	rc = write_new(tmp, data, len, mode, sync);
	if (rc < 0)
		return rc;
	if (rename(tmp, path) < 0) {
		rc = -errno;
		unlink(tmp);
		return rc;
	}
	return sync ? sync_parent(path) : 0;
}

int pw_file_write_atomic(const char *path, const void *data, size_t len, mode_t mode)
{
	return replace(path, data, len, mode, true);
}

int pw_file_write_quick(const char *path, const void *data, size_t len, mode_t mode)
{
	return replace(path, data, len, mode, false);
}

static int mkdir_one(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	/* A link to a folder is fine, a file is not. */
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int pw_file_mkdirs(const char *path, mode_t mode)
{
	char dir[PATH_MAX];

	if (*path == '\0')
		return -ENOENT;
	if (strlcpy(dir, path, sizeof(dir)) >= sizeof(dir))
		return -ENAMETOOLONG;
	for (char *p = dir + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		int rc = mkdir_one(dir, mode);

		if (rc < 0)
			return rc;
		*p = '/';
	}
	return mkdir_one(dir, mode);
}
