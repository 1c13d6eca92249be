/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <bsd/string.h>

#include "bridge.h"
#include "loop.h"
#include "neighbour.h"
#include "place.h"
#include "port_priv.h"
#include "port_reg.h"
#include "pw_idpool.h"
#include "pw_str.h"
#include "route.h"
#include "stats.h"
#include "timing.h"

struct ctl_ports {
	struct ctl_port **v; /* [limits.ports] */
	uint32_t size, count;
	struct pw_idpool *indices; /* those of closing ports are still taken */
	uint32_t n_closing;
	STAILQ_HEAD(, closing) gone; /* out of the workers' hands, to be closed */
	struct event *close_next;
};

/* ---- looking up ---- */

struct ctl_port *ctl_port_at(const struct pw_ctl *ctl, uint16_t index)
{
	return ctl->ports != NULL && index < ctl->ports->size ? ctl->ports->v[index] : NULL;
}

struct ctl_port *ctl_port_find(const struct pw_ctl *ctl, const char *name)
{
	for (uint32_t i = 0; i < ctl->ports->size; i++) {
		if (ctl->ports->v[i] != NULL && strcmp(ctl->ports->v[i]->name, name) == 0)
			return ctl->ports->v[i];
	}
	return NULL;
}

void ctl_port_foreach(
	const struct pw_ctl *ctl, bool (*fn)(void *arg, struct ctl_port *port), void *arg)
{
	for (uint32_t i = 0; i < ctl->ports->size; i++) {
		if (ctl->ports->v[i] != NULL && !fn(arg, ctl->ports->v[i]))
			return;
	}
}

uint32_t ctl_port_count(const struct pw_ctl *ctl, uint32_t *up)
{
	*up = 0;
	for (uint32_t i = 0; i < ctl->ports->size; i++) {
		if (ctl->ports->v[i] != NULL)
			*up += pw_port_state(ctl->ports->v[i]->port) == PW_PORT_UP;
	}
	return ctl->ports->count;
}

/* ---- coming: validate, open, routes and FDB, view ---- */

/* Two packet sockets would both take every frame. Pods' interfaces are in namespaces of theirs. */
static int check_interface(
	const struct pw_ctl *ctl, const struct ctl_port_spec *spec, struct pw_err *err)
{
	if (spec->interface == NULL || spec->kind == CTL_PORT_POD)
		return 0;
	for (uint32_t i = 0; i < ctl->ports->size; i++) {
		const struct ctl_port *port = ctl->ports->v[i];

		if (port != NULL && port->kind != CTL_PORT_POD && port->device != NULL &&
			strcmp(port->device, spec->interface) == 0)
			return pw_err_set(err, -EEXIST, "port %s: interface %s is port %s's",
				spec->name, spec->interface, port->name);
	}
	return 0;
}

static int validate(struct pw_ctl *ctl, const struct ctl_port_spec *spec, struct pw_err *err)
{
	bool routed = spec->bridge == PW_BRIDGE_NONE;
	uint32_t n_addresses = spec->addresses != NULL ? spec->addresses->n : 0;
	uint32_t n_peers = spec->peers != NULL ? spec->peers->n : 0;

	if (!pw_name_valid(spec->name, PW_CONF_NAME_MAX))
		return pw_err_set(err, -EINVAL,
			"port \"%s\": a name is 1..%u letters, digits, '_', '-' or '.'", spec->name,
			PW_CONF_NAME_MAX);
	if (ctl_port_find(ctl, spec->name) != NULL || ctl_bridge_find(ctl, spec->name) != NULL)
		return pw_err_set(err, -EEXIST, "port %s: the name is in use", spec->name);
	if (!routed && n_addresses > 0)
		return pw_err_set(err, -EINVAL,
			"port %s: addresses are for routed ports; a bridge's are its gateways",
			spec->name);
	if (!routed && !pw_mac_is_zero(&spec->mac))
		return pw_err_set(err, -EINVAL,
			"port %s: mac is for routed ports; a bridge has its own", spec->name);
	if (routed && spec->kind <= CTL_PORT_UPLINK && n_addresses == 0 && n_peers == 0)
		return pw_err_set(err, -EINVAL,
			"port %s: needs a bridge, or addresses or peers: nothing would reach it",
			spec->name);
	if (routed && spec->type != PW_PORT_TAP && n_addresses == 0 &&
		pw_mac_is_zero(&spec->peer_mac))
		return pw_err_set(err, -EINVAL,
			"port %s: peers without addresses of ours need peer_mac: nobody could ask "
			"for it",
			spec->name);
	return check_interface(ctl, spec, err);
}

