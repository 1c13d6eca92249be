#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# IPv6 as users meet it: dual-stack pods of podway-cni in one bridge (IPAM-1, CNI-6), neighbour discovery (L2-9), routing
# and its changes (L3-1, L3-2, L3-4), extension headers (L3-8), ICMPv6 errors and their limits (ICMP-1, ICMP-2), path MTU
# (ICMP-3), Services of both families (SVC-22, ICMP-5, ICMP-8), the node (PORT-1), a daemon that is killed (OPS-1).
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
test_begin "$@"

test_config <<EOF
node: {name: node-a, addresses: [198.51.100.1/32, "fd00:99::1/128"]}
pod_cidr: [10.244.1.0/24, "fd00:244:1::/64"]
service_cidr: [10.96.0.0/16, "fd00:96::/112"]
bridges:
  - {name: br0, gateway: [10.244.1.1/24, "fd00:244:1::1/64"]}
  - {name: br1, gateway: "fd00:5::1/64", router_advert: true}
ports:
  - {name: left, type: tap, addresses: ["fd00:1::1/64"]}
  - {name: right, type: tap, addresses: ["fd00:2::1/64"]}
  - {name: narrow, type: tap, addresses: ["fd00:3::1/64"], mtu: 1400}
  - {name: other, type: tap, bridge: br1}
routes:
  - {prefix: "fd00:20::/32", via: "fd00:2::2"}
  - {prefix: "fd00:61::/32", kind: blackhole}
  - {prefix: "fd00:62::/32", kind: unreachable}
  - {prefix: "fd00:63::/32", kind: prohibit}
services:
  - name: default/echo
    cluster_ip: [10.96.0.10, "fd00:96::10"]
    ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000},
      {name: perf, protocol: tcp, port: 5201}]
    endpoints: [10.244.1.3, "fd00:244:1::3"]
  - {name: default/empty, cluster_ip: "fd00:96::11", ports: [{port: 7}]}
