/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_steps.h - do all of a list, or nothing.
 *
 * Threads:  the caller's.
 */
#ifndef PW_CNI_STEPS_H
#define PW_CNI_STEPS_H

#include "pw_cni_error.h"

struct pw_cni_step {
	const char *name;
	/* 0, or -EPROTO with *error; then it has itself undone what it did. */
	int (*run)(void *arg, struct pw_cni_error *error);
	void (*undo)(void *arg); /* NULL: nothing to undo. Must not fail. */
};

/* Runs them in order. On an error the undo of those that succeeded is called in reverse order, and
 * *error is that of the step that failed. */
int pw_cni_steps_run(
	const struct pw_cni_step *steps, unsigned n, void *arg, struct pw_cni_error *error);

#endif
