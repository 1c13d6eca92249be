#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Routing between routed ports and bridges: longest match and changes at run time (L3-1), TTL (L3-2), what routes
# refuse (L3-4), resolution of next hops with packets held meanwhile (L2-6, L2-7), ICMP errors and their limits
# (ICMP-1, ICMP-2), path MTU (ICMP-3, ICMP-4), routes over a restart (OPS-1).
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
test_begin "$@"

test_config_node <<EOF
  - {name: br1, gateway: 10.5.0.1/24}
ports:
  - {name: left, type: tap, addresses: [10.1.0.1/24]}
  - {name: right, type: tap, addresses: [10.2.0.1/24]}
  - {name: narrow, type: tap, addresses: [10.3.0.1/24], mtu: 1400}
  - {name: other, type: tap, bridge: br1}
routes:
  - {prefix: 10.20.0.0/16, via: 10.2.0.2}
  - {prefix: 10.61.0.0/16, kind: blackhole}
  - {prefix: 10.62.0.0/16, kind: unreachable}
  - {prefix: 10.63.0.0/16, kind: prohibit}
EOF
# ICMP errors have a limit for each destination: every check of one asks from an address of its own.
hosts() {
	peer_add left left 10.1.0.{2..30}/24 && ip -n "$LAB_PREFIX-left" route add default via 10.1.0.1 &&
		peer_add right right 10.2.0.2/24 && ip -n "$LAB_PREFIX-right" route add default via 10.2.0.1 &&
		peer_add narrow narrow 10.3.0.2/24 && ip -n "$LAB_PREFIX-narrow" route add default via 10.3.0.1 &&
		peer_add other other 10.5.0.2/24 && ip -n "$LAB_PREFIX-other" route add default via 10.5.0.1
}
check "podwayd starts with $WORKERS workers" lab_start
check "hosts behind four ports" hosts
ip -n "$LAB_PREFIX-right" addr add 10.20.0.1/32 dev lo
ip -n "$LAB_PREFIX-right" addr add 10.20.30.1/32 dev lo
ip -n "$LAB_PREFIX-other" addr add 10.20.30.1/32 dev lo
capture left left
capture right right
capture other other

