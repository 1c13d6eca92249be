/* SPDX-License-Identifier: BSD-3-Clause */
/* ipc.h - the control socket: the methods of all modules. */
#ifndef CTL_IPC_H
#define CTL_IPC_H

#include "ctl.h"

extern const struct ctl_module ctl_module_ipc;

#endif
