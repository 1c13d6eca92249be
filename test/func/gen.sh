#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# podway-gen (TG-1..TG-6, TG-8..TG-12): against testpmd over vhost-user and over memif its counters are testpmd's to
# the packet; frames dropped, doubled, swapped or damaged on purpose are told as that, with exact counts; through
# podwayd a routed and a Service path with the translation verified; connections; bad input; a peer that goes.
# The machine is shared: rates are low, and cores are given away while idle.
. "$(dirname "$0")/lib.sh"
test_begin "$@"

GEN=$LAB_BUILD/app/podway-gen/podway-gen
EAL=(--no-pci --no-huge --no-telemetry --no-shconf -m 192)

# gen_run NAME EAL-OPTIONS..: runs $LAB_DIR/NAME.yaml, the result is NAME.json
gen_run() {
	local name=$1
	shift
	timeout 60 "$GEN" --lcores 0@0,1@0 "${EAL[@]}" --file-prefix="$LAB_PREFIX-$name" "$@" -- \
		--profile "$LAB_DIR/$name.yaml" --json "$LAB_DIR/$name.json" --share
}
result() { jq -e -r "$2" "$LAB_DIR/$1.json"; }
says() { # says TEXT CODE CMD..: fails with this exit code and this text
	local text=$1 code=$2 rc=0
	shift 2
	"$@" >"$LAB_DIR/says.out" 2>&1 || rc=$?
	cat "$LAB_DIR/says.out"
	[ $rc -eq "$code" ] && grep -qF "$text" "$LAB_DIR/says.out"
}
fronts() { # virtio-user front ends of two vhost sockets: fronts A B
	echo "--vdev=net_virtio_user0,path=$LAB_DIR/$1.sock,queue_size=1024"
	echo "--vdev=net_virtio_user1,path=$LAB_DIR/$2.sock,queue_size=1024"
}

# testpmd in the background, until its standard input is closed: testpmd_start NAME EAL-OPTIONS..
testpmd_start() {
	local name=$1
	shift
	mkfifo "$LAB_DIR/$name.in"
	stdbuf -oL dpdk-testpmd --lcores 0@1,1@1 "${EAL[@]}" --file-prefix="$LAB_PREFIX-$name" "$@" -- --forward-mode=io \
		--nb-cores=1 --rxd=1024 --txd=1024 --total-num-mbufs=16384 ${PERIOD:+--stats-period=1} \
		<"$LAB_DIR/$name.in" >"$LAB_DIR/$name.out" 2>&1 &
	TESTPMD=$!
	LAB_PIDS+=("$TESTPMD")
	exec 9>"$LAB_DIR/$name.in"
	lab_wait 20 grep -q "${PERIOD:-Press enter}" "$LAB_DIR/$name.out"
}
testpmd_stop() {
	exec 9>&-
	lab_wait 10 lab_gone "$TESTPMD"
}
# testpmd_count NAME RX|TX: of both ports, the highest it showed (memif's counters go with the peer)
testpmd_count() {
	awk -v key="$2-packets:" '/(NIC|Forward) statistics for port/ {port = $0; gsub(/[^0-9]/, "", port)}
		{for (i = 1; i < NF; i++) if ($i == key && $(i + 1) > most[port]) most[port] = $(i + 1)}
		/Accumulated/ {exit} END {print most[0] + most[1]}' "$LAB_DIR/$1.out"
}
both_ways() {
	cat >"$LAB_DIR/$1.yaml" <<-EOF
		duration: 2s
		catch_up: 100ms
		streams:
		- {name: up, from: 0, to: 1, rate: 500pps, size: [64, 594, 1518], src: 198.18.0.0+200, src_port: 1024+100}
		- {name: down, from: 1, to: 0, rate: 300pps, src: "2001:db8::+9", dst: "2001:db8:1::1", size: 90}
		criteria: {loss_percent: 0, reordered: 0, duplicates: 0, corrupt: 0, translated_wrong: 0}
	EOF
}
same_as_testpmd() { # what we sent it received, what it sent we received: not one frame more or less
	local sent received
	sent=$(result "$1" '[.streams[].tx_frames] | add')
	received=$(result "$1" '[.streams[].rx_frames] | add')
	echo "podway-gen: $sent sent, $received received; testpmd: $(testpmd_count "$2" RX) and $(testpmd_count "$2" TX)"
	[ "$sent" -gt 500 ] && [ "$(testpmd_count "$2" RX)" = "$sent" ] && [ "$(testpmd_count "$2" TX)" = "$received" ]
}

