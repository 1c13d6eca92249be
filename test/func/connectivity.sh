#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# TCP, UDP and ICMP between pods: same bridge, routed between two bridges, through a Service; payloads are
# verified byte by byte (PORT-1, L2-2, L3-1, SVC-1). With two workers, client and server sit on different
# ones and packets are handed over.
. "$(dirname "$0")/lib.sh"
test_begin "$@"

test_config_node <<EOF
services:
  - name: default/echo
    cluster_ip: 10.96.0.10
    ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]
    endpoints: [10.244.1.3]
EOF
check "podwayd starts with $WORKERS workers" lab_start
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done
client=$(lab_ip client) server=$(lab_ip server)
check "addresses are handed out in turn" [ "$client/$server" = 10.244.1.2/10.244.1.3 ]
lab_bg server "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens server 7000

check "same bridge: ping" lab_in client ping -c 5 -i 0.1 -W 2 "$server"
check "same bridge: ping of 8000 bytes in fragments" lab_in client ping -c 2 -i 0.1 -W 2 -s 8000 "$server"
check "same bridge: 16 MB of TCP verified" lab_in client "$TEST_DIR/peer.py" tcp "$server" 7000 16000000
check "same bridge: UDP verified" lab_in client "$TEST_DIR/peer.py" udp "$server" 7000 500
check "same bridge: no TTL was spent" \
	sh -c "nsenter --net=$(lab_netns client) ping -c 1 -W 2 $server | grep -q ttl=64"

check "Service: TCP verified" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.10 7 16000000
check "Service: UDP verified" lab_in client "$TEST_DIR/peer.py" udp 10.96.0.10 7 500
check "Service: the VIP answers ping" lab_in client ping -c 2 -i 0.1 -W 2 10.96.0.10
check "Service: also in fragments" lab_in client ping -c 2 -i 0.1 -W 2 -s 20000 10.96.0.10

check "gateway answers ping" lab_in client ping -c 2 -i 0.1 -W 2 10.244.1.1
check "gateway answers ping in fragments" lab_in client ping -c 2 -i 0.1 -W 2 -s 20000 10.244.1.1
check "pod to node" lab_in client ping -c 2 -i 0.1 -W 2 198.51.100.1
check "node to pod" lab_in node ping -c 2 -i 0.1 -W 2 "$server"
check "node to pod: TCP verified" lab_in node "$TEST_DIR/peer.py" tcp "$server" 7000 4000000
check "node to Service: TCP verified" lab_in node "$TEST_DIR/peer.py" tcp 10.96.0.10 7 4000000
check "node to Service: UDP verified" lab_in node "$TEST_DIR/peer.py" udp 10.96.0.10 7 100

check "TCP crossed in large frames (GSO stays whole)" \
	ctl_json '[.ports[] | select(.pod != null) | .rx.max_frame_bytes] | max > 30000' ports
if [ "$WORKERS" = 2 ]; then
	check "packets were handed over between workers" ctl_json '[.workers[].handover_in] | add > 100' workers
fi
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
