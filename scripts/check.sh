#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What must hold before a commit:  ./scripts/check.sh [--no-tests]
#   builds with gcc and clang (-Werror), clang-format, library layers, shellcheck, sizes, unit tests.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
rc=0

step() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "ok    $what"
	else
		echo "FAIL  $what"
		printf '%s\n' "$out" | tail -40 | sed 's/^/      /'
		rc=1
	fi
}

# build_with COMPILER FOLDER; gcc's is that of the unit and functional tests.
build_with() {
	[ -f "$2/build.ninja" ] || CC=$1 meson setup "$2" -Dwerror=true >/dev/null || return 1
	ninja -C "$2"
}

sources() { git ls-files -- 'app/*.[ch]' 'lib/*.[ch]' 'test/*.[ch]'; }

format() {
	# shellcheck disable=SC2046
	clang-format --dry-run -Werror $(sources)
}

licensed() {
	local missing
	missing=$({ sources; git ls-files -- '*.sh' '*.py' '*meson.build'; } |
		xargs grep -L 'SPDX-License-Identifier: BSD-3-Clause')
	[ -z "$missing" ] || { echo "no SPDX line: $missing"; return 1; }
}

shell() {
	# shellcheck disable=SC2046
	shellcheck -x -S warning $(git ls-files -- '*.sh' .ci/run)
}

step "build with gcc" build_with gcc build-test
step "build with clang" build_with clang build-clang
step "clang-format" format
step "library layers" ./scripts/check-layers.sh
step "licence lines" licensed
step "shellcheck" shell
[ "${1:-}" = --no-tests ] || step "unit tests" meson test -C build-test --no-rebuild --suite unit
exit $rc