# says WHAT PATTERN NAME PING-ARGS..: ping in a namespace prints it
says() {
	local pattern=$1 name=$2
	shift 2
	lab_in "$name" ping "$@" | tee /dev/stderr | grep -q -- "$pattern"
}
neighbour_is() { [ "$(ctl_json ".neighbours[] | select(.address == \"$1\") | .state" neighbours)" = "$2" ]; }
no_neighbour() { [ "$(ctl_json "[.neighbours[] | select(.address == \"$1\")] | length" neighbours)" = 0 ]; }
route_is() { ctl_json ".routes | length == 1 and (.[0] | $2)" routes get "$1"; }
refused() { # PATTERN ARGS..: podwayctl ARGS fails and says why
	local pattern=$1
	shift
	! lab_ctl "$@" >"$LAB_DIR/refused.out" 2>&1 && cat "$LAB_DIR/refused.out" && grep -q -- "$pattern" "$LAB_DIR/refused.out"
}

# ---- next hops are resolved, and nothing is lost meanwhile

check "the first ping is answered" lab_in left ping -c 1 -W 3 10.2.0.2
check "podwayctl neighbours: reachable" neighbour_is 10.2.0.2 reachable
check "neighbours flush ADDRESS" ctl_json '.flushed == 1' neighbours flush 10.2.0.2
check "it is gone" no_neighbour 10.2.0.2
lab_bg right "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens right 7000
check "a burst to a next hop not resolved yet: none is lost" lab_in left "$TEST_DIR/peer.py" stream 10.2.0.2 7000 1000 0.05
check "TCP verified" lab_in left "$TEST_DIR/peer.py" tcp 10.2.0.2 7000 4000000
check "neighbours flush" ctl_json '.flushed >= 2' neighbours flush
check "TCP verified after it" lab_in left "$TEST_DIR/peer.py" tcp 10.2.0.2 7000 4000000
check "port to bridge" lab_in left ping -c 2 -i 0.1 -W 3 10.5.0.2
check "a pod" lab_pod_add pod
check "pod to another bridge" lab_in pod ping -c 2 -i 0.1 -W 3 10.5.0.2
check "another bridge to the pod" lab_in other ping -c 2 -i 0.1 -W 3 "$(lab_ip pod)"

# ---- longest match, changes

check "via: the route of the configuration" lab_in left ping -c 1 -W 3 10.20.30.1
check "it went to the /16" captured right 'icmp[0] = 8 and dst host 10.20.30.1'
check "routes add a longer one" lab_ctl routes add 10.20.30.0/24 via 10.5.0.2
check "routes get: the longer" route_is 10.20.30.1 '.prefix == "10.20.30.0/24" and .via == "10.5.0.2" and .kind == "via" and .origin == "ctl"'
check "routes get: the shorter for others" route_is 10.20.0.1 '.prefix == "10.20.0.0/16" and .origin == "config"'
check "a packet follows the longer" lab_in left ping -c 1 -W 3 10.20.30.1
check "it went there" captured other 'icmp[0] = 8 and dst host 10.20.30.1'
check "others go on" lab_in left ping -c 1 -W 3 10.20.0.1
check "twice is an error" refused 'there already' routes add 10.20.30.0/24 via 10.2.0.2
check "replace" lab_ctl routes add 10.20.30.0/24 via 10.2.0.2 replace
check "routes get: replaced" route_is 10.20.30.1 '.via == "10.2.0.2"'
check "a next hop on no link is an error" refused 'on the link of no bridge or routed port' routes add 10.21.0.0/16 via 192.0.2.9
check "an own address as next hop, too" refused 'is an address of this node' routes add 10.21.0.0/16 via 10.2.0.1
check "bits behind the length, too" refused 'bits set behind its length' routes add 10.21.0.1/16 via 10.2.0.2
check "routes del" lab_ctl routes del 10.20.30.0/24
check "routes get: the shorter again" route_is 10.20.30.1 '.prefix == "10.20.0.0/16"'
check "a second time is an error" refused 'no such route' routes del 10.20.30.0/24
check "a route to the node" lab_ctl routes add 10.77.0.0/16 kind host
ip -n "$LAB_PREFIX-node" addr add 10.77.0.1/32 dev lo
ip -n "$LAB_PREFIX-node" route add 10.1.0.0/24 dev podway0
check "packets arrive there" lab_in left ping -c 2 -i 0.1 -W 3 10.77.0.1

# ---- TTL

check "TTL is spent once" says 'ttl=63' left -c 1 -W 3 10.2.0.2
check "TTL 1: the gateway says so" says 'From 10.1.0.1.*Time to live exceeded' left -I 10.1.0.3 -c 1 -W 3 -t 1 10.2.0.2
check "TTL 1: to the gateway itself is fine" lab_in left ping -c 1 -W 3 -t 1 10.1.0.1
check "TTL 2: arrives" lab_in left ping -c 1 -W 3 -t 2 10.2.0.2
check "TTL 1 is dropped as ttl_expired" drops_more ttl_expired 1 says exceeded left -I 10.1.0.4 -c 1 -W 3 -t 1 10.2.0.2

# ---- refused

check "no route: net unreachable" drops_more no_route 1 says 'From 10.1.0.1.*Destination Net Unreachable' left -I 10.1.0.5 -c 1 -W 3 10.99.0.1
check "unreachable: host unreachable" drops_more unreachable 1 says 'From 10.1.0.1.*Destination Host Unreachable' left -I 10.1.0.6 -c 1 -W 3 10.62.0.1
check "prohibit: packet filtered" drops_more prohibit 1 says 'From 10.1.0.1.*Packet filtered' left -I 10.1.0.7 -c 1 -W 3 10.63.0.1
check "codes are 0, 1, 13" sh -c 'for i in 5:0 6:1 7:13; do
	tcpdump -n -r "$1" "icmp[0] = 3 and icmp[1] = ${i#*:} and dst host 10.1.0.${i%:*}" 2>/dev/null | grep -q . || exit 1; done' sh "$LAB_DIR/left.pcap"
check "blackhole: silence" drops_more blackhole 2 sh -c '! nsenter --net="$1" ping -I 10.1.0.8 -c 2 -i 0.1 -W 0.3 10.61.0.1' sh "$(lab_netns left)"
check_fails "really silence" captured left 'icmp[0] = 3 and dst host 10.1.0.8'
check "a directed broadcast is not forwarded" drops_more blackhole 1 sh -c '! nsenter --net="$1" ping -b -I 10.1.0.8 -c 1 -W 0.3 10.2.0.255' sh "$(lab_netns left)"
check_fails "no host saw it" captured right 'dst host 10.2.0.255'
closed() { ! lab_in left timeout 5 socat - TCP:10.1.0.1:99,connect-timeout=3; }
check "TCP to the gateway: refused" drops_more local_proto 1 closed
check "it was a RST" captured left 'tcp[13] & 4 != 0 and src host 10.1.0.1'

# ---- a next hop that is silent

start=$(date +%s%N)
check "host unreachable" drops_more neigh_failed 1 says 'From 10.1.0.1.*Destination Host Unreachable' left -I 10.1.0.9 -c 1 -W 6 10.2.0.77
ms=$((($(date +%s%N) - start) / 1000000))
check "after three seconds ($ms ms)" [ $ms -gt 2800 -a $ms -lt 4500 ]
check "it was asked for three times" sh -c '[ "$(tcpdump -n -r "$1" "arp[6:2] = 1 and arp[24:4] = 0x0a02004d" 2>/dev/null | wc -l)" = 3 ]' sh "$LAB_DIR/right.pcap"
check "podwayctl neighbours: failed" neighbour_is 10.2.0.77 failed
check "at once while it is known to be silent" says 'Destination Host Unreachable' left -I 10.1.0.10 -c 1 -W 0.5 10.2.0.77
lab_in left sh -c 'for i in $(seq 150); do echo x; done | socat -u -b2 STDIN UDP-SENDTO:10.2.0.78:9,bind=10.1.0.11'
held_is_101() { ctl_json '.neighbours[] | select(.address == "10.2.0.78") | .held == 101' neighbours; }
check_eventually 2 "101 packets are held for one next hop" held_is_101
check "those beyond are dropped" drops_are neigh_queue_full 49
check_eventually 6 "the others are in the end" drops_are neigh_failed 103

# ---- ICMP limits

lab_in left ping -q -I 10.1.0.12 -c 200 -i 0.002 -W 0.5 10.62.0.1 >"$LAB_DIR/flood"
check_eventually 2 "errors are sent" captured left 'icmp[0] = 3 and dst host 10.1.0.12' 5
check_fails "but only a few to one destination" captured left 'icmp[0] = 3 and dst host 10.1.0.12' 12

# ---- MTU

check "too big and not to be fragmented: the MTU is said" \
	drops_more mtu_exceeded 1 says 'From 10.1.0.1.*[Ff]rag needed and DF set (mtu = 1400)' left -I 10.1.0.13 -M "do" -c 1 -W 3 -s 1400 10.3.0.2
check "1400 bytes pass" lab_in left ping -I 10.1.0.14 -M "do" -c 1 -W 3 -s 1372 10.3.0.2
# The kernel remembers MTUs: another address there, and a host that does not ask for any.
ip -n "$LAB_PREFIX-narrow" addr add 10.3.0.3/24 dev narrow
capture narrow narrow
lab_in left sysctl -qw net.ipv4.ip_no_pmtu_disc=1
check "too big, but may be fragmented: it is" lab_in left ping -I 10.1.0.15 -M dont -c 2 -i 0.1 -W 3 -s 1450 10.3.0.3
check "by the gateway: first and later ones" captured narrow 'icmp[0] = 8 and ip[6:2] = 0x2000 and len <= 1414 and dst host 10.3.0.3' 2
check "so is what comes in fragments" lab_in left ping -I 10.1.0.15 -M dont -c 2 -i 0.1 -W 3 -s 8000 10.3.0.3
ip -n "$LAB_PREFIX-narrow" link set narrow mtu 1500
lab_bg narrow "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens narrow 7000
lab_bg narrow "$TEST_DIR/peer.py" serve 10.3.0.3 7001
check_eventually 10 "another, with the other address" lab_listens narrow 7001
check "TCP without DF, large frames included, in fragments" lab_in left "$TEST_DIR/peer.py" tcp 10.3.0.3 7001 1000000
check "UDP without DF, checksums left to the device" lab_in left "$TEST_DIR/peer.py" udp 10.3.0.3 7001 100
check_eventually 3 "they came in fragments" captured narrow 'tcp and ip[6:2] = 0x2000 and dst host 10.3.0.3' 10
lab_in left sysctl -qw net.ipv4.ip_no_pmtu_disc=0
lab_in left ip route flush cache
check "TCP finds the MTU" lab_in left "$TEST_DIR/peer.py" tcp 10.3.0.2 7000 4000000
check "it was told" sh -c 'nsenter --net="$1" ip route get 10.3.0.2 | grep -q "mtu 1400"' sh "$(lab_netns left)"
check_eventually 5 "rx = tx + drops + held" ledger_settled

# ---- a restart

check "routes to be kept" sh -c '"$@" add 10.30.0.0/16 via 10.2.0.2 && "$@" add 10.31.0.0/16 kind prohibit && "$@" del 10.62.0.0/16' \
	sh "$LAB_BUILD/app/podwayctl/podwayctl" --socket "$LAB_SOCKET" routes
lab_stop
check "podwayd ends without error" [ "$LAB_DAEMON_RC" = 0 ]
check "podwayd starts again" lab_start
check "routes of podwayctl are there: via" route_is 10.30.0.1 '.via == "10.2.0.2" and .origin == "ctl"'
check "routes of podwayctl are there: prohibit" route_is 10.31.0.1 '.kind == "prohibit" and .origin == "ctl"'
check "routes of podwayctl are there: host" route_is 10.77.0.1 '.kind == "host" and .origin == "ctl"'
check "those of the configuration, too" route_is 10.62.0.1 '.kind == "unreachable" and .origin == "config"'
check "deleted ones are not" route_is 10.20.30.1 '.prefix == "10.20.0.0/16"'
check "hosts come back" hosts
ip -n "$LAB_PREFIX-right" addr add 10.30.0.1/32 dev lo
check "and packets follow" lab_in left ping -c 2 -i 0.1 -W 3 10.30.0.1
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
