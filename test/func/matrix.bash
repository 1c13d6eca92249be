# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: BSD-3-Clause
# matrix.bash - hosts behind ports of every type, and rows of the connectivity matrix; sourced after lib.sh,
# peers.bash and veths.bash.
#
# Each type has three hosts, so that it can meet itself: a-TYPE and b-TYPE on br0 (10.244.1.0/24), r-TYPE in a
# subnet of its own behind a routed port. The node itself is "host". What a vhost-user or memif port speaks with
# is testpmd, which passes frames between the port and a TAP of the kernel's (net_tap) in the host's namespace.
#
#   matrix_config [LINES]        the node's configuration, LINES appended
#   matrix_before                what has to be there before podwayd (veths)
#   matrix_start                 after lab_start: the hosts, their servers; waits until every port is up
#   matrix_row LAYER CLIENT..    each of these types as client to every type: LAYER bridge, routed, Service or
#                                Service_routed; counts each cell
#   matrix_targets CLIENT LAYER SERVER.., matrix_run CLIENT ARGS..     other tables
#   matrix_clean                 checks: no bad checksum anywhere, no unexpected drop, the ledger

TYPES=(tap af_packet af_xdp vhost memif)
declare -A LAST=([tap]=1 [af_packet]=2 [af_xdp]=3 [vhost]=4 [memif]=5 [host]=9) # numbers in addresses
NODE=198.51.100.1

# Where it listens: matrix_address TYPE LAYER; VIPs listen on port 7, servers on 7000.
matrix_address() {
	local number=${LAST[$1]}
	case $1:$2 in
	*:Service) echo "10.96.0.$number" ;;
	*:Service_routed) echo "10.96.0.$((100 + number))" ;;
	host:*) echo $NODE ;;
	*:bridge) echo "10.244.1.$((220 + number))" ;;
	*:routed) echo "10.2.$number.2" ;;
	esac
}

# Keys of the type's port for host NAME.
matrix_port() { # TYPE NAME
	case $1 in
	tap) echo "type: tap" ;;
	af_*) echo "type: $1, interface: v-$2" ;;
	vhost) echo "type: vhost-user, socket: $LAB_DIR/$2.sock" ;;
	memif) echo "type: memif, socket: $LAB_DIR/$2.sock, id: ${LAST[memif]}" ;;
	esac
}

matrix_config() {
	local type both="ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]"
	{
		echo "ports:"
		for type in "${TYPES[@]}"; do
			echo "  - {name: a-$type, $(matrix_port "$type" "a-$type"), bridge: br0}"
			echo "  - {name: b-$type, $(matrix_port "$type" "b-$type"), bridge: br0}"
			echo "  - {name: r-$type, $(matrix_port "$type" "r-$type"), addresses: [10.2.${LAST[$type]}.1/24]}"
		done
		echo "services:"
		for type in "${TYPES[@]}" host; do
			echo "  - {name: default/$type, cluster_ip: $(matrix_address "$type" Service)," \
				"endpoints: [$(matrix_address "$type" bridge)], $both}"
			echo "  - {name: default/$type-routed, cluster_ip: $(matrix_address "$type" Service_routed)," \
				"endpoints: [$(matrix_address "$type" routed)], $both}"
		done
		printf '%s\n' "$@"
	} | test_config_node
}

# a-TYPE, b-TYPE and r-TYPE with their addresses and gateways: matrix_each TYPE CMD.. NAME ADDRESS GATEWAY
matrix_each() {
	local type=$1 number=${LAST[$1]}
	shift
	"$@" "a-$type" "10.244.1.$((210 + number))/24" 10.244.1.1 &&
		"$@" "b-$type" "10.244.1.$((220 + number))/24" 10.244.1.1 &&
		"$@" "r-$type" "10.2.$number.2/24" "10.2.$number.1"
}

# IPv6 is of other tests: here nothing is sent that no row asked for.
matrix_quiet() { lab_in "$1" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; }

matrix_namespace() { ip netns add "$LAB_PREFIX-$1" && matrix_quiet "$1"; }

matrix_veth() { veth_add "$1" -- "$2" "$3"; }

# Host NAME gets INTERFACE of the node's namespace as its eth0.
matrix_host() { # INTERFACE-PREFIX NAME ADDRESS GATEWAY
	peer_add "$2" "$1$2" "$3" && ip -n "$LAB_PREFIX-$2" route add default via "$4"
}

matrix_before() {
	local type host
	matrix_quiet node
	for type in "${TYPES[@]}"; do
		for host in a b r; do
			matrix_namespace "$host-$type" || return 1
		done
		case $type in
		af_*) matrix_each "$type" matrix_veth || return 1 ;;
		esac
	done
}

