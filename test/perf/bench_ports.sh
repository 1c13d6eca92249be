#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Which port type is the fast one: two pods behind the same type of device, in turn with podwayd as a bridge between
# them, with dpdk-testpmd's io forwarding (frames copied from one device to the other, nothing looked at), and with the kernel.
#
#   bench_ports.sh BUILD_DIR [--turns N] [--seconds N] [--only DEVICE] [--json FILE]
#
# Each window makes the pods anew. The forwarder's thread is on core 1.
#   kernel pods   one TCP stream (iperf3), UDP of 64-byte frames as fast as one sender can (what arrived), the round trip
#                 of 500 pings; the scheduler places clients and servers. For podwayd also the worker thread's own CPU time
#                 (schedstat) a KB of TCP and a frame of UDP, which holds on a busy machine.
#   DPDK pods     podway-gen on core 0 with a front end on both sides: frames of 64 and of 1518 bytes as fast as it can, one way (what
#                 arrived), the one-way latency of 10,000 frames a second. Its own missed frames say that it offered more
#                 than was taken; a window without any is void ("-").
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
BUILD=${1:?usage: $0 BUILD_DIR [--turns N] [--seconds N] [--only DEVICE] [--json FILE]}
shift
TURNS=5 WINDOW=3 ONLY='' JSON=''
while [ $# -gt 0 ]; do
	case $1 in
	--turns) TURNS=$2 ;;
	--seconds) WINDOW=$2 ;;
	--only) ONLY=$2 ;;
	--json) JSON=$2 ;;
	*) echo "$0: unknown option $1" >&2; exit 2 ;;
	esac
	shift 2
done
# shellcheck disable=SC2034 # for figures.bash
FIGURES_COMMAND="scripts/bench.sh ports --turns $TURNS --seconds $WINDOW"
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
		warmup: 1s
		wait: 500ms
		streams:
		- {name: there, from: 0, to: 1, rate: $2, size: $3, src: 198.18.0.1+64, src_mac: 02:00:00:00:00:0a, dst_mac: 02:00:00:00:00:0b, verify: 1/64}
		- {name: back, from: 1, to: 0, rate: 100pps, src_mac: 02:00:00:00:00:0b, dst_mac: 02:00:00:00:00:0a}
	EOF
	lab_in node "$LAB_BUILD/app/podway-gen/podway-gen" --lcores 0@0,1@0 --no-pci --no-huge -m 256 --no-telemetry \
		--file-prefix "$LAB_PREFIX-gen" "${front[@]}" -- --share -q -p "$LAB_DIR/profile.yaml" -j "$LAB_DIR/gen.json" >"$LAB_DIR/gen.out" 2>&1
	jq -r ".ports[0].tx_full as \$full | .streams[0] | $4" "$LAB_DIR/gen.json"
}

# DEVICE FORWARDER, pods of DPDK
dpdk_window() {
	local key=$1-$2
	test_begin "$BUILD"
	trap stop EXIT
	set_up "$1" "$2" || { echo "$key: does not start" >&2; exit 1; }
	figure "$key.rate" "$(generate "$1" max 64 'if $full > 0 then .rx_pps / 1e4 | round / 100 else "-" end')"
	figure "$key.gbit" "$(generate "$1" max 1518 'if $full > 0 then .rx_bytes * 8 / .seconds / 1e7 | round / 100 else "-" end')"
	generate "$1" 10kpps 64 '"\(.latency.p50_us) \(.latency.p99_us)"' >"$LAB_DIR/latency"
	figure "$key.p50" "$(cut -d' ' -f1 "$LAB_DIR/latency")"
	figure "$key.p99" "$(cut -d' ' -f2 "$LAB_DIR/latency")"
	lab_cleanup
	printf '%-10s %-8s 64 B %6s Mpps   1518 B %6s Gbit/s   one way p50 %5s us   p99 %5s us\n' "$1" "$2" \
		"$(tail -1 "$FIGURES/$key.rate")" "$(tail -1 "$FIGURES/$key.gbit")" "$(tail -1 "$FIGURES/$key.p50")" "$(tail -1 "$FIGURES/$key.p99")"
}

window() { # DEVICE FORWARDER
	local key=$1-$2
	worker=''
	test_begin "$BUILD"
	trap stop EXIT
	set_up "$1" "$2" && lab_wait 10 lab_in alice ping -c 1 -W 1 "$bob" || { echo "$key: no traffic" >&2; exit 1; }
	lab_bg bob iperf3 -s
	lab_wait 5 lab_in bob sh -c 'ss -Hltn sport = :5201 | grep -q .' || exit 1
	[ "$2" = podway ] && worker=$(find_worker)
	ping_window "$key"
	tcp_window "$key"
	udp_window "$key"
	lab_cleanup
	printf '%-10s %-8s TCP %6s Gbit/s   UDP %6s kpps   ping p50 %5s us   p99 %5s us\n' "$1" "$2" \
		"$(tail -1 "$FIGURES/$key.tcp")" "$(tail -1 "$FIGURES/$key.udp")" "$(tail -1 "$FIGURES/$key.p50")" "$(tail -1 "$FIGURES/$key.p99")"
}

