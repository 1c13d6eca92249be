/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb.c - what workers learned, ageing a bridge at a time, fdb.* methods. */
#include <errno.h>

#include "bridge.h"
#include "fdb.h"
#include "loop.h"
#include "port_reg.h"

#define LEARNS_A_CALL  512
#define LEARNS_A_BURST 64
#define AGE_ROUND_SEC  4

void ctl_fdb_learn(struct pw_ctl *ctl)
{
	struct pw_dp_learn learns[LEARNS_A_BURST];
	uint32_t n, done = 0;

	do {
		n = pw_dp_learns(ctl->dp, learns, LEARNS_A_BURST);
		for (uint32_t i = 0; i < n; i++) {
			const struct ctl_port *port = ctl_port_at(ctl, learns[i].port);
			const struct ctl_bridge *bridge =
				port != NULL ? ctl_bridge_at(ctl, port->bridge) : NULL;

			/* A full table is counted by the FDB; such a MAC's frames are flooded. */
			if (bridge != NULL)
				(void)pw_fdb_learn(ctl->fdb, bridge->id, learns[i].mac48,
					port->index, pw_dp_now_sec(),
					bridge->conf->max_fdb_per_port);
		}
		done += n;
	} while (n == LEARNS_A_BURST && done < LEARNS_A_CALL);
}

/* Looking through the table for one bridge takes a while: each has its turn within AGE_ROUND_SEC.
 */
static void fdb_every_second(struct pw_ctl *ctl)
{
	for (uint32_t i = ctl_now_sec(ctl) % AGE_ROUND_SEC; i < ctl->n_bridges; i += AGE_ROUND_SEC)
		(void)pw_fdb_age(ctl->fdb, ctl->bridges[i].id, pw_dp_now_sec(),
			ctl->bridges[i].conf->ageing_sec);
}

/* ---- methods ---- */

struct filter {
	const char *bridge, *port;
};
static const struct pw_ipc_param filter_params[] = {
	{"bridge", PW_IPC_STRING, offsetof(struct filter, bridge), .optional = true},
	{"port", PW_IPC_STRING, offsetof(struct filter, port), .optional = true},
	{0},
};

/* Names to numbers; UINT16_MAX: any. */
static int resolve(struct pw_ctl *ctl, const struct filter *filter, uint16_t *bridge,
	uint16_t *port, struct pw_ipc_error *err)
{
	const struct ctl_bridge *b;
	const struct ctl_port *p;

	*bridge = *port = UINT16_MAX;
	if (filter->bridge != NULL) {
		b = ctl_bridge_find(ctl, filter->bridge);
		if (b == NULL)
			return pw_ipc_error_set(err, PW_IPC_E_MISSING,
				"bridge \"%s\": no such bridge", filter->bridge);
		*bridge = b->id;
	}
	if (filter->port != NULL) {
		p = ctl_port_find(ctl, filter->port);
		if (p == NULL)
			return pw_ipc_error_set(
				err, PW_IPC_E_MISSING, "port \"%s\": no such port", filter->port);
		*port = p->index;
	}
	return 0;
}

struct listing {
	const struct pw_ctl *ctl;
	uint16_t bridge, port;
	json_t *list;
};

static bool list_entry(void *arg, const struct pw_fdb_entry *entry)
{
	const struct listing *listing = arg;
	const struct ctl_port *port = ctl_port_at(listing->ctl, entry->port);
	const struct pw_mac mac = pw_mac_from_u64(entry->mac48);

	if ((listing->bridge != UINT16_MAX && listing->bridge != entry->bridge) ||
		(listing->port != UINT16_MAX && listing->port != entry->port))
		return true;
	json_array_append_new(
		listing->list, json_pack("{s:s?, s:o, s:s?, s:s, s:I}", "bridge",
				       ctl_bridge_name(listing->ctl, entry->bridge), "mac",
				       pw_json_mac(&mac), "port", port != NULL ? port->name : NULL,
				       "kind", entry->is_static ? "static" : "learned", "age_sec",
				       (json_int_t)(entry->is_static ? 0 : entry->age_sec)));
	return true;
}

static json_t *stats_json(const struct pw_fdb_stats *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "learned", pw_json_u64(s->learned),
		"moved", pw_json_u64(s->moved), "aged", pw_json_u64(s->aged), "refused_full",
		pw_json_u64(s->refused_full), "refused_port_full",
		pw_json_u64(s->refused_port_full), "refused_static",
		pw_json_u64(s->refused_static));
}

static int fdb_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct listing listing = {.ctl = ctx};
	int rc = resolve(ctx, params, &listing.bridge, &listing.port, err);

	if (rc != 0)
		return rc;
	listing.list = json_array();
	pw_fdb_foreach(((struct pw_ctl *)ctx)->fdb, pw_dp_now_sec(), list_entry, &listing);
	*result = json_pack("{s:o, s:o}", "fdb", listing.list, "counters",
		stats_json(pw_fdb_stats(((struct pw_ctl *)ctx)->fdb)));
	return 0;
}

static int fdb_flush(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct pw_ctl *ctl = ctx;
	uint16_t bridge, port;
	int rc = resolve(ctl, params, &bridge, &port, err);

	if (rc != 0)
		return rc;
	*result = json_pack("{s:i}", "flushed", (int)pw_fdb_flush(ctl->fdb, bridge, port, false));
	ctl_loop_poll_soon(ctl);
	return 0;
}

static const struct pw_ipc_method methods[] = {
	{"fdb.list", fdb_list, filter_params, sizeof(struct filter)},
	{"fdb.flush", fdb_flush, filter_params, sizeof(struct filter)},
	{0},
};

const struct ctl_module ctl_module_fdb = {
	.name = "fdb", .every_second = fdb_every_second, .methods = methods};
