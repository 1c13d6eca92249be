# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# rig.bash - two vhost-user ports: the device with sockets a.sock and b.sock alone on core 1, podway-gen with both front
# ends on core 0. Sourced after test/func/lib.sh and figures.bash.
#
#   rig_testpmd, rig_bridge, rig_router   one of the devices, in the lab that figures_lab made; ovs.bash has another
#   rig_device ROW                        the one for a row: mac, l2, else the router
#   rig_stream ROW [KEYS]                 64-byte frames as fast as they go, as a stream of a profile, for
#                                         mac l2 l3 nat1k nat100k nat1m: the number is that of the flows
#   rig_conns udp|tcp                     new connections to the Service, as ports and conns of a profile
#   rig_generate WARMUP_S [SECONDS]       runs podway-gen with what comes on stdin behind the head of the profile; the
#                                         result is $LAB_DIR/gen.json
#   rig_mpps ROW                          runs a stream: the rate; "-" unless the device refused some of what was offered
#   rig_path                              how the packets of the last run went
#
#   The Service has the addresses of 10.4.0.0/16 as its clients behind a, and endpoints in 10.3.0.0/24 behind b.

RIG_MAC_A=02:00:00:00:0b:01 RIG_MAC_B=02:00:00:00:0b:02 # of the generator's ends
RIG_GATEWAY=02:00:00:00:0a:01                            # of the router on a
RIG_SERVER=                                              # ",server=1" where the device connects

rig_testpmd() {
	mkfifo "$LAB_DIR/testpmd.in"
	# It runs until a line comes: stdin is a FIFO that nobody writes.
	exec 9<>"$LAB_DIR/testpmd.in"
	stdbuf -oL dpdk-testpmd --lcores 0@0,1@1 --no-pci --no-huge --no-telemetry --no-shconf -m 256 --file-prefix="$LAB_PREFIX-pmd" \
		--vdev="net_vhost0,iface=$LAB_DIR/a.sock" --vdev="net_vhost1,iface=$LAB_DIR/b.sock" -- \
		--forward-mode=mac --eth-peer=1,$RIG_MAC_B --nb-cores=1 --rxd=1024 --txd=1024 --burst=32 \
		--total-num-mbufs=16384 <&9 >"$LAB_DIR/device.log" 2>&1 &
	LAB_PIDS+=("$!")
	lab_wait 30 grep -q "Press enter" "$LAB_DIR/device.log"
}

rig_bridge() {
	test_config <<-EOF
		bridges: [{name: br0}]
		ports:
		  - {name: a, type: vhost-user, socket: $LAB_DIR/a.sock, bridge: br0, peer_mac: "$RIG_MAC_A"}
		  - {name: b, type: vhost-user, socket: $LAB_DIR/b.sock, bridge: br0, peer_mac: "$RIG_MAC_B"}
	EOF
	lab_start
}

# Pods may be attached, too, to a bridge of their own: bench_churn.sh does.
rig_router() {
	test_config <<-EOF
		node: {name: node-a, addresses: [198.51.100.1/32]}
		pod_cidr: 10.244.1.0/24
		service_cidr: 10.96.0.0/16
		bridges: [{name: br0, gateway: 10.244.1.1/24}]
		limits: {flows: 2097152${RIG_LIMITS:-}}
		ports:
		  - {name: a, type: vhost-user, socket: $LAB_DIR/a.sock, addresses: [10.1.0.1/24], mac: "$RIG_GATEWAY",
		     peers: [10.1.0.2/32], peer_mac: "$RIG_MAC_A"}
		  - {name: b, type: vhost-user, socket: $LAB_DIR/b.sock, addresses: [10.2.0.1/24], mac: "02:00:00:00:0a:02",
		     peers: [10.2.0.2/32], peer_mac: "$RIG_MAC_B"}
		routes:
		  - {prefix: 10.3.0.0/24, via: 10.2.0.2}
		  - {prefix: 10.128.0.0/9, via: 10.2.0.2}
		  - {prefix: 10.4.0.0/16, via: 10.1.0.2}
		services:
		  - {name: default/dns, cluster_ip: 10.96.0.10, endpoints: [10.3.0.1, 10.3.0.2, 10.3.0.3],
		     ports: [{name: udp, protocol: UDP, port: 53, target_port: 5353},
		             {name: tcp, protocol: TCP, port: 80, target_port: 8080}]}
	EOF
	lab_start
}

