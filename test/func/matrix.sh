#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Who can talk to whom: every type of port as client to every type as server, on one bridge, routed, by a Service
# with its endpoint on the bridge and behind a router; TCP, UDP and ICMP of all sizes up to the MTU and in
# fragments, verified byte by byte (PORT-1..PORT-5, PORT-7, PORT-9, OFF-2, OFF-3, L2-2, L2-6, L3-1, ICMP-6, SVC-1).
# With two workers clients are on one and servers on the other.
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
. "$TEST_DIR/veths.bash"
. "$TEST_DIR/matrix.bash"
test_begin "$@"

matrix_config
check "veth pairs" matrix_before
check "podwayd starts with $WORKERS workers" lab_start
matrix_start
echo
"$TEST_DIR/matrix.py" --head "client -> server,layer"
matrix_row bridge "${TYPES[@]}"
for layer in routed Service Service_routed; do
	matrix_row $layer "${TYPES[@]}" host
done
echo
matrix_clean
test_end
