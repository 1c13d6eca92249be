# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# peers.bash - what the tests of bridging and routing have in common: hosts behind static TAP ports, captures,
# crafted frames. Sourced after lib.sh.
#
#   peer_add NAME INTERFACE [ADDRESS..]   a namespace with the kernel's end of a TAP port (after lab_start)
#   capture NAME INTERFACE                records what arrives there, from now on
#   captured NAME FILTER [N]              N packets or more (1) that match were recorded
#   frame NAME ARGS..                     frame.py there
#   mac_of NAME INTERFACE
#   drops_more REASON N CMD..             CMD.., and then the drop reason's counter has grown by N exactly

peer_add() {
	local name=$1 interface=$2 address
	shift 2
	ip netns list | grep -q "^$LAB_PREFIX-$name\b" || ip netns add "$LAB_PREFIX-$name" || return 1
	ip -n "$LAB_PREFIX-node" link set "$interface" netns "$LAB_PREFIX-$name" || return 1
	for address in "$@"; do
		ip -n "$LAB_PREFIX-$name" addr add "$address" dev "$interface" || return 1
	done
	ip -n "$LAB_PREFIX-$name" link set lo up && ip -n "$LAB_PREFIX-$name" link set "$interface" up
}

capture() {
	lab_bg "$1" tcpdump -Z root -Q in -U --immediate-mode -n -i "$2" -w "$LAB_DIR/$1.pcap"
	lab_wait 5 grep -q 'listening on' "$LAB_DIR/$1.out"
}

captured() {
	local n
	n=$(tcpdump -n -r "$LAB_DIR/$1.pcap" "$2" 2>/dev/null | wc -l)
	echo "$n packets of \"$2\" at $1, expected at least ${3:-1}"
	[ "$n" -ge "${3:-1}" ]
}

frame() {
	local name=$1
	shift
	lab_in "$name" "$TEST_DIR/frame.py" "$@"
}

mac_of() { ip -n "$LAB_PREFIX-$1" -j link show "$2" | jq -r '.[0].address'; }

# ss itself succeeds in any case.

drops_are() {
	echo "$1: $(drops_of "$1"), expected $2"
	[ "$(drops_of "$1")" = "$2" ]
}

drops_more() {
	local reason=$1 wanted
	wanted=$(($(drops_of "$1") + $2))
	shift 2
	"$@" || return 1
	lab_wait 3 drops_are "$reason" "$wanted" || { drops_are "$reason" "$wanted"; return 1; }
}
