/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of layer 2 and 3: ports, fdb, routes, neighbours. */
#include "ctl.h"

#include <string.h>

#include "render.h"

#define PORT_NAMES   "ports.list:ports:name"
#define BRIDGE_NAMES "status:bridges:name"

/* --- ports --------------------------------------------------------------------------------- */

static const struct column port_columns[] = {
	{"NAME", "name", F_TEXT,
		.help = "name of the port; of a pod's port made by the CNI plugin"},
	{"TYPE", "type", F_TEXT,
		.help = "tap (kernel pod, host), af_packet or af_xdp (interface of the kernel), "
			"vhost-user (VM, DPDK), memif, virtio-user or ethdev"},
	{"STATE", "state", F_STATE,
		.help = "up: forwards; down: link or peer is missing; waiting: what it is made of "
			"is not there yet (ports NAME says why)"},
	{"BRIDGE", "bridge", F_TEXT, .help = "the bridge it is in; - for a routed port"},
	{"POD", "pod", F_TEXT, .help = "namespace/name of the pod behind it"},
	{"MAC", "mac", F_TEXT, true, .help = "our own address on it"},
	{"PEER MAC", "peer_mac", F_TEXT, true, .help = "address of who is behind it, if known"},
	{"MTU", "mtu", F_PLAIN, true, .help = "largest packet in bytes, without Ethernet header"},
	{"WORKERS", "workers", F_LIST, true, .help = "workers that read its queues"},
	{"ADDRESSES", "addresses", F_LIST, true, .help = "our addresses on a routed port"},
	{"PEERS", "peers", F_LIST, true, .help = "addresses of who is behind it"},
	{"RX", "rx.packets", F_COUNT, .help = "packets that came in; a GSO frame counts once"},
	{"RX BYTES", "rx.bytes", F_BYTES, .help = "bytes that came in"},
	{"RX GSO", "rx.gso_packets", F_COUNT, true, .help = "of them frames larger than the MTU"},
	{"TX", "tx.packets", F_COUNT, .help = "packets that went out"},
	{"TX BYTES", "tx.bytes", F_BYTES, .help = "bytes that went out"},
	{"TX GSO", "tx.gso_packets", F_COUNT, true, .help = "of them frames larger than the MTU"},
	{"DROPS", "drops", F_COUNT,
		.help = "packets of this port dropped, for any reason (see drops)"},
	{0},
};

static const struct view ports_view = {
	.list = "ports",
	.columns = port_columns,
	.empty = "There is no such port.",
	.detail = render_port,
};

static const struct arg port_name_opt[] = {
	{"NAME", ARG_WORD, NULL, "name", .names = PORT_NAMES,
		.help = "only this port, in detail: every property, and a histogram of frame "
			"sizes"},
	{0},
};

static const char *const port_types[] = {
	"tap", "af_packet", "af_xdp", "vhost-user", "ethdev", "memif", "virtio-user", NULL};
static const char *const socket_modes[] = {"server", "client", NULL};
static const char *const rx_modes[] = {"adaptive", "polling", NULL};

