#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Services with real clients and backends: balancing (SVC-17), no endpoint, unknown port, unknown address (SVC-4),
# hairpin (SVC-15), client and backend in one subnet and on one source port (CT-1, CT-4), changes under traffic
# (SVC-19, SVC-21, CT-6), flows without an entry (CT-5), ICMP errors about translated flows (ICMP-3, ICMP-5),
# ping (ICMP-8), flows show and flush (CT-12), Services over a restart (OPS-1).
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
test_begin "$@"

test_config_node <<EOF
ports:
  - {name: far, type: tap, addresses: [10.2.0.1/24]}
routes:
  - {prefix: 10.9.0.0/24, via: 10.2.0.2}
services:
  - name: default/fixed
    cluster_ip: 10.96.0.1
    ports: [{protocol: tcp, port: 7, target_port: 7000}]
    endpoints: [10.244.1.3]
EOF
vip=10.96.0.10
service() { # ENDPOINT..: the Service default/echo with these
	local args=() e
	for e in "$@"; do
		args+=(endpoint "$e")
	done
	lab_ctl services add default/echo cluster-ip $vip port tcp:7:7000 port udp:7:7000 "${args[@]}" replace >/dev/null
}
flows_are() { # N FILTER..
	local n=$1
	shift
	lab_ctl flows show "$@"
	ctl_json ".total == $n" flows show "$@"
}
backends_of() { ctl_json '[.flows[].backend | split(":")[0]] | unique | join(" ")' flows show "$@"; }
connections() { # N: TCP connections one after the other
	lab_in client sh -c 'for i in $(seq "$3"); do "$0" tcp "$1" "$2" 100 >/dev/null || exit 1; done' "$TEST_DIR/peer.py" $vip 7 "$1"
}
error_is() { # ERROR NAME ARGS..
	local wanted=$1 name=$2
	shift 2
	lab_in "$name" "$TEST_DIR/hold.py" error "$@" >"$LAB_DIR/error" && cat "$LAB_DIR/error" && grep -q "^$wanted " "$LAB_DIR/error"
}
silent() { ! lab_in client "$TEST_DIR/hold.py" error "$@" >"$LAB_DIR/error" 2>&1 && grep -q 'no error came' "$LAB_DIR/error"; }
hold() { # KIND ADDRESS PORT SOURCE: begins one; released ends it
	rm -f "$LAB_DIR/stop"
	: >"$LAB_DIR/hold.out" # the last one's says "open", too
	lab_in client "$TEST_DIR/hold.py" "$1" "$2" "$3" "$LAB_DIR/stop" -s "$4" >"$LAB_DIR/hold.out" 2>&1 &
	HOLD_PID=$!
	LAB_PIDS+=("$HOLD_PID")
	lab_wait 5 grep -q open "$LAB_DIR/hold.out"
}
released() {
	local rc=0
	touch "$LAB_DIR/stop"
	wait "$HOLD_PID" || rc=$?
	cat "$LAB_DIR/hold.out"
	return $rc
}

check "podwayd starts with $WORKERS workers" lab_start
for pod in client b1 b2 b3; do
	check "pod $pod" lab_pod_add $pod
done
client=$(lab_ip client) b1=$(lab_ip b1) b2=$(lab_ip b2) b3=$(lab_ip b3)
check "addresses" [ "$client $b1 $b2 $b3" = "10.244.1.2 10.244.1.3 10.244.1.4 10.244.1.5" ]
for pod in client b1 b2 b3; do
	lab_bg $pod "$TEST_DIR/peer.py" serve 0.0.0.0 7000
	check_eventually 10 "$pod serves" lab_listens $pod 7000
done

# ---- balancing

check "services add, replace" service "$b1" "$b2" "$b3"
check "services show: ports, endpoints, origin" ctl_json '.services[] | select(.name == "default/echo") |
	.cluster_ips == ["10.96.0.10"] and (.ports | length) == 2 and (.endpoints | length) == 3 and .origin == "ctl"' services
check "that of the configuration, too" ctl_json '.services[] | select(.name == "default/fixed") | .origin == "config"' services
check "60 TCP connections" connections 60
check "every backend had some" [ "$(backends_of protocol tcp vip $vip)" = "$b1 $b2 $b3" ]
check "they are counted" ctl_json '.services[] | select(.name == "default/echo") | .new_flows == 60' services
check "60 UDP sources" lab_in client sh -c 'for i in $(seq 60); do "$0" udp "$1" 7 2 >/dev/null || exit 1; done' "$TEST_DIR/peer.py" $vip
check "every backend had some of them" [ "$(backends_of protocol udp vip $vip)" = "$b1 $b2 $b3" ]
check "TCP verified" lab_in client "$TEST_DIR/peer.py" tcp $vip 7 16000000
check "UDP verified" lab_in client "$TEST_DIR/peer.py" udp $vip 7 200
check "ping of the Service" lab_in client ping -c 2 -i 0.1 -W 2 $vip

