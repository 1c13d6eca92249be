/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idle.c - what a worker does when there is nothing to do: spin, then sleep until something comes.
 *
 * Adaptive mode: after SPIN_USEC without work the worker
 *   1  asks the ports that tell of packets only when asked to (vhost-user) to do so, and looks at
 *      all queues once more: what comes later is told;
 *   2  goes offline (it holds nothing, so nobody waits for it), says `asleep`, looks at its rings
 *      once more and blocks in epoll on the descriptors of its queues and its eventfd. A producer
 *      that sees `asleep` writes the eventfd. Sequentially consistent accesses on both sides make
 *      one of them see the other.
 * When a queue cannot tell (memif, most ethdevs), the sleep is a nap: it grows with each that found
 * nothing, up to NAP_MAX_USEC, which with what waking costs stays below 200 us. Queues that can
 * tell end a nap.
 *
 * Ageing of flows falls due while the worker sleeps; it catches up before it sleeps on, a slice an
 * iteration.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "worker.h"

#define SPIN_USEC    50
#define NAP_MIN_USEC 50
#define NAP_MAX_USEC 120
#define SLEEP_MAX_MS 100 /* ageing and clocks go on */

void worker_wake(struct worker *w)
{
	if (__atomic_fetch_add(&w->asleep, 0, __ATOMIC_ACQ_REL) != 0)
		(void)eventfd_write(w->event_fd, 1);
}

/* Calls the ports that want to know. */
static bool tell_ports(const struct worker *w, bool waits)
{
	const struct view_worker *vw = &w->view->workers[w->id];
	bool all = true;

	for (uint32_t i = vw->n_exact; w->watch.n_armed > 0 && i < vw->n_rxq; i++) {
		const struct view_rxq *q = &vw->rxq[i];

		if (q->port->ops->arm == NULL)
			continue;
		if (waits)
			all &= q->port->ops->arm(q->port, q->queue);
		else
			q->port->ops->disarm(q->port, q->queue);
	}
	return all;
}

static void arm(struct worker *w)
{
	w->can_wait = tell_ports(w, true) && w->watch.complete;
	w->armed = true;
	/* What we asked for must be seen before the rings are looked at once more. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void disarm(struct worker *w)
{
	w->armed = false;
	(void)tell_ports(w, false);
}

/* A queue that came from another worker may be armed for that one. */
void worker_follow(struct worker *w)
{
	watch_follow(&w->watch, w->view, w->id);
	disarm(w);
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

/* True: a descriptor ended it. */
static bool nap(struct worker *w)
{
	const struct timespec time = {.tv_nsec = w->nap_ns};
	struct epoll_event event;
	int n = epoll_pwait2(w->watch.all_fd, &event, 1, &time, NULL);

	if (n < 0 && errno == ENOSYS) /* before Linux 5.11 */
		nanosleep(&time, NULL);
	w->nap_ns = PW_MIN(w->nap_ns * 3 / 2, NAP_MAX_USEC * 1000u);
	return n > 0;
}

static void sleep_until_work(struct worker *w)
{
	struct epoll_event event;
	eventfd_t value;
	bool told = false;

	(void)__atomic_exchange_n(&w->asleep, 1, __ATOMIC_ACQ_REL);
	if (!has_work(w)) {
		w->counters.sleeps++;
		pw_qsbr_offline(w->dp->params.qsbr, w->id);
		told = w->can_wait ? epoll_wait(w->watch.all_fd, &event, 1, SLEEP_MAX_MS) > 0
				   : nap(w);
		pw_qsbr_online(w->dp->params.qsbr, w->id);
	}
	__atomic_store_n(&w->asleep, 0, __ATOMIC_SEQ_CST);
	(void)eventfd_read(w->event_fd, &value);
	/* The one before may have gone while we were offline. */
	w->view = __atomic_load_n(&w->dp->view, __ATOMIC_ACQUIRE);
	if (told) {
		w->woken = true;
		disarm(w);
	}
}

/* Sleeping on would make flows end late, and those of removed endpoints stay (CT-6, CT-11). */
static bool ageing_is_behind(const struct worker *w, uint64_t now_tsc)
{
	return w->dp->params.nat != NULL && now_tsc >= w->next_age_tsc;
}

static bool may_sleep(const struct worker *w, uint64_t now_tsc)
{
	return w->dp->params.idle != PW_DP_IDLE_POLL && !w->view->workers[w->id].never_sleeps &&
	       w->n_retry == 0 && !ageing_is_behind(w, now_tsc);
}

void worker_idle(struct worker *w)
{
	uint64_t now = rte_rdtsc();

	w->counters.idle_loops++;
	if (unlikely(w->woken)) {
		w->woken = false;
		watch_recheck(&w->watch, w->view, w->id);
	}
	if (w->idle_since_tsc == 0) {
		w->idle_since_tsc = now;
		w->nap_ns = NAP_MIN_USEC * 1000;
	} else if (may_sleep(w, now) &&
		   now - w->idle_since_tsc > w->dp->tsc_hz / 1000000 * SPIN_USEC) {
		if (w->armed)
			sleep_until_work(w);
		else
			arm(w);
		return;
	}
	rte_pause();
}

void worker_busy(struct worker *w)
{
	w->idle_since_tsc = 0;
	w->woken = false;
	if (unlikely(w->armed))
		disarm(w);
}