EOF
ip6() { jq -r '.ips[] | .address | split("/")[0] | select(contains(":"))' "$LAB_DIR/$1.json"; }
craft() { # NAME COMMAND ARGS..
	local name=$1
	shift
	lab_in "$name" "$TEST_DIR/ipv6.py" "$@"
}
prints() { # PATTERN CMD..
	local pattern=$1
	shift
	"$@" 2>&1 | tee /dev/stderr | grep -qE -- "$pattern"
}
says() { # PATTERN NAME PING-ARGS..
	local pattern=$1 name=$2
	shift 2
	prints "$pattern" lab_in "$name" ping -6 "$@"
}
route_is() { ctl_json ".routes | length == 1 and (.[0] | $2)" routes get "$1"; }
neighbour_is() { [ "$(ctl_json ".neighbours[] | select(.address == \"$1\") | .state" neighbours)" = "$2" ]; }
refused() { # PATTERN ARGS..: podwayctl ARGS fails and says why
	local pattern=$1
	shift
	! lab_ctl "$@" >"$LAB_DIR/refused.out" 2>&1 && cat "$LAB_DIR/refused.out" && grep -q -- "$pattern" "$LAB_DIR/refused.out"
}
verified() { # NAME ADDRESS PORT: TCP and UDP
	lab_in "$1" "$TEST_DIR/peer.py" tcp "$2" "$3" 4000000 && lab_in "$1" "$TEST_DIR/peer.py" udp "$2" "$3" 200
}
serve() {
	lab_bg "$1" "$TEST_DIR/peer.py" serve "$2" 7000
	lab_wait 10 lab_listens "$1" 7000
}
# ICMP errors have a limit for each destination: every check of one asks from an address of its own.
hosts() {
	peer_add left left fd00:1::{2..40}/64 && peer_add right right fd00:2::2/64 && peer_add narrow narrow fd00:3::2/64 &&
		peer_add other other || return 1
	local host
	for host in left:1 right:2 narrow:3; do
		ip -n "$LAB_PREFIX-${host%:*}" route add default via "fd00:${host#*:}::1" || return 1
	done
	lab_in right ip addr add fd00:20::1/128 dev lo
}
no_dad() { # before hosts get their addresses: they are to be usable at once
	local i
	for i in left right narrow other; do
		lab_in node sysctl -qw "net.ipv6.conf.$i.accept_dad=0" "net.ipv6.conf.$i.dad_transmits=0"
	done
	lab_in node sysctl -qw net.ipv6.conf.default.accept_dad=0
}

check "podwayd starts with $WORKERS workers" lab_start
no_dad
check "hosts behind four ports" hosts
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done
client=$(ip6 client) server=$(ip6 server)

# ---- dual-stack pods

check "an address of each family, in turn" [ "$(lab_ip server)/$client/$server" = 10.244.1.3/fd00:244:1::2/fd00:244:1::3 ]
check "it is in the pod, at once" sh -c 'ip -n "$1" -6 addr show eth0 | grep -q "$2/64 scope global nodad"' sh "$LAB_PREFIX-client" "$client"
check "a default route of each family" sh -c 'ip -n "$1" route show default | grep -q "via 10.244.1.1" &&
	ip -n "$1" -6 route show default | grep -q "via fd00:244:1::1"' sh "$LAB_PREFIX-client"
checked() { lab_conflist | jq --slurpfile r "$LAB_DIR/$1.json" '. + {prevResult: $r[0]}' | lab_cni CHECK "$1"; }
check "CHECK: all is there" checked client
ip -n "$LAB_PREFIX-client" addr del "$client/64" dev eth0
check_fails "CHECK: not without the IPv6 address" checked client
ip -n "$LAB_PREFIX-client" addr add "$client/64" dev eth0 nodad
ip -n "$LAB_PREFIX-client" -6 route replace default via fd00:244:1::1
check "CHECK: again" checked client
ranges='[[{subnet: "10.244.1.0/24", rangeStart: "10.244.1.100"}], [{subnet: "fd00:244:1::/64", rangeStart: "fd00:244:1::100"}]]'
for version in 0.2.0 0.4.0 1.1.0; do # its result in that version's form; two sets of ranges, as for host-local
	ip netns add "$LAB_PREFIX-v$version"
	lab_conflist | jq ".cniVersion = \"$version\" | .ipam = {type: \"podway\", ranges: $ranges}" >"$LAB_DIR/conf"
	check "CNI $version: ADD with two ranges" sh -c '"$@" <"$0/conf" >"$0/result"' "$LAB_DIR" env -i PATH="$PATH" CNI_COMMAND=ADD \
		CNI_CONTAINERID="v$version" CNI_NETNS="$(lab_netns "v$version")" CNI_IFNAME=eth0 CNI_PATH=/ "$LAB_BUILD/app/podway-cni/podway-cni"
	case $version in
	0.2.0) form='.ip4.ip == "10.244.1.100/24" and .ip6.ip == "fd00:244:1::100/64" and .ip6.gateway == "fd00:244:1::1"' ;;
	0.4.0) form='[.ips[] | .version + " " + .address] == ["4 10.244.1.101/24", "6 fd00:244:1::101/64"]' ;;
	*) form='[.ips[] | .address + " " + .gateway] == ["10.244.1.102/24 10.244.1.1", "fd00:244:1::102/64 fd00:244:1::1"]' ;;
	esac
	check "CNI $version: the result" jq -e "$form" "$LAB_DIR/result"
	check "CNI $version: DEL" sh -c '"$@" <"$0/conf"' "$LAB_DIR" env -i PATH="$PATH" CNI_COMMAND=DEL CNI_CONTAINERID="v$version" \
		CNI_NETNS="$(lab_netns "v$version")" CNI_IFNAME=eth0 CNI_PATH=/ "$LAB_BUILD/app/podway-cni/podway-cni"
done
check "server serves" serve server ::
lab_bg server iperf3 -6 -s -p 5201
check_eventually 5 "iperf3 listens" lab_listens server 5201

check "same bridge: ping, no hop spent" says 'ttl=64' client -c 3 -i 0.1 -W 2 "$server"
check "same bridge: ping of 8000 bytes" lab_in client ping -6 -c 2 -i 0.1 -W 2 -s 8000 "$server"
check "same bridge: TCP and UDP verified" verified client "$server" 7000
check "same bridge: iperf3 TCP" lab_in client iperf3 -6 -c "$server" -t 1
check "same bridge: iperf3 UDP" lab_in client iperf3 -6 -c "$server" -t 1 -u -b 100M
check "link-local, too" says ' 0% packet loss' client -c 2 -i 0.1 -W 2 "fe80::858:aff:fef4:103%eth0"

# ---- neighbour discovery

