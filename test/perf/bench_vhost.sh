#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two vhost-user ports and what is between them: podwayd as a bridge, as a router and as the translator of a Service,
# beside testpmd (docs/performance.md P-4); or connections a second through a Service (P-6).
#
#   bench_vhost.sh vhost|conn BUILD_DIR [--turns N] [--seconds N] [--only ROW] [--json FILE] [--quick]
#
# The data plane is alone on core 1; podway-gen with both front ends is on core 0. In turn one window of each row, each
# with everything started anew. vhost: 64-byte frames from port to port, as fast as the generator can; a window is void
# ("-") unless the device refused some of them. conn: new connections, as fast as the generator can, a request and a
# response each. --quick: one turn of one second, to see that it works.
. "$(dirname "$0")/../func/lib.sh"
. "$(dirname "$0")/figures.bash"

MODE=${1:?usage: $0 vhost|conn BUILD_DIR [options]} BUILD=${2:?usage: $0 vhost|conn BUILD_DIR [options]}
shift 2
TURNS=7 WINDOW=5 ONLY='' JSON=''
while [ $# -gt 0 ]; do
	case $1 in
	--turns) TURNS=$2 ;;
	--seconds) WINDOW=$2 ;;
	--only) ONLY=$2 ;;
	--json) JSON=$2 ;;
	--quick) TURNS=1 WINDOW=1; shift; continue ;;
	*) echo "$0: unknown option $1" >&2; exit 2 ;;
	esac
	shift 2
done
# shellcheck disable=SC2034 # for figures.bash
FIGURES_COMMAND="scripts/bench.sh $MODE --turns $TURNS --seconds $WINDOW"

# row | what it is | goal: the ratio to testpmd, or connections a second
case $MODE in
vhost)
	UNIT=Mpps BESIDE='ratio to testpmd'
	ROWS='
mac|testpmd mac|null
l2|podwayd, bridge|$ratio >= 1
l3|podwayd, router|$ratio >= 0.97
nat1k|podwayd, Service, 1,000 flows|$ratio >= 0.87
nat1m|podwayd, Service, 1,000,000 flows|$ratio >= 0.7
'
	;;
conn)
	UNIT="k/s" BESIDE=
	ROWS='
udp|podwayd, UDP request and response|$value >= 2500
tcp|podwayd, TCP of seven segments|$value >= 1000
'
	;;
*) echo "$0: vhost or conn" >&2; exit 2 ;;
esac

rows() { awk -F'|' -v only="$ONLY" 'NF && (only == "" || $1 == only)' <<<"$ROWS"; }

# --- the device

testpmd_mac() {
	mkfifo "$LAB_DIR/testpmd.in"
	stdbuf -oL dpdk-testpmd --lcores 0@0,1@1 --no-pci --no-huge --no-telemetry --no-shconf -m 256 \
		--file-prefix="$LAB_PREFIX-pmd" --vdev="net_vhost0,iface=$LAB_DIR/a.sock" --vdev="net_vhost1,iface=$LAB_DIR/b.sock" -- \
		--forward-mode=mac --eth-peer=1,02:00:00:00:0b:02 --nb-cores=1 --rxd=1024 --txd=1024 --burst=32 \
		--total-num-mbufs=16384 <"$LAB_DIR/testpmd.in" >"$LAB_DIR/testpmd.out" 2>&1 &
	LAB_PIDS+=("$!")
	exec 9>"$LAB_DIR/testpmd.in"
	lab_wait 20 grep -q "Press enter" "$LAB_DIR/testpmd.out"
}

podwayd_bridge() {
	test_config <<-EOF
		bridges: [{name: br0}]
		ports:
		  - {name: a, type: vhost-user, socket: $LAB_DIR/a.sock, bridge: br0, peer_mac: "02:00:00:00:0b:01"}
		  - {name: b, type: vhost-user, socket: $LAB_DIR/b.sock, bridge: br0, peer_mac: "02:00:00:00:0b:02"}
	EOF
	lab_start
}

podwayd_router() {
	test_config <<-EOF
		node: {name: node-a, addresses: [198.51.100.1/32]}
		service_cidr: 10.96.0.0/16
		limits: {flows: 2097152}
		ports:
		  - {name: a, type: vhost-user, socket: $LAB_DIR/a.sock, addresses: [10.1.0.1/24], mac: "02:00:00:00:0a:01",
		     peers: [10.1.0.2/32], peer_mac: "02:00:00:00:0b:01"}
		  - {name: b, type: vhost-user, socket: $LAB_DIR/b.sock, addresses: [10.2.0.1/24], mac: "02:00:00:00:0a:02",
		     peers: [10.2.0.2/32], peer_mac: "02:00:00:00:0b:02"}
		routes:
		  - {prefix: 10.3.0.0/24, via: 10.2.0.2}
		  - {prefix: 10.4.0.0/16, via: 10.1.0.2}
		services:
		  - {name: default/dns, cluster_ip: 10.96.0.10, endpoints: [10.3.0.1, 10.3.0.2, 10.3.0.3],
		     ports: [{name: udp, protocol: UDP, port: 53, target_port: 5353},
		             {name: tcp, protocol: TCP, port: 80, target_port: 8080}]}
	EOF
	lab_start
}

