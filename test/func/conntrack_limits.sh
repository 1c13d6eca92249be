#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The connection tracker at its bounds, with real clients: a resolver's pairs of queries, none lost (CT-8); the table full: flows
# that nobody answered go first, then new ones are refused, what is established goes on (CT-9); source ports used up
# (CT-10); the cap of a client (SEC-7); ClientIP affinity (SVC-9); the middle of a connection nobody knows (CT-5).
. "$(dirname "$0")/lib.sh"
test_begin "$@"

PAIRS=${PAIRS:-200000}
ports="ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]"
config() { # what differs
	test_config_node <<-EOF
		$1
		services:
		  - {name: kube-system/dns, cluster_ip: 10.96.0.2, ports: [{protocol: udp, port: 53, target_port: 5300}], endpoints: [10.244.1.3, 10.244.1.4]}
		  - {name: default/echo, cluster_ip: 10.96.0.10, $ports, endpoints: [10.244.1.3]}
		  - {name: default/mute, cluster_ip: 10.96.0.11, ports: [{protocol: udp, port: 9}], endpoints: [10.244.1.4]}
		  - {name: default/own, cluster_ip: 10.96.0.12, $ports, endpoints: [10.244.1.2]}
		  - {name: default/sticky, cluster_ip: 10.96.0.13, $ports, endpoints: [10.244.1.3, 10.244.1.4], affinity_sec: 3}
	EOF
}

flows_are() { # N FILTER..
	local n=$1
	shift
	ctl_json "if .total == $n then true else (.total | debug | false) end" flows limit 1 "$@"
}
states_of() { ctl_json "[.states[] | select(.protocol == \"$1\" and .state == \"$2\") | .flows] | add // 0" flows count; }
backends_of() { lab_ctl --json flows "$@" | jq -r '[.flows[].backend | split(":")[0]] | unique | join(" ")'; }
counted() { ctl_json ".flows.$1" status; }

# One datagram from each of N source ports, from FIRST on: nobody answers. sprinkle NAME ADDRESS PORT FIRST N
sprinkle() {
	lab_in "$1" python3 -c '
import socket, sys, time
address, port, first, n = sys.argv[1], *map(int, sys.argv[2:])
for source in range(first, first + n):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", source))
        s.sendto(b"?", (address, port))
    if source % 50 == 0:
        time.sleep(0.001)   # no more than the interface holds
' "${@:2}"
}

# A connection that goes on until it is released: hold NAME ADDRESS PORT SOURCE; released
hold() {
	rm -f "$LAB_DIR/stop"
	lab_bg "$1" "$TEST_DIR/hold.py" tcp "$2" "$3" "$LAB_DIR/stop" -s "$4"
	HOLD=$LAB_LAST_PID
	lab_wait 5 flows_are 1 protocol tcp client "$(lab_ip "$1"):$4" state established
}
released() {
	touch "$LAB_DIR/stop"
	wait "$HOLD"
}
pods_up() {
	check "podwayd starts with $WORKERS workers" lab_start
	for pod in client b1 b2; do
		[ -n "$1" ] || check "pod $pod" lab_pod_add $pod
	done
}
reconfigured() {
	lab_stop
	rm -rf "$LAB_DIR"/state/flows "$LAB_DIR"/run/flows
	config "$1"
	pods_up again
	check_eventually 10 "the pods are there again" lab_in client ping -c 1 -W 1 10.244.1.3
}
answers() { lab_in "$1" ss -Hlun sport = :5300 | grep -q .; }
udp_echo() { lab_in "$1" "$TEST_DIR/peer.py" udp "$2" 7 1 -s "$3"; }

# ---- a resolver
config "conntrack: {udp: 3, udp_stream: 3}"
pods_up ""
id=0
for pod in b1 b2; do
	id=$((id + 1))
	lab_bg $pod "$LAB_BUILD/test/func/dns_pairs" serve 0.0.0.0 5300 $id
	lab_bg $pod "$TEST_DIR/peer.py" serve 0.0.0.0 7000
	check_eventually 10 "$pod serves" lab_listens $pod 7000
	check_eventually 10 "$pod answers queries" answers $pod
done
lab_bg client "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "the client does, too" lab_listens client 7000
check "$PAIRS pairs of queries, none lost, both to one server" lab_in client "$LAB_BUILD/test/func/dns_pairs" ask 10.96.0.2 53 "$PAIRS"
sed 's/^/        /' "$LAB_DIR/check.out"
# Source ports go round in seconds: a flow may be met again before it has ended.
check "of all source ports" ctl_json '.services[] | select(.name == "kube-system/dns") | .new_flows >= 64000' services
if [ "$WORKERS" = 2 ]; then
	check "queries and answers were of two workers" ctl_json '[.workers[] | select(.rx > 1000)] | length == 2' workers
fi

