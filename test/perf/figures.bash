# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: BSD-3-Clause
# figures.bash - windows measured in turn, their medians and paired ratios; sourced by the benchmarks that are scripts.
#
#   figures_options NAME BUILD_DIR ARGS..   the options that all of them have (FIGURES_HELP tells them): sets BUILD, TURNS,
#                                     WINDOW (seconds), ONLY, JSON, QUICK; TURNS and WINDOW may have a default before
#   figures_run WINDOW ROW..          TURNS times each ROW that was asked for: WINDOW ROW; then the table and the JSON
#   figures_lab                       a new lab (scripts/lab-lib.sh) for this window; figures_lab_end removes it
#   figure KEY VALUE [sure]           this window's value of KEY; "-": none, and so it is if the machine was not ours, unless
#                                     the value does not depend on that (sure)
#   figure_path KEY TEXT              how KEY's packets went: ports, their drivers' functions
#   last KEY                          the last one
#   values KEY, ratios KEY PEER       a line each; PEER's of the same turn, cores as near
#   spread_of                         stdin -> median min max n
#   machine                           one line about where this runs
#
# What is told at the end is $FIGURES_TABLE, a line each:  KEY|id|what it is|unit|PEER or -|goal
#   goal: a jq expression of $value and $ratio (the median to PEER), such as "$ratio >= 1", or null
#
# A window is void if more than 1 % of the machine's time was given to others (steal). The way between the two cores is
# measured before each window: on small virtual machines it differs by a factor of several with where the cores are, and so
# do the rates of two processes; ratios are of windows with about the same way only.

FIGURES_HELP='  --turns N       windows of each row, in turn (7)
  --seconds N     length of a window (5)
  --only ROW,..   these rows only
  --json FILE     the figures as JSON, too
  --quick         one turn of one second: shows that it works, not how fast'

figures_options() {
	local name=$1 program
	program=$(basename "$0")
	BUILD=${2:?usage: $program BUILD_DIR [options]}
	shift 2
	FIGURES_COMMAND="scripts/bench.sh $name${*:+ $*}"
	TURNS=${TURNS:-7} WINDOW=${WINDOW:-5} ONLY='' JSON='' QUICK=''
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) QUICK=1 TURNS=1 WINDOW=1; shift; continue ;;
		-h | --help) sed -n '/shellcheck/d; 3,/^[^#]/s/^# \{0,1\}//p' "$0"; echo "$FIGURES_HELP"; exit 0 ;;
		--turns | --seconds | --only | --json) ;;
		*) echo "bench.sh $name: unknown option $1; there are:"$'\n'"$FIGURES_HELP" >&2; exit 2 ;;
		esac
		[ $# -gt 1 ] || { echo "bench.sh $name: $1 needs a value" >&2; exit 2; }
		case $1 in
		--turns) TURNS=$2 ;;
		--seconds) WINDOW=$2 ;;
		--only) ONLY=$2 ;;
		--json) JSON=$2 ;;
		esac
		shift 2
	done
}

# ---- running

figures_stop() {
	[ -z "${LAB_DIR:-}" ] || figures_lab_end
	rm -rf "${FIGURES:?}"
}

asked_for() { [[ -z $ONLY || ,$ONLY, == *,$1,* ]]; }

figures_run() {
	local window=$1 turn row
	shift
	FIGURES=$(mktemp -d /tmp/podway-figures.XXXXXX)
	trap figures_stop EXIT
	trap 'exit 130' INT TERM
	echo "$(LC_ALL=C date '+%Y-%m-%d %H:%M'), $(machine), load $(cut -d' ' -f1 /proc/loadavg)"
	for ((turn = 1; turn <= TURNS; turn++)); do
		for row in "$@"; do
			asked_for "$row" || continue
			cores_apart >>"$FIGURES/cores"
			cpu_ticks >"$FIGURES/ticks"
			"$window" "$row" </dev/null || { echo "$row: the window could not be measured" >&2; exit 1; }
		done
	done
	figures_json >"$FIGURES/all.json"
	figures_print <"$FIGURES/all.json"
	[ -z "$JSON" ] || cp "$FIGURES/all.json" "$JSON"
}

figures_lab() {
	test_begin "$BUILD"
	trap figures_stop EXIT
}

figures_lab_end() {
	exec 9>&- # testpmd's standard input
	lab_cleanup
}

# ---- the machine

