# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: BSD-3-Clause
# veths.bash - hosts behind veth pairs whose node end is a port of type $TYPE; sourced after lib.sh and peers.bash by
# port_afpacket.sh and port_afxdp.sh, which differ in little but that type.
#
#   TYPE=af_packet|af_xdp
#   veth_add NAME [OPTIONS..] -- ADDRESS [GATEWAY]   namespace NAME with eth0; the node's end is called v-NAME
#   veth_config [KEYS]                               the node: alice on br0, carol routed; KEYS: more of each port
#   veth_traffic                                     checks: bridged, routed, by Services, with checksums on and off
#   veth_removed                                     checks: interfaces that vanish; ports.del and ports.add
#   veth_closed                                      checks: what the daemon leaves behind when it ends

veth_add() {
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	ip netns list | grep -q "^$LAB_PREFIX-$name\b" || ip netns add "$LAB_PREFIX-$name" || return 1
	ip -n "$LAB_PREFIX-node" link add "v-$name" "${options[@]}" type veth \
		peer name eth0 "${options[@]}" netns "$LAB_PREFIX-$name" || return 1
	# The same MAC after each making, so that neighbours need not find out.
	ip -n "$LAB_PREFIX-$name" link set eth0 address "02:$(printf '%s' "$name" | md5sum | sed 's/../&:/g' | cut -c-14)" || return 1
	ip -n "$LAB_PREFIX-$name" addr add "$2" dev eth0 || return 1
	ip -n "$LAB_PREFIX-$name" link set lo up && ip -n "$LAB_PREFIX-$name" link set eth0 up || return 1
	ip -n "$LAB_PREFIX-node" link set "v-$name" up || return 1
	[ -z "${3:-}" ] || ip -n "$LAB_PREFIX-$name" route add default via "$3"
}

veth_config() {
	local both="ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]"
	test_config_node <<-EOF
		uplinks:
		  - {name: carol, type: $TYPE, interface: v-carol, addresses: [192.0.2.1/24]$1}
		ports:
		  - {name: alice, type: $TYPE, interface: v-alice, bridge: br0$1}
		services:
		  - {name: default/pod, cluster_ip: 10.96.0.10, endpoints: [10.244.1.2], $both}
		  - {name: default/alice, cluster_ip: 10.96.0.11, endpoints: [10.244.1.200], $both}
		  - {name: default/carol, cluster_ip: 10.96.0.12, endpoints: [192.0.2.2], $both}
	EOF
}

serve() {
	lab_bg "$1" "$TEST_DIR/peer.py" serve 0.0.0.0 7000
	lab_wait 10 listens "$1"
}

listens() { lab_in "$1" ss -Hltn sport = :7000 | grep -q .; }

verified() { # NAME ADDRESS PORT
	lab_in "$1" "$TEST_DIR/peer.py" tcp "$2" "$3" "${BYTES:-2000000}" && lab_in "$1" "$TEST_DIR/peer.py" udp "$2" "$3" 50
}

# Bad checksums are seen by the receiver's kernel only: none may have been.
bad_checksums() { lab_in "$1" nstat -asz TcpInCsumErrors UdpInCsumErrors | awk 'NR > 1 {n += $2} END {print n + 0}'; }

