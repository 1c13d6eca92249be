#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# vhost-user ports with testpmd's virtio-user as the machine behind them (PORT-5): frames and bytes are equal on
# both ends, a VM with a kernel of its own speaks TCP with a pod on the same bridge, a peer killed with -9
# comes back, ports come and go while others forward.
. "$(dirname "$0")/lib.sh"
test_begin "$@"

test_config_node <<EOF
  - {name: br1}
ports:
  - {name: vm0, type: vhost-user, socket: $LAB_DIR/vm0.sock, bridge: br1, queues: 2}
  - {name: vm1, type: vhost-user, socket: $LAB_DIR/vm1.sock, bridge: br1}
  - {name: vm2, type: vhost-user, socket: $LAB_DIR/vm2.sock, bridge: br0}
EOF

# vm_start NAMESPACE PORT "VIRTIO ARGS" "MORE EAL ARGS" TESTPMD ARGS..; the pid is in VM_PID[PORT]. Commands
# are written to a FIFO, so testpmd sends, stops and counts when it is told.
declare -A VM_PID VM_IN
vm_start() {
	local ns=$1 port=$2 virtio=$3 eal=$4 fd
	shift 4
	[ -p "$LAB_DIR/$port.in" ] || mkfifo "$LAB_DIR/$port.in"
	exec {fd}<>"$LAB_DIR/$port.in"
	VM_IN[$port]=$fd
	# shellcheck disable=SC2016,SC2086
	lab_bg "$ns" sh -c 'in=$1 out=$2; shift 2; exec "$@" <"$in" >"$out" 2>&1' - "$LAB_DIR/$port.in" \
		"$LAB_DIR/$port.out" stdbuf -oL "${TESTPMD[@]}" -m 64 --file-prefix "$LAB_PREFIX$port" \
		--vdev "net_virtio_user0,path=$LAB_DIR/$port.sock$virtio" $eal \
		-- -i --total-num-mbufs=2048 "$@"
	VM_PID[$port]=$LAB_LAST_PID
}

vm_do() { printf '%s\n' "${@:2}" >&"${VM_IN[$1]}"; }

vm_end() {
	local fd=${VM_IN[$1]}
	{ vm_reap "$@"; } 2>/dev/null # the shell's word on a killed child
	exec {fd}>&-
	rm -f "$LAB_DIR/$1.in"
}

vm_reap() {
	kill -"${2:-TERM}" "${VM_PID[$1]}"
	lab_wait 10 lab_gone "${VM_PID[$1]}" || kill -KILL "${VM_PID[$1]}"
	wait "${VM_PID[$1]}"
}

# vm_count PORT: "packets bytes" that testpmd has by now: vm_count PORT RX|TX
vm_count() {
	local before
	before=$(grep -c Tx-bps "$LAB_DIR/$1.out")
	vm_do "$1" "show port stats 0"
	lab_wait 5 eval '[ "$(grep -c Tx-bps "$LAB_DIR/'"$1"'.out")" -gt '"$before"' ]' || return 1
	grep -o "$2-\(packets\|bytes\): *[0-9]*" "$LAB_DIR/$1.out" | tail -n 2 | grep -o '[0-9]*$' | xargs
}

state() { ctl_json ".ports[] | select(.name == \"$1\") | .state" ports; }
is_state() { [ "$(state "$1")" = "$2" ]; }
count() { ctl_json ".ports[] | select(.name == \"$1\") | .$2" ports; }
counted() { ctl_json ".ports[] | select(.name == \"$1\") | .$2 | \"\(.packets) \(.bytes)\"" ports; }
at_least() { [ "$(count "$1" "$2")" -ge "$3" ]; }

# agree PORT rx|tx (as podway sees it): the same frames and bytes on both sides
agree() {
	local theirs=TX ours
	[ "$2" = tx ] && theirs=RX
	ours=$(counted "$1" "$2")
	[ "$ours" = "$(vm_count "$1" $theirs)" ]
}

has_fdb() { ctl_json ".fdb[] | select(.mac == \"$2\" and .port == \"$1\") | .mac" fdb; }
no_fdb() { ! has_fdb "$1" "$2"; }
pinged() { lab_in client ping -c 5 -i 0.05 -W 2 -s "${2:-56}" "$1"; }
silent() { ! lab_in client ping -c 2 -i 0.05 -W 0.5 "$1"; }

check "podwayd starts with $WORKERS workers" lab_start
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done

# ---- two VMs on a bridge of their own
mac0=02:00:00:00:00:a0 mac1=02:00:00:00:00:a1
vm_start node vm0 ",mac=$mac0,queues=2" "" --rxq=2 --txq=2
vm_start node vm1 ",mac=$mac1" ""
check_eventually 20 "vm0, with two queues, is up" is_state vm0 up
check_eventually 20 "vm1 is up" is_state vm1 up
vm_do vm1 "set fwd rxonly" "start"
vm_do vm0 "set fwd txonly" "set eth-peer 0 $mac1" "set txpkts 200,1000" "start"
check_eventually 20 "frames of two segments flow from vm0 to vm1" at_least vm1 tx.packets 50000
vm_do vm0 stop
check_eventually 5 "vm0: frames and bytes are those that it sent" agree vm0 rx
check_eventually 5 "vm1: frames and bytes are those that it received" agree vm1 tx
check "frames are as long as they were made" \
	[ "$(count vm1 tx.bytes)" = $((1200 * $(count vm1 tx.packets))) ]
check "what vm1 did not get was counted as dropped" \
	[ "$(count vm0 rx.packets)" = $(($(count vm1 tx.packets) + $(count vm0 drops) + $(count vm1 drops))) ]
