#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# TCP stream and request/response between two namespaces: TAP driver (chains, big buffers) against
# veth pairs on a kernel bridge, interleaved.  usage: bench_tap.sh PATH_OF_bench_tap [ROUNDS] [SECONDS]
set -euo pipefail
bench=${1:?usage: bench_tap.sh PATH_OF_bench_tap [ROUNDS] [SECONDS]}
rounds=${2:-3}
seconds=${3:-5}
a=pwbench-a-$$ b=pwbench-b-$$ br=pwbench-r-$$
pids=()

cleanup() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for ns in "$a" "$b" "$br"; do ip netns del "$ns" 2>/dev/null || true; done
}
trap cleanup EXIT

make_netns() {
	for ns in "$a" "$b" "$br"; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
	done
}

add_addresses() { # device in both namespaces
	ip -n "$a" addr add 10.99.0.1/24 dev "$1"
	ip -n "$b" addr add 10.99.0.2/24 dev "$1"
}

wait_for_device() {
	for ns in "$a" "$b"; do
		until ip -n "$ns" link show "$1" >/dev/null 2>&1; do
			kill -0 "${pids[0]}"
			sleep 0.05
		done
	done
}

setup_bridge() {
	ip -n "$br" link add br0 type bridge
	ip -n "$br" link set br0 up
	for dev in v0:$a v1:$b; do
		ip -n "$br" link add "${dev%%:*}" type veth peer name eth0 netns "${dev#*:}"
		ip -n "$br" link set "${dev%%:*}" master br0 up
		ip -n "${dev#*:}" link set eth0 up
	done
	add_addresses eth0
}

measure() { # name
	local gbit
	ip netns exec "$b" iperf3 -s -1 -D -I "/tmp/$b.pid" >/dev/null
	until ip netns exec "$b" ss -Hltn 'sport = :5201' | grep -q .; do sleep 0.05; done
	gbit=$(ip netns exec "$a" iperf3 -c 10.99.0.2 -t "$seconds" -J |
		jq '.end.sum_received.bits_per_second / 1e7 | round / 100')
	printf '%-14s %8s Gbit/s   ping %s us\n' "$1" "$gbit" \
		"$(ip netns exec "$a" ping -c 200 -i 0.002 -q 10.99.0.2 | awk -F/ '/rtt/ {print $5 * 1000}')"
}

run_tap() { # name, more arguments of bench_tap
	make_netns
	"$bench" "$a" "$b" $((seconds + 6)) ${2:+"$2"} &
	pids=($!)
	wait_for_device tap0
	add_addresses tap0
	measure "$1"
	wait "${pids[0]}"
	pids=()
	cleanup
}

run_bridge() {
	make_netns
	setup_bridge
	measure kernel-bridge
	cleanup
}

for ((i = 0; i < rounds; i++)); do
	run_tap tap-chains
	run_tap tap-big big
	run_bridge
done
