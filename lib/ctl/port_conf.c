/* SPDX-License-Identifier: BSD-3-Clause */
/* port_conf.c - ports as the configuration (or ports.add, which says the same) describes them. */
#include <errno.h>
#include <string.h>

#include "bridge.h"
#include "eal.h"
#include "port_priv.h"
#include "port_wait.h"

static const enum pw_port_type types[] = {
	[PW_CONF_PORT_TAP] = PW_PORT_TAP,
	[PW_CONF_PORT_AF_PACKET] = PW_PORT_AF_PACKET,
	[PW_CONF_PORT_AF_XDP] = PW_PORT_AF_XDP,
	[PW_CONF_PORT_VHOST_USER] = PW_PORT_VHOST_USER,
	[PW_CONF_PORT_ETHDEV] = PW_PORT_ETHDEV,
	[PW_CONF_PORT_MEMIF] = PW_PORT_MEMIF,
	[PW_CONF_PORT_VIRTIO_USER] = PW_PORT_VIRTIO_USER,
};

struct key_check {
	const char *name; /* of the port */
	struct pw_err *err;
};

/* The first one is enough. */
static void refuse_key(void *arg, const char *key, const char *text)
{
	struct key_check *check = arg;

	if (check->err->code == 0)
		pw_err_set(check->err, -EINVAL, "port %s: %s %s%s", check->name, key,
			strncmp(text, "missing", strlen("missing")) == 0 ? "is " : "", text);
}

static int check_type_keys(const struct pw_conf_port *conf, struct pw_err *err)
{
	struct key_check check = {.name = conf->name, .err = err};

	err->code = 0;
	return pw_conf_port_keys(conf, refuse_key, &check) ? 0 : err->code;
}

static bool is_client(const struct pw_conf_port *conf)
{
	if (conf->mode != PW_CONF_SOCKET_UNSET)
		return conf->mode == PW_CONF_SOCKET_CLIENT;
	return conf->type == PW_CONF_PORT_VIRTIO_USER;
}

int port_conf_add(struct pw_ctl *ctl, const struct pw_conf_port *conf, struct ctl_port **port,
	struct pw_err *err)
{
	struct ctl_port_spec spec = {
		.name = conf->name,
		.kind = conf->uplink ? CTL_PORT_UPLINK : CTL_PORT_STATIC,
		.type = types[conf->type],
		.mtu = conf->mtu,
		.queues = conf->queues,
		.bridge = PW_BRIDGE_NONE,
		.mac = conf->mac,
		.peer_mac = conf->peer_mac,
		.device = conf->device,
		.interface = conf->interface,
		.socket = {.path = conf->socket,
			.client = is_client(conf),
			.uid = conf->socket_uid,
			.gid = conf->socket_gid,
			.mode = conf->socket_mode},
		.memif = {.id = conf->id, .buffer_size = conf->buffer_size, .secret = conf->secret},
		.ring_size = conf->ring_size,
		.busy_poll = conf->busy_poll,
		.never_sleep = conf->rx_mode == PW_CONF_RX_POLLING,
		.fd = -1,
		.addresses = &conf->addresses,
		.peers = &conf->peers,
	};
	const struct ctl_bridge *bridge;
	struct ctl_port *added;
	int rc = check_type_keys(conf, err);

	if (rc != 0)
		return rc;
	if (conf->bridge[0] != '\0') {
		bridge = ctl_bridge_find(ctl, conf->bridge);
		if (bridge == NULL)
			return pw_err_set(err, -ENOENT, "port %s: bridge \"%s\": no such bridge",
				conf->name, conf->bridge);
		spec.bridge = bridge->id;
	}
	rc = ctl_port_add(ctl, &spec, &added, err);
	if (rc != 0)
		return rc;
	ctl_eal_tell_numa_of(ctl, added->port);
	if (port != NULL)
		*port = added;
	return 0;
}

static int try_again(struct pw_ctl *ctl, void *conf, struct pw_err *err)
{
	return port_conf_add(ctl, conf, NULL, err);
}

static int wait_for(struct pw_ctl *ctl, const struct pw_conf_port *conf, struct pw_err *err)
{
	const struct ctl_port_wish wish = {.name = conf->name,
		.type = pw_port_type_name(types[conf->type]),
		.device = conf->interface != NULL ? conf->interface : conf->socket,
		.try_again = try_again,
		.arg = (void *)(uintptr_t)conf};
	const struct pw_err why = *err;

	return ctl_port_wait(ctl, &wish, why.msg, err);
}

/* What DPDK makes of a device's name does not change by waiting. */
static bool may_come(const struct pw_conf_port *conf, int code)
{
	return conf->type != PW_CONF_PORT_ETHDEV && ctl_port_is_worth_waiting(code);
}

int port_conf_add_all(struct pw_ctl *ctl, struct pw_err *err)
{
	for (uint32_t i = 0; i < ctl->conf->n_ports; i++) {
		const struct pw_conf_port *conf = &ctl->conf->ports[i];
		int rc = port_conf_add(ctl, conf, NULL, err);

		if (rc != 0 && may_come(conf, rc))
			rc = wait_for(ctl, conf, err);
		if (rc != 0)
			return pw_err_prefix(err, "%s:%u", ctl->conf->path, conf->mark.line);
	}
	return 0;
}
