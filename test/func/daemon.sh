#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2317 # functions are called by check
# The daemon's life: what keeps it from starting (OPS-9), clean stop (OPS-10), restart and kill -9 with pods
# attached (OPS-1, OPS-2), bad state files, queued DELs (CNI-5), vanished sandboxes (IPAM-4), attachments given
# up half-way (CNI-4), ports that come and go.
# shellcheck source=test/func/lib.sh
. "$(dirname "$0")/lib.sh"
test_begin "$@"

# refused WHAT PATTERN [SED..]: with this change of the configuration it exits with 1 and says why.
refused() {
	local what=$1 pattern=$2 out rc=0
	shift 2
	sed "$@" "$LAB_DIR/podway.yaml" >"$LAB_DIR/bad.yaml"
	out=$(timeout 20 nsenter --net="$(lab_netns node)" ${LAB_RUN_AS:+"$LAB_RUN_AS"} "$LAB_BUILD/app/podwayd/podwayd" --config "$LAB_DIR/bad.yaml" 2>&1) || rc=$?
	# shellcheck disable=SC2016
	check "$what" sh -c '[ "$1" = 1 ] && printf "%s\n" "$2" | grep -q -- "$3"' sh "$rc" "$out" "$pattern"
}

# Folders of DPDK for the state folders that are used here (lib/ctl/eal_args.c names them by an FNV-1a hash).
dpdk_folders() {
	/usr/bin/python3 - "$LAB_DIR/state" "$LAB_DIR/state2" "$LAB_DIR/nobody/state" <<'EOF'
import functools, glob, sys
for path in sys.argv[1:]:
    name = functools.reduce(lambda h, c: (h ^ c) * 16777619 % 2**32, path.encode(), 2166136261)
    for folder in ("/var/run/dpdk", "/dev/hugepages", "/dev/shm", "/tmp/dpdk"):
        print("\n".join(glob.glob(f"{folder}/*podway-{name:08x}*")), end="")
EOF
}
nothing_of_dpdk() { [ -z "$(dpdk_folders | tee /dev/stderr)" ]; }
rpc() { # METHOD PARAMS: the whole answer
	printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\n' "$1" "$2" |
		timeout 5 socat -t3 - "UNIX-CONNECT:$LAB_SOCKET"
}
rpc_is() { # JQ-EXPRESSION METHOD PARAMS
	rpc "$2" "$3" | jq -e "$1"
}
pod_state() { ctl_json ".pods[] | select(.name == \"$1\") | .state" pods; }
pod_is() { [ "$(pod_state "$1")" = "$2" ]; }
pings() { lab_in "$1" ping -c 2 -i 0.1 -W 2 "$2"; }
log_has() { grep -q -- "$1" "$LAB_DIR/podwayd.log"; }
state_of() { echo "$LAB_DIR/state/pods/$LAB_CID_SALT-$1@eth0.json"; }
leases() { find "$LAB_DIR/state/ipam" -name '*@*.json' | wc -l; }
node_ip() { ip -n "$LAB_PREFIX-node" "$@"; }

test_config_node <<EOF
ports:
  - {name: lan, type: tap, interface: lan0, addresses: [192.0.2.1/24]}
EOF

# ---- what keeps it from starting

