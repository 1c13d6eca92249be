#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ports of every type after kill -9, named in the configuration or added at run time: they come back by themselves,
# with traffic, and their peers are not restarted; queues are read by the worker they were moved to; what the dead
# daemon left (sockets, XDP programs, folders) is replaced, what belongs to others is refused (OPS-1, OPS-2, OPS-3).
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/veths.bash"
test_begin "$@"

test_config_node <<EOF
ports:
  - {name: packet, type: af_packet, interface: v-packet, bridge: br0}
  - {name: xdp, type: af_xdp, interface: v-xdp, bridge: br0}
  - {name: lan, type: tap, interface: lan0, bridge: br0}
  - {name: vm0, type: vhost-user, mode: client, socket: $LAB_DIR/vm0.sock, bridge: br0, queues: 2}
  - {name: serve, type: vhost-user, socket: $LAB_DIR/serve.sock, bridge: br0}
  - {name: mem, type: memif, socket: $LAB_DIR/mem.sock, addresses: [10.1.0.1/24]}
EOF
sed -i 's/^cpu: .*/cpu: {control: 0, workers: [0, 1], share: true}/' "$LAB_DIR/podway.yaml"

# Their peers: another podwayd, which nobody kills. Behind vm0 is its own address, behind vm1 a TAP of the kernel's.
far_config() {
	cat >"$LAB_DIR/far.yaml" <<EOF
cpu: {control: 0, workers: [1]}
memory: {hugepages: no, size_mb: 128}
state_dir: $LAB_DIR/far-state
control: {socket: $LAB_DIR/far.sock}
host: {enabled: false}
bridges: [{name: br1}]
ports:
  - {name: mem, type: memif, mode: client, socket: $LAB_DIR/mem.sock, addresses: [10.1.0.2/24]}
  - {name: late, type: memif, mode: client, socket: $LAB_DIR/late.sock, addresses: [10.2.0.2/24]}
  - {name: vm0, type: virtio-user, mode: server, socket: $LAB_DIR/vm0.sock, queues: 2, addresses: [10.244.1.50/24]}
  - {name: vm1, type: virtio-user, mode: server, socket: $LAB_DIR/vm1.sock, queues: 2, bridge: br1}
  - {name: tap1, type: tap, interface: machine, bridge: br1}
routes:
  - {prefix: 198.51.100.1/32, via: 10.1.0.1}
EOF
}
far_start() {
	ip netns add "$LAB_PREFIX-far" && ip netns add "$LAB_PREFIX-machine" || return 1
	lab_bg far "$LAB_BUILD/app/podwayd/podwayd" --config "$LAB_DIR/far.yaml"
	far=$LAB_LAST_PID
}
machine_add() { # a virtio-user server's first client is waited for (DPDK), so this is after both have one
	lab_wait 20 ip -n "$LAB_PREFIX-far" link set machine netns "$LAB_PREFIX-machine" &&
		ip -n "$LAB_PREFIX-machine" addr add 10.244.1.51/24 dev machine &&
		ip -n "$LAB_PREFIX-machine" link set machine up
}

port_is_up() { ctl_json ".ports[] | select(.name == \"$1\") | .state == \"up\"" ports; }
pinged() { lab_in "$1" ping -c 3 -i 0.05 -W 1 "$2"; }
workers_of() { ctl_json ".ports[] | select(.name == \"$1\") | .workers | map(tostring) | join(\",\")" ports; }
are_read_by() { [ "$(workers_of "$1")" = "$2" ]; }
sleeps() { ctl_json '[.workers[].sleeps] | add' workers; }
refused() { # TEXT CMD..: fails, and says so
	local text=$1
	shift
	"$@" >"$LAB_DIR/refused.out" 2>&1 && return 1
	cat "$LAB_DIR/refused.out"
	grep -q "$text" "$LAB_DIR/refused.out"
}

port_answers() { /usr/bin/python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('$1')"; }

# Who is behind which port: NAME-OF-THE-PORT FROM ADDRESS
PATHS="pod:pod:10.244.1.1 packet:pod:10.244.1.200 xdp:pod:10.244.1.201 packet2:pod:10.244.1.202 xdp2:pod:10.244.1.203
	vm0:pod:10.244.1.50 vm1:pod:10.244.1.51 mem:node:10.1.0.2 late:node:10.2.0.2"
all_paths() { # WHAT
	local path port from address
	for address in 10.1.0.0/24 10.2.0.0/24; do # the node's interface is a new one each time
		ip -n "$LAB_PREFIX-node" route replace $address dev podway0 src 198.51.100.1
	done
	for path in $PATHS; do
		IFS=: read -r port from address <<<"$path"
		check_eventually 10 "$1: $port carries traffic" pinged "$from" "$address"
	done
}

for name in packet xdp packet2 xdp2; do
	case $name in packet) n=200 ;; xdp) n=201 ;; packet2) n=202 ;; xdp2) n=203 ;; esac
	check "a veth pair for $name" veth_add $name -- 10.244.1.$n/24
