#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A port whose interface or socket cannot be had keeps neither the daemon nor the other ports: it is waited for, shown
# with the reason, and comes with its routes when what it is made of is there (PORT-3, PORT-4, OPS-2, OPS-3).
# workers: any
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/veths.bash"
test_begin "$@"

test_config_node <<EOF
ports:
  - {name: packet, type: af_packet, interface: v-packet, addresses: [10.1.0.1/24]}
  - {name: xdp, type: af_xdp, interface: v-xdp, bridge: br0}
  - {name: vm, type: vhost-user, socket: $LAB_DIR/vm.sock, bridge: br0}
routes:
  - {prefix: 10.9.0.0/16, via: 10.1.0.2}
  - {prefix: 10.8.0.0/16, kind: blackhole}
EOF

state() { ctl_json ".ports[] | select(.name == \"$1\") | .state" ports; }
is_state() { [ "$(state "$1")" = "$2" ]; }
why() { lab_ctl ports "$1" | grep -q "^why .*$2"; }
route() { ctl_json "[.routes[] | select(.prefix == \"$1\" and .kind == \"via\")] | length == 1" routes; }
pinged() { lab_in "$1" ping -c 2 -i 0.05 -W 1 "$2"; }
serve() { # PATH: a process that has the socket
	lab_bg node /usr/bin/python3 -c "
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind('$1'); s.listen(); time.sleep(120)"
	server=$LAB_LAST_PID
	lab_wait 5 /usr/bin/python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('$1')"
}

serve "$LAB_DIR/vm.sock"
check "podwayd starts without two interfaces and a socket" lab_start
check "a pod" lab_pod_add one
check "another" lab_pod_add two
check "pods reach each other" pinged one "$(lab_ip two)"
for port in packet xdp vm; do check "$port is waited for" is_state $port waiting; done
check "packet: the reason" why packet "v-packet"
check "vm: the reason" why vm "another process answers"
check "status tells of them" sh -c "'$LAB_BUILD/app/podwayctl/podwayctl' --socket '$LAB_SOCKET' status | grep -q '3 more waited for'"
check "the log does once for each" [ "$(grep -c 'it is waited for' "$LAB_DIR/podwayd.log")" = 3 ]
check_fails "a route out of a port that waits is not there yet" route 10.9.0.0/16
check "another one is" ctl_json '[.routes[].prefix] | index("10.8.0.0/16") != null' routes

check "the interface comes" veth_add packet -- 10.1.0.2/24
check_eventually 3 "... and its port" is_state packet up
check "... with its route" route 10.9.0.0/16
check "the other interface" veth_add xdp -- 10.244.1.201/24
check_eventually 3 "... and its port" is_state xdp up
check "... with traffic" pinged one 10.244.1.201
kill "$server"
{ wait "$server"; } 2>/dev/null
lab_gone_socket() { ctl_json '.ports[] | select(.name == "vm") | .state == "down"' ports; }
check_eventually 3 "the socket's owner ends: it is ours" lab_gone_socket
check "nothing is waited for any more" ctl_json '.ports.waiting == 0' status

# ---- saved ports: the same over a restart
check "a port at run time" veth_add late -- 10.2.0.2/24
check "..." lab_ctl ports add late type af_packet interface v-late address 10.2.0.1/24
check "a route out of it" lab_ctl routes add 10.10.0.0/16 via 10.2.0.2
check "one more port" veth_add gone -- 10.244.1.203/24
check "..." lab_ctl ports add gone type af_packet interface v-gone bridge br0
lab_stop KILL
ip -n "$LAB_PREFIX-node" link del v-late
ip -n "$LAB_PREFIX-node" link del v-gone
ip netns del "$LAB_PREFIX-late"
check "podwayd starts without their interfaces" lab_start
check "late waits" is_state late waiting
check "gone, too" is_state gone waiting
check "a port that waits can be deleted" lab_ctl ports del gone
check_fails "... and is not there any more" lab_ctl ports gone
check "the interface of the other comes back" veth_add late -- 10.2.0.2/24
check_eventually 3 "... and its port" is_state late up
check "... and its route" route 10.10.0.0/16
lab_stop KILL
check "podwayd starts again" lab_start
check_eventually 3 "with all that came" is_state late up
check "... and the route" route 10.10.0.0/16
check_fails "and without what was deleted" lab_ctl ports gone

# ---- what waiting does not mend is refused at once
check_fails "at run time an interface must be there" lab_ctl ports add none type af_packet interface v-none bridge br0
check_eventually 5 "rx = tx + drops + held" ledger_settled
lab_stop
sed -i 's/interface: v-packet,/interface: lo,/' "$LAB_DIR/podway.yaml"
check_fails "an interface that can never be a port keeps podwayd from starting" lab_start
check "... with file and line" grep -q 'podway.yaml:[0-9]*: port packet: .*lo' "$LAB_DIR/podwayd.log"
test_end
