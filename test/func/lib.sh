# shellcheck shell=bash disable=SC2034,SC2120
# SPDX-License-Identifier: BSD-3-Clause
# lib.sh - functional tests: a lab, checks that count, one closing line.
#
#   . "$(dirname "$0")/lib.sh"; test_begin "$@"     $1: build folder; $WORKERS: 1 (default) or 2
#   test_config <<EOF .. EOF                        appended to the usual head of the configuration
#   check "what must hold" CMD..                    counts; the output is shown when it fails
#   check_fails "what must not work" CMD..
#   skip "what" "why"
#   test_end
#   "${TESTPMD[@]}" EAL-OPTIONS -- OPTIONS          dpdk-testpmd beside podwayd

# shellcheck source=scripts/lab-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lab-lib.sh"

TEST_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PASSED=0 FAILED=0 SKIPPED=0
WORKERS=${WORKERS:-1}

# Its two threads spin. They get what nobody else wants of the cores (SCHED_IDLE): some kernels let a thread that
# spins keep kworkers from the core for seconds, and what a killed process leaves is cleared by those.
TESTPMD=(chrt --idle 0 dpdk-testpmd --no-huge --no-pci --no-telemetry --no-shconf
	--lcores "0@(0-$(($(nproc) - 1))),1@(0-$(($(nproc) - 1)))")

test_begin() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "0 passed, 0 failed, 1 skipped"
		exit 0
	fi
	trap test_abort EXIT
	trap 'exit 130' INT TERM
	lab_init "${1:?usage: $0 BUILD_DIR}"
}

test_abort() {
	local rc=$?
	echo "$0: ended early (exit $rc)" >&2
	FAILED=$((FAILED + 1))
	test_end
}

# The head of every configuration; two workers share the two cores that any test machine has.
test_config() {
	local cpu="{control: 0, workers: [1]}"
	[ "$WORKERS" = 2 ] && cpu="{control: 0, workers: [0, 1], share: true}"
	cat - >"$LAB_DIR/tail.yaml"
	cat >"$LAB_DIR/podway.yaml" - "$LAB_DIR/tail.yaml" <<EOF
cpu: $cpu
memory: {hugepages: no, size_mb: 256}
state_dir: $LAB_DIR/state
control: {socket: $LAB_SOCKET}
EOF
}

# The usual node: one bridge for the pods, a host port, a range for Services.
test_config_node() {
	test_config <<EOF
node: {name: node-a, addresses: [198.51.100.1/32]}
pod_cidr: 10.244.1.0/24
service_cidr: 10.96.0.0/16
bridges:
  - {name: br0, gateway: 10.244.1.1/24}
$(cat)
EOF
}

pass() {
	PASSED=$((PASSED + 1))
	echo "  ok    $1"
}

fail() {
	FAILED=$((FAILED + 1))
	echo "  FAIL  $1"
}

# In this shell, not a subshell: what a command starts must be known to lab_cleanup.
check() {
	local what=$1
	shift
	if "$@" >"$LAB_DIR/check.out" 2>&1; then
		pass "$what"
	else
		fail "$what"
		tail -20 "$LAB_DIR/check.out" | sed 's/^/        /'
	fi
}

check_fails() {
	local what=$1
	shift
	if "$@" >"$LAB_DIR/check.out" 2>&1; then
		fail "$what"
		tail -20 "$LAB_DIR/check.out" | sed 's/^/        /'
	else
		pass "$what"
	fi
}

# check_eventually SECONDS WHAT CMD..
check_eventually() {
	local seconds=$1 what=$2
	shift 2
	check "$what" lab_wait "$seconds" "$@"
}

skip() {
	SKIPPED=$((SKIPPED + 1))
	echo "  skip  $1: $2"
}

# jq over a podwayctl --json result: ctl_json '.expression' ARGS..
ctl_json() {
	local expression=$1 out
	shift
	out=$(lab_ctl --json "$@") || return 1 # jq without any input is content
	jq -e -r "$expression" <<<"$out"
}

drops_of() { ctl_json "[.drops[] | select(.reason == \"$1\") | .packets] | add // 0" drops --all || true; }

# The ledger of the data plane balances once traffic has stopped (OBS-2).
ledger_settled() {
	ctl_json '.ledger | .in_flight == 0 and .rx + .injected + .replicated == .tx + .drops + .punted' status
}

test_end() {
	trap - EXIT INT TERM
	if [ $FAILED -gt 0 ] && [ -s "$LAB_DIR/podwayd.log" ]; then
		echo "        --- podwayd.log, the end:"
		tail -12 "$LAB_DIR/podwayd.log" | sed 's/^/        /'
	fi
	lab_cleanup
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ $FAILED -eq 0 ]
	exit
}
