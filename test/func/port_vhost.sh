#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A vhost-user port against testpmd's virtio-user in another process: frames go round, the peer is
# killed with -9 and comes back, a stale socket file is taken over.
# usage: port_vhost.sh PATH_OF_port_reflect
# shellcheck disable=SC2016,SC2034  # conditions are evaluated again and again
set -euo pipefail
reflect=${1:?usage: port_vhost.sh PATH_OF_port_reflect}
dir=$(mktemp -d)
sock=$dir/vm.sock
declare -A pid=()

fail() {
	echo "FAIL: $*" >&2
	cat "$dir"/*.log >&2
	exit 1
}

cleanup() {
	for name in "${!pid[@]}"; do kill -9 "${pid[$name]}" 2>/dev/null || true; done
	rm -rf "$dir"
}
trap cleanup EXIT

wait_for() { # what, condition
	for _ in {1..200}; do
		if eval "$2"; then
			echo "ok: $1"
			return
		fi
		sleep 0.05
	done
	fail "$1"
}

start_reflect() {
	"$reflect" "$sock" >"$dir/reflect.log" 2>&1 &
	pid[reflect]=$!
	wait_for "the port listens" '[ -S "$sock" ] && [ "$(last_state)" = down ]'
}

start_peer() { # one frame burst is enough: it goes round for ever
	dpdk-testpmd --no-huge --no-pci -m 128 --no-telemetry --no-shconf -l 0,1 \
		--vdev "net_virtio_user0,path=$sock,queues=1,queue_size=256" \
		-- --tx-first --total-num-mbufs=4096 --forward-mode=io --stats-period 1 \
		>"$dir/peer.log" 2>&1 </dev/null &
	pid[peer]=$!
}

kill_hard() {
	kill -9 "${pid[$1]}"
	wait "${pid[$1]}" 2>/dev/null || true
	unset "pid[$1]"
}

last_state() { grep -E '^(up|down)$' "$dir/reflect.log" | tail -1; }
received() { grep '^rx' "$dir/reflect.log" | tail -1 | cut -d' ' -f2; }
peer_received() { grep -o 'RX-packets: *[0-9]*' "$dir/peer.log" | grep -o '[0-9]*$' | sort -n | tail -1; }

start_reflect
for round in 1 2; do
	start_peer
	wait_for "peer $round is served" '[ "$(last_state)" = up ]'
	before=$(received)
	wait_for "frames of peer $round arrive" '[ "$(received)" -gt $((before + 10000)) ]'
	wait_for "and go back" '[ "$(peer_received || echo 0)" -gt 10000 ]'
	kill_hard peer
	wait_for "its death is seen" '[ "$(last_state)" = down ]'
done

kill_hard reflect
[ -S "$sock" ] || fail "kill -9 should have left the socket file"
start_reflect
start_peer
wait_for "after a restart of the port" '[ "$(last_state)" = up ]'
kill -TERM "${pid[reflect]}"
wait "${pid[reflect]}" || fail "the port did not end cleanly"
unset "pid[reflect]"
[ ! -e "$sock" ] || fail "the socket file stayed"
echo PASS
