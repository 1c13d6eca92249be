#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Which port type is the fast one: two pods behind the same type of device, in turn with podwayd as a bridge between
# them, with dpdk-testpmd's io forwarding (frames copied from one device to the other, nothing looked at), and with the kernel.
#
#   bench_ports.sh BUILD_DIR [options]; a row of --only is a device and its forwarder, tap-podway
#
# Each window makes the pods anew. The forwarder's thread is on core 1.
#   kernel pods   one TCP stream (iperf3), UDP of 64-byte frames as fast as one sender can (what arrived), the round trip
#                 of 500 pings; the scheduler places clients and servers. For podwayd also the worker thread's own CPU time
#                 (schedstat) a KB of TCP and a frame of UDP, which holds on a busy machine.
#   DPDK pods     podway-gen on core 0 with a front end on both sides: frames of 64 and of 1518 bytes as fast as it can, one way (what
#                 arrived), the one-way latency of 10,000 frames a second. Its own missed frames say that it offered more
#                 than was taken; a window without any is void ("-").
# shellcheck disable=SC2034
. "$(dirname "$0")/../func/lib.sh"
. "$TEST_DIR/peers.bash"
. "$TEST_DIR/veths.bash"
. "$(dirname "$0")/figures.bash"

# device | forwarder | what stands in the table
ROWS='
veth|kernel|veth pairs on a Linux bridge
tap|podway|tap
tap|testpmd|net_tap, testpmd io
af_packet|podway|af_packet
af_packet|testpmd|net_af_packet, testpmd io
af_xdp|podway|af_xdp
af_xdp|testpmd|net_af_xdp, testpmd io
'
DPDK_ROWS='
vhost-user|podway|vhost-user
vhost-user|testpmd|net_vhost, testpmd io
memif|podway|memif
memif|testpmd|net_memif, testpmd io
'
TURNS=5 WINDOW=3
figures_options ports "$@"
bob=10.244.1.201

# ---- the pods and who forwards between them

podway_tap() {
	test_config_node </dev/null
	lab_start && lab_pod_add alice && lab_pod_add bob && bob=$(lab_ip bob)
}

podway_veth() { # TYPE
	test_config_node <<-EOF
		ports:
		  - {name: alice, type: $1, interface: v-alice, bridge: br0}
		  - {name: bob, type: $1, interface: v-bob, bridge: br0}
	EOF
	veth_add alice -- 10.244.1.200/24 && veth_add bob -- $bob/24 && lab_start
}

# testpmd takes checksums for what they are, so the pods must make them.
testpmd_io() { # VDEV..
	local vdevs=() vdev
	for vdev in "$@"; do
		vdevs+=(--vdev "$vdev")
	done
	# It runs until a line comes: stdin is a FIFO that nobody writes.
	mkfifo "$LAB_DIR/testpmd.in"
	exec 9<>"$LAB_DIR/testpmd.in"
	nsenter --net="$(lab_netns node)" stdbuf -oL dpdk-testpmd --no-huge -m 512 --no-pci --no-telemetry --no-shconf --lcores 0@0,1@1 \
		--file-prefix "$LAB_PREFIX" "${vdevs[@]}" -- --forward-mode=io --nb-cores=1 --total-num-mbufs=16384 --no-lsc-interrupt -a \
		<&9 >"$LAB_DIR/testpmd.out" 2>&1 &
	LAB_PIDS+=($!)
	lab_wait 20 grep -q 'Press enter to exit' "$LAB_DIR/testpmd.out" || { tail -5 "$LAB_DIR/testpmd.out"; return 1; }
}

testpmd_tap() {
	local name address
	testpmd_io net_tap0,iface=alice net_tap1,iface=bob || return 1
	for name in alice bob; do
		address=$bob
		[ $name = alice ] && address=10.244.1.200
		ip netns add "$LAB_PREFIX-$name" && peer_add $name $name $address/24 || return 1
	done
}

testpmd_veth() { # VDEV
	local name
	veth_add alice -- 10.244.1.200/24 && veth_add bob -- $bob/24 || return 1
	for name in alice bob; do
		lab_in $name ethtool -K eth0 tx off tso off gso off >/dev/null 2>&1
	done
	testpmd_io "$1"0,iface=v-alice "$1"1,iface=v-bob
}

# Two sockets, a and b, for the front ends of podway-gen.
podway_sockets() { # TYPE
	test_config <<-EOF
		bridges: [{name: br0}]
		ports:
		  - {name: a, type: $1, socket: $LAB_DIR/a.sock, bridge: br0}
		  - {name: b, type: $1, socket: $LAB_DIR/b.sock, bridge: br0}
	EOF
	lab_start
}