# ---- affinity
for source in 5001 5002 5003 5004 5005 5006; do
	check "client, connection from port $source" udp_echo client 10.96.0.13 $source
done
first=$(backends_of vip 10.96.0.13)
check "all with one backend: $first" [ "$(wc -w <<<"$first")" = 1 ]
other=$(echo 10.244.1.3 10.244.1.4 | sed "s/$first//" | xargs)
check "it leaves the Service" lab_ctl services add default/sticky2 cluster-ip 10.96.0.14 port udp:7:7000 endpoint "$other" affinity 3
check "another Service has an affinity of its own" udp_echo client 10.96.0.14 5010
check "to whom it has" [ "$(backends_of vip 10.96.0.14)" = "$other" ]
check "its endpoint is replaced" lab_ctl services add default/sticky2 cluster-ip 10.96.0.14 port udp:7:7000 endpoint "$first" affinity 3 replace
check "the client goes to the one that is there" udp_echo client 10.96.0.14 5011
check "not to the one that was" [ "$(backends_of vip 10.96.0.14 client "$(lab_ip client):5011")" = "$first" ]
sleep 3.5 # the affinity's end
forgotten() {
	for source in $(seq 5100 5120); do
		udp_echo client 10.96.0.13 "$source" >/dev/null || return 1
		sleep 3.1
		[ "$(backends_of vip 10.96.0.13 client "$(lab_ip client):$source")" != "$first" ] || continue
		return 0
	done
	return 1
}
check "when it is over any backend may be next" forgotten

# ---- the middle of a connection
check "flows flush all" lab_ctl flows flush all
check "a connection" hold client 10.96.0.10 7 5201
check "its flow is forgotten" ctl_json '.flushed >= 1' flows flush protocol tcp
check_eventually 3 "the client is reset at once, not left in silence" grep -q 'ConnectionResetError\|BrokenPipe' "$LAB_DIR/client.out"

# ---- the table full
reconfigured "limits: {flows: 1024}"
check "an established connection" hold client 10.96.0.10 7 5301
check "900 datagrams that nobody answers" sprinkle client 10.96.0.11 9 10000 900
check "each is a flow" [ "$(states_of udp new)" -ge 890 ]
check "600 more" sprinkle client 10.96.0.11 9 20000 600
check "older ones made room" [ "$(counted early_dropped)" -ge 400 ]
check "the table is not larger than it may be" [ "$(counted used)" -le 1024 ]
check "somebody who is answered gets in" udp_echo client 10.96.0.10 5302
check "the connection goes on, every byte verified" released

# Answered flows are not thrown out.
fill() {
	lab_in client timeout 4 "$LAB_BUILD/test/func/dns_pairs" ask 10.96.0.2 53 1100
	[ "$(drops_of ct_full)" -gt 0 ]
}
for pod in b1 b2; do
	lab_bg $pod "$LAB_BUILD/test/func/dns_pairs" serve 0.0.0.0 5300 1
	check_eventually 10 "$pod answers queries" answers $pod
done
check "flows flush all" lab_ctl flows flush all
check "a connection in a full table" hold client 10.96.0.10 7 5303
check "answered flows until no more get in" fill
check "new ones are refused" [ "$(drops_of ct_full)" -gt 0 ]
check "and counted" [ "$(counted refused_full)" = "$(drops_of ct_full)" ]
check "none was thrown out for them" [ "$(states_of udp replied)" -ge 900 ]
check "what needs no flow is not affected" lab_in client "$TEST_DIR/peer.py" tcp 10.244.1.3 7000 1000000
check "the established connection goes on" released

# ---- source ports, a client's cap
reconfigured "snat: {first_port: 62000, last_port: 62015}
limits: {flows_per_client: 40}"
own() { lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.12 7 1000 -s "$1"; }
for source in $(seq 5401 5416); do
	own "$source" >/dev/null || echo "$source"
done >"$LAB_DIR/own.out"
check "16 connections of a pod to itself, through the Service" [ ! -s "$LAB_DIR/own.out" ]
check "flows snat: 16 of 16 ports are used" ctl_json 'any(.snat[]; .protocol == "tcp" and .used == 16 and .size == 16)' flows snat
dropped=$(drops_of snat_ports)
check_fails "the 17th connection waits in vain" lab_in client timeout 1.5 "$TEST_DIR/peer.py" tcp 10.96.0.12 7 1000 -s 5417
check "it is counted" [ "$(drops_of snat_ports)" -gt "$dropped" ]
check "another protocol has ports of its own" udp_echo client 10.96.0.12 5418
check "so has another destination" udp_echo client 10.96.0.10 5419
check "60 flows of one client" sprinkle client 10.96.0.11 9 40000 60
check "are more than it may have" [ "$(drops_of ct_client_limit)" -gt 0 ]
check "another client is not affected" udp_echo b2 10.96.0.10 5420
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
