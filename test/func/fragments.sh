#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Fragments to a Service and from its endpoint: in order, first one late, last one first, repeated, overlapping,
# never complete; each lands where the first one did, nothing leaks untranslated (ICMP-6, CT-4).
. "$(dirname "$0")/lib.sh"
test_begin "$@"

test_config_node <<EOF
services:
  - name: default/echo
    cluster_ip: 10.96.0.10
    ports: [{protocol: udp, port: 7, target_port: 7000}]
    endpoints: [10.244.1.3]
EOF
check "podwayd starts with $WORKERS workers" lab_start
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done
client=$(lab_ip client) vip=10.96.0.10
lab_bg server "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_in server sh -c "ss -Hlun sport = :7000 | grep -q ."

fragments() { lab_in client "$TEST_DIR/fragments.py" "$client" $vip 7 "$@"; }

check "in order" fragments
check "64 fragments; the answer, of 32 kB, is fragmented by the server's kernel" fragments -n 64
check "first one last" fragments -o 1,2,3,0
check "backwards" fragments -o 3,2,1,0
check "first one in the middle" fragments -o 3,1,0,2
check "one of them twice" fragments -o 1,0,1,2,3
check "... is dropped and counted" [ "$(drops_of frag_repeat)" = 1 ]
check "nothing else was dropped" [ "$(drops_of frag_nat)$(drops_of frag_overlap)$(drops_of frag_limit)" = 000 ]

check_fails "overlap: no answer" fragments -x -t 0.5
check "... counted" [ "$(drops_of frag_overlap)" = 1 ]
check "... and so are the others of the datagram" [ "$(drops_of frag_nat)" = 2 ]
check_fails "overlap while the first one is awaited: no answer" fragments -o 2,1,3,0 -x -t 0.5
check "... counted, with those that were held" [ "$(drops_of frag_overlap)" = 5 ]
check_fails "without the first one: no answer" fragments -o 1,2,3 -t 0.5
check "they are held" ctl_json '.ledger.in_flight == 3' status
check_fails "65 fragments: no answer" fragments -n 65 -t 0.5
check "... counted" [ "$(drops_of frag_limit)" = 1 ]
check "whole datagrams go on" lab_in client "$TEST_DIR/peer.py" udp $vip 7 50
timed_out() { [ "$(drops_of frag_timeout)" = 3 ]; }
check_eventually 40 "what was held is dropped after 30 s" timed_out
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