done
check "a socket that a dead process left" /usr/bin/python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$LAB_DIR/serve.sock')"
check "podwayd starts" lab_start
check "a pod" lab_pod_add pod
far_config
check "another podwayd" far_start

# ---- the same types at run time
check "af_packet at run time" lab_ctl ports add packet2 type af_packet interface v-packet2 bridge br0
check "af_xdp at run time" lab_ctl ports add xdp2 type af_xdp interface v-xdp2 bridge br0
check "vhost-user at run time" lab_ctl ports add vm1 type vhost-user mode client socket "$LAB_DIR/vm1.sock" bridge br0 queues 2
check "memif at run time" lab_ctl ports add late type memif socket "$LAB_DIR/late.sock" address 10.2.0.1/24
check "tap at run time" lab_ctl ports add lan1 type tap interface lan1 bridge br0
check "vhost-user that goes again" lab_ctl ports add gone type vhost-user socket "$LAB_DIR/gone.sock" bridge br0
check "a machine behind vm1" machine_add
all_paths "before"

# ---- places
pod_port=$(ctl_json '.ports[] | select(.pod == "default/pod") | .name' ports)
check "the pod's port is moved" lab_ctl workers move "$pod_port" 1
check "both queues of vm0" lab_ctl workers move vm0 1
check "... one of them back" lab_ctl workers move vm0:1 0
check "one queue of vm1" lab_ctl workers move vm1:0 1
check "a port that goes" lab_ctl workers move gone 1
check "... and goes" lab_ctl ports del gone
check "they are as moved" are_read_by vm0 1,0
others=$(workers_of vm1)

for round in 1 2; do
	lab_stop KILL
	check "kill -9 $round: podwayd starts again" lab_start
	all_paths "kill -9 $round"
	check "kill -9 $round: the pod's port is where it was moved to" are_read_by "$pod_port" 1
	check "kill -9 $round: vm0's queues, too" are_read_by vm0 1,0
	check "kill -9 $round: vm1's as well" [ "$(workers_of vm1 | cut -d, -f1)" = "$(cut -d, -f1 <<<"$others")" ]
	check "kill -9 $round: kernel interfaces of tap ports are made again" \
		lab_in node sh -c "ip link show lan0 && ip link show lan1"
	check "kill -9 $round: our socket is ours again" port_answers "$LAB_DIR/serve.sock"
done
check "a port that was deleted did not come back" ctl_json '[.ports[].name] | index("gone") == null' ports
check "... nor did its place" sh -c "! grep -q gone '$LAB_DIR/state/workers.json'"
check "no port was left out" sh -c "! grep -q 'is left out' '$LAB_DIR/podwayd.log'"

# ---- quick successions: the kernel takes XDP programs and sockets off after the process has gone
for round in 1 2 3 4 5; do
	kill -KILL "$LAB_DAEMON"
	{ wait "$LAB_DAEMON"; } 2>/dev/null
	lab_start >"$LAB_DIR/start.out" 2>&1 || break
done
check "five kills as soon as it is ready" [ "$round" = 5 ]
all_paths "after that"

# ---- what is not ours
check "the far daemon's end of the memif socket is not ours to make" \
	refused "another process answers" lab_ctl ports add other type memif socket "$LAB_DIR/far.sock" bridge br0
check "somebody else's XDP program" sh -c "
	ip -n $LAB_PREFIX-node link add v-other type veth peer name o-other && ip -n $LAB_PREFIX-node link set v-other up &&
	nsenter --net=$(lab_netns node) '$TEST_DIR/xdp_other.py' v-other"
check "... is not replaced" refused "has an XDP program already (other" lab_ctl ports add other type af_xdp interface v-other bridge br0

# ---- an interface that goes does not keep anybody awake
check "an interface of a tap port is deleted" ip -n "$LAB_PREFIX-node" link del lan0
check_eventually 5 "... the port is down" ctl_json '.ports[] | select(.name == "lan") | .state == "down"' ports
end_all() { # the vhost-user and memif ports have no descriptor: who reads them naps
	for port in vm0 vm1 serve mem late; do lab_ctl ports del $port >/dev/null || return 1; done
}
check "only ports with descriptors are left" end_all
is_calm() { # a sleep ends after 100 ms at the latest; two workers
	local before
	before=$(sleeps)
	sleep 1
	echo "$(($(sleeps) - before)) sleeps within a second"
	[ $(($(sleeps) - before)) -lt 300 ]
}
check_eventually 10 "workers sleep on" is_calm
check_eventually 5 "rx = tx + drops + held" ledger_settled

# ---- nothing stays
check "DPDK made a folder" test -d "$(lab_rte_dir)"
check "... and one of a dead daemon lies beside it" mkdir /var/run/dpdk/podway-0000dead
lab_stop KILL
check "podwayd starts again" lab_start
check "... and takes that away" test ! -e /var/run/dpdk/podway-0000dead
lab_stop
check "an orderly end takes its own away" test ! -e "$(lab_rte_dir)"
kill "$far"
test_end
