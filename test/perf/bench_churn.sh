#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Does a change cost anybody a packet?  bench_churn.sh BUILD_DIR [options]
#
#   80 % of the highest rate through a Service, vhost-user to vhost-user, while a thousand routes a second come and go, a
#   hundred Services a second get other endpoints, and pods are attached and deleted (P-13): what was lost. --seconds is
#   the length of a window (60).
#
# With two cores all of that and the generator share core 0. While somebody else has it, the generator does not read its
# ring, and what finds it full is lost: tx_full, which is told apart from what podwayd itself loses.
# shellcheck disable=SC2034
. "$(dirname "$0")/../func/lib.sh"
. "$(dirname "$0")/figures.bash"
. "$(dirname "$0")/rig.bash"

FIGURES_TABLE='
lost|P-13|lost at 80 % of the highest rate, under change|packets|-|$value == 0
full|P-13|of no room in the receiver s ring, beside those|packets|-|null
quiet|P-13|the same without changes: no room in the ring|packets|-|null
rate|P-13|the rate meanwhile|Mpps|-|null
routes|P-13|route changes a second meanwhile|1/s|-|null
services|P-13|Service updates a second meanwhile|1/s|-|null
pods|P-13|pods attached and deleted meanwhile|pods|-|null'
TURNS=1 WINDOW=60
figures_options churn "$@"

control() { "$(dirname "$0")/control.py" "$LAB_SOCKET" "$@"; }

# Attached and deleted, one after the other, until the file is gone.
pods_come_and_go() {
	local n=0 name
	while [ -e "$LAB_DIR/going" ]; do
		name=c$((n++ % 8))
		lab_pod_add $name && lab_pod_del $name || return
		echo $n >"$LAB_DIR/pods"
	done
}

load() { # RATE: a profile's stream at so many packets a second
	printf 'streams:\n- %s\n' "$(rig_stream nat1k | sed "s/rate: max/rate: $1pps/")"
}

# Every frame that was sent, during the warm-up too, is received or in podwayd's counters: "LOST FULL", of which FULL for want
# of room in the receiver's ring.
losses() {
	local lost full
	lost=$(rig_result '.ports[0].tx_frames - .ports[1].rx_frames')
	full=$(drops_of tx_full)
	echo $((lost > full ? lost - full : 0)) "$full"
}

run() { # RATE: prints the losses
	lab_ctl stats reset >/dev/null
	load "$1" | rig_generate "$(rig_warmup)" && losses
}

under_change() { # RATE
	local got changes
	touch "$LAB_DIR/going"
	pods_come_and_go >/dev/null &
	changes=$!
	control churn $((WINDOW + 3)) 1000 100 >"$LAB_DIR/control.json" &
	got=$(run "$1")
	wait $!
	rm "$LAB_DIR/going"
	wait $changes
	echo "${got:-- -}"
}

window() {
	local most rate got
	figures_lab
	rig_router && control services 50 10 >/dev/null || return 1
	most=$(rig_mpps nat1k)
	[ "$most" != - ] || { figure lost -; figures_lab_end; echo "the generator was the slower one"; return; }
	rate=$(awk -v m="$most" 'BEGIN {printf "%d", m * 800000}')
	got=$(run "$rate")
	figure quiet "${got#* }"
	got=$(under_change "$rate")
	figure lost "${got% *}"
	figure full "${got#* }"
	figure rate "$(rig_result '.ports[1].rx_frames / .seconds / 1e4 | round / 100')"
	figure routes "$(jq .route_changes "$LAB_DIR/control.json")" sure
	figure services "$(jq .service_updates "$LAB_DIR/control.json")" sure
	figure pods "$(cat "$LAB_DIR/pods")" sure
	figure_path lost "podwayd's drops: $(ctl_json '[.drops[] | select(.packets > 0) | "\(.reason) \(.packets)"] | join(", ")' drops --all); $(rig_path)"
	figures_lab_end
	printf 'at 80 %% of %s Mpps: lost %s, no room in the ring %s; %s route changes and %s Service updates a second, %s pods\n' "$most" \
		"$(last lost)" "$(last full)" "$(last routes)" "$(last services)" "$(last pods)"
}

figures_run window churn
