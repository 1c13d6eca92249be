#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Receive queues go to another worker while traffic runs: none is lost, TCP goes on, the new worker reads the
# port; what cannot be moved is refused; kernel ports on a worker of their own; load (OPS-7).
. "$(dirname "$0")/lib.sh"
test_begin "$@"
# Always more than one worker: with one there is nowhere to go.
cpus="workers: [0, 1]"
[ "$WORKERS" = 2 ] && cpus="workers: [0, 1, 1], kernel_ports: [0]"

config() {
	test_config_node <<EOF
ports:
  - {name: vm0, type: vhost-user, socket: $LAB_DIR/vm0.sock, bridge: br0, queues: 2}
EOF
	sed -i "s/^cpu: .*/cpu: {control: 0, $1, share: true}/" "$LAB_DIR/podway.yaml"
}

workers_of() { ctl_json ".ports[] | select(.name == \"$1\") | .workers | map(tostring) | join(\",\")" ports; }
is_read_by() { [ "$(workers_of "$1")" = "$2" ]; }
pod_port() { ctl_json ".ports[] | select(.pod == \"default/$1\") | .name" ports; }
lost_nothing() {
	cat "$LAB_DIR/ping.out"
	lab_in client ip -s link show eth0 && lab_in server ip -s link show eth0
	lab_ctl drops
	grep -q " 0% packet loss" "$LAB_DIR/ping.out"
}
refused() { # TEXT CMD..: fails, and says so
	local text=$1
	shift
	"$@" >"$LAB_DIR/refused.out" 2>&1 && return 1
	cat "$LAB_DIR/refused.out"
	grep -q "$text" "$LAB_DIR/refused.out"
}

config "$cpus"
check "podwayd starts" lab_start
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done
server=$(lab_ip server) client=$(pod_port client) port=$(pod_port server)
if [ "$WORKERS" = 2 ]; then
	check "TAPs are read by the worker for kernel ports" is_read_by "$client" 0
	check "the other TAP, too" is_read_by "$port" 0
	check "the others by the other workers" is_read_by vm0 1,2
fi

# ---- back and forth under traffic
lab_bg server "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens server 7000
lab_in client ping -i 0.002 -c 3000 -W 5 -q "$server" >"$LAB_DIR/ping.out" 2>&1 &
ping=$!
lab_in client "$TEST_DIR/peer.py" tcp "$server" 7000 200000000 >"$LAB_DIR/tcp.out" 2>&1 &
tcp=$!
check_eventually 5 "traffic flows" ctl_json ".ports[] | select(.name == \"$port\") | .tx.packets > 500" ports
moves=0
while kill -0 $ping 2>/dev/null && [ $moves -lt 100 ]; do
	lab_ctl workers move "$client" $((moves % 2)) >/dev/null &&
		lab_ctl workers move "$port" $(((moves + 1) % 2)) >/dev/null || break
	moves=$((moves + 1))
done
check "100 moves of both ports" [ $moves = 100 ]
check "the ping of every 2 ms ends well" wait $ping
check "it lost nothing" lost_nothing
check "200 MB of TCP verified" wait $tcp
check "no frame was dropped on the way" [ "$(drops_of tx_full)/$(drops_of handover_full)/$(drops_of tx_gone)" = 0/0/0 ]
check_eventually 5 "rx = tx + drops + held" ledger_settled
lab_ctl workers move "$client" 1 >/dev/null
check "the port is read by the worker it was given to" is_read_by "$client" 1
check "which serves it" lab_in client ping -c 5 -i 0.02 -W 2 "$server"
check "the other one has read nothing since" ctl_json ".workers[1] | .ports | index(\"$client\") != null" workers

# ---- one queue of several; what is refused
lab_ctl workers move vm0 0 >/dev/null
check "all queues of a port" is_read_by vm0 0,0
lab_ctl workers move vm0:1 1 >/dev/null
check "one queue" is_read_by vm0 0,1
check "no such port" refused "no such port" lab_ctl workers move nobody 0
check "no such queue" refused "queues 0..1" lab_ctl workers move vm0:7 0
check "no such worker" refused "there are workers 0.." lab_ctl workers move vm0 9
check "ports come and go after moves" lab_ctl ports del vm0

# ---- load
lab_in client ping -f -w 3 -q "$server" >/dev/null 2>&1 &
check_eventually 5 "a worker under load is busy" ctl_json '[.workers[].busy_1s_percent] | max > 1' workers
wait $!
check_eventually 5 "and idle when that is over" ctl_json '[.workers[].busy_1s_percent] | max < 30' workers
check "its last ten seconds remember" ctl_json '[.workers[].busy_10s_percent] | max > 0.5' workers
test_end
