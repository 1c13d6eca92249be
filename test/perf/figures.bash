# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# figures.bash - windows measured in turn, their medians and paired ratios; sourced by the benchmarks that are scripts.
#
#   figures_init                      before the first; figures_end removes what it made
#   figure KEY VALUE                  the next window's value of KEY ("-": none in this window)
#   spread KEY FORMAT                 "median (min..max)", "-" when there is none
#   ratios KEY PEER                   KEY's value over PEER's of the same turn, a line each
#   figure_json ID WHAT UNIT KEY PEER GOAL    one element of the list that --json writes: GOAL is a jq expression on
#                                     the ratio's median and the value ("$ratio >= 1"), or "null"
#   machine                           one line about where this runs

figures_init() { FIGURES=$(mktemp -d /tmp/podway-figures.XXXXXX); }
figures_end() { [ -z "${FIGURES:-}" ] || rm -rf "$FIGURES"; }

figure() { echo "$2" >>"$FIGURES/$1"; }

values() { grep -v '^-$' "$FIGURES/$1" 2>/dev/null; }

ratios() { paste "$FIGURES/$1" "$FIGURES/$2" 2>/dev/null | awk '$1 != "-" && $2 != "-" && $2 > 0 {print $1 / $2}'; }

# stdin -> median min max n
spread_of() {
	sort -g | awk '{v[NR] = $1} END {if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2, v[1], v[NR], NR}'
}

format_spread() { awk -v f="$1 ($1..$1)" '{printf f, $1, $2, $3; n = 1} END {if (!n) printf "-"}'; }

spread() { values "$1" | spread_of | format_spread "$2"; }

machine() {
	echo "$(nproc) cores of $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), Linux $(uname -r)"
}

figure_json() {
	local value ratio
	value=$(values "$4" | spread_of | cut -d' ' -f1)
	[ -n "$value" ] || return 0
	ratio=$(ratios "$4" "$5" | spread_of | awk '{printf "{\"median\": %f, \"min\": %f, \"max\": %f, \"pairs\": %d}", $1, $2, $3, $4}')
	jq -n --arg id "$1" --arg what "$2" --arg unit "$3" --argjson value "$value" --arg peer "$5" --arg goal "$6" \
		--argjson ratio "${ratio:-null}" --arg command "${FIGURES_COMMAND:-}" --arg machine "$(machine)" \
		"{id: \$id, what: \$what, value: \$value, unit: \$unit, peer: (if \$ratio then \$peer else null end), ratio: \$ratio,
		  goal: (if \$goal == \"null\" then null else \$goal end),
		  met: (\$ratio.median as \$ratio | $6), command: \$command, machine: \$machine}"
}
