/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb.h - the bridge FDB: what workers learned, ageing, fdb.* methods. */
#ifndef CTL_FDB_H
#define CTL_FDB_H

#include "ctl.h"

extern const struct ctl_module ctl_module_fdb;

/* Takes what workers saw for the first time; bounded work a call. */
void ctl_fdb_learn(struct pw_ctl *ctl);

#endif
