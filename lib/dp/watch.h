/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch.h - the descriptors of a worker's receive queues, in two epoll sets.
 *
 *   exact_fd  queues whose descriptor is readable if and only if there is something to read (TAP,
 *             AF_PACKET). With many of them, gather asks this set once instead of each queue.
 *   all_fd    what a sleeping worker waits for: its eventfd and all descriptors. Not exact_fd instead
 *             of those in it: adding to a set that is in another takes a lock of the whole machine.
 *
 * Both follow the view by its differences, so that one pod more costs one call and not one for each
 * pod that was there.
 *
 * Threads:  the worker; init and fini: control thread.
 * Lifetime: a closed descriptor leaves the sets by itself, unless another process holds it, too;
 *           the first event of such a one makes the sets anew.
 * Errors:   a queue that cannot be watched makes the set incomplete: its worker naps instead.
 */
#ifndef PW_WATCH_H
#define PW_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

#define WATCH_READY_MAX 64 /* queues told of at once */

struct watch {
	uint64_t key; /* place in the view's order, and the use of the port's slot */
	int fd;       /* or PW_PORT_NO_FD, PW_PORT_SILENT */
};

struct watch_set {
	int event_fd, all_fd, exact_fd;
	uint64_t view_generation; /* that they follow */
	uint32_t n, max;
	uint32_t n_exact;  /* the first ones */
	uint32_t n_armed;  /* queues whose port wants to know before its worker waits */
	bool complete;     /* every queue has a descriptor */
	bool may_ask;      /* every exact one is in its set */
	struct watch *v;   /* [max], in the view's order */
	struct watch *old; /* [max], while following */
};

int watch_init(struct watch_set *set, int event_fd, uint32_t max); /* 0, -ENOMEM */
void watch_fini(struct watch_set *set);

/* After a change of the view, before its queues are used. */
void watch_follow(struct watch_set *set, const struct view *view, uint32_t worker);
/* Exact queues that have something, up to n. */
uint32_t watch_ready(
	struct watch_set *set, const struct view *view, struct view_rxq *ready, uint32_t n);
/* After an event with nothing to read: ports that have died are always readable, and not to be
 * waited for. */
void watch_recheck(struct watch_set *set, const struct view *view, uint32_t worker);

#endif