check "the MAC of vm0 was learned" has_fdb vm0 $mac0
vm_do vm1 stop "set fwd txonly" "set eth-peer 0 $mac0" "set txpkts 64" "start"
vm_do vm0 "set fwd rxonly" "start"
check_eventually 20 "and the other way" at_least vm0 tx.packets 20000
vm_do vm1 stop
check_eventually 5 "vm1: frames and bytes are those that it sent" agree vm1 rx
check_eventually 5 "vm0: frames and bytes are those that it received" agree vm0 tx
vm_end vm0
vm_end vm1
check_eventually 5 "vm0 goes down with its VM" is_state vm0 down
check_eventually 5 "vm1 goes down with its VM" is_state vm1 down
check_eventually 5 "rx = tx + drops + held" ledger_settled

# ---- a VM and pods on one bridge; testpmd answers ARP and echo itself
mac2=02:00:00:00:00:a2 vm=10.244.1.200
vm_start node vm2 ",mac=$mac2" "" --forward-mode=icmpecho
vm_do vm2 start
check_eventually 20 "vm2 is up" is_state vm2 up
check_eventually 10 "a pod pings the VM" pinged $vm
check "a pod pings the VM with full frames" pinged $vm 1472
check "the MAC of the VM was learned" has_fdb vm2 $mac2
check "the pod has the VM's MAC" sh -c "ip -n $LAB_PREFIX-client neigh show $vm | grep -q $mac2"

# ---- its process is killed and comes back; meanwhile pods speak to one another
lab_bg client ping -q -i 0.02 -W 2 "$(lab_ip server)"
watched=$LAB_LAST_PID
for round in 1 2; do
	vm_end vm2 KILL
	check_eventually 5 "kill -9 $round: the port goes down" is_state vm2 down
	check "kill -9 $round: nobody answers" silent $vm
	check "kill -9 $round: the socket stays" test -S "$LAB_DIR/vm2.sock"
	vm_start node vm2 ",mac=$mac2" "" --forward-mode=icmpecho
	vm_do vm2 start
	check_eventually 20 "kill -9 $round: the next peer is served" is_state vm2 up
	check_eventually 10 "kill -9 $round: the pod pings it" pinged $vm
done
vm_end vm2 # it answers every ARP request there is

# ---- a VM with a kernel of its own: testpmd passes frames between the vhost-user port and a TAP in a namespace
mac3=02:00:00:00:00:a3 guest=10.244.1.201
add3=(ports add vm3 type vhost-user socket "$LAB_DIR/vm3.sock" bridge br0)
check "ports add" lab_ctl "${add3[@]}"
check "ports add: the socket is there" test -S "$LAB_DIR/vm3.sock"
check_fails "ports add: the name is taken" lab_ctl "${add3[@]}"
check_fails "ports add: the socket is taken" lab_ctl ports add vm4 "${add3[@]:3}"
check_fails "ports add: that left no port" state vm4
ip netns add "$LAB_PREFIX-guest"
vm_start guest vm3 ",mac=$mac3" "--vdev net_tap0,iface=eth0" --forward-mode=io
vm_do vm3 start
check_eventually 20 "vm3 is up" is_state vm3 up
check "the guest's address" ip -n "$LAB_PREFIX-guest" addr add $guest/24 dev eth0
ip -n "$LAB_PREFIX-guest" link set eth0 up
ip -n "$LAB_PREFIX-guest" route add default via 10.244.1.1
lab_bg guest "$TEST_DIR/peer.py" serve 0.0.0.0 7000
lab_bg server "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "the guest listens" lab_listens guest 7000
check_eventually 10 "the pod listens" lab_listens server 7000
check_eventually 5 "pod to VM: ping" pinged $guest
check "pod to VM: 4 MB of TCP verified" lab_in client "$TEST_DIR/peer.py" tcp $guest 7000 4000000
check "pod to VM: UDP verified" lab_in client "$TEST_DIR/peer.py" udp $guest 7000 200
check "VM to pod: 4 MB of TCP verified" lab_in guest "$TEST_DIR/peer.py" tcp "$(lab_ip server)" 7000 4000000
check "node to VM: 1 MB of TCP verified" lab_in node "$TEST_DIR/peer.py" tcp $guest 7000 1000000
# podway counts a GSO frame once, the VM the segments that it became.
check "large frames were sent to the VM" [ "$(count vm3 tx.max_frame_bytes)" -gt 9000 ]
check "and were segmented for it" eval 'read -r frames _ <<<"$(vm_count vm3 RX)"; [ "$frames" -gt $((2 * $(count vm3 tx.packets))) ]'

check "ports del, with the peer connected" lab_ctl ports del vm3
check "ports del: the socket is gone" test ! -e "$LAB_DIR/vm3.sock"
check_fails "ports del: the port is gone" state vm3
check "ports del: what was learned from it is gone" no_fdb vm3 $mac3
check "ports del: nobody answers" silent $guest
vm_end vm3
check "ports add again: the same name and socket" lab_ctl "${add3[@]}"
vm_start node vm3 ",mac=$mac3" "" --forward-mode=icmpecho
vm_do vm3 start
check_eventually 20 "ports add again: a new peer is served" is_state vm3 up
check_eventually 5 "ports add again: and forwards" pinged $guest
vm_end vm3

# ---- all the time
kill -INT "$watched"
lab_wait 5 lab_gone "$watched"
check "pods were forwarded all the time" grep -q ' 0% packet loss' "$LAB_DIR/client.out"
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
