/* SPDX-License-Identifier: BSD-3-Clause */
/* ctl.c - birth, life and death of the control plane: the modules in order, and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "bridge.h"
#include "eal.h"
#include "loop.h"
#include "port_reg.h"
#include "timing.h"

static unsigned count_methods(void)
{
	unsigned n = 0;

	for (unsigned i = 0; ctl_modules[i] != NULL; i++) {
		const struct pw_ipc_method *method = ctl_modules[i]->methods;

		for (; method != NULL && method->name != NULL; method++)
			n++;
	}
	return n;
}

/* *number: in ctl->methods, whose handler is timed(). */
static const struct pw_ipc_method *find_method(const char *name, unsigned *number)
{
	*number = 0;
	for (unsigned i = 0; ctl_modules[i] != NULL; i++) {
		const struct pw_ipc_method *method = ctl_modules[i]->methods;

		for (; method != NULL && method->name != NULL; method++, (*number)++) {
			if (strcmp(method->name, name) == 0)
				return method;
		}
	}
	return NULL;
}

/* Stands before every handler: how long does it keep the control thread? */
static int timed(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	unsigned number;
	const struct pw_ipc_method *method = find_method(pw_ipc_request_method(req), &number);
	uint64_t start = ctl_now_ns(ctx);
	int rc = method->handler(ctx, req, params, result, err);

	ctl_timing_method(ctx, number, start);
	return rc;
}

/* The server wants one table. */
static struct pw_ipc_method *collect_methods(void)
{
	struct pw_ipc_method *all = calloc(count_methods() + 1, sizeof(*all));
	unsigned n = 0;

	for (unsigned i = 0; all != NULL && ctl_modules[i] != NULL; i++) {
		const struct pw_ipc_method *method = ctl_modules[i]->methods;

		for (; method != NULL && method->name != NULL; method++) {
			all[n] = *method;
			all[n++].handler = timed;
		}
	}
	return all;
}

static int start_modules(struct pw_ctl *ctl, struct pw_err *err)
{
	for (; ctl_modules[ctl->n_started] != NULL; ctl->n_started++) {
		const struct ctl_module *module = ctl_modules[ctl->n_started];
		int rc = module->init != NULL ? module->init(ctl, err) : 0;

		if (rc != 0)
			return rc;
		pw_debug("ctl", "%s started", module->name);
	}
	return 0;
}

/* Workers stop first: what the modules take down after that, nobody uses. */
static void end_modules(struct pw_ctl *ctl)
{
	pw_dp_stop(ctl->dp);
	while (ctl->n_started > 0) {
		const struct ctl_module *module = ctl_modules[--ctl->n_started];

		if (module->fini != NULL)
			module->fini(ctl);
	}
}

struct pw_ctl *pw_ctl_create(const struct pw_conf *conf, struct pw_err *err)
{
	struct pw_ctl *ctl = calloc(1, sizeof(*ctl));

	if (ctl == NULL)
		goto err_memory;
	ctl->conf = conf;
	ctl->clock = pw_clock_boot();
	ctl->start_ns = ctl_now_ns(ctl);
	ctl->lock_fd = -1;
	ctl->runtime_fd = -1;
	ctl->methods = collect_methods();
	if (ctl->methods == NULL)
		goto err_memory;
	if (start_modules(ctl, err) != 0) {
		pw_ctl_destroy(ctl);
		return NULL;
	}
	return ctl;

err_memory:
	free(ctl);
	pw_err_set(err, -ENOMEM, "out of memory");
	return NULL;
}

int pw_ctl_run(struct pw_ctl *ctl)
{
	return event_base_dispatch(ctl->base) < 0 ? -EIO : 0;
}

void pw_ctl_stop(struct pw_ctl *ctl)
{
	event_base_loopbreak(ctl->base);
}

void pw_ctl_destroy(struct pw_ctl *ctl)
{
	if (ctl == NULL)
		return;
	end_modules(ctl);
	if (ctl->eal_up) {
		(void)rte_eal_cleanup();
		ctl_eal_runtime_leave(rte_eal_get_runtime_dir(), ctl->runtime_fd);
	}
	ctl_eal_log_close(ctl->eal_log);
	free(ctl->methods);
	free(ctl);
}

/* ---- interfaces ---- */

const char *ctl_iface_name(const struct pw_ctl *ctl, uint32_t iface)
{
	const struct ctl_port *port;
	const char *name;

	if ((iface & CTL_IFACE_PORT) == 0) {
		name = ctl_bridge_name(ctl, (uint16_t)iface);
		return name != NULL ? name : "?";
	}
	port = ctl_port_at(ctl, (uint16_t)iface);
	return port != NULL ? port->name : "?";
}

bool ctl_iface_find(const struct pw_ctl *ctl, const char *name, uint32_t *iface)
{
	const struct ctl_port *port = ctl_port_find(ctl, name);

	for (uint16_t i = 0; i < ctl->n_bridges; i++) {
		if (strcmp(ctl_bridge_name(ctl, i), name) == 0) {
			*iface = i;
			return ctl_bridge_at(ctl, i)->router_mac48 != 0;
		}
	}
	if (port == NULL || port->bridge != PW_BRIDGE_NONE)
		return false;
	*iface = ctl_port_iface(port);
	return true;
}

uint64_t ctl_iface_router_mac48(const struct pw_ctl *ctl, uint32_t iface)
{
	const struct ctl_bridge *bridge;
	const struct ctl_port *port;

	if ((iface & CTL_IFACE_PORT) == 0) {
		bridge = ctl_bridge_at(ctl, (uint16_t)iface);
		return bridge != NULL ? bridge->router_mac48 : 0;
	}
	port = ctl_port_at(ctl, (uint16_t)iface);
	return port != NULL ? port->router_mac48 : 0;
}

/* FNV-1a of "node/name"; local bit set, group bit clear. */
uint64_t ctl_derived_mac48(const struct pw_ctl *ctl, const char *name)
{
	const char *parts[] = {ctl->conf->node.name, "/", name};
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < PW_ARRAY_SIZE(parts); i++) {
		for (const char *c = parts[i]; *c != '\0'; c++)
			hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	}
	hash ^= hash >> 48; /* the top bits count too */
	return (hash & UINT64_C(0x00ffffffffff)) | UINT64_C(0x020000000000);
}
