#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Pods that are not as they were when the daemon comes back: what is found in their place is left alone, each is told
# with its reason, its address is free; the others go on (OPS-1, IPAM-4, offloads: check before TUNSETIFF).
# workers: any
. "$(dirname "$0")/lib.sh"
test_begin "$@"

test_config_node <<EOF
services: []
EOF

in_ns() { ip -n "$LAB_PREFIX-$1" "${@:2}"; }
pod_is() { [ "$(ctl_json ".pods[] | select(.name == \"$1\") | .state" pods)" = "$2" ]; }
log_has() { grep -q -- "$1" "$LAB_DIR/podwayd.log"; }
leases() { find "$LAB_DIR/state/ipam" -name '*@*.json' | wc -l; }
saved() { find "$LAB_DIR/state/pods" -name '*.json' | wc -l; }

# Takes the pod's TAP as another program would, until it is ended.
taker() {
	lab_bg "$1" /usr/bin/python3 -c '
import fcntl, struct, time
tun = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"eth0", 0x0002 | 0x1000 | 0x4000))  # TUNSETIFF: TAP NO_PI VNET_HDR
print("taken", flush=True)
time.sleep(60)'
	lab_wait 5 grep -q taken "$LAB_DIR/$1.out"
}

check "podwayd starts" lab_start
for name in stays namespace index mac kind missing taken; do
	check "pod $name" lab_pod_add $name
done
check "seven addresses are leased" [ "$(leases)" = 7 ]
lab_stop KILL

ip netns del "$LAB_PREFIX-namespace"
check "another namespace under the same name" ip netns add "$LAB_PREFIX-namespace"
mac=$(lab_mac index)
in_ns index link del eth0
check "another TAP with the same name and MAC" lab_in index sh -c "ip tuntap add dev eth0 mode tap vnet_hdr && ip link set eth0 address $mac"
check "another MAC" in_ns mac link set eth0 address 02:00:00:00:00:99
mac=$(lab_mac kind)
in_ns kind link del eth0
check "a veth in its place" in_ns kind link add eth0 type veth peer name other
in_ns missing link del eth0
check "one whose TAP somebody has" taker taken
holder=$LAB_LAST_PID
check "podwayd starts again" lab_start

lost() { # NAME REASON
	check "$1: is lost" pod_is "$1" lost
	check "$1: the reason is told" log_has "default/$1 (eth0) is lost: .*$2"
}
lost namespace 'is another namespace now'
lost index 'is another one (index'
lost mac 'has another MAC (02:00:00:00:00:99)'
lost kind 'is no TAP'
lost missing 'eth0'
lost taken 'another process has it'
check "the one that is as it was is up" pod_is stays up
check "... and works" lab_in stays ping -c 2 -i 0.1 -W 2 10.244.1.1
check "one address is leased" [ "$(leases)" = 1 ]
check "one pod is saved" [ "$(saved)" = 1 ]
check "what was found is as it was: the TAP" in_ns index link show eth0
check "... the veth" in_ns kind link show eth0
check "... the one with another MAC" sh -c "ip -n $LAB_PREFIX-mac link show eth0 | grep -q 02:00:00:00:00:99"
check "... nobody took the new TAP" sh -c "! ip -n $LAB_PREFIX-index link show eth0 | grep LOWER_UP"
kill "$holder"

# ---- their DELs come, and new pods get the addresses
for name in namespace index mac kind missing taken; do
	lab_conflist | lab_cni DEL $name >/dev/null 2>"$LAB_DIR/$name.err" || echo $name >>"$LAB_DIR/dels"
done
check "every DEL succeeds" test ! -e "$LAB_DIR/dels"
check "one pod is listed" ctl_json '[.pods[].name] == ["stays"]' pods
lab_stop KILL
check "podwayd starts again" lab_start
check "nothing of them came back" ctl_json '[.pods[].name] == ["stays"]' pods
check "a new pod" lab_pod_add another
check "... works" lab_in another ping -c 2 -i 0.1 -W 2 "$(lab_ip stays)"
test_end
