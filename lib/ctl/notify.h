/* SPDX-License-Identifier: BSD-3-Clause */
/* notify.h - systemd's notification protocol (sd_notify(3)), by hand. */
#ifndef CTL_NOTIFY_H
#define CTL_NOTIFY_H

#include "ctl.h"

extern const struct ctl_module ctl_module_notify;

#endif
