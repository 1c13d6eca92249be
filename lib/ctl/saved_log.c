/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * saved_log.c - changes since the file of a kind was written (saved.h).
 *
 *     {"set": {"name": "default/a", ..}}
 *     {"del": "default/b"}
 *
 * A line a change, synced before the request is answered. The state is the file's items with the lines carried out in
 * order. A change is appended first, whatever comes after: so a log that is still there beside a newer whole file (the
 * daemon died before it removed it) ends in the same state. A last line without its end was never answered.
 * Cost: one write and one fdatasync, however many items there are.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pw_file.h"
#include "saved_log.h"

#define LOG_LONG      (1u << 20) /* bytes, and longer than the file: time to write that anew */
#define LOG_MAX_BYTES (256u << 20)

static void path_of(
	const struct pw_ctl *ctl, const char *kind, const char *ending, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s.%s", ctl->conf->state_dir, kind, ending);
}

/* A new file is on disk when its folder is (fsync(2)). */
static int sync_folder(const struct pw_ctl *ctl)
{
	int fd = open(ctl->conf->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

/* All of it, or nothing: a part is taken away again. */
static int append(int fd, off_t end, const char *text, size_t len)
{
	ssize_t n = write(fd, text, len);
	int rc = n < 0 ? -errno : (size_t)n < len ? -ENOSPC : 0;

	if (rc == 0 && fdatasync(fd) < 0)
		rc = -errno;
	if (rc != 0 && ftruncate(fd, end) < 0)
		pw_warn("state", "a change that was refused stays in the log: %s", strerror(errno));
	return rc;
}

static int append_line(struct pw_ctl *ctl, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), rc;
	struct stat st;

	if (fd < 0)
		return -errno;
	rc = fstat(fd, &st) < 0 ? -errno : append(fd, st.st_size, text, strlen(text));
	if (rc == 0 && st.st_size == 0)
		rc = sync_folder(ctl);
	close(fd);
	return rc;
}

int ctl_saved_append(
	struct pw_ctl *ctl, const char *kind, const char *name, json_t *item, struct pw_err *err)
{
	json_t *change =
		item != NULL ? json_pack("{s:O}", "set", item) : json_pack("{s:s}", "del", name);
	char *text = change != NULL ? json_dumps(change, JSON_COMPACT) : NULL, *line = NULL;
	char path[PATH_MAX];
	int rc = -ENOMEM;

	path_of(ctl, kind, "changes", path);
	if (text != NULL && asprintf(&line, "%s\n", text) > 0)
		rc = append_line(ctl, path, line);
	free(line);
	free(text);
	json_decref(change);
	return rc == 0 ? 0 : pw_err_set(err, rc, "%s cannot be written: %s", path, strerror(-rc));
}

bool ctl_saved_log_is_long(const struct pw_ctl *ctl, const char *kind)
{
	char path[PATH_MAX];
	struct stat log, whole = {0};

	path_of(ctl, kind, "changes", path);
	if (stat(path, &log) < 0 || log.st_size < LOG_LONG)
		return false;
	path_of(ctl, kind, "json", path);
	return stat(path, &whole) < 0 || log.st_size > whole.st_size;
}

void saved_log_remove(const struct pw_ctl *ctl, const char *kind)
{
	char path[PATH_MAX];

	path_of(ctl, kind, "changes", path);
	if (unlink(path) < 0 && errno != ENOENT)
		pw_warn("state", "%s cannot be removed: %s", path, strerror(errno));
}

/* ---- reading ---- */

static const char *name_of(const json_t *item)
{
	return pw_json_str(item, "name", NULL);
}

static bool apply(json_t *by_name, const char *line, size_t len)
{
	json_t *change = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *set = json_object_get(change, "set");
	const char *del = pw_json_str(change, "del", NULL);
	bool ok = true;

	if (name_of(set) != NULL)
		json_object_set(by_name, name_of(set), set);
	else if (del != NULL)
		json_object_del(by_name, del);
	else
		ok = false;
	json_decref(change);
	return ok;
}

/* The length of what is whole: up to a line that is no change, or has no end as the daemon died while it wrote. */
static size_t apply_all(json_t *by_name, const char *path, const char *text, size_t len)
{
	const char *end = text + len, *line = text, *stop;
	unsigned n = 1;

	for (; line < end; line = stop + 1, n++) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL)
			break;
		if (!apply(by_name, line, (size_t)(stop - line))) {
			pw_warn("state",
				"%s: line %u is no change; it and what follows are cut off", path,
				n);
			break;
		}
	}
	return (size_t)(line - text);
}

/* Else the next change would stand behind half of one. */
static void cut_off(const char *path, size_t len)
{
	if (truncate(path, (off_t)len) < 0)
		pw_warn("state", "%s cannot be cut off: %s", path, strerror(errno));
}

json_t *saved_log_apply(const struct pw_ctl *ctl, const char *kind, json_t *items)
{
	char path[PATH_MAX], *text;
	json_t *by_name, *item, *all;
	const char *name;
	size_t len, whole, i;

	path_of(ctl, kind, "changes", path);
	if (pw_file_read(path, LOG_MAX_BYTES, &text, &len) != 0)
		return items;
	by_name = json_object();
	json_array_foreach (items, i, item) {
		if (name_of(item) != NULL)
			json_object_set(by_name, name_of(item), item);
	}
	whole = apply_all(by_name, path, text, len);
	free(text);
	if (whole < len)
		cut_off(path, whole);
	all = json_array();
	json_object_foreach (by_name, name, item)
		json_array_append(all, item);
	json_decref(by_name);
	json_decref(items);
	return all;
}
