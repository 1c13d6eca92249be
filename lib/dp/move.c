/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * move.c - rx queues, and with the first one the tx queue, go to another worker while packets flow.
 *
 * A queue is never polled or written by two workers at once, and no frame is lost. Three views, a
 * grace period between them:
 *
 *     1  the old workers go on, but take a lock for each burst
 *     2  the new worker has the queues and takes the same lock; whoever still works with view 1
 *        excludes it by that, for a burst
 *     3  the new worker alone, without lock
 *
 * So there is no gap in which nobody empties the queue. Frames that were handed to the old owner of
 * the tx queue are handed on by it (tx_handed_over).
 *
 * Threads:  control thread; the locks: workers.
 */
#include <errno.h>
#include <stdlib.h>

#include "pw_log.h"
#include "worker.h"

enum step {
	STEP_LOCK = 1,
	STEP_SWITCH,
	STEP_UNLOCK,
	STEP_DONE,
};

struct move {
	struct view_locks locks;
	struct pw_dp *dp;
	uint16_t index;
	uint8_t to;
	bool moves_tx;
	uint32_t queues;     /* bit a queue */
	uint32_t generation; /* of the use of the slot */
	enum step step;      /* that comes next */
	void (*done)(void *arg, int rc);
	void *arg;
};

static void free_object(void *ctx, void *obj)
{
	(void)ctx;
	free(obj);
}

/* The port as the step wants it to be seen. */
static struct view_port *next_port(const struct move *move, const struct view_port *old)
{
	struct view_port *vp = malloc(sizeof(*vp));

	if (vp == NULL)
		return NULL;
	*vp = *old;
	vp->locks = move->step == STEP_UNLOCK ? NULL : &((struct move *)(uintptr_t)move)->locks;
	if (move->step != STEP_SWITCH)
		return vp;
	for (uint16_t q = 0; q < vp->port->n_rxq; q++) {
		if (move->queues >> q & 1)
			vp->rx_worker[q] = move->to;
	}
	if (move->moves_tx)
		vp->tx_worker = move->to;
	return vp;
}

static int publish_step(struct move *move)
{
	struct pw_dp *dp = move->dp;
	struct view_port *old = dp->view->ports[move->index];
	struct view_port *vp = next_port(move, old);
	struct view *view = view_copy(dp);

	if (vp == NULL || view == NULL)
		goto err;
	view->ports[move->index] = vp;
	if (view_fill_queues(dp, view) != 0)
		goto err;
	view_publish(dp, view);
	view_retire(dp, free_object, NULL, old);
	move->step++;
	return 0;

err:
	view_destroy(view);
	free(vp);
	return -ENOMEM;
}

static bool is_there(const struct move *move)
{
	const struct view_port *vp = view_port_at(move->dp->view, move->index);

	return vp != NULL && vp->generation == move->generation;
}

/* A port that went a moment ago may still be locked by a worker: hence another grace period. */
static void end(struct move *move, int rc)
{
	if (move->done != NULL)
		move->done(move->arg, rc);
	view_retire(move->dp, free_object, NULL, move);
}

/* A grace period after the step before. */
static void next_step(void *ctx, void *obj)
{
	struct move *move = obj;

	(void)ctx;
	if (move->step == STEP_DONE || !is_there(move)) {
		end(move, move->step == STEP_DONE ? 0 : -ENOENT);
		return;
	}
	/* Without memory it stays at the step it has reached, which is a safe one; try later. */
	(void)publish_step(move);
	if (pw_limbo_defer(move->dp->params.limbo, next_step, NULL, move) != 0)
		pw_error("dp", "out of memory: a port's queues stay locked, which costs speed");
}

int pw_dp_port_move(struct pw_dp *dp, uint16_t index, int queue, uint32_t worker,
	void (*done)(void *arg, int rc), void *arg)
{
	const struct view_port *vp = view_port_at(dp->view, index);
	struct move *move;

	if (vp == NULL)
		return -ENOENT;
	if (worker >= dp->params.n_workers || queue >= vp->port->n_rxq)
		return -ERANGE;
	if (vp->locks != NULL)
		return -EBUSY;
	move = malloc(sizeof(*move));
	if (move == NULL)
		return -ENOMEM;
	*move = (struct move){
		.dp = dp,
		.index = index,
		.to = (uint8_t)worker,
		.queues = queue < 0 ? UINT32_MAX : UINT32_C(1) << queue,
		/* One tx queue for all: it belongs to who reads the first rx queue. */
		.moves_tx = queue <= 0 && vp->tx_worker != PW_WORKER_SELF,
		.generation = vp->generation,
		.step = STEP_LOCK,
		.done = done,
		.arg = arg,
	};
	if (publish_step(move) != 0) {
		free(move);
		return -ENOMEM;
	}
	if (pw_limbo_defer(dp->params.limbo, next_step, NULL, move) != 0)
		pw_error("dp", "out of memory: a port's queues stay locked, which costs speed");
	return 0;
}
