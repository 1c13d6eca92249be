#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A node full of pods: 250 attached and deleted in bounded time, each change costs the control thread less than a
# millisecond and those who talk meanwhile no packet; idle they cost next to nothing; queues are shared out evenly and
# stay where they are; what is too many is refused with its reason: pods, ports, addresses, DPDK devices (PORT-11, OPS-7).
. "$(dirname "$0")/lib.sh"
test_begin "$@"
PODS=250

config() { # PODS.MAX LIMITS.PORTS
	test_config <<-EOF
		node: {name: node-a, addresses: [198.51.100.1/32]}
		pod_cidr: 10.244.0.0/22
		service_cidr: 10.96.0.0/16
		bridges: [{name: br0, gateway: 10.244.0.1/22}, {name: spare}]
		pods: {max: $1}
		limits: {ports: $2}
	EOF
}

export LAB_BUILD LAB_DIR LAB_PREFIX LAB_SOCKET LAB_CID_SALT
# shellcheck disable=SC2034 # lab_pod_add notes the name there
one_add() { LAB_PODS=(); lab_pod_add "$1"; }
export -f one_add lab_pod_add lab_pod_del lab_cni lab_conflist lab_netns
all() { # one_add|lab_pod_del: for every pod, four at a time
	seq -f "p%g" $PODS | xargs -P 4 -I{} bash -c "$1 {}"
}

request() { ctl_json ".requests[] | select(.request == \"$1\") | .$2" requests; }
stays_below_ms() { # REQUEST: as a rule; a busy machine may take the thread's core at any time
	lab_ctl requests
	[ "$(request "$1" p50_us)" -lt 1000 ]
}
ticks() { sed 's/.*) //' "/proc/$LAB_DAEMON/task/"*/stat | awk '{n += $12 + $13} END {print n}'; }
idle_costs() { # PERCENT of a core at most, all threads together, over ten seconds
	local before
	before=$(ticks)
	sleep 10
	awk -v t=$(($(ticks) - before)) -v hz="$(getconf CLK_TCK)" -v max="$1" 'BEGIN {
		printf "%.1f %% of a core\n", t * 10 / hz
		exit t * 10 / hz > max}'
}
homes() { ctl_json '.ports[] | select(.pod != null) | "\(.name) \(.workers | join(","))"' ports | sort; }
refused() { # TEXT CMD..
	local text=$1
	shift
	"$@" >"$LAB_DIR/refused.out" 2>&1 && return 1
	cat "$LAB_DIR/refused.out"
	grep -q "$text" "$LAB_DIR/refused.out"
}

config 260 300
check "podwayd starts" lab_start
for name in client server; do
	check "pod $name" lab_pod_add $name
	ip -n "$LAB_PREFIX-$name" link set eth0 txqueuelen 5000 # while other programs have the worker's core
done
server=$(lab_ip server)
lab_bg server "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens server 7000
lab_bg client "$TEST_DIR/peer.py" stream "$server" 7000 100 30
stream=$LAB_LAST_PID
homes >"$LAB_DIR/homes"
lab_ctl stats reset >/dev/null

# ---- come
start=$SECONDS
check "$PODS pods more, four at a time" all one_add
echo "        $((SECONDS - start)) s"
check "all are there" ctl_json ".pods == $((PODS + 2)) and .ports.up >= $((PODS + 2))" status
check "a port more keeps the control thread for less than a millisecond" stays_below_ms "(port added)"
check "those who were there are where they were" sh -c "! comm -23 '$LAB_DIR/homes' - | grep ." < <(homes)
check "every worker has its share" ctl_json '[.workers[].rx_queues] | max - min <= 1' workers
check "workers shows them" sh -c 'grep -q "(+[0-9]*)" && ! grep -q "100.0 %"' < <(lab_ctl workers)
check "the last one is served" lab_in p$PODS ping -q -c 3 -i 0.05 -W 2 "$server"

check "100 packets a second all the time: none lost" wait "$stream"
echo "        $(tail -1 "$LAB_DIR/client.out")"
check_eventually 5 "rx = tx + drops + held" ledger_settled

# ---- stay
check "idle, they cost 3 % of a core at most" idle_costs 3
echo "        $(cat "$LAB_DIR/check.out")"

# ---- too many devices
null() { lab_ctl ports add "n$1" type ethdev device "net_null$1" bridge spare; }
i=0
while [ $i -lt 33 ] && null $i >/dev/null 2>&1; do
	i=$((i + 1))
done
check "DPDK takes 32 devices" [ $i = 32 ]
check "the 33rd is refused with the reason" refused RTE_MAX_ETHPORTS null 32
check "and the way out" grep -q "use tap or vhost-user" "$LAB_DIR/refused.out"
lab_ctl ports del n0 >/dev/null
check "when one has gone there is room" null 32
for i in $(seq 32); do
	lab_ctl ports del "n$i" >/dev/null
done
check "a pod is served all the same" lab_in client ping -q -c 3 -i 0.05 -W 2 "$server"

# ---- go
lab_bg client "$TEST_DIR/peer.py" stream "$server" 7000 100 20
stream=$LAB_LAST_PID
lab_ctl stats reset >/dev/null
lab_pod_del p1 && fewest=$(ctl_json '.workers | min_by(.rx_queues).id' workers)
check "one goes, another comes" lab_pod_add p1
check "to the worker with the fewest queues" ctl_json ".ports[] | select(.pod == \"default/p1\") | .workers == [$fewest]" ports
homes >"$LAB_DIR/homes"
start=$SECONDS
check "$PODS pods are deleted, four at a time" all lab_pod_del
echo "        $((SECONDS - start)) s"
check "a port less keeps the control thread for less than a millisecond" stays_below_ms "(port deleted)"
check "those who are left are where they were" [ "$(homes | grep -c -x -f "$LAB_DIR/homes")" = 2 ]
check "100 packets a second all the time: none lost" wait "$stream"
echo "        $(tail -1 "$LAB_DIR/client.out")"
check "none for want of a buffer" [ "$(drops_of no_mbuf)" = 0 ]
check_eventually 5 "rx = tx + drops + held" ledger_settled
check "nothing is left of $PODS pods" ctl_json '.pods == 2 and .ports.total == 3' status
check "no address" [ "$(find "$LAB_DIR/state/ipam" -name '*@*.json' | wc -l)" = 2 ]

# ---- what a small node refuses
lab_stop
rm -rf "$LAB_DIR/state"
config 3 6
check "a small node starts" lab_start
for name in q1 q2 q3; do
	check "pod $name" lab_pod_add $name
done
check "a pod more than pods.max is refused" refused "pods.max is 3" lab_pod_add q4
for i in 1 2; do
	check "port $i more" null $i
done
check "a port more than limits.ports is refused" refused "6 ports are there (limits.ports)" null 3
check "those that are there go on" lab_in q1 ping -q -c 2 -i 0.05 -W 2 "$(lab_ip q3)"
test_end
