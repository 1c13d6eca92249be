/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * saved.h - what was set at run time, kept in the state folder: one JSON file a kind.
 *
 *     {"version": 1, "routes": [..]}
 *
 * A file that cannot be read is set aside as NAME.corrupt and named in the log.
 */
#ifndef CTL_SAVED_H
#define CTL_SAVED_H

#include "ctl.h"

extern const struct ctl_module
	ctl_module_saved; /* loads ports, routes and Services; after ctl_module_static */

/* <state>/<kind>.json. `items` is borrowed. 0 or -errno with err. */
int ctl_saved_write(struct pw_ctl *ctl, const char *kind, json_t *items, struct pw_err *err);
/* The items, an array the caller owns; NULL: none were saved. */
json_t *ctl_saved_read(struct pw_ctl *ctl, const char *kind);

#endif
