/* SPDX-License-Identifier: BSD-3-Clause */
/* dataplane.h - shared tables, and the workers that read them. */
#ifndef CTL_DATAPLANE_H
#define CTL_DATAPLANE_H

#include "ctl.h"

extern const struct ctl_module ctl_module_tables;
extern const struct ctl_module ctl_module_dataplane;

#endif
