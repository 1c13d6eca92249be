/* SPDX-License-Identifier: BSD-3-Clause */
/* host.h - the host port: how the node itself reaches pods and Services, and they the node. */
#ifndef CTL_HOST_H
#define CTL_HOST_H

#include "ctl.h"

struct ctl_port;

extern const struct ctl_module ctl_module_host;

/* NULL: switched off. An adjacency to the host: its port, router_mac48 -> peer_mac48. */
const struct ctl_port *ctl_host_port(const struct pw_ctl *ctl);

#endif
