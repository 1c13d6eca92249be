#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What attaching a pod takes, the daemon being warm (P-17):  sudo bench_cni.sh BUILD_DIR [options]
#
# podway-cni processes against a daemon, timed from start to end, and what the requests kept the control thread. PODS
# (environment; 110) namespaces are made before. The processes in flight share the cores with the daemon and its worker.
# shellcheck disable=SC2034
. "$(dirname "$0")/../func/lib.sh"
. "$(dirname "$0")/figures.bash"

FIGURES_TABLE='
alone|P-17|podway-cni alone (VERSION), start to exit, p50|ms|-|$value <= 5
add.p50|P-17|ADD, one by one, p50|ms|-|null
add.p99|P-17|ADD, one by one, p99|ms|-|null
many.p50|P-17|ADD, all in flight, p50|ms|-|$value <= 20
many.p99|P-17|ADD, all in flight, p99|ms|-|$value <= 200
del.p99|P-17|DEL, all in flight, p99|ms|-|null'
TURNS=1
figures_options cni "$@"
PODS=${PODS:-$([ -n "$QUICK" ] && echo 10 || echo 110)}

# LINE COLUMN of what bench_cni.py printed
cell() { sed -n "s/^$1 *//p" "$LAB_DIR/cni.out" | awk -v c="$2" '{print $c}'; }

window() {
	local namespaces=() i
	figures_lab
	test_config <<-EOF
		node: {name: bench, addresses: [198.51.100.1/32]}
		pod_cidr: 10.244.0.0/22
		service_cidr: 10.96.0.0/16
		bridges: [{name: br0, gateway: 10.244.0.1/22}]
		pods: {max: 300}
		limits: {ports: 320}
	EOF
	lab_start || return 1
	for ((i = 0; i < PODS; i++)); do
		ip netns add "$LAB_PREFIX-c$i"
		namespaces+=("$(lab_netns "c$i")")
	done
	"$(dirname "$0")/bench_cni.py" "$LAB_BUILD/app/podway-cni/podway-cni" "$LAB_SOCKET" "$LAB_DIR/state" "${namespaces[@]}" |
		tee "$LAB_DIR/cni.out"
	figure alone "$(cell "VERSION: the plugin alone" 1)"
	figure add.p50 "$(cell "ADD, one by one" 1)"
	figure add.p99 "$(cell "ADD, one by one" 2)"
	figure many.p50 "$(cell "ADD, $PODS in flight" 1)"
	figure many.p99 "$(cell "ADD, $PODS in flight" 2)"
	figure del.p99 "$(cell "DEL, $PODS in flight" 2)"
	echo
	lab_ctl requests
	figures_lab_end
}

figures_run window cni
