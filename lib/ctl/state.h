/* SPDX-License-Identifier: BSD-3-Clause */
/* state.h - the state folder: made, checked, locked against a second daemon. */
#ifndef CTL_STATE_H
#define CTL_STATE_H

#include "ctl.h"

extern const struct ctl_module ctl_module_state;

#endif