# --- against testpmd
both_ways vhost
check "testpmd with two vhost-user ports" testpmd_start pmd-vhost --vdev="net_vhost0,iface=$LAB_DIR/v0.sock" \
	--vdev="net_vhost1,iface=$LAB_DIR/v1.sock"
mapfile -t front < <(fronts v0 v1)
check "vhost-user: no loss in either direction, nothing out of order" gen_run vhost "${front[@]}"
check "testpmd ends" testpmd_stop
check "vhost-user: counters are testpmd's" same_as_testpmd vhost pmd-vhost
check "what was due at the rate asked for was sent, or is told as missed" result vhost '.streams |
	all((.tx_frames + .missed_full + .missed_late) / (.asked_pps * .seconds) | . > 0.99 and . < 1.01)'
check "latency of every frame was measured" result vhost '.streams | all(.latency.count == .rx_frames)'

both_ways memif
cat >"$LAB_DIR/commands" <<EOF
start
wait 2s
stop
save $LAB_DIR/memif.json
wait 3s
EOF
memif_run() { # the peer stays while testpmd shows its counters once more
	timeout 60 "$GEN" --lcores 0@0,1@0 "${EAL[@]}" --file-prefix="$LAB_PREFIX-memif" \
		--vdev="net_memif0,role=client,socket=$LAB_DIR/m.sock,socket-abstract=no,id=0" \
		--vdev="net_memif1,role=client,socket=$LAB_DIR/m.sock,socket-abstract=no,id=1" -- \
		--profile "$LAB_DIR/memif.yaml" --share --interactive <"$LAB_DIR/commands"
}
PERIOD="NIC statistics"
check "testpmd with two memif ports" testpmd_start pmd-memif \
	--vdev="net_memif0,role=server,socket=$LAB_DIR/m.sock,socket-abstract=no,id=0" \
	--vdev="net_memif1,role=server,socket=$LAB_DIR/m.sock,socket-abstract=no,id=1"
PERIOD=
check "memif: the same from the prompt" memif_run
check "memif: no loss in either direction" result memif '.streams | all(.lost == 0 and .corrupt == 0 and .tx_frames > 200)'
kill -TERM "$TESTPMD" 2>/dev/null # 22.11 may have crashed when its memif peer left
check "testpmd ends" testpmd_stop
check "memif: counters are testpmd's" same_as_testpmd memif pmd-memif

# --- a peer that goes away
cat >"$LAB_DIR/gone.yaml" <<EOF
duration: 30s
streams:
- {from: 0, to: 1, rate: 100pps}
EOF
PERIOD="NIC statistics"
testpmd_start pmd-gone --vdev="net_vhost0,iface=$LAB_DIR/g0.sock" --vdev="net_vhost1,iface=$LAB_DIR/g1.sock"
mapfile -t front < <(fronts g0 g1)
PERIOD=
{ lab_wait 30 grep -q "RX-packets: [1-9]" "$LAB_DIR/pmd-gone.out"; kill -KILL "$TESTPMD"; } &
check "a peer that goes ends the run, and it says so" says "its peer went away" 4 gen_run gone "${front[@]}"
exec 9>&-
check "what was measured is in the result" result gone '.ended_early != null and .streams[0].rx_frames > 0'

# --- faults on purpose
cat >"$LAB_DIR/faults.yaml" <<EOF
duration: 10s
catch_up: 100ms
streams:
- {name: s, from: 0, to: 1, rate: 1kpps, count: 2000, size: 128, src: 198.18.0.0+200}
EOF
"$LAB_BUILD/test/func/faulty" --lcores 0@1 "${EAL[@]}" --file-prefix="$LAB_PREFIX-faulty" \
	--vdev="net_vhost0,iface=$LAB_DIR/f0.sock" --vdev="net_vhost1,iface=$LAB_DIR/f1.sock" -- \
	drop=100 double=90 swap=77 flip=55 >"$LAB_DIR/faulty.out" 2>&1 &
