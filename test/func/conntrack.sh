#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The kernel as the judge (CT-2, CT-3, CT-4): the same connections of real sockets and crafted packets go through a Service of
# podwayd and through a kernel router with nftables DNAT and connection tracking; states and timeouts must be
# the same after each step. TCP open, close, half-close, simultaneous close, reset, reopening, out of window; UDP; SCTP.
. "$(dirname "$0")/lib.sh"
test_begin "$@"

vip=10.96.0.10
test_config_node <<EOF
services:
  - name: default/server
    cluster_ip: $vip
    endpoints: [10.244.1.3]
    ports:
      - {name: tcp, protocol: tcp, port: 7, target_port: 7000}
      - {name: udp, protocol: udp, port: 7, target_port: 7000}
      - {name: sctp, protocol: sctp, port: 7, target_port: 7000}
EOF

# What the kernel answers to crafted segments would be a part of the conversation: quiet NAME
quiet() {
	lab_in "$1" nft -f - <<-EOF
		table ip quiet {
			chain out {
				type filter hook output priority 0
				tcp sport 9000-9100 tcp flags rst meta mark 0 drop
				tcp dport 9000-9100 tcp flags rst meta mark 0 drop
			}
		}
	EOF
}

# kernel_router: kclient and kserver on both sides of it, with kube-proxy's settings of the
# tracker, and without the timers that need sequence numbers
kernel_router() {
	local name i=0 router=$LAB_PREFIX-krouter
	ip netns add "$router" && ip -n "$router" link set lo up || return 1
	for name in kclient kserver; do
		i=$((i + 1))
		ip netns add "$LAB_PREFIX-$name"
		ip -n "$router" link add "$name" type veth peer name eth0 netns "$LAB_PREFIX-$name" || return 1
		ip -n "$router" addr add "10.99.$i.1/24" dev "$name" && ip -n "$router" link set "$name" up || return 1
		ip -n "$LAB_PREFIX-$name" addr add "10.99.$i.2/24" dev eth0
		ip -n "$LAB_PREFIX-$name" link set eth0 up
		ip -n "$LAB_PREFIX-$name" route add default via "10.99.$i.1" || return 1
	done
	lab_in krouter nft -f - <<-EOF || return 1
		table ip nat {
			chain pre {
				type nat hook prerouting priority -100
				ip daddr $vip meta l4proto { tcp, udp, sctp } th dport 7 dnat to 10.99.2.2:7000
			}
		}
	EOF
	lab_in krouter sysctl -q net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_tcp_timeout_established=86400 \
		net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600 net.netfilter.nf_conntrack_tcp_be_liberal=1 \
		net.netfilter.nf_conntrack_tcp_timeout_unacknowledged=86400 net.netfilter.nf_conntrack_tcp_timeout_max_retrans=86400
}

cat >"$LAB_DIR/kernel-flows" <<EOF
#!/bin/sh
# protocol, seconds left, state, source port
exec nsenter --net=$(lab_netns krouter) conntrack -L 2>/dev/null | awk '{
	state = \$4 ~ /=/ ? (/UNREPLIED/ ? "NEW" : "REPLIED") : \$4
	match(\$0, /sport=[0-9]+/)
	print \$1, \$3, state, substr(\$0, RSTART + 6, RLENGTH - 6)}'
EOF
cat >"$LAB_DIR/podway-flows" <<EOF
#!/bin/sh
exec $LAB_BUILD/app/podwayctl/podwayctl --socket $LAB_SOCKET --json flows | jq -r '.flows[] |
	"\(.protocol) \(.timeout_sec) \(.state | ascii_upcase) \(.client | split(":")[1])"'
EOF
chmod +x "$LAB_DIR"/*-flows

check "podwayd starts with $WORKERS workers" lab_start
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done
check "the server's address is the Service's endpoint" [ "$(lab_ip server)" = 10.244.1.3 ]
check "a kernel router with DNAT" kernel_router
if ! lab_in krouter conntrack -L >/dev/null 2>&1; then
	skip "the kernel as the judge" "conntrack cannot list this kernel's connections"
	test_end
fi
for pod in client server kclient kserver; do
	check "$pod: the kernel keeps out of crafted conversations" quiet $pod
done
drive() { # OUT CLIENT SERVER FLOWS
	"$TEST_DIR/conntrack.py" "$(lab_netns "$2")" "$(lab_netns "$3")" -- "$LAB_DIR/$4" >"$LAB_DIR/$1"
}
check "conversations through the kernel" drive kernel.steps kclient kserver kernel-flows
check "conversations through podwayd" drive podway.steps client server podway-flows
check "as many steps" [ "$(wc -l <"$LAB_DIR/kernel.steps")" = "$(wc -l <"$LAB_DIR/podway.steps")" ]

# Where podwayd is meant to do otherwise: what it holds instead, and why.
declare -A instead=(
	["tcp refused: nobody listens: RST"]="CLOSE 10" # the kernel forgets at once; here a RST may turn out not to be the end
	["tcp reset in the handshake: RST+ACK"]="CLOSE 10"
	["sctp: INIT"]="COOKIE_WAIT 3" # the kernel: only after the INIT ACK
	["sctp aborted: INIT"]="COOKIE_WAIT 3"
)

# One check a step: what podwayd holds beside what the kernel does. Lines are "connection | step | state and timeout".
same() {
	echo "kernel: $2"
	echo "podway: $1"
	[ "$1" = "$2" ]
}
while IFS='|' read -r name step podway _ _ kernel; do
	wanted=${instead[$name: $step]:-$kernel}
	check "$name: $step: $wanted" same "$podway" "$wanted"
done < <(paste -d '|' "$LAB_DIR/podway.steps" "$LAB_DIR/kernel.steps")
check_eventually 5 "rx = tx + drops + held" ledger_settled
test_end
