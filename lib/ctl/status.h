/* SPDX-License-Identifier: BSD-3-Clause */
/* status.h - what the daemon says of itself: version, status, workers, drops. */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include "ctl.h"

extern const struct ctl_module ctl_module_status;

#endif