testpmd_sockets() { # TYPE
	case $1 in
	vhost-user) testpmd_io "net_vhost0,iface=$LAB_DIR/a.sock" "net_vhost1,iface=$LAB_DIR/b.sock" ;;
	memif) testpmd_io "net_memif0,role=server,socket-abstract=no,socket=$LAB_DIR/a.sock" \
		"net_memif1,role=server,socket-abstract=no,socket=$LAB_DIR/b.sock" ;;
	esac
}

kernel_veth() {
	veth_add alice -- 10.244.1.200/24 && veth_add bob -- $bob/24 || return 1
	lab_in node ip link add br0 type bridge && lab_in node ip link set v-alice master br0 &&
		lab_in node ip link set v-bob master br0 && lab_in node ip link set br0 up
}

set_up() { # DEVICE FORWARDER
	bob=10.244.1.201
	case $2-$1 in
	kernel-veth) kernel_veth ;;
	*-vhost-user | *-memif) "$2_sockets" "$1" ;;
	podway-tap) podway_tap ;;
	podway-*) podway_veth "$1" ;;
	testpmd-tap) testpmd_tap ;;
	testpmd-*) testpmd_veth "net_$1" ;;
	esac
}

# ---- one window

# The thread of podwayd that has used the most CPU time, but for the first.
find_worker() {
	local task
	for task in "/proc/$LAB_DAEMON/task/"*; do
		[ "${task##*/}" = "$LAB_DAEMON" ] || echo "$(cut -d' ' -f1 "$task/schedstat") ${task##*/}"
	done | sort -n | tail -1 | cut -d' ' -f2
}

worker_ns() { [ -z "$worker" ] || cut -d' ' -f1 "/proc/$LAB_DAEMON/task/$worker/schedstat"; }
worker_frames() { [ -z "$worker" ] || ctl_json '[.workers[].rx] | add' workers; }
iperf() { lab_in alice iperf3 -J -c "$bob" -t "$WINDOW" "$@"; }

# per NUMBER SINCE NOW COUNT: (NOW - SINCE) / COUNT, "-" where there is no worker
per() { [ -z "$worker" ] && echo - || awk -v a="$1" -v b="$2" -v n="$3" 'BEGIN {printf "%.1f\n", n ? (b - a) / n : 0}'; }

tcp_window() { # KEY
	local before bytes
	before=$(worker_ns)
	bytes=$(iperf | jq .end.sum_received.bytes)
	figure "$1.tcp" "$(awk -v b="${bytes:-0}" -v t="$WINDOW" 'BEGIN {printf "%.2f", b * 8 / t / 1e9}')"
	figure "$1.ns_kb" "$(per "$before" "$(worker_ns)" $((${bytes:-0} / 1024)))"
}

udp_window() { # KEY
	local before frames
	before=$(worker_ns) frames=$(worker_frames)
	figure "$1.udp" "$(iperf -u -b 0 -l 18 | jq '(.end.sum.packets - .end.sum.lost_packets) / .end.sum.seconds / 1000 | . * 10 | round / 10')"
	figure "$1.ns_frame" "$(per "$before" "$(worker_ns)" $(($(worker_frames) - frames)))"
}

ping_window() { # KEY
	local times=$LAB_DIR/ping.times
	lab_in alice ping -i 0.002 -c 500 "$bob" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -g >"$times"
	figure "$1.p50" "$(awk '{v[NR] = $1} END {print NR ? v[int((NR + 1) / 2)] * 1000 : "-"}' "$times")"
	figure "$1.p99" "$(awk '{v[NR] = $1} END {print NR ? v[int(NR * 0.99)] * 1000 : "-"}' "$times")"
}

# generate DEVICE RATE SIZE: the result of podway-gen, a sends and b receives; b is known by what it sends now and then
generate() {
	local front
	case $1 in
	vhost-user) front=(--vdev "net_virtio_user0,path=$LAB_DIR/a.sock,queue_size=1024" --vdev "net_virtio_user1,path=$LAB_DIR/b.sock,queue_size=1024") ;;
	memif) front=(--vdev "net_memif0,role=client,socket-abstract=no,socket=$LAB_DIR/a.sock" --vdev "net_memif1,role=client,socket-abstract=no,socket=$LAB_DIR/b.sock") ;;
	esac
	cat >"$LAB_DIR/profile.yaml" <<-EOF
		duration: ${WINDOW}s
		warmup: $([ -n "$QUICK" ] && echo 300ms || echo 1s)
		wait: 500ms
		streams:
		- {name: there, from: 0, to: 1, rate: $2, size: $3, src: 198.18.0.1+64, src_mac: 02:00:00:00:00:0a, dst_mac: 02:00:00:00:00:0b, verify: 1/64}
		- {name: back, from: 1, to: 0, rate: 100pps, src_mac: 02:00:00:00:00:0b, dst_mac: 02:00:00:00:00:0a}
	EOF
	lab_in node "$LAB_BUILD/app/podway-gen/podway-gen" --lcores 0@0,1@0 --no-pci --no-huge -m 256 --no-telemetry --no-shconf \
		--file-prefix "$LAB_PREFIX-gen" "${front[@]}" -- --share -q -p "$LAB_DIR/profile.yaml" -j "$LAB_DIR/gen.json" >"$LAB_DIR/gen.out" 2>&1
	jq -r ".ports[0].tx_full as \$full | .streams[0] | $4" "$LAB_DIR/gen.json"
}

