#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What the port types for kernel pods cost: two pods on one bridge, one worker, iperf3 between them in turns.
#
#   bench_ports.sh BUILD_DIR [TURNS] [SECONDS]
#
# Prints, for each window, what arrived and the worker thread's own CPU time (/proc schedstat: right on a busy machine,
# too) a KB of TCP and a frame of UDP. Clients and servers are kept on core 0, the worker is on core 1.
. "$(dirname "$0")/../func/lib.sh"
. "$TEST_DIR/peers.bash"
TURNS=${2:-3} WINDOW=${3:-3}

pods() { # TYPE KEYS: alice and bob; bob's address is in $bob
	bob=10.244.1.201
	if [ "$1" = tap ]; then
		test_config_node </dev/null
		lab_start && lab_pod_add alice && lab_pod_add bob && bob=$(lab_ip bob)
		return
	fi
	test_config_node <<-EOF
		ports:
		  - {name: alice, type: $1, interface: v-alice, bridge: br0$2}
		  - {name: bob, type: $1, interface: v-bob, bridge: br0$2}
	EOF
	veth_add alice -- 10.244.1.200/24 && veth_add bob -- 10.244.1.201/24 && lab_start
}

worker_ns() { cut -d' ' -f1 "/proc/$LAB_DAEMON/task/$worker/schedstat"; }

# The thread that has used the most CPU time, but for the first.
find_worker() {
	local task
	for task in "/proc/$LAB_DAEMON/task/"*; do
		[ "${task##*/}" = "$LAB_DAEMON" ] || echo "$(cut -d' ' -f1 "$task/schedstat") ${task##*/}"
	done | sort -n | tail -1 | cut -d' ' -f2
}

iperf() { # FILTER ARGS..
	local filter=$1
	shift
	taskset -c 0 nsenter --net="$(lab_netns alice)" iperf3 -J -c "$bob" -t "$WINDOW" "$@" | jq -r "$filter"
}

tcp_window() {
	local before bytes
	before=$(worker_ns)
	bytes=$(iperf .end.sum_received.bytes)
	awk -v b="$bytes" -v ns=$(($(worker_ns) - before)) -v t="$WINDOW" \
		'BEGIN {printf "TCP %.2f Gbit/s, %.0f ns a KB", b * 8 / t / 1e9, ns / b * 1024}'
}

udp_window() {
	local before frames rate
	before=$(worker_ns) frames=$(ctl_json '[.workers[].rx] | add' workers)
	rate=$(iperf '(.end.sum.packets - .end.sum.lost_packets) / .end.sum.seconds / 1000 | floor' -u -b 0 -l 18)
	frames=$(($(ctl_json '[.workers[].rx] | add' workers) - frames))
	echo "UDP of 64 bytes: $rate kpps arrived, worker $((frames / WINDOW / 1000)) kpps, $((($(worker_ns) - before) / frames)) ns a frame"
}

listens() { lab_in bob ss -Hltn sport = :5201 | grep -q .; }

run() { # TYPE [KEYS]
	local turn
	test_begin "$BUILD"
	pods "$1" "${2:-}" || exit 1
	lab_wait 5 lab_in alice ping -c 1 -W 1 "$bob" || exit 1
	lab_bg bob taskset -c 0 iperf3 -s
	lab_wait 5 listens || exit 1
	worker=$(find_worker)
	for ((turn = 0; turn < TURNS; turn++)); do
		echo "$1${2:-}: $(tcp_window); $(udp_window)"
	done
	lab_cleanup
	trap - EXIT
}

BUILD=${1:?usage: $0 BUILD_DIR [TURNS] [SECONDS]}
. "$TEST_DIR/veths.bash"
uptime
run tap
run af_packet
run af_xdp
run af_xdp ", busy_poll: true"
uptime