static const struct arg port_add_args[] = {
	{"NAME", ARG_WORD, NULL, "name", .required = true, .help = "a new name"},
	{"type", ARG_KEY, "TYPE", "type", T_CHOICE, .required = true, .choices = port_types,
		.help = "tap, af_packet, af_xdp, vhost-user, ethdev, memif or virtio-user"},
	{"interface", ARG_KEY, "IFNAME", "interface",
		.help = "tap: name of the kernel interface; af_packet, af_xdp: of one that exists, "
			"such as the host end of a veth; virtio-user: of vhost-net"},
	{"socket", ARG_KEY, "PATH", "socket",
		.help = "vhost-user, memif, virtio-user: path of the socket"},
	{"mode", ARG_KEY, "MODE", "mode", T_CHOICE, .choices = socket_modes,
		.help = "who makes the socket: podwayd (server), or the peer (client)"},
	{"socket-uid", ARG_KEY, "UID", "socket_uid", T_NUMBER, .help = "owner of podwayd's socket"},
	{"socket-gid", ARG_KEY, "GID", "socket_gid", T_NUMBER, .help = "group of podwayd's socket"},
	{"socket-mode", ARG_KEY, "OCTAL", "socket_mode",
		.help = "permissions of podwayd's socket; default 0660"},
	{"id", ARG_KEY, "N", "id", T_NUMBER, .help = "memif: number of the connection"},
	{"secret", ARG_KEY, "TEXT", "secret", .help = "memif: what the peer has to know"},
	{"buffer-size", ARG_KEY, "BYTES", "buffer_size", T_NUMBER, .help = "memif: default 2048"},
	{"device", ARG_KEY, "DEVICE", "device",
		.help = "ethdev: DPDK device, as 0000:01:00.0 or net_tap0,iface=x"},
	{"bridge", ARG_KEY, "BRIDGE", "bridge", .names = BRIDGE_NAMES,
		.help = "the bridge to join; without it the port is routed"},
	{"address", ARG_KEY, "PREFIX", "addresses", T_PREFIX, .list = true,
		.help = "our address on a routed port; may be repeated"},
	{"peer", ARG_KEY, "ADDRESS", "peers", T_IP, .list = true,
		.help = "address of who is behind it; may be repeated"},
	{"mac", ARG_KEY, "MAC", "mac", T_MAC, .help = "our address on a routed port"},
	{"peer-mac", ARG_KEY, "MAC", "peer_mac", T_MAC, .help = "of who is behind it"},
	{"mtu", ARG_KEY, "BYTES", "mtu", T_NUMBER, .help = "68..9216; default 1500"},
	{"queues", ARG_KEY, "N", "queues", T_NUMBER, .help = "1..16; default 1"},
	{"busy-poll", ARG_FLAG, NULL, "busy_poll",
		.help = "af_xdp: the kernel's side of a queue runs when a worker polls it"},
	{"ring-size", ARG_KEY, "N", "ring_size", T_NUMBER,
		.help = "descriptors a queue; ethdev, memif, virtio-user"},
	{"rx-mode", ARG_KEY, "MODE", "rx_mode", T_CHOICE, .choices = rx_modes,
		.help = "workers that read it sleep when idle (adaptive), or never (polling)"},
	{0},
};

static const struct arg port_del_args[] = {
	{"NAME", ARG_WORD, NULL, "name", .required = true, .names = PORT_NAMES, .help = "the port"},
	{0},
};

static const struct view port_add_view = {.done = "port {name} added, index {index}"};
static const struct view port_del_view = {.done = "port {name} deleted"};

/* --- fdb ----------------------------------------------------------------------------------- */

static const struct column fdb_columns[] = {
	{"BRIDGE", "bridge", F_TEXT, .help = "the bridge the address is known in"},
	{"MAC", "mac", F_TEXT, .help = "the address"},
	{"PORT", "port", F_TEXT, .help = "where frames to it go"},
	{"KIND", "kind", F_TEXT,
		.help = "learned from a frame, or static: set by pod or "
			"configuration, never aged"},
	{"AGE", "age_sec", F_AGE, .help = "time since a frame came from it"},
	{0},
};

static const struct view fdb_view = {
	.list = "fdb",
	.columns = fdb_columns,
	.empty = "No address is known.",
};

static const struct arg fdb_args[] = {
	{"bridge", ARG_KEY, "BRIDGE", "bridge", .names = BRIDGE_NAMES,
		.help = "only of this bridge"},
	{"port", ARG_KEY, "PORT", "port", .names = PORT_NAMES, .help = "only behind this port"},
	{0},
};

static const struct view flushed_view = {.done = "{flushed} entries flushed"};

/* --- routes -------------------------------------------------------------------------------- */

static const struct column route_columns[] = {
	{"PREFIX", "prefix", F_TEXT,
		.help = "destinations the route is for; the longest match wins"},
	{"KIND", "kind", F_TEXT,
		.help = "connected (on link), local (ours), host (to the node), "
			"via (next hop), pod, neighbour, service, blackhole, "
			"unreachable, prohibit"},
	{"VIA", "via", F_TEXT, .help = "the next hop"},
	{"PORT", "port", F_TEXT, .help = "port or bridge it leaves by"},
	{"MAC", "mac", F_TEXT, .help = "of the next hop, once it is resolved"},
	{"ORIGIN", "origin", F_TEXT,
		.help = "config, ctl (routes add) or auto (from a port, pod or "
			"service)"},
	{"PACKETS", "packets", F_COUNT, true, .help = "packets it forwarded, if that is counted"},
	{0},
};