port_state_is() { [ "$(ctl_json ".ports[] | select(.name == \"$1\") | .state" ports)" = "$2" ]; }

all_ways() { # WHAT
	check "$1: bridged, veth to pod" verified alice 10.244.1.2 7000
	check "$1: bridged, pod to veth" verified pod 10.244.1.200 7000
	check "$1: routed, veth to pod" verified carol 10.244.1.2 7000
	check "$1: routed, pod to veth" verified pod 192.0.2.2 7000
	check "$1: veth to veth, routed" verified alice 192.0.2.2 7000
	check "$1: Service, veth to pod" verified alice 10.96.0.10 7
	check "$1: Service, from a routed veth" verified carol 10.96.0.11 7
	check "$1: Service, pod to veth" verified pod 10.96.0.12 7
}

veth_traffic() {
	check_eventually 5 "alice's port is up" port_state_is alice up
	check_eventually 5 "carol's port is up" port_state_is carol up
	for peer in alice carol pod; do
		check "$peer serves" serve $peer
	done
	check "ping, bridged" lab_in alice ping -c 3 -i 0.1 -W 2 10.244.1.2
	check "ping of 8000 bytes in fragments, routed" lab_in carol ping -c 2 -i 0.1 -W 2 -s 8000 10.244.1.2
	check "the node pings alice" lab_in node ping -c 2 -i 0.1 -W 2 10.244.1.200
	all_ways "as they come"
	for peer in alice carol; do
		check "$peer: checksums and segmentation off" lab_in $peer ethtool -K eth0 tx off tso off gso off
	done
	all_ways "off on the veths"
	check "pod: checksums and segmentation off" lab_in pod ethtool -K eth0 tx off tso off gso off
	BYTES=500000 all_ways "off everywhere"
	for peer in alice carol; do
		lab_in $peer ethtool -K eth0 tx on tso on gso on >/dev/null 2>&1
	done
	BYTES=500000 all_ways "off in the pod"
	lab_in pod ethtool -K eth0 tx on tso on gso on >/dev/null 2>&1
	for peer in alice carol pod; do
		check "$peer saw no bad checksum" [ "$(bad_checksums $peer)" = 0 ]
	done
	if [ "$WORKERS" = 2 ]; then
		check "packets were handed over between workers" ctl_json '[.workers[].handover_in] | add > 100' workers
	fi
}

veth_removed() {
	check "a second port on the interface is refused" \
		refused "interface v-alice is port alice's" ports add again type "$TYPE" interface v-alice bridge br0
	check "an interface that is not there is refused" \
		refused "none in the daemon's network namespace" ports add none type "$TYPE" interface v-none bridge br0
	check "alice's interface goes away" ip -n "$LAB_PREFIX-node" link del v-alice
	check_eventually 5 "her port is down" port_state_is alice down
	check_eventually 5 "the log says why" grep -q 'alice down.*the interface is gone' "$LAB_DIR/podwayd.log"
	check_fails "nobody answers for her" lab_in pod ping -c 2 -i 0.1 -W 1 10.244.1.200
	check_eventually 5 "frames to her are counted" [ "$(drops_of tx_down)" -gt 0 ]
	check "the others are served" verified carol 10.244.1.2 7000
	check "her port is deleted" lab_ctl ports del alice
	check "she comes again" veth_add alice "$@" -- 10.244.1.200/24 10.244.1.1
	check "with a port added at run time" lab_ctl ports add alice type "$TYPE" interface v-alice bridge br0
	check_eventually 5 "it is up" port_state_is alice up
	check "bridged, veth to pod" verified alice 10.244.1.2 7000
	check "bridged, pod to veth" verified pod 10.244.1.200 7000
	check "carol's link goes down" lab_in carol ip link set eth0 down
	check_eventually 5 "so does the port" port_state_is carol down
	check "and comes again" sh -c "ip -n $LAB_PREFIX-carol link set eth0 up && ip -n $LAB_PREFIX-carol route add default via 192.0.2.1"
	check_eventually 5 "so does the port" port_state_is carol up
	check "routed, veth to pod" verified carol 10.244.1.2 7000
	check_eventually 5 "rx = tx + drops + held" ledger_settled
}

# refused TEXT podwayctl ARGS..: it fails and says TEXT
refused() {
	local text=$1 out
	shift
	if out=$(lab_ctl "$@" 2>&1); then
		echo "not refused: $*"
		return 1
	fi
	echo "$out"
	[[ $out == *"$text"* ]]
}

untouched() { ! ip -n "$LAB_PREFIX-node" -d link show "$1" | grep -E 'xdp|promiscuity [1-9]'; }

veth_closed() {
	check "the daemon is killed" kill -KILL "$LAB_DAEMON"
	check_eventually 5 "alice's interface is as before" untouched v-alice
	check_eventually 5 "carol's as well" untouched v-carol
}
