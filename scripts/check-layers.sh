#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Libraries may include only headers of those below them (docs/architecture.md). The build enforces it by
# include paths; this says it by name, and checks that no DPDK header is where none belongs.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

declare -A may=(
	[base]="" [conf]="base" [ipc]="base" [cni]="base ipc" [sync]="base" [net]="base" [table]="base sync"
	[l2]="base sync net table" [l3]="base sync net table" [nat]="base sync net table"
	[policy]="base sync net table" [port]="base sync net"
	[gen]="base conf net"
	[dp]="base sync net table l2 l3 nat policy port"
	[ctl]="base conf ipc cni sync net table l2 l3 nat policy port dp"
)
no_dpdk="base conf ipc cni"
rc=0

for lib in "${!may[@]}"; do
	allowed=" $lib ${may[$lib]} "
	while IFS=: read -r file header; do
		owner=$(ls -d lib/*/include/"$header" 2>/dev/null | cut -d/ -f2)
		[ -n "$owner" ] || continue
		[[ $allowed == *" $owner "* ]] || { echo "$file includes $header of lib/$owner: not below lib/$lib"; rc=1; }
	done < <(grep -rhoHE '^#include "pw_[a-z0-9_]+\.h"' "lib/$lib" --include='*.[ch]' | sed 's/#include "//; s/"$//')
done
for lib in $no_dpdk; do
	grep -rnE '^#include <rte_' "lib/$lib" && { echo "lib/$lib must not need DPDK"; rc=1; }
done
grep -rnE '^#include <rte_' app/podway-cni app/podwayctl && { echo "plugin and CLI must not need DPDK"; rc=1; }
exit $rc
