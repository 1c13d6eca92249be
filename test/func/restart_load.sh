#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ten times kill -9 under iperf3, between two pods on TAPs and between two machines on vhost-user ports: iperf3 ends
# well, no connection is lost; how long nothing crossed is printed for each kill (OPS-1, OPS-2, OPS-3, P-18).
. "$(dirname "$0")/lib.sh"
test_begin "$@"
KILLS=${KILLS:-10}
# Of the median. The goal is 1000 (P-18); where others make and delete namespaces, the kernel's lock of interfaces
# (rtnl) lets one death or start take seconds.
LIMIT_MS=${LIMIT_MS:-3000}

test_config_node <<EOF
  - {name: br1}
ports:
  - {name: vm0, type: vhost-user, mode: client, socket: $LAB_DIR/vm0.sock, bridge: br1}
  - {name: vm1, type: vhost-user, mode: client, socket: $LAB_DIR/vm1.sock, bridge: br1}
EOF

# Machines with kernels of their own: another podwayd, which nobody kills, passes frames between virtio-user devices
# and TAPs in the machines' namespaces. It sleeps when there is nothing to do: what spins takes the cores that a
# dying and a starting process need.
machines_config() {
	cat >"$LAB_DIR/machines.yaml" <<EOF
cpu: {control: 0, workers: [0], share: true}
memory: {hugepages: no, size_mb: 256}
state_dir: $LAB_DIR/machines-state
control: {socket: $LAB_DIR/machines.sock}
host: {enabled: false}
bridges: [{name: m0}, {name: m1}]
ports:
  - {name: vm0, type: virtio-user, mode: server, socket: $LAB_DIR/vm0.sock, bridge: m0}
  - {name: vm1, type: virtio-user, mode: server, socket: $LAB_DIR/vm1.sock, bridge: m1}
  - {name: t0, type: tap, interface: m0, bridge: m0}
  - {name: t1, type: tap, interface: m1, bridge: m1}
EOF
}
machine_add() { # NAME ADDRESS
	lab_wait 20 ip -n "$LAB_PREFIX-node" link show "$1" && ip netns add "$LAB_PREFIX-$1" &&
		ip -n "$LAB_PREFIX-node" link set "$1" netns "$LAB_PREFIX-$1" && ip -n "$LAB_PREFIX-$1" link set lo up &&
		ip -n "$LAB_PREFIX-$1" addr add "$2" dev "$1" && ip -n "$LAB_PREFIX-$1" link set "$1" up
}

port_is_up() { ctl_json ".ports[] | select(.name == \"$1\") | .state == \"up\"" ports; }
tcp_runs() { # CLIENT ADDRESS: something came within the last 100 ms
	lab_in "$1" ss -Htin dst "$2:7000" >"$LAB_DIR/ss.out" && [ -s "$LAB_DIR/ss.out" ] &&
		! grep -qE 'lastrcv:[0-9]{3,}' "$LAB_DIR/ss.out"
}
pinged() { lab_in "$1" ping -c 3 -i 0.05 -W 2 "$2"; }

# As systemd does with RestartSec=0: the next one is started as soon as the last one is dead.
crash() {
	local pid=$LAB_DAEMON killed dead
	killed=$(date +%s.%N)
	kill -KILL "$pid"
	{ wait "$pid"; } 2>/dev/null
	dead=$(date +%s.%N)
	lab_start || return 1
	TIMES+=("$killed $dead $(date +%s.%N)")
}

median_is_below() { # LIMIT FILE: of the datagrams
	awk -v limit="$1" '/^median/ {print; good = $4 <= limit} END {exit !good}' "$2"
}

# under_load WHAT CLIENT SERVER ADDRESS RATE: iperf3 runs on while podwayd is killed again and again.
under_load() {
	local what=$1 client=$2 server=$3 address=$4 rate=$5 iperf probe n
	TIMES=()
	lab_bg "$server" "$TEST_DIR/peer.py" serve 0.0.0.0 7000
	lab_bg "$server" iperf3 -s -1
	check_eventually 10 "$what: the server listens" lab_listens "$server" 7000
	check_eventually 10 "$what: iperf3 listens" lab_listens "$server" 5201
	check_eventually 10 "$what: ping" pinged "$client" "$address"
	lab_bg "$client" "$TEST_DIR/gaps.py" probe "$address" 7000 "$LAB_DIR/$client"
	probe=$LAB_LAST_PID
	lab_bg "$client" iperf3 -c "$address" -t $((KILLS * 2 + 4)) -b "$rate" -J --logfile "$LAB_DIR/$client.iperf"
	iperf=$LAB_LAST_PID
	check_eventually 10 "$what: TCP runs" tcp_runs "$client" "$address"
	sleep 1
	for ((n = 0; n < KILLS; n++)); do
		crash >"$LAB_DIR/crash.out" 2>&1 && lab_wait 5 pinged "$client" "$address" &&
			lab_wait 30 tcp_runs "$client" "$address" || break
		sleep 0.7
	done
	check "$what: podwayd came back $KILLS times" [ "$n" = "$KILLS" ]
	check "$what: iperf3 ended well" wait "$iperf"
	check "$what: and received until then" jq -e '.error == null and .end.sum_received.bytes > 0' "$LAB_DIR/$client.iperf"
	kill "$probe"
	check "$what: the TCP stream beside it lost nothing" wait "$probe"
	"$TEST_DIR/gaps.py" table "$LAB_DIR/$client" "$what" "${TIMES[@]}" >"$LAB_DIR/$client.table"
	sed 's/^/        /' "$LAB_DIR/$client.table"
	jq -r '"        iperf3: \(.end.sum_received.bits_per_second / 1e6 | floor) Mbit/s, the gaps included"' "$LAB_DIR/$client.iperf"
	check "$what: datagrams crossed again within $LIMIT_MS ms, in the median" median_is_below "$LIMIT_MS" "$LAB_DIR/$client.table"
}

check "podwayd starts with $WORKERS workers" lab_start
for pod in a b; do
	check "pod $pod" lab_pod_add $pod
done
under_load "tap to tap" a b "$(lab_ip b)" 1G

machines_config
lab_bg node "$LAB_BUILD/app/podwayd/podwayd" --config "$LAB_DIR/machines.yaml"
check "a machine on vm0" machine_add m0 10.9.0.1/24
check "a machine on vm1" machine_add m1 10.9.0.2/24
for port in vm0 vm1; do
	check_eventually 20 "$port is up" port_is_up $port
done
under_load "vhost to vhost" m0 m1 10.9.0.2 200M
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
