/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state.c - one daemon a state folder: a lock file with the pid of who has it, in the folder.
 *
 * The kernel drops the lock with the process, however it dies; the file stays and means nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "pw_file.h"
#include "state.h"

#define LOCK_NAME "podwayd.lock"

static int not_writable(const struct pw_ctl *ctl, int rc, const char *what, struct pw_err *err)
{
	return pw_err_set(err, rc,
		"state_dir: %s: %s: %s: give this user the folder, or name another in %s",
		ctl->conf->state_dir, what, strerror(-rc), ctl->conf->path);
}

static int is_locked(const struct pw_ctl *ctl, int fd, struct pw_err *err)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return pw_err_set(err, -EBUSY,
		"another podwayd (pid %s) runs with state_dir %s: stop it, or give this one its "
		"own "
		"state_dir and control socket",
		pid[0] != '\0' ? pid : "not known", ctl->conf->state_dir);
}

static void write_pid(int fd)
{
	char pid[16];
	int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)n, 0) != n)
		pw_warn("state", "lock file: pid not written: %s", strerror(errno));
}

/* A process that was killed while it wrote a file left a temporary one beside it (pw_file.h). The
 * lock is ours: nobody else writes here. */
static void remove_rests(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_type == DT_REG && dot != NULL && strcmp(dot, ".tmp") == 0 &&
			unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			pw_info("state", "%s/%s: half written when podwayd was killed, removed",
				path, entry->d_name);
	}
	closedir(dir);
}

static void remove_all_rests(const struct pw_ctl *ctl)
{
	static const char *const folders[] = {"", "/pods", "/ipam"};
	char path[PATH_MAX];

	for (unsigned i = 0; i < PW_ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s%s", ctl->conf->state_dir, folders[i]);
		remove_rests(path);
	}
}

static int state_init(struct pw_ctl *ctl, struct pw_err *err)
{
	char *path;
	int rc = pw_file_mkdirs(ctl->conf->state_dir, 0755);

	if (rc != 0)
		return not_writable(ctl, rc, "cannot be made", err);
	if (asprintf(&path, "%s/%s", ctl->conf->state_dir, LOCK_NAME) < 0)
		return pw_err_set(err, -ENOMEM, "out of memory");
	ctl->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	rc = ctl->lock_fd < 0 ? -errno : 0;
	free(path);
	if (rc != 0)
		return not_writable(ctl, rc, LOCK_NAME, err);
	if (flock(ctl->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		rc = errno == EWOULDBLOCK ? is_locked(ctl, ctl->lock_fd, err)
					  : not_writable(ctl, -errno, LOCK_NAME ": flock", err);
		close(ctl->lock_fd);
		ctl->lock_fd = -1;
		return rc;
	}
	write_pid(ctl->lock_fd);
	remove_all_rests(ctl);
	return 0;
}

static void state_fini(struct pw_ctl *ctl)
{
	close(ctl->lock_fd);
	ctl->lock_fd = -1;
}

const struct ctl_module ctl_module_state = {
	.name = "state", .init = state_init, .fini = state_fini};