# One testpmd for all: ports 2n and 2n+1 are a pair, a virtio-user or memif device and the TAP t-NAME.
matrix_testpmd() {
	local host devices=()
	for host in a b r; do
		devices+=(--vdev "net_virtio_user$((${#devices[@]} / 4)),path=$LAB_DIR/$host-vhost.sock")
		devices+=(--vdev "net_tap$((${#devices[@]} / 2)),iface=t-$host-vhost")
	done
	for host in a b r; do
		devices+=(--vdev "net_memif$((${#devices[@]} / 4)),role=client,id=${LAST[memif]},socket-abstract=no,socket=$LAB_DIR/$host-memif.sock")
		devices+=(--vdev "net_tap$((${#devices[@]} / 2)),iface=t-$host-memif")
	done
	lab_bg node sh -c 'out=$1; shift; exec "$@" >"$out" 2>&1' - "$LAB_DIR/testpmd.out" \
		stdbuf -oL "${TESTPMD[@]}" -m 128 --file-prefix "$LAB_PREFIX-peers" "${devices[@]}" \
		-- --total-num-mbufs=16384 --forward-mode=io --port-topology=paired --auto-start --stats-period 3600
	lab_wait 20 grep -q 'start packet forwarding' "$LAB_DIR/testpmd.out"
}

# With two workers: clients on worker 0, servers and the node on worker 1.
matrix_workers() {
	local type
	[ "$WORKERS" = 2 ] || return 0
	for type in "${TYPES[@]}"; do
		lab_ctl workers move "a-$type" 0 && lab_ctl workers move "b-$type" 1 && lab_ctl workers move "r-$type" 1 || return 1
	done
	lab_ctl workers move host 1
}

matrix_up() { ctl_json '[.ports[] | select(.state != "up") | .name] == []' ports; }

matrix_start() {
	local type host
	check "testpmd is the peer of the vhost-user and memif ports" matrix_testpmd
	check "hosts behind TAP ports" matrix_each tap matrix_host ""
	for type in vhost memif; do
		check "hosts behind $type ports" matrix_each $type matrix_host t-
	done
	check_eventually 10 "every port is up" matrix_up
	check "clients and servers are on different workers, if there are two" matrix_workers
	ip -n "$LAB_PREFIX-node" route add 10.2.0.0/16 dev podway0 src $NODE
	for type in "${TYPES[@]}"; do
		for host in a b r; do
			serve "$host-$type" || fail "$host-$type serves"
		done
	done
	check "the node serves" serve node
}

# LAYER SERVER ADDRESS PORT for a client of this type to each server: matrix_targets CLIENT LAYER SERVER..
matrix_targets() {
	local client=$1 layer=$2 server port=7000
	shift 2
	[[ $layer == Service* ]] && port=7
	for server in "$@"; do
		case $client:$server:$layer in # the node is on no bridge, and speaks with itself by Services only
		host:*:bridge | *:host:bridge | *:host:Service_routed | host:host:routed) continue ;;
		esac
		echo "$layer $server $(matrix_address "$server" "$layer") $port"
	done
}

# What may tell why, for the first row that failed: matrix_explain NAMESPACE
matrix_explain() {
	[ -z "${MATRIX_EXPLAINED:-}" ] || return 0
	MATRIX_EXPLAINED=1
	{
		echo "--- $1's neighbours and link; ports, drops, workers; load $(cut -d' ' -f1-3 /proc/loadavg)"
		lab_in "$1" ip neigh
		lab_in "$1" ip -s link show
		lab_ctl ports
		lab_ctl drops
		lab_ctl workers
	} 2>&1 | sed 's/^/        /'
}

# matrix_run CLIENT ARGS.. <TARGETS: matrix.py there; counts the cells
matrix_run() {
	local name=a-$1 ok bad
	[ "$1" = host ] && name=node
	shift
	lab_in "$name" "$TEST_DIR/matrix.py" "$@" | tee "$LAB_DIR/rows"
	ok=$(grep -ow ok "$LAB_DIR/rows" | wc -l) bad=$(grep -ow FAIL "$LAB_DIR/rows" | wc -l)
	PASSED=$((PASSED + ok)) FAILED=$((FAILED + bad))
	[ "$bad" -eq 0 ] || matrix_explain "$name"
	[ $((ok + bad)) -gt 0 ] || fail "$name as client: no result"
}

# matrix_row LAYER CLIENT..
matrix_row() {
	local layer=$1 client
	shift
	for client in "$@"; do
		matrix_targets "$client" "$layer" "${TYPES[@]}" host >"$LAB_DIR/targets"
		matrix_run "$client" "$client" <"$LAB_DIR/targets"
	done
}

matrix_no_bad() {
	local name bad=0
	for name in $(ip netns list | awk -v p="$LAB_PREFIX-" 'index($1, p) == 1 {print substr($1, length(p) + 1)}'); do
		lab_in "$name" nstat -asz TcpInCsumErrors UdpInCsumErrors IcmpInCsumErrors IpReasmFails IpInHdrErrors |
			awk -v n="$name" 'NR > 1 && $2 > 0 {print n ": " $1, $2; bad = 1} END {exit bad}' || bad=1
	done
	return $bad
}

# Every server's answers crossed between the workers, and so did the clients' packets.
matrix_crossed() { ctl_json '[.workers[].handover_in] | length == 2 and min > 1000' workers; }

matrix_clean() {
	[ "$WORKERS" = 2 ] && check "packets were handed over, both ways" matrix_crossed
	check "no host saw a bad checksum or half a datagram" matrix_no_bad
	check "nothing was dropped" ctl_json '[.drops[] | select(.packets > 0)] | if . == [] then true else (.[] | tostring) , false end' drops --all
	check_eventually 5 "rx = tx + drops + held" ledger_settled
}
