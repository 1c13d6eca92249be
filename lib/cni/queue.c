/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "pw_cni_env.h"
#include "pw_cni_queue.h"
#include "pw_file.h"
#include "pw_ipc_json.h"
#include "pw_log.h"
#include "pw_str.h"

#define SCHEME   1
#define FILE_MAX 65536

static int file_path(const char *state_dir, const char *container_id, const char *ifname,
	char path[static PATH_MAX], struct pw_err *err)
{
	if (snprintf(path, PATH_MAX, "%s/" PW_CNI_QUEUE_DIR "/%s@%s.json", state_dir, container_id,
		    ifname) >= PATH_MAX)
		return pw_err_set(err, -ENAMETOOLONG, "%s: path too long", state_dir);
	return 0;
}

int pw_cni_queue_put(const char *state_dir, const char *container_id, const char *ifname,
	const char *network, struct pw_err *err)
{
	char path[PATH_MAX], dir[PATH_MAX];
	json_t *json;
	char *text;
	int rc = file_path(state_dir, container_id, ifname, path, err);

	if (rc != 0)
		return rc;
	snprintf(dir, sizeof(dir), "%s/" PW_CNI_QUEUE_DIR, state_dir);
	rc = pw_file_mkdirs(dir, 0700);
	if (rc != 0)
		return pw_err_set(err, rc, "%s: %s", dir, strerror(-rc));
	json = json_pack("{s:i, s:s, s:s, s:s}", "version", SCHEME, "container_id", container_id,
		"ifname", ifname, "network", network);
	text = json_dumps(json, JSON_INDENT(2));
	rc = text != NULL ? pw_file_write_atomic(path, text, strlen(text), 0600) : -ENOMEM;
	free(text);
	json_decref(json);
	if (rc != 0)
		return pw_err_set(err, rc, "%s: %s", path, strerror(-rc));
	return 0;
}

int pw_cni_queue_remove(
	const char *state_dir, const char *container_id, const char *ifname, struct pw_err *err)
{
	char path[PATH_MAX];
	int rc = file_path(state_dir, container_id, ifname, path, err);

	if (rc == 0 && unlink(path) != 0 && errno != ENOENT)
		rc = pw_err_set(err, -errno, "%s: %s", path, strerror(errno));
	return rc;
}

static json_t *read_entry(const char *path)
{
	char *text = NULL;
	json_t *json;
	size_t len;

	if (pw_file_read(path, FILE_MAX, &text, &len) != 0)
		return NULL;
	json = json_loadb(text, len, 0, NULL);
	free(text);
	if (pw_json_int(json, "version", 0) == SCHEME &&
		pw_name_valid(pw_json_str(json, "container_id", ""), PW_CNI_ID_MAX) &&
		pw_ifname_valid(pw_json_str(json, "ifname", "")))
		return json;
	json_decref(json);
	return NULL;
}

/* 1: carried out, 0: stays. */
static int replay(const char *path, pw_cni_queue_fn *done, void *arg)
{
	json_t *json = read_entry(path);
	int rc;

	if (json == NULL) {
		char aside[PATH_MAX + 16];

		snprintf(aside, sizeof(aside), "%s.corrupt", path);
		pw_warn("cni", "%s: unreadable, set aside as *.corrupt", path);
		(void)rename(path, aside);
		return 0;
	}
	rc = done(arg, pw_json_str(json, "container_id", ""), pw_json_str(json, "ifname", ""),
		pw_json_str(json, "network", ""));
	json_decref(json);
	if (rc != 0)
		return 0;
	if (unlink(path) != 0)
		pw_warn("cni", "%s: %s", path, strerror(errno));
	return 1;
}

int pw_cni_queue_replay(const char *state_dir, pw_cni_queue_fn *done, void *arg, struct pw_err *err)
{
	char dir[PATH_MAX], path[PATH_MAX];
	struct dirent *entry;
	int n = 0;
	DIR *d;

	if (snprintf(dir, sizeof(dir), "%s/" PW_CNI_QUEUE_DIR, state_dir) >= (int)sizeof(dir))
		return pw_err_set(err, -ENAMETOOLONG, "%s: path too long", state_dir);
	d = opendir(dir);
	if (d == NULL && errno == ENOENT)
		return 0;
	if (d == NULL)
		return pw_err_set(err, -errno, "%s: %s", dir, strerror(errno));
	while ((entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || strcmp(entry->d_name + len - 5, ".json") != 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < (int)sizeof(path))
			n += replay(path, done, arg);
	}
	closedir(d);
	return n;
}
