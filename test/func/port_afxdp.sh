#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Veths on ports of type af_xdp: TCP and UDP verified byte by byte to and from a TAP pod, bridged, routed and by
# Services, whatever they leave to the device; what is refused; interfaces that vanish, ports at run time (PORT-1,
# PORT-3, OFF-3).
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
# shellcheck disable=SC2034  # for veths.bash
TYPE=af_xdp
. "$TEST_DIR/veths.bash"
test_begin "$@"

veth_config ", queues: 2"
check "a veth pair for alice" veth_add alice -- 10.244.1.200/24 10.244.1.1
check "a veth pair for carol, of two queues" veth_add carol numrxqueues 2 numtxqueues 2 -- 192.0.2.2/24 192.0.2.1
check "podwayd starts with $WORKERS workers" lab_start
check "a pod" lab_pod_add pod
check "a program is on the interface" lab_in node sh -c 'ip link show v-alice | grep -q prog/xdp'
check "as many queues as the interface has" \
	ctl_json '[.ports[] | select(.name | IN("alice", "carol")) | "\(.name) \(.queues)"] | sort == ["alice 1", "carol 2"]' ports
veth_traffic

add() { # NAME ARGS..: a port on v-NAME
	local name=$1
	shift
	lab_ctl ports add "$name" type af_xdp interface "v-$name" bridge br0 "$@"
}
check "a jumbo pair" veth_add jumbo mtu 9000 -- 10.244.1.201/24
check "its MTU is refused" refused "3506 at most" ports add jumbo type af_xdp interface v-jumbo bridge br0
check "one that is too large for AF_XDP as well" refused "3506 at most" ports add jumbo type af_xdp interface v-jumbo bridge br0 mtu 9000
ip -n "$LAB_PREFIX-node" link set v-jumbo mtu 3506
check "so is its other end's" refused "the MTU of its other end" ports add jumbo type af_xdp interface v-jumbo bridge br0
ip -n "$LAB_PREFIX-jumbo" link set eth0 mtu 3506
check "3506 is fine" add jumbo mtu 3506
check "a pair with more queues" veth_add many numrxqueues 4 numtxqueues 4 -- 10.244.1.202/24
check "fewer than its queues are refused" refused "queues: 4" ports add many type af_xdp interface v-many bridge br0 queues 2
check "somebody else's program" lab_in node "$TEST_DIR/xdp_other.py" v-many
check "is not replaced" refused "has an XDP program already (other" ports add many type af_xdp interface v-many bridge br0 queues 4
check "and stays" lab_in node sh -c 'ip link show v-many | grep -q prog/xdp'
check "it goes" lab_in node ip link set v-many xdp off
check "and the port comes, with busy polling" add many queues 4 busy-poll
check "traffic of the busy polling one" lab_in many ping -c 3 -i 0.1 -W 2 10.244.1.2
check "an interface without native XDP" lab_in node ip link add v-bridge type bridge
check "is refused, skb mode is not used" refused "no native XDP" ports add v-bridge type af_xdp interface v-bridge bridge br0
veth_removed
veth_closed
test_end
