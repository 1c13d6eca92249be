/* SPDX-License-Identifier: BSD-3-Clause */
/* port_methods.c - ports.list, ports.add, ports.del. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "bridge.h"
#include "place.h"
#include "pod.h"
#include "port_priv.h"
#include "port_wait.h"
#include "route.h"
#include "saved.h"
#include "stats.h"

/* ---- ports.list ---- */

static json_t *size_buckets(const uint64_t *sizes)
{
	json_t *object = json_object();
	char key[16];

	for (unsigned i = 0; i < PW_DP_SIZE_BUCKETS; i++) {
		snprintf(key, sizeof(key), "%u", pw_dp_size_limits[i]);
		json_object_set_new(object, key, pw_json_u64(sizes[i]));
	}
	return object;
}

static json_t *direction(const struct pw_dp_dir_stats *stats)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "packets", pw_json_u64(stats->packets), "bytes",
		pw_json_u64(stats->bytes), "gso_packets", pw_json_u64(stats->gso_packets),
		"max_frame_bytes", pw_json_u64(stats->max_frame_bytes));
}

static json_t *prefixes(const struct pw_conf_prefixes *list, bool bare)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < list->n; i++)
		json_array_append_new(
			array, bare ? pw_json_ip(&list->v[i].ip) : pw_json_prefix(&list->v[i]));
	return array;
}

/* Worker of each rx queue. */
static json_t *queue_workers(const struct pw_ctl *ctl, const struct ctl_port *port)
{
	json_t *array = json_array();

	for (uint16_t q = 0; q < port->port->n_rxq; q++) {
		int worker = pw_dp_port_worker(ctl->dp, port->index, q);

		if (worker >= 0)
			json_array_append_new(array, json_integer(worker));
	}
	return array;
}

static json_t *pod_name(const struct ctl_port *port)
{
	if (port->pod == NULL)
		return json_null();
	if (port->pod->pod_name[0] == '\0')
		return json_string(port->pod->container_id);
	return json_sprintf("%s/%s", port->pod->pod_namespace, port->pod->pod_name);
}

static json_t *describe_port(const struct pw_ctl *ctl, const struct ctl_port *port)
{
	const struct pw_mac router = pw_mac_from_u64(port->router_mac48);
	const struct pw_mac peer = pw_mac_from_u64(port->peer_mac48);
	struct pw_dp_port_stats stats;
	json_t *out;

	ctl_stats_port(ctl, port, &stats);
	out = json_pack("{s:s, s:i, s:s, s:s, s:s?, s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o}",
		"name", port->name, "index", port->index, "type",
		pw_port_type_name(port->port->type), "state",
		pw_port_state(port->port) == PW_PORT_UP ? "up" : "down", "bridge",
		ctl_bridge_name(ctl, port->bridge), "pod", pod_name(port), "mac",
		pw_json_mac(&router), "peer_mac", pw_json_mac(&peer), "mtu", port->port->mtu,
		"queues", port->port->n_rxq, "workers", queue_workers(ctl, port), "device",
		pw_json_str_or_null(port->device), "addresses", prefixes(&port->addresses, false),
		"peers", prefixes(&port->peers, true));
	if (out == NULL)
		return NULL;
	json_object_set_new(out, "rx", direction(&stats.rx));
	json_object_set_new(out, "tx", direction(&stats.tx));
	json_object_set_new(out, "drops", pw_json_u64(stats.drops));
	json_object_set_new(out, "frame_sizes",
		json_pack("{s:o, s:o}", "rx", size_buckets(stats.rx.sizes), "tx",
			size_buckets(stats.tx.sizes)));
	return out;
}

struct by_name {
	const char *name;
};
static const struct pw_ipc_param list_params[] = {
	{"name", PW_IPC_STRING, offsetof(struct by_name, name), .optional = true},
	{0},
};

struct listing {
	const struct pw_ctl *ctl;
	const char *name;
	json_t *list;
};

static bool list_port(void *arg, struct ctl_port *port)
{
	const struct listing *listing = arg;

	if (listing->name == NULL || strcmp(listing->name, port->name) == 0)
		json_array_append_new(listing->list, describe_port(listing->ctl, port));
	return true;
}

static int no_such_port(const char *name, struct pw_ipc_error *err)
{
	return pw_ipc_error_set(err, PW_IPC_E_MISSING, "port \"%s\": no such port", name);
}

