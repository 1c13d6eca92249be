#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A virtual machine as vhost-user pod: QEMU with a Linux guest, on a socket of ours and on one of QEMU's; the
# guest's kernel pings gateway and pod, and its TCP is verified both ways (PORT-5). Emulated, so slow: without
# KVM the guest boots in some 10 s.
. "$(dirname "$0")/lib.sh"
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

test_config_node <<EOF
ports:
  - {name: vm0, type: vhost-user, socket: $LAB_DIR/vm0.sock, bridge: br0}
  - {name: vm1, type: vhost-user, mode: client, socket: $LAB_DIR/vm1.sock, bridge: br0}
EOF

# The guest: busybox and the modules of virtio-net, in the order they need one another. It says "up", then
# answers as an echo server and says what became of its own ping and download.
guest_image() {
	local root=$LAB_DIR/guest module
	mkdir -p "$root"/{bin,dev,proc,sys,modules}
	cp /bin/busybox "$root/bin/"
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
	case $word in address=*|gateway=*|pod=*) eval "$word" ;; esac
done
ip link set lo up
ip link set eth0 up
ip addr add $address/24 dev eth0
ip route add default via $gateway
echo "guest: up"
nc -l -p 7 -e cat &
ping -c 3 -W 5 $gateway >/dev/null && echo "guest: gateway answers"
ping -c 3 -W 5 -s 1400 $pod >/dev/null && echo "guest: pod answers"
echo "guest: sum $(wget -q -O - http://$pod:8000/data | sha256sum | cut -d' ' -f1)"
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
		-append "console=ttyS0 quiet panic=-1 address=$2 gateway=10.244.1.1 pod=$server"
	QEMU=$LAB_LAST_PID
}

says() { grep -q "guest: $2" "$LAB_DIR/$1.console"; }
is_state() { [ "$(ctl_json ".ports[] | select(.name == \"$1\") | .state" ports)" = "$2" ]; }
echoed() { # ADDRESS: 200 kB to the guest's echo server and back
	head -c 200000 /dev/urandom >"$LAB_DIR/sent"
	lab_in client timeout 20 socat -t 10 - "TCP:$1:7" <"$LAB_DIR/sent" >"$LAB_DIR/back"
	cmp "$LAB_DIR/sent" "$LAB_DIR/back"
}

check "an image for the guest" guest_image
check "podwayd starts with $WORKERS workers" lab_start
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done
server=$(lab_ip server)
mkdir "$LAB_DIR/www"
head -c 2000000 /dev/urandom >"$LAB_DIR/www/data"
sum=$(sha256sum "$LAB_DIR/www/data" | cut -d' ' -f1)
lab_bg server /usr/bin/python3 -m http.server -d "$LAB_DIR/www" 8000
check_eventually 10 "server listens" lab_listens server 8000

guest() { # PORT ADDRESS CHARDEV-OPTIONS WHAT
	guest_start "$1" "$2" "$3"
	check_eventually 60 "$4: the guest boots" says "$1" up
	check "$4: its port is up" is_state "$1" up
	check_eventually 20 "$4: it pings the gateway" says "$1" "gateway answers"
	check_eventually 20 "$4: it pings a pod" says "$1" "pod answers"
	check_eventually 20 "$4: it downloads 2 MB from a pod, verified" says "$1" "sum $sum"
	check "$4: a pod pings it" lab_in client ping -c 3 -i 0.1 -W 5 "$2"
	check "$4: a pod's TCP comes back verified" echoed "$2"
	kill -KILL "$QEMU"
	check_eventually 5 "$4: the port goes down with it" is_state "$1" down
}
guest vm0 10.244.1.200 "" "our socket"
guest vm1 10.244.1.201 ",server=on,wait=off" "QEMU's socket"
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
