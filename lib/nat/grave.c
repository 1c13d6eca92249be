/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "grave.h"

static void grace_over(void *ctx, void *obj);

static void start_waiting(struct grave *grave)
{
	grave->waiting = grave->gathering;
	grave->gathering = NULL;
	if (grave->waiting != NULL)
		pw_limbo_defer_reserved(grave->limbo, grace_over, grave, NULL);
}

static void bury(struct grave *grave, struct grave_blob *blob)
{
	while (blob != NULL) {
		struct grave_blob *next = blob->next;

		if (blob->over != NULL)
			blob->over(grave->ctx, blob);
		pw_free(grave->alloc, blob);
		blob = next;
	}
}

static void grace_over(void *ctx, void *obj)
{
	struct grave *grave = ctx;

	bury(grave, grave->waiting);
	start_waiting(grave);
}

int grave_init(struct grave *grave, struct pw_limbo *limbo, const struct pw_alloc *alloc, void *ctx)
{
	int ret = pw_limbo_reserve(limbo, 1);

	if (ret < 0)
		return ret;
	*grave = (struct grave){.limbo = limbo, .alloc = alloc, .ctx = ctx};
	return 0;
}

void grave_fini(struct grave *grave)
{
	if (grave->limbo == NULL)
		return;
	pw_limbo_cancel(grave->limbo, grave);
	pw_limbo_unreserve(grave->limbo, 1);
	bury(grave, grave->waiting);
	bury(grave, grave->gathering);
	grave->limbo = NULL;
}

void grave_put(struct grave *grave, struct grave_blob *blob)
{
	if (blob == NULL)
		return;
	blob->next = grave->gathering;
	grave->gathering = blob;
	if (grave->waiting == NULL)
		start_waiting(grave);
}
