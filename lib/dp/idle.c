/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idle.c - what a worker does when there is nothing to do: spin, then sleep until something comes.
 *
 * Adaptive mode: after SPIN_USEC without work the worker goes offline (it holds nothing, so nobody
 * waits for it), says `asleep`, looks at its rings once more and blocks in epoll on the fds of its
 * queues and its eventfd. A producer that sees `asleep` writes the eventfd. Sequentially consistent
 * accesses on both sides make one of them see the other. When a queue has no fd (vhost-user, most
 * ethdevs), the sleep is a timed one of NAP_USEC.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "worker.h"

#define SPIN_USEC    50
#define NAP_USEC     50
#define SLEEP_MAX_MS 100 /* ageing and clocks go on */

void worker_wake(struct worker *w)
{
	if (__atomic_fetch_add(&w->asleep, 0, __ATOMIC_ACQ_REL) != 0)
		(void)eventfd_write(w->event_fd, 1);
}

static void watch(struct worker *w, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0 && errno != EEXIST)
		w->epoll_complete = false;
}

/* The epoll set of this view; made anew only after a change or an error, just before sleeping. Fds
 * of ports that went away left the set when they were closed. */
static void renew_epoll(struct worker *w, const struct view *view)
{
	const struct view_worker *vw = &view->workers[w->id];

	close(w->epoll_fd);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->epoll_complete = w->epoll_fd >= 0;
	watch(w, w->event_fd);
	for (uint32_t i = 0; i < vw->n_rxq; i++) {
		const struct view_rxq *q = &vw->rxq[i];
		int fd = q->port->ops->wait_fd != NULL ? q->port->ops->wait_fd(q->port, q->queue)
						       : PW_PORT_NO_FD;

		if (fd >= 0)
			watch(w, fd);
		else if (fd != PW_PORT_SILENT)
			w->epoll_complete = false;
	}
	w->epoll_generation = view->generation;
}

/* A device that went under its port (a TAP whose interface was deleted) would wake us for ever. The
 * next read finds out, and then the port has no fd for the next set. */
static void wait_for_event(struct worker *w)
{
	struct epoll_event events[8];
	int n = epoll_wait(w->epoll_fd, events, PW_ARRAY_SIZE(events), SLEEP_MAX_MS);

	for (int i = 0; i < n; i++) {
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			w->epoll_generation = EPOLL_STALE;
	}
}

static bool has_work(const struct worker *w)
{
	if (pw_spsc_count(w->inject) > 0 || __atomic_load_n(&w->dp->stop, __ATOMIC_SEQ_CST) != 0 ||
		__atomic_load_n(&w->dp->view, __ATOMIC_SEQ_CST) != w->view)
		return true;
	for (uint32_t from = 0; from < w->dp->params.n_workers; from++) {
		if (w->handover[from] != NULL && pw_spsc_count(w->handover[from]) > 0)
			return true;
	}
	return false;
}

static void sleep_until_work(struct worker *w)
{
	const struct timespec nap = {.tv_nsec = NAP_USEC * 1000};
	eventfd_t value;

	if (w->epoll_generation != w->view->generation)
		renew_epoll(w, w->view);
	(void)__atomic_exchange_n(&w->asleep, 1, __ATOMIC_ACQ_REL);
	if (!has_work(w)) {
		w->counters.sleeps++;
		pw_qsbr_offline(w->dp->params.qsbr, w->id);
		if (w->epoll_complete)
			wait_for_event(w);
		else
			nanosleep(&nap, NULL);
		pw_qsbr_online(w->dp->params.qsbr, w->id);
	}
	__atomic_store_n(&w->asleep, 0, __ATOMIC_SEQ_CST);
	(void)eventfd_read(w->event_fd, &value);
}

/* Sleeping on would make flows end late, and those of removed endpoints stay (CT-6, CT-11). */
static bool ageing_is_behind(const struct worker *w, uint64_t now_tsc)
{
	return w->dp->params.nat != NULL && now_tsc >= w->next_age_tsc;
}

void worker_idle(struct worker *w)
{
	uint64_t now = rte_rdtsc();

	w->counters.idle_loops++;
	if (w->dp->params.idle == PW_DP_IDLE_POLL || w->view->workers[w->id].never_sleeps ||
		w->n_retry > 0 || ageing_is_behind(w, now)) {
		rte_pause();
		return;
	}
	if (w->idle_since_tsc == 0) {
		w->idle_since_tsc = now;
	} else if (now - w->idle_since_tsc > w->dp->tsc_hz / 1000000 * SPIN_USEC) {
		sleep_until_work(w);
		return;
	}
	rte_pause();
}
