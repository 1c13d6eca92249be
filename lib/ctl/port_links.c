/* SPDX-License-Identifier: BSD-3-Clause */
/* port_links.c - what FDB and routes hold of a port, put there and taken away as a whole. */
#include <errno.h>
#include <string.h>

#include "bridge.h"
#include "neighbour.h"
#include "port_priv.h"
#include "route.h"

static int add_fdb(struct pw_ctl *ctl, struct ctl_port *port, struct pw_err *err)
{
	char mac[PW_MAC_STRLEN];
	struct pw_mac m = pw_mac_from_u64(port->peer_mac48);
	int rc = pw_fdb_set_static(ctl->fdb, port->bridge, port->peer_mac48, port->index);

	if (rc == 0)
		return 0;
	return pw_err_set(err, rc, "port %s: MAC %s: %s", port->name, pw_mac_format(&m, mac),
		rc == -EEXIST   ? "another port of the bridge has it"
		: rc == -ENOSPC ? "the FDB is full (limits.fdb)"
				: strerror(-rc));
}

static int add_address(
	struct pw_ctl *ctl, const struct ctl_port *port, uint32_t i, struct pw_err *err)
{
	char text[PW_PREFIX_STRLEN];
	int rc = ctl_route_local_add(ctl, ctl_port_iface(port), &port->addresses.v[i]);

	if (rc == 0)
		return 0;
	return pw_err_set(err, rc, "port %s: address %s: %s", port->name,
		pw_prefix_format(&port->addresses.v[i], text),
		rc == -EEXIST ? "the address or its subnet is there already" : strerror(-rc));
}

/* Peers whose MAC is not known are found by ARP or ND; those of a bridge without gateway are not routed.
 */
static bool routes_peers(const struct ctl_port *port)
{
	return port->peer_mac48 != 0 && port->router_mac48 != 0;
}

static int add_peer(struct pw_ctl *ctl, const struct ctl_port *port, uint32_t i, struct pw_err *err)
{
	if (pw_ip_is_link_local(&port->peers.v[i].ip))
		return 0; /* not routed */
	if (ctl_route_pod_add(ctl, &port->peers.v[i].ip, port->index, port->bridge,
		    port->router_mac48, port->peer_mac48, port->port->mtu, err) != 0)
		return pw_err_prefix(err, "port %s", port->name);
	return 0;
}

static void del_peers(struct pw_ctl *ctl, const struct ctl_port *port, uint32_t n)
{
	while (n-- > 0)
		ctl_route_pod_del(ctl, &port->peers.v[n].ip);
}

static void del_addresses(struct pw_ctl *ctl, const struct ctl_port *port, uint32_t n)
{
	while (n-- > 0)
		(void)ctl_route_local_del(ctl, ctl_port_iface(port), &port->addresses.v[n]);
}

static void del_fdb(struct pw_ctl *ctl, const struct ctl_port *port)
{
	if (port->bridge != PW_BRIDGE_NONE)
		(void)pw_fdb_flush(ctl->fdb, port->bridge, port->index, true);
}

int port_links_add(struct pw_ctl *ctl, struct ctl_port *port, struct pw_err *err)
{
	uint32_t n_addresses = 0, n_peers = 0;
	int rc = 0;

	if (port->bridge != PW_BRIDGE_NONE && port->peer_mac48 != 0)
		rc = add_fdb(ctl, port, err);
	if (rc != 0)
		return rc;
	for (; n_addresses < port->addresses.n; n_addresses++) {
		rc = add_address(ctl, port, n_addresses, err);
		if (rc != 0)
			goto err_addresses;
	}
	for (; routes_peers(port) && n_peers < port->peers.n; n_peers++) {
		rc = add_peer(ctl, port, n_peers, err);
		if (rc != 0)
			goto err_peers;
	}
	return 0;

err_peers:
	del_peers(ctl, port, n_peers);
err_addresses:
	del_addresses(ctl, port, n_addresses);
	del_fdb(ctl, port);
	return rc;
}

void port_links_del(struct pw_ctl *ctl, struct ctl_port *port)
{
	if (routes_peers(port))
		del_peers(ctl, port, port->peers.n);
	if (port->bridge == PW_BRIDGE_NONE)
		ctl_neigh_flush_iface(ctl, ctl_port_iface(port));
	del_addresses(ctl, port, port->addresses.n);
	del_fdb(ctl, port);
}
