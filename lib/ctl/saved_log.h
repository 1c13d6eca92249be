/* SPDX-License-Identifier: BSD-3-Clause */
/* saved_log.h - the log beside a file of saved.h; for saved.c. */
#ifndef CTL_SAVED_LOG_H
#define CTL_SAVED_LOG_H

#include "saved.h"

/* What the items, which it takes over (NULL: none), have become; an array the caller owns. */
json_t *saved_log_apply(const struct pw_ctl *ctl, const char *kind, json_t *items);
void saved_log_remove(const struct pw_ctl *ctl, const char *kind);

#endif