static int ports_list(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct by_name *p = params;
	struct listing listing = {.ctl = ctx, .name = p->name};

	if (p->name != NULL && ctl_port_find(ctx, p->name) == NULL && !ctl_port_waits(ctx, p->name))
		return no_such_port(p->name, err);
	listing.list = json_array();
	ctl_port_foreach(ctx, list_port, &listing);
	ctl_port_wait_list(ctx, p->name, listing.list);
	*result = json_pack("{s:o}", "ports", listing.list);
	return 0;
}

/* ---- ports.add ---- */

struct ports_add {
	const char *name, *device, *interface, *socket, *bridge, *secret, *socket_mode;
	int type, mode, rx_mode;
	bool busy_poll;
	struct pw_ipc_prefixes addresses, peers;
	struct pw_mac mac, peer_mac;
	uint64_t mtu, queues, ring_size, id, buffer_size, socket_uid, socket_gid;
};
static const char *const type_names[] = {
	"tap", "af_packet", "af_xdp", "vhost-user", "ethdev", "memif", "virtio-user", NULL};
static const enum pw_conf_port_type conf_types[] = {PW_CONF_PORT_TAP, PW_CONF_PORT_AF_PACKET,
	PW_CONF_PORT_AF_XDP, PW_CONF_PORT_VHOST_USER, PW_CONF_PORT_ETHDEV, PW_CONF_PORT_MEMIF,
	PW_CONF_PORT_VIRTIO_USER};
static const char *const socket_modes[] = {"server", "client", NULL};
static const char *const rx_modes[] = {"adaptive", "polling", NULL};

#define OPTIONAL(name, type)                                                                       \
	{                                                                                          \
#name, type, offsetof(struct ports_add, name), .optional = true                    \
	}
static const struct pw_ipc_param add_params[] = {
	{"name", PW_IPC_STRING, offsetof(struct ports_add, name), .min = 1,
		.max = PW_CONF_NAME_MAX},
	{"type", PW_IPC_CHOICE, offsetof(struct ports_add, type), .choices = type_names},
	OPTIONAL(device, PW_IPC_STRING),
	OPTIONAL(interface, PW_IPC_STRING),
	OPTIONAL(socket, PW_IPC_STRING),
	OPTIONAL(bridge, PW_IPC_STRING),
	{"addresses", PW_IPC_PREFIXES, offsetof(struct ports_add, addresses), .optional = true,
		.max = PW_CONF_MAX_ADDRS},
	{"peers", PW_IPC_PREFIXES, offsetof(struct ports_add, peers), .optional = true,
		.max = PW_CONF_MAX_ADDRS},
	OPTIONAL(mac, PW_IPC_MAC),
	OPTIONAL(peer_mac, PW_IPC_MAC),
	{"mtu", PW_IPC_U64, offsetof(struct ports_add, mtu), .optional = true, .def = 1500,
		.min = 68, .max = PW_MTU_MAX},
	{"queues", PW_IPC_U64, offsetof(struct ports_add, queues), .optional = true, .def = 1,
		.min = 1, .max = PW_PORT_MAX_QUEUES},
	{"ring_size", PW_IPC_U64, offsetof(struct ports_add, ring_size), .optional = true,
		.max = 32768},
	{"rx_mode", PW_IPC_CHOICE, offsetof(struct ports_add, rx_mode), .optional = true,
		.choices = rx_modes},
	OPTIONAL(busy_poll, PW_IPC_BOOL),
	{"mode", PW_IPC_CHOICE, offsetof(struct ports_add, mode), .optional = true,
		.choices = socket_modes},
	{"socket_uid", PW_IPC_U64, offsetof(struct ports_add, socket_uid), .optional = true,
		.def = PW_CONF_ID_UNSET, .max = PW_CONF_ID_UNSET},
	{"socket_gid", PW_IPC_U64, offsetof(struct ports_add, socket_gid), .optional = true,
		.def = PW_CONF_ID_UNSET, .max = PW_CONF_ID_UNSET},
	OPTIONAL(socket_mode, PW_IPC_STRING),
	{"id", PW_IPC_U64, offsetof(struct ports_add, id), .optional = true, .max = UINT32_MAX},
	{"secret", PW_IPC_STRING, offsetof(struct ports_add, secret), .optional = true, .min = 1},
	{"buffer_size", PW_IPC_U64, offsetof(struct ports_add, buffer_size), .optional = true,
		.max = 16384},
	{0},
};
#undef OPTIONAL

static int copy_prefixes(const struct pw_ipc_prefixes *from, bool whole, const char *what,
	struct pw_conf_prefixes *to, struct pw_ipc_error *err)
{
	char text[PW_PREFIX_STRLEN];

