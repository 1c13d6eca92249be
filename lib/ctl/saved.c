/* SPDX-License-Identifier: BSD-3-Clause */
/* saved.c - run-time settings in the state folder (saved.h). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port_reg.h"
#include "pw_file.h"
#include "route.h"
#include "saved.h"
#include "saved_log.h"
#include "service.h"

#define SAVED_VERSION   1
#define SAVED_MAX_BYTES (64u << 20)

static void path_of(const struct pw_ctl *ctl, const char *kind, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s.json", ctl->conf->state_dir, kind);
}

/* ---- items that could not be had ---- */

static const char *const keys[] = {"name", "prefix"}; /* one of them tells items apart */

static json_t *kept_of(const struct pw_ctl *ctl, const char *kind)
{
	return json_object_get(ctl->saved_kept, kind);
}

/* Index of the item; the size of the array: there is none. */
static size_t index_of(const json_t *items, const char *key, const char *value)
{
	const json_t *item;
	size_t i;

	json_array_foreach (items, i, item) {
		if (strcmp(pw_json_str(item, key, ""), value) == 0)
			break;
	}
	return i;
}

static bool is_replaced(const json_t *items, const json_t *kept)
{
	for (unsigned k = 0; k < PW_ARRAY_SIZE(keys); k++) {
		const char *value = pw_json_str(kept, keys[k], NULL);

		if (value != NULL && index_of(items, keys[k], value) < json_array_size(items))
			return true;
	}
	return false;
}

void ctl_saved_keep(struct pw_ctl *ctl, const char *kind, json_t *item)
{
	if (ctl->saved_kept == NULL)
		ctl->saved_kept = json_object();
	if (kept_of(ctl, kind) == NULL)
		json_object_set_new(ctl->saved_kept, kind, json_array());
	json_array_append(kept_of(ctl, kind), item);
}

json_t *ctl_saved_take_kept(struct pw_ctl *ctl, const char *kind)
{
	json_t *kept = json_incref(kept_of(ctl, kind));

	json_object_del(ctl->saved_kept, kind);
	return kept;
}

bool ctl_saved_drop(struct pw_ctl *ctl, const char *kind, const char *key, const char *value)
{
	json_t *kept = kept_of(ctl, kind);

	return json_array_remove(kept, index_of(kept, key, value)) == 0;
}

/* What is in force, and what is kept beside it. */
static json_t *all_items(const struct pw_ctl *ctl, const char *kind, json_t *items)
{
	json_t *kept = kept_of(ctl, kind), *all = json_copy(items), *item;
	size_t i;

	json_array_foreach (kept, i, item) {
		if (!is_replaced(items, item))
			json_array_append(all, item);
	}
	return all;
}

/* They are on disk: what they replace is not wanted back. */
static void drop_replaced(struct pw_ctl *ctl, const char *kind, const json_t *items)
{
	json_t *kept = kept_of(ctl, kind);

	for (size_t i = json_array_size(kept); i-- > 0;) {
		if (is_replaced(items, json_array_get(kept, i)))
			json_array_remove(kept, i);
	}
}

/* ---- files ---- */

int ctl_saved_write(struct pw_ctl *ctl, const char *kind, json_t *items, struct pw_err *err)
{
	json_t *doc = json_pack(
		"{s:i, s:o}", "version", SAVED_VERSION, kind, all_items(ctl, kind, items));
	char *text = doc != NULL ? json_dumps(doc, JSON_INDENT(1)) : NULL;
	char path[PATH_MAX];
	int rc = -ENOMEM;

	path_of(ctl, kind, path);
	if (text != NULL)
		rc = pw_file_write_atomic(path, text, strlen(text), 0600);
	free(text);
	json_decref(doc);
	if (rc != 0)
		return pw_err_set(err, rc, "%s cannot be written: %s", path, strerror(-rc));
	drop_replaced(ctl, kind, items);
	saved_log_remove(ctl, kind);
	return 0;
}

static void set_aside(const char *path, const char *why)
{
	char aside[PATH_MAX + 16];

	snprintf(aside, sizeof(aside), "%s.corrupt", path);
	if (rename(path, aside) == 0)
		pw_warn("state", "%s: %s; set aside as %s and ignored", path, why, aside);
	else
		pw_warn("state", "%s: %s; ignored", path, why);
}

static json_t *read_whole(struct pw_ctl *ctl, const char *kind)
{
	char path[PATH_MAX], *text = NULL;
	json_error_t at;
	json_t *doc, *items;
	size_t len;
	int rc;

	path_of(ctl, kind, path);
	rc = pw_file_read(path, SAVED_MAX_BYTES, &text, &len);
	if (rc == -ENOENT)
		return NULL;
	if (rc != 0) {
		set_aside(path, strerror(-rc));
		return NULL;
	}
	doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &at);
	free(text);
	items = json_object_get(doc, kind);
	if (!json_is_array(items) || pw_json_int(doc, "version", 0) != SAVED_VERSION) {
		set_aside(path, doc == NULL ? at.text : "not of this version");
		json_decref(doc);
		return NULL;
	}
	json_incref(items);
	json_decref(doc);
	return items;
}

json_t *ctl_saved_read(struct pw_ctl *ctl, const char *kind)
{
	return saved_log_apply(ctl, kind, read_whole(ctl, kind));
}

static int init(struct pw_ctl *ctl, struct pw_err *err)
{
	(void)err;
	ctl_port_load_saved(ctl); /* before the routes that go out of them */
	ctl_route_load_saved(ctl);
	ctl_service_load_saved(ctl);
	return 0;
}

static void fini(struct pw_ctl *ctl)
{
	json_decref(ctl->saved_kept);
	ctl->saved_kept = NULL;
}

const struct ctl_module ctl_module_saved = {.name = "saved", .init = init, .fini = fini};
