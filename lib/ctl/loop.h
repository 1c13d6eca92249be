/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * loop.h - the event loop: signals, the dp's events, deferred work, the second's tick.
 *
 * Deferred work (limbo, closed ports) is looked at every 2 ms while there is some, else every 100
 * ms: an idle node wakes ten times a second.
 */
#ifndef CTL_LOOP_H
#define CTL_LOOP_H

#include "ctl.h"

extern const struct ctl_module ctl_module_loop; /* event base, signals */
extern const struct ctl_module ctl_module_poll; /* timers, dp events: after the dp is there */

void ctl_loop_poll_soon(struct pw_ctl *ctl); /* something was deferred */

#endif