FAULTY=$!
LAB_PIDS+=("$FAULTY")
lab_wait 10 test -S "$LAB_DIR/f1.sock"
mapfile -t front < <(fronts f0 f1)
check "2000 frames through a device with faults" gen_run faults "${front[@]}"
kill -TERM "$FAULTY"
lab_wait 10 lab_gone "$FAULTY"
fault_count() { awk -v key="$1" '/^seen/ {for (i = 1; i < NF; i += 2) if ($i == key) print $(i + 1)}' "$LAB_DIR/faulty.out"; }
told() { # told MEMBER WORD: our count is the device's, and it is not 0
	echo "podway-gen: $(result faults ".streams[0].$1"), the device: $(fault_count "$2")"
	[ "$(fault_count "$2")" -gt 0 ] && [ "$(result faults ".streams[0].$1")" = "$(fault_count "$2")" ]
}
check "the device saw them all" [ "$(fault_count seen)" = 2000 ]
check "lost are those that were dropped" told lost dropped
check "duplicates are those that were doubled" told duplicates doubled
check "reordered are those that were swapped" told reordered swapped
check "damaged are those with a flipped bit" told corrupt flipped
check "and the damage is in the payload" told faults.payload flipped
check "nothing else was wrong" result faults '.streams[0] | .translated_wrong == 0 and .stale == 0'

# --- RFC 2544 through a device that drops one frame in ten at any rate
cat >"$LAB_DIR/search.yaml" <<EOF
wait: 100ms
catch_up: 1s
streams:
- {from: 0, to: 1, src: 198.18.0.0+200}
rfc2544: {tests: [throughput, frame-loss], sizes: [128], loss: [0, 20%], max_rate: 2kpps, trial: 200ms, final: 200ms,
  settle: 1ms, resolution: 20%}
EOF
"$LAB_BUILD/test/func/faulty" --lcores 0@1 "${EAL[@]}" --file-prefix="$LAB_PREFIX-dropper" \
	--vdev="net_vhost0,iface=$LAB_DIR/d0.sock" --vdev="net_vhost1,iface=$LAB_DIR/d1.sock" -- drop=10 >"$LAB_DIR/dropper.out" 2>&1 &
DROPPER=$!
LAB_PIDS+=("$DROPPER")
lab_wait 10 test -S "$LAB_DIR/d1.sock"
mapfile -t front < <(fronts d0 d1)
check "a search that finds nothing is told, with exit code 1" says "throughput, 128 bytes: no rate loses 0 % or less" 1 \
	gen_run search "${front[@]}"
check "no rate is found where every rate loses" result search '.rfc2544[0] | .test == "throughput" and .found == false and .trials > 2'
check "the next search accepts more" result search '.rfc2544[1] | .accepted_loss_percent == 20 and .trials > 0'
check "loss is one in ten, at 100 % as at 10 %" result search '[.rfc2544[] | select(.test == "frame-loss")] |
	length == 10 and all(.loss_percent > 8 and .loss_percent < 12)'
kill -TERM "$DROPPER"
lab_wait 10 lab_gone "$DROPPER"

# --- podwayd: a route, and a Service whose endpoints are behind port 1
test_config <<EOF
node: {name: node-a, addresses: [198.51.100.1/32]}
service_cidr: 10.96.0.0/16
ports:
  - {name: west, type: vhost-user, socket: $LAB_DIR/w.sock, addresses: [10.1.0.1/24], mac: "02:00:00:00:0a:01",
     peers: [10.1.0.2/32], peer_mac: "02:00:00:00:0b:01"}
  - {name: east, type: vhost-user, socket: $LAB_DIR/e.sock, addresses: [10.2.0.1/24], mac: "02:00:00:00:0a:02",
     peers: [10.2.0.2/32], peer_mac: "02:00:00:00:0b:02"}
routes:
  - {prefix: 10.3.0.0/24, via: 10.2.0.2}
  - {prefix: 10.4.0.0/16, via: 10.1.0.2}
services:
  - {name: default/dns, cluster_ip: 10.96.0.10, ports: [{protocol: UDP, port: 53, target_port: 5353}],
     endpoints: [10.3.0.1, 10.3.0.2, 10.3.0.3]}
EOF
check "podwayd with two vhost-user ports" lab_start
mapfile -t front < <(fronts w e)
cat >"$LAB_DIR/routed.yaml" <<EOF
duration: 2s
catch_up: 100ms
streams:
- {name: routed, from: 0, to: 1, rate: 500pps, size: 64, src: 10.4.0.0/24, dst: 10.3.0.1-10.3.0.9,
   dst_mac: "02:00:00:00:0a:01", expect: {hops: 1, src_mac: "02:00:00:00:0a:02", dst_mac: "02:00:00:00:0b:02"}}
