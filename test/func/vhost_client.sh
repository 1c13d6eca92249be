#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# vhost-user ports: the peer owns the socket (mode client) and both sides reconnect, whoever was killed; kinds of
# rings a guest may choose; owner of a socket of ours; peers that mean no good harm their own port only,
# while others forward, and a good peer is served after them (PORT-5, OPS-3, SEC-5).
. "$(dirname "$0")/lib.sh"
test_begin "$@"

test_config_node <<EOF
ports:
  - {name: vm0, type: vhost-user, mode: client, socket: $LAB_DIR/vm0.sock, bridge: br0, queues: 2}
  - {name: vm1, type: vhost-user, socket: $LAB_DIR/vm1.sock, bridge: br0,
     socket_uid: 65534, socket_gid: 12, socket_mode: 0620}
EOF

# vm_start PORT NUMBER "VIRTIO ARGS" TESTPMD ARGS..: testpmd that answers ARP and echo as 10.244.1.NUMBER
declare -A VM_PID
vm_start() {
	local port=$1 number=$2 virtio=$3
	shift 3
	lab_bg node "${TESTPMD[@]}" -m 64 --file-prefix "$LAB_PREFIX$port" \
		--vdev "net_virtio_user0,path=$LAB_DIR/$port.sock,mac=02:00:00:00:00:$number$virtio" \
		-- --total-num-mbufs=4096 --forward-mode=icmpecho --auto-start --stats-period 5 "$@"
	VM_PID[$port]=$LAB_LAST_PID
}
vm_end() {
	kill -"${2:-TERM}" "${VM_PID[$1]}"
	{ lab_wait 10 lab_gone "${VM_PID[$1]}"; wait "${VM_PID[$1]}"; } 2>/dev/null
	true
}

state() { ctl_json ".ports[] | select(.name == \"$1\") | .state" ports; }
is_state() { [ "$(state "$1")" = "$2" ]; }
pinged() { lab_in client ping -c 3 -i 0.05 -W 2 -s "${2:-56}" "$1"; }

check "podwayd starts with $WORKERS workers" lab_start
daemon=$LAB_DAEMON
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done
server=$(lab_ip server)

# ---- the peer owns the socket
check "down without a peer" is_state vm0 down
vm_start vm0 50 ",server=1,queues=2" --rxq=2 --txq=2
check_eventually 20 "client: connects when the peer is there" is_state vm0 up
check_eventually 10 "client: ping" pinged 10.244.1.50
check "client: ping of full frames" pinged 10.244.1.50 1472
vm_end vm0 KILL
check_eventually 5 "client: down when the peer was killed" is_state vm0 down
rm -f "$LAB_DIR/vm0.sock"
vm_start vm0 50 ",server=1,queues=2" --rxq=2 --txq=2
check_eventually 20 "client: connects again" is_state vm0 up
check_eventually 10 "client: ping after the peer's restart" pinged 10.244.1.50
lab_stop KILL
check "podwayd is killed and starts again" lab_start
daemon=$LAB_DAEMON
check_eventually 20 "client: the peer is served without its restart" is_state vm0 up
check_eventually 10 "client: ping after our restart" pinged 10.244.1.50
vm_end vm0

# ---- our socket, and the kinds of rings
check "owner and permissions of our socket" [ "$(stat -c '%u %g %a' "$LAB_DIR/vm1.sock")" = "65534 12 620" ]
for kind in mrg_rxbuf=0 packed_vq=1 packed_vq=1,mrg_rxbuf=0,in_order=0 in_order=0 vectorized=1,mrg_rxbuf=0; do
	vm_start vm1 51 ",queue_size=512,$kind"
	check_eventually 20 "$kind: up" is_state vm1 up
	check_eventually 10 "$kind: ping" pinged 10.244.1.51
	check "$kind: ping of full frames" pinged 10.244.1.51 1472
	vm_end vm1
	check_eventually 5 "$kind: down" is_state vm1 down
done

# ---- peers that mean no good, while two pods talk
# Not in a subshell, which would shield it from SIGINT.
nsenter --net="$(lab_netns client)" ping -i 0.01 -q "$server" >"$LAB_DIR/ping.out" 2>&1 &
ping=$!
for what in $("$TEST_DIR/vhost_hostile.py" list); do
	check "$what: the peer has its way" timeout 10 "$TEST_DIR/vhost_hostile.py" "$LAB_DIR/vm1.sock" "$what"
	check "$what: podwayd lives" kill -0 "$daemon"
	check_eventually 5 "$what: its port is down" is_state vm1 down
done
end_ping() { kill -INT $ping && wait $ping; }
check "the pods went on talking" end_ping
check "frames with offloads that are lies were refused" [ "$(drops_of vnet_hdr_bad)" -gt 0 ]
check "the one without memory was found out" grep -q "vm1: its peer took away memory" "$LAB_DIR/podwayd.log"
cp "$LAB_DIR/ping.out" "$LAB_DIR/check.out"
check "and lost nothing" grep -q " 0% packet loss" "$LAB_DIR/ping.out"
fds=$(ls "/proc/$daemon/fd" | wc -l)
for _ in 1 2 3; do
	"$TEST_DIR/vhost_hostile.py" "$LAB_DIR/vm1.sock" flood_of_fds
done
few_fds() { [ "$(ls "/proc/$daemon/fd" | wc -l)" -le "$fds" ]; }
check_eventually 5 "no descriptors are left from a flood of them" few_fds
vm_start vm1 51 ""
check_eventually 20 "a good peer is served after all that" is_state vm1 up
check_eventually 10 "ping" pinged 10.244.1.51
vm_end vm1
check_eventually 5 "rx = tx + drops + held" ledger_settled
check "the log tells that the port went down" grep -q "port: vm1 down" "$LAB_DIR/podwayd.log"
test_end
