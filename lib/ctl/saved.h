/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * saved.h - what was set at run time, kept in the state folder: one JSON file a kind.
 *
 *     {"version": 1, "routes": [..]}
 *
 * Of a kind that may be long and changes often (Services) a change is appended to <kind>.changes, and only now
 * and then is the whole file written.
 * A file that cannot be read is set aside as NAME.corrupt and named in the log.
 */
#ifndef CTL_SAVED_H
#define CTL_SAVED_H

#include "ctl.h"

extern const struct ctl_module
	ctl_module_saved; /* loads ports, routes and Services; after ctl_module_static */

/* <state>/<kind>.json, with what is kept. `items` is borrowed. 0 or -errno with err. */
int ctl_saved_write(struct pw_ctl *ctl, const char *kind, json_t *items, struct pw_err *err);
/* The items, an array the caller owns; NULL: none were saved. */
json_t *ctl_saved_read(struct pw_ctl *ctl, const char *kind);

/*
 * One item was set, or deleted (NULL): items of the kind have a "name". 0 or -errno with err. When the log is long the
 * caller writes the whole.
 */
int ctl_saved_append(
	struct pw_ctl *ctl, const char *kind, const char *name, json_t *item, struct pw_err *err);
bool ctl_saved_log_is_long(const struct pw_ctl *ctl, const char *kind);

/*
 * An item that cannot be had now (its interface is gone, say) stays saved for the next start, until
 * one with the same name or prefix is saved, or it is dropped.
 */
void ctl_saved_keep(struct pw_ctl *ctl, const char *kind, json_t *item);
/* All of a kind, an array the caller owns; none is kept any more. NULL: there were none. */
json_t *ctl_saved_take_kept(struct pw_ctl *ctl, const char *kind);
/* True: it was kept; the caller writes the others. */
bool ctl_saved_drop(struct pw_ctl *ctl, const char *kind, const char *key, const char *value);

#endif
