#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Pods come and go, 50 a round, four at a time, while two others talk at a steady rate: not one packet of theirs is
# lost, and afterwards nothing is left of those that went: no namespace, descriptor, thread, packet buffer, address,
# FDB entry, route, port (CNI-3, CNI-11, IPAM-4, SEC-7). The tables are just large enough for one round, so that what
# leaks runs out.
. "$(dirname "$0")/lib.sh"
test_begin "$@"

PODS=50 ROUNDS=3
export LAB_BUILD LAB_DIR LAB_PREFIX LAB_SOCKET LAB_CID_SALT
# An ADD, a ping to the gateway, a DEL; an answer is expected to all.
one_pod() {
	local name=$1
	# shellcheck disable=SC2034 # lab_pod_add notes the name there
	LAB_PODS=()
	lab_pod_add "$name" || return 1
	lab_in "$name" ping -q -c 1 -W 3 10.244.1.1 >/dev/null || { echo "$name: no answer"; return 1; }
	lab_pod_del "$name" || { echo "$name: DEL: $(cat "$LAB_DIR/$name.err")"; return 1; }
}
export -f one_pod lab_pod_add lab_pod_del lab_cni lab_conflist lab_netns lab_in
round() {
	seq -f "$1-%g" $PODS | xargs -P 4 -I{} bash -c 'one_pod {}'
}

# Everything that could grow; one line each.
holdings() {
	local pid=$LAB_DAEMON
	echo "namespaces $(ip netns list | grep -c "^$LAB_PREFIX-")"
	echo "fds $(find "/proc/$pid/fd" -mindepth 1 | wc -l)"
	echo "threads $(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)"
	echo "addresses $(find "$LAB_DIR/state/ipam" -name '*@*.json' | wc -l)"
	echo "attachments $(find "$LAB_DIR/state/pods" -type f | wc -l)"
	lab_ctl --json status | jq -r '"pods \(.pods)", "ports \(.ports.total)", "routes \(.routes)", "fdb \(.fdb)",
		"neighbours \(.neighbours)", "flows \(.flows.used)", "mbufs \(.memory.mbufs.free)", "failed \(.memory.alloc_failed)"'
	lab_ctl --json routes | jq -r '"routes \(.routes | map(.prefix) | sort | join(" "))"'
	lab_ctl --json fdb | jq -r '"fdb \(.fdb | map(.mac) | sort | join(" "))"'
	lab_ctl --json neighbours | jq -r '"neighbours \(.neighbours | map(.address) | sort | join(" "))"'
}
as_before() {
	holdings >"$LAB_DIR/after"
	diff "$LAB_DIR/before" "$LAB_DIR/after"
}
memory_kb() { awk '/^VmRSS/ {print $2}' "/proc/$LAB_DAEMON/status"; }
memory_grew_by() {
	echo "from $1 to $(memory_kb) kB"
	[ $(($(memory_kb) - $1)) -lt "$2" ]
}

test_config_node <<EOF
pods: {max: $((PODS + 4))}
limits: {ports: 64, fdb: 64, routes: 80, neighbours: 70}
EOF
check "podwayd starts" lab_start
for name in client server; do
	check "pod $name" lab_pod_add $name
done
for name in client server; do # as much as a worker may miss while other programs have its core
	ip -n "$LAB_PREFIX-$name" link set eth0 txqueuelen 5000
done
server=$(lab_ip server)
lab_bg server "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens server 7000
check "a first pod comes and goes" one_pod first # what is made once is made now
check "traffic" lab_in client "$TEST_DIR/peer.py" udp "$server" 7000 50
check_eventually 5 "rest" ledger_settled
holdings >"$LAB_DIR/before"

lab_bg client "$TEST_DIR/peer.py" stream "$server" 7000 1000 20
stream=$LAB_LAST_PID
for ((n = 1; n <= ROUNDS; n++)); do
	check "round $n: $PODS pods, four at a time" round $n
	[ $n = 1 ] && memory=$(memory_kb)
done
check "1000 packets a second for 20 s: none lost" wait "$stream"
echo "        $(tail -1 "$LAB_DIR/client.out")"
check_eventually 10 "rx = tx + drops + held" ledger_settled
check_eventually 5 "nothing is left of $((PODS * ROUNDS)) pods" as_before
check "no memory was lost since the first round" memory_grew_by "$memory" 1024
check "the control thread was never busy for a second in one go" ctl_json '.control.loop_max_us < 1000000' status
echo "        $(ctl_json .control.loop_max_us status) us; memory from $memory to $(memory_kb) kB"
check "no packet was lost between workers or for want of a buffer" \
	[ "$(drops_of handover_full)/$(drops_of no_mbuf)" = 0/0 ]

# ---- many at once, held, then deleted at once

for ((i = 1; i <= PODS; i++)); do
	lab_pod_add "h$i" 2>>"$LAB_DIR/held.err" &
	adds+=($!)
	((i % 10 == 0)) && wait "${adds[@]}"
done
wait "${adds[@]}"
check "$PODS more pods at once" ctl_json ".pods == $((PODS + 2))" status
check "the pair still talks" lab_in client "$TEST_DIR/peer.py" udp "$server" 7000 200
for ((i = 1; i <= PODS; i++)); do
	ip netns del "$LAB_PREFIX-h$i" # no DEL: the sandboxes vanish
done
check_eventually 30 "vanished sandboxes are noticed" ctl_json '[.pods[] | select(.state == "up")] | length == 2' pods
for ((i = 1; i <= PODS; i++)); do
	lab_conflist | lab_cni DEL "h$i" >/dev/null 2>&1
done
check_eventually 5 "nothing is left of them" as_before
test_end
