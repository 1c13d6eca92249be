/* SPDX-License-Identifier: BSD-3-Clause */
/* port_wait.c - ports that are tried again until they are there (port_wait.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <bsd/sys/queue.h>

#include "port_wait.h"
#include "pw_str.h"
#include "route.h"
#include "static.h"

#define TRY_FIRST_MS 50   /* what a killed daemon held is free after some of these */
#define TRY_LAST_MS  1000 /* an interface that somebody makes later */

struct waiting {
	STAILQ_ENTRY(waiting) link;
	char name[PW_PORT_NAME_MAX];
	const char *type; /* a constant */
	char *device;     /* NULL: nothing to say */
	uint64_t since_ns;
	ctl_port_try try_again;
	void (*drop)(void *arg);
	void *arg;
	char why[sizeof(((struct pw_err *)NULL)->msg)];
};

struct ctl_port_waits {
	STAILQ_HEAD(, waiting) list; /* in the order in which they were asked for */
	uint32_t n;
	uint32_t pause_ms;
	struct event *next;
};

bool ctl_port_is_worth_waiting(int code)
{
	return code == -ENODEV || code == -EBUSY || code == -EADDRINUSE;
}

static struct waiting *find(const struct pw_ctl *ctl, const char *name)
{
	struct waiting *w;

	STAILQ_FOREACH (w, &ctl->port_waits->list, link) {
		if (strcmp(w->name, name) == 0)
			return w;
	}
	return NULL;
}

bool ctl_port_waits(const struct pw_ctl *ctl, const char *name)
{
	return find(ctl, name) != NULL;
}

uint32_t ctl_port_waiting_count(const struct pw_ctl *ctl)
{
	return ctl->port_waits->n;
}

static void end(struct ctl_port_waits *waits, struct waiting *w)
{
	STAILQ_REMOVE(&waits->list, w, waiting, link);
	waits->n--;
	if (w->drop != NULL)
		w->drop(w->arg);
	free(w->device);
	free(w);
}

static void arm(struct ctl_port_waits *waits)
{
	struct timeval pause = {
		.tv_sec = waits->pause_ms / 1000, .tv_usec = waits->pause_ms % 1000 * 1000};

	evtimer_add(waits->next, &pause);
}

int ctl_port_wait(
	struct pw_ctl *ctl, const struct ctl_port_wish *wish, const char *why, struct pw_err *err)
{
	struct ctl_port_waits *waits = ctl->port_waits;
	struct waiting *w = calloc(1, sizeof(*w));

	if (w == NULL)
		goto err_memory;
	*w = (struct waiting){.type = wish->type,
		.since_ns = ctl_now_ns(ctl),
		.try_again = wish->try_again,
		.drop = wish->drop,
		.arg = wish->arg};
	strlcpy(w->name, wish->name, sizeof(w->name));
	strlcpy(w->why, why, sizeof(w->why));
	if (wish->device != NULL && (w->device = strdup(wish->device)) == NULL)
		goto err_memory;
	STAILQ_INSERT_TAIL(&waits->list, w, link);
	waits->n++;
	waits->pause_ms = TRY_FIRST_MS;
	arm(waits);
	pw_warn("port", "%s; it is waited for", why);
	return 0;

err_memory:
	free(w);
	if (wish->drop != NULL)
		wish->drop(wish->arg);
	return pw_err_set(err, -ENOMEM, "port %s: out of memory", wish->name);
}

bool ctl_port_wait_drop(struct pw_ctl *ctl, const char *name)
{
	struct waiting *w = find(ctl, name);

	if (w == NULL)
		return false;
	end(ctl->port_waits, w);
	return true;
}

void ctl_port_wait_list(const struct pw_ctl *ctl, const char *name, json_t *list)
{
	const struct waiting *w;

	STAILQ_FOREACH (w, &ctl->port_waits->list, link) {
		if (name != NULL && strcmp(w->name, name) != 0)
			continue;
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:o, s:s, s:o}", "name", w->name, "type",
				w->type, "state", "waiting", "device",
				pw_json_str_or_null(w->device), "why", w->why, "waiting_sec",
				pw_json_u64((ctl_now_ns(ctl) - w->since_ns) / PW_NS_PER_SEC)));
	}
}

/* A reason that changes is news; the same one again is not. */
static bool try_one(struct pw_ctl *ctl, struct waiting *w)
{
	struct pw_err err = {0};

	if (w->try_again(ctl, w->arg, &err) == 0) {
		pw_info("port", "%s is there now, after %.1f s", w->name,
			(double)(ctl_now_ns(ctl) - w->since_ns) / PW_NS_PER_SEC);
		return true;
	}
	if (strcmp(w->why, err.msg) != 0) {
		strlcpy(w->why, err.msg, sizeof(w->why));
		pw_warn("port", "%s; it is waited for", w->why);
	}
	return false;
}

static void on_next(evutil_socket_t fd, short what, void *arg)
{
	struct pw_ctl *ctl = arg;
	struct ctl_port_waits *waits = ctl->port_waits;
	struct waiting *w, *next;
	bool came = false;

	STAILQ_FOREACH_SAFE(w, &waits->list, link, next)
	{
		if (!try_one(ctl, w))
			continue;
		end(waits, w);
		came = true;
	}
	if (came) {
		ctl_static_retry(ctl);
		ctl_route_retry_saved(ctl);
	}
	waits->pause_ms = PW_MIN(waits->pause_ms * 2, TRY_LAST_MS);
	if (waits->n > 0)
		arm(waits);
}

static void wait_fini(struct pw_ctl *ctl)
{
	struct ctl_port_waits *waits = ctl->port_waits;

	while (!STAILQ_EMPTY(&waits->list))
		end(waits, STAILQ_FIRST(&waits->list));
	event_free(waits->next);
	free(waits);
	ctl->port_waits = NULL;
}

static int wait_init(struct pw_ctl *ctl, struct pw_err *err)
{
	struct ctl_port_waits *waits = calloc(1, sizeof(*waits));

	if (waits != NULL)
		waits->next = evtimer_new(ctl->base, on_next, ctl);
	if (waits == NULL || waits->next == NULL) {
		free(waits);
		return pw_err_set(err, -ENOMEM, "out of memory");
	}
	STAILQ_INIT(&waits->list);
	ctl->port_waits = waits;
	return 0;
}

const struct ctl_module ctl_module_port_wait = {
	.name = "port_wait", .init = wait_init, .fini = wait_fini};
