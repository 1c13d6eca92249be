# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# ovs.bash - OVS-DPDK as the device of rig.bash: its own database and daemons in the lab's folder, nothing of the system's
# is touched. Sourced after rig.bash.
#
#   ovs_start                 bridge br0 with dpdkvhostuserclient ports a and b, one PMD thread on core 1
#   ovs_bridge, ovs_service   the flows: learning switch; connections to the Service are translated, and back
#   ovs_best RUN..            RUN (prints a value, - or nothing: none) with each of its caches' settings: prints the best
#                             value; how is in $LAB_DIR/ovs.how, with the packets that went to user space for a decision
#
# ct(commit,nat) is without recirculation, which is the fastest form it has.

OVS_DAEMON=/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
# name | settings of the caches of flows: of Open_vSwitch other_config
OVS_SETTINGS='
defaults|emc-insert-inv-prob=100 smc-enable=false
EMC off|emc-insert-inv-prob=0 smc-enable=false
SMC on|emc-insert-inv-prob=0 smc-enable=true
'

ovs_there() { [ -x $OVS_DAEMON ]; }

# The programs look there for sockets and databases.
ovs() {
	local program=$1
	shift
	OVS_RUNDIR=$LAB_DIR/ovs OVS_DBDIR=$LAB_DIR/ovs OVS_LOGDIR=$LAB_DIR/ovs OVS_SYSCONFDIR=$LAB_DIR/ovs timeout 60 "$program" "$@"
}

ovs_up() { ovs ovs-vsctl --timeout=2 get Open_vSwitch . dpdk_initialized | grep -q true; }

ovs_start() {
	local dir=$LAB_DIR/ovs port
	mkdir "$dir"
	RIG_SERVER=,server=1
	ovs ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema || return 1
	OVS_RUNDIR=$dir OVS_LOGDIR=$dir lab_bg node taskset -c 0 ovsdb-server "$dir/conf.db" --remote="punix:$dir/db.sock" \
		--unixctl="$dir/ovsdb.ctl"
	lab_wait 10 [ -S "$dir/db.sock" ] || return 1
	ovs ovs-vsctl --no-wait set Open_vSwitch . other_config:dpdk-init=true other_config:per-port-memory=true other_config:pmd-cpu-mask=2 \
		other_config:dpdk-lcore-mask=1 "other_config:dpdk-extra=\"--no-huge --legacy-mem -m 1024 --no-pci --file-prefix $LAB_PREFIX-ovs\"" || return 1
	OVS_RUNDIR=$dir OVS_DBDIR=$dir OVS_LOGDIR=$dir OVS_SYSCONFDIR=$dir lab_bg node taskset -c 0 $OVS_DAEMON "unix:$dir/db.sock" \
		--unixctl="$dir/vswitchd.ctl" --log-file="$LAB_DIR/device.log" -vconsole:off
	lab_wait 30 ovs_up || { tail -5 "$LAB_DIR/device.log" >&2; return 1; }
	ovs ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev fail-mode=secure || return 1
	for port in a b; do
		ovs ovs-vsctl add-port br0 $port -- set interface $port type=dpdkvhostuserclient \
			options:vhost-server-path="$LAB_DIR/$port.sock" || return 1
	done
	ovs_ctl dpctl/ct-set-maxconns 3000000 >/dev/null
}

ovs_ctl() { ovs ovs-appctl --target="$LAB_DIR/ovs/vswitchd.ctl" "$@"; }

ovs_bridge() { ovs ovs-ofctl add-flow br0 actions=NORMAL; }

ovs_service() {
	local to_b="mod_dl_src:02:00:00:00:0a:02,mod_dl_dst:$RIG_MAC_B,output:b"
	ovs ovs-ofctl add-flows br0 - <<-EOF
		priority=9,in_port=a,udp,nw_dst=10.96.0.10,tp_dst=53,actions=ct(commit,nat(dst=10.3.0.1-10.3.0.3:5353)),$to_b
		priority=9,in_port=a,tcp,nw_dst=10.96.0.10,tp_dst=80,actions=ct(commit,nat(dst=10.3.0.1-10.3.0.3:8080)),$to_b
		priority=9,in_port=b,ip,actions=ct(nat),mod_dl_src:$RIG_GATEWAY,mod_dl_dst:$RIG_MAC_A,output:a
		priority=0,actions=drop
	EOF
}

# "UPCALLS MEGAFLOWS": decisions asked of user space since the counters were cleared, of how many packets
ovs_upcalls() { ovs_ctl dpif-netdev/pmd-stats-show | awk '/packets received:/ {n += $NF} /miss with success/ {up += $NF} END {print up + 0 " of " n + 0}'; }

ovs_best() {
	local name settings setting value best=-
	while IFS='|' read -r name settings <&7; do
		[ -n "$name" ] || continue
		for setting in $settings; do
			ovs ovs-vsctl set Open_vSwitch . "other_config:$setting"
		done
		ovs_ctl dpctl/flush-conntrack
		ovs_ctl dpif-netdev/pmd-stats-clear >/dev/null
		value=$("$@")
		[ "$best" = - ] || awk -v a="$value" -v b="$best" 'BEGIN {exit !(a > b)}' || continue
		[ "${value:--}" != - ] || continue
		best=$value
		echo "OVS with $name, $(ovs_upcalls) packets decided in user space" >"$LAB_DIR/ovs.how"
		[ -z "$QUICK" ] || break
	done 7<<<"$OVS_SETTINGS"
	echo "$best"
}
