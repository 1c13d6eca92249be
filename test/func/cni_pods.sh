#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# podway-cni and podwayd together, as a runtime drives them: every command in every version (CNI-1 to CNI-8),
# addresses (IPAM-1, 2, 5, 6; CNI-10), plugins killed half-way (CNI-4), the daemon away (CNI-5), many at once (CNI-11).
. "$(dirname "$0")/lib.sh"
test_begin "$@"

# conf [JQ]: the network configuration, changed
conf() { lab_conflist | jq "${1:-.}"; }
# cni COMMAND POD [VARIABLE=VALUE..] < configuration; the answer is in $LAB_DIR/answer
cni() {
	local command=$1 pod=$2
	shift 2
	env -i PATH="$PATH" CNI_COMMAND="$command" CNI_CONTAINERID="$LAB_CID_SALT-$pod" CNI_NETNS="$(lab_netns "$pod")" \
		CNI_IFNAME=eth0 CNI_PATH="/usr/lib/cni:/opt/cni/bin" \
		CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=$pod" "$@" \
		nsenter --net="$(lab_netns node)" "$LAB_BUILD/app/podway-cni/podway-cni" >"$LAB_DIR/answer"
}
pod() { ip netns add "$LAB_PREFIX-$1" && ip -n "$LAB_PREFIX-$1" link set lo up; }
add() { # POD [JQ [VARIABLE=VALUE..]]
	local name=$1 change=${2:-.}
	shift $(($# < 2 ? $# : 2))
	conf "$change" | cni ADD "$name" "$@" && cp "$LAB_DIR/answer" "$LAB_DIR/$name.json"
}
del() { # POD [JQ]
	conf "${2:-.}" | cni DEL "$1" && [ ! -s "$LAB_DIR/answer" ]
}
# fails_with CODE TEXT CMD..: an error object on stdout
fails_with() {
	local code=$1 text=$2
	shift 2
	"$@"
	cat "$LAB_DIR/answer"
	jq -e --argjson code "$code" --arg text "$text" '.code == $code and (.msg + .details | contains($text))' "$LAB_DIR/answer"
}
answer() { jq -e "$1" "$LAB_DIR/answer"; }
with_prev() { conf "${2:-.}" | jq --slurpfile prev "$LAB_DIR/$1.json" '.prevResult = $prev[0]'; }
checks() { with_prev "$1" "${2:-.}" | cni CHECK "$1" && [ ! -s "$LAB_DIR/answer" ]; }

leases() { find "$LAB_DIR/state/ipam" -name '*@*.json' | wc -l; }
pods() { ctl_json '.pods | length' pods || true; }
counts() { [ "$(leases)/$(pods)/$(find "$LAB_DIR/state/pods" -name '*.json' | wc -l)" = "$1/$1/$1" ]; }
snapshot() { # all that one attachment is
	lab_ctl --json pods | jq -S '.pods[].age_sec = 0'
	lab_ctl --json fdb | jq -S '.fdb[].age_sec = 0'
	lab_ctl --json routes | jq -S .
	ip -n "$LAB_PREFIX-$1" addr
	ip -n "$LAB_PREFIX-$1" route
	(cd "$LAB_DIR/state" && find pods ipam -type f -exec cat {} +)
}
pings() { lab_in "$1" ping -c 2 -i 0.1 -W 2 "$2"; }
log_has() { grep -q -- "$1" "$LAB_DIR/podwayd.log"; }
no_eth0() { ! ip -n "$LAB_PREFIX-$1" link show eth0; }

test_config_node </dev/null
check "podwayd starts" lab_start
conf '.cniVersion = "1.1.0"' | cni STATUS none
check "STATUS: nothing to say, exit code 0" [ "$?/$(stat -c %s "$LAB_DIR/answer")" = 0/0 ]

# ---- every version

declare -A shape=(
	[0.1.0]='.ip4.ip and .ip4.gateway == "10.244.1.1" and (.ips | not)'
	[0.2.0]='.ip4.ip and .ip4.routes[0].dst == "0.0.0.0/0" and (.interfaces | not)'
	[0.3.0]='.ips[0].version == "4" and .interfaces[.ips[0].interface].name == "eth0"'
	[0.3.1]='.ips[0].version == "4" and .interfaces[.ips[0].interface].sandbox'
	[0.4.0]='.ips[0].version == "4" and (.interfaces[1].mtu | not)'
	[1.0.0]='(.ips[0] | has("version") | not) and .ips[0].interface == 1 and (.interfaces[1].mtu | not)'
	[1.1.0]='(.ips[0] | has("version") | not) and .interfaces[1].mtu == 1500')
pod versions
for version in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
	change=".cniVersion = \"$version\""
	check "$version: ADD" add versions "$change"
	check "$version: the result" answer ".cniVersion == \"$version\" and (${shape[$version]})"
	check "$version: the gateway answers" pings versions 10.244.1.1
	case $version in 0.4.0 | 1.*) check "$version: CHECK" checks versions "$change" ;; esac
	check "$version: DEL" del versions "$change"
	check "$version: nothing is left" no_eth0 versions
done
check "... nor in the daemon" counts 0

# ---- ADD twice, over another interface, wishes

pod a
check "ADD" add a
before=$(snapshot a)
check "ADD again: error 101" fails_with 101 'eth0' add a
check "... and nothing has changed" [ "$before" = "$(snapshot a)" ]
pod veth
ip -n "$LAB_PREFIX-veth" link add eth0 type veth peer name other
check "ADD where another plugin made eth0: error 101" fails_with 101 'eth0' add veth
check "... which was left alone" ip -n "$LAB_PREFIX-veth" link show other
check "DEL there: fine" del veth
check "... and it still was left alone" ip -n "$LAB_PREFIX-veth" link show other
check "no address was kept" counts 1

pod wish
check "ADD with IP and MAC, as podman sends them" \
	add wish . "CNI_ARGS=IgnoreUnknown=1;IP=10.244.1.200;MAC=02:11:22:33:44:55;K8S_POD_NAME=wish"
check "... the address" [ "$(lab_ip wish)" = 10.244.1.200 ]
check "... the MAC" sh -c "ip -n $LAB_PREFIX-wish link show eth0 | grep -q 02:11:22:33:44:55"
check "... and it works" pings wish "$(lab_ip a)"
pod wish2
check "the same address again: error 11, and who has it" fails_with 11 "-wish eth0" add wish2 . "CNI_ARGS=IP=10.244.1.200"
check "an address of elsewhere: an error" fails_with 7 10.9.9.9 add wish2 . "CNI_ARGS=IP=10.9.9.9"
check "the gateway's address: an error" fails_with 7 10.244.1.1 add wish2 . "CNI_ARGS=IP=10.244.1.1"
check "... nothing is left of them" no_eth0 wish2
check "by runtimeConfig" add wish2 '.runtimeConfig = {ips: ["10.244.1.201/24"], mac: "02:11:22:33:44:66"}'
check "... the address" [ "$(lab_ip wish2)" = 10.244.1.201 ]
check "two pods and one" counts 3
check "pods.list" ctl_json '.pods[] | select(.name == "a") | .namespace == "default" and .state == "up" and
	.ifname == "eth0" and .network == "podnet" and .bridge == "br0" and .mtu == 1500 and .addresses == ["10.244.1.9/24"]' pods

# Containers of a pod are processes in one namespace.
nsenter --net="$(lab_netns a)" socat -u TCP-LISTEN:9000,bind=127.0.0.1,reuseaddr "CREATE:$LAB_DIR/local" &
LAB_PIDS+=($!)
check_eventually 5 "one container listens on localhost" lab_listens a 9000
check "another one of the pod reaches it" sh -c "echo hello | nsenter --net=$(lab_netns a) socat -u - TCP:127.0.0.1:9000"
check_eventually 5 "... and is heard" grep -q hello "$LAB_DIR/local"
check_fails "another pod does not" lab_in wish socat -u OPEN:/dev/null TCP:127.0.0.1:9000,connect-timeout=1
check "both containers have the pod's address" \
	sh -c "nsenter --net=$(lab_netns a) hostname -I | grep -qw $(lab_ip a)"

# ---- CHECK

check "CHECK" checks a
ip -n "$LAB_PREFIX-a" addr del "$(lab_ip a)/24" dev eth0
check "CHECK without the address: error 100, which it is" fails_with 100 "$(lab_ip a)" checks a
ip -n "$LAB_PREFIX-a" addr add "$(lab_ip a)/24" dev eth0
check "CHECK without the route: error 100" fails_with 100 '0.0.0.0/0' checks a
ip -n "$LAB_PREFIX-a" route add default via 10.244.1.1
check "CHECK" checks a
ip -n "$LAB_PREFIX-a" link set eth0 mtu 1400
check "CHECK with another MTU: error 100" fails_with 100 1400 checks a
ip -n "$LAB_PREFIX-a" link set eth0 mtu 1500

# ---- DEL

check "DEL" del a
check "DEL again" del a
check "DEL of what never was" del never
check "CHECK of what is gone: error 100" fails_with 100 eth0 checks a
ip netns del "$LAB_PREFIX-wish"
check "DEL when the namespace has gone" del wish
check "DEL without CNI_NETNS" sh -c "$(declare -f conf lab_conflist lab_netns cni); LAB_SOCKET=$LAB_SOCKET \
	LAB_DIR=$LAB_DIR LAB_PREFIX=$LAB_PREFIX LAB_CID_SALT=$LAB_CID_SALT LAB_BUILD=$LAB_BUILD; \
	conf | cni DEL wish2 CNI_NETNS="
check "nothing is left in the daemon" counts 0
ip netns del "$LAB_PREFIX-wish2"

# ---- a plugin that is killed

pod killed
"$TEST_DIR/cni_killer.py" "$LAB_DIR/killer.sock" "$LAB_SOCKET" "$LAB_DIR/state/ipam" >"$LAB_DIR/killer.out" 2>&1 &
killer=$!
lab_wait 5 test -S "$LAB_DIR/killer.sock"
check_fails "ADD killed behind cni.prepare" add killed ".socket = \"$LAB_DIR/killer.sock\""
check "... it had an address" wait $killer
check_eventually 5 "... which is free again" counts 0
kill_at() { # MILLISECONDS: kill -9 that long after its start, somewhere on its way
	conf | timeout -s KILL "0.$(printf %03d "$1")" env -i PATH="$PATH" CNI_COMMAND=ADD CNI_CONTAINERID="$LAB_CID_SALT-killed" \
		CNI_NETNS="$(lab_netns killed)" CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni "$LAB_BUILD/app/podway-cni/podway-cni" >"$LAB_DIR/answer"
}
clean=1
for ms in $(seq 1 2 39); do
	kill_at "$ms" 2>/dev/null
	del killed || clean=
	no_eth0 killed >/dev/null 2>&1 || clean=
done
check "20 ADDs killed at any time, each followed by DEL: no interface is left" [ -n "$clean" ]
check_eventually 5 "... nor anything in the daemon" counts 0
check "and then ADD" add killed
check "... works" pings killed 10.244.1.1
check "DEL" del killed

# ---- addresses in turn; another IPAM

for name in r1 r2 r3; do pod $name; done
check "r1" add r1
check "r2" add r2
first=$(lab_ip r1)
check "DEL r1" del r1
check "r3" add r3
check "a freed address is not the next one to be given" [ "$first" != "$(lab_ip r3)" ]
check "DEL r2" del r2
check "DEL r3" del r3

if [ -x /usr/lib/cni/host-local ]; then
	local_ipam=".ipam = {type: \"host-local\", dataDir: \"$LAB_DIR/hl\", ranges: [[{subnet: \"10.244.1.0/24\", rangeStart: \"10.244.1.240\"}]], routes: [{dst: \"0.0.0.0/0\"}]}"
	check "host-local: ADD" add r1 "$local_ipam"
	check "... its address" [ "$(lab_ip r1)" = 10.244.1.240 ]
	check "... works" pings r1 10.244.1.1
	check "... podwayd's own pool gave none" [ "$(leases)/$(pods)" = 0/1 ]
	check "... CHECK" checks r1 "$local_ipam"
	check "... DEL" del r1 "$local_ipam"
	check_fails "... the address was given back" [ -e "$LAB_DIR/hl/podnet/10.244.1.240" ]
else
	skip "host-local" "containernetworking-plugins is not installed"
fi

# ---- the daemon is away

check "ADD before it goes" add r1
kept=$(lab_ip r1)
check "ADD r2 before it goes" add r2
lab_stop KILL
start=$(date +%s%N)
check "ADD: error 11, try again later" fails_with 11 'podwayd' add r3
check "... after 5 s at most" [ $((($(date +%s%N) - start) / 1000000)) -lt 5500 ]
check "... nothing is left" no_eth0 r3
check "STATUS: error 50" fails_with 50 'podwayd' sh -c "echo '$(conf '.cniVersion = "1.1.0"')' |
	CNI_COMMAND=STATUS $LAB_BUILD/app/podway-cni/podway-cni >$LAB_DIR/answer"
check "DEL: done" del r1
check "... and again" del r1
check "... it is queued" [ "$(find "$LAB_DIR/state/deletes" -name '*.json' | wc -l)" = 1 ]
lease=$(find "$LAB_DIR/state/ipam" -name "*-r2@*")
echo '{"half' >"$LAB_DIR/state/ipam/broken@eth0.json"
check "it comes back" lab_start
check "the queued DEL was carried out" [ "$(find "$LAB_DIR/state/deletes" -type f | wc -l)" = 0 ]
check "r2 has its address still" [ -e "$lease" ]
check "r2 works" pings r2 10.244.1.1
check "a corrupt lease is set aside and named" log_has 'broken@eth0.json'
check "... the file is kept" sh -c "ls $LAB_DIR/state/ipam | grep -q 'broken@eth0.json.corrupt'"
rm -f "$LAB_DIR/state/ipam/"broken*
check "one attachment is left" counts 1
check "ADD r3" add r3
check "... not the address that was freed just now" [ "$(lab_ip r3)" != "$kept" ]

# ---- many; GC

mass=()
for i in $(seq 40); do
	pod "m$i"
	mass+=("m$i")
done
for name in "${mass[@]}"; do # each with an answer of its own: a copy of this shell
	( LAB_DIR_REAL=$LAB_DIR; mkdir -p "$LAB_DIR_REAL/mass/$name"
	conf | (LAB_DIR=$LAB_DIR_REAL/mass/$name; cni ADD "$name") ) &
	adds+=($!)
done
failed=0
for pid in "${adds[@]}"; do wait "$pid" || failed=$((failed + 1)); done
check "40 ADDs at once" [ $failed = 0 ]
check "... 40 different addresses" [ "$(jq -r '.ips[0].address' "$LAB_DIR"/mass/*/answer | sort -u | wc -l)" = 40 ]
check "... all are there" counts 42
check "... the first one works" pings m1 10.244.1.1
check "... and reaches the last one" pings m1 "$(jq -r '.ips[0].address | split("/")[0]' "$LAB_DIR/mass/m40/answer")"

gc='.cniVersion = "1.1.0"'
collect() { conf "$gc" | jq "$1" | cni GC none; }
check "GC without a list: error 7" fails_with 7 valid-attachments collect .
check "... deletes nothing" counts 42
keep="$LAB_CID_SALT-m1"
check "GC: all but one" collect ".[\"cni.dev/valid-attachments\"] = [{containerID: \"$keep\", ifname: \"eth0\"}]"
check "... are gone" counts 1
check "... the one works" pings m1 10.244.1.1
check "GC of another network leaves it alone" collect '.name = "othernet" | .["cni.dev/valid-attachments"] = []'
check "... it is there" counts 1
for name in "${mass[@]}"; do ip netns del "$LAB_PREFIX-$name"; done
check "GC of all" collect '.["cni.dev/valid-attachments"] = []'
check "nothing is left" counts 0
check_eventually 5 "rx = tx + drops + held" ledger_settled
lab_stop

# ---- a small range runs out

test_config <<EOF
pod_cidr: 10.244.9.0/29
bridges:
  - {name: br0, gateway: 10.244.9.1/29}
EOF
check "podwayd with a /29" lab_start
for i in $(seq 6); do pod "s$i"; done
for i in $(seq 5); do check "pod $i of 5" add "s$i"; done
check "a sixth one: error 102, which range" fails_with 102 '10.244.9.0/29' add s6
check "... nothing is left of it" no_eth0 s6
check "... five are there" counts 5
freed=$(lab_ip s3)
check "DEL of the third" del s3
check "the sixth gets its address" add s6
check "... this one" [ "$(lab_ip s6)" = "$freed" ]
check "... works" pings s6 "$(lab_ip s1)"
test_end
