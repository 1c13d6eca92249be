#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two vhost-user ports and what is between them (rig.bash):  bench_vhost.sh vhost|vhost-ovs|conn BUILD_DIR [options]
#
#   vhost      frames of 64 bytes from port to port: podwayd as bridge, router, Service, beside testpmd mac (P-4)
#   vhost-ovs  the same beside OVS-DPDK: Service of 1,000 to 1,000,000 flows (P-5); OVS with the best of its caches' settings
#   conn       new connections a second through a Service: UDP of a request and a response, TCP of seven segments (P-6)
#
# In turn one window of each row, each with everything started anew. A window without a frame that the device refused is
# void: the generator was the slower one.
# shellcheck disable=SC2034
. "$(dirname "$0")/../func/lib.sh"
. "$(dirname "$0")/figures.bash"
. "$(dirname "$0")/rig.bash"
. "$(dirname "$0")/ovs.bash"

mode=${1:-}
case $mode in
vhost)
	windows=(mac l2 l3 nat1k nat1m)
	FIGURES_TABLE='
mac|P-4|testpmd mac, 64 B|Mpps|-|null
l2|P-4|podwayd, bridge, 64 B|Mpps|mac|$ratio >= 1
l3|P-4|podwayd, router, 64 B|Mpps|mac|$ratio >= 0.97
nat1k|P-4|podwayd, Service, 1,000 flows, 64 B|Mpps|mac|$ratio >= 0.87
nat1m|P-4|podwayd, Service, 1,000,000 flows, 64 B|Mpps|mac|$ratio >= 0.7'
	;;
vhost-ovs)
	windows=(l2 ovs-l2 nat1k ovs-nat1k nat100k ovs-nat100k nat1m ovs-nat1m)
	FIGURES_TABLE='
l2|P-5|podwayd, bridge, 64 B|Mpps|ovs-l2|null
ovs-l2|P-5|OVS-DPDK, NORMAL, 64 B|Mpps|-|null
nat1k|P-5|podwayd, Service, 1,000 flows, 64 B|Mpps|ovs-nat1k|$ratio >= 3.5
ovs-nat1k|P-5|OVS-DPDK, ct+nat, 1,000 flows, 64 B|Mpps|-|null
nat100k|P-5|podwayd, Service, 100,000 flows, 64 B|Mpps|ovs-nat100k|$ratio >= 8
ovs-nat100k|P-5|OVS-DPDK, ct+nat, 100,000 flows, 64 B|Mpps|-|null
nat1m|P-5|podwayd, Service, 1,000,000 flows, 64 B|Mpps|ovs-nat1m|$ratio >= 12
ovs-nat1m|P-5|OVS-DPDK, ct+nat, 1,000,000 flows, 64 B|Mpps|-|null'
	;;
conn)
	windows=(udp ovs-udp tcp ovs-tcp)
	FIGURES_TABLE='
udp|P-6|podwayd, new UDP connections a second|k/s|ovs-udp|$value >= 2500 and $ratio >= 8
ovs-udp|P-6|OVS-DPDK, new UDP connections a second|k/s|-|null
tcp|P-6|podwayd, new TCP connections a second|k/s|ovs-tcp|$value >= 1000 and $ratio >= 8
ovs-tcp|P-6|OVS-DPDK, new TCP connections a second|k/s|-|null'
	;;
*) echo "usage: $0 vhost|vhost-ovs|conn BUILD_DIR [options]" >&2; exit 2 ;;
esac
shift
figures_options "$mode" "$@"

cps() {
	rig_conns "$1" | rig_generate "$(rig_warmup)" || { echo -; return; }
	rig_result '.connections[0].cps / 100 | round / 10'
}

# What a row measures: RUN ROW
case $mode in
conn) run=cps ;;
*) run=rig_mpps ;;
esac

ovs_window() { # ROW without ovs-
	ovs_start || return 1
	if [ "$1" = l2 ]; then
		ovs_bridge
	else
		ovs_service
	fi
	figure "ovs-$1" "$(ovs_best $run "$1")"
	figure_path "ovs-$1" "$(cat "$LAB_DIR/ovs.how" 2>/dev/null); $(rig_path)"
}

podway_window() {
	RIG_SERVER=
	rig_device "$1" && figure "$1" "$($run "$1")" && figure_path "$1" "$1: $(rig_path)"
}

window() { # ROW
	figures_lab
	case $1 in
	ovs-*) ovs_window "${1#ovs-}" ;;
	*) podway_window "$1" ;;
	esac || return 1
	figures_lab_end
	printf '%-12s %8s\n' "$1" "$(last "$1")"
}

[ -z "$QUICK" ] || [ "$mode" != vhost-ovs ] || windows=(nat1k ovs-nat1k)
ovs_there || {
	mapfile -t windows < <(printf '%s\n' "${windows[@]}" | grep -v '^ovs-')
	echo "without OVS-DPDK (scripts/install-packages.sh bench)"
}
figures_run window "${windows[@]}"
