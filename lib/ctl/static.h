/* SPDX-License-Identifier: BSD-3-Clause */
/* static.h - routes and Services that the configuration names. */
#ifndef CTL_STATIC_H
#define CTL_STATIC_H

#include "ctl.h"

extern const struct ctl_module ctl_module_static;

/* Sets the routes whose next hop lies behind a port that waited (port_wait.h) and now has come. */
void ctl_static_retry(struct pw_ctl *ctl);

#endif