# ---- all of them

# those asked for, and the kernel's beside kernel pods
rows() { awk -F'|' -v only="$ONLY" 'NF && (only == "" || $1 == only || $1 == "veth")' <<<"$ROWS"; }
dpdk_rows() { awk -F'|' -v only="$ONLY" 'NF && (only == "" || $1 == only)' <<<"$DPDK_ROWS"; }

stop() {
	lab_cleanup
	figures_end
}

summary() {
	local device forwarder title key
	printf '\n| %-28s | %-18s | %-18s | %-18s | %-8s | %-12s | %-12s |\n' "" "TCP, Gbit/s" "UDP 64 B, kpps" "ping p50, us" "p99, us" "worker ns/KB" "ns/frame"
	echo "|---|---|---|---|---|---|---|"
	while IFS='|' read -r device forwarder title; do
		key=$device-$forwarder
		[ "$forwarder" = podway ] && title="podway, $title"
		printf '| %-28s | %-18s | %-18s | %-18s | %-8s | %-12s | %-12s |\n' "$title" "$(spread "$key.tcp" %.2f)" "$(spread "$key.udp" %.0f)" \
			"$(spread "$key.p50" %.0f)" "$(values "$key.p99" | spread_of | cut -d' ' -f1)" \
			"$(values "$key.ns_kb" | spread_of | cut -d' ' -f1)" "$(values "$key.ns_frame" | spread_of | cut -d' ' -f1)"
	done < <(rows)
}

dpdk_summary() {
	local device forwarder title key
	printf '\n| %-28s | %-18s | %-18s | %-18s | %-8s |\n' "" "64 B, Mpps" "1518 B, Gbit/s" "one way p50, us" "p99, us"
	echo "|---|---|---|---|---|"
	while IFS='|' read -r device forwarder title; do
		key=$device-$forwarder
		[ "$forwarder" = podway ] && title="podway, $title"
		printf '| %-28s | %-18s | %-18s | %-18s | %-8s |\n' "$title" "$(spread "$key.rate" %.2f)" "$(spread "$key.gbit" %.2f)" \
			"$(spread "$key.p50" %.1f)" "$(values "$key.p99" | spread_of | cut -d' ' -f1)"
	done < <(dpdk_rows)
}

json() {
	local device forwarder title
	while IFS='|' read -r device forwarder title; do
		[ "$forwarder" != kernel ] || continue
		figure_json ports "TCP stream, $title ($forwarder)" Gbit/s "$device-$forwarder.tcp" veth-kernel.tcp null
		figure_json ports "UDP 64 B, $title ($forwarder)" kpps "$device-$forwarder.udp" veth-kernel.udp null
		figure_json ports "ping p50, $title ($forwarder)" us "$device-$forwarder.p50" veth-kernel.p50 null
	done < <(rows)
	while IFS='|' read -r device forwarder title; do
		[ "$forwarder" = podway ] || continue
		figure_json ports "64 B, $title" Mpps "$device-podway.rate" "$device-testpmd.rate" null
		figure_json ports "1518 B, $title" Gbit/s "$device-podway.gbit" "$device-testpmd.gbit" null
		figure_json ports "one way p50, $title" us "$device-podway.p50" "$device-testpmd.p50" null
	done < <(dpdk_rows)
}

figures_init
echo "$(LC_ALL=C date '+%Y-%m-%d %H:%M'), $(machine), load $(cut -d' ' -f1 /proc/loadavg)"
for ((turn = 1; turn <= TURNS; turn++)); do
	echo "turn $turn of $TURNS"
	[ -n "$ONLY" ] && [ -n "$(dpdk_rows)" ] || while IFS='|' read -r device forwarder _; do
		window "$device" "$forwarder" </dev/null
	done < <(rows)
	while IFS='|' read -r device forwarder _; do
		dpdk_window "$device" "$forwarder" </dev/null
	done < <(dpdk_rows)
done
[ -n "$ONLY" ] && [ -n "$(dpdk_rows)" ] || summary
[ -z "$(dpdk_rows)" ] || dpdk_summary
[ -z "$JSON" ] || json | jq -s . >"$JSON"
echo "load $(cut -d' ' -f1 /proc/loadavg)"
stop
trap - EXIT
