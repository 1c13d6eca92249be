#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What an idle node costs, and how soon it is awake, by type of port (P-12):  sudo bench_idle.sh BUILD_DIR [options]
#
#   none         no port but the host's            tap50, tap250   as many TAP pods, attached by podway-cni
#   tap, host, af_packet, af_xdp, vhost-user, memif, null (an ethdev that cannot tell)
#
# CPU: of all threads together, and of the worker, from /proc/PID/task/*/stat over 10 s without a packet of ours. Round
# trips are of ICMP echo to a Service's address, which the worker answers: at once after each other (busy), and after
# pauses of 2 to 12 ms (idle); SAMPLES (environment; 1000) of each. The worker is on core 1, the rest on core 0. On a machine
# that others use, too, RT=1 gives the worker and the bench real-time priority, so that they need not wait for a core.
# shellcheck disable=SC2034
. "$(dirname "$0")/../func/lib.sh"
. "$(dirname "$0")/figures.bash"

CASES=(none tap host af_packet af_xdp vhost-user memif null tap50 tap250)
FIGURES_TABLE=$(for case in "${CASES[@]}"; do
	cpu=null
	case $case in
	none) cpu='$value <= 2' ;;
	tap50) cpu='$value <= 3' ;;
	esac
	echo "$case.cpu|P-12|idle, $case, CPU|% of a core|-|$cpu"
	echo "$case.busy|P-12|busy, $case, round trip p99|us|-|null"
	echo "$case.idle|P-12|idle, $case, round trip p99|us|-|$([ "$case" = tap50 ] && echo '$value <= 200' || echo null)"
done)
TURNS=1 WINDOW=10
figures_options idle "$@"
SAMPLES=${SAMPLES:-$([ -n "$QUICK" ] && echo 50 || echo 1000)}
[ -z "$QUICK" ] || CASES=(none tap)
. "$TEST_DIR/veths.bash"
VIP=10.96.0.10 MAC=02:00:00:00:00:a1 ADDRESS=10.244.3.200

config() { # PORTS
	test_config <<-EOF
		node: {name: bench, addresses: [198.51.100.1/32]}
		pod_cidr: 10.244.0.0/22
		service_cidr: 10.96.0.0/16
		bridges: [{name: br0, gateway: 10.244.0.1/22}]
		pods: {max: 300}
		limits: {ports: 320}
		services: [{name: a, cluster_ip: $VIP, ports: [{port: 80}], endpoints: [10.244.0.2]}]
		ports: [$1]
	EOF
}

# shellcheck disable=SC2034 # lab_pod_add notes the name there
one_pod() { LAB_PODS=(); lab_pod_add "$1"; }
pods() { # N
	export LAB_BUILD LAB_DIR LAB_PREFIX LAB_SOCKET LAB_CID_SALT
	export -f one_pod lab_pod_add lab_cni lab_conflist lab_netns
	seq -f "p%g" "$1" | xargs -P 4 -I{} bash -c 'one_pod {}'
}

set_up() {
	case $1 in
	none | host) config && lab_start ;;
	tap) config && lab_start && pods 1 ;;
	tap*) config && lab_start && pods "${1#tap}" ;;
	af_*)
		config "{name: a, type: $1, interface: v-a, bridge: br0}"
		veth_add a -- $ADDRESS/22 10.244.0.1 && lab_start
		;;
	null) config "{name: a, type: ethdev, device: 'net_null0,no-rx=1', bridge: br0}" && lab_start ;;
	*) config "{name: a, type: $1, socket: $LAB_DIR/a.sock, bridge: br0}" && lab_start ;;
	esac
}

bench_in() {
	local name=$1
	shift
	lab_in "$name" taskset -c 0 ${RT:+chrt -f 10} "$LAB_BUILD/test/perf/bench_idle" "$@"
}

# The bench is the peer of a vhost-user or memif port.
device() {
	local gateway
	gateway=$(ctl_json '.bridges[0].mac' status)
	bench_in node device "$1" $MAC $ADDRESS "$gateway" $VIP "$SAMPLES"
}

round_trips() {
	local from=p1
	case $1 in
	none | null) echo "- - - - - - - -"; return ;;
	vhost-user) device "net_virtio_user0,path=$LAB_DIR/a.sock,mac=$MAC"; return ;;
	memif) device "net_memif0,socket=$LAB_DIR/a.sock,role=client,socket-abstract=no,mac=$MAC"; return ;;
	host) from=node ;;
	af_*) from=a ;;
	esac
	bench_in $from ping $VIP "$SAMPLES"
}

# Ticks of user and system time, by thread.
ticks() {
	local task
	for task in "/proc/$LAB_DAEMON/task/"*; do
		echo "$(cat "$task/comm") $(sed 's/.*) //' "$task/stat" | awk '{print $12 + $13}')"
	done
}

# What comes from a busy machine is kept out of the round trips.
prefer() {
	local task
	for task in "/proc/$LAB_DAEMON/task/"*; do
		! grep -q worker "$task/comm" || chrt -f -p 10 "${task##*/}"
	done
}

# "all worker" in percent of a core
cpu() {
	[ -n "$QUICK" ] || sleep 3 # until it has come to rest
	ticks >"$LAB_DIR/ticks"
	sleep "$WINDOW"
	ticks | paste -d' ' "$LAB_DIR/ticks" - | awk -v hz="$(getconf CLK_TCK)" -v s="$(awk -v w="$WINDOW" 'BEGIN {print 100 / w}')" '
		{all += $4 - $2} $1 ~ /worker/ {worker += $4 - $2} END {printf "%.1f %.1f", all * s / hz, worker * s / hz}'
}

run() {
	local cpu trips
	figures_lab
	if ! set_up "$1" >"$LAB_DIR/set_up" 2>&1; then
		echo "$1: $(tail -3 "$LAB_DIR/set_up")"
		return 1
	fi
	cpu=$(cpu)
	[ -z "${RT:-}" ] || prefer
	trips=$(round_trips "$1" 2>"$LAB_DIR/peer.err") || trips="- - - - - - - $(tail -1 "$LAB_DIR/peer.err")"
	figure "$1.cpu" "${cpu% *}"
	figure "$1.busy" "$(awk '{print $3}' <<<"$trips")"
	figure "$1.idle" "$(awk '{print $6}' <<<"$trips")"
	awk -v name="$1" -v cpu="$cpu" '{split(cpu, c, " ")
		printf "%-12s%6s %8s%10s %8s %8s %8s %6s\n", name, c[1], c[2], $2, $3, $5, $6, $8}' <<<"$trips"
	figures_lab_end
}

printf '%-12s%6s %8s%10s %8s %8s %8s %6s\n' "" "CPU %" "worker" "busy p50" "p99 us" "idle p50" "p99 us" lost
figures_run run "${CASES[@]}"
