/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notify.c - tells systemd: ready, stopping, still alive (sd_notify(3), Type=notify, WatchdogSec=).
 *
 * The watchdog is served only while every worker makes progress: a stuck worker gets the daemon
 * restarted. A worker goes round at least every 100 ms, asleep or not.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"
#include "pw_str.h"

struct ctl_notify {
	int fd;
	struct sockaddr_un addr;
	socklen_t addr_len;
	struct event *watchdog;
	uint64_t loops[PW_DP_MAX_WORKERS];
};

static void say(const struct ctl_notify *notify, const char *text)
{
	if (notify != NULL && sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
				      (const struct sockaddr *)&notify->addr, notify->addr_len) < 0)
		pw_debug("notify", "%s: %s", text, strerror(errno));
}

/* A worker whose count of rounds stands still is stuck; -1: none is. */
static int find_stuck(struct pw_ctl *ctl)
{
	struct pw_dp_worker_stats stats;
	int stuck = -1;

	for (uint32_t w = 0; w < pw_dp_n_workers(ctl->dp); w++) {
		pw_dp_worker_stats(ctl->dp, w, &stats);
		if (stats.loops == ctl->notify->loops[w])
			stuck = (int)w;
		ctl->notify->loops[w] = stats.loops;
	}
	return stuck;
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ctl *ctl = arg;
	int stuck = find_stuck(ctl);

	if (stuck < 0)
		say(ctl->notify, "WATCHDOG=1");
	else
		pw_error("notify", "worker %d does not move: the watchdog is not served", stuck);
}

/* WATCHDOG_USEC of systemd, if it is meant for us; 0: none. */
static uint64_t watchdog_usec(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value;

	if (usec == NULL || pw_u64_parse(usec, 1, UINT32_MAX, &value) != 0)
		return 0;
	return pid == NULL || atol(pid) == (long)getpid() ? value : 0;
}

/* "/path" or "@abstract". */
static int open_socket(struct ctl_notify *notify, const char *path)
{
	size_t len = strlen(path);

	if (len < 2 || len >= sizeof(notify->addr.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -EINVAL;
	notify->addr.sun_family = AF_UNIX;
	memcpy(notify->addr.sun_path, path, len);
	if (path[0] == '@')
		notify->addr.sun_path[0] = '\0';
	notify->addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return notify->fd < 0 ? -errno : 0;
}

static int start_watchdog(struct pw_ctl *ctl)
{
	uint64_t usec = watchdog_usec() / 2;
	const struct timeval every = {
		.tv_sec = (time_t)(usec / 1000000), .tv_usec = (suseconds_t)(usec % 1000000)};

	if (usec == 0)
		return 0;
	ctl->notify->watchdog = event_new(ctl->base, -1, EV_PERSIST, on_watchdog, ctl);
	if (ctl->notify->watchdog == NULL || event_add(ctl->notify->watchdog, &every) != 0)
		return -ENOMEM;
	return 0;
}

static void notify_fini(struct pw_ctl *ctl)
{
	if (ctl->notify == NULL)
		return;
	say(ctl->notify, "STOPPING=1");
	if (ctl->notify->watchdog != NULL)
		event_free(ctl->notify->watchdog);
	close(ctl->notify->fd);
	free(ctl->notify);
	ctl->notify = NULL;
}

static int notify_init(struct pw_ctl *ctl, struct pw_err *err)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int rc;

	if (path == NULL || path[0] == '\0')
		return 0;
	ctl->notify = calloc(1, sizeof(*ctl->notify));
	if (ctl->notify == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rc = open_socket(ctl->notify, path);
	if (rc != 0) {
		pw_warn("notify", "NOTIFY_SOCKET %s: %s", path, strerror(-rc));
		free(ctl->notify);
		ctl->notify = NULL;
		return 0;
	}
	if (start_watchdog(ctl) != 0)
		pw_warn("notify", "watchdog: out of memory");
	say(ctl->notify, "READY=1");
	return 0;
}

const struct ctl_module ctl_module_notify = {
	.name = "notify", .init = notify_init, .fini = notify_fini};
