#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# workers: any
# The benchmarks work, each to its end in a short form: figures as JSON and as a page, nothing left behind, neither after
# an interruption (SIGINT, as Ctrl-C sends it). Nothing is said here of how fast anything is.
#
# In a mount namespace of its own, where namespaces and DPDK's folders are those of this test only.
if [ -z "${BENCH_ALONE:-}" ] && [ "$(id -u)" -eq 0 ]; then
	mkdir -p /run/netns /run/dpdk
	export BENCH_ALONE=1
	# shellcheck disable=SC2016
	exec unshare --mount sh -c 'mount -t tmpfs none /run/netns && mount -t tmpfs none /run/dpdk && exec "$0" "$@"' "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
test_begin "$@"

BUILD=$LAB_BUILD
SCRIPTS=$TEST_DIR/../../scripts
# One of each kind: a program, pods and CNI, two vhost-user ports, the kernel's Services.
OF=conns,cni,vhost,kernel
command -v nft >/dev/null && command -v iptables >/dev/null || OF=${OF%,kernel}

bench() { timeout 170 "$SCRIPTS/bench.sh" "$1" --build "$BUILD" "${@:2}"; }
figures() { jq -e -r "$1" "$LAB_DIR/all.json"; }
holdings() {
	ls /run/netns /run/dpdk
	find /tmp -maxdepth 1 -name 'podway-figures.*' -o -maxdepth 1 -name 'podway-bench.*'
}
left() {
	holdings | sort | comm -13 "$LAB_DIR/before" - >"$LAB_DIR/left"
	! grep . "$LAB_DIR/left"
}
refused() { # TEXT CMD..
	"${@:2}" >"$LAB_DIR/refused.out" 2>&1 && return 1
	cat "$LAB_DIR/refused.out"
	grep -q "$1" "$LAB_DIR/refused.out"
}

holdings | sort >"$LAB_DIR/before"
check "list names each with its goals" sh -c "'$SCRIPTS/bench.sh' list | grep -q 'P-5'"
check "an unknown one is refused" refused 'no benchmark "nosuch"' bench nosuch
check "an unknown option is refused" refused 'unknown option --nosuch' bench vhost --nosuch

check "several in a short form, into one file and one page" bench all --quick --of $OF --json "$LAB_DIR/all.json" --html "$LAB_DIR/all.html"
check "each has figures" figures 'map(.id) | unique | contains(["P-14", "P-17", "P-4"])'
check "every figure has all its members" figures 'all(has("id") and has("what") and has("unit") and has("peer") and has("ratio") and
	has("goal") and has("met") and has("command") and has("machine") and (.value | type) == "number")'
check "goals that were measured are judged" figures 'any(.met != null)'
check "the page has them" sh -c "grep -q '<h2>Benchmarks' '$LAB_DIR/all.html' && grep -q 'podway-cni alone' '$LAB_DIR/all.html'"
check "nothing is left of them" left

# In a process group of its own, with SIGINT as a shell in the foreground would have it.
setsid env --default-signal=INT "$SCRIPTS/bench.sh" all --build "$BUILD" --of vhost --json "$LAB_DIR/cut.json" >"$LAB_DIR/cut.out" 2>&1 &
group=$!
LAB_PIDS+=("$group")
check_eventually 60 "one is at work" grep -q "^=== vhost" "$LAB_DIR/cut.out"
sleep 2 # in the middle of a window
kill -INT -- -$group
check_eventually 30 "it ends at Ctrl-C" lab_gone $group
check "no process of it is left" sh -c "! pgrep -g $group -l"
check "nor anything else" left
test_end
