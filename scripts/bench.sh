#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Benchmarks: programs that print figures, no tests.  scripts/bench.sh NAME [--build DIR] [its options]
#
#   scripts/bench.sh list                       what there is
#   scripts/bench.sh pipeline --json out.json   table on the screen, the same as JSON in a file
#   scripts/bench.sh all --json out.json --html out.html   every one, one file and one page of all figures
#
#   The programs are built first, with optimisation, into --build DIR (default: build). A NAME's own options
#   are shown by  scripts/bench.sh NAME --help.  all has: --json FILE, --html FILE, --quick (shows that each works, says nothing
#   of how fast), --of NAME,.. (these only).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# name | program under test/perf | root, or - | what it needs beside what podway is built and run with | goals | what it measures
BENCHES='
pipeline|bench_pipeline|-||P-1..P-3|cycles a packet that the stages add, ports in memory; lookups of DPDK tables beside ours
flow|bench_flow|-|||the connection table alone: lookups, new flows
lpm|bench_lpm|-||P-15|a million IPv4 and 200,000 IPv6 routes: load, change, lookup, and changes beside lookups
conns|bench_conns|-||P-14|bytes a connection costs the process, IPv4
conns6|bench_conns6|-||P-14|the same, IPv6
tap|bench_tap.sh|root|iperf3||a bare loop between two TAPs: large frames in chains or in one buffer
pods|bench_pods.sh|root|iperf3||TCP between pods through podwayd, by Service, and through a kernel bridge
cni|bench_cni.sh|root||P-17|time of a CNI ADD and DEL, one by one and many in flight, and what they keep the daemon
idle|bench_idle.sh|root||P-12|CPU time of an idle node by type of port, up to 250 pods, and how soon it is awake
ports|bench_ports.sh|root|iperf3 dpdk-testpmd||each port type beside testpmd and a kernel bridge: TCP, small frames, latency
vhost|bench_vhost.sh|root|dpdk-testpmd|P-4|two vhost-user ports: podwayd as bridge, router and Service beside testpmd mac
vhost-ovs|bench_vhost.sh|root|ovs-vsctl|P-5|the same beside OVS-DPDK: Service of 1,000 to 1,000,000 flows
conn|bench_vhost.sh|root||P-6|new connections a second through a Service, UDP and TCP, beside OVS-DPDK
kernel|bench_kernel.sh|root|iperf3 nft iptables|P-8..P-10|a Service between kernel pods: podwayd beside the kernel with the rules of kube-proxy
scale|bench_scale.sh|root||P-7, P-16|ten Services and ten thousand: cost of packets and connections; all set from scratch, one changed
latency|bench_latency.sh|root|dpdk-testpmd|P-11|one-way latency at half of the highest rate
churn|bench_churn.sh|root||P-13|loss at 80 % of the highest rate while routes, Services and pods change
'

usage() { sed -n '3,12s/^# \{0,1\}//p' "$0"; }

list() {
	local name root goals what
	while IFS='|' read -r name _ root _ goals what; do
		[ -n "$name" ] || continue
		printf '%-10s %s%s%s\n' "$name" "$what" "${goals:+ ($goals)}" "$([ "$root" = root ] && echo ", as root")"
	done <<<"$BENCHES"
}

die() {
	echo "bench.sh: $1" >&2
	exit "${2:-1}"
}

names() { awk -F'|' 'NF {print $1}' <<<"$BENCHES"; }
field() { awk -F'|' -v n="$1" -v f="$2" '$1 == n {print $f}' <<<"$BENCHES"; } # NAME COLUMN

# Can NAME run here? Says what is missing.
able() {
	local program
	[ "$(field "$1" 3)" != root ] || [ "$(id -u)" -eq 0 ] || { echo "$1: must be root"; return 1; }
	for program in $(field "$1" 4); do
		command -v "$program" >/dev/null || { echo "$1: no $program (scripts/install-packages.sh run lab bench)"; return 1; }
	done
}