check "gateway: ping" lab_in client ping -6 -c 2 -i 0.1 -W 2 fd00:244:1::1
check "gateway: ping in fragments" lab_in client ping -6 -c 2 -i 0.1 -W 2 -s 20000 fd00:244:1::1
link_local_by() { # MAC: RFC 4291, appendix A
	local b
	IFS=: read -r -a b <<<"$1"
	printf 'fe80::%x:%x:%x:%x' $(((0x${b[0]} ^ 2) << 8 | 0x${b[1]})) $((0x${b[2]} << 8 | 0xff)) $((0xfe00 | 0x${b[3]})) $((0x${b[4]} << 8 | 0x${b[5]}))
}
gateway_ll=$(link_local_by "$(ctl_json '.bridges[] | select(.name == "br0") | .mac' status)")
check "gateway: ping of its link-local address ($gateway_ll)" lab_in client ping -6 -c 2 -i 0.1 -W 2 "$gateway_ll%eth0"
check "from a link-local address" lab_in client ping -6 -c 2 -i 0.1 -W 2 -I fe80::858:aff:fef4:102%eth0 fd00:244:1::1
check "the gateway is a router that says so" prints 'to fd00:1::2 R1 S1 O1 hops 255' craft left solicit left fd00:1::2 fd00:1::1
check "who has no address yet is told by all-nodes" prints 'to ff02::1 R1 S0 O1' craft left solicit left :: fd00:1::1 dad
for fault in hops code checksum option nonode; do
	check "solicitation with bad $fault: nd_bad, silence" drops_more nd_bad 1 sh -c '! nsenter --net="$1" "$2" solicit left fd00:1::2 fd00:1::1 "$3"' \
		sh "$(lab_netns left)" "$TEST_DIR/ipv6.py" $fault
done
capture server eth0
lab_in client ip -6 neigh flush dev eth0
check "ping after the neighbours are forgotten" lab_in client ping -6 -c 1 -W 2 "$server"
check_fails "the solicitation was answered for the pod, not flooded" captured server 'icmp6 and ip6[40] = 135 and ip6 dst host ff02::1:ff00:3'
dad_fails() {
	ip -n "$LAB_PREFIX-client" addr add "$1/64" dev eth0
	lab_wait 4 sh -c 'ip -n "$1" -6 addr show dev eth0 | grep -q "$2.*dadfailed"' sh "$LAB_PREFIX-client" "$1"
}
lab_in client sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1
check "the kernel notices an address that another pod has" dad_fails "$server"
check "and the gateway's" dad_fails fd00:244:1::1
ip -n "$LAB_PREFIX-client" addr del "$server/64" dev eth0
ip -n "$LAB_PREFIX-client" addr del fd00:244:1::1/64 dev eth0
check "a new pod" lab_pod_add third
check "it is announced to the bridge" captured server "icmp6 and ip6[40] = 136 and ip6 dst host ff02::1 and ip6 src host $(ip6 third)"

# ---- router advertisements, where they are wanted

check "a solicited router advertises its prefix" prints 'lifetime 1800 mtu 1500 fd00:5::/64 L1 A1' craft other routers other
lab_in other sysctl -qw net.ipv6.conf.other.accept_ra=2
ip -n "$LAB_PREFIX-other" link set other down
ip -n "$LAB_PREFIX-other" link set other up
autoconfigured() { ip -n "$LAB_PREFIX-other" -6 addr show dev other scope global -tentative | grep -q fd00:5:: && ip -n "$LAB_PREFIX-other" -6 route show default | grep -q 'proto ra'; }
check_eventually 10 "a host makes itself an address and a default route" autoconfigured
check "and reaches a pod" lab_in other ping -6 -c 2 -i 0.1 -W 3 "$client"
check_fails "br0 has not been told to" craft client routers eth0

# ---- routing

check "right serves" serve right ::
check "a burst to a next hop not resolved yet: none is lost" lab_in left "$TEST_DIR/peer.py" stream fd00:2::2 7000 1000 0.05
check "podwayctl neighbours: reachable" neighbour_is fd00:2::2 reachable
check "neighbours flush ADDRESS" ctl_json '.flushed == 1' neighbours flush fd00:2::2
check "routed: TCP and UDP verified" verified left fd00:2::2 7000
check "one hop is spent" says 'ttl=63' left -c 1 -W 3 fd00:2::2
check "pod to a host outside" verified client fd00:2::2 7000
check "from there to the pod: iperf3" lab_in right iperf3 -6 -c "$server" -t 1
check "via: the route of the configuration" lab_in left ping -6 -c 1 -W 3 fd00:20::1
narrow_ll=$(link_local_by "$(mac_of narrow narrow)")
lab_in narrow ip addr replace "$narrow_ll/64" dev narrow nodad
check "a link-local next hop needs its link" refused 'say on which bridge or port' routes add fd00:30::/32 via "$narrow_ll"
check "with it it is fine" lab_ctl routes add fd00:30::/32 via "$narrow_ll" port narrow
check "routes get tells it" route_is fd00:30::1 ".via == \"$narrow_ll\" and .port == \"narrow\" and .origin == \"ctl\""
lab_in narrow ip addr add fd00:30::1/128 dev lo
check "packets go there" lab_in left ping -6 -c 2 -i 0.1 -W 3 fd00:30::1
check "families do not mix" refused 'different families' routes add fd00:31::/32 via 10.244.1.2
check "a longer route wins" lab_ctl routes add fd00:20::/64 kind prohibit
check "routes get: the longer" route_is fd00:20::1 '.prefix == "fd00:20::/64" and .kind == "prohibit"'
check "routes del" lab_ctl routes del fd00:20::/64
check "the shorter again" lab_in left ping -6 -c 1 -W 3 fd00:20::1

