#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A virtual machine as vhost-user pod: QEMU with a Linux guest, on a socket of ours and on one of QEMU's. It is client
# and server to a pod on its bridge, to a host behind a router and by Services: TCP, UDP, ICMP, fragments, all
# verified byte by byte (PORT-5, OFF-2, OFF-3, L3-1, ICMP-6, SVC-1). Emulated: without KVM it boots in some 10 s.
. "$(dirname "$0")/lib.sh"
. "$TEST_DIR/peers.bash"
test_begin "$@"

KERNEL=$(find /boot -maxdepth 1 -name 'vmlinuz-*cloud*' | sort -V | tail -1)
MODULES=/lib/modules/${KERNEL#*/vmlinuz-}
need() { # FILE PACKAGE
	[ -e "$1" ] && return
	skip "QEMU guests" "$2 is not installed"
	test_end
}
need "$(command -v qemu-system-x86_64 || echo /usr/bin/qemu-system-x86_64)" qemu-system-x86
need "${KERNEL:-/boot/vmlinuz-cloud}" linux-image-cloud-amd64
need /bin/busybox busybox-static

both="ports: [{name: tcp, protocol: tcp, port: 7, target_port: 7000}, {name: udp, protocol: udp, port: 7, target_port: 7000}]"
test_config_node <<EOF
ports:
  - {name: vm0, type: vhost-user, socket: $LAB_DIR/vm0.sock, bridge: br0}
  - {name: vm1, type: vhost-user, mode: client, socket: $LAB_DIR/vm1.sock, bridge: br0}
  - {name: lan, type: tap, addresses: [192.0.2.1/24]}
services:
  - {name: default/pod, cluster_ip: 10.96.0.1, endpoints: [10.244.1.2], $both}
  - {name: default/lan, cluster_ip: 10.96.0.2, endpoints: [192.0.2.2], $both}
  - {name: default/vm0, cluster_ip: 10.96.0.3, endpoints: [10.244.1.200], $both}
  - {name: default/vm1, cluster_ip: 10.96.0.4, endpoints: [10.244.1.201], $both}
EOF

cat >"$LAB_DIR/targets" <<EOF
bridge pod 10.244.1.2 7000
routed lan 192.0.2.2 7000
routed node 198.51.100.1 7000
Service pod 10.96.0.1 7
Service_routed lan 10.96.0.2 7
EOF

# Of python what the two programs need, and the libraries of both: files, a line each.
python_files() {
	/usr/bin/python3 -S -I - "$TEST_DIR" <<'EOF'
import os, runpy, sys
folder, out = sys.argv[1], sys.stdout
runpy.run_path(f"{folder}/peer.py", run_name="peer")
sys.argv, sys.stdout = ["matrix.py", "--head", "a,b"], open(os.devnull, "w")
runpy.run_path(f"{folder}/matrix.py", run_name="__main__")
files = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
print("/usr/bin/python3", *(file for file in files if file.startswith("/usr/lib")), sep="\n", file=out)
EOF
	ldd /usr/bin/python3 | grep -o '/[^ ]*'
}

# The guest: busybox, python, and the modules of virtio-net in the order they need one another. It says "up",
# then serves, and says what became of its own traffic.
guest_image() {
	local root=$LAB_DIR/guest module
	mkdir -p "$root"/{bin,dev,proc,sys,modules,tmp}
	cp /bin/busybox "$root/bin/"
	cp "$TEST_DIR/peer.py" "$TEST_DIR/matrix.py" "$LAB_DIR/targets" "$root/"
	python_files | xargs cp -L --parents -t "$root" || return 1
	for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
		find "$MODULES" -name "$module.ko" -exec cp {} "$root/modules/" \;
	done
	cat >"$root/init" <<'EOF'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev 2>/dev/null
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
	[ -e /modules/$m.ko ] && insmod /modules/$m.ko
done
for word in $(cat /proc/cmdline); do
	case $word in name=*|address=*|gateway=*) eval "$word" ;; esac
done
ip link set lo up
ip link set eth0 up
ip addr add $address/24 dev eth0
ip route add default via $gateway
echo "guest: up"
python3="/usr/bin/python3 -S -I"
$python3 /peer.py serve 0.0.0.0 7000 &
$python3 /matrix.py --patience 15 $name </targets
echo "guest: done"
sleep 100000
EOF
	chmod +x "$root/init"
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$LAB_DIR/guest.gz"
}

