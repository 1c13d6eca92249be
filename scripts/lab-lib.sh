# shellcheck shell=bash disable=SC2034,SC2120
# SPDX-License-Identifier: BSD-3-Clause
# lab-lib.sh - a node and its pods in network namespaces of their own; sourced by the quickstart and by
# the functional tests.
#
#   lab_init BUILD_DIR      programs to use; makes the lab's folder ($LAB_DIR) and its node namespace
#   lab_start               podwayd in the node's namespace with $LAB_DIR/podway.yaml; waits until ready
#   lab_pod_add NAME        namespace + podway-cni ADD; the result is in $LAB_DIR/NAME.json
#   lab_pod_del NAME        podway-cni DEL, namespace removed
#   lab_in NAME CMD..       runs CMD in the pod's namespace (node: the node's)
#   lab_ip NAME             the pod's address
#   lab_ctl ARGS..          podwayctl
#   lab_wait SECONDS CMD..  until CMD succeeds
#   lab_listens NAME PORT   does somebody accept TCP connections there?
#   lab_cleanup             ends every process that was started here, removes namespaces and folder
#
# Nothing here touches the namespace it was started from.

lab_init() {
	LAB_BUILD=$(cd "$1" && pwd)
	LAB_DIR=$(mktemp -d /tmp/podway-lab.XXXXXX)
	LAB_PREFIX=pw$$
	LAB_PIDS=()
	LAB_PODS=()
	LAB_DAEMON=
	LAB_CID_SALT=${LAB_DIR##*.}
	mkdir -p "$LAB_DIR/state" "$LAB_DIR/run"
	ip netns add "$LAB_PREFIX-node"
	ip -n "$LAB_PREFIX-node" link set lo up
	# Opened here, so that nothing has to be entered by name later.
	LAB_SOCKET=$LAB_DIR/run/control.sock
}

lab_netns() { echo "/run/netns/$LAB_PREFIX-$1"; }

# nsenter and not `ip netns exec`: that one hides /sys/fs/cgroup and mounts anew for every command.
lab_in() {
	local name=$1
	shift
	nsenter --net="$(lab_netns "$name")" "$@"
}

# A command in the background, ended by lab_cleanup: lab_bg NAME CMD..; its pid is in LAB_LAST_PID.
lab_bg() {
	local name=$1
	shift
	nsenter --net="$(lab_netns "$name")" "$@" </dev/null >>"$LAB_DIR/$name.out" 2>&1 &
	LAB_LAST_PID=$!
	LAB_PIDS+=("$LAB_LAST_PID")
}

lab_wait() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

# Does somebody there accept TCP connections? lab_listens NAME PORT
lab_listens() { lab_in "$1" ss -Hltn "sport = :$2" | grep -q .; }

lab_ctl() { "$LAB_BUILD/app/podwayctl/podwayctl" --socket "$LAB_SOCKET" "$@"; }

lab_daemon_ready() { lab_ctl version || ! kill -0 "$LAB_DAEMON" 2>/dev/null; }

lab_start() {
	nsenter --net="$(lab_netns node)" "${LAB_WRAP[@]}" "$LAB_BUILD/app/podwayd/podwayd" \
		--config "$LAB_DIR/podway.yaml" "$@" </dev/null >>"$LAB_DIR/podwayd.log" 2>&1 &
	LAB_DAEMON=$!
	LAB_PIDS+=("$LAB_DAEMON")
	if ! lab_wait 30 lab_daemon_ready || ! kill -0 "$LAB_DAEMON" 2>/dev/null; then
		echo "podwayd did not start; the end of $LAB_DIR/podwayd.log:" >&2
		tail -15 "$LAB_DIR/podwayd.log" >&2
		return 1
	fi
}

lab_gone() { ! kill -0 "$1" 2>/dev/null; }

# lab_stop [SIGNAL]: ends the daemon; its exit code is in LAB_DAEMON_RC.
lab_stop() {
	local pid=$LAB_DAEMON
	[ -n "$pid" ] || return 0
	kill -"${1:-TERM}" "$pid" 2>/dev/null
	{ # bash would tell of a job that was killed
		lab_wait 20 lab_gone "$pid" || { kill -KILL "$pid"; echo "podwayd had to be killed"; }
		wait "$pid"
		LAB_DAEMON_RC=$?
	} 2>/dev/null
	LAB_DAEMON=
}

lab_conflist() {
	jq -n --arg socket "$LAB_SOCKET" --arg state "$LAB_DIR/state" \
		'{cniVersion: "1.0.0", name: "podnet", type: "podway-cni", socket: $socket, stateDir: $state}'
}

# lab_cni COMMAND POD [IFNAME] < configuration
lab_cni() {
	env -i PATH="$PATH" CNI_COMMAND="$1" CNI_CONTAINERID="$LAB_CID_SALT-$2" CNI_NETNS="$(lab_netns "$2")" \
		CNI_IFNAME="${3:-eth0}" CNI_PATH="$LAB_BUILD/app/podway-cni" \
		CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=$2" \
		nsenter --net="$(lab_netns node)" "$LAB_BUILD/app/podway-cni/podway-cni"
}

lab_pod_add() {
	ip netns add "$LAB_PREFIX-$1" || return 1
	LAB_PODS+=("$1")
	if ! lab_conflist | lab_cni ADD "$1" >"$LAB_DIR/$1.json" 2>"$LAB_DIR/$1.err"; then
		echo "podway-cni ADD $1 failed: $(cat "$LAB_DIR/$1.json" "$LAB_DIR/$1.err")" >&2
		return 1
	fi
}

lab_pod_del() {
	local rc=0
	lab_conflist | lab_cni DEL "$1" >/dev/null 2>"$LAB_DIR/$1.err" || rc=$?
	ip netns del "$LAB_PREFIX-$1"
	rm -f "$LAB_DIR/$1.json"
	return $rc
}

lab_ip() { jq -r '.ips[0].address | split("/")[0]' "$LAB_DIR/$1.json"; }
lab_mac() { jq -r '.interfaces[] | select(.sandbox) | .mac' "$LAB_DIR/$1.json"; }

lab_cleanup() {
	local pid ns
	lab_stop
	for pid in "${LAB_PIDS[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${LAB_PIDS[@]}"; do
		lab_wait 5 lab_gone "$pid" || kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	LAB_PIDS=()
	for ns in $(ip netns list | awk -v p="$LAB_PREFIX-" 'index($1, p) == 1 {print $1}'); do
		ip netns del "$ns"
	done
	lab_rmdirs
	[ -n "${LAB_KEEP_DIR:-}" ] || rm -rf "$LAB_DIR"
}

# The folder that DPDK makes for the lab's daemon: named by a hash (FNV-1a) of its state folder.
lab_rte_dir() {
	local hash=2166136261 text=$LAB_DIR/state i
	for ((i = 0; i < ${#text}; i++)); do
		hash=$(((hash ^ $(printf '%d' "'${text:i:1}")) * 16777619 & 0xffffffff))
	done
	printf '/var/run/dpdk/podway-%08x' $hash
}

# A daemon that was killed and not started again leaves its folder, every other DPDK program in any case.
lab_rmdirs() {
	rmdir "$(lab_rte_dir)" "/var/run/dpdk/$LAB_PREFIX"* 2>/dev/null
	true
}
