/* SPDX-License-Identifier: BSD-3-Clause */
/* worker_methods.h - workers.list, workers.cycles, workers.move, and the load of each second. */
#ifndef CTL_WORKER_METHODS_H
#define CTL_WORKER_METHODS_H

#include "ctl.h"

extern const struct ctl_module ctl_module_worker;

#endif
