/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_wait.h - ports that were asked for before and cannot be had now: their interface is not there
 * yet, or the kernel has not let go of what a killed daemon held.
 *
 * They keep neither the daemon from starting nor the other ports from forwarding: they wait, are
 * shown as such with the reason, and are tried again, at first every 50 ms, later every second, for
 * as long as it takes. Routes that go out of them are set when they come. Threads:  the control
 * thread.
 */
#ifndef CTL_PORT_WAIT_H
#define CTL_PORT_WAIT_H

#include "ctl.h"

/* 0, or -errno with the reason in *err. arg is that of ctl_port_wait. */
typedef int (*ctl_port_try)(struct pw_ctl *ctl, void *arg, struct pw_err *err);

struct ctl_port_wish {
	const char *name, *type, *device; /* device: what it is made of; NULL: nothing to say */
	ctl_port_try try_again;
	void (*drop)(void *arg); /* when it has come or is not wanted any more; may be NULL */
	void *arg;
};

/* Is it worth waiting, after opening a port failed with this code? */
bool ctl_port_is_worth_waiting(int code);

/* Takes over arg, also on error. 0 or -ENOMEM with *err. */
int ctl_port_wait(
	struct pw_ctl *ctl, const struct ctl_port_wish *wish, const char *why, struct pw_err *err);
/* True: it waited, and does not any more. */
bool ctl_port_wait_drop(struct pw_ctl *ctl, const char *name);
bool ctl_port_waits(const struct pw_ctl *ctl, const char *name);
uint32_t ctl_port_waiting_count(const struct pw_ctl *ctl);
/* As ports.list shows them: appends those with that name (NULL: all). */
void ctl_port_wait_list(const struct pw_ctl *ctl, const char *name, json_t *list);

extern const struct ctl_module ctl_module_port_wait; /* before ctl_module_port */

#endif
