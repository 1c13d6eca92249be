/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "fdb.h"
#include "loop.h"
#include "punt.h"
#include "timing.h"

#define POLL_BUSY_USEC 2000
#define POLL_IDLE_USEC 100000

static const int stop_signals[] = {SIGTERM, SIGINT};

struct ctl_loop {
	struct event *signals[PW_ARRAY_SIZE(stop_signals)];
	struct event *hangup;
	struct event *poll, *second, *dp;
	bool poll_is_soon;
};

static void on_stop(evutil_socket_t sig, short what, void *arg)
{
	pw_info("ctl", "stopping (%s)", strsignal((int)sig));
	pw_ctl_stop(arg);
}

static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
	pw_warn("ctl",
		"SIGHUP: reading the configuration again is not supported yet; restart to apply "
		"changes (pods keep their interfaces)");
}

static void loop_fini(struct pw_ctl *ctl)
{
	for (unsigned i = 0; i < PW_ARRAY_SIZE(stop_signals); i++) {
		if (ctl->loop->signals[i] != NULL)
			event_free(ctl->loop->signals[i]);
	}
	if (ctl->loop->hangup != NULL)
		event_free(ctl->loop->hangup);
	free(ctl->loop);
	ctl->loop = NULL;
	event_base_free(ctl->base);
	ctl->base = NULL;
}

static struct event *add_signal(struct pw_ctl *ctl, int sig, event_callback_fn fn)
{
	struct event *ev = evsignal_new(ctl->base, sig, fn, ctl);

	if (ev != NULL && event_add(ev, NULL) != 0) {
		event_free(ev);
		return NULL;
	}
	return ev;
}

static int loop_init(struct pw_ctl *ctl, struct pw_err *err)
{
	ctl->base = event_base_new();
	ctl->loop = calloc(1, sizeof(*ctl->loop));
	if (ctl->base == NULL || ctl->loop == NULL)
		goto err;
	for (unsigned i = 0; i < PW_ARRAY_SIZE(stop_signals); i++) {
		ctl->loop->signals[i] = add_signal(ctl, stop_signals[i], on_stop);
		if (ctl->loop->signals[i] == NULL)
			goto err_fini;
	}
	ctl->loop->hangup = add_signal(ctl, SIGHUP, on_hangup);
	if (ctl->loop->hangup == NULL)
		goto err_fini;
	signal(SIGPIPE, SIG_IGN); /* a client that went away is an errno */
	return 0;

err_fini:
	loop_fini(ctl);
	return pw_err_set(err, -ENOMEM, "event loop: signals cannot be caught");
err:
	free(ctl->loop);
	if (ctl->base != NULL)
		event_base_free(ctl->base);
	return pw_err_set(err, -ENOMEM, "event loop: out of memory or file descriptors");
}

const struct ctl_module ctl_module_loop = {.name = "loop", .init = loop_init, .fini = loop_fini};

/* ---- the data plane's work for us ---- */

static void arm_poll(struct pw_ctl *ctl, bool soon)
{
	const struct timeval in = {.tv_usec = soon ? POLL_BUSY_USEC : POLL_IDLE_USEC};

	ctl->loop->poll_is_soon = soon;
	event_add(ctl->loop->poll, &in);
}

static void drain(struct pw_ctl *ctl)
{
	uint64_t start = ctl_now_ns(ctl);

	ctl_fdb_learn(ctl);
	ctl_punt_drain(ctl);
	pw_dp_poll(ctl->dp);
	ctl_timing_work(ctl, CTL_TIMING_PACKETS, start);
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ctl *ctl = arg;

	drain(ctl);
	arm_poll(ctl, pw_limbo_pending(ctl->limbo) > 0);
}

static void on_dp(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ctl *ctl = arg;
	eventfd_t value;

	(void)eventfd_read((int)fd, &value);
	drain(ctl);
	if (pw_limbo_pending(ctl->limbo) > 0)
		ctl_loop_poll_soon(ctl);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ctl *ctl = arg;
	uint64_t start = ctl_now_ns(ctl);

	for (unsigned i = 0; i < ctl->n_started; i++) {
		if (ctl_modules[i]->every_second != NULL)
			ctl_modules[i]->every_second(ctl);
	}
	ctl_timing_work(ctl, CTL_TIMING_SECOND, start);
}

void ctl_loop_poll_soon(struct pw_ctl *ctl)
{
	if (ctl->loop != NULL && ctl->loop->poll != NULL && !ctl->loop->poll_is_soon)
		arm_poll(ctl, true);
}

static void poll_fini(struct pw_ctl *ctl)
{
	struct event **events[] = {&ctl->loop->poll, &ctl->loop->second, &ctl->loop->dp};

	for (unsigned i = 0; i < PW_ARRAY_SIZE(events); i++) {
		if (*events[i] != NULL)
			event_free(*events[i]);
		*events[i] = NULL;
	}
}

static int poll_init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct timeval second = {.tv_sec = 1};
	struct ctl_loop *loop = ctl->loop;

	loop->poll = evtimer_new(ctl->base, on_poll, ctl);
	loop->second = event_new(ctl->base, -1, EV_PERSIST, on_second, ctl);
	loop->dp = event_new(ctl->base, pw_dp_event_fd(ctl->dp), EV_READ | EV_PERSIST, on_dp, ctl);
	if (loop->poll == NULL || loop->second == NULL || loop->dp == NULL ||
		event_add(loop->second, &second) != 0 || event_add(loop->dp, NULL) != 0) {
		poll_fini(ctl);
		return pw_err_set(err, -ENOMEM, "event loop: out of memory");
	}
	arm_poll(ctl, false);
	return 0;
}

const struct ctl_module ctl_module_poll = {.name = "poll", .init = poll_init, .fini = poll_fini};
