# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# proxies.bash - Services in the kernel, with the rules that kube-proxy writes; sourced by bench_kernel.sh.
#
#   proxy_pods CLIENT SERVER          two namespaces with veth pairs on a bridge of the node, which is their gateway
#   proxy_iptables N ADDRESS TARGET   N Services, that with ADDRESS (TCP and UDP port 5201, UDP port 7) last; TARGET serves
#   proxy_nft N ADDRESS TARGET        the same as kube-proxy's nftables mode: one map of all Services

PROXY_PORTS='tcp 5201
udp 5201
udp 7'

proxy_pods() {
	local name i=2
	ip -n "$LAB_PREFIX-node" link add br0 type bridge || return 1
	ip -n "$LAB_PREFIX-node" addr add 10.244.1.1/24 dev br0 && ip -n "$LAB_PREFIX-node" link set br0 up || return 1
	for name in "$@"; do
		veth_add "$name" -- 10.244.1.$i/24 && ip -n "$LAB_PREFIX-node" link set "v-$name" master br0 || return 1
		lab_in "$name" ip route add default via 10.244.1.1 || return 1
		i=$((i + 1))
	done
	# Answers between pods of one bridge must pass the translation, too.
	lab_in node sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
}

proxy_iptables() {
	awk -v n="$1" -v vip="$2" -v target="$3" -v ports="$PROXY_PORTS" '
		function service(id, address, proto, port, endpoint) {
			names = names ":KUBE-SVC-" id " - [0:0]\n:KUBE-SEP-" id " - [0:0]\n"
			rules = rules "-A KUBE-SERVICES -d " address "/32 -p " proto " -m comment --comment \"ns/svc-" id " cluster IP\"" \
				" -m " proto " --dport " port " -j KUBE-SVC-" id "\n" \
				"-A KUBE-SVC-" id " ! -s 10.244.0.0/16 -d " address "/32 -p " proto " -m " proto " --dport " port " -j KUBE-MARK-MASQ\n" \
				"-A KUBE-SVC-" id " -m comment --comment \"ns/svc-" id "\" -j KUBE-SEP-" id "\n" \
				"-A KUBE-SEP-" id " -s " endpoint "/32 -m comment --comment \"ns/svc-" id "\" -j KUBE-MARK-MASQ\n" \
				"-A KUBE-SEP-" id " -p " proto " -m " proto " -j DNAT --to-destination " endpoint ":" port "\n"
		}
		BEGIN {
			for (i = 1; i < n; i++)
				service(sprintf("%08d", i), "10.97." int(i / 250) "." i % 250 + 1, "tcp", 80, "10.244.2." i % 250 + 1)
			split(ports, list, "\n")
			for (i = 1; i in list; i++) {
				split(list[i], p, " ")
				service("LAST000" i, vip, p[1], p[2], target)
			}
			print "*filter\n:KUBE-FORWARD - [0:0]\n-A FORWARD -j KUBE-FORWARD"
			print "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT"
			print "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT"
			print "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-POSTROUTING - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n" names \
				"-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n-A POSTROUTING -j KUBE-POSTROUTING\n" \
				"-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n" \
				"-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n" \
				"-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0\n-A KUBE-POSTROUTING -j MASQUERADE --random-fully\n" rules "COMMIT"
		}' | lab_in node iptables-restore
}

proxy_nft() {
	awk -v n="$1" -v vip="$2" -v target="$3" -v ports="$PROXY_PORTS" '
		function service(id, address, proto, port, endpoint) {
			map = map (map ? ", " : "") address " . " proto " . " port " : goto service-" id
			chains = chains "chain endpoint-" id " { ip saddr " endpoint " jump mark-for-masquerade; meta l4proto " proto \
				" dnat to " endpoint ":" port "; }\n" \
				"chain service-" id " { ip daddr " address " " proto " dport " port " ip saddr != 10.244.0.0/16 jump mark-for-masquerade; " \
				"numgen random mod 1 vmap { 0 : goto endpoint-" id " }; }\n"
		}
		BEGIN {
			for (i = 1; i < n; i++)
				service(i, "10.97." int(i / 250) "." i % 250 + 1, "tcp", 80, "10.244.2." i % 250 + 1)
			split(ports, list, "\n")
			for (i = 1; i in list; i++) {
				split(list[i], p, " ")
				service("last" i, vip, p[1], p[2], target)
			}
			print "table ip kube-proxy {"
			print "chain mark-for-masquerade { meta mark set meta mark or 0x4000; }\n" chains
			print "map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; elements = { " map " }; }"
			print "chain services { ip daddr . meta l4proto . th dport vmap @service-ips; }"
			print "chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }"
			print "chain nat-output { type nat hook output priority -100; jump services; }"
			print "chain nat-postrouting { type nat hook postrouting priority srcnat; meta mark and 0x4000 == 0 return; masquerade fully-random; }"
			print "chain filter-forward { type filter hook forward priority -110; ct state invalid drop; ct state new jump services-filter; }"
			print "chain services-filter { }\n}"
		}' | lab_in node nft -f -
}