refused "a wrong configuration: file, line, key" 'bad.yaml:[0-9]*:[0-9]*: memory.size_mb' -e 's/size_mb: 256/size_mb: 7/'
refused "a core it may not use" 'core 1023 is not among' -e 's/^cpu: .*/cpu: {control: 0, workers: [1023]}/'
refused "more memory than there is" 'MB are available' -e 's/size_mb: 256/size_mb: 1000000/'
refused "a state folder that cannot be" 'state_dir' -e 's,^state_dir: .*,state_dir: /proc/nothing,'
free_hugepages=$(cat /sys/kernel/mm/hugepages/*/free_hugepages | paste -sd+ | bc)
preflight() { # WHAT GRADE [SED ARGS..]: a row of the table, and the exit status that goes with it
	local what=$1 grade=$2 rc=0
	shift 2
	sed "$@" "$LAB_DIR/podway.yaml" >"$LAB_DIR/preflight.yaml"
	"$LAB_BUILD/app/podwayd/podwayd" --preflight --config "$LAB_DIR/preflight.yaml" >"$LAB_DIR/preflight.out" || rc=$?
	cat "$LAB_DIR/preflight.out"
	grep -q "^$what *$grade " "$LAB_DIR/preflight.out" && [ $rc = "$([ "$grade" = FAIL ] && echo 1 || echo 0)" ]
}
check "preflight: a good machine" preflight tun ok -e ''
check "preflight: a core that is not there" preflight cores FAIL -e 's/workers: \[/workers: [77, /'
check "preflight: it names the fix" grep -q "fix: choose one of them" "$LAB_DIR/preflight.out"
check "preflight: more memory than there is" preflight memory FAIL -e 's/size_mb: 256/size_mb: 1000000/'
if [ "$free_hugepages" = 0 ]; then
	refused "hugepages that are not there, and how to get them" 'vm.nr_hugepages=128' -e 's/hugepages: no/hugepages: yes/'
else
	skip "hugepages that are not there" "this machine has some"
fi

printf '#!/bin/sh\nexec setpriv --reuid nobody --regid nogroup --clear-groups "$@"\n' >"$LAB_DIR/as-nobody"
chmod 755 "$LAB_DIR/as-nobody" "$LAB_DIR"
mkdir -m 777 "$LAB_DIR/nobody"
LAB_RUN_AS=$LAB_DIR/as-nobody refused "another user than root, and what it would need" 'CAP_NET_ADMIN is missing.*root' \
	-e "s,^state_dir: .*,state_dir: $LAB_DIR/nobody/state," -e "s,run/control.sock,nobody/control.sock,"
LAB_RUN_AS=$LAB_DIR/as-nobody refused "a state folder of somebody else's" "state_dir: $LAB_DIR/state: .*give this user the folder" \
	-e "s,run/control.sock,nobody/control.sock,"
socat UNIX-LISTEN:"$LAB_DIR/run/taken.sock",fork /dev/null &
LAB_PIDS+=($!)
lab_wait 5 test -S "$LAB_DIR/run/taken.sock"
refused "a socket that another program listens on" 'taken.sock: .*answers there' -e 's,control.sock,taken.sock,'
check "... which still has it" socat -u OPEN:/dev/null "UNIX-CONNECT:$LAB_DIR/run/taken.sock"
echo precious >"$LAB_DIR/run/file"
refused "a socket path with something else there" 'something that is no socket' -e 's,control.sock,file,'
check "... which is left alone" grep -q precious "$LAB_DIR/run/file"
check_fails "none of these left anything behind" sh -c \
	"find $LAB_DIR/run -name control.sock | grep . || ip -n $LAB_PREFIX-node link show podway0"
check "... in DPDK's folders, too" nothing_of_dpdk

# ---- as systemd runs it

sed 's/hugepages: no/hugepages: auto/' "$LAB_DIR/podway.yaml" >"$LAB_DIR/auto.yaml"
socat -u "UNIX-RECV:$LAB_DIR/run/notify" "CREATE:$LAB_DIR/notified" &
LAB_PIDS+=($!)
lab_wait 5 test -S "$LAB_DIR/run/notify"
LAB_WRAP=(env "NOTIFY_SOCKET=$LAB_DIR/run/notify" WATCHDOG_USEC=400000)
check "podwayd starts with hugepages: auto, and no NIC" lab_start --config "$LAB_DIR/auto.yaml"
LAB_WRAP=()
if [ "$free_hugepages" = 0 ]; then
	check "it warns that there are no hugepages, and how to get them" log_has 'warn .*NO HUGEPAGES: .*vm.nr_hugepages='
fi
check "it says that nothing leaves the node" log_has 'no uplink is configured'
check_eventually 5 "systemd is told: READY=1" grep -qa READY=1 "$LAB_DIR/notified"
check_eventually 5 "... the watchdog is served" grep -qa WATCHDOG=1 "$LAB_DIR/notified"
check "... in this order" sh -c "head -c 7 '$LAB_DIR/notified' | grep -q READY=1"
check_fails "... it is not stopping" grep -qa STOPPING=1 "$LAB_DIR/notified"
check "DPDK has a folder while it runs" [ -n "$(dpdk_folders)" ]
# The control thread on core 0; workers on 1, or on 0 and 1.
cores_of() { for lwp in $(ps -L -o lwp=,comm= -p "$LAB_DAEMON" | awk -v name="$1" '$2 ~ name {print $1}'); do taskset -pc "$lwp"; done | awk '{print $NF}' | paste -sd' '; }
check "workers are bound to their cores" [ "$(cores_of rte-worker)" = "$([ "$WORKERS" = 2 ] && echo 0 1 || echo 1)" ]
check "the control thread is bound to its core" [ "$(taskset -pc "$LAB_DAEMON" | awk '{print $NF}')" = 0 ]
start=$(date +%s%N)
lab_stop INT
check "SIGINT: exit code 0" [ "$LAB_DAEMON_RC" = 0 ]
check "... within 5 s" [ $((($(date +%s%N) - start) / 1000000)) -lt 5000 ]
check_eventually 5 "systemd is told: STOPPING=1" grep -qa STOPPING=1 "$LAB_DIR/notified"
check "log lines: time, level, area, text" sh -c \
	"! grep -vE '^20[0-9-]{8}T[0-9:.]{12}Z (error|warn |info |debug) [a-z]+: .' '$LAB_DIR/podwayd.log'"

# ---- host port, clean stop

check "podwayd starts" lab_start
check "the node's address is on the host port" sh -c "ip -n $LAB_PREFIX-node addr show podway0 | grep -q 198.51.100.1/32"
check "pods and Services are routed to it" \
	sh -c "ip -n $LAB_PREFIX-node route | grep -c 'dev podway0' | grep -qx 2"
refused "a second one with its state folder: names the first" "pid $LAB_DAEMON" -e ""
refused "a second one with its socket" 'another daemon answers' -e "s,^state_dir: .*,state_dir: $LAB_DIR/state2,"
check "the first does not mind" lab_ctl status
lab_stop
check "SIGTERM: exit code 0" [ "$LAB_DAEMON_RC" = 0 ]
check_fails "the host port is gone" node_ip link show podway0
check_fails "its routes are gone" sh -c "ip -n $LAB_PREFIX-node route | grep ."
check_fails "the socket is gone" [ -e "$LAB_SOCKET" ]
check "no file is left in DPDK's folders" nothing_of_dpdk

# ---- pods over a restart

check "podwayd starts again" lab_start
for pod in a b c; do
	check "pod $pod" lab_pod_add $pod
done
check "a reaches b" pings a "$(lab_ip b)"
lab_stop
check "pods keep their interfaces while it is away" lab_in a ip link show eth0
check "podwayd comes back" lab_start
check "all pods are up" ctl_json '[.pods[] | select(.state == "up")] | length == 3' pods
check "a reaches b again" pings a "$(lab_ip b)"
lab_stop KILL
check "it comes back after kill -9" lab_start
check "a reaches c" pings a "$(lab_ip c)"

# ---- what happened while it was away

lab_stop KILL
check "DEL without the daemon succeeds" lab_pod_del c
printf '{"version": 1, "cont' >"$LAB_DIR/state/pods/half@eth0.json"
ip -n "$LAB_PREFIX-b" link set eth0 down
ip -n "$LAB_PREFIX-b" link set eth0 address 02:00:00:00:00:99
check "podwayd comes back" lab_start
check "the pod that was deleted is not there" ctl_json '[.pods[] | select(.name == "c")] | length == 0' pods
check "a half-written file is set aside and named" [ -e "$LAB_DIR/state/pods/half@eth0.json.corrupt" ]
check "... in the log" log_has half@eth0.json
check "a pod whose interface is another one is lost" pod_is b lost
check "... and its interface was left alone" sh -c "ip -n $LAB_PREFIX-b link show eth0 | grep -q 02:00:00:00:00:99"
check "the others are up" pod_is a up
check "one address is in use" [ "$(leases)" = 1 ]
check "DEL of the lost one" lab_pod_del b

# ---- a sandbox that vanishes

check "pod d" lab_pod_add d
ip netns del "$LAB_PREFIX-d"
check_eventually 15 "a vanished sandbox is noticed" pod_is d lost
check_fails "its saved state is gone" [ -e "$(state_of d)" ]
check "its port is gone" ctl_json '[.ports[] | select(.pod == "default/d")] | length == 0' ports
check "one address is in use" [ "$(leases)" = 1 ]

# ---- attachments that do not come to an end

prepare='{"container_id":"half","ifname":"eth0","netns":"/run/netns/x","network":"n"}'
check "cni.prepare reserves" rpc_is '.result.port | startswith("pod-")' cni.prepare "$prepare"
check_eventually 5 "the closed connection undoes it" sh -c "[ \$(find $LAB_DIR/state/ipam -name '*@*.json' | wc -l) = 1 ]"
check "an fd that is no TAP is refused" /usr/bin/python3 - "$LAB_SOCKET" <<'EOF'
import array, json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
def call(method, params, fds=()):
    msg = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"
    s.sendmsg([msg], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
    return json.loads(s.makefile().readline())
p = {"container_id": "bad", "ifname": "eth0", "netns": "/run/netns/x", "network": "n"}
assert "result" in call("cni.prepare", p)
a = {"container_id": "bad", "ifname": "eth0", "netns_dev": 4, "netns_inode": 5, "ifindex": 2}
r = call("cni.attach", a, [s.fileno()])
assert "TAP" in r["error"]["message"], r
assert call("cni.del", {"container_id": "bad", "ifname": "eth0"})["result"]["found"] is True
assert call("cni.attach", a, [s.fileno()])["error"]["code"] == -3
EOF
check "nothing is left of it" ctl_json '[.ports[] | select(.name | startswith("pod-"))] | length == 1' ports

# ---- ports come and go

check "a port is added" rpc_is .result.index ports.add '{"name":"x","type":"tap","bridge":"br0"}'
check "its name is taken" rpc_is '.error.code == -2' ports.add '{"name":"x","type":"tap","bridge":"br0"}'
check "an address that is ours already: refused" \
	rpc_is '.error.code == -2' ports.add '{"name":"y","type":"tap","addresses":["192.0.2.1/24"]}'
check_fails "... and its interface is gone" node_ip link show y
for _ in 1 2 3; do
	check "deleted" rpc_is .result ports.del '{"name":"x"}'
	check "and added at once" rpc_is .result.index ports.add '{"name":"x","type":"tap","bridge":"br0"}'
done
check "a pod's port cannot be deleted" \
	rpc_is '.error.code == -6' ports.del "{\"name\":\"$(ctl_json '.ports[] | select(.pod == "default/a") | .name' ports)\"}"
check "stats.reset" rpc_is .result stats.reset '{}'
check "the counters begin anew" ctl_json '.ledger.rx < 20' status
check "pod to gateway" pings a 10.244.1.1
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