	for (size_t i = 0; i < from->n; i++) {
		const struct pw_prefix *p = &from->v[i];

		if (pw_ip_is_zero(&p->ip) || pw_ip_is_multicast(&p->ip) ||
			pw_ip_is_loopback(&p->ip))
			return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
				"%s: %s is no address of a host", what, pw_prefix_format(p, text));
		if (whole && p->len != (p->ip.family == PW_IPV4 ? 32 : 128))
			return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
				"%s: %s: an address without a length is wanted", what,
				pw_prefix_format(p, text));
		to->v[to->n++] = *p;
	}
	return 0;
}

/* "0660" */
static int parse_file_mode(const char *text, uint32_t *mode, struct pw_ipc_error *err)
{
	char *end;
	unsigned long value;

	if (text == NULL)
		return 0;
	value = strtoul(text, &end, 8);
	if (text[0] < '0' || text[0] > '7' || *end != '\0' || value == 0 || value > 0777)
		return pw_ipc_error_set(err, PW_IPC_E_PARAMS,
			"socket_mode: \"%.16s\" is no octal mode 001..777, such as 0660", text);
	*mode = (uint32_t)value;
	return 0;
}

static int add_port(struct pw_ctl *ctl, const struct ports_add *p, struct ctl_port **port,
	struct pw_ipc_error *err)
{
	struct pw_conf_port conf = {
		.type = conf_types[p->type],
		.device = (char *)(uintptr_t)p->device,
		.interface = (char *)(uintptr_t)p->interface,
		.socket = (char *)(uintptr_t)p->socket,
		.mac = p->mac,
		.peer_mac = p->peer_mac,
		.mtu = (uint32_t)p->mtu,
		.queues = (uint32_t)p->queues,
		.ring_size = (uint32_t)p->ring_size,
		.busy_poll = p->busy_poll,
		.rx_mode = p->rx_mode == 1 ? PW_CONF_RX_POLLING : PW_CONF_RX_ADAPTIVE,
		.mode = (enum pw_conf_socket_mode)(p->mode + 1), /* -1: not given */
		.socket_uid = (uint32_t)p->socket_uid,
		.socket_gid = (uint32_t)p->socket_gid,
		.id = (uint32_t)p->id,
		.secret = (char *)(uintptr_t)p->secret,
		.buffer_size = (uint32_t)p->buffer_size,
	};
	struct pw_err why = {0};

	if (copy_prefixes(&p->addresses, false, "addresses", &conf.addresses, err) != 0 ||
		copy_prefixes(&p->peers, true, "peers", &conf.peers, err) != 0 ||
		parse_file_mode(p->socket_mode, &conf.socket_mode, err) != 0)
		return err->code;
	if (p->bridge != NULL && ctl_bridge_find(ctl, p->bridge) == NULL)
		return pw_ipc_error_set(
			err, PW_IPC_E_MISSING, "bridge \"%s\": no such bridge", p->bridge);
	strlcpy(conf.name, p->name, sizeof(conf.name));
	if (p->bridge != NULL)
		strlcpy(conf.bridge, p->bridge, sizeof(conf.bridge));
	if (conf.type == PW_CONF_PORT_TAP && conf.interface == NULL)
		conf.interface = conf.name;
	if (port_conf_add(ctl, &conf, port, &why) != 0)
		return pw_ipc_error_from(err, &why);
	return 0;
}

/* ---- ports of ports.add are saved as they were asked for ---- */

static bool collect_added(void *arg, struct ctl_port *port)
{
	if (port->added != NULL)
		json_array_append(arg, port->added);
	return true;
}

static int save_added(struct pw_ctl *ctl, struct pw_err *err)
{
	json_t *items = json_array();
	int rc;

	ctl_port_foreach(ctl, collect_added, items);
	rc = ctl_saved_write(ctl, "ports", items, err);
	json_decref(items);
	return rc;
}

static int try_saved(struct pw_ctl *ctl, void *arg, struct pw_err *err)
{
	struct ports_add p = {0};
	struct pw_ipc_error why = {0};
	struct ctl_port *port;
	json_t *item = arg;

	if (pw_ipc_params_decode(add_params, item, &p, &why) == 0 &&
		add_port(ctl, &p, &port, &why) == 0) {
		port->added = json_incref(item);
		(void)ctl_saved_drop(ctl, "ports", "name", port->name);
	}
	pw_ipc_params_free(add_params, &p);
	return why.code == 0 ? 0 : pw_err_set(err, -EAGAIN, "%s", why.msg);
}

static void drop_item(void *item)
{
	json_decref(item);
}

