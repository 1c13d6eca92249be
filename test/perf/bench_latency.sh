#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# One-way latency between two vhost-user ports at half of what the device can do:  bench_latency.sh BUILD_DIR [options]
#
# First the highest rate of 64-byte frames, then half of it; of these, 100,000 a second carry the time they were sent. What
# is measured is the whole way from the generator's port to the generator's port, so it includes the time until the
# generator, which sends and receives in turn, comes round to read. testpmd mac shows what ports and generator take (P-11).
# shellcheck disable=SC2034
. "$(dirname "$0")/../func/lib.sh"
. "$(dirname "$0")/figures.bash"
. "$(dirname "$0")/rig.bash"

FIGURES_TABLE='
mac.p50|P-11|testpmd mac, one way, p50|us|-|null
mac.p99|P-11|testpmd mac, one way, p99|us|-|null
l2.p50|P-11|podwayd, bridge, one way, p50|us|mac.p50|$value <= 5
l2.p99|P-11|podwayd, bridge, one way, p99|us|mac.p99|$value <= 25
l3.p50|P-11|podwayd, router, one way, p50|us|mac.p50|$value <= 5
l3.p99|P-11|podwayd, router, one way, p99|us|mac.p99|$value <= 25
nat1k.p50|P-11|podwayd, Service, one way, p50|us|mac.p50|$value <= 5
nat1k.p99|P-11|podwayd, Service, one way, p99|us|mac.p99|$value <= 25'
figures_options latency "$@"

PROBES=100000 # a second

# The load without stamps and the probes, RATE packets a second together.
half_load() { # ROW RATE
	printf 'streams:\n- %s\n' "$(rig_stream "$1" "name: load" | sed "s/rate: max/rate: $(($2 - PROBES))pps/")"
	printf -- '- %s\n' "$(rig_stream "$1" "name: probe" | sed "s/rate: max/rate: ${PROBES}pps/; s/stamp: false/verify: none/")"
}

# Sent frames must be those that were due, nearly, and received: else it is not the latency at half load.
probe() {
	rig_result '(.streams | map(.missed_full + .missed_late) | add) as $missed | (.streams | map(.tx_frames) | add) as $sent |
		.streams[] | select(.name == "probe") | if $missed > $sent / 10 or .latency.count == 0 then "- -"
		else "\(.latency.p50_us) \(.latency.p99_us)" end'
}

window() {
	local most times
	figures_lab
	rig_device "$1" || return 1
	most=$(rig_mpps "$1")
	if [ "$most" = - ] || ! half_load "$1" "$(awk -v m="$most" 'BEGIN {printf "%d", m * 500000 + 200000}')" | rig_generate "$(rig_warmup)"; then
		times="- -"
	else
		times=$(probe)
	fi
	figure "$1.p50" "${times% *}"
	figure "$1.p99" "${times#* }"
	figure_path "$1.p50" "$(rig_path)"
	figures_lab_end
	printf '%-6s at half of %s Mpps: p50 %s us, p99 %s us\n' "$1" "$most" "${times% *}" "${times#* }"
}

figures_run window mac l2 l3 nat1k
