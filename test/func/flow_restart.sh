#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Connections through a Service outlive podwayd: SIGTERM, kill -9 while flows come and go, other limits, another
# number of workers, a damaged or foreign file of flows; affinity, too (P-18, CT-13, OPS-2, CT-6, SVC-9).
# workers: any
. "$(dirname "$0")/lib.sh"
test_begin "$@"

log_has() { grep -q -- "$1" "$LAB_DIR/podwayd.log"; }
flows_file=$LAB_DIR/run/flows

config() { # MAX_FLOWS
	test_config_node <<EOF
limits: {flows: $1}
services:
  - name: default/echo
    cluster_ip: 10.96.0.10
    ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]
    endpoints: [10.244.1.3, 10.244.1.4]
  - name: default/sticky
    cluster_ip: 10.96.0.11
    ports: [{port: 7, target_port: 7000}]
    endpoints: [10.244.1.3, 10.244.1.4]
    affinity_sec: 600
EOF
}

established() { # what is open to the Service, by client port
	lab_ctl --json flows show state established vip 10.96.0.10 |
		jq -r '.flows[] | "\(.client) \(.backend)"' | sort
}

# again SIGNAL WHAT: a connection goes on, and its flow is the same.
again() {
	local pulse before after
	lab_bg client "$TEST_DIR/peer.py" pulse 10.96.0.10 7 200 4
	pulse=$LAB_LAST_PID
	check_eventually 5 "$2: a connection runs" sh -c "nsenter --net=$(lab_netns client) ss -Htn dst 10.96.0.10 | grep -q ESTAB"
	check_eventually 5 "$2: its flow is established" ctl_json '.total >= 1' flows show state established
	before=$(established)
	lab_stop "$1"
	check "$2: podwayd starts again" lab_start
	after=$(established)
	check "$2: every established flow is there" [ -n "$before" -a "$before" = "$after" ]
	check "$2: the connection went on, nothing was lost" wait "$pulse"
	echo "        $(tail -1 "$LAB_DIR/client.out")"
	check "$2: new connections" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.10 7 100000
	check "$2: UDP" lab_in client "$TEST_DIR/peer.py" udp 10.96.0.10 7 50
}

config 4096
check "podwayd starts" lab_start
for pod in client a b; do
	check "pod $pod" lab_pod_add $pod
done
for pod in a b; do
	lab_bg $pod "$TEST_DIR/peer.py" serve 0.0.0.0 7000
	check_eventually 10 "$pod listens" lab_listens $pod 7000
done
check "the file is nobody else's business" [ "$(stat -c %a "$flows_file")" = 600 ]

sticky() { ctl_json '[.flows[].backend] | unique | length' flows show vip 10.96.0.11; }
check "a client with affinity" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.11 7 1000

again TERM SIGTERM
again KILL "kill -9"
for _ in 1 2 3 4 5 6; do
	lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.11 7 1000 >/dev/null
done
check "affinity outlived it all" [ "$(sticky)" = 1 ]

config 2000
again KILL "fewer flows"
config 10000
again TERM "more flows"
WORKERS=$((3 - WORKERS)) config 10000
again KILL "$((3 - WORKERS)) workers"

# ---- killed while flows come and go

churn() { while [ ! -e "$LAB_DIR/stop" ]; do lab_in client "$TEST_DIR/peer.py" udp 10.96.0.10 7 1; done >/dev/null 2>&1; }
churn &
LAB_PIDS+=($!)
lab_bg client "$TEST_DIR/peer.py" pulse 10.96.0.10 7 100 10
pulse=$LAB_LAST_PID
for round in 1 2 3 4; do
	sleep "0.$((RANDOM % 6 + 3))"
	lab_stop KILL
	check "round $round: podwayd starts" lab_start
done
check "a connection through four kills" wait "$pulse"
touch "$LAB_DIR/stop"
check_eventually 5 "rx = tx + drops + held" ledger_settled

# ---- files that are none

lab_stop
head -c 100000 /dev/urandom >"$flows_file"
check "podwayd starts with a file of garbage" lab_start
check "... without flows" ctl_json '.flows.used == 0' status
lab_stop
rm "$flows_file"
mkdir "$flows_file"
check "podwayd starts without a file" lab_start
check "... and says so" log_has 'connections through Services will end with this daemon'
check "... and works" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.10 7 100000
test_end
