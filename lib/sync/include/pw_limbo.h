/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_limbo.h - deferred free: {token, function, object} until the grace period is over.
 *
 * Threads:  one thread (the control thread) defers and runs.
 * Lifetime: pw_limbo_destroy runs everything that is left; call it when no reader runs any more.
 */
#ifndef PW_LIMBO_H
#define PW_LIMBO_H

#include <stdint.h>

#include "pw_qsbr.h"

struct pw_limbo;
typedef void pw_limbo_fn(void *ctx, void *obj);

struct pw_limbo *pw_limbo_create(struct pw_qsbr *qsbr); /* NULL, errno */
void pw_limbo_destroy(struct pw_limbo *limbo);
/* 0 or -ENOMEM (then nothing is queued and the caller must keep the object and try again). */
int pw_limbo_defer(struct pw_limbo *limbo, pw_limbo_fn *fn, void *ctx, void *obj);
uint32_t pw_limbo_run(struct pw_limbo *limbo, uint32_t max); /* how many were freed */
uint32_t pw_limbo_pending(const struct pw_limbo *limbo);

#endif
