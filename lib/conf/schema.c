/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables: every key of the file. The texts are the reference, too (docs/configuration.md). */
#include "conf_load.h"
#include "conf_schema.h"
#include "pw_util.h"

#define SCHEMA(rows)                                                                               \
	{                                                                                          \
		.keys = (rows), .n_keys = PW_ARRAY_SIZE(rows)                                      \
	}
#define AT(field) .offset = offsetof(struct OF, field)
#define TYPE(t)   .type = &conf_type_##t
#define TEXT(field, r)                                                                             \
	TYPE(text), AT(field), .text = {sizeof(((struct OF *)0)->field), &conf_rule_##r}
#define STRING(field, r)   TYPE(string), AT(field), .text = {0, &conf_rule_##r}
#define U32(field, lo, hi) TYPE(u32), AT(field), .range = {lo, hi}
#define U16(field, lo, hi) TYPE(u16), AT(field), .range = {lo, hi}
#define BOOL(field)        TYPE(bool), AT(field)
#define WORD(field, w)     TYPE(word), AT(field), .words = (w)
#define PREFIXES(field, r) TYPE(prefixes), AT(field), .ip_rules = (r)
#define MAC(field)         TYPE(mac), AT(field)
#define MTU(field)         U32(field, 68, 9216) /* RFC 791; what NICs take as jumbo frames */
#define LIST(field, l)     TYPE(list), AT(field), .list = &(l)

static const struct conf_word idle_words[] = {
	{"adaptive", PW_CONF_IDLE_ADAPTIVE},
	{"poll", PW_CONF_IDLE_POLL},
	{NULL, 0},
};
static const struct conf_word tristate_words[] = {
	{"auto", PW_CONF_AUTO},
	{"yes", PW_CONF_YES},
	{"true", PW_CONF_YES},
	{"no", PW_CONF_NO},
	{"false", PW_CONF_NO},
	{NULL, 0},
};
static const struct conf_word pod_mode_words[] = {
	{"bridged", PW_CONF_POD_BRIDGED},
	{"routed", PW_CONF_POD_ROUTED},
	{NULL, 0},
};
static const struct conf_word port_type_words[] = {
	{"tap", PW_CONF_PORT_TAP},
	{"af_packet", PW_CONF_PORT_AF_PACKET},
	{"af_xdp", PW_CONF_PORT_AF_XDP},
	{"vhost-user", PW_CONF_PORT_VHOST_USER},
	{"ethdev", PW_CONF_PORT_ETHDEV},
	{"memif", PW_CONF_PORT_MEMIF},
	{"virtio-user", PW_CONF_PORT_VIRTIO_USER},
	{NULL, 0},
};
static const struct conf_word uplink_type_words[] = {
	{"ethdev", PW_CONF_PORT_ETHDEV},
	{"af_packet", PW_CONF_PORT_AF_PACKET},
	{"af_xdp", PW_CONF_PORT_AF_XDP},
	{NULL, 0},
};
static const struct conf_word socket_mode_words[] = {
	{"server", PW_CONF_SOCKET_SERVER},
	{"client", PW_CONF_SOCKET_CLIENT},
	{NULL, 0},
};
static const struct conf_word rx_mode_words[] = {
	{"adaptive", PW_CONF_RX_ADAPTIVE},
	{"polling", PW_CONF_RX_POLLING},
	{NULL, 0},
};
static const struct conf_word route_kind_words[] = {
	{"via", PW_CONF_ROUTE_VIA},
	{"host", PW_CONF_ROUTE_HOST},
	{"blackhole", PW_CONF_ROUTE_BLACKHOLE},
	{"unreachable", PW_CONF_ROUTE_UNREACHABLE},
	{"prohibit", PW_CONF_ROUTE_PROHIBIT},
	{NULL, 0},
};
static const struct conf_word algorithm_words[] = {
	{"random", PW_CONF_RANDOM},
	{"maglev", PW_CONF_MAGLEV},
	{NULL, 0},
};
static const struct conf_word protocol_words[] = {
	/* Kubernetes writes them large */
	{"tcp", PW_CONF_TCP},
	{"TCP", PW_CONF_TCP},
	{"udp", PW_CONF_UDP},
	{"UDP", PW_CONF_UDP},
	{"sctp", PW_CONF_SCTP},
	{"SCTP", PW_CONF_SCTP},
	{NULL, 0},
};

/* ---- elements of lists ---- */

#define OF pw_conf_bridge
static const struct conf_key bridge_keys[] = {
	{"name", TEXT(name, name), .required = true,
		.doc = "name of the bridge; bridges and ports share one name space"},
	{"gateway", PREFIXES(gateways, CONF_IP_INTERFACE),
		.doc = "own addresses on the bridge, with the length of its subnet; none: a bridge "
		       "that only switches"},
	{"mac", MAC(mac), .fallback = "derived from the name", .doc = "MAC of the gateway"},
	{"ageing_sec", U32(ageing_sec, 10, 1000000),
		.doc = "a learned MAC is forgotten after this many seconds without a frame"},
	{"max_fdb_per_port", U32(max_fdb_per_port, 1, 65536),
		.doc = "MACs that are learned from one port at most"},
	{"hairpin", BOOL(hairpin), .doc = "a frame may leave by the port it came in"},
	{"router_advert", BOOL(router_advert),
		.doc = "IPv6: hosts on the bridge are told of its gateway and may make themselves "
		       "addresses in its /64 (router advertisements). Pods need it not"},
};
#undef OF

#define OF pw_conf_port
static const struct conf_key uplink_keys[] = {
	{"name", TEXT(name, name), .required = true,
		.doc = "name of the uplink; bridges and ports share one name space"},
	{"type", WORD(type, uplink_type_words),
		.doc = "what drives it: DPDK (ethdev), or the kernel, by packet or AF_XDP sockets"},
	{"device", STRING(device, device),
		.doc = "ethdev (required): DPDK device, such as 0000:01:00.0"},
	{"interface", STRING(interface, ifname),
		.doc = "af_packet, af_xdp (required): interface of the kernel"},
	{"bridge", TEXT(bridge, name),
		.doc = "bridge it belongs to; else it is routed and needs addresses"},
	{"addresses", PREFIXES(addresses, CONF_IP_INTERFACE),
		.doc = "own addresses on the link, with the length of its subnet"},
	{"mac", MAC(mac), .fallback = "the device's; af_packet: derived from the name",
		.doc = "own MAC; routed uplinks only"},
	{"mtu", MTU(mtu), .doc = "largest IP packet"},
	{"queues", U32(queues, 1, 16), .doc = "receive queues, shared out over the workers"},
	{"busy_poll", BOOL(busy_poll),
		.doc = "af_xdp: the kernel's side of a queue runs when a worker polls it"},
	{"ring_size", U32(ring_size, 0, 32768), .fallback = "1024",
		.doc = "descriptors a queue; the device may change it"},
	{"rx_mode", WORD(rx_mode, rx_mode_words),
		.doc = "workers that read it sleep as cpu.idle says (adaptive), or never "
		       "(polling)"},
};

static const struct conf_key port_keys[] = {
	{"name", TEXT(name, name), .required = true,
		.doc = "name of the port; bridges and ports share one name space"},
	{"type", WORD(type, port_type_words), .required = true, .doc = "kind of the port"},
	{"device", STRING(device, device),
		.doc = "ethdev (required): DPDK device, such as 0000:01:00.0 or "
		       "\"net_tap0,iface=t0\""},
	{"interface", STRING(interface, ifname), .fallback = "tap: the port's name",
		.doc = "af_packet, af_xdp (required): interface of the kernel, such as the host "
		       "end of a veth; tap: name of the one that podway makes; virtio-user: name "
		       "of the one that the kernel's vhost-net makes"},
	{"socket", STRING(socket, socket),
		.doc = "vhost-user, memif (required), virtio-user: path of the socket"},
	{"mode", TYPE(optional_word), AT(mode), .words = socket_mode_words,
		.fallback = "server; virtio-user: client",
		.doc = "who makes the socket: podway (server), or the peer (client: podway "
		       "connects to it, again and again until it is there)"},
	{"socket_uid", TYPE(id), AT(socket_uid), .range = {0, UINT32_MAX - 1},
		.fallback = "podwayd's",
		.doc = "vhost-user, memif, mode server: owner of the socket"},
	{"socket_gid", TYPE(id), AT(socket_gid), .range = {0, UINT32_MAX - 1},
		.fallback = "podwayd's",
		.doc = "vhost-user, memif, mode server: group of the socket"},
	{"socket_mode", TYPE(file_mode), AT(socket_mode), .fallback = "0660",
		.doc = "vhost-user, memif, mode server: permissions of the socket"},
	{"id", U32(id, 0, UINT32_MAX),
		.doc = "memif: number of the connection; both sides name it"},
	{"secret", STRING(secret, secret), .doc = "memif: what the peer has to know"},
	{"buffer_size", U32(buffer_size, 0, 16384), .fallback = "2048",
		.doc = "memif, mode client: bytes of a buffer; longer frames take several"},
	{"bridge", TEXT(bridge, name),
		.doc = "bridge it belongs to; else it is routed and needs addresses or peers"},
	{"addresses", PREFIXES(addresses, CONF_IP_INTERFACE),
		.doc = "routed port: own addresses on the link, with the length of its subnet"},
	{"peers", PREFIXES(peers, CONF_IP_HOST),
		.doc = "addresses of who is behind the port: static neighbours"},
	{"mac", MAC(mac), .fallback = "the device's, or derived from the name",
		.doc = "own MAC; routed ports only"},
	{"peer_mac", MAC(peer_mac), .fallback = "learned",
		.doc = "MAC of who is behind the port: static FDB entry or neighbour"},
	{"mtu", MTU(mtu), .doc = "largest IP packet"},
	{"queues", U32(queues, 1, 16), .doc = "receive queues, shared out over the workers"},
	{"busy_poll", BOOL(busy_poll),
		.doc = "af_xdp: the kernel's side of a queue runs when a worker polls it"},
	{"ring_size", U32(ring_size, 0, 32768), .fallback = "ethdev, memif: 1024; virtio-user: 256",
		.doc = "descriptors a queue; ethdev, memif and virtio-user only: of vhost-user the "
		       "guest says it"
		       ", a TAP has none"},
	{"rx_mode", WORD(rx_mode, rx_mode_words),
		.doc = "workers that read it sleep as cpu.idle says (adaptive), or never "
		       "(polling)"},
};
#undef OF

#define OF pw_conf_route
static const struct conf_key route_keys[] = {
	{"prefix", TYPE(prefix), AT(prefix), .required = true,
		.doc = "destination, such as 0.0.0.0/0 or 10.20.0.0/16"},
	{"kind", WORD(kind, route_kind_words),
		.doc = "what happens to the packets: to the next hop (via), to the node itself "
		       "(host), dropped silently (blackhole), or refused by ICMP (unreachable, "
		       "prohibit)"},
	{"via", TYPE(ip), AT(via), .ip_rules = CONF_IP_HOST,
		.doc = "kind via (required): next hop, in the subnet of a bridge or of a routed "
		       "port"},
	{"port", TEXT(port, name),
		.doc = "bridge or routed port that a link-local next hop (fe80::..) is on"},
};
#undef OF

#define OF pw_conf_service_port
static const struct conf_key service_port_keys[] = {
	{"name", TEXT(name, port_name), .doc = "name of the port; required if there are several"},
	{"protocol", WORD(protocol, protocol_words), .doc = "transport protocol"},
	{"port", U16(port, 1, 65535), .required = true, .doc = "port that clients use"},
	{"target_port", U16(target_port, 1, 65535), .fallback = "port",
		.doc = "port that the endpoints listen on"},
};
#undef OF

static const struct conf_schema service_port_schema = SCHEMA(service_port_keys);
static const struct conf_list service_ports = {
	.schema = &service_port_schema,
	.elem_bytes = sizeof(struct pw_conf_service_port),
	.count_offset = offsetof(struct pw_conf_service, n_ports),
	.mark_offset = SIZE_MAX,
	.max = 256,
	.init = conf_init_service_port,
};

#define OF pw_conf_service
static const struct conf_key service_keys[] = {
	{"name", TYPE(service_name), AT(name), .required = true,
		.text = {sizeof(((struct pw_conf_service *)0)->name), &conf_rule_service_name},
		.doc = "namespace/name, such as default/web; without a namespace it is in default"},
	{"cluster_ip", PREFIXES(cluster_ips, CONF_IP_HOST | CONF_IP_ONE_A_FAMILY), .required = true,
		.doc = "virtual address, such as 10.96.0.10; inside service_cidr if there is one"},
	{"ports", LIST(ports, service_ports), .required = true,
		.doc = "ports of the Service, at least one"},
	{"endpoints", TYPE(ips), AT(endpoints), .ip_rules = CONF_IP_HOST,
		.doc = "addresses of those who serve; none: connections are refused"},
	{"affinity_sec", U32(affinity_sec, 0, 86400),
		.doc = "new connections of a client go to the endpoint of its last one, if that "
		       "was "
		       "no longer ago (sessionAffinity: ClientIP, 10800 there); 0: no affinity"},
	{"algorithm", WORD(algorithm, algorithm_words),
		.doc = "who gets a new connection: any endpoint (random), or the one that its "
		       "addresses and ports say, on every node the same and mostly the same after "
		       "a change of endpoints (maglev)"},
};
#undef OF

/* ---- lists ---- */

static const struct conf_schema bridge_schema = SCHEMA(bridge_keys);
static const struct conf_schema uplink_schema = SCHEMA(uplink_keys);
static const struct conf_schema port_schema = SCHEMA(port_keys);
static const struct conf_schema route_schema = SCHEMA(route_keys);
static const struct conf_schema service_schema = SCHEMA(service_keys);

static bool is_uplink(const void *elem)
{
	return ((const struct pw_conf_port *)elem)->uplink;
}

static bool is_no_uplink(const void *elem)
{
	return !is_uplink(elem);
}

static const struct conf_list bridges = {
	.schema = &bridge_schema,
	.elem_bytes = sizeof(struct pw_conf_bridge),
	.count_offset = offsetof(struct pw_conf, n_bridges),
	.mark_offset = offsetof(struct pw_conf_bridge, mark),
	.max = 256,
	.init = conf_init_bridge,
};
static const struct conf_list uplinks = {
	.schema = &uplink_schema,
	.elem_bytes = sizeof(struct pw_conf_port),
	.count_offset = offsetof(struct pw_conf, n_ports),
	.mark_offset = offsetof(struct pw_conf_port, mark),
	.max = 32, /* RTE_MAX_ETHPORTS of Debian's DPDK */
	.init = conf_init_uplink,
	.belongs = is_uplink,
};
static const struct conf_list ports = {
	.schema = &port_schema,
	.elem_bytes = sizeof(struct pw_conf_port),
	.count_offset = offsetof(struct pw_conf, n_ports),
	.mark_offset = offsetof(struct pw_conf_port, mark),
	.max = 4096,
	.init = conf_init_port,
	.belongs = is_no_uplink,
};
static const struct conf_list routes = {
	.schema = &route_schema,
	.elem_bytes = sizeof(struct pw_conf_route),
	.count_offset = offsetof(struct pw_conf, n_routes),
	.mark_offset = offsetof(struct pw_conf_route, mark),
	.max = 65536,
};
static const struct conf_list services = {
	.schema = &service_schema,
	.elem_bytes = sizeof(struct pw_conf_service),
	.count_offset = offsetof(struct pw_conf, n_services),
	.mark_offset = offsetof(struct pw_conf_service, mark),
	.max = 65536,
};

/* ---- sections ---- */

#define OF pw_conf
static const struct conf_key node_keys[] = {
	{"name", TEXT(node.name, node_name), .fallback = "the host name",
		.doc = "name of the node, as Kubernetes knows it"},
	{"addresses", PREFIXES(node.addresses, CONF_IP_INTERFACE | CONF_IP_LENGTH_OPTIONAL),
		.doc = "the node's own addresses, on the host port"},
};
static const struct conf_key cpu_keys[] = {
	{"control", U32(cpu.control, 0, 1023), .fallback = "first core the process may use",
		.doc = "core of the control thread"},
	{"workers", TYPE(workers), AT(cpu.workers), .range = {0, 1023}, .fallback = "the next core",
		.doc = "cores of the workers, one worker each, up to 64; auto: all that the "
		       "process may use (cpuset of its cgroup) but that of the control thread"},
	{"kernel_ports", TYPE(cores), AT(cpu.kernel_ports), .range = {0, 1023},
		.doc = "those of the workers that read kernel ports (TAPs of pods and of the node, "
		       "AF_PACKET, AF_XDP), which cost system calls, and nothing else; the other "
		       "workers read the rest"},
	{"share", BOOL(cpu.share), .fallback = "false; true if there is only one core",
		.doc = "a core may be used by several threads"},
	{"idle", WORD(cpu.idle, idle_words),
		.doc = "what a worker without packets does: sleep until there are some (adaptive), "
		       "or spin (poll)"},
};
static const struct conf_key memory_keys[] = {
	{"hugepages", WORD(memory.hugepages, tristate_words),
		.doc = "use hugepages; auto: if enough are free"},
	{"size_mb", U32(memory.size_mb, 64, 1048576),
		.doc = "memory for packets and tables, in MiB"},
	{"mbufs", U32(memory.mbufs, 0, 16777216),
		.doc = "packet buffers; 0: by size_mb and the ports"},
	{"mbuf_bytes", U32(memory.mbuf_bytes, 1664, 16512),
		.doc = "bytes of one packet buffer, 128 of headroom among them; longer frames take "
		       "several"},
};
static const struct conf_key control_keys[] = {
	{"socket", STRING(control_socket, socket), .doc = "path of the control socket"},
	{"max_clients", U32(max_clients, 1, 1024), .doc = "connections at once"},
};
static const struct conf_key pods_keys[] = {
	{"mode", WORD(pods.mode, pod_mode_words),
		.fallback = "bridged; routed in a file without bridges",
		.doc = "how pods are connected: ports of one bridge, or routed one by one"},
	{"bridge", TEXT(pods.bridge, name), .fallback = "the first bridge",
		.doc = "bridge of the pods; mode bridged only"},
	{"mtu", MTU(pods.mtu), .doc = "MTU of the pods' interfaces"},
	{"max", U32(pods.max, 1, 4096), .doc = "pods at once"},
};
static const struct conf_key host_keys[] = {
	{"enabled", BOOL(host.enabled), .doc = "give the node itself a port"},
	{"interface", TEXT(host.interface, ifname), .doc = "name of its kernel interface (a TAP)"},
	{"mtu", MTU(host.mtu), .doc = "MTU of its kernel interface"},
};
static const struct conf_key limits_keys[] = {
	{"ports", U32(limits.ports, 1, 4096), .doc = "ports, pods and the host port among them"},
	{"fdb", U32(limits.fdb, 64, 1048576), .doc = "MACs of all bridges"},
	{"routes", U32(limits.routes, 64, 4194304), .doc = "routes"},
	{"neighbours", U32(limits.neighbours, 16, 1048576), .doc = "ARP and ND entries"},
	{"flows", U32(limits.flows, 1024, 16777216), .doc = "tracked connections"},
	{"flows_ipv6", U32(limits.flows_ipv6, 0, 16777216),
		.fallback = "65536 if service_cidr or a Service has an IPv6 address, else 0",
		.doc = "tracked connections of IPv6, 160 bytes each; 0: no Services over IPv6"},
	{"flows_per_client", U32(limits.flows_per_client, 0, 16777216),
		.doc = "tracked connections of one client address; 0: any number"},
	{"services", U32(limits.services, 1, 65536), .doc = "Service ports"},
	{"endpoints", U32(limits.endpoints, 1, 1048576), .doc = "endpoints of all Services"},
};

static const struct conf_key conntrack_keys[] = {
#define X(state, sec, text)                                                                        \
	{.name = #state,                                                                           \
		U32(conntrack.timeout_sec[PW_CT_TIMEOUT_##state], 1, 10000000),                    \
		.doc = "seconds of silence: " text},
	PW_CT_TIMEOUTS(X)
#undef X
};
static const struct conf_key snat_keys[] = {
	{"first_port", U32(snat.first_port, 1024, 65535),
		.doc = "first source port of masqueraded flows; podwayd reserves them in the "
		       "kernel "
		       "(ip_local_reserved_ports)"},
	{"last_port", U32(snat.last_port, 1024, 65535), .doc = "last one"},
};

static const struct conf_schema node = SCHEMA(node_keys);
static const struct conf_schema cpu = SCHEMA(cpu_keys);
static const struct conf_schema memory = SCHEMA(memory_keys);
static const struct conf_schema control = SCHEMA(control_keys);
static const struct conf_schema pods = SCHEMA(pods_keys);
static const struct conf_schema host = SCHEMA(host_keys);
static const struct conf_schema limits = SCHEMA(limits_keys);
static const struct conf_schema conntrack = SCHEMA(conntrack_keys);
static const struct conf_schema snat = SCHEMA(snat_keys);

static const struct conf_key root_keys[] = {
	{"node", TYPE(section), .section = &node, .doc = "who this node is"},
	{"cpu", TYPE(section), .section = &cpu, .doc = "cores"},
	{"memory", TYPE(section), .section = &memory, .doc = "memory"},
	{"state_dir", STRING(state_dir, path),
		.doc = "folder of what outlives a restart: pods, routes and Services set at run "
		       "time"},
	{"flow_file", STRING(flow_file, path), .fallback = "flows, beside the control socket",
		.doc = "file of the flow table, by which connections outlive the daemon; on a "
		       "tmpfs "
		       "or hugetlbfs, for workers write to it"},
	{"control", TYPE(section), .section = &control, .doc = "control socket"},
	{"pod_cidr", PREFIXES(pod_cidrs, CONF_IP_RANGE | CONF_IP_ONE_A_FAMILY),
		.doc = "addresses of the pods of this node"},
	{"service_cidr", PREFIXES(service_cidrs, CONF_IP_RANGE | CONF_IP_ONE_A_FAMILY),
		.doc = "virtual addresses of the Services of the cluster"},
	{"pods", TYPE(section), .section = &pods, .doc = "pods that podway-cni brings"},
	{"host", TYPE(section), .section = &host, .doc = "port of the node itself"},
	{"limits", TYPE(section), .section = &limits, .doc = "sizes of tables"},
	{"conntrack", TYPE(section), .section = &conntrack,
		.doc = "how long a tracked connection may be silent"},
	{"snat", TYPE(section), .section = &snat, .doc = "masquerading"},
	{"bridges", LIST(bridges, bridges), .doc = "bridges"},
	{"uplinks", LIST(ports, uplinks), .doc = "NICs and what stands for them"},
	{"ports", LIST(ports, ports), .doc = "static ports: VMs, DPDK processes, TAPs"},
	{"routes", LIST(routes, routes), .doc = "static routes"},
	{"services", LIST(services, services), .doc = "static Services"},
};
#undef OF

const struct conf_schema conf_root = SCHEMA(root_keys);
