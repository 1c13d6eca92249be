#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What one side leaves to its device the other may not know: each setting of ethtool -K of a client with each of
# its servers, on all types of ports that take an interface of the kernel; and to servers behind vhost-user and memif
# ports and on the node, which have none. A cell is TCP, UDP and large datagrams, bridged, routed and by a
# Service, verified byte by byte (PORT-1, PORT-3, PORT-4, PORT-9, OFF-1, OFF-2, OFF-3, CT-14).
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
. "$TEST_DIR/veths.bash"
. "$TEST_DIR/matrix.bash"
test_begin "$@"

# Name, then arguments of ethtool -K. Without tx there is no segmentation offload either.
settings=(
	"all"
	"none rx off tx off tso off gso off gro off"
	"no-tx tx off"
	"no-rx rx off"
	"no-tso tso off"
	"no-gso tso off gso off"
	"no-gro gro off"
)
kernel=(tap af_packet af_xdp)
servers=tap,af_packet,af_xdp,vhost,memif,host

# set_up HOST SETTING: everything on that the device has (XDP at the other end takes tso), but for what the setting
# says; that must be so, unless it is fixed in the device.
set_up() {
	local words interface=eth0
	read -r -a words <<<"$2"
	[[ $1 == *-tap ]] && interface=$1
	lab_in "$1" ethtool -K "$interface" rx on tx on tso on gso on gro on >/dev/null 2>&1
	[ ${#words[@]} -eq 1 ] || lab_in "$1" ethtool -K "$interface" "${words[@]:1}" >/dev/null 2>&1
	lab_in "$1" ethtool -k "$interface" | awk -v host="$1" -v want="$2" '
		BEGIN { n = split(want, w, " "); full["rx"] = "rx-checksumming"; full["tx"] = "tx-checksumming"
			full["tso"] = "tcp-segmentation-offload"; full["gso"] = "generic-segmentation-offload"
			full["gro"] = "generic-receive-offload"
			for (i = 2; i < n; i += 2) wanted[full[w[i]] ":"] = w[i + 1] }
		$1 in wanted && $2 != wanted[$1] && $3 != "[fixed]" { print host " is not set: " $0; bad = 1 }
		END { exit bad }'
}

# set_all "LETTERS" SETTING: the hosts with these letters, of all types in question
set_all() {
	local type letter bad=0
	for type in "${kernel[@]}"; do
		for letter in $1; do
			set_up "$letter-$type" "$2" || bad=1
		done
	done
	return $bad
}

# Those servers that have no settings once for each setting of the client.
targets() { # CLIENT SERVER-SETTING
	local layer others=()
	[ "$2" = "${settings[0]}" ] && others=(vhost memif host)
	for layer in bridge routed Service; do
		matrix_targets "$1" $layer "${kernel[@]}" "${others[@]}"
	done
}

matrix_config
check "veth pairs" matrix_before
check "podwayd starts with $WORKERS workers" lab_start
matrix_start
for setting in "${settings[@]}"; do
	check "hosts take the setting: $setting" set_all "a b r" "$setting"
done

echo
"$TEST_DIR/matrix.py" --head --servers $servers "client -> server has,client"
for mine in "${settings[@]}"; do
	set_all a "$mine" >/dev/null
	for theirs in "${settings[@]}"; do
		set_all "b r" "$theirs" >/dev/null
		for client in "${kernel[@]}"; do
			targets "$client" "$theirs" >"$LAB_DIR/targets"
			matrix_run "$client" --bytes 100000 --kinds "tcp,udp,udp large" --servers $servers \
				"${mine%% *} -> ${theirs%% *},$client" <"$LAB_DIR/targets"
		done
	done
done
echo
matrix_clean
test_end
