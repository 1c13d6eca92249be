/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bridge.h"
#include "route.h"

struct ctl_bridge *ctl_bridge_find(struct pw_ctl *ctl, const char *name)
{
	for (uint32_t i = 0; i < ctl->n_bridges; i++) {
		if (strcmp(ctl->bridges[i].conf->name, name) == 0)
			return &ctl->bridges[i];
	}
	return NULL;
}

struct ctl_bridge *ctl_bridge_at(const struct pw_ctl *ctl, uint16_t id)
{
	return id < ctl->n_bridges ? &ctl->bridges[id] : NULL;
}

const char *ctl_bridge_name(const struct pw_ctl *ctl, uint16_t id)
{
	return id < ctl->n_bridges ? ctl->bridges[id].conf->name : NULL;
}

const struct pw_prefix *ctl_bridge_gateway(const struct ctl_bridge *bridge, const struct pw_ip *ip)
{
	for (uint32_t i = 0; i < bridge->conf->gateways.n; i++) {
		if (pw_prefix_contains(&bridge->conf->gateways.v[i], ip))
			return &bridge->conf->gateways.v[i];
	}
	return NULL;
}

static bool holds_pods(const struct pw_ctl *ctl, const struct ctl_bridge *bridge)
{
	return ctl->conf->pods.mode == PW_CONF_POD_BRIDGED &&
	       strcmp(ctl->conf->pods.bridge, bridge->conf->name) == 0;
}

static int add_gateways(struct pw_ctl *ctl, const struct ctl_bridge *bridge, struct pw_err *err)
{
	char text[PW_PREFIX_STRLEN];

	for (uint32_t i = 0; i < bridge->conf->gateways.n; i++) {
		const struct pw_prefix *gateway = &bridge->conf->gateways.v[i];
		int rc = ctl_route_local_add(ctl, bridge->id, gateway);

		if (rc != 0)
			return pw_err_set(err, rc, "bridge %s: gateway %s: %s", bridge->conf->name,
				pw_prefix_format(gateway, text),
				rc == -EEXIST ? "the address or its subnet is there already"
					      : strerror(-rc));
	}
	return 0;
}

static int add_bridge(struct pw_ctl *ctl, struct ctl_bridge *bridge, struct pw_err *err)
{
	const struct pw_conf_bridge *conf = bridge->conf;
	struct pw_dp_bridge_conf dp_conf;
	int rc;

	if (conf->gateways.n > 0)
		bridge->router_mac48 = pw_mac_is_zero(&conf->mac)
					       ? ctl_derived_mac48(ctl, conf->name)
					       : pw_mac_to_u64(&conf->mac);
	dp_conf = (struct pw_dp_bridge_conf){
		.router_mac48 = bridge->router_mac48,
		.hairpin = conf->hairpin,
		.arp_punt = bridge->router_mac48 != 0 || holds_pods(ctl, bridge),
	};
	rc = pw_dp_bridge_set(ctl->dp, bridge->id, &dp_conf);
	if (rc != 0)
		return pw_err_set(err, rc, "bridge %s: %s", conf->name, strerror(-rc));
	return add_gateways(ctl, bridge, err);
}

static void remove_bridges(struct pw_ctl *ctl)
{
	for (uint32_t i = 0; i < ctl->n_bridges; i++) {
		const struct ctl_bridge *bridge = &ctl->bridges[i];

		for (uint32_t j = 0; j < bridge->conf->gateways.n; j++)
			(void)ctl_route_local_del(ctl, bridge->id, &bridge->conf->gateways.v[j]);
		(void)pw_dp_bridge_del(ctl->dp, bridge->id);
	}
	free(ctl->bridges);
	ctl->bridges = NULL;
	ctl->n_bridges = 0;
}

static int bridge_init(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_conf *conf = ctl->conf;
	int rc;

	ctl->bridges = calloc(conf->n_bridges + 1, sizeof(ctl->bridges[0]));
	if (ctl->bridges == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < conf->n_bridges; i++) {
		struct ctl_bridge *bridge = &ctl->bridges[i];

		bridge->conf = &conf->bridges[i];
		bridge->id = (uint16_t)i;
		ctl->n_bridges = i + 1;
		rc = add_bridge(ctl, bridge, err);
		if (rc != 0) {
			remove_bridges(ctl);
			return rc;
		}
	}
	return 0;
}

const struct ctl_module ctl_module_bridge = {
	.name = "bridge", .init = bridge_init, .fini = remove_bridges};
