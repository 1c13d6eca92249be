/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal_runtime.c - the EAL's runtime folder (/var/run/dpdk/podway-xxxxxxxx): nothing is kept in it,
 * but the EAL makes it at every start and leaves it behind.
 *
 * Ours goes with an orderly end. After a crash it stays, so each start takes away those of dead
 * daemons. A living one holds a lock on its folder, which the kernel drops however it dies.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "eal.h"

static int lock_folder(const char *path, int how)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, how | LOCK_NB) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int ctl_eal_runtime_claim(const char *path)
{
	int fd = lock_folder(path, LOCK_EX);

	if (fd < 0)
		pw_debug("eal", "%s: no lock: %s", path, strerror(errno));
	return fd;
}

void ctl_eal_runtime_leave(const char *path, int fd)
{
	if (fd >= 0)
		close(fd);
	(void)rmdir(path);
}

/* CTL_EAL_PREFIX and eight hexadecimal digits. */
static bool is_of_podway(const struct dirent *entry)
{
	const char *digits = entry->d_name + strlen(CTL_EAL_PREFIX);
	size_t n = 0;

	if (strncmp(entry->d_name, CTL_EAL_PREFIX, strlen(CTL_EAL_PREFIX)) != 0)
		return false;
	while (isxdigit((unsigned char)digits[n]))
		n++;
	return n == 8 && digits[n] == '\0';
}

static void remove_dead(const char *path)
{
	int fd = lock_folder(path, LOCK_EX);

	if (fd < 0)
		return; /* it lives */
	/* What is not empty is not as we leave it: not ours to judge. */
	if (rmdir(path) == 0)
		pw_debug("eal", "%s: of a dead daemon: removed", path);
	close(fd);
}

void ctl_eal_runtime_sweep(const char *ours)
{
	const char *slash = strrchr(ours, '/');
	char parent[PATH_MAX], path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (slash == NULL || snprintf(parent, sizeof(parent), "%.*s", (int)(slash - ours), ours) >=
				     (int)sizeof(parent))
		return;
	dir = opendir(parent);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!is_of_podway(entry) || strcmp(entry->d_name, slash + 1) == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) <
			(int)sizeof(path))
			remove_dead(path);
	}
	if (dir != NULL)
		closedir(dir);
}
