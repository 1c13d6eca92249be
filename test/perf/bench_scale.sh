#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ten Services and ten thousand of ten endpoints each, between two vhost-user ports:  bench_scale.sh BUILD_DIR [options]
#
#   few, many   64-byte frames of 1,000 established connections to the Service that was set last, and new connections a
#               second to it (P-7). As costs: time a packet, time a connection; the ratio is that of many to few
#   apply       the ten thousand set over the control socket, one after another, and one endpoint changed at a time: how
#               long the daemon itself was at it (P-16)
# shellcheck disable=SC2034
. "$(dirname "$0")/../func/lib.sh"
. "$(dirname "$0")/figures.bash"
. "$(dirname "$0")/rig.bash"

FIGURES_TABLE='
many.packet|P-7|10,000 Services, established: a packet|ns|few.packet|$ratio <= 1.05
few.packet|P-7|10 Services, established: a packet|ns|-|null
many.conn|P-7|10,000 Services: a new UDP connection|ns|few.conn|$ratio <= 1.15
few.conn|P-7|10 Services: a new UDP connection|ns|-|null
apply|P-16|10,000 Services, 100,000 endpoints from scratch, in the daemon|ms|-|$value <= 1000
wall|P-16|the same, until the client has the last answer|ms|-|null
change|P-16|one endpoint of 100,000 changed, in the daemon, p99|us|-|$value <= 1000'
figures_options scale "$@"
ENDPOINTS=10
RIG_LIMITS=", services: 32768, endpoints: 262144"
MANY=10000
[ -z "$QUICK" ] || MANY=500 # shows that it works

control() { "$(dirname "$0")/control.py" "$LAB_SOCKET" "$@" >"$LAB_DIR/control.json" || { cat "$LAB_DIR/control.json" >&2; return 1; }; }
request() { ctl_json ".requests[] | select(.request == \"services.add\") | $1" requests; }
vip_of() { printf '10.96.%d.%d' $((1 + $1 / 256)) $(($1 % 256)); }
# A rate in millions or thousands a second as ns each
each() { [ "$1" = - ] && echo - || awk -v r="$1" -v s="$2" 'BEGIN {print (r > 0) ? s / r : "-"}'; }

apply() { # SERVICES
	lab_ctl stats reset >/dev/null
	control services "$1" $ENDPOINTS || return 1
	[ "$1" = $MANY ] || return 0
	figure apply "$(request '.mean_us * .count / 1000 | . * 10 | round / 10')"
	figure wall "$(jq '.seconds * 1000 | round' "$LAB_DIR/control.json")"
	lab_ctl stats reset >/dev/null
	control change "$1" $ENDPOINTS "$([ -n "$QUICK" ] && echo 200 || echo 2000)" || return 1
	figure change "$(request .p99_us)"
	printf '%-6s %d Services in %s ms (client: %s ms), one change p99 %s us\n' "$row" "$1" "$(last apply)" "$(last wall)" "$(last change)"
}

window() {
	local row=$1 n=10 mpps cps=-
	[ "$1" = many ] && n=$MANY
	figures_lab
	rig_router && apply $n || return 1
	RIG_VIP=$(vip_of $((n - 1)))
	mpps=$(rig_mpps nat1k)
	rig_conns udp | rig_generate "$(rig_warmup)" && cps=$(rig_result '.connections[0].cps')
	figure "$1.packet" "$(each "$mpps" 1000)"
	figure "$1.conn" "$(each "$cps" 1000000000)"
	figure_path "$1.packet" "$(rig_path)"
	figures_lab_end
	printf '%-6s established %s ns a packet, new connection %s ns\n' "$1" "$(last "$1.packet")" "$(last "$1.conn")"
}

figures_run window few many
