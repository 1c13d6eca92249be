#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Everything that is tested, as CI does it:  sudo ./scripts/test.sh [--quick] [SUITE...]
#   Suites: check unit asan tsan func. Default: all. --quick: unit and func with one worker only.
# Installs what is missing, builds, runs, and prints one line a suite and one in total. Leaves nothing behind.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

case ${1:-} in
-h | --help)
	sed -n '3,5s/^# //p' "$0"
	exit 0
	;;
esac
quick=
[ "${1:-}" = --quick ] && { quick=1; shift; }
suites=("$@")
[ ${#suites[@]} -eq 0 ] && suites=(check unit asan tsan func)
[ -n "$quick" ] && suites=(unit func)

total_passed=0 total_failed=0 total_skipped=0 failures=()
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# count SUITE PASSED FAILED SKIPPED
count() {
	total_passed=$((total_passed + $2))
	total_failed=$((total_failed + $3))
	total_skipped=$((total_skipped + $4))
	[ "$3" -eq 0 ] || failures+=("$1")
	echo "$1: $2 passed, $3 failed, $4 skipped"
}

# A build folder with these options, quietly; shows the errors when it fails. With $targets set (a
# pattern of ninja's targets) only those are built.
targets=
build() {
	local dir=$1
	shift
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" -Dwerror=true "$@" >"$logs/setup" 2>&1 || { cat "$logs/setup"; return 1; }
	fi
	# shellcheck disable=SC2046
	ninja -C "$dir" $([ -z "$targets" ] || ninja -C "$dir" -t targets all | grep -oE "^$targets") \
		>"$logs/build" 2>&1 || { grep -v '^\[' "$logs/build" | head -60; return 1; }
}

# Runs meson's tests of a build folder: meson_suite NAME DIR [ARGS..]
meson_suite() {
	local name=$1 dir=$2 passed failed skipped
	shift 2
	meson test -C "$dir" --no-rebuild --print-errorlogs "$@" >"$logs/$name" 2>&1
	passed=$(awk '/^Ok:/ {print $2}' "$logs/$name")
	failed=$(awk '/^(Fail|Timeout|Unexpected Pass):/ {n += $NF} END {print n + 0}' "$logs/$name")
	skipped=$(awk '/^Skipped:/ {print $2}' "$logs/$name")
	if [ -z "$passed" ]; then
		tail -20 "$logs/$name"
		failed=1
	fi
	[ "$failed" -eq 0 ] || sed -n '/FAIL\|TIMEOUT\|Summary of Failures/,$p' "$logs/$name" | tail -80
	count "$name" "${passed:-0}" "$failed" "${skipped:-0}"
}

build_failed() {
	count "$1" 0 1 0
}

suite_check() {
	if ./scripts/check.sh --no-tests >"$logs/check" 2>&1; then
		count check 1 0 0
	else
		tail -40 "$logs/check"
		count check 0 1 0
	fi
}

suite_unit() {
	build build-test || { build_failed unit; return; }
	meson_suite unit build-test
}

suite_asan() {
	build build-asan -Db_sanitize=address,undefined -Dbuildtype=debugoptimized || { build_failed asan; return; }
	ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		meson_suite asan build-asan --suite unit
}

suite_tsan() {
	targets='(test/stress/stress_[a-z0-9_]+|test/perf/bench_lpm)' \
		build build-tsan -Db_sanitize=thread -Dbuildtype=debugoptimized || { build_failed tsan; return; }
	TSAN_OPTIONS=halt_on_error=1 meson_suite tsan build-tsan --suite stress
}

# Scripts that end with "N passed, N failed, N skipped"; each in one process group, bounded in time.
run_script() {
	local name=$1 line
	shift
	echo "== $name"
	timeout -k 30 600 "$@" >"$logs/script" 2>&1
	cat "$logs/script"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$logs/script" | tail -1)
	if [ -z "$line" ]; then
		echo "$name: ended without a result"
		line="0 passed, 1 failed, 0 skipped"
	fi
	# shellcheck disable=SC2086
	set -- ${line//[^0-9 ]/}
	func_passed=$((func_passed + $1)) func_failed=$((func_failed + $2)) func_skipped=$((func_skipped + ${3:-0}))
	[ "$2" -eq 0 ] || failures+=("$name")
}

suite_func() {
	local script func_passed=0 func_failed=0 func_skipped=0 workers="1 2" n
	build build-test || { build_failed func; return; }
	[ -n "$quick" ] && workers=1
	for script in test/func/*.sh; do
		[ "$script" = test/func/lib.sh ] && continue
		if grep -q '^# workers: any' "$script"; then # says nothing about workers: once is enough
			run_script "$script" "$script" build-test
			continue
		fi
		for n in $workers; do
			WORKERS=$n run_script "$script (workers: $n)" "$script" build-test
		done
	done
	count func $func_passed $func_failed $func_skipped
}

./scripts/install-packages.sh build run lab test bench || exit 1
for suite in "${suites[@]}"; do
	echo "=== $suite"
	"suite_$suite"
done

echo
[ ${#failures[@]} -eq 0 ] || printf 'failed: %s\n' "${failures[@]}"
echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
[ $total_failed -eq 0 ]
