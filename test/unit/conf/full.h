/* SPDX-License-Identifier: BSD-3-Clause */
/* full.h - a file that uses every key, with values other than the defaults. */
#ifndef FULL_H
#define FULL_H

static const char full_yaml[] =
	"node: {name: n, addresses: [192.0.2.1, 'fd09::1/128']}\n"
	"cpu: {control: 4, workers: 1-3, share: yes, idle: poll}\n"
	"memory: {hugepages: no, size_mb: 300, mbufs: 5000, mbuf_bytes: 4224}\n"
	"state_dir: \"/a \\\"quoted\\\" \\\\ path: # \xc3\xa9\"\n"
	"control: {socket: /run/c, max_clients: 3}\n"
	"pod_cidr: [10.244.1.0/24, fd01::/64]\n"
	"service_cidr: [10.96.0.0/16, fd02::/112]\n"
	"pods: {mode: bridged, bridge: br1, mtu: 1400, max: 9}\n"
	"host: {enabled: false, interface: h0, mtu: 1300}\n"
	"limits: {ports: 100, fdb: 101, routes: 102, neighbours: 103, flows: 1040, services: 105,\n"
	"         endpoints: 106}\n"
	"bridges:\n"
	"- {name: br0, gateway: 10.5.0.0/31, mac: 02:00:00:00:00:0A, ageing_sec: 10,\n"
	"   max_fdb_per_port: 1, hairpin: on}\n"
	"- {name: br1, gateway: [10.244.1.1/24, 'fd01::1/64']}\n"
	"uplinks:\n"
	"- {name: up0, device: 'net_tap0,iface=x', addresses: ['fe80::1/10', 10.6.0.1/24],\n"
	"   mac: 02:00:00:00:00:01, mtu: 9000, queues: 4}\n"
	"- {name: up1, device: 0000:01:00.0, bridge: br0}\n"
	"ports:\n"
	"- {name: \"null\", type: tap, interface: t0, addresses: 10.7.0.1/24, peers: 10.7.0.2,\n"
	"   mac: 02:00:00:00:00:02, peer_mac: 02:00:00:00:00:03, mtu: 2000, queues: 2}\n"
	"- {name: vm, type: vhost-user, socket: /run/vm, bridge: br0}\n"
	"- {name: \"1\", type: ethdev, device: net_null0, bridge: br1}\n"
	"routes:\n"
	"- {prefix: 0.0.0.0/0, via: 10.6.0.9}\n"
	"- {prefix: '::/0', kind: blackhole}\n"
	"- {prefix: 10.1.0.0/16, kind: unreachable}\n"
	"- {prefix: 'fd05::', kind: prohibit}\n"
	"services:\n"
	"- name: web\n"
	"  cluster_ip: [10.96.0.10, 'fd02::a']\n"
	"  ports:\n"
	"  - {name: http, protocol: tcp, port: 80, target_port: 8080}\n"
	"  - {name: quic, protocol: udp, port: 443}\n"
	"  - {name: sig, protocol: SCTP, port: 65535}\n"
	"  endpoints: [10.244.1.5, '::2', 'fd01::5']\n"
	"- {name: kube-system/dns, cluster_ip: 10.96.0.11, ports: [{port: 53}]}\n";

#endif
