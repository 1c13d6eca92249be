/* SPDX-License-Identifier: BSD-3-Clause */
/* place.c - places of queues in the state folder (place.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <bsd/string.h>

#include "place.h"
#include "pw_str.h"
#include "saved.h"

#define KIND "workers"

struct place {
	LIST_ENTRY(place) link;
	char port[PW_PORT_NAME_MAX];
	uint8_t workers[PW_PORT_MAX_QUEUES];
};

struct ctl_places {
	LIST_HEAD(, place) list; /* few: those that somebody moved */
};

static struct place *find(const struct pw_ctl *ctl, const char *port)
{
	struct place *place;

	if (ctl->places == NULL)
		return NULL;
	LIST_FOREACH (place, &ctl->places->list, link) {
		if (strcmp(place->port, port) == 0)
			return place;
	}
	return NULL;
}

const uint8_t *ctl_place_of(const struct pw_ctl *ctl, const char *port)
{
	const struct place *place = find(ctl, port);

	return place != NULL ? place->workers : NULL;
}

/* ---- JSON: {"port": "p0", "workers": [1, null]} ---- */

static json_t *workers_to_json(const uint8_t *workers)
{
	json_t *list = json_array();
	unsigned n = PW_PORT_MAX_QUEUES;

	while (n > 0 && workers[n - 1] == PW_DP_WORKER_ANY)
		n--;
	for (unsigned q = 0; q < n; q++)
		json_array_append_new(list,
			workers[q] == PW_DP_WORKER_ANY ? json_null() : json_integer(workers[q]));
	return list;
}

static int save(struct pw_ctl *ctl, struct pw_err *err)
{
	json_t *items = json_array();
	const struct place *place;
	int rc;

	LIST_FOREACH (place, &ctl->places->list, link)
		json_array_append_new(items, json_pack("{s:s, s:o}", "port", place->port, "workers",
						     workers_to_json(place->workers)));
	rc = ctl_saved_write(ctl, KIND, items, err);
	json_decref(items);
	return rc;
}

static bool workers_from_json(const json_t *list, uint8_t *workers)
{
	const json_t *worker;
	size_t q;

	if (!json_is_array(list) || json_array_size(list) > PW_PORT_MAX_QUEUES)
		return false;
	memset(workers, PW_DP_WORKER_ANY, PW_PORT_MAX_QUEUES);
	json_array_foreach (list, q, worker) {
		if (json_is_null(worker))
			continue;
		if (!json_is_integer(worker) || json_integer_value(worker) < 0 ||
			json_integer_value(worker) >= PW_DP_MAX_WORKERS)
			return false;
		workers[q] = (uint8_t)json_integer_value(worker);
	}
	return true;
}

/* It stays saved: the worker may be there again with the next configuration. */
static void tell_missing_workers(const struct pw_ctl *ctl, const struct place *place)
{
	uint32_t n = ctl->conf->cpu.n_workers;

	for (unsigned q = 0; q < PW_PORT_MAX_QUEUES; q++) {
		if (place->workers[q] != PW_DP_WORKER_ANY && place->workers[q] >= n)
			pw_warn("worker",
				"%s: queue %u was moved to worker %u, but there are workers 0..%u: "
				"another one reads it",
				place->port, q, place->workers[q], n - 1);
	}
}

static void load_one(struct pw_ctl *ctl, const json_t *item)
{
	const char *port = pw_json_str(item, "port", "");
	struct place *place = calloc(1, sizeof(*place));

	if (place == NULL || !pw_name_valid(port, PW_CONF_NAME_MAX) || find(ctl, port) != NULL ||
		!workers_from_json(pw_json_get(item, "workers"), place->workers)) {
		pw_warn("worker", "the saved place of a port (%s) is left out: not readable",
			port[0] != '\0' ? port : "?");
		free(place);
		return;
	}
	strlcpy(place->port, port, sizeof(place->port));
	LIST_INSERT_HEAD(&ctl->places->list, place, link);
	tell_missing_workers(ctl, place);
}

/* ---- changes ---- */

int ctl_place_set(struct pw_ctl *ctl, const char *port, const uint8_t *workers, struct pw_err *err)
{
	struct place *old = find(ctl, port), *new = NULL;
	int rc;

	if (workers != NULL) {
		new = calloc(1, sizeof(*new));
		if (new == NULL)
			return pw_err_set(err, -ENOMEM, "out of memory");
		strlcpy(new->port, port, sizeof(new->port));
		memcpy(new->workers, workers, sizeof(new->workers));
		LIST_INSERT_HEAD(&ctl->places->list, new, link);
	}
	if (old != NULL)
		LIST_REMOVE(old, link);
	rc = save(ctl, err);
	if (rc == 0) {
		free(old);
		return 0;
	}
	if (new != NULL)
		LIST_REMOVE(new, link);
	free(new);
	if (old != NULL)
		LIST_INSERT_HEAD(&ctl->places->list, old, link);
	return rc;
}

void ctl_place_forget(struct pw_ctl *ctl, const char *port)
{
	struct pw_err err = {0};

	if (find(ctl, port) != NULL && ctl_place_set(ctl, port, NULL, &err) != 0)
		pw_warn("worker", "%s is deleted, its place is not forgotten: %s", port, err.msg);
}

/* ---- module ---- */

static int place_init(struct pw_ctl *ctl, struct pw_err *err)
{
	json_t *items, *item;
	size_t i;

	ctl->places = calloc(1, sizeof(*ctl->places));
	if (ctl->places == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	LIST_INIT(&ctl->places->list);
	items = ctl_saved_read(ctl, KIND);
	json_array_foreach (items, i, item)
		load_one(ctl, item);
	json_decref(items);
	return 0;
}

static void place_fini(struct pw_ctl *ctl)
{
	struct place *place;

	while ((place = LIST_FIRST(&ctl->places->list)) != NULL) {
		LIST_REMOVE(place, link);
		free(place);
	}
	free(ctl->places);
	ctl->places = NULL;
}

const struct ctl_module ctl_module_place = {
	.name = "place", .init = place_init, .fini = place_fini};
