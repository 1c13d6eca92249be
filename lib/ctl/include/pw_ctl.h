/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_ctl.h - the control plane: one thread that owns every table, port and request of the daemon.
 *
 *     ctl = pw_ctl_create(conf, &err);     // everything is up, or nothing is left behind
 *     r = pw_ctl_run(ctl);                 // until SIGTERM, SIGINT or pw_ctl_stop
 *     pw_ctl_destroy(ctl);                 // ports closed, pods' interfaces stay for the next
 * start
 *
 * Threads:  the process's main thread, all of it: it becomes the EAL's main lcore. Once a process,
 *           because the EAL starts once a process.
 * Lifetime: conf belongs to the caller and outlives the ctl.
 * Errors:   messages name the fix: they are what a person reads whose node does not start.
 */
#ifndef PW_CTL_H
#define PW_CTL_H

#include <stdio.h>

#include "pw_conf.h"
#include "pw_err.h"

struct pw_ctl;

struct pw_ctl *pw_ctl_create(const struct pw_conf *conf, struct pw_err *err); /* NULL, *err */
int pw_ctl_run(struct pw_ctl *ctl);      /* 0: stopped as asked; -errno: the event loop failed */
void pw_ctl_stop(struct pw_ctl *ctl);    /* pw_ctl_run returns after what it is doing */
void pw_ctl_destroy(struct pw_ctl *ctl); /* NULL is fine */

/* Checks the machine without starting anything: a table of what was found and how to fix it. How many
 * checks failed: podwayd could not start. */
int pw_ctl_preflight(const struct pw_conf *conf, FILE *out);

struct pw_ctl_version {
	const char *version;  /* of podway */
	const char *march;    /* CPU it was compiled for */
	const char *compiler; /* "gcc 12.2.0" */
	const char *dpdk;     /* "22.11.10": of the library that runs */
};
#define PW_CTL_PROTOCOL 1 /* docs/control-api.md */
void pw_ctl_version(struct pw_ctl_version *version);

#endif