# ---- flows show, flows flush

total=$(ctl_json .total flows)
tcp=$(ctl_json .total flows show protocol tcp) udp=$(ctl_json .total flows show protocol udp)
check "flows show protocol: $tcp tcp and $udp udp are $total" [ $((tcp + udp)) = "$total" -a "$tcp" -gt 20 -a "$udp" -gt 20 ]
check "flows show client, backend: what they say" ctl_json "(.flows | length > 0) and
	all(.flows[]; (.client | startswith(\"$client:\")) and .backend == \"$b1:7000\" and .vip == \"$vip:7\" and .kind == \"service\")" \
	flows show client "$client" backend "$b1"
check "flows show limit" ctl_json "(.flows | length) == 5 and .total == $total" flows show limit 5
n=$(ctl_json .total flows show backend "$b2")
check "flows flush backend: $n" ctl_json ".flushed > 0 and .flushed <= $n" flows flush backend "$b2"
check "others stay" ctl_json ".total > 0 and ([.flows[] | select(.backend == \"$b2:7000\")] == [])" flows
check "flows flush all" ctl_json ".flushed > 0" flows flush all
check "none is left" flows_are 0

# ---- refused, dropped

lab_ctl services add default/none cluster-ip 10.96.0.20 port tcp:7 port udp:7 >/dev/null
check "no endpoint, TCP: refused at once" drops_more svc_reject 1 error_is ECONNREFUSED client tcp 10.96.0.20 7
check "no endpoint, UDP: port unreachable" drops_more svc_reject 1 error_is ECONNREFUSED client udp 10.96.0.20 7
check "it is counted by the Service" ctl_json '.services[] | select(.name == "default/none") | .no_endpoint_drops == 2' services
check "unknown port, TCP: refused" error_is ECONNREFUSED client tcp $vip 8
check "unknown port, UDP: port unreachable" error_is ECONNREFUSED client udp $vip 8
check "the same from the node" error_is ECONNREFUSED node tcp $vip 8
check "unknown address, UDP: silence" drops_more vip_unknown 1 silent udp 10.96.7.7 7
check "ping of an unknown address: silence" drops_more vip_unknown 1 sh -c '! nsenter --net="$1" ping -c 1 -W 0.3 10.96.7.7' sh "$(lab_netns client)"
check "no flow was made for any of them" flows_are 0

# ---- backends near and far, and the client itself

service "$client"
check "hairpin: the client is the backend, TCP" lab_in client "$TEST_DIR/peer.py" tcp $vip 7 4000000
check "hairpin: UDP" lab_in client "$TEST_DIR/peer.py" udp $vip 7 100
check "the backend sees the node" ctl_json 'any(.flows[]; .kind == "hairpin" and (.snat | startswith("198.51.100.1:")))' flows
service "$client" "$b1"
check "itself or another: 20 connections" connections 20
service "$b1"
for kind in tcp udp; do
	check "$kind to the Service and to its backend from one source port" \
		lab_in client "$TEST_DIR/hold.py" both $kind $vip 7 "$b1" 7000 -s 41000
	check "$kind in the other order" lab_in client "$TEST_DIR/hold.py" both $kind "$b1" 7000 $vip 7 -s 42000
done

# ---- changes under traffic

lab_ctl flows flush all >/dev/null
check "a TCP connection" hold tcp $vip 7 43000
check "it is with b1" flows_are 1 protocol tcp backend "$b1" vip $vip:7 client "$client"
service "$b2" "$b3"
check "new connections avoid the backend that was removed" connections 20
check "they were with others" ctl_json "[.flows[] | select(.backend == \"$b1:7000\" and .client != \"$client:43000\")] | length == 0" \
	flows show protocol tcp vip $vip
check "the old connection goes on, every byte verified" released
service "$b1"
check "a UDP conversation" hold udp $vip 7 44000
check "it is with b1" [ "$(backends_of protocol udp vip $vip)" = "$b1" ]
service "$b2" "$b3"
moved() { backends_of protocol udp vip $vip | grep -Eqx "$b2|$b3"; }
check_eventually 3 "after the removal it moves to another backend" moved
service
check_eventually 3 "without any the flow goes" flows_are 0 protocol udp vip $vip
told() { ctl_json '.services[] | select(.name == "default/echo") | .no_endpoint_drops > 0' services; }
check_eventually 3 "and the client is told" told
service "$b3"
check_eventually 3 "and comes with the first" eval '[ "$(backends_of protocol udp vip $vip)" = "$b3" ]'
check "the conversation outlived it all" released
check "it was told while there was none" grep -q ', [1-9][0-9]* refused' "$LAB_DIR/hold.out"
check "a TCP connection" hold tcp $vip 7 45000
lab_ctl flows flush all >/dev/null
check_eventually 3 "without its entry it is reset at once" grep -q 'ConnectionResetError\|BrokenPipe' "$LAB_DIR/hold.out"
check "services replace 200 times while connections are made" eval '
	(for i in $(seq 100); do service "$b1" "$b2" && service "$b2" "$b3" || exit 1; done) & churn=$!
	connections 30 && wait $churn'
check "services del" lab_ctl services del default/echo
check "its address is unknown now" drops_more vip_unknown 1 silent udp $vip 7
check_fails "a second time is an error" lab_ctl services del default/echo
check_fails "a cluster IP outside of service_cidr is an error" lab_ctl services add x cluster-ip 10.97.0.1 port 80
check_fails "a cluster IP of IPv6 is one where there are no tables for it" lab_ctl services add x cluster-ip fd00::1 port 80
check_fails "a port that another Service has is an error" lab_ctl services add x cluster-ip 10.96.0.1 port 7

# ---- ICMP errors about translated flows

ip netns add "$LAB_PREFIX-end"
peer_add router far 10.2.0.2/24
ip -n "$LAB_PREFIX-router" route add default via 10.2.0.1
lab_in router sysctl -qw net.ipv4.ip_forward=1
ip -n "$LAB_PREFIX-router" link add veth0 mtu 1300 type veth peer name veth1 mtu 1300 netns "$LAB_PREFIX-end"
ip -n "$LAB_PREFIX-router" addr add 10.9.0.1/24 dev veth0
ip -n "$LAB_PREFIX-router" link set veth0 up
ip -n "$LAB_PREFIX-end" addr add 10.9.0.2/24 dev veth1
ip -n "$LAB_PREFIX-end" link set veth1 up
ip -n "$LAB_PREFIX-end" link set lo up
ip -n "$LAB_PREFIX-end" route add default via 10.9.0.1 advmss 1460
lab_bg end "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "a backend behind another router" lab_listens end 7000
service 10.9.0.2
capture client eth0
check "TCP learns the MTU of the way behind" lab_in client "$TEST_DIR/peer.py" tcp $vip 7 4000000
check "as one to the Service's address" sh -c 'nsenter --net="$1" ip route get "$2" | grep -q "mtu 1300"' sh "$(lab_netns client)" $vip
check "UDP, in fragments now, verified" lab_in client "$TEST_DIR/peer.py" udp $vip 7 50
check "whom a TTL of 2 ends at: the router is seen" error_is EHOSTUNREACH client udp $vip 7 -t 2
check_eventually 3 "with its own address" captured client 'icmp[0] = 11 and src host 10.2.0.2'
check "TTL 1: the gateway" error_is EHOSTUNREACH client udp $vip 7 -t 1
check_eventually 3 "with its address" captured client 'icmp[0] = 11 and src host 10.244.1.1'
lab_ctl services add default/shut cluster-ip 10.96.0.30 port tcp:7:7999 port udp:7:7999 endpoint "$b1" >/dev/null
check "a port nobody serves, UDP: refused" error_is ECONNREFUSED client udp 10.96.0.30 7
check "a port nobody serves, TCP: refused" error_is ECONNREFUSED client tcp 10.96.0.30 7
check_fails "the client never saw a backend's address" captured client "icmp and icmp[24:4] = 0x0a090002 or src host 10.9.0.2"
check_eventually 5 "rx = tx + drops + held" ledger_settled

# ---- a restart

lab_stop
check "podwayd ends without error" [ "$LAB_DAEMON_RC" = 0 ]
check "podwayd starts again" lab_start
check "its Services are there" [ "$(ctl_json '[.services[].name] | sort | join(" ")' services)" = "default/echo default/fixed default/none default/shut" ]
service "$b2"
check_eventually 10 "and work" lab_in client timeout 2 "$TEST_DIR/peer.py" tcp $vip 7 1000
check "that of the configuration, too" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.1 7 1000
check "podwayctl cannot change that one" sh -c '! "$@"' sh "$LAB_BUILD/app/podwayctl/podwayctl" --socket "$LAB_SOCKET" \
	services add default/fixed cluster-ip 10.96.0.1 port 7 replace
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
