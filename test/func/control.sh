#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# workers: any
# The control socket against clients that are wrong, slow, too many, too large or not allowed; the daemon keeps
# serving all others (SEC-1, docs/control-api.md).
. "$(dirname "$0")/lib.sh"
test_begin "$@"

client() { timeout 40 "$TEST_DIR/control_client.py" "$LAB_SOCKET" "$1"; }
fds() { find "/proc/$LAB_DAEMON/fd" -mindepth 1 | wc -l; }
log_has() { grep -q -- "$1" "$LAB_DIR/podwayd.log"; }

test_config_node </dev/null
sed -i "s|^control: .*|control: {socket: $LAB_SOCKET, max_clients: 20}|" "$LAB_DIR/podway.yaml"
check "podwayd starts" lab_start
before=$(for _ in 1 2 3 4; do fds; sleep 0.1; done | sort -n | head -1) # whoever saw that it is ready may not be gone yet

check "the socket is root's alone (mode 600)" [ "$(stat -c %a:%U "$LAB_SOCKET")" = 600:root ]
check "malformed JSON: an error, the connection stays" client malformed
check "JSON that is no request" client no_request
check "unknown methods, bad parameters: named" client parameters
check "requests in pieces and in heaps" client fragments
check "a notification is carried out, not answered" client notification
check "a request of 1 MiB; a larger one is cut off" client oversized
check "more clients than max_clients" client many
check "stray file descriptors are refused and closed" client stray_fds
check "noise" client noise

chmod 711 "$LAB_DIR" # mktemp's is 700: let the socket's own mode decide
check "another user cannot open the socket" client no_way
chmod 666 "$LAB_SOCKET"
check "... and is told so if the file lets it" client denied
chmod 600 "$LAB_SOCKET"
check "podwayctl of another user: exit code 3, and sudo" sh -c '
	out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$1" --socket "$2" status 2>&1)
	[ $? = 3 ] && echo "$out" | grep -q sudo' sh "$LAB_BUILD/app/podwayctl/podwayctl" "$LAB_SOCKET"

# Both wait for the daemon's 10 s; at the same time.
client half >"$LAB_DIR/half.out" 2>&1 &
half=$!
check "one that does not read its answers is closed after 10 s, others are served" client slow_reader
check "... and so is one that sends half a request" wait $half
check "the log says so" log_has 'begun but not ended in time'
check "... in a few lines only" [ "$(grep -c 'begun but not ended\|not read in time' "$LAB_DIR/podwayd.log")" -lt 10 ]

check "the daemon serves" lab_ctl status
check_eventually 5 "no file descriptor is left over" sh -c "[ \$(find /proc/$LAB_DAEMON/fd -mindepth 1 | wc -l) = $before ]"
check "status is quick: 100 in 2 s" timeout 2 sh -c "
	for i in \$(seq 100); do echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"cni.status\"}'; done |
	socat -t5 - UNIX-CONNECT:$LAB_SOCKET | grep -c result | grep -qx 100"
lab_stop
check "clean stop" [ "$LAB_DAEMON_RC" = 0 ]
test_end