# Sets up the folder if it is not there; says so if it is not a build with optimisation.
build() {
	local dir=$1 type
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" --buildtype=release >/dev/null || return 1
	fi
	type=$(meson introspect --buildoptions "$dir" | jq -r '.[] | select(.name == "buildtype").value')
	[ "$type" = release ] || echo "bench.sh: $dir is a $type build: its figures say little" >&2
	# shellcheck disable=SC2046
	ninja -C "$dir" $(ninja -C "$dir" -t targets all | grep -oE '^test/perf/bench_[a-z0-9_]+') \
		app/podwayd/podwayd app/podway-cni/podway-cni app/podwayctl/podwayctl app/podway-gen/podway-gen \
		>"$dir/bench-build.log" || { tail -20 "$dir/bench-build.log" >&2; return 1; }
}

# One benchmark, in the foreground: run NAME ARGS..
run() {
	local name=$1 program
	program=test/perf/$(field "$1" 2)
	shift
	case $(field "$name" 2) in
	bench_vhost.sh) "$program" "$name" "$dir" "$@" ;;
	bench_tap.sh) "$program" "$dir/test/perf/bench_tap" "$@" ;;
	*.sh) "$program" "$dir" "$@" ;;
	*) "$dir/$program" "$@" ;;
	esac
}

# ---- all of them

# What those that do not know --json and --quick are given, quick or not.
quick_args() {
	case $1 in
	pipeline) echo --seconds 0.05 --max-flows 70000 --no-refs ;;
	flow | tap | pods) echo 1 1 ;;
	conns | conns6) echo --flows 100000 ;;
	*) echo --quick ;;
	esac
}
has_json() { [[ $1 != @(flow|tap|pods) ]]; }

all_options() {
	json='' html='' quick='' of=''
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) quick=1; shift; continue ;;
		--json | --html | --of) [ $# -gt 1 ] || die "$1 needs a value" 2 ;;
		*) usage >&2; die "all has no option $1" 2 ;;
		esac
		case $1 in
		--json) json=$2 ;;
		--html) html=$2 ;;
		--of) of=${2//,/ } ;;
		esac
		shift 2
	done
}

# One that cannot run, or fails, is named at the end; the others go on.
all() {
	local name args problems=() files=()
	all_options "$@"
	results=$(mktemp -d /tmp/podway-bench.XXXXXX)
	trap 'rm -rf "$results"' EXIT
	trap 'exit 130' INT TERM # the benchmark in the foreground has got it, too, and cleans up
	for name in ${of:-$(names)}; do
		[ -n "$(field "$name" 2)" ] || die "no benchmark \"$name\"" 2
		able "$name" >"$results/able" || { problems+=("$(cat "$results/able")"); continue; }
		args=()
		[ -z "$quick" ] || read -ra args < <(quick_args "$name")
		has_json "$name" && args+=(--json "$results/$name.json") && files+=("$results/$name.json")
		printf '\n=== %s: %s\n' "$name" "$(field "$name" 6)"
		run "$name" "${args[@]}" || problems+=("$name: exit code $?")
	done
	cat "${files[@]}" /dev/null 2>/dev/null | jq -s 'add // []' >"$results/ALL.json"
	[ -z "$json" ] || cp "$results/ALL.json" "$json" || problems+=("$json cannot be written")
	[ -z "$html" ] || "$dir/app/podway-gen/podway-gen" report --html "$html" "$results/ALL.json" || problems+=("$html cannot be written")
	jq -r '"\n\(length) figures; of \(map(select(.met != null)) | length) goals \(map(select(.met)) | length) are met"' "$results/ALL.json"
	[ ${#problems[@]} -eq 0 ] && return
	printf 'not measured: %s\n' "${problems[@]}" >&2
	return 1
}

case ${1:-} in
list) list; exit 0 ;;
'' | -h | --help) usage; echo; list; exit $(($# == 0 ? 2 : 0)) ;;
esac
name=$1
shift
dir=build
if [ "${1:-}" = --build ]; then
	dir=${2:?--build needs a folder}
	shift 2
fi
if [ "$name" != all ] && [ -z "$(field "$name" 2)" ]; then
	echo "bench.sh: no benchmark \"$name\"; there are:" >&2
	list >&2
	exit 2
fi
build "$dir" || exit 1
if [ "$name" = all ]; then
	all "$@"
	exit
fi
able "$name" >&2 || exit 1
run "$name" "$@"
