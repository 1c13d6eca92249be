#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Benchmarks: programs that print figures.  scripts/bench.sh NAME [--build DIR] [its options]
#
#   scripts/bench.sh list                       what there is
#   scripts/bench.sh pipeline --json out.json   table on the screen, the same as JSON in a file
#
#   The programs are built first, with optimisation, into --build DIR (default: build). A NAME's own options
#   are shown by  scripts/bench.sh NAME --help.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# name | program under test/perf | needs root | what it measures
BENCHES='
pipeline|bench_pipeline|no|cycles a packet that the stages add, ports in memory; lookups of DPDK tables beside ours
flow|bench_flow|no|the connection table alone: lookups, new flows
lpm|bench_lpm|no|a million IPv4 and 200,000 IPv6 routes: load, change, lookup, and changes beside lookups
conns|bench_conns|no|bytes a connection costs the process, IPv4
conns6|bench_conns6|no|the same, IPv6
tap|bench_tap.sh|yes|a bare loop between two TAPs: large frames in chains or in one buffer
pods|bench_pods.sh|yes|TCP between pods through podwayd, by Service, and through a kernel bridge
cni|bench_cni.sh|yes|time of a CNI ADD and DEL, one by one and many in flight, and what they keep the daemon
idle|bench_idle.sh|yes|CPU time of an idle node by type of port, up to 250 pods, and how soon it is awake
ports|bench_ports.sh|yes|each port type beside testpmd and a kernel bridge: TCP, small frames, latency
vhost|bench_vhost.sh|yes|two vhost-user ports: podwayd as bridge, router and Service beside testpmd mac
conn|bench_vhost.sh|yes|new connections a second through a Service, UDP and TCP
'

usage() { sed -n '3,10s/^# \{0,1\}//p' "$0"; }

list() {
	local name what root
	while IFS='|' read -r name _ root what; do
		[ -n "$name" ] || continue
		[ "$root" = yes ] && what="$what (as root)"
		printf '%-10s %s\n' "$name" "$what"
	done <<<"$BENCHES"
}

program_of() { awk -F'|' -v n="$1" '$1 == n { print $2 }' <<<"$BENCHES"; }

# Sets up the folder if it is not there; says so if it is not a build with optimisation.
build() {
	local dir=$1 type
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" --buildtype=release >/dev/null || return 1
	fi
	type=$(meson introspect --buildoptions "$dir" | jq -r '.[] | select(.name == "buildtype").value')
	[ "$type" = release ] || echo "bench.sh: $dir is a $type build: its figures say little" >&2
	ninja -C "$dir" test/perf/bench_pipeline test/perf/bench_flow test/perf/bench_tap test/perf/bench_idle \
		app/podwayd/podwayd app/podway-cni/podway-cni app/podwayctl/podwayctl app/podway-gen/podway-gen \
		>"$dir/bench-build.log" || { tail -20 "$dir/bench-build.log" >&2; return 1; }
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
program=$(program_of "$name")
if [ -z "$program" ]; then
	echo "bench.sh: no benchmark \"$name\"; there are:" >&2
	list >&2
	exit 2
fi
build "$dir" || exit 1
case $name in
tap) exec "test/perf/$program" "$dir/test/perf/bench_tap" "$@" ;;
pods | ports | idle | cni) exec "test/perf/$program" "$dir" "$@" ;;
vhost | conn) exec "test/perf/$program" "$name" "$dir" "$@" ;;
*) exec "$dir/test/perf/$program" "$@" ;;
esac