/* It stays saved, whatever becomes of it. */
static void load_one(struct pw_ctl *ctl, json_t *item)
{
	const struct ctl_port_wish wish = {.name = pw_json_str(item, "name", "?"),
		.type = pw_json_str(item, "type", "?"),
		.device = pw_json_str(item, "interface", pw_json_str(item, "socket", NULL)),
		.try_again = try_saved,
		.drop = drop_item,
		.arg = json_incref(item)};
	struct pw_err err = {0};

	if (try_saved(ctl, item, &err) == 0) {
		drop_item(item);
		return;
	}
	ctl_saved_keep(ctl, "ports", item);
	if (ctl_port_wait(ctl, &wish, err.msg, &err) != 0)
		pw_warn("port", "%s", err.msg);
}

void ctl_port_load_saved(struct pw_ctl *ctl)
{
	json_t *items = ctl_saved_read(ctl, "ports"), *item;
	size_t i;

	json_array_foreach (items, i, item)
		load_one(ctl, item);
	json_decref(items);
}

static int ports_add(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	struct pw_err why = {0};
	struct ctl_port *port;

	if (add_port(ctx, params, &port, err) != 0)
		return err->code;
	port->added = json_deep_copy(pw_ipc_request_params(req));
	if (port->added == NULL || save_added(ctx, &why) != 0) {
		if (port->added == NULL)
			pw_err_set(&why, -ENOMEM, "port %s: out of memory", port->name);
		ctl_port_del(ctx, port, NULL, NULL);
		return pw_ipc_error_from(err, &why);
	}
	(void)ctl_port_wait_drop(ctx, port->name); /* this one has come instead */
	*result = json_pack("{s:s, s:i}", "name", port->name, "index", port->index);
	return 0;
}

/* ---- ports.del ---- */

static const struct pw_ipc_param del_params[] = {
	{"name", PW_IPC_STRING, offsetof(struct by_name, name)},
	{0},
};

/* Which command takes down a port that ports.del must not. */
static const char *const owner[] = {
	[CTL_PORT_POD] = "a pod's, which goes with the pod (CNI DEL)",
	[CTL_PORT_HOST] = "the host's, which goes with the daemon (host.enabled)",
};

static void answer_del(void *arg)
{
	pw_ipc_reply(arg, NULL, NULL);
}

/* One of the configuration waits again after the next start, as a deleted one is there again. */
static int del_waiting(struct pw_ctl *ctl, const char *name, struct pw_ipc_error *err)
{
	struct pw_err why = {0};

	if (!ctl_port_wait_drop(ctl, name))
		return no_such_port(name, err);
	ctl_place_forget(ctl, name);
	if (!ctl_saved_drop(ctl, "ports", "name", name))
		return 0;
	return save_added(ctl, &why) != 0 ? pw_ipc_error_from(err, &why) : 0;
}

/* Answered when the device is closed: it can be added again at once. */
static int ports_del(void *ctx, struct pw_ipc_request *req, void *params, json_t **result,
	struct pw_ipc_error *err)
{
	const struct by_name *p = params;
	struct ctl_port *port = ctl_port_find(ctx, p->name);
	char text[PW_PREFIX_STRLEN];
	struct pw_prefix prefix;
	struct pw_err why = {0};
	bool saved;

	if (port == NULL)
		return del_waiting(ctx, p->name, err);
	if (port->bridge == PW_BRIDGE_NONE &&
		ctl_route_uses_iface(ctx, ctl_port_iface(port), &prefix))
		return pw_ipc_error_set(err, PW_IPC_E_BUSY,
			"port %s: the route to %s goes out of it; delete that first", p->name,
			pw_prefix_format(&prefix, text));
	if (port->kind < PW_ARRAY_SIZE(owner) && owner[port->kind] != NULL)
		return pw_ipc_error_set(
			err, PW_IPC_E_DENIED, "port %s is %s", p->name, owner[port->kind]);
	saved = port->added != NULL;
	ctl_place_forget(ctx, p->name);
	pw_ipc_defer(req);
	ctl_port_del(ctx, port, answer_del, req);
	if (saved && save_added(ctx, &why) != 0)
		pw_warn("port", "%s is deleted, but comes back with the next start: %s", p->name,
			why.msg);
	return 0;
}

const struct pw_ipc_method port_methods[] = {
	{"ports.list", ports_list, list_params, sizeof(struct by_name)},
	{"ports.add", ports_add, add_params, sizeof(struct ports_add)},
	{"ports.del", ports_del, del_params, sizeof(struct by_name)},
	{0},
};
