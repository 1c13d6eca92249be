#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Checksum and segmentation settings of pods, both sides, all kinds of traffic: same bridge, routed, by a Service;
# every byte verified (PORT-1, OFF-3, CT-14). What one side leaves to the device the other may not know.
# workers: any
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
test_begin "$@"

test_config_node <<EOF
ports:
  - {name: lan, type: tap, addresses: [192.0.2.1/24]}
services:
  - name: default/near
    cluster_ip: 10.96.0.10
    ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]
    endpoints: [10.244.1.3]
  - name: default/far
    cluster_ip: 10.96.0.11
    ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]
    endpoints: [192.0.2.2]
EOF
# The settings: name, then arguments of ethtool -K.
settings=(
	"all"
	"nothing tx off tso off gso off gro off"
	"no-tso tso off"
	"no-gso tso off gso off"
	"no-gro gro off"
	"no-checksum tx off"
)
set_up() { # NAME INTERFACE SETTING
	local words
	read -r -a words <<<"$3"
	lab_in "$1" ethtool -K "$2" tx on tso on gso on gro on >/dev/null 2>&1
	[ ${#words[@]} -eq 1 ] || lab_in "$1" ethtool -K "$2" "${words[@]:1}" >/dev/null 2>&1
	! lab_in "$1" ethtool -k "$2" | awk -v want="$3" '
		BEGIN { n = split(want, w, " "); full["tx"] = "tx-checksumming"; full["tso"] = "tcp-segmentation-offload"
			full["gso"] = "generic-segmentation-offload"; full["gro"] = "generic-receive-offload"
			for (i = 2; i < n; i += 2) wanted[full[w[i]] ":"] = w[i + 1] }
		$1 in wanted && $2 != wanted[$1] { print "not set: " $0 }' | grep .
}
verified() { # NAME ADDRESS PORT
	lab_in "$1" "$TEST_DIR/peer.py" tcp "$2" "$3" 2000000 && lab_in "$1" "$TEST_DIR/peer.py" udp "$2" "$3" 50
}
serve() {
	lab_bg "$1" "$TEST_DIR/peer.py" serve 0.0.0.0 7000
	lab_wait 10 lab_listens "$1" 7000
}
# Bad checksums are seen by the receiver's kernel only: none may have been.
bad_checksums() { lab_in "$1" nstat -asz TcpInCsumErrors UdpInCsumErrors | awk 'NR > 1 {n += $2} END {print n + 0}'; }
max_rx() { ctl_json "[.ports[] | select(.pod == \"default/$1\") | .rx.max_frame_bytes] | max" ports; }

check "podwayd starts" lab_start
check "a host behind a routed port" peer_add lan lan 192.0.2.2/24
ip -n "$LAB_PREFIX-lan" route add default via 192.0.2.1
check "pod client" lab_pod_add client
check "pod server" lab_pod_add server
for peer in client server lan; do
	check "$peer serves" serve $peer
done
server=$(lab_ip server) client=$(lab_ip client)

for mine in "${settings[@]}"; do
	check "client: $mine" set_up client eth0 "$mine"
	for theirs in "${settings[@]}"; do
		[ "$mine" = "${settings[0]}" ] || [ "$theirs" = "${settings[0]}" ] || [ "$mine" = "$theirs" ] ||
			[ "$theirs" = "${settings[1]}" ] || continue
		pair="${mine%% *} to ${theirs%% *}"
		set_up server eth0 "$theirs" >/dev/null
		check "$pair: direct" verified client "$server" 7000
		check "$pair: by the Service" verified client 10.96.0.10 7
	done
	set_up lan lan "$mine" >/dev/null
	check "${mine%% *}: routed" verified client 192.0.2.2 7000
	check "${mine%% *}: routed, by a Service" verified client 10.96.0.11 7
	check "${mine%% *}: from outside to the pod" verified lan "$client" 7000
	check "${mine%% *}: from outside to the Service" verified lan 10.96.0.10 7
done
for peer in client server lan; do
	check "$peer saw no bad checksum" [ "$(bad_checksums $peer)" = 0 ]
done

set_up client eth0 all && set_up server eth0 all
lab_ctl stats reset >/dev/null
lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.10 7 4000000 >/dev/null
check "with everything on, frames are large ($(max_rx client) bytes)" [ "$(max_rx client)" -gt 30000 ]
set_up client eth0 "${settings[1]}"
lab_ctl stats reset >/dev/null
lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.10 7 4000000 >/dev/null
check "with everything off, none is ($(max_rx client) bytes)" [ "$(max_rx client)" -le 1518 ]
check "no drop but of IPv6" ctl_json '[.drops[] | select(.packets > 0 and (.reason | IN("ip6_not_routed", "l2_no_port") | not))] == []' drops
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