static const struct view routes_view = {
	.list = "routes",
	.columns = route_columns,
	.empty = "There is no such route.",
};

static const struct arg route_get_args[] = {
	{"ADDRESS", ARG_WORD, NULL, "prefix", T_IP, .required = true,
		.help = "where a packet would go"},
	{0},
};

static const char *const route_kinds[] = {"host", "blackhole", "unreachable", "prohibit", NULL};

static const struct arg route_add_args[] = {
	{"PREFIX", ARG_WORD, NULL, "prefix", T_PREFIX, .required = true,
		.help = "10.9.0.0/16, fd00:9::/48; \"default\" is 0.0.0.0/0"},
	{"via", ARG_KEY, "ADDRESS", "via", T_IP,
		.help = "the next hop, on link of a bridge or routed port"},
	{"port", ARG_KEY, "NAME", "port",
		.help = "the bridge or routed port that a link-local next hop (fe80::..) is on"},
	{"kind", ARG_KEY, "KIND", "kind", T_CHOICE, .choices = route_kinds,
		.help = "instead of via: host (to the node), blackhole (drop), unreachable or "
			"prohibit (drop and say so by ICMP)"},
	{"replace", ARG_FLAG, NULL, "replace", .help = "not an error if it is there already"},
	{0},
};

static const struct arg route_del_args[] = {
	{"PREFIX", ARG_WORD, NULL, "prefix", T_PREFIX, .required = true,
		.names = "routes.list:routes:prefix", .help = "as routes show prints it"},
	{"missing-ok", ARG_FLAG, NULL, "missing_ok", .help = "not an error if there is none"},
	{0},
};

static bool check_route_add(const struct parsed *parsed, char *err, size_t size)
{
	bool via = json_object_get(parsed->params, "via") != NULL;
	bool kind = json_object_get(parsed->params, "kind") != NULL;

	if (via != kind)
		return true;
	snprintf(err, size, "say where to: either via ADDRESS or kind KIND%s",
		via ? ", not both" : "");
	return false;
}

static const struct view route_add_view = {.done = "route {prefix} added"};
static const struct view route_del_view = {.done = "route {prefix} deleted"};

/* --- neighbours ---------------------------------------------------------------------------- */

static const struct column neighbour_columns[] = {
	{"ADDRESS", "address", F_TEXT, .help = "the neighbour's IP address"},
	{"INTERFACE", "interface", F_TEXT, .help = "bridge or routed port it is on link of"},
	{"MAC", "mac", F_TEXT, .help = "its MAC address; - while it is not known"},
	{"STATE", "state", F_STATE,
		.help = "reachable, stale (used, to be confirmed), probe "
			"(being confirmed), incomplete (being asked for), "
			"failed, permanent"},
	{"AGE", "age_sec", F_AGE, .help = "time in this state"},
	{"HELD", "held", F_COUNT, .help = "packets that wait for its MAC"},
	{0},
};

static const struct view neighbours_view = {
	.list = "neighbours",
	.columns = neighbour_columns,
	.empty = "No neighbour is known.",
};

static const struct arg neighbour_flush_args[] = {
	{"ADDRESS", ARG_WORD, NULL, "address", T_IP, .names = "neighbours.list:neighbours:address",
		.help = "only this one"},
	{0},
};

