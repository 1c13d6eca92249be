#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A restart, asked for or not (SIGTERM, kill -9, kill -9 in the middle of ADDs and DELs): everything is as before,
# connections between pods go on after a gap, those through
# a Service, too; what is gone is told (OPS-1, OPS-2, PORT-2, IPAM-4, P-18).
. "$(dirname "$0")/lib.sh"
test_begin "$@"

pings() { lab_in "$1" ping -c 2 -i 0.1 -W 2 "$2"; }
log_has() { grep -q -- "$1" "$LAB_DIR/podwayd.log"; }
leases() { find "$LAB_DIR/state/ipam" -name '*@*.json' | wc -l; }
pod_is() { [ "$(ctl_json ".pods[] | select(.name == \"$1\") | .state" pods)" = "$2" ]; }

# What must be the same after a restart, in an order of its own.
picture() {
	lab_ctl --json pods | jq -S '.pods | map(del(.age_sec)) | sort_by(.name)'
	lab_ctl --json fdb | jq -S '.fdb | map(select(.kind == "static") | del(.age_sec)) | sort'
	lab_ctl --json routes | jq -S '.routes | map(del(.packets)) | sort'
	lab_ctl --json services | jq -S '.services | map(del(.flows, .new_flows, .no_endpoint_drops)) | sort'
	lab_ctl --json neighbours | jq -S '.neighbours | map(select(.state == "permanent") | del(.age_sec)) | sort'
	lab_ctl --json ports | jq -S '.ports | map({name, type, mac, peer_mac, mtu, bridge, pod, addresses, peers}) | sort'
	ip -n "$LAB_PREFIX-node" -br addr show podway0 | awk '{$2 = ""; print}' # UP or UNKNOWN: as the kernel likes
	ip -n "$LAB_PREFIX-node" route
	for name in client server other; do
		ip -n "$LAB_PREFIX-$name" -br addr | awk '{$2 = ""; print}'
		ip -n "$LAB_PREFIX-$name" route
		ip -n "$LAB_PREFIX-$name" link show eth0 | grep -o 'LOWER_UP'
	done
}
same_picture() {
	picture >"$LAB_DIR/after" 2>&1
	diff "$LAB_DIR/before" "$LAB_DIR/after"
}

# restart SIGNAL WHAT: under a TCP connection from client to server.
restart() {
	lab_bg client "$TEST_DIR/peer.py" pulse "$server" 7000 500 5
	local pulse=$LAB_LAST_PID service start
	lab_bg other "$TEST_DIR/peer.py" pulse 10.96.0.10 7 100 5
	service=$LAB_LAST_PID
	check_eventually 5 "$2: one through a Service runs" sh -c "nsenter --net=$(lab_netns other) ss -Htn dst 10.96.0.10 | grep -q ESTAB"
	check_eventually 5 "$2: a connection runs" sh -c "nsenter --net=$(lab_netns client) ss -Htn dst $server | grep -q ESTAB"
	sleep 0.3 # in the middle of it
	lab_stop "$1"
	start=$(date +%s%N)
	check "$2: podwayd starts again" lab_start
	echo "        ready after $((($(date +%s%N) - start) / 1000000)) ms"
	check "$2: pods, addresses, FDB, routes, Services, neighbours as before" same_picture
	check "$2: the connection went on, nothing was lost" wait "$pulse"
	echo "        $(tail -1 "$LAB_DIR/client.out")"
	check "$2: no long silence" [ "$(tail -1 "$LAB_DIR/client.out" | grep -o '[0-9]* ms' | cut -d' ' -f1)" -lt 4000 ]
	check "$2: the connection through a Service went on, nothing was lost" wait "$service"
	: >"$LAB_DIR/other.out"
	check "$2: new connections" lab_in client "$TEST_DIR/peer.py" tcp "$server" 7000 1000000
	check "$2: the Service of the configuration" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.10 7 100000
	check "$2: the Service added at run time" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.11 7 100000
	check "$2: node to pod" pings node "$server"
	check "$2: the pod is still answered for" pings other 10.244.1.1
}

test_config_node <<EOF
ports:
  - {name: lan, type: tap, interface: lan0, addresses: [192.0.2.1/24], peers: [192.0.2.7], peer_mac: "02:00:00:00:00:77"}
services:
  - name: default/fixed
    cluster_ip: 10.96.0.10
    ports: [{port: 7, target_port: 7000}]
    endpoints: [10.244.1.3]
routes:
  - {prefix: 203.0.113.0/24, via: 192.0.2.7}
EOF
check "podwayd starts" lab_start
for name in client server other; do
	check "pod $name" lab_pod_add $name
done
server=$(lab_ip server)
lab_bg server "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens server 7000
check "a Service at run time" lab_ctl services add default/added cluster-ip 10.96.0.11 port tcp:7:7000 endpoint "$server"
check "routes at run time" lab_ctl routes add 10.77.0.0/16 via "$(lab_ip other)"
check "... and one that drops" lab_ctl routes add 10.78.0.0/16 kind blackhole
check "connection" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.11 7 100000
picture >"$LAB_DIR/before" 2>&1

restart TERM SIGTERM
check "SIGTERM: exit code 0" [ "$LAB_DAEMON_RC" = 0 ]
restart KILL "kill -9"

check "what is deleted stays deleted" lab_ctl routes del 10.77.0.0/16
check "... a Service, too" lab_ctl services del default/added
lab_stop KILL
check "podwayd starts again" lab_start
check "... without the route" ctl_json '[.routes[] | select(.prefix == "10.77.0.0/16")] | length == 0' routes
check "... with the other one" ctl_json '[.routes[] | select(.prefix == "10.78.0.0/16")] | length == 1' routes
check "... without the Service" ctl_json '[.services[].name] == ["default/fixed"]' services

# ---- a sandbox that went while the daemon was away

gone=$(lab_ip other)
lab_stop
ip netns del "$LAB_PREFIX-other"
check "podwayd starts again" lab_start
check "a pod whose namespace has gone is lost" pod_is other lost
check "... in the log, too" log_has 'default/other (eth0).*lost'
check "... its address is free" [ "$(leases)" = 2 ]
check_fails "... nobody answers for it" lab_in client ping -c 1 -W 1 "$gone"
check "the others are up" pod_is server up
check "... and work" pings client "$server"
lab_conflist | lab_cni DEL other >"$LAB_DIR/del.out" 2>&1
check "DEL of the lost one succeeds" [ "$?" = 0 ]
check "... and it is no longer listed" ctl_json '[.pods[].name] | sort == ["client", "server"]' pods

# ---- kill -9 in the middle of ADDs and DELs

busy() { # ADDs and DELs of one pod until told to stop; what is wrong goes to busy.NAME
	local name=$1 code
	while [ ! -e "$LAB_DIR/stop" ]; do
		if lab_conflist | lab_cni ADD "$name" >"$LAB_DIR/busy-$name.json" 2>/dev/null; then
			lab_conflist | lab_cni DEL "$name" >/dev/null 2>&1 || echo "DEL failed" >>"$LAB_DIR/busy.wrong"
		else
			code=$(jq .code "$LAB_DIR/busy-$name.json")
			[ "$code" = 11 ] || cat "$LAB_DIR/busy-$name.json" >>"$LAB_DIR/busy.wrong"
			lab_conflist | lab_cni DEL "$name" >/dev/null 2>&1 || echo "DEL failed" >>"$LAB_DIR/busy.wrong"
		fi
	done
}
busy_pids=()
for name in x1 x2 x3; do
	ip netns add "$LAB_PREFIX-$name"
	busy $name &
	busy_pids+=($!)
done
LAB_PIDS+=("${busy_pids[@]}")
for round in 1 2 3 4; do
	sleep "0.$((RANDOM % 5 + 1))"
	lab_stop KILL
	check "round $round: podwayd starts after kill -9 amid ADDs and DELs" lab_start
	check "round $round: the pods that were there work" pings client "$server"
done
touch "$LAB_DIR/stop"
for pid in "${busy_pids[@]}"; do lab_wait 15 lab_gone "$pid"; done
touch "$LAB_DIR/busy.wrong"
check "every ADD worked or said try again, every DEL worked" diff "$LAB_DIR/busy.wrong" /dev/null
for name in x1 x2 x3; do
	lab_conflist | lab_cni DEL $name >/dev/null 2>&1
done
check_fails "no state file was damaged" sh -c "find '$LAB_DIR/state' -name '*.corrupt' | grep ."
check_fails "... none was left half written" sh -c "find '$LAB_DIR/state' -name '*.tmp*' -o -name '.*' -type f | grep ."
check "two addresses are in use" [ "$(leases)" = 2 ]
check "two pods are there" ctl_json '[.pods[].name] | sort == ["client", "server"]' pods
check "no DEL is waiting" sh -c "! ls '$LAB_DIR/state/deletes' 2>/dev/null | grep ."
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
