#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# memif and virtio-user ports (PORT-6, PORT-7): two daemons are joined by memif, with a secret, and by a vhost-user
# port that is the back end of the other's virtio-user port; a peer goes and comes back, with other rings. What
# is at a socket's path already, too many Ethernet devices, and a machine without vhost-net, are refused with
# the reason.
. "$(dirname "$0")/lib.sh"
test_begin "$@"

# far_config SECRET NEXT-HOP: another daemon, with a node of its own behind the other end of both links
far_config() {
	cat >"$LAB_DIR/far.yaml" <<EOF
cpu: {control: 0, workers: [1]}
memory: {hugepages: no, size_mb: 128}
state_dir: $LAB_DIR/far-state
control: {socket: $LAB_DIR/far.sock}
node: {name: far, addresses: [192.0.2.2/32]}
ports:
  - {name: mem, type: memif, mode: client, socket: $LAB_DIR/mem.sock, id: 7, secret: $1, ring_size: 512,
     addresses: [10.1.0.2/24]}
  - {name: front, type: virtio-user, socket: $LAB_DIR/back.sock, addresses: [10.2.0.2/24]}
routes:
  - {prefix: 198.51.100.0/24, via: $2}
EOF
}

far_ctl() { "$LAB_BUILD/app/podwayctl/podwayctl" --socket "$LAB_DIR/far.sock" "$@"; }
far_start() {
	lab_bg far "$LAB_BUILD/app/podwayd/podwayd" --config "$LAB_DIR/far.yaml"
	FAR=$LAB_LAST_PID
	lab_wait 20 far_ctl version && ip -n "$LAB_PREFIX-far" route replace 198.51.100.1 dev podway0 src 192.0.2.2
}
far_end() {
	kill -"$1" "$FAR"
	lab_wait 10 lab_gone "$FAR"
	{ wait "$FAR"; } 2>/dev/null
}

state() { ctl_json ".ports[] | select(.name == \"$1\") | .state" ports; }
is_state() { [ "$(state "$1")" = "$2" ]; }
pinged() { lab_in node ping -c 5 -i 0.05 -W 2 -s "${2:-56}" "$1"; }
refused() { # TEXT CMD..: fails, and says so
	local text=$1
	shift
	"$@" >"$LAB_DIR/refused.out" 2>&1 && return 1
	cat "$LAB_DIR/refused.out"
	grep -q "$text" "$LAB_DIR/refused.out"
}

test_config <<EOF
node: {name: node-a, addresses: [198.51.100.1/32]}
bridges: [{name: spare}]
ports:
  - {name: mem, type: memif, socket: $LAB_DIR/mem.sock, id: 7, secret: s3cret, addresses: [10.1.0.1/24],
     socket_mode: 0600, socket_gid: 12}
  - {name: back, type: vhost-user, socket: $LAB_DIR/back.sock, addresses: [10.2.0.1/24]}
routes:
  - {prefix: 192.0.2.2/32, via: 10.1.0.2}
EOF
ip netns add "$LAB_PREFIX-far"
ip -n "$LAB_PREFIX-far" link set lo up
check "podwayd starts with $WORKERS workers" lab_start
for net in 10.1.0.0/24 10.2.0.0/24 192.0.2.2; do
	ip -n "$LAB_PREFIX-node" route add $net dev podway0 src 198.51.100.1
done
check "the memif socket has the group and the permissions asked for" \
	[ "$(stat -c '%a %g' "$LAB_DIR/mem.sock")" = "600 12" ]
check "memif is down without a peer" is_state mem down

far_config wrong 10.2.0.1
check "another daemon connects with a wrong secret" far_start
check_eventually 5 "the back end of its virtio-user port is up" is_state back up
check "memif stays down" is_state mem down
check "virtio-user: ping" pinged 10.2.0.2
check "virtio-user: ping of full frames" pinged 10.2.0.2 1472
far_end TERM
check_eventually 5 "the vhost-user port sees its peer go" is_state back down

far_config s3cret 10.1.0.1
check "another daemon connects with the right secret" far_start
check_eventually 5 "memif is up" is_state mem up
check "memif: ping" pinged 10.1.0.2
check "memif: ping of full frames" pinged 10.1.0.2 1472
check "memif: to the node behind it" pinged 192.0.2.2
lab_bg far "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens far 7000
check "memif: 8 MB of TCP verified" lab_in node "$TEST_DIR/peer.py" tcp 192.0.2.2 7000 8000000
far_end KILL
check_eventually 5 "memif is down when the peer was killed" is_state mem down
sed -i 's/ring_size: 512/ring_size: 128, buffer_size: 4096/' "$LAB_DIR/far.yaml"
check "the peer starts again, with other rings and buffers" far_start
check_eventually 5 "memif is up again" is_state mem up
check "memif: ping" pinged 10.1.0.2
check "memif: ping of fragments" pinged 10.1.0.2 8000
check_eventually 5 "virtio-user: ping" pinged 10.2.0.2
check_eventually 5 "rx = tx + drops + held" ledger_settled

if [ -e /dev/vhost-net ]; then
	check "virtio-user on vhost-net" lab_ctl ports add kernel type virtio-user interface vn0 bridge spare
	check_eventually 5 "its kernel interface is there" lab_in node ip link show vn0
	check "and goes with the port" lab_ctl ports del kernel
else
	skip "virtio-user on vhost-net" "this kernel has no /dev/vhost-net"
	check "without vhost-net the reason is named" refused "modprobe vhost_net" \
		lab_ctl ports add kernel type virtio-user interface vn0 bridge spare
fi
check "a front end without back end is refused" refused "start the back end first" \
	lab_ctl ports add lone type virtio-user socket "$LAB_DIR/none.sock" bridge spare
check "a ring of no power of two is refused" refused "powers of two" \
	lab_ctl ports add odd type memif socket "$LAB_DIR/odd.sock" ring-size 1000 bridge spare

# What is at the path of a socket is nobody's to take.
echo precious >"$LAB_DIR/file.sock"
lab_bg node socat "UNIX-LISTEN:$LAB_DIR/live.sock,fork" EXEC:cat
lab_wait 5 test -S "$LAB_DIR/live.sock"
for type in vhost-user memif; do
	check "$type: a file at the socket's path is refused" refused "exists and is no socket" \
		lab_ctl ports add taken type $type socket "$LAB_DIR/file.sock" bridge spare
	check "$type: so is somebody else's socket" refused "another process answers" \
		lab_ctl ports add taken type $type socket "$LAB_DIR/live.sock" bridge spare
done
check "the file is as it was" grep -q precious "$LAB_DIR/file.sock"
check "the other process answers" \
	[ "$(echo hello | socat -t 2 - "UNIX-CONNECT:$LAB_DIR/live.sock")" = hello ]

i=1 # one is there: mem
while [ $i -lt 32 ] && lab_ctl ports add "m$i" type memif socket "$LAB_DIR/m$i.sock" bridge spare >/dev/null; do
	i=$((i + 1))
done
check "32 Ethernet devices" [ $i = 32 ]
check "the 33rd is refused with the reason" refused "RTE_MAX_ETHPORTS" \
	lab_ctl ports add m33 type memif socket "$LAB_DIR/m33.sock" bridge spare
check "but a vhost-user port is not" \
	lab_ctl ports add vm33 type vhost-user socket "$LAB_DIR/vm33.sock" bridge spare
check "when one goes" lab_ctl ports del m1
check "there is room" lab_ctl ports add m33 type memif socket "$LAB_DIR/m33.sock" bridge spare
check "memif: ping after all that" pinged 10.1.0.2
far_end TERM
test_end
