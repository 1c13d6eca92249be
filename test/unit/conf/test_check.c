/* SPDX-License-Identifier: BSD-3-Clause */
/* Values that contradict one another; each names both places. */
#include "conf_test.h"

static void cores_and_memory(void **state)
{
	static const struct conf_case cases[] = {
		{"cpu: {control: 1, workers: [1]}\n",
			"f:1:29: cpu.workers[0]: core 1 is used twice (cpu.share: true would allow "
			"it); also at line 1\n"},
		{"cpu:\n  workers: 2,3,2\n  control: 0\n",
			"f:2:12: cpu.workers: core 2 is used twice (cpu.share: true would allow "
			"it); also at line 2\n"},
		{"cpu: {control: 1, workers: [1, 1], share: true}\n", ""},
		{"cpu: {control: 0, workers: 1-3, kernel_ports: [3, 4]}\n",
			"f:1:51: cpu.kernel_ports[1]: core 4 is not among cpu.workers\n"},
		{"cpu: {control: 0, workers: 1-3, kernel_ports: [3, 3]}\n",
			"f:1:51: cpu.kernel_ports[1]: core 3 is named twice; also at line 1\n"},
		{"cpu: {control: 0, workers: 1-2, kernel_ports: 1-2}\n",
			"f:1:47: cpu.kernel_ports: names every worker; leave one of cpu.workers "
			"for the other ports\n"},
		{"cpu: {control: 0, workers: 1-3, kernel_ports: 3}\n", ""},
		{"memory: {size_mb: 64, mbufs: 100000}\n",
			"f:1:30: memory.mbufs: 100000 buffers of 2176 bytes need 226 MiB and the "
			"tables need some, too; memory.size_mb is 64\n"},
		{"memory: {size_mb: 256, mbufs: 100000}\n", ""},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void pods(void **state)
{
	static const struct conf_case cases[] = {
		{"pod_cidr: 10.0.0.0/24\n", ""}, /* no bridge: routed */
		{"pods: {mode: bridged}\n",
			"f:1:14: pods.mode: bridged pods need a bridge and there is none under "
			"bridges; add one, or write pods.mode: routed\n"},
		{"pods: {bridge: br0}\n",
			"f:1:16: pods.bridge: bridged pods need a bridge and there is none under "
			"bridges; add one, or write pods.mode: routed\n"},
		{"pods: {bridge: br1}\nbridges: [{name: br0}]\n",
			"f:1:16: pods.bridge: there is no bridge \"br1\"\n"},
		{"pods: {mode: routed, bridge: br0}\nbridges: [{name: br0}]\n",
			"f:1:30: pods.bridge: routed pods have no bridge; remove it, or write "
			"pods.mode: bridged\n"},
		{"pod_cidr: fd00:1::/64\npods: {mtu: 1279}\n",
			"f:2:13: pods.mtu: 1279 is too small for the IPv6 pod_cidr; allowed: 1280 "
			"or more\n"},
		{"pod_cidr: 10.0.0.0/24\nbridges: [{name: br0, gateway: 10.1.0.1/24}]\n",
			"f:1:11: pod_cidr: 10.0.0.0/24 holds no gateway of bridge br0, so pods "
			"would have none; add one to the bridge, or choose another pods.bridge\n"},
		{"pod_cidr: 10.0.0.0/24\nbridges: [{name: br0}]\n", ""},
		{"snat: {first_port: 2000, last_port: 1999}\n",
			"f:1:37: snat.last_port: ports 2000..1999 are none\n"},
		{"snat: {first_port: 32767}\n",
			"f:1:20: snat.first_port: ports 32767..65535 meet the node ports "
			"30000..32767\n"},
		{"pods: {max: 500}\nlimits: {ports: 500}\n",
			"f:2:17: limits.ports: 500 is too small: pods.max, uplinks, ports and the "
			"host port are 501\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void ranges(void **state)
{
	static const struct conf_case cases[] = {
		/* The gateway of the pods' bridge is inside pod_cidr, and no other. */
		{"pod_cidr: 10.244.1.0/24\nbridges: [{name: br0, gateway: 10.244.1.1/24}]\n", ""},
		{"pod_cidr: 10.244.1.0/24\n"
		 "bridges:\n"
		 "- {name: br0, gateway: 10.244.1.1/25}\n"
		 "- {name: br1, gateway: 10.244.1.129/25}\n",
			"f:4:24: bridges[1].gateway: 10.244.1.129/25 overlaps 10.244.1.0/24 "
			"(pod_cidr); also at line 1\n"},
		{"pod_cidr: 10.244.1.0/24\npods: {mode: routed}\n"
		 "bridges: [{name: br0, gateway: 10.244.1.1/24}]\n",
			"f:3:32: bridges[0].gateway: 10.244.1.1/24 overlaps 10.244.1.0/24 "
			"(pod_cidr); also at line 1\n"},
		{"pod_cidr: 10.244.1.0/24\nservice_cidr: 10.244.0.0/16\n",
			"f:2:15: service_cidr: 10.244.0.0/16 overlaps 10.244.1.0/24 (pod_cidr); "
			"also at line 1\n"},
		{"service_cidr: 10.96.0.0/16\nnode: {addresses: 10.96.0.1}\n",
			"f:2:19: node.addresses: 10.96.0.1/32 overlaps 10.96.0.0/16 "
			"(service_cidr); also at line 1\n"},
		{"bridges:\n"
		 "- {name: br0, gateway: [10.1.0.1/16, 10.1.1.1/24]}\n" /* of one bridge: fine */
		 "- {name: br1, gateway: [fd00::1/64]}\n"
		 "uplinks:\n"
		 "- {name: up0, device: 0000:01:00.0, addresses: 10.1.2.3/24}\n",
			"f:5:48: uplinks[0].addresses: 10.1.2.3/24 overlaps 10.1.0.1/16 (subnet of "
			"a bridge); also at line 2\n"},
		/* A single address may lie in the subnet of a link. */
		{"node: {addresses: [10.1.0.9]}\nbridges: [{name: br0, gateway: 10.1.0.1/24}]\n",
			""},
		{"node: {addresses: [10.1.0.1]}\nbridges: [{name: br0, gateway: 10.1.0.1/24}]\n",
			"f:2:32: bridges[0].gateway: address 10.1.0.1 is used twice; also at line "
			"1\n"},
		{"service_cidr: 10.96.0.0/16\n"
		 "ports: [{name: p, type: tap, peers: 10.96.1.1}]\n",
			"f:2:37: ports[0].peers: 10.96.1.1 is inside service_cidr\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void names(void **state)
{
	static const struct conf_case cases[] = {
		{"bridges: [{name: x}]\n"
		 "ports: [{name: x, type: tap, bridge: x}]\n",
			"f:2:16: ports[0].name: name \"x\" is used twice; bridges and ports share "
			"their names; also at line 1\n"},
		{"ports: [{name: podway0, type: tap, peers: 10.0.0.1}]\n",
			"f:1:9: ports[0].interface: interface \"podway0\" is used twice; also the "
			"default of host.interface\n"},
		{"ports:\n"
		 "- {name: a, type: vhost-user, peers: 10.0.0.1, socket: /run/a}\n"
		 "- {name: b, type: vhost-user, peers: 10.0.0.2, socket: /run/a}\n"
		 "- {name: c, type: vhost-user, peers: 10.0.0.1, socket: "
		 "/run/podway/control.sock}\n",
			"f:3:56: ports[1].socket: socket \"/run/a\" is used twice; also at line 2\n"
			"f:4:38: ports[2].peers: address 10.0.0.1 is used twice; also at line 2\n"
			"f:4:56: ports[2].socket: socket \"/run/podway/control.sock\" is used "
			"twice; also the default of control.socket\n"},
		{"uplinks:\n"
		 "- {name: a, device: \"net_tap0,iface=a\", addresses: 10.0.0.1/24}\n"
		 "ports:\n"
		 "- {name: b, type: ethdev, device: \"net_tap0,iface=b\", peers: 10.0.1.1}\n",
			"f:4:35: ports[0].device: device \"net_tap0\" is used twice; also at line "
			"2\n"},
		{"bridges: [{name: br0, mac: 02:00:00:00:00:01}, {name: br1}]\n"
		 "ports:\n"
		 "- {name: a, type: tap, bridge: br0, peer_mac: 02:00:00:00:00:01}\n"
		 "- {name: b, type: tap, bridge: br1, peer_mac: 02:00:00:00:00:01}\n",
			"f:3:47: ports[0].peer_mac: MAC 02:00:00:00:00:01 of bridge br0 is used "
			"twice; also at line 1\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

static void ports(void **state)
{
	static const struct conf_case cases[] = {
		{"bridges: [{name: br0}]\n"
		 "ports: [{name: a, type: vhost-user, bridge: br0}]\n",
			"f:2:9: ports[0].socket: missing; a port of type vhost-user needs it; "
			"example: /run/podway/vm0.sock\n"},
		{"bridges: [{name: br0}]\n"
		 "ports: [{name: a, type: ethdev, bridge: br0, socket: /run/x}]\n",
			"f:2:9: ports[0].device: missing; a port of type ethdev needs it; example: "
			"net_af_packet0,iface=eth1\n"
			"f:2:54: ports[0].socket: is only for ports of type vhost-user, memif, "
			"virtio-user\n"},
		{"ports: [{name: a-name-of-sixteen, type: tap, peers: 10.0.0.1}]\n",
			"f:1:9: ports[0].interface: missing; a port of type tap needs it; example: "
			"veth1\n"},
		{"bridges: [{name: br0}]\n"
		 "uplinks: [{name: a, bridge: br0}]\n"
		 "ports: [{name: b, type: af_xdp, bridge: br0}]\n",
			"f:2:11: uplinks[0].device: missing; a port of type ethdev needs it; "
			"example: net_af_packet0,iface=eth1\n"
			"f:3:9: ports[0].interface: missing; a port of type af_xdp needs it; "
			"example: veth1\n"},
		{"bridges: [{name: br0}]\n"
		 "uplinks: [{name: a, type: af_packet, interface: e1, bridge: br0, busy_poll: "
		 "yes}]\n"
		 "ports: [{name: b, type: af_xdp, interface: e1, device: net_null0, bridge: "
		 "br0}]\n",
			"f:2:77: uplinks[0].busy_poll: is only for ports of type af_xdp\n"
			"f:3:44: ports[0].interface: interface \"e1\" is used twice; also at line "
			"2\n"
			"f:3:56: ports[0].device: is only for ports of type ethdev\n"},
		{"uplinks: [{name: a, type: tap, addresses: 10.0.0.1/24}]\n",
			"f:1:27: uplinks[0].type: \"tap\" is not allowed; allowed: ethdev, "
			"af_packet "
			"or af_xdp\n"},
		/* Without its type nothing is known of the other keys. */
		{"ports: [{name: a, type: tapp, socket: /run/x, peers: 10.0.0.1}]\n",
			"f:1:25: ports[0].type: \"tapp\" is not allowed; allowed: tap, "
			"af_packet, af_xdp, vhost-user, ethdev, memif or virtio-user\n"},
		{"bridges: [{name: br0}]\n"
		 "ports: [{name: a, type: tap, bridge: br1, addresses: 10.0.0.1/24}]\n",
			"f:2:38: ports[0].bridge: there is no bridge \"br1\" under bridges\n"
			"f:2:54: ports[0].addresses: a port on a bridge has no addresses; the "
			"bridge has (gateway)\n"},
		/* The bridge is there, but its name cannot be read. */
		{"bridges: [{name: b r}]\nports: [{name: a, type: tap, bridge: br}]\n",
			"f:1:18: bridges[0].name: \"b r\" is not a valid name; allowed: 1..31 "
			"letters, digits, '_', '.', '-', a letter or digit first; example: br0\n"},
		{"bridges: [{name: br0}]\n"
		 "ports: [{name: a, type: tap, bridge: br0, mac: 02:00:00:00:00:01}]\n",
			"f:2:48: ports[0].mac: a port on a bridge has no MAC of its own; the "
			"bridge has (mac)\n"},
		{"ports: [{name: a, type: tap}]\n",
			"f:1:9: ports[0]: needs a bridge, or addresses or peers\n"},
		{"uplinks: [{name: a, device: 0000:01:00.0}]\n",
			"f:1:11: uplinks[0]: needs a bridge, or addresses\n"},
		{"ports: [{name: a, type: tap, addresses: fd00::1/64, mtu: 1279}]\n",
			"f:1:58: ports[0].mtu: 1279 is too small for IPv6; allowed: 1280..9216\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

#define PORT(keys) "bridges: [{name: b}]\nports: [{name: a, bridge: b, " keys "}]\n"

static void sockets(void **state)
{
	static const struct conf_case cases[] = {
		{PORT("type: vhost-user, socket: /run/x, mode: client"), ""},
		{PORT("type: vhost-user, socket: /run/x, socket_uid: 1, socket_mode: 0600"), ""},
		{PORT("type: memif, socket: /run/x, id: 7, secret: s, buffer_size: 4096"), ""},
		{PORT("type: virtio-user, socket: /run/x, ring_size: 512"), ""},
		{PORT("type: virtio-user, interface: v0"), ""},
		{PORT("type: vhost-user, socket: /run/x, mode: client, socket_gid: 1"),
			"f:2:90: ports[0].socket_gid: is only for mode server: else the socket is "
			"the peer's\n"},
		{PORT("type: vhost-user, socket: /run/x, ring_size: 512"),
			"f:2:75: ports[0].ring_size: is only for ports of type ethdev, memif, "
			"virtio-user\n"},
		{PORT("type: tap, mode: server, id: 3"),
			"f:2:47: ports[0].mode: is only for ports of type vhost-user, memif, "
			"virtio-user\n"
			"f:2:59: ports[0].id: is only for ports of type memif\n"},
		{PORT("type: virtio-user, socket: /run/x, interface: v0"),
			"f:2:57: ports[0].socket: not together with interface; a port of type "
			"virtio-user needs either a socket or an interface of vhost-net\n"},
		{PORT("type: virtio-user"),
			"f:2:9: ports[0].socket: missing; a port of type virtio-user needs either "
			"a socket or an interface of vhost-net\n"},
		{PORT("type: memif, socket: /run/x, secret: \"a,b\""),
			"f:2:67: ports[0].secret: \"a,b\" holds a blank, a comma or a special "
			"character; allowed: 1..23 printable characters without blanks and "
			"commas\n"},
		{PORT("type: memif, socket: /run/x, socket_mode: 888"),
			"f:2:72: ports[0].socket_mode: \"888\" is no file mode; allowed: octal "
			"001..777, such as 0660\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

#define LINK "bridges: [{name: br0, gateway: [192.0.2.1/24, fd00::1/64]}]\n"

static void routes(void **state)
{
	static const struct conf_case cases[] = {
		{LINK "routes: [{prefix: 0.0.0.0/0, via: 192.0.2.254}, {prefix: '::/0', via: "
		      "fd00::2}]\n",
			""},
		{"ports: [{name: a, type: tap, peers: 10.0.0.1}]\n"
		 "routes: [{prefix: 0.0.0.0/0, via: 10.0.0.1}]\n",
			""},
		{LINK "routes: [{prefix: 0.0.0.0/0, via: 192.0.3.254}]\n",
			"f:2:35: routes[0].via: 192.0.3.254 is in no subnet of a bridge, uplink or "
			"port, so it cannot be reached; allowed: a neighbour\n"},
		{LINK "routes: [{prefix: 0.0.0.0/0, via: 192.0.2.1}]\n",
			"f:2:35: routes[0].via: 192.0.2.1 is an address of this node; also at line "
			"1\n"},
		{LINK "routes: [{prefix: 0.0.0.0/0, via: fd00::2}]\n",
			"f:2:35: routes[0].via: fd00::2 is not of the family of the prefix; "
			"needed: "
			"an IPv4 address\n"},
		/* A link-local next hop and its link. */
		{LINK "routes: [{prefix: '::/0', via: fe80::2, port: br0}]\n", ""},
		{LINK "routes: [{prefix: '::/0', via: fe80::2}]\n",
			"f:2:32: routes[0].via: fe80::2 is link-local; needed: port, the bridge or "
			"routed port it is on\n"},
		{LINK "routes: [{prefix: '::/0', via: fe80::2, port: b}]\n",
			"f:2:47: routes[0].port: \"b\" is no bridge with a gateway and no routed "
			"port\n"},
		{LINK "routes: [{prefix: '::/0', via: fd00::2, port: a}]\n",
			"f:2:47: routes[0].port: only a link-local next hop needs it; fd00::2 "
			"tells "
			"its own\n"},
		{"routes: [{prefix: '::/0', kind: prohibit, port: a}]\n",
			"f:1:49: routes[0].port: only a route of kind via has it\n"},
		{"routes: [{prefix: 0.0.0.0/0}]\n",
			"f:1:10: routes[0].via: missing; a route has a next hop (via: 192.0.2.254) "
			"or a kind (host, blackhole, unreachable, prohibit)\n"},
		{"routes: [{prefix: 0.0.0.0/0, kind: host, via: 10.0.0.1}]\n"
		 "host: {enabled: false}\n",
			"f:1:36: routes[0].kind: there is no host port; write host.enabled: true\n"
			"f:1:47: routes[0].via: only a route of kind via has it\n"},
		{"routes:\n- {prefix: 10.0.0.0/8, kind: host}\n- {prefix: 10.0.0.0/9, kind: host}\n"
		 "- {prefix: 10.0.0.0/8, kind: prohibit}\n",
			"f:4:12: routes[2].prefix: route 10.0.0.0/8 is given twice; also at line "
			"2\n"},
		/* Where the bridge cannot be read, nothing is said of what it would reach. */
		{"bridges: [{name: br0, gatway: 192.0.2.1/24}]\n"
		 "routes: [{prefix: 0.0.0.0/0, via: 192.0.2.254}]\n",
			"f:1:23: bridges[0].gatway: unknown key; did you mean \"gateway\"?\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

#define WEB(rest) "service_cidr: 10.96.0.0/16\nservices:\n- {name: web, " rest "}\n"

static void services(void **state)
{
	static const struct conf_case cases[] = {
		{WEB("cluster_ip: 10.96.0.9, ports: [{port: 80}], endpoints: 10.0.0.1"), ""},
		{WEB("cluster_ip: 10.97.0.9, ports: [{port: 80}]"),
			"f:3:27: services[0].cluster_ip: 10.97.0.9 is outside of service_cidr "
			"(line 1)\n"},
		{WEB("cluster_ip: fd00::9, ports: [{port: 80}]"), ""}, /* no IPv6 service_cidr */
		{"limits: {flows_ipv6: 0}\n" WEB("cluster_ip: fd00::9, ports: [{port: 80}]"),
			"f:4:27: services[0].cluster_ip: fd00::9 is IPv6, but limits.flows_ipv6 is "
			"0\n"},
		{"bridges: [{name: br0, gateway: 10.1.0.1/24}]\n"
		 "services:\n- {name: web, cluster_ip: 10.1.0.1, ports: [{port: 80}]}\n",
			"f:3:27: services[0].cluster_ip: 10.1.0.1 is an address of this node; also "
			"at line 1\n"},
		{"pod_cidr: 10.1.0.0/24\n"
		 "services:\n- {name: web, cluster_ip: 10.1.0.1, ports: [{port: 80}]}\n",
			"f:3:27: services[0].cluster_ip: 10.1.0.1 is inside pod_cidr (line 1)\n"},
		{WEB("cluster_ip: 10.96.0.9, ports: []"),
			"f:3:45: services[0].ports: is empty; needed: at least one port; example: "
			"[{port: 80}]\n"},
		{WEB("cluster_ip: 10.96.0.9, ports: [{name: a, port: 80}, {port: 81}]"),
			"f:3:67: services[0].ports[1].name: missing; each of several ports needs a "
			"name\n"},
		{WEB("cluster_ip: 10.96.0.9, ports: [{name: a, port: 80}, {name: a, port: 81}]"),
			"f:3:74: services[0].ports[1].name: port name \"a\" is used twice in the "
			"Service; also at line 3\n"},
		{WEB("cluster_ip: 10.96.0.9, ports: [{name: a, port: 53}, {name: b, port: 53, "
		     "protocol: UDP}]"),
			""},
		{WEB("cluster_ip: 10.96.0.9, ports: [{name: a, port: 80}, {name: b, port: 80}]"),
			"f:3:83: services[0].ports[1].port: virtual address 10.96.0.9 port 80/tcp "
			"is "
			"used twice; also at line 3\n"},
		{WEB("cluster_ip: 10.96.0.9, ports: [{port: 80}]}\n"
		     "- {name: default/web, cluster_ip: 10.96.0.9, ports: [{port: 80}]"),
			"f:4:10: services[1].name: Service \"default/web\" is given twice; also at "
			"line 3\n"
			"f:4:61: services[1].ports[0].port: virtual address 10.96.0.9 port 80/tcp "
			"is used twice; also at line 3\n"},
		{WEB("cluster_ip: 10.96.0.9, ports: [{port: 80}], endpoints: [10.0.0.1, fd00::1, "
		     "10.96.0.3, 10.0.0.1]"),
			"f:3:81: services[0].endpoints[1]: fd00::1 is IPv6, but the Service has no "
			"IPv6 cluster_ip\n"
			"f:3:90: services[0].endpoints[2]: 10.96.0.3 is inside service_cidr; "
			"needed: the address of a pod or host\n"
			"f:3:101: services[0].endpoints[3]: endpoint 10.0.0.1 is given twice; also "
			"at line 3\n"},
		{"limits: {endpoints: 1}\n" WEB(
			 "cluster_ip: 10.96.0.9, ports: [{port: 80}], endpoints: [10.0.0.1, "
			 "10.0.0.2]"),
			"f:1:21: limits.endpoints: 1 is too small: endpoints of this file are 2\n"},
	};

	run_cases(cases, PW_ARRAY_SIZE(cases));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cores_and_memory),
		cmocka_unit_test(pods),
		cmocka_unit_test(ranges),
		cmocka_unit_test(names),
		cmocka_unit_test(ports),
		cmocka_unit_test(sockets),
		cmocka_unit_test(routes),
		cmocka_unit_test(services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
