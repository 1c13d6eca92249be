/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host.c - the host port: a TAP in the daemon's namespace, routed, with the node's addresses on it.
 *
 * The kernel's side gets the node's addresses and routes to the pod and service ranges; ours knows
 * the node's addresses as known ones. Nothing is resolved by ARP or ND: the kernel is told our MAC.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "host_net.h"
#include "port_reg.h"

#define HOST_PORT_NAME "host"

struct ctl_host {
	struct ctl_port *port;
	struct host_net *net;
};

const struct ctl_port *ctl_host_port(const struct pw_ctl *ctl)
{
	return ctl->host != NULL ? ctl->host->port : NULL;
}

/* The node's addresses, as those of who is behind the port. */
static struct pw_conf_prefixes node_peers(const struct pw_conf *conf)
{
	struct pw_conf_prefixes peers = conf->node.addresses;

	for (uint32_t i = 0; i < peers.n; i++)
		peers.v[i].len = pw_ip_bits(&peers.v[i].ip);
	return peers;
}

static int add_port(struct pw_ctl *ctl, struct pw_err *err)
{
	const struct pw_conf_prefixes peers = node_peers(ctl->conf);
	const struct ctl_port_spec spec = {
		.name = HOST_PORT_NAME,
		.kind = CTL_PORT_HOST,
		.type = PW_PORT_TAP,
		.mtu = ctl->conf->host.mtu,
		.queues = 1,
		.bridge = PW_BRIDGE_NONE,
		.peer_mac = pw_mac_from_u64(ctl_derived_mac48(ctl, "host/kernel")),
		.interface = ctl->conf->host.interface,
		.fd = -1,
		.peers = &peers,
	};

	return ctl_port_add(ctl, &spec, &ctl->host->port, err);
}

static void host_fini(struct pw_ctl *ctl)
{
	if (ctl->host == NULL)
		return;
	host_net_undo(ctl->host->net);
	free(ctl->host); /* the port goes with all ports */
	ctl->host = NULL;
}

static int host_init(struct pw_ctl *ctl, struct pw_err *err)
{
	struct pw_mac router;
	int rc;

	if (!ctl->conf->host.enabled)
		return 0;
	ctl->host = calloc(1, sizeof(*ctl->host));
	if (ctl->host == NULL)
		return pw_err_set(err, -ENOMEM, "out of memory");
	rc = add_port(ctl, err);
	if (rc != 0)
		goto err;
	router = pw_mac_from_u64(ctl->host->port->router_mac48);
	ctl->host->net = host_net_apply(ctl->conf, &router, err);
	if (ctl->host->net == NULL) {
		rc = err->code;
		goto err;
	}
	return 0;
err:
	host_fini(ctl);
	return rc;
}

const struct ctl_module ctl_module_host = {.name = "host", .init = host_init, .fini = host_fini};