device() { # ROW
	case $1 in
	mac) testpmd_mac ;;
	l2) podwayd_bridge ;;
	*) podwayd_router ;;
	esac
}

# --- the generator

stream() { # ROW
	local common="from: 0, to: 1, rate: max, size: 64, stamp: false, src: 10.4.0.0/24"
	case $1 in
	mac | l2) echo "{$common, dst: 10.3.0.1, src_mac: \"02:00:00:00:0b:01\", dst_mac: \"02:00:00:00:0b:02\"}" ;;
	l3) echo "{$common, dst: 10.3.0.1-10.3.0.9, dst_mac: \"02:00:00:00:0a:01\"}" ;;
	nat1k) echo "{$common, flows: 1000, src_port: 1024+1000, dst: 10.96.0.10, dst_port: 53, dst_mac: \"02:00:00:00:0a:01\"}" ;;
	nat1m) echo "{$common, flows: 1000000, src_port: 1024+10000, dst: 10.96.0.10, dst_port: 53, dst_mac: \"02:00:00:00:0a:01\"}" ;;
	esac
}

profile() { # ROW
	local port=53
	printf 'duration: %ss\nwarmup: %s\nwait: 200ms\n' "$WINDOW" "$([ "$WINDOW" -gt 1 ] && echo 2s || echo 500ms)"
	if [ "$MODE" = vhost ]; then
		printf 'streams:\n- %s\n' "$(stream "$1")"
		return
	fi
	[ "$1" = tcp ] && port=80
	printf 'ports: [{id: 1, engine: rr}]\nconns:\n- {from: 0, proto: %s, rate: max, open: 16384, src: 10.4.0.0/22, ' "$1"
	printf 'src_port: 1024+60000, dst: 10.96.0.10, dst_port: %s, dst_mac: "02:00:00:00:0a:01"}\n' "$port"
}

generate() { # ROW: the figure, "-" if it is void
	profile "$1" >"$LAB_DIR/profile.yaml"
	lab_in node "$LAB_BUILD/app/podway-gen/podway-gen" --lcores 0@0,1@0 --no-pci --no-huge -m 512 --file-prefix "$LAB_PREFIX-gen" \
		--vdev "net_virtio_user0,path=$LAB_DIR/a.sock,queue_size=1024" \
		--vdev "net_virtio_user1,path=$LAB_DIR/b.sock,queue_size=1024" -- --share -q -p "$LAB_DIR/profile.yaml" \
		-j "$LAB_DIR/gen.json" >"$LAB_DIR/gen.out" 2>&1 || { tail -3 "$LAB_DIR/gen.out" >&2; echo -; return; }
	if [ "$MODE" = vhost ]; then
		jq -r 'if .ports[0].tx_full > 0 then .ports[1].rx_frames / .seconds / 1e4 | round / 100 else "-" end' "$LAB_DIR/gen.json"
	else
		jq -r '.connections[0].cps / 100 | round / 10' "$LAB_DIR/gen.json"
	fi
}

window() { # ROW
	test_begin "$BUILD"
	trap stop EXIT
	device "$1" || { echo "$1: does not start" >&2; exit 1; }
	figure "$1" "$(generate "$1")"
	exec 9>&-
	lab_cleanup
	printf '%-6s %8s %s\n' "$1" "$(tail -1 "$FIGURES/$1")" "$UNIT"
}

stop() {
	lab_cleanup
	figures_end
}

summary() {
	local row title
	printf '\n| %-34s | %-22s |%s\n|---|---|%s\n' "" "$UNIT" "${BESIDE:+ $BESIDE |}" "${BESIDE:+---|}"
	while IFS='|' read -r row title _; do
		printf '| %-34s | %-22s |' "$title" "$(spread "$row" %.2f)"
		printf '%s\n' "${BESIDE:+ $(ratios "$row" mac | spread_of | format_spread %.2f) |}"
	done < <(rows)
}

json() {
	local row title goal
	while IFS='|' read -r row title goal; do
		figure_json "$([ "$MODE" = vhost ] && echo P-4 || echo P-6)" "$title" "$UNIT" "$row" mac "$goal"
	done < <(rows)
}

figures_init
echo "$(LC_ALL=C date '+%Y-%m-%d %H:%M'), $(machine), load $(cut -d' ' -f1 /proc/loadavg)"
for ((turn = 1; turn <= TURNS; turn++)); do
	while IFS='|' read -r row _; do
		window "$row" </dev/null
	done < <(rows)
done
summary
[ -z "$JSON" ] || json | jq -s . >"$JSON"
stop
trap - EXIT