static struct pw_port *open_device(
	struct pw_ctl *ctl, const struct ctl_port_spec *spec, uint16_t index, struct pw_err *err)
{
	struct pw_port_conf conf = {
		.type = spec->type,
		.index = index,
		.mtu = (uint16_t)spec->mtu,
		.n_queues = (uint16_t)spec->queues,
		.mac = spec->mac,
		.peer_mac = spec->peer_mac,
		.device = spec->device,
		.interface = spec->interface,
		.socket = spec->socket,
		.memif = spec->memif,
		.ring_size = spec->ring_size,
		.busy_poll = spec->busy_poll,
		.never_sleep = spec->never_sleep,
		.fd = spec->fd,
	};
	uint64_t derived = ctl_derived_mac48(ctl, spec->name);

	/* A NIC has a MAC; the others get one that is this node's and stays. So do packet sockets:
	 * the node's stack sees their frames, too, and must take none for its own. */
	if (pw_mac_is_zero(&conf.mac) && spec->type != PW_PORT_ETHDEV &&
		spec->type != PW_PORT_AF_XDP)
		conf.mac = pw_mac_from_u64(derived);
	strlcpy(conf.name, spec->name, sizeof(conf.name));
	return pw_port_open(&ctl->port_env, &conf, err);
}

/* On a bridge MACs are learned; behind a routed TAP is the kernel, whose MAC we can ask for. */
static uint64_t peer_mac48(const struct ctl_port_spec *spec, const struct pw_port *port)
{
	if (!pw_mac_is_zero(&spec->peer_mac))
		return pw_mac_to_u64(&spec->peer_mac);
	return spec->bridge == PW_BRIDGE_NONE ? pw_mac_to_u64(&port->peer_mac) : 0;
}

static struct ctl_port *create(
	struct pw_ctl *ctl, const struct ctl_port_spec *spec, uint16_t index, struct pw_err *err)
{
	const struct ctl_bridge *bridge = ctl_bridge_at(ctl, spec->bridge);
	struct ctl_port *port = calloc(1, sizeof(*port));
	const char *device = spec->device != NULL      ? spec->device
			     : spec->interface != NULL ? spec->interface
						       : spec->socket.path;

	if (port == NULL)
		goto err_memory;
	port->index = index;
	port->kind = spec->kind;
	strlcpy(port->name, spec->name, sizeof(port->name));
	port->bridge = spec->bridge;
	port->pod = spec->pod;
	if (spec->addresses != NULL)
		port->addresses = *spec->addresses;
	if (spec->peers != NULL)
		port->peers = *spec->peers;
	port->device = device != NULL ? strdup(device) : NULL;
	if (device != NULL && port->device == NULL)
		goto err_memory;
	if (ctl_stats_port_begin(ctl, port) != 0)
		goto err_memory;
	port->port = open_device(ctl, spec, index, err);
	if (port->port == NULL)
		goto err;
	port->peer_mac48 = peer_mac48(spec, port->port);
	port->router_mac48 =
		bridge != NULL ? bridge->router_mac48 : pw_mac_to_u64(&port->port->mac);
	return port;

err_memory:
	pw_err_set(err, -ENOMEM, "port %s: out of memory", spec->name);
err:
	if (port != NULL) {
		ctl_stats_port_end(ctl, port);
		free(port->device);
	}
	free(port);
	return NULL;
}

static void destroy(struct pw_ctl *ctl, struct ctl_port *port)
{
	pw_port_close(port->port);
	ctl_stats_port_end(ctl, port);
	json_decref(port->added);
	free(port->device);
	free(port);
}

/* Binding of who is behind the port; NULL with *err on error. */
static struct pw_binding *make_binding(const struct ctl_port *port, struct pw_err *err)
{
	const struct pw_mac mac = pw_mac_from_u64(port->peer_mac48);
	struct pw_ip ips[PW_CONF_MAX_ADDRS];
	struct pw_binding *binding = aligned_alloc(PW_CACHE_LINE,
		(sizeof(*binding) + PW_CACHE_LINE - 1) / PW_CACHE_LINE * PW_CACHE_LINE);
	int rc;

