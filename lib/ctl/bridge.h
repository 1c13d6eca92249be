/* SPDX-License-Identifier: BSD-3-Clause */
/* bridge.h - the bridges of the configuration; they live as long as the daemon. */
#ifndef CTL_BRIDGE_H
#define CTL_BRIDGE_H

#include "ctl.h"

struct ctl_bridge {
	const struct pw_conf_bridge *conf;
	uint16_t id;           /* index in ctl->bridges */
	uint64_t router_mac48; /* 0: no gateway, pure L2 */
	uint32_t n_ports;
};

extern const struct ctl_module ctl_module_bridge;

struct ctl_bridge *ctl_bridge_find(struct pw_ctl *ctl, const char *name); /* NULL: none */
struct ctl_bridge *ctl_bridge_at(const struct pw_ctl *ctl, uint16_t id);  /* NULL: none */
const char *ctl_bridge_name(const struct pw_ctl *ctl, uint16_t id);       /* NULL: none */
/* The gateway on whose link ip is; NULL: none. */
const struct pw_prefix *ctl_bridge_gateway(const struct ctl_bridge *bridge, const struct pw_ip *ip);

#endif