# Nanoseconds from core 0 to core 1 and back.
cores_apart() { "$BUILD/test/perf/bench_cores" 0 1; }

# "all stolen"
cpu_ticks() { awk '/^cpu / {print $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9, $9; exit}' /proc/stat; }

# Of the time since the window began, in percent.
stolen() { cpu_ticks | paste -d' ' "$FIGURES/ticks" - | awk '{printf "%.1f", ($3 > $1) ? ($4 - $2) * 100 / ($3 - $1) : 0}'; }

machine() {
	echo "$(nproc) cores of $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), Linux $(uname -r)"
}

# ---- values: a line a window in $FIGURES/KEY, "VALUE NANOSECONDS-BETWEEN-THE-CORES"

figure() {
	local value=${2:--} steal
	steal=$(stolen)
	if [ "$value" != - ] && [ -z "$QUICK${3:-}" ] && awk -v s="$steal" 'BEGIN {exit !(s > 1)}'; then
		echo "$1: void, $steal % of the time was stolen (it was $value)"
		value=-
	fi
	echo "$value $(tail -1 "$FIGURES/cores")" >>"$FIGURES/$1"
}

figure_path() { echo "$2" >"$FIGURES/$1.path"; }
last() { tail -1 "$FIGURES/$1" | cut -d' ' -f1; }
values() { [ ! -e "$FIGURES/$1" ] || awk '$1 != "-" {print $1}' "$FIGURES/$1"; }

ratios() {
	[ -e "$FIGURES/$1" ] && [ -e "$FIGURES/$2" ] || return 0
	paste -d' ' "$FIGURES/$1" "$FIGURES/$2" | awk '
		$1 != "-" && $3 != "-" && $3 > 0 && $2 < 2 * $4 && $4 < 2 * $2 {print $1 / $3}'
}

spread_of() {
	sort -g | awk '{v[NR] = $1} END {if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2, v[1], v[NR], NR}'
}

# ---- telling

# One element: KEY ID WHAT UNIT PEER GOAL
figure_json() {
	local spread ratio cores
	spread=$(values "$1" | spread_of)
	[ -n "$spread" ] || return 0
	ratio=$(ratios "$1" "$5" | spread_of)
	cores=$(spread_of <"$FIGURES/cores" | awk '{print $2 " to " $3}')
	jq -n --arg id "$2" --arg what "$3" --arg unit "$4" --arg spread "$spread" --arg peer "$5" --arg ratios "$ratio" \
		--arg goal "$6" --arg command "$FIGURES_COMMAND" --arg machine "$(machine), cores $cores ns apart" \
		--arg path "$(cat "$FIGURES/$1.path" 2>/dev/null)" '
		($spread / " " | map(tonumber)) as $v | ($ratios / " " | map(tonumber)) as $r | $v[0] as $value | $r[0] as $ratio |
		{id: $id, what: $what, value: $value, min: $v[1], max: $v[2], pairs: $v[3], unit: $unit,
		 peer: (if $ratio then $peer else null end),
		 ratio: (if $ratio then {median: $ratio, min: $r[1], max: $r[2], pairs: $r[3]} else null end),
		 goal: (if $goal == "null" then null else ($goal | gsub("\\$"; "")) end),
		 met: (if $ratio == null and ($goal | contains("$ratio")) then null else '"$6"' end),
		 path: (if $path == "" then null else $path end), command: $command, machine: $machine}'
}

figures_json() {
	local key id what unit peer goal
	while IFS='|' read -r key id what unit peer goal; do
		[ -z "$key" ] || figure_json "$key" "$id" "$what" "$unit" "$peer" "$goal"
	done <<<"$FIGURES_TABLE" | jq -s .
}

figures_print() {
	jq -r 'def n: if . >= 100 then round else . * 100 | round / 100 end;
		"", "| | | median (min..max) | to peer | goal | met |", "|---|---|--:|--:|---|---|",
		(.[] | "| \(.id) | \(.what) | \(.value | n) (\(.min | n)..\(.max | n)) \(.unit) | " +
			(if .ratio then "\(.ratio | "\(.median | n) (\(.min | n)..\(.max | n)) of \(.pairs)")" else "" end) +
			" | \(.goal // "") | \(if .met == null then "" elif .met then "yes" else "NO" end) |"),
		"", (map("\(.path // empty)") | unique | .[]), .[0].machine // "nothing was measured"'
}