	if (binding == NULL) {
		pw_err_set(err, -ENOMEM, "port %s: out of memory", port->name);
		return NULL;
	}
	for (uint32_t i = 0; i < port->peers.n; i++)
		ips[i] = port->peers.v[i].ip;
	rc = pw_binding_init(binding, &mac, ips, port->peers.n);
	if (rc != 0) {
		pw_err_set(err, rc, "port %s: MAC and addresses make no anti-spoof binding: %s",
			port->name, strerror(-rc));
		free(binding);
		return NULL;
	}
	return binding;
}

static void free_binding(const struct pw_binding *binding)
{
	free((void *)(uintptr_t)binding);
}

static int enter_view(struct pw_ctl *ctl, struct ctl_port *port, bool antispoof, struct pw_err *err)
{
	struct pw_dp_port_conf conf = {
		.bridge = port->bridge,
		.router_mac48 = port->router_mac48,
		.learn = port->kind != CTL_PORT_POD,
		.binding_free = free_binding,
		.workers = ctl_place_of(ctl, port->name),
	};
	struct pw_binding *binding = NULL;
	int rc;

	if (antispoof) {
		binding = make_binding(port, err);
		if (binding == NULL)
			return err->code;
		conf.binding = binding;
	}
	rc = pw_dp_port_add(ctl->dp, port->port, &conf);
	if (rc != 0) {
		free(binding);
		return pw_err_set(err, rc, "port %s: %s", port->name, strerror(-rc));
	}
	return 0;
}

int ctl_port_add(struct pw_ctl *ctl, const struct ctl_port_spec *spec, struct ctl_port **out,
	struct pw_err *err)
{
	uint64_t start = ctl_now_ns(ctl);
	struct ctl_port *port;
	int64_t index;
	int rc = validate(ctl, spec, err);

	if (rc != 0)
		return rc;
	index = pw_idpool_alloc(ctl->ports->indices);
	if (index < 0)
		return pw_err_set(err, -ENOSPC, "port %s: %u ports are there (limits.ports)",
			spec->name, ctl->ports->size);
	port = create(ctl, spec, (uint16_t)index, err);
	if (port == NULL) {
		rc = err->code;
		goto err_index;
	}
	/* In the table before its routes: they ask for the interface's MAC and name. */
	ctl->ports->v[index] = port;
	rc = port_links_add(ctl, port, err);
	if (rc != 0)
		goto err_port;
	rc = enter_view(ctl, port, spec->antispoof, err);
	if (rc != 0)
		goto err_links;
	ctl->ports->count++;
	if (port->bridge != PW_BRIDGE_NONE)
		ctl->bridges[port->bridge].n_ports++;
	pw_debug("port", "%s added as port %u", port->name, port->index);
	if (out != NULL)
		*out = port;
	ctl_timing_work(ctl, CTL_TIMING_PORT_ADD, start);
	return 0;

err_links:
	port_links_del(ctl, port);
err_port:
	ctl->ports->v[index] = NULL;
	destroy(ctl, port);
err_index:
	pw_idpool_free(ctl->ports->indices, (uint32_t)index);
	return rc;
}

/* ---- going ---- */

struct closing {
	STAILQ_ENTRY(closing) link;
	struct pw_ctl *ctl;
	struct ctl_port *port;
	void (*done)(void *arg);
	void *arg;
};

static void finish(struct closing *closing)
{
	struct ctl_ports *ports = closing->ctl->ports;

	pw_idpool_free(ports->indices, closing->port->index);
	pw_debug("port", "%s closed", closing->port->name);
	destroy(closing->ctl, closing->port);
	ports->n_closing--;
	if (closing->done != NULL)
		closing->done(closing->arg);
	free(closing);
}

/* One a turn of the loop: closing a TAP takes the kernel some milliseconds. */
static void on_close_next(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_ports *ports = arg;
	struct closing *closing = STAILQ_FIRST(&ports->gone);

	STAILQ_REMOVE_HEAD(&ports->gone, link);
	finish(closing);
	if (!STAILQ_EMPTY(&ports->gone))
		event_active(ports->close_next, EV_TIMEOUT, 0);
}

