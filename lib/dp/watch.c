/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "pw_util.h"

/* The use of the slot, the port, the queue. Queues of one set ascend by the lower half. */
#define KEY(vp, q)          ((uint64_t)(vp)->generation << 32 | (uint32_t)(vp)->index << 8 | (q))
#define KEY_GENERATION(key) ((uint32_t)((key) >> 32))
#define KEY_PORT(key)       ((uint16_t)((key) >> 8))
#define KEY_QUEUE(key)      ((uint16_t)((key)&0xff))

static int add(int epoll_fd, int fd, uint64_t key)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = key};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

static void open_sets(struct watch_set *set)
{
	set->n = 0;
	set->view_generation = UINT64_MAX;
	set->all_fd = epoll_create1(EPOLL_CLOEXEC);
	set->exact_fd = epoll_create1(EPOLL_CLOEXEC);
	set->complete = set->exact_fd >= 0 && add(set->all_fd, set->event_fd, 0) == 0;
}

static void close_sets(struct watch_set *set)
{
	if (set->all_fd >= 0)
		close(set->all_fd);
	if (set->exact_fd >= 0)
		close(set->exact_fd);
}

int watch_init(struct watch_set *set, int event_fd, uint32_t max)
{
	*set = (struct watch_set){.event_fd = event_fd, .max = max};
	open_sets(set);
	set->v = calloc(max, sizeof(set->v[0]));
	set->old = calloc(max, sizeof(set->old[0]));
	return set->complete && set->v != NULL && set->old != NULL ? 0 : -ENOMEM;
}

void watch_fini(struct watch_set *set)
{
	close_sets(set);
	free(set->v);
	free(set->old);
}

/* What the view has, as yet without descriptors. */
static void list_queues(struct watch_set *set, const struct view *view, uint32_t worker)
{
	const struct view_worker *vw = &view->workers[worker];

	set->n = PW_MIN(vw->n_rxq, set->max);
	set->n_exact = PW_MIN(vw->n_exact, set->max);
	set->n_armed = 0;
	for (uint32_t i = 0; i < set->n; i++) {
		const struct view_rxq *q = &vw->rxq[i];

		set->v[i] = (struct watch){
			.key = KEY(view->ports[q->index], q->queue),
			.fd = PW_PORT_NO_FD,
		};
		set->n_armed += q->port->ops->arm != NULL;
	}
}

static void forget(const struct watch_set *set, int fd, bool exact)
{
	(void)epoll_ctl(set->all_fd, EPOLL_CTL_DEL, fd, NULL);
	if (exact)
		(void)epoll_ctl(set->exact_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* Queues of one kind: descriptors of those that are still there go over, others leave. This comes
 * before any is added, since a new one may have the number of one that was closed. */
static void carry_over(const struct watch_set *set, bool exact, struct watch *now, uint32_t n,
	const struct watch *old, uint32_t n_old)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < n_old; i++) {
		while (at < n && (uint32_t)now[at].key < (uint32_t)old[i].key)
			at++;
		if (at < n && now[at].key == old[i].key)
			now[at].fd = old[i].fd;
		else if (old[i].fd >= 0)
			forget(set, old[i].fd, exact);
	}
}

/* False: its packets would not be noticed. */
static bool watch_queue(struct watch_set *set, const struct view_rxq *q, uint32_t i)
{
	struct watch *w = &set->v[i];
	bool exact = i < set->n_exact;

	if (w->fd >= 0)
		return true;
	w->fd = q->port->ops->wait_fd != NULL ? q->port->ops->wait_fd(q->port, q->queue)
					      : PW_PORT_NO_FD;
	if (w->fd < 0)
		return w->fd == PW_PORT_SILENT;
	if (add(set->all_fd, w->fd, w->key) == 0 &&
		(!exact || add(set->exact_fd, w->fd, w->key) == 0))
		return true;
	forget(set, w->fd, exact);
	w->fd = PW_PORT_NO_FD;
	return false;
}

void watch_follow(struct watch_set *set, const struct view *view, uint32_t worker)
{
	const struct view_worker *vw = &view->workers[worker];
	uint32_t n_old = set->n, exact_old = set->n_exact;
	struct watch *old = set->v;

	set->v = set->old;
	set->old = old;
	list_queues(set, view, worker);
	carry_over(set, true, set->v, set->n_exact, old, PW_MIN(exact_old, n_old));
	carry_over(set, false, set->v + set->n_exact, set->n - set->n_exact, old + exact_old,
		n_old - PW_MIN(exact_old, n_old));
	set->complete = set->all_fd >= 0 && vw->n_rxq <= set->max;
	set->may_ask = set->exact_fd >= 0 && vw->n_exact <= set->max;
	for (uint32_t i = 0; i < set->n; i++) {
		bool watched = watch_queue(set, &vw->rxq[i], i);

		set->complete &= watched;
		set->may_ask &= watched || i >= set->n_exact;
	}
	set->view_generation = view->generation;
}

uint32_t watch_ready(
	struct watch_set *set, const struct view *view, struct view_rxq *ready, uint32_t n)
{
	struct epoll_event events[PW_BATCH_MAX];
	int got = epoll_wait(set->exact_fd, events, (int)PW_MIN(n, (uint32_t)PW_BATCH_MAX), 0);
	uint32_t kept = 0;

	for (int i = 0; i < got; i++) {
		uint64_t key = events[i].data.u64;
		const struct view_port *vp = view->ports[KEY_PORT(key)];

		if (vp != NULL && vp->generation == KEY_GENERATION(key)) {
			ready[kept++] = view_rxq_of(vp, KEY_QUEUE(key));
			continue;
		}
		/* Closed here, open elsewhere: it has no number any more to be removed by. */
		close_sets(set);
		open_sets(set);
	}
	return kept;
}

void watch_recheck(struct watch_set *set, const struct view *view, uint32_t worker)
{
	const struct view_worker *vw = &view->workers[worker];

	if (set->view_generation != view->generation)
		return;
	for (uint32_t i = 0; i < set->n_exact; i++) {
		const struct view_rxq *q = &vw->rxq[i];
		struct watch *w = &set->v[i];

		if (w->fd < 0 || q->port->ops->wait_fd(q->port, q->queue) >= 0)
			continue;
		forget(set, w->fd, true);
		w->fd = PW_PORT_SILENT;
	}
}