# ---- refused

error_of() { says "$1" left -I "fd00:1::$2" -c 1 -W "${4:-3}" "$3"; }
check "hop limit 1: time exceeded" drops_more ttl_expired 1 says 'From fd00:1::1.*Time exceeded: Hop limit' left -I fd00:1::3 -c 1 -W 3 -t 1 fd00:2::2
check "hop limit 1: to the gateway itself is fine" lab_in left ping -6 -c 1 -W 3 -t 1 fd00:1::1
check "no route" drops_more no_route 1 error_of 'From fd00:1::1.*No route' 5 fd00:7777::1
check "unreachable: no route" drops_more unreachable 1 error_of 'From fd00:1::1.*No route' 6 fd00:62::1
check "prohibit" drops_more prohibit 1 error_of 'From fd00:1::1.*Administratively prohibited' 7 fd00:63::1
check "blackhole: silence" drops_more blackhole 1 sh -c '! nsenter --net="$1" ping -6 -c 1 -W 0.3 fd00:61::1' sh "$(lab_netns left)"
check "a silent next hop: address unreachable" drops_more neigh_failed 1 error_of 'From fd00:1::1.*Address unreachable' 9 fd00:2::77 6
check "podwayctl neighbours: failed" neighbour_is fd00:2::77 failed
closed() { ! lab_in left timeout 5 socat - "TCP6:[fd00:1::1]:99,connect-timeout=3" 2>&1; }
check "TCP to the gateway: refused" drops_more local_proto 1 closed
check "traceroute with UDP" prints '2  fd00:244:1::3.*ms' lab_in left traceroute -6 -n -q 1 -w 2 -s fd00:1::10 "$server"
check "traceroute with ICMP: the first hop" prints '1  fd00:1::1.*ms' lab_in left traceroute -6 -n -q 1 -w 2 -I -s fd00:1::11 "$server"
check "unknown protocol: parameter problem" prints 'code 1 pointer 6 from fd00:1::1' craft left proto left "$(ctl_json '.ports[] | .mac' ports left)" fd00:1::12 fd00:1::1 0
gw=$(ctl_json '.ports[] | .mac' ports left)
check "behind a header: it points there" prints 'code 1 pointer 40' craft left proto left "$gw" fd00:1::13 fd00:1::1 1
check "not more than a few errors to one destination" prints '^[4-8]$' craft left errors left "$gw" fd00:1::14 fd00:62::1 60

# ---- extension headers

check "eight extension headers: routed and answered" craft left headers left "$gw" fd00:1::15 "$server" 8
check "nine: ip6_ext_bad" drops_more ip6_ext_bad 1 sh -c '! nsenter --net="$1" "$2" headers left "$3" fd00:1::15 "$4" 9' sh "$(lab_netns left)" "$TEST_DIR/ipv6.py" "$gw" "$server"
check "256 bytes of them" craft left chain left "$gw" fd00:1::15 fd00:1::1 256
check "264: ip6_ext_bad" drops_more ip6_ext_bad 1 sh -c '! nsenter --net="$1" "$2" chain left "$3" fd00:1::15 fd00:1::1 264' sh "$(lab_netns left)" "$TEST_DIR/ipv6.py" "$gw"

# ---- path MTU

check "too big: says the MTU" says 'Packet too big: mtu=1400' left -I fd00:1::16 -c 1 -W 3 -M "do" -s 1452 fd00:3::2
check "dropped as mtu_exceeded" [ "$(drops_of mtu_exceeded)" -ge 1 ]
check "as large as it may be" lab_in left ping -6 -I fd00:1::17 -c 1 -W 3 -M "do" -s 1352 fd00:3::2
check "narrow serves" serve narrow ::
check "TCP finds the path MTU" lab_in left "$TEST_DIR/peer.py" tcp fd00:3::2 7000 4000000
check "the kernel has learned it" sh -c 'ip -n "$1" -6 route get fd00:3::2 | grep -q "mtu 1400"' sh "$LAB_PREFIX-left"

