/* SPDX-License-Identifier: BSD-3-Clause */
#include "pw_retire.h"

static void grace_over(void *ctx, void *obj);

static void start_waiting(struct pw_retire *retire)
{
	retire->waiting = retire->gathering;
	retire->gathering = PW_RETIRE_END;
	if (retire->waiting != PW_RETIRE_END)
		pw_limbo_defer_reserved(retire->limbo, grace_over, retire, NULL);
}

static void grace_over(void *ctx, void *obj)
{
	struct pw_retire *retire = ctx;
	uint32_t id = retire->waiting;

	while (id != PW_RETIRE_END) {
		uint32_t next = *retire->ops->link(retire->ctx, id); /* release may reuse it */

		retire->count--;
		retire->ops->release(retire->ctx, id);
		id = next;
	}
	start_waiting(retire);
}

int pw_retire_init(struct pw_retire *retire, struct pw_limbo *limbo,
	const struct pw_retire_ops *ops, void *ctx)
{
	int ret = pw_limbo_reserve(limbo, 1);

	if (ret < 0)
		return ret;
	*retire = (struct pw_retire){
		.limbo = limbo,
		.ops = ops,
		.ctx = ctx,
		.gathering = PW_RETIRE_END,
		.waiting = PW_RETIRE_END,
	};
	return 0;
}

void pw_retire_fini(struct pw_retire *retire)
{
	if (retire->limbo == NULL)
		return;
	pw_limbo_cancel(retire->limbo, retire);
	pw_limbo_unreserve(retire->limbo, 1);
	retire->limbo = NULL;
}

void pw_retire_add(struct pw_retire *retire, uint32_t id)
{
	*retire->ops->link(retire->ctx, id) = retire->gathering;
	retire->gathering = id;
	retire->count++;
	if (retire->waiting == PW_RETIRE_END)
		start_waiting(retire);
}
