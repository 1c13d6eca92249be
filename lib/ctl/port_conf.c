/* SPDX-License-Identifier: BSD-3-Clause */
/* port_conf.c - ports as the configuration (or ports.add, which says the same) describes them. */
#include <errno.h>

#include "bridge.h"
#include "port_priv.h"

static const enum pw_port_type types[] = {
	[PW_CONF_PORT_TAP] = PW_PORT_TAP,
	[PW_CONF_PORT_VHOST_USER] = PW_PORT_VHOST_USER,
	[PW_CONF_PORT_ETHDEV] = PW_PORT_ETHDEV,
};

/* The fields that a type needs; those of other types are mistakes. */
static const struct {
	enum pw_conf_port_type type;
	size_t offset;
	const char *key, *type_name;
} type_keys[] = {
	{PW_CONF_PORT_ETHDEV, offsetof(struct pw_conf_port, device), "device", "ethdev"},
	{PW_CONF_PORT_TAP, offsetof(struct pw_conf_port, interface), "interface", "tap"},
	{PW_CONF_PORT_VHOST_USER, offsetof(struct pw_conf_port, socket), "socket", "vhost-user"},
};

static int check_type_keys(const struct pw_conf_port *conf, struct pw_err *err)
{
	for (unsigned i = 0; i < PW_ARRAY_SIZE(type_keys); i++) {
		bool has = *(char *const *)((const char *)conf + type_keys[i].offset) != NULL;

		if (has == (conf->type == type_keys[i].type))
			continue;
		return pw_err_set(err, -EINVAL,
			has ? "port %s: %s is only for type %s"
			    : "port %s: %s is missing: type %s needs it",
			conf->name, type_keys[i].key, type_keys[i].type_name);
	}
	return 0;
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
		.socket = conf->socket,
		.fd = -1,
		.addresses = &conf->addresses,
		.peers = &conf->peers,
	};
	const struct ctl_bridge *bridge;
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
	return ctl_port_add(ctl, &spec, port, err);
}

int port_conf_add_all(struct pw_ctl *ctl, struct pw_err *err)
{
	for (uint32_t i = 0; i < ctl->conf->n_ports; i++) {
		const struct pw_conf_port *conf = &ctl->conf->ports[i];

		if (port_conf_add(ctl, conf, NULL, err) != 0)
			return pw_err_prefix(err, "%s:%u", ctl->conf->path, conf->mark.line);
	}
	return 0;
}
