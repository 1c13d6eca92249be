#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Bridging: learning, moves, ageing, limits (L2-1), static entries (L2-2), flooding (L2-3), reserved addresses
# (L2-4), ARP of gateways (L2-6) and for pods from what is known (L2-8), IPv6 passing through.
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
test_begin "$@"

test_config_node <<EOF
  - {name: lan, ageing_sec: 10, max_fdb_per_port: 8}
ports:
  - {name: lan1, type: tap, bridge: lan}
  - {name: lan2, type: tap, bridge: lan}
  - {name: lan3, type: tap, bridge: lan}
  - {name: fixed, type: tap, bridge: lan, peer_mac: "02:00:00:00:00:99"}
  - {name: vm, type: tap, bridge: br0}
EOF
check "podwayd starts with $WORKERS workers" lab_start
peer_add h1 lan1 192.168.5.1/24
peer_add h2 lan2 192.168.5.2/24
peer_add h3 lan3 192.168.5.3/24
peer_add vm vm 10.244.1.200/24

port_of() { ctl_json "[.fdb[] | select(.mac == \"$1\") | .port] | join(\",\")" fdb; }
is_behind() { [ "$(port_of "$1")" = "$2" ]; }
counter() { ctl_json ".counters.$1" fdb; }
counter_is() { [ "$(counter "$1")" = "$2" ]; }
learned_at() { [ "$(ctl_json "[.fdb[] | select(.port == \"$1\" and .kind == \"learned\")] | length" fdb)" = "$2" ]; }
has_link_local() { ip -n "$LAB_PREFIX-$1" -6 addr show dev "$2" scope link -tentative | grep -q fe80; }
link_local() { ip -n "$LAB_PREFIX-$1" -j -6 addr show dev "$2" scope link | jq -r '[.[].addr_info[]? | .local | select(.)][0]'; }
neigh_mac() { ip -n "$LAB_PREFIX-$1" -j neigh show "$2" | jq -r '.[0].lladdr'; }

# ---- learning

check "two hosts of a bridge without gateway: ping" lab_in h1 ping -c 3 -i 0.1 -W 2 192.168.5.2
check_eventually 3 "the hosts were learned behind their ports" is_behind "$(mac_of h1 lan1)" lan1
check_eventually 3 "the other, too" is_behind "$(mac_of h2 lan2)" lan2
check "a static entry for peer_mac" \
	ctl_json '.fdb[] | select(.mac == "02:00:00:00:00:99") | .port == "fixed" and .kind == "static"' fdb
check "podwayctl fdb show port lan1 lists that port only" \
	sh -c '"$1" --socket "$2" fdb show port lan1 | awk "NR > 1 && !/lan1/ {bad = 1} END {exit bad || NR < 2}"' \
	sh "$LAB_BUILD/app/podwayctl/podwayctl" "$LAB_SOCKET"

# ---- flooding

capture h1 lan1
capture h2 lan2
capture h3 lan3
frame h1 lan1 02:00:00:00:aa:01 02:00:00:00:01:01
for peer in h2 h3; do
	check_eventually 3 "unknown unicast is flooded: $peer" captured $peer 'ether dst 02:00:00:00:aa:01'
done
check_eventually 3 "its source is learned" is_behind 02:00:00:00:01:01 lan1
frame h2 lan2 02:00:00:00:01:01 02:00:00:00:02:02
check_eventually 3 "known unicast arrives" captured h1 'ether src 02:00:00:00:02:02'
frame h1 lan1 ff:ff:ff:ff:ff:ff 02:00:00:00:01:02
frame h1 lan1 01:00:5e:01:02:03 02:00:00:00:01:02
for peer in h2 h3; do
	check_eventually 3 "broadcast is flooded: $peer" captured $peer 'ether broadcast and ether src 02:00:00:00:01:02'
	check_eventually 3 "multicast is flooded: $peer" captured $peer 'ether dst 01:00:5e:01:02:03'
done
check_fails "known unicast goes to one port only" captured h3 'ether src 02:00:00:00:02:02'
check_fails "nothing is flooded back to where it came from" captured h1 'ether src 02:00:00:00:01:01 or ether src 02:00:00:00:01:02'

check "01:80:c2:00:00:0e is dropped as l2_reserved" drops_more l2_reserved 1 frame h1 lan1 01:80:c2:00:00:0e 02:00:00:00:01:01
check "01:80:c2:00:00:0f is, too" drops_more l2_reserved 1 frame h1 lan1 01:80:c2:00:00:0f 02:00:00:00:01:01
frame h1 lan1 01:80:c2:00:00:10 02:00:00:00:01:03
check_eventually 3 "01:80:c2:00:00:10 is an address like others" captured h2 'ether dst 01:80:c2:00:00:10'
check_fails "no reserved address came through" captured h2 'ether dst 01:80:c2:00:00:0e or ether dst 01:80:c2:00:00:0f'
check "a frame for a host behind its own port: l2_same_port" drops_more l2_same_port 1 frame h1 lan1 02:00:00:00:01:02 02:00:00:00:01:01

# ---- moves, static entries, limits, ageing

moved=$(counter moved)
frame h1 lan1 ff:ff:ff:ff:ff:ff 02:00:00:00:07:07
check_eventually 3 "a MAC is learned behind lan1" is_behind 02:00:00:00:07:07 lan1
frame h2 lan2 ff:ff:ff:ff:ff:ff 02:00:00:00:07:07
check_eventually 3 "it moves to lan2" is_behind 02:00:00:00:07:07 lan2
check "the move was counted" counter_is moved $((moved + 1))
frame h3 lan3 02:00:00:00:07:07 02:00:00:00:03:03
check_eventually 3 "frames follow it" captured h2 'ether dst 02:00:00:00:07:07'

frame h1 lan1 ff:ff:ff:ff:ff:ff 02:00:00:00:00:99
check_eventually 3 "a frame with the static MAC as source comes through" captured h2 'ether src 02:00:00:00:00:99'
check "but the static entry stays" is_behind 02:00:00:00:00:99 fixed

refused=$(counter refused_port_full)
frame h3 lan3 ff:ff:ff:ff:ff:ff 02:00:00:33:00:00 -n 20 -i
check_eventually 3 "a port keeps max_fdb_per_port (8) addresses" learned_at lan3 8
more_refused() { [ "$(counter refused_port_full)" -ge $((refused + 12)) ]; }
check_eventually 3 "those beyond are counted" more_refused
check_eventually 3 "and their frames are flooded" captured h2 'ether src 02:00:00:33:00:13'
frame h1 lan1 02:00:00:33:00:13 02:00:00:00:01:01
check_eventually 3 "frames to them are flooded" captured h2 'ether dst 02:00:00:33:00:13'

aged=$(counter aged)
has_aged() { [ "$(counter aged)" -gt "$aged" ] && is_behind 02:00:00:33:00:00 ""; }
check "before ageing_sec (10) the addresses are there" is_behind 02:00:00:33:00:00 lan3
check_eventually 20 "after it they are forgotten" has_aged
check "static ones are not" is_behind 02:00:00:00:00:99 fixed
frame h3 lan3 ff:ff:ff:ff:ff:ff 02:00:00:00:03:04
check_eventually 3 "the room is free again" is_behind 02:00:00:00:03:04 lan3
check "fdb flush port" ctl_json '.flushed >= 1' fdb flush port lan3
check "it is forgotten" is_behind 02:00:00:00:03:04 ""

# ---- pods

for pod in a b c; do
	check "pod $pod" lab_pod_add $pod
done
a=$(lab_ip a) b=$(lab_ip b)
check "addresses" [ "$a $b" = "10.244.1.2 10.244.1.3" ]
capture c eth0
check "pod to pod: ping" lab_in a ping -c 2 -i 0.1 -W 2 "$b"
lab_in a ip neigh flush dev eth0
check "pod to pod after its ARP entry went: ping" lab_in a ping -c 2 -i 0.1 -W 2 "$b"
check "the answer was the pod's own MAC" [ "$(neigh_mac a "$b")" = "$(lab_mac b)" ]
check "the gateway answers ping" lab_in a ping -c 1 -W 2 10.244.1.1
check "it answered ARP with the bridge's MAC" [ "$(neigh_mac a 10.244.1.1)" = "$(ctl_json '.bridges[0].mac' status)" ]
check "a host behind a static port finds the pod" lab_in vm ping -c 2 -i 0.1 -W 2 "$b"
lab_in b ip neigh flush dev eth0
check "and the pod the host, whose ARP is flooded" lab_in b ping -c 2 -i 0.1 -W 2 10.244.1.200
lab_in a ping -c 1 -W 0.2 10.244.1.99 >/dev/null
check_eventually 3 "ARP for an unknown address is flooded" captured c 'arp and arp[24:4] = 0x0af40163'
check_fails "ARP for pods and gateway was not: another pod saw none" \
	captured c 'arp[6:2] = 1 and (arp[24:4] = 0x0af40103 or arp[24:4] = 0x0af40101)'

# podway-cni switches IPv6 off where a pod has no IPv6 address; its link-local addresses are allowed all the same.
for pod in a b; do
	lab_in $pod sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
	check_eventually 5 "IPv6 is set up in pod $pod" has_link_local $pod eth0
done
check "IPv6 link-local between pods: ping" lab_in a ping -6 -c 3 -i 0.1 -W 2 "$(link_local b eth0)%eth0"
check "and to a host behind a static port" lab_in a ping -6 -c 3 -i 0.1 -W 2 "$(link_local vm vm)%eth0"
mac=$(lab_mac c)
check "a pod's MAC is a static entry" ctl_json ".fdb[] | select(.mac == \"$mac\") | .kind == \"static\"" fdb
check "pod c goes" lab_pod_del c
check "its entry, too" is_behind "$mac" ""
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