# DEVICE FORWARDER, pods of DPDK
dpdk_window() {
	local key=$1-$2
	figures_lab
	set_up "$1" "$2" || return 1
	figure "$key.rate" "$(generate "$1" max 64 'if $full > 0 then .rx_pps / 1e4 | round / 100 else "-" end')"
	figure "$key.gbit" "$(generate "$1" max 1518 'if $full > 0 then .rx_bytes * 8 / .seconds / 1e7 | round / 100 else "-" end')"
	generate "$1" 10kpps 64 '"\(.latency.p50_us) \(.latency.p99_us)"' >"$LAB_DIR/latency"
	figure "$key.p50" "$(cut -d' ' -f1 "$LAB_DIR/latency")"
	figure "$key.p99" "$(cut -d' ' -f2 "$LAB_DIR/latency")"
	figures_lab_end
	printf '%-10s %-8s 64 B %6s Mpps   1518 B %6s Gbit/s   one way p50 %5s us   p99 %5s us\n' "$1" "$2" \
		"$(last "$key.rate")" "$(last "$key.gbit")" "$(last "$key.p50")" "$(last "$key.p99")"
}

window() { # DEVICE FORWARDER
	local key=$1-$2
	worker=''
	figures_lab
	set_up "$1" "$2" && lab_wait 10 lab_in alice ping -c 1 -W 1 "$bob" || return 1
	lab_bg bob iperf3 -s
	lab_wait 5 lab_listens bob 5201 || return 1
	[ "$2" = podway ] && worker=$(find_worker)
	ping_window "$key"
	tcp_window "$key"
	udp_window "$key"
	figures_lab_end
	printf '%-10s %-8s TCP %6s Gbit/s   UDP %6s kpps   ping p50 %5s us   p99 %5s us\n' "$1" "$2" \
		"$(last "$key.tcp")" "$(last "$key.udp")" "$(last "$key.p50")" "$(last "$key.p99")"
}

# ---- all of them

# DEVICE-FORWARDER, a line each, of a table
keys() { awk -F'|' 'NF {print $1 "-" $2}' <<<"$1"; }

any_window() { # DEVICE-FORWARDER
	if keys "$DPDK_ROWS" | grep -qx "$1"; then
		dpdk_window "${1%-*}" "${1##*-}"
	else
		window "${1%-*}" "${1##*-}"
	fi
}

# A line of FIGURES_TABLE: FIGURE WHAT UNIT PEER
tell() { echo "$device-$forwarder.$1|ports|$2, $title|$3|$4|null"; }

FIGURES_TABLE=$(
	while IFS='|' read -r device forwarder title; do
		[ -n "$device" ] || continue
		[ "$forwarder" = podway ] && title="podwayd, $title"
		tell tcp "TCP stream" Gbit/s veth-kernel.tcp
		tell udp "UDP 64 B" kpps veth-kernel.udp
		tell p50 "ping p50" us veth-kernel.p50
		tell p99 "ping p99" us veth-kernel.p99
		tell ns_kb "worker a KB of TCP" ns -
		tell ns_frame "worker a frame of UDP" ns -
	done <<<"$ROWS"
	while IFS='|' read -r device forwarder title; do
		[ -n "$device" ] || continue
		[ "$forwarder" = podway ] && title="podwayd, $title"
		tell rate "64 B" Mpps "$device-testpmd.rate"
		tell gbit "1518 B" Gbit/s "$device-testpmd.gbit"
		tell p50 "one way p50" us "$device-testpmd.p50"
		tell p99 "one way p99" us "$device-testpmd.p99"
	done <<<"$DPDK_ROWS"
)
mapfile -t rows < <(keys "$ROWS$DPDK_ROWS")
[ -z "$QUICK" ] || rows=(veth-kernel tap-podway memif-podway)
figures_run any_window "${rows[@]}"