/* No worker can touch it any more. */
static void on_gone(void *arg, struct pw_port *pw_port)
{
	struct closing *closing = arg;
	struct ctl_ports *ports = closing->ctl->ports;

	if (STAILQ_EMPTY(&ports->gone))
		event_active(ports->close_next, EV_TIMEOUT, 0);
	STAILQ_INSERT_TAIL(&ports->gone, closing, link);
}

void ctl_port_del(struct pw_ctl *ctl, struct ctl_port *port, void (*done)(void *arg), void *arg)
{
	struct closing *closing = malloc(sizeof(*closing));
	uint64_t start = ctl_now_ns(ctl);

	if (closing == NULL)
		goto err_memory;
	*closing = (struct closing){.ctl = ctl, .port = port, .done = done, .arg = arg};
	if (pw_dp_port_del(ctl->dp, port->index, on_gone, closing) != 0)
		goto err_memory;
	port_links_del(ctl, port);
	port->pod = NULL;
	ctl->ports->v[port->index] = NULL;
	ctl->ports->count--;
	ctl->ports->n_closing++;
	if (port->bridge != PW_BRIDGE_NONE)
		ctl->bridges[port->bridge].n_ports--;
	ctl_loop_poll_soon(ctl);
	ctl_timing_work(ctl, CTL_TIMING_PORT_DEL, start);
	return;

err_memory:
	/* Nothing can be taken down without memory: the port stays as it is, and says so. */
	free(closing);
	pw_error("port", "%s: out of memory: it is not closed", port->name);
	if (done != NULL)
		done(arg);
}

/* ---- module ---- */

static void port_every_second(struct pw_ctl *ctl)
{
	for (uint32_t i = 0; i < ctl->ports->size; i++) {
		struct ctl_port *port = ctl->ports->v[i];

		if (port != NULL)
			port->port->ops->poll_state(port->port);
	}
}

/* Workers have stopped: grace periods are over at once. The loop does not run any more. */
static void close_all(struct pw_ctl *ctl)
{
	struct ctl_ports *ports = ctl->ports;
	struct closing *closing;

	for (uint32_t i = 0; i < ports->size; i++) {
		if (ports->v[i] != NULL)
			ctl_port_del(ctl, ports->v[i], NULL, NULL);
	}
	for (unsigned tries = 0; ports->n_closing > 0 && tries < 1000; tries++) {
		pw_dp_poll(ctl->dp);
		while ((closing = STAILQ_FIRST(&ports->gone)) != NULL) {
			STAILQ_REMOVE_HEAD(&ports->gone, link);
			finish(closing);
		}
		if (ports->n_closing > 0)
			usleep(1000);
	}
	if (ports->n_closing > 0)
		pw_error("port", "%u ports did not close", ports->n_closing);
}

static void free_ports(struct ctl_ports *ports)
{
	if (ports == NULL)
		return;
	if (ports->close_next != NULL)
		event_free(ports->close_next);
	pw_idpool_destroy(ports->indices);
	free(ports->v);
	free(ports);
}

static void port_fini(struct pw_ctl *ctl)
{
	pw_dp_stop(ctl->dp);
	close_all(ctl);
	free_ports(ctl->ports);
	ctl->ports = NULL;
}

static int port_init(struct pw_ctl *ctl, struct pw_err *err)
{
	struct ctl_ports *ports = calloc(1, sizeof(*ports));
	int rc;

	if (ports == NULL)
		goto err_memory;
	STAILQ_INIT(&ports->gone);
	ports->size = ctl->conf->limits.ports;
	ports->v = calloc(ports->size, sizeof(ports->v[0]));
	ports->indices = pw_idpool_create(ports->size);
	ports->close_next = evtimer_new(ctl->base, on_close_next, ports);
	if (ports->v == NULL || ports->indices == NULL || ports->close_next == NULL)
		goto err_memory;
	ctl->ports = ports;
	rc = port_conf_add_all(ctl, err);
	if (rc != 0)
		port_fini(ctl);
	return rc;

err_memory:
	free_ports(ports);
	return pw_err_set(err, -ENOMEM, "out of memory");
}

const struct ctl_module ctl_module_port = {
	.name = "port",
	.init = port_init,
	.fini = port_fini,
	.every_second = port_every_second,
	.methods = port_methods,
};