- {name: service, from: 0, to: 1, rate: 500pps, size: 128, flows: 300, src: 10.4.1.0/24, src_port: 20000+500,
   dst: 10.96.0.10, dst_port: 53, dst_mac: "02:00:00:00:0a:01",
   expect: {hops: 1, dst: 10.3.0.1-10.3.0.3, dst_port: 5353, sticky: true}}
criteria: {loss_percent: 0, corrupt: 0, translated_wrong: 0, duplicates: 0}
EOF
check "podwayd: routed and translated as expected, nothing lost" gen_run routed "${front[@]}"
check "every frame was looked at" result routed '.streams | all(.checked == .tx_frames and .checked > 200)'
sed 's/dst_port: 5353/dst_port: 5354/; s/10.3.0.1-10.3.0.3/10.3.0.1-10.3.0.2/' "$LAB_DIR/routed.yaml" >"$LAB_DIR/wrong.yaml"
check "a wrong expectation is told, with exit code 1" says "not translated as expected" 1 gen_run wrong "${front[@]}"
check "and which field it was" result wrong '.streams[1] | .faults.dst_port == .checked and .faults.dst > 0'
cat >"$LAB_DIR/reply.yaml" <<EOF
duration: 2s
catch_up: 100ms
ports: [{id: 1, engine: 5tswap}]
streams:
- {name: back, from: 0, rate: 500pps, size: 64, flows: 300, src: 10.4.1.0/24, src_port: 30000+500,
   dst: 10.96.0.10, dst_port: 53, dst_mac: "02:00:00:00:0a:01", expect: {reply: true, any_ttl: true}}
criteria: {loss_percent: 0, corrupt: 0, translated_wrong: 0, duplicates: 0}
EOF
check "replies come from the Service's address" gen_run reply "${front[@]}"
cat >"$LAB_DIR/conns.yaml" <<EOF
duration: 20s
wait: 1s
ports: [{id: 1, engine: rr}]
conns:
- {name: udp, from: 0, proto: udp, rate: 300pps, count: 500, open: 1000, src: 10.4.2.0/24, src_port: 1024+1000,
   dst: 10.96.0.10, dst_port: 53, dst_mac: "02:00:00:00:0a:01"}
criteria: {conn_failed_percent: 0}
EOF
check "500 new connections to the Service" gen_run conns "${front[@]}"
check "all were completed" result conns '.connections[0] | .completed == 500 and .unexpected == 0'
check_eventually 5 "podwayd: rx = tx + drops + held" ledger_settled
lab_stop

# --- real peers: the kernel at the other end of a TAP
cat >"$LAB_DIR/host.yaml" <<EOF
duration: 0s
ports: [{id: 0, engine: rr, ip: [10.9.0.2/24, "fd00:9::2/64"], response: 200}]
EOF
lab_bg node "$GEN" --lcores 0@0,1@0 "${EAL[@]}" --file-prefix="$LAB_PREFIX-host" --vdev=net_tap0,iface=gen0 -- \
	--profile "$LAB_DIR/host.yaml" --share
HOST=$LAB_LAST_PID
check_eventually 10 "a TAP with podway-gen behind it" ip -n "$LAB_PREFIX-node" link show gen0
ip -n "$LAB_PREFIX-node" link set gen0 up
ip -n "$LAB_PREFIX-node" addr add 10.9.0.1/24 dev gen0
ip -n "$LAB_PREFIX-node" addr add fd00:9::1/64 dev gen0 nodad
check_eventually 10 "ARP and ping are answered" lab_in node ping -c 3 -i 0.1 -W 1 10.9.0.2
check_eventually 10 "neighbour discovery and ping of IPv6" lab_in node ping -c 3 -i 0.1 -W 1 fd00:9::2
check "the kernel's TCP connects, asks, gets 200 bytes and closes" lab_in node /usr/bin/python3 -c '
import socket
for i in range(5):
    s = socket.create_connection(("10.9.0.2", 80), 5)
    s.sendall(b"question")
    assert len(s.recv(200, socket.MSG_WAITALL)) == 200
    s.shutdown(socket.SHUT_WR)
    assert s.recv(1) == b""'
kill -TERM "$HOST"
lab_wait 10 lab_gone "$HOST"

cat >"$LAB_DIR/clients.yaml" <<EOF
duration: 20s
wait: 2s
wait_link: 10s
ports: [{id: 0, ip: 10.9.0.2/24, mac: "02:00:00:00:09:02"}]
conns:
- {name: tcp, from: 0, rate: 50pps, count: 200, open: 1000, src: 10.9.0.2, src_port: 1024+60000, dst: 10.9.0.1, dst_port: 8000,
   dst_mac: "02:00:00:00:09:01", timeout: 5s}
