/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_retire.h - slots of a table on their way back to its free list, in batches.
 *
 * A table with thousands of small slots would need a limbo entry for each one deleted. Here slots
 * that were unlinked wait in two lists, chained through a number a slot that no reader looks at:
 * one list is behind a grace period, the other gathers for the next. So a table needs one place
 * in the limbo, reserved once, and a delete never fails. A slot comes back after one or two grace
 * periods.
 * Threads:  the thread of the limbo.
 * Lifetime: pw_retire_fini when no reader can reach the table; what still waits is not released.
 */
#ifndef PW_RETIRE_H
#define PW_RETIRE_H

#include <stdint.h>

#include "pw_limbo.h"

#define PW_RETIRE_END UINT32_MAX

struct pw_retire_ops {
	uint32_t *(*link)(void *ctx, uint32_t id); /* the number of slot `id` for the chain */
	void (*release)(void *ctx, uint32_t id);   /* its grace period is over */
};

/* Embedded in the table; members are private. */
struct pw_retire {
	struct pw_limbo *limbo;
	const struct pw_retire_ops *ops;
	void *ctx;
	uint32_t gathering; /* first of the list, or PW_RETIRE_END */
	uint32_t waiting;
	uint32_t count;
};

int pw_retire_init(struct pw_retire *retire, struct pw_limbo *limbo,
	const struct pw_retire_ops *ops, void *ctx); /* 0 or -ENOMEM */
void pw_retire_fini(struct pw_retire *retire);       /* of one that was inited, or is zeroed */
void pw_retire_add(struct pw_retire *retire, uint32_t id);
static inline uint32_t pw_retire_count(const struct pw_retire *retire)
{
	return retire->count;
}

#endif