# ---- Services

check "Service: TCP and UDP verified" verified client fd00:96::10 7
check "Service: iperf3" lab_in client iperf3 -6 -c fd00:96::10 -t 1
check "Service: from outside" verified left fd00:96::10 7
check "Service: the endpoint itself (hairpin)" verified server fd00:96::10 7
check "the virtual address answers ping" lab_in client ping -6 -c 2 -i 0.1 -W 2 fd00:96::10
check "in fragments, too" lab_in client ping -6 -c 1 -W 2 -s 8000 fd00:96::10
check "no endpoint: refused" prints 'refused' lab_in client timeout 5 socat - "TCP6:[fd00:96::11]:7,connect-timeout=3"
check "no such port: refused" prints 'refused' lab_in client timeout 5 socat - "TCP6:[fd00:96::10]:99,connect-timeout=3"
check_fails "an unknown virtual address: silence" lab_in client ping -6 -c 1 -W 0.3 fd00:96::77
check "flows: by virtual address and port" ctl_json '.flows | length > 0 and all(.vip == "[fd00:96::10]:7")' flows vip '[fd00:96::10]:7'
check "flows: by pod" ctl_json '[.flows[] | select(.client | startswith("[fd00:"))] | length > 0' flows pod client
check "flows: nothing of the other family" ctl_json '.flows | all(.client | startswith("[") | not)' flows vip 10.96.0.10
check "status counts them apart" ctl_json '.flows_ipv6 | .used > 0 and .size >= 65536' status
check "flows flush" ctl_json '.flushed > 0' flows flush vip fd00:96::10
check "they are gone" ctl_json '.total == 0' flows vip fd00:96::10
check "an endpoint of the wrong family is refused by name" refused '10.244.1.3 is not of the cluster_ip' services add default/mixed cluster-ip fd00:96::12 port tcp:80 endpoint 10.244.1.3
check "services add" lab_ctl services add default/two cluster-ip fd00:96::12 port tcp:80:7000 endpoint "$server"
check "it serves" lab_in client "$TEST_DIR/peer.py" tcp fd00:96::12 80 100000
check "services show" ctl_json '.services[] | select(.name == "default/two") | .cluster_ips == ["fd00:96::12"] and .flows == 1' services default/two
capture third eth0
check "services add replaces" lab_ctl services add default/two cluster-ip fd00:96::12 port udp:80:7001 endpoint "$(ip6 third)" replace
unreachable() { # a datagram to a closed port of the endpoint: the client is told by an error that is translated back
	lab_in client python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(3); s.connect(("fd00:96::12", 80))
try:
    s.send(b"x"); s.recv(9)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit(1)'
}
check "ICMPv6 errors about translated packets come back" unreachable
check "UDP without a checksum" craft left zero left "$gw" fd00:1::18 fd00:96::12 80
check_eventually 3 "passes as it is (RFC 6936)" captured third 'udp dst port 7001 and ip6[46:2] = 0 and ip6 src host fd00:1::18'

# ---- the node

check "pod to node: ping" lab_in client ping -6 -c 2 -i 0.1 -W 2 fd00:99::1
check "node serves" serve node ::
check "pod to node" verified client fd00:99::1 7000
check "node to pod" verified node "$server" 7000
check "node to Service" verified node fd00:96::10 7
check "node to a pod that is not there: address unreachable" says 'Address unreachable' node -c 1 -W 6 fd00:244:1::77

# ---- killed and started again

lab_in client "$TEST_DIR/peer.py" pulse fd00:96::10 7 50 4 >"$LAB_DIR/pulse" 2>&1 &
pulse=$!
sleep 1
lab_stop KILL
check "podwayd starts again" lab_start
check "a connection through the Service goes on" wait $pulse
check "pods: as before" verified client "$server" 7000
check "routes set at run time: as before" route_is fd00:30::1 ".via == \"$narrow_ll\" and .port == \"narrow\""
check "Services set at run time: as before" ctl_json '.services | length == 1' services default/two
check "node to pod" lab_in node ping -6 -c 2 -i 0.1 -W 3 "$client"
check "CHECK is content" checked client
check "DEL" lab_pod_del third
check_fails "its route is gone" route_is fd00:244:1::4 '.kind == "pod"'
if [ "$WORKERS" = 2 ]; then
	check "packets were handed over between workers" ctl_json '[.workers[].handover_in] | add > 10' workers
fi
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
