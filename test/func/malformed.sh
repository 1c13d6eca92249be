#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Malformed, spoofed and hostile frames from a pod (SEC-2, SEC-4, SEC-6): each is counted once, under its own reason
# and at the pod's port, nothing else is, and nobody else sees it. Frames are in malformed.py.
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
test_begin "$@"

test_config_node </dev/null
check "podwayd starts with $WORKERS workers" lab_start
check "pod bad" lab_pod_add bad
check "pod good" lab_pod_add good
check_eventually 5 "they reach one another" lab_in bad ping -c 1 -W 1 "$(lab_ip good)"
lab_bg good "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens good 7000
port=$(ctl_json '.pods[] | select(.name == "bad") | .port' pods)
gateway=$(ctl_json '.bridges[0].mac' status)
good_mac=$(lab_mac good) good_ip=$(lab_ip good)

# All drops of the pod's port, reason=count, and the total of everybody else's.
drops_now() {
	ctl_json "([.drops[] | .reason as \$r | .by_port[] | select(.port == \"$port\") | \"\(\$r)=\(.packets)\"] | join(\" \")) +
		\" others=\" + ([.drops[].by_port[] | select(.port != \"$port\") | .packets] | add // 0 | tostring)" drops
}
one_more() { # REASON BEFORE: the same, but for one more of this reason
	local after
	after=$(drops_now)
	echo "before: $2"
	echo "after:  $after"
	[ "$(diff <(tr ' ' '\n' <<<"$2" | grep . | sort) <(tr ' ' '\n' <<<"$after" | grep . | sort) | awk -v reason="$1" '
		/^[<>]/ { split($2, kv, "="); delta[kv[1]] += /^>/ ? kv[2] : -kv[2] }
		END { for (r in delta) if (r != reason || delta[r] != 1) bad = 1; print bad || delta[reason] != 1 ? "no" : "yes" }')" = yes ]
}
# One process sends them all: scapy takes its time to start.
mkfifo "$LAB_DIR/cases" "$LAB_DIR/answers"
nsenter --net="$(lab_netns bad)" "$TEST_DIR/malformed.py" send eth0 "$(lab_mac bad)" "$(lab_ip bad)" \
	<"$LAB_DIR/cases" >"$LAB_DIR/answers" 2>"$LAB_DIR/sender.err" &
LAB_PIDS+=($!)
exec 8>"$LAB_DIR/cases" 9<"$LAB_DIR/answers"
hostile() { # REASON CASE DESTINATION-MAC DESTINATION-IP
	local before answer
	before=$(drops_now)
	echo "$2 $3 $4" >&8
	read -r -t 20 answer <&9 || { cat "$LAB_DIR/sender.err"; return 1; }
	echo "$answer"
	[ "$answer" = sent ] || return 1
	lab_wait 2 one_more "$1" "$before" || { one_more "$1" "$before"; return 1; }
}

lab_in bad sysctl -qw net.ipv6.conf.all.disable_ipv6=1
check_eventually 5 "quiet" ledger_settled
capture good eth0
while read -r reason case; do
	check "$case: $reason" hostile "$reason" "$case" "$good_mac" "$good_ip"
done < <("$TEST_DIR/malformed.py" list)
check "to the gateway: the same" hostile ip4_checksum_bad ip-checksum "$gateway" 10.244.1.1
check "to the gateway: a spoofed address" hostile spoof_ip ip-spoofed "$gateway" 10.244.1.1
check_fails "the other pod saw none of them" captured good 'not arp and not (icmp or tcp port 7000 or udp port 7000)'
check "ARP cache of the other pod is as it was" sh -c '! ip -n "$1" neigh | grep -q 02:00:00:00:66:66' sh "$LAB_PREFIX-good"

check "the pod itself is well: ping" lab_in bad ping -c 2 -i 0.1 -W 2 "$good_ip"
check "TCP verified" lab_in bad "$TEST_DIR/peer.py" tcp "$good_ip" 7000 1000000
check "podwayd is the same process" kill -0 "$LAB_DAEMON"
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