criteria: {conn_failed_percent: 0}
EOF
serve() { # an interface that is there, and a server on it
	lab_wait 10 ip -n "$LAB_PREFIX-node" link set gen1 up
	ip -n "$LAB_PREFIX-node" addr add 10.9.0.1/24 dev gen1
}
lab_bg node /usr/bin/python3 -c '
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 200
Server(("0.0.0.0", 8000), Echo).serve_forever()'
check_eventually 10 "a TCP server of the kernel" lab_listens node 8000
serve &
check "200 connections to it" lab_in node timeout 60 "$GEN" --lcores 0@0,1@0 "${EAL[@]}" --file-prefix="$LAB_PREFIX-clients" \
	--vdev=net_tap0,iface=gen1,mac=02:00:00:00:09:01 -- --profile "$LAB_DIR/clients.yaml" --json "$LAB_DIR/clients.json" --share
check "all were completed" result clients '.connections[0] | .completed == 200 and .refused == 0'

# --- engines of testpmd, on a ring in memory, and the prompt
prompt() { timeout 30 "$GEN" --lcores 0@0,1@0 "${EAL[@]}" --file-prefix="$LAB_PREFIX-prompt" --vdev=net_ring0 -- "$@"; }
cat >"$LAB_DIR/commands" <<EOF
set rate all 2kpps
start
wait 300ms
set size stream0 imix
set rate stream0 1kpps
wait 300ms
stop
save $LAB_DIR/prompt.json
set fwd txonly
start
wait 100ms
stop
EOF
from_file() { prompt --interactive --share <"$LAB_DIR/commands"; }
check "the prompt takes commands from a pipe" from_file
check "and saves the result" result prompt '.streams[0] | .tx_frames > 0 and .lost == 0 and .mean_size > 200'
echo "set rate all fast" >"$LAB_DIR/commands"
check "a bad command ends it" says '"fast" is not a rate' 2 from_file

# --- a recorded file
/usr/bin/python3 - "$LAB_DIR/ten.pcap" <<'EOF'
import struct, sys
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for i in range(10):
        f.write(struct.pack("<IIII", 1, i * 1000, 60, 60) + bytes(12) + b"\x08\x00" + bytes(46))
EOF
printf 'duration: 20s\nwait: 0s\nreplays: [{name: ten, from: 0, file: %s, speed: 0.5, loops: 5}]\n' "$LAB_DIR/ten.pcap" >"$LAB_DIR/replay.yaml"
check "a recorded file is sent five times" gen_run replay --vdev=net_ring0
check "every frame of it, in twice its time" result replay '(.replays[0] | .frames == 50 and .loops == 5 and .seconds > 0.09) and
	.ports[0].rx_frames == 50'

# --- results as a page and a table
check "a report of two results" "$GEN" report --html "$LAB_DIR/report.html" --markdown "$LAB_DIR/report.md" \
	"$LAB_DIR/vhost.json" "$LAB_DIR/memif.json"
check "has the plots in it" grep -q "<svg" "$LAB_DIR/report.html"
check "and a line a stream" [ "$(grep -c '^| run | ' "$LAB_DIR/report.md")" = 5 ]

# --- bad input: told with its place, before anything is sent
bad() { printf '%s\n' "$1" >"$LAB_DIR/bad.yaml"; }
bad "streams: [{from: 0, flows: 300, src: 10.0.0.0/24}]"
check "too many flows" says "bad.yaml:1:28: streams[0].flows: 300 flows do not fit" 2 "$GEN" check "$LAB_DIR/bad.yaml"
bad "streams: [{from: 0, rate: 20Gbps}]"
check "a rate the port cannot do" says "bad.yaml:1:27: streams[0].rate: 20Gbps of 64-byte frames is more" 2 \
	gen_run bad --vdev=net_ring0
bad "streams: [{from: 3}]"
check "a port that is not there" says "streams[0].from: there is no port 3" 2 gen_run bad --vdev=net_ring0
head -c 60 /dev/zero >"$LAB_DIR/zero.pcap"
bad "replays: [{from: 0, file: $LAB_DIR/zero.pcap}]"
check "a foreign pcap" says "byte 0: neither pcap nor pcapng" 2 gen_run bad --vdev=net_ring0
check "nothing to send by" says "there is no port" 3 gen_run bad
test_end
