#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Veths on ports of type af_packet: TCP and UDP verified byte by byte to and from a TAP pod, bridged, routed and by
# Services, whatever they leave to the device; interfaces that vanish, ports at run time (PORT-1, PORT-4, OFF-3).
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
# shellcheck disable=SC2034  # for veths.bash
TYPE=af_packet
. "$TEST_DIR/veths.bash"
test_begin "$@"

veth_config ", queues: 2"
check "a veth pair for alice" veth_add alice -- 10.244.1.200/24 10.244.1.1
check "a veth pair for carol" veth_add carol -- 192.0.2.2/24 192.0.2.1
check "podwayd starts with $WORKERS workers" lab_start
check "a pod" lab_pod_add pod
veth_traffic
lab_ctl stats reset >/dev/null
check "bridged, veth to pod" verified alice 10.244.1.2 7000
check "TCP crossed in large frames (GSO stays whole)" \
	ctl_json '[.ports[] | select(.name == "alice") | .rx.max_frame_bytes, .tx.max_frame_bytes] | min > 20000' ports
check "no frame was bad" ctl_json '[.drops[] | select(.reason | IN("vnet_hdr_bad", "offload_bad")) | .packets] | add == 0' drops --all
check "a spare pair" veth_add spare -- 10.244.1.201/24
check "an MTU above the interface's is refused" \
	refused "ip link set v-spare mtu 9000" ports add spare type af_packet interface v-spare bridge br0 mtu 9000
veth_removed
veth_closed
test_end