rig_device() {
	case $1 in
	mac) rig_testpmd ;;
	l2) rig_bridge ;;
	*) rig_router ;;
	esac
}

# ---- the generator

rig_stream() {
	local flows common="from: 0, to: 1, rate: max, size: 64, stamp: false, src: 10.4.0.0/24, dst_mac: \"$RIG_GATEWAY\", ${2:+$2, }"
	case $1 in
	mac | l2) echo "{$common dst: 10.3.0.1, src_mac: \"$RIG_MAC_A\", dst_mac: \"$RIG_MAC_B\"}" | sed "s/dst_mac: \"$RIG_GATEWAY\", //" ;;
	l3) echo "{$common dst: 10.3.0.1-10.3.0.9}" ;;
	nat*)
		flows=${1#nat}
		flows=${flows/k/000}
		flows=${flows/m/000000}
		echo "{$common flows: $flows, src_port: 1024+$((flows < 10000 ? flows : 10000)), dst: ${RIG_VIP:-10.96.0.10}, dst_port: 53}"
		;;
	esac
}

rig_conns() {
	local port=53
	[ "$1" = tcp ] && port=80
	printf 'ports: [{id: 1, engine: rr}]\nconns:\n- {from: 0, proto: %s, rate: max, open: 16384, src: 10.4.0.0/22, ' "$1"
	printf 'src_port: 1024+60000, dst: %s, dst_port: %s, dst_mac: "%s"}\n' "${RIG_VIP:-10.96.0.10}" "$port" $RIG_GATEWAY
}

rig_generate() {
	printf 'duration: %ss\nwarmup: %s\nwait: 500ms\nwait_link: 20s\n' "${2:-$WINDOW}" "$1" >"$LAB_DIR/profile.yaml"
	cat >>"$LAB_DIR/profile.yaml"
	timeout $((${2:-$WINDOW} + 60)) "$LAB_BUILD/app/podway-gen/podway-gen" --lcores 0@0,1@0 --no-pci --no-huge --no-telemetry --no-shconf -m 512 \
		--file-prefix "$LAB_PREFIX-gen" --log-level=pmd.net.virtio.init:info \
		--vdev "net_virtio_user0,path=$LAB_DIR/a.sock,queue_size=1024$RIG_SERVER" \
		--vdev "net_virtio_user1,path=$LAB_DIR/b.sock,queue_size=1024$RIG_SERVER" -- --share -q -p "$LAB_DIR/profile.yaml" \
		-j "$LAB_DIR/gen.json" >"$LAB_DIR/gen.out" 2>&1 && return
	tail -3 "$LAB_DIR/gen.out" >&2
	return 1
}

rig_result() { jq -r "$1" "$LAB_DIR/gen.json"; }

# As long as rates settle and a table fills.
rig_warmup() { [ -n "$QUICK" ] && echo 500ms || echo 2s; }

rig_mpps() {
	printf 'streams:\n- %s\n' "$(rig_stream "$@")" | rig_generate "$(rig_warmup)" || { echo -; return; }
	rig_result 'if .ports[0].tx_full > 0 then .ports[1].rx_frames / .seconds / 1e4 | round / 100 else "-" end'
}

# The generator's functions and the features that the device agreed to; bits are those of the virtio specification.
rig_path() {
	printf 'virtio-user: %s; device: features %s\n' \
		"$(sed -n 's/.*set_rxtx_funcs(): virtio: using \(.*\) on port.*/\1/p' "$LAB_DIR/gen.out" | sort -u | paste -sd, | sed 's/,/, /g')" \
		"$(cat "$LAB_DIR"/*.log | sed -n 's/.*negotiated Virtio features: *//p' | sort -u | paste -sd,)"
}
