#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# TCP from pod to pod, side by side:  sudo test/perf/bench_pods.sh BUILD_DIR [PAIRS] [SECONDS]
#
#   podway    two TAP pods on one bridge of podwayd, one worker
#   service   the same pods through a ClusterIP of podwayd
#   kernel    two namespaces with veth pairs on a Linux bridge; no packet filter, no Service
#
# One iperf3 stream, one window each in turn, PAIRS times (default 7, of 5 s); prints every window, then median,
# min and max, and the ratio to the kernel's window of the same turn. Latency: 400 pings in the same
# turns; none for the Service, whose address the worker answers itself.
set -euo pipefail
# shellcheck source=scripts/lab-lib.sh
. "$(dirname "$0")/../../scripts/lab-lib.sh"
build=${1:?usage: bench_pods.sh BUILD_DIR [PAIRS] [SECONDS]}
pairs=${2:-7} seconds=${3:-5}
vip=10.96.0.10
kernel=10.99.0.2

lab_init "$build"
trap 'set +e; lab_cleanup' EXIT
trap 'exit 130' INT TERM

cat >"$LAB_DIR/podway.yaml" <<EOF
node: {name: bench, addresses: [198.51.100.1/32]}
state_dir: $LAB_DIR/state
control: {socket: $LAB_SOCKET}
pod_cidr: 10.244.1.0/24
service_cidr: 10.96.0.0/16
bridges: [{name: br0, gateway: 10.244.1.1/24}]
services:
  - {name: iperf, cluster_ip: $vip, ports: [{port: 5201}], endpoints: [10.244.1.3]}
EOF

kernel_bridge() {
	local ns=("$LAB_PREFIX-kclient" "$LAB_PREFIX-kserver") i
	ip netns add "$LAB_PREFIX-kbridge"
	ip -n "$LAB_PREFIX-kbridge" link add br0 type bridge
	ip -n "$LAB_PREFIX-kbridge" link set br0 up
	for i in 0 1; do
		ip netns add "${ns[i]}"
		ip -n "$LAB_PREFIX-kbridge" link add v$i type veth peer name eth0 netns "${ns[i]}"
		ip -n "$LAB_PREFIX-kbridge" link set v$i master br0 up
		ip -n "${ns[i]}" addr add 10.99.0.$((i + 1))/24 dev eth0
		ip -n "${ns[i]}" link set eth0 up
	done
}

listens() { lab_in "$1" ss -Hltn 'sport = :5201' | grep -q .; }

# window NAME FROM ADDRESS: one line, also appended to the results of NAME
window() {
	local gbit rtt=-
	gbit=$(lab_in "$2" iperf3 -c "$3" -t "$seconds" -J | jq '.end.sum_received.bits_per_second / 1e7 | round / 100')
	[ "$1" = service ] || rtt=$(lab_in "$2" ping -q -i 0.002 -c 400 "$3" | awk -F/ '/rtt/ {printf "%.0f", $5 * 1000}')
	echo "$gbit" >>"$LAB_DIR/$1.gbit"
	echo "$rtt" >>"$LAB_DIR/$1.rtt"
	printf '%-8s %6.2f Gbit/s  ping %4s us\n' "$1" "$gbit" "$rtt"
}

# spread FILE FORMAT: "median (min..max)"
spread() {
	sort -n "$1" | awk -v f="$2 ($2..$2)" '{v[NR] = $1} END {
		m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
		printf f, m, v[1], v[NR]}'
}

summary() {
	local name
	printf '\n%-8s  %-24s  %-24s  %s\n' "" "Gbit/s" "of the kernel's" "ping us"
	for name in podway service kernel; do
		paste "$LAB_DIR/$name.gbit" "$LAB_DIR/kernel.gbit" | awk '{print $1 / $2}' >"$LAB_DIR/ratio"
		printf '%-8s  %-24s  %-24s  %s\n' "$name" "$(spread "$LAB_DIR/$name.gbit" %.2f)" "$(spread "$LAB_DIR/ratio" %.2f)" \
			"$([ $name = service ] && echo - || spread "$LAB_DIR/$name.rtt" %.0f)"
	done
}

pod_port() { lab_ctl --json pods | jq -r ".pods[] | select(.name == \"$1\") | .port"; }

echo "$(LC_ALL=C date '+%Y-%m-%d %H:%M'), $(nproc) cores of $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo)," \
	"Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg)"
lab_start
lab_pod_add client
lab_pod_add server
kernel_bridge
for name in server kserver; do
	lab_bg $name iperf3 -s
	lab_wait 10 listens $name
done
for ((i = 0; i < pairs; i++)); do
	window podway client "$(lab_ip server)"
	window service client $vip
	window kernel kclient $kernel
done
summary
echo
lab_ctl ports "$(pod_port client)" | sed -n '/^rx/,$p'
lab_ctl drops
