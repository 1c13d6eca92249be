#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# workers: any
# podwayd --preflight on machines that lack something: it is really taken away (capabilities, limits, devices, mounts, cores),
# the row of the table says so and names the fix, and the daemon does not start where the row says FAIL (OPS-7, OPS-9).
# shellcheck disable=SC2046 # wrappers are words
. "$(dirname "$0")/lib.sh"
test_begin "$@"

PODWAYD=$LAB_BUILD/app/podwayd/podwayd
test_config_node </dev/null
config() { # [SED ARGS..]: the configuration, changed
	sed "$@" "$LAB_DIR/podway.yaml" >"$LAB_DIR/changed.yaml"
}
more() { # LINE..: what the configuration has besides
	cp "$LAB_DIR/podway.yaml" "$LAB_DIR/changed.yaml"
	printf '%s\n' "$@" >>"$LAB_DIR/changed.yaml"
}

# row NAME GRADE TEXT [WRAPPER..]: the row has that grade, it or its fix says TEXT; the exit status fits
row() {
	local name=$1 grade=$2 text=$3 rc=0
	shift 3
	nsenter --net="$(lab_netns node)" "$@" "$PODWAYD" --preflight --config "$LAB_DIR/changed.yaml" >"$LAB_DIR/table" 2>&1 || rc=$?
	cat "$LAB_DIR/table"
	grep -A1 "^$name *$grade " "$LAB_DIR/table" | grep -q -- "$text" || return 1
	[ "$grade" != FAIL ] && return 0
	[ $rc = 1 ] && grep -A1 "^$name *FAIL" "$LAB_DIR/table" | grep -q "fix: "
}

# It ends at once with the same reason.
does_not_start() { # TEXT [WRAPPER..]
	local text=$1
	shift
	! timeout 20 nsenter --net="$(lab_netns node)" "$@" "$PODWAYD" --config "$LAB_DIR/changed.yaml" >"$LAB_DIR/start.out" 2>&1 || return 1
	cat "$LAB_DIR/start.out"
	grep -q "cannot start: .*$text" "$LAB_DIR/start.out"
}

# A capability that root of a container does not have.
without() { echo "setpriv --bounding-set -$1 --inh-caps -$1"; }

config -e ''
check "nothing is missing" row tun ok "opens"
check "it says what each row found" [ "$(grep -c '^[a-zA-Z].* \(ok\|warn\) ' "$LAB_DIR/table")" = "$(($(grep -c '^[a-zA-Z]' "$LAB_DIR/table") - 1))" ]

# ---- capabilities
check "without CAP_NET_ADMIN" row capabilities FAIL "AmbientCapabilities=CAP_NET_ADMIN" $(without net_admin)
check "... it does not start" does_not_start "CAP_NET_ADMIN is missing" $(without net_admin)
check "without CAP_SYS_ADMIN it warns" row capabilities warn "pods are not found again" $(without sys_admin)
more "uplinks: [{name: up, type: af_packet, interface: lo, addresses: [192.0.2.1/24]}]"
check "af_packet without CAP_NET_RAW" row interfaces FAIL "AmbientCapabilities=" $(without net_raw)
check "... it does not start" does_not_start "CAP_NET_RAW is missing" $(without net_raw)
more "uplinks: [{name: up, type: af_xdp, interface: lo, addresses: [192.0.2.1/24]}]"
check "af_xdp with all it needs" row interfaces ok "AF_XDP sockets"
check "af_xdp without CAP_BPF and CAP_SYS_ADMIN" row interfaces FAIL "type: af_packet" \
	setpriv --bounding-set -bpf,-sys_admin --inh-caps -bpf,-sys_admin
check "af_xdp with little memory to lock" row "locked memory" FAIL "LimitMEMLOCK=infinity" \
	prlimit --memlock=65536:65536 setpriv --bounding-set -ipc_lock,-sys_resource --inh-caps -ipc_lock,-sys_resource
check "... which CAP_IPC_LOCK does without" row "locked memory" ok "64 KB" \
	prlimit --memlock=65536:65536 setpriv --bounding-set -sys_resource --inh-caps -sys_resource

# ---- limits, cores, memory
config -e ''
check "few open files" row "open files" warn "LimitNOFILE=" prlimit --nofile=100:100
config -e 's/^cpu: .*/cpu: {control: 0, workers: [1]}/'
check "a cpuset without the worker's core" row cores FAIL "AllowedCPUs=" taskset -c 0
check "... it does not start" does_not_start "core 1 is not among" taskset -c 0
config -e 's/^cpu: .*/cpu: {workers: auto}/'
check "workers: auto takes the cores of the cpuset" row cores ok "control on core 0, 1 worker$"
check "... and shares the only one" row cores warn "a core of its own" taskset -c 0
config -e 's/^cpu: .*/cpu: {control: 0, workers: [0, 1], share: true}/'
check "shared cores are told" row cores warn "a core of its own"
config -e 's/size_mb: 256/size_mb: 1000000/'
check "more memory than there is" row memory FAIL "lower it in"
if [ "$(cat /proc/sys/vm/nr_hugepages)" = 0 ]; then
	config -e 's/hugepages: no/hugepages: yes/'
	check "hugepages that are not there" row hugepages FAIL "vm.nr_hugepages=128"
	check "... it does not start" does_not_start "vm.nr_hugepages=128"
	config -e 's/hugepages: no/hugepages: auto/'
	check "hugepages that would be good" row hugepages warn "ordinary pages are slower"
else
	skip "hugepages that are not there" "this machine has some"
fi

# ---- devices and mounts
config -e ''
cover() { # FOLDER: a wrapper that hides it
	printf '#!/bin/sh\nmount -t tmpfs none %s && exec "$@"\n' "$1" >"$LAB_DIR/cover"
	chmod +x "$LAB_DIR/cover"
}
hidden=(unshare --mount --propagation private "$LAB_DIR/cover")
cover /dev/net
check "no /dev/net/tun" row tun FAIL "modprobe tun" "${hidden[@]}"
check "... it does not start" does_not_start "/dev/net/tun cannot be opened" "${hidden[@]}"
config -e '$ahost: {enabled: false}'
check "... unless no TAP is made here" row tun warn "modprobe tun" "${hidden[@]}"
config -e ''
cover /sys
check "no /sys" row kernel FAIL "mount -t sysfs" "${hidden[@]}"
more "uplinks: [{name: up, device: '0000:ff:1f.7', addresses: [192.0.2.1/24]}]"
check "a NIC that is not there" row NICs FAIL "lspci -D"
check "... it does not start" does_not_start "no such PCI device"
more "ports: [{name: vn, type: virtio-user, interface: vn0, bridge: br0}]"
cover /dev
check "no /dev/vhost-net" row vhost-net FAIL "modprobe vhost_net" "${hidden[@]}"

# ---- state
config -e "s|^state_dir: .*|state_dir: /dev/shm/$LAB_PREFIX|"
check "a state folder in memory" row "state folder" warn "does not outlive a reboot"
config -e "s|^state_dir: .*|state_dir: $LAB_DIR/nobodys|"
mkdir -m 500 "$LAB_DIR/nobodys"
chmod 711 "$LAB_DIR"
chmod 644 "$LAB_DIR/changed.yaml"
check "a state folder that cannot be written" row "state folder" FAIL "state_dir" setpriv --reuid 65534 --clear-groups
check "nothing was left" [ ! -e "/dev/shm/$LAB_PREFIX" ]
test_end
