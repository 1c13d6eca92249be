#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A Service between pods of the kernel: client -> cluster IP -> server, through podwayd and through the kernel itself
#   with kube-proxy's rules:  bench_kernel.sh BUILD_DIR [options]
#
#   podway    two TAP pods on a bridge of podwayd, one worker
#   iptables  veth pairs on a bridge, br_netfilter, kube-proxy's iptables rules
#   nft       the same with kube-proxy's nftables rules: a map
#   vhost     podwayd between two vhost-user ports: another medium, which is what makes the difference
#
# Each has SERVICES Services (environment; 1000), the one under test last. One TCP stream; UDP in frames of 64 bytes as fast
# as one sender can, what arrived; a request and its response of 64 bytes at a time. The scheduler places client, server
# and the kernel's work on both cores; podwayd's worker is on core 1 (P-8, P-9, P-10).
# shellcheck disable=SC2034
. "$(dirname "$0")/../func/lib.sh"
. "$(dirname "$0")/figures.bash"
. "$(dirname "$0")/rig.bash"
. "$(dirname "$0")/proxies.bash"
. "$TEST_DIR/veths.bash"

FIGURES_TABLE='
podway.tcp|P-8|podwayd, TCP through a Service|Gbit/s|iptables.tcp|$ratio >= 1
nft.tcp|P-8|kernel, nftables map, TCP|Gbit/s|iptables.tcp|null
iptables.tcp|P-8|kernel, iptables, TCP|Gbit/s|-|null
podway.udp|P-9|podwayd, UDP 64 B through a Service|kpps|iptables.udp|$ratio >= 1
nft.udp|P-9|kernel, nftables map, UDP 64 B|kpps|iptables.udp|null
iptables.udp|P-9|kernel, iptables, UDP 64 B|kpps|-|null
podway.p50|P-9|podwayd, request to response, p50|us|iptables.p50|$ratio <= 1.5
nft.p50|P-9|kernel, nftables map, request to response, p50|us|iptables.p50|null
iptables.p50|P-9|kernel, iptables, request to response, p50|us|-|null
podway.p99|P-9|podwayd, request to response, p99|us|iptables.p99|null
iptables.p99|P-9|kernel, iptables, request to response, p99|us|-|null
vhost.udp|P-10|podwayd, vhost-user, Service UDP 64 B|kpps|iptables.udp|$ratio >= 10'
figures_options kernel "$@"
SERVICES=${SERVICES:-1000}
VIP=10.96.255.254

podway_pods() {
	test_config_node <<-EOF
		services:
		$(awk -v n="$SERVICES" 'BEGIN { for (i = 1; i < n; i++)
			printf "  - {name: ns/svc-%d, cluster_ip: 10.96.%d.%d, ports: [{port: 80}], endpoints: [10.244.2.%d]}\n", i, i / 250, i % 250 + 1, i % 250 + 1}')
		  - {name: ns/last, cluster_ip: $VIP, endpoints: [10.244.1.3],
		     ports: [{name: a, port: 5201}, {name: b, protocol: udp, port: 5201}, {name: c, protocol: udp, port: 7}]}
	EOF
	lab_start && lab_pod_add client && lab_pod_add server
}

set_up() {
	case $1 in
	podway) podway_pods ;;
	iptables | nft) proxy_pods client server && "proxy_$1" "$SERVICES" $VIP 10.244.1.3 ;;
	esac
}

path_of() {
	case $1 in
	podway) ctl_json '.ports[] | select(.pod == "default/client") | "podwayd, \(.type), largest frame received \(.rx.max_frame_bytes) B"' ports ;;
	iptables) iptables --version ;;
	nft) nft --version ;;
	esac
}

iperf() { lab_in client timeout $((WINDOW + 20)) iperf3 -J -c $VIP -t "$WINDOW" "$@"; }

pods_window() {
	local times
	set_up "$1" || return 1
	lab_bg server iperf3 -s
	lab_bg server "$LAB_BUILD/test/perf/bench_rr" serve 7
	lab_wait 10 lab_listens server 5201 || return 1
	figure "$1.tcp" "$(iperf | jq '.end.sum_received.bits_per_second / 1e7 | round / 100')"
	figure "$1.udp" "$(iperf -u -b 0 -l 18 | jq '(.end.sum.packets - .end.sum.lost_packets) / .end.sum.seconds / 100 | round / 10')"
	times=$(lab_in client "$LAB_BUILD/test/perf/bench_rr" ask $VIP 7 "$WINDOW") || times="- -"
	figure "$1.p50" "$(cut -d' ' -f1 <<<"$times")"
	figure "$1.p99" "$(cut -d' ' -f2 <<<"$times")"
	figure_path "$1.tcp" "$(path_of "$1")"
	printf '%-10s TCP %s Gbit/s, UDP %s kpps, request to response p50 %s us, p99 %s us\n' "$1" "$(last "$1.tcp")" "$(last "$1.udp")" \
		"$(last "$1.p50")" "$(last "$1.p99")"
}

vhost_window() {
	local mpps
	rig_router || return 1
	mpps=$(rig_mpps nat1k)
	[ "$mpps" = - ] || mpps=$(awk -v m="$mpps" 'BEGIN {print m * 1000}')
	figure vhost.udp "$mpps"
	figure_path vhost.udp "$(rig_path)"
	printf '%-10s UDP %s kpps\n' vhost "$mpps"
}

window() {
	figures_lab
	case $1 in
	vhost) vhost_window ;;
	*) pods_window "$1" ;;
	esac || return 1
	figures_lab_end
}

figures_run window podway iptables nft vhost
