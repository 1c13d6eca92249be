/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_limbo.h - deferred free: {token, function, object} until the grace period is over.
 *
 * A delete must not fail for want of memory. Who keeps single large objects reserves a place for
 * each when it is created; who keeps many small ones retires them in batches (pw_retire.h), which
 * needs one place in all.
 * Threads:  one thread (the control thread) does everything here. Functions run inside
 *           pw_limbo_run, in the order of deferral, and may defer again.
 * Lifetime: pw_limbo_destroy runs everything that is left; call it when no reader runs any more.
 * Cost:     defer and free O(1) amortised; 32 bytes an object.
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
/* Of create(); for tables whose workers retire objects themselves. */
struct pw_qsbr *pw_limbo_qsbr(const struct pw_limbo *limbo);

/* Keeps room for n more objects: 0 or -ENOMEM. */
int pw_limbo_reserve(struct pw_limbo *limbo, uint32_t n);
void pw_limbo_unreserve(struct pw_limbo *limbo, uint32_t n);
/* As pw_limbo_defer, into a reserved place: cannot fail. A place is free again when fn is called.
 */
void pw_limbo_defer_reserved(struct pw_limbo *limbo, pw_limbo_fn *fn, void *ctx, void *obj);

/* Forgets what was deferred with this ctx, without running it: the owner is being destroyed, no
 * reader can reach it, and it frees its objects itself. */
void pw_limbo_cancel(struct pw_limbo *limbo, const void *ctx);

#endif
