#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What attaching a pod takes, the daemon being warm:  sudo bench_cni.sh BUILD_DIR [PODS]
#
# podway-cni processes against a daemon, timed from start to end, and what the requests kept the control thread. PODS
# (default 110) namespaces are made before. The processes in flight share the cores with the daemon and its worker.
. "$(dirname "$0")/../func/lib.sh"
test_begin "${1:?usage: $0 BUILD_DIR [PODS]}"
PODS=${2:-110}
test_config <<EOF
node: {name: bench, addresses: [198.51.100.1/32]}
pod_cidr: 10.244.0.0/22
service_cidr: 10.96.0.0/16
bridges: [{name: br0, gateway: 10.244.0.1/22}]
pods: {max: 300}
limits: {ports: 320}
EOF
echo "$(LC_ALL=C date '+%Y-%m-%d %H:%M'), $(nproc) cores of $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo)," \
	"Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg)"
lab_start || exit 1
namespaces=()
for ((i = 0; i < PODS; i++)); do
	ip netns add "$LAB_PREFIX-c$i"
	namespaces+=("$(lab_netns "c$i")")
done
"$(dirname "$0")/bench_cni.py" "$LAB_BUILD/app/podway-cni/podway-cni" "$LAB_SOCKET" "$LAB_DIR/state" "${namespaces[@]}"
echo
lab_ctl requests
trap - EXIT
lab_cleanup