# guest_start PORT ADDRESS CHARDEV-OPTIONS. Without vectors=0 QEMU 7.2 crashes when it emulates the CPU.
guest_start() {
	lab_bg node sh -c 'out=$1; shift; exec "$@" >"$out" 2>&1' - "$LAB_DIR/$1.console" \
		qemu-system-x86_64 -nodefaults -no-reboot -display none -serial stdio -accel tcg -cpu max -m 256M \
		-object memory-backend-memfd,id=m0,size=256M,share=on -machine q35,memory-backend=m0 \
		-chardev "socket,id=c0,path=$LAB_DIR/$1.sock$3" -netdev vhost-user,id=n0,chardev=c0 \
		-device "virtio-net-pci,netdev=n0,vectors=0,romfile=,mac=02:00:00:00:01:0${1#vm}" \
		-kernel "$KERNEL" -initrd "$LAB_DIR/guest.gz" \
		-append "console=ttyS0 quiet panic=-1 name=$1 address=$2 gateway=10.244.1.1"
	QEMU=$LAB_LAST_PID
}

says() { grep -q "guest: $2" "$LAB_DIR/$1.console"; }
is_state() { [ "$(ctl_json ".ports[] | select(.name == \"$1\") | .state" ports)" = "$2" ]; }
serve() {
	lab_bg "$1" "$TEST_DIR/peer.py" serve 0.0.0.0 7000
	lab_wait 10 lab_listens "$1" 7000
}
count_cells() { # ROWS: prints them
	cat "$1"
	PASSED=$((PASSED + $(grep -ow ok "$1" | wc -l))) FAILED=$((FAILED + $(grep -ow FAIL "$1" | wc -l)))
}
# from NAMESPACE CLIENT LAYER ADDRESS VIP: from there to the guest
from() {
	printf '%s\n' "$3 $port $4 7000" "Service $port $5 7" |
		lab_in "$1" "$TEST_DIR/matrix.py" --patience 15 "$2" >"$LAB_DIR/rows"
	count_cells "$LAB_DIR/rows"
}

check "podwayd starts with $WORKERS workers" lab_start
check "a pod" lab_pod_add pod
check "a host behind a routed port" peer_add lan lan 192.0.2.2/24
ip -n "$LAB_PREFIX-lan" route add default via 192.0.2.1
ip -n "$LAB_PREFIX-node" route add 192.0.2.0/24 dev podway0 src 198.51.100.1
for peer in pod lan node; do
	check "$peer serves" serve $peer
done
check "an image for the guest" guest_image

guest() { # PORT ADDRESS VIP CHARDEV-OPTIONS WHAT
	local port=$1 before
	guest_start "$1" "$2" "$4"
	check_eventually 60 "$5: the guest boots" says "$1" up
	says "$1" up || return 0
	check "$5: its port is up" is_state "$1" up
	check_eventually 90 "$5: it has spoken with everybody" says "$1" "done"
	before=$((PASSED + FAILED))
	"$TEST_DIR/matrix.py" --head "client -> server,layer"
	tr -d '\r' <"$LAB_DIR/$1.console" | grep -E "^  $1 -> |^        " >"$LAB_DIR/rows"
	count_cells "$LAB_DIR/rows"
	from pod pod bridge "$2" "$3"
	from lan lan routed "$2" "$3"
	from node node routed "$2" "$3"
	check "$5: no cell is missing" [ $((PASSED + FAILED - before)) = 55 ]
	kill -KILL "$QEMU"
	check_eventually 5 "$5: the port goes down with it" is_state "$1" down
}
guest vm0 10.244.1.200 10.96.0.3 "" "our socket"
guest vm1 10.244.1.201 10.96.0.4 ",server=on,wait=off" "QEMU's socket"
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
