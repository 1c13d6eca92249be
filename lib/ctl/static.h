/* SPDX-License-Identifier: BSD-3-Clause */
/* static.h - routes and Services that the configuration names. */
#ifndef CTL_STATIC_H
#define CTL_STATIC_H

#include "ctl.h"

extern const struct ctl_module ctl_module_static;

#endif
