/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * grave.h - published objects of any size on their way to be freed.
 *
 * Endpoint sets, filters and range lists are immutable: a change publishes a new one, and the old
 * one is freed when no worker can still be reading it. They gather in a list, so that one reserved
 * place in the limbo serves all of them and a replacement cannot fail half-way (as pw_retire.h).
 * Threads:  control thread.
 */
#ifndef GRAVE_H
#define GRAVE_H

#include <stdint.h>

#include "pw_alloc.h"
#include "pw_limbo.h"

struct grave_blob { /* first member of the object */
	struct grave_blob *next;
	void (*over)(void *ctx, struct grave_blob *blob); /* before it is freed; may be NULL */
};

struct grave {
	struct pw_limbo *limbo; /* NULL: not inited */
	const struct pw_alloc *alloc;
	void *ctx; /* for `over` */
	struct grave_blob *gathering, *waiting;
};

int grave_init(
	struct grave *grave, struct pw_limbo *limbo, const struct pw_alloc *alloc, void *ctx);
void grave_fini(struct grave *grave); /* frees what is left; no reader runs any more */
void grave_put(struct grave *grave, struct grave_blob *blob); /* NULL is fine */

#endif