const struct command net_commands[] = {
	{"ports", "show", true, "ports.list", port_name_opt, &ports_view,
		.brief = "list ports with their counters",
		.text = "All ports: NICs, pods, VMs and the node itself. With a name, everything "
			"about one of them. Counters are since the start or stats reset.",
		.examples = {{"ports", "all ports"},
			{"ports uplink0", "one port with its frame-size histogram"},
			{"ports -v", "with addresses, MTU and workers"}}},
	{"ports", "add", false, "ports.add", port_add_args, &port_add_view,
		.brief = "add a port while the daemon runs",
		.text = "The same properties as an entry of ports: in the configuration file. "
			"Other "
			"ports go on forwarding meanwhile.",
		.examples =
			{{"ports add vm2 type vhost-user socket /run/podway/vm2.sock bridge br1",
				 "a VM's port in a bridge"},
				{"ports add veth1 type af_packet interface veth1 bridge br0",
					"the host end of a veth pair in a bridge"},
				{"ports add lan type tap interface lan0 address 192.168.7.1/24",
					"a routed port to the node's own kernel"}}},
	{"ports", "del", false, "ports.del", port_del_args, &port_del_view,
		.brief = "delete a port",
		.text = "Its FDB entries, neighbours and connected routes go with it. The ports of "
			"pods are the CNI plugin's to delete.",
		.examples = {{"ports del vm2", "delete the VM's port"}}},
	{"fdb", "show", true, "fdb.list", fdb_args, &fdb_view,
		.brief = "list the MAC addresses known in the bridges",
		.text = "The forwarding database: which port a frame to a MAC address leaves by.",
		.examples = {{"fdb", "all bridges"},
			{"fdb show bridge br0 port uplink0", "what is behind the uplink in br0"}}},
	{"fdb", "flush", false, "fdb.flush", fdb_args, &flushed_view,
		.brief = "forget learned MAC addresses",
		.text = "Learned entries only; static ones stay. Traffic goes on: frames are "
			"flooded "
			"until the addresses are learned again.",
		.examples = {{"fdb flush", "in all bridges"},
			{"fdb flush port vm2", "what was learned from one port"}}},
	{"routes", "show", true, "routes.list", NULL, &routes_view, .brief = "list routes",
		.text = "All routes of both families, those that ports, pods and services brought "
			"included.",
		.examples = {{"routes", "all routes"},
			{"routes --json | jq '.routes[] | select(.origin==\"ctl\")'",
				"those that routes add made"}}},
	{"routes", "get", false, "routes.list", route_get_args, &routes_view,
		.brief = "show the route that a destination takes",
		.text = "The longest match for one address, as a packet would find it.",
		.examples = {{"routes get 10.1.2.3", "where packets to 10.1.2.3 go"},
			{"routes get fd00::7", "the same for IPv6"}}},
	{"routes", "add", false, "routes.add", route_add_args, &route_add_view,
		.brief = "add or replace a route",
		.text = "The route is used from the moment the command returns.",
		.examples = {{"routes add 10.9.0.0/16 via 10.244.1.9", "to a network behind a pod"},
			{"routes add 0.0.0.0/0 kind host", "all else to the node's own kernel"},
			{"routes add 10.9.0.0/16 via 10.244.1.8 replace", "another next hop"},
			{"routes add fd00:9::/48 via fe80::1 port uplink0",
				"a next hop that is known by its link"}},
		.check = check_route_add},
	{"routes", "del", false, "routes.del", route_del_args, &route_del_view,
		.brief = "delete a route",
		.text = "One that routes add or the configuration made. Those of ports, pods and "
			"services go with what brought them.",
		.examples = {{"routes del 10.9.0.0/16", "delete it"},
			{"routes del 10.9.0.0/16 missing-ok", "in scripts: fine if it is gone"}}},
	{"neighbours", "show", true, "neighbours.list", NULL, &neighbours_view,
		.brief = "list IP neighbours and their MAC addresses (ARP, ND)",
		.text = "Who is on link, and how sure that is (RFC 4861 states).",
		.examples = {{"neighbours", "all of them"},
			{"watch neighbours", "see them being resolved"}}},
	{"neighbours", "flush", false, "neighbours.flush", neighbour_flush_args, &flushed_view,
		.brief = "forget resolved neighbours",
		.text = "They are asked for again when a packet needs them. Permanent ones stay.",
		.examples = {{"neighbours flush", "all"},
			{"neighbours flush 10.244.1.9", "one that changed its MAC"}}},
	{0},
};
