#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Routed pods (L2-10): addresses of full length, default routes by 169.254.1.1 and fe80::1, no bridge at all. Pod to pod,
# node, Service and a network outside, payloads verified; a pod that leaves and comes back; a daemon that does.
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
test_begin "$@"

test_config <<EOF
node: {name: node-a, addresses: [198.51.100.1/32, "fd00:99::1/128"]}
pod_cidr: [10.244.1.0/24, "fd00:244:1::/64"]
service_cidr: [10.96.0.0/16, "fd00:96::/112"]
pods: {mode: routed}
ports:
  - {name: lan, type: tap, addresses: [192.0.2.1/24, "2001:db8::1/64"]}
services:
  - name: default/echo
    cluster_ip: 10.96.0.10
    ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]
    endpoints: [10.244.1.2, 10.244.1.3]
  - name: default/echo6
    cluster_ip: "fd00:96::10"
    ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7006}, {name: udp, protocol: udp, port: 7, target_port: 7006}]
    endpoints: ["fd00:244:1::2", "fd00:244:1::3"]
EOF
verified() { # NAME ADDRESS PORT: TCP and UDP
	lab_in "$1" "$TEST_DIR/peer.py" tcp "$2" "$3" 4000000 && lab_in "$1" "$TEST_DIR/peer.py" udp "$2" "$3" 200
}
says() {
	local pattern=$1 name=$2
	shift 2
	lab_in "$name" ping "$@" | tee /dev/stderr | grep -q -- "$pattern"
}
serve() {
	lab_bg "$1" "$TEST_DIR/peer.py" serve 0.0.0.0 7000
	lab_bg "$1" "$TEST_DIR/peer.py" serve :: 7006
	lab_wait 10 lab_listens "$1" 7000 && lab_wait 10 lab_listens "$1" 7006
}
ip6() { jq -r '.ips[1].address | split("/")[0]' "$LAB_DIR/$1.json"; }
route_is() { ctl_json ".routes | length == 1 and (.[0] | $2)" routes get "$1"; }

check "podwayd starts with $WORKERS workers" lab_start
check "a host behind a routed port" peer_add lan lan 192.0.2.2/24
ip -n "$LAB_PREFIX-lan" route add default via 192.0.2.1
ip -n "$LAB_PREFIX-lan" addr add 2001:db8::2/64 dev lan nodad
ip -n "$LAB_PREFIX-lan" route add default via 2001:db8::1
for pod in a b c; do
	check "pod $pod" lab_pod_add $pod
done
a=$(lab_ip a) b=$(lab_ip b) c=$(lab_ip c)
a6=$(ip6 a) b6=$(ip6 b)
check "its address is a /32" jq -e '.ips[0].address | endswith("/32")' "$LAB_DIR/a.json"
check "its default route goes by 169.254.1.1" sh -c 'ip -n "$1" route show default | grep -q "via 169.254.1.1 dev eth0"' sh "$LAB_PREFIX-a"
check "of IPv6: /128, by fe80::1" sh -c 'jq -e ".ips[1].address | endswith(\"/128\")" "$2" && ip -n "$1" -6 route show default | grep -q "via fe80::1 dev eth0"' \
	sh "$LAB_PREFIX-a" "$LAB_DIR/a.json"
check "the node knows it by its port" route_is "$a" '.kind == "pod" and .prefix == "'"$a"'/32" and (.port | startswith("pod-"))'
for peer in a b node lan; do
	check "$peer serves" serve $peer
done

check "pod to pod: ping, one hop" says 'ttl=63' a -c 3 -i 0.1 -W 2 "$b"
check "pod to pod: TCP and UDP" verified a "$b" 7000
check "pod to pod: ping of 8000 bytes" lab_in a ping -c 2 -i 0.1 -W 2 -s 8000 "$b"
check "pod to node: ping" lab_in a ping -c 2 -i 0.1 -W 2 198.51.100.1
check "pod to node: TCP and UDP" verified a 198.51.100.1 7000
check "node to pod: TCP and UDP" verified node "$b" 7000
check "pod to a host outside: TCP and UDP" verified a 192.0.2.2 7000
check "from there to the pod: TCP and UDP" verified lan "$a" 7000
check "pod to Service: TCP and UDP" verified c 10.96.0.10 7
check "a backend to its own Service, itself or the other" verified a 10.96.0.10 7
check "node to Service: TCP and UDP" verified node 10.96.0.10 7
check "IPv6: pod to pod: ping, one hop" says 'ttl=63' a -c 3 -i 0.1 -W 2 "$b6"
check "IPv6: pod to pod" verified a "$b6" 7006
check "IPv6: pod to node" verified a fd00:99::1 7006
check "IPv6: node to pod" verified node "$b6" 7006
check "IPv6: pod to a host outside" verified a 2001:db8::2 7006
check "IPv6: from there to the pod" verified lan "$a6" 7006
check "IPv6: pod to Service" verified c fd00:96::10 7
check "IPv6: a backend to its own Service, itself or the other" verified a fd00:96::10 7
check "IPv6: node to Service" verified node fd00:96::10 7
check "IPv6: fe80::1 answers ping" lab_in a ping -c 2 -i 0.1 -W 2 fe80::1%eth0
check "IPv6: no pod there: unreachable" says 'From .*No route' c -c 1 -W 2 fd00:244:1::77
check "IPv6: hop limit 1: the gateway says so" says 'From .*Time exceeded' c -c 1 -W 2 -t 1 "$b6"
neighbour_known() { lab_in a ip -6 neigh show fe80::1 | grep -q PERMANENT; }
check "IPv6: nobody has to ask for fe80::1" neighbour_known
check "from outside to Service: TCP and UDP" verified lan 10.96.0.10 7
check "pod to Service: ping" lab_in c ping -c 2 -i 0.1 -W 2 10.96.0.10
check "169.254.1.1 answers ping" lab_in a ping -c 2 -i 0.1 -W 2 169.254.1.1
check "no pod there: unreachable" says 'From .*Destination Net Unreachable' c -c 1 -W 2 10.244.1.77
check "TTL 1: the gateway says so" says 'From .*Time to live exceeded' c -c 1 -W 2 -t 1 "$b"
check "ARP for a neighbouring pod is answered by the gateway, too" \
	lab_in a arping -q -c 1 -w 2 -I eth0 "$c"
check "TCP crossed in large frames (GSO stays whole)" \
	ctl_json '[.ports[] | select(.pod != null) | .rx.max_frame_bytes] | max > 30000' ports

check "pod c goes" lab_pod_del c
check "its route, too" ctl_json '.routes == []' routes get "$c"
check "and comes back" lab_pod_add c
check "with another address" [ "$(lab_ip c)" != "$c" ]
check "that works" verified c "$b" 7000
lab_stop
check "podwayd starts again" lab_start
check_eventually 10 "the pods are back" lab_in c ping -c 1 -W 0.3 "$b"
check "pod to pod: TCP and UDP" verified c "$b" 7000
check "pod to Service: TCP and UDP" verified c 10.96.0.10 7
check "IPv6: pod to pod" verified c "$b6" 7006
check "IPv6: pod to Service" verified c fd00:96::10 7
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
