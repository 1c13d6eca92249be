#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every command of podwayctl against a daemon with pods, a Service and traffic: tables that line up, JSON that is
# the daemon's, exit codes, changes that show, completion in bash (OBS-5, docs/control-api.md).
. "$(dirname "$0")/lib.sh"
test_begin "$@"

ctl=$LAB_BUILD/app/podwayctl/podwayctl
export PODWAY_SOCKET=$LAB_SOCKET
unset NO_COLOR

# run ARGS..: $out, $err, $rc
run() {
	rc=0
	out=$("$ctl" "$@" 2>"$LAB_DIR/stderr") || rc=$?
	err=$(cat "$LAB_DIR/stderr")
}
shown() { printf '%s\n' "$out$err"; }
# result WANTED-EXIT PATTERN, of the last run
result() {
	shown
	echo "exit code $rc"
	[ "$rc" = "$1" ] && shown | grep -q -- "$2"
}

# Blank columns of two characters and more, through all lines, are as many as those between the titles.
aligned() {
	printf '%s\n' "$out" | /usr/bin/python3 -c '
import re, sys
lines = sys.stdin.read().splitlines()
print("\n".join(lines))
width = max(map(len, lines))
ink = "".join(" " if all(line.ljust(width)[i] == " " for line in lines) else "x" for i in range(width))
titles = re.split(r" {2,}", lines[0].strip())
assert len(lines) > 1, "no rows"
assert len(re.split(r" {2,}", ink.strip())) == len(titles), f"{titles} over columns {ink}"
assert not any(line != line.rstrip() for line in lines), "blanks at the end of a line"
assert all(title[0].isupper() for title in titles), titles'
}
# json ARGS..: exit code 0 and what the daemon says; NOUN of the list
json() {
	run "$@" --json
	[ "$rc" = 0 ] && printf '%s\n' "$out" | jq -e "$json_has"
}
# both TABLE-TITLE JSON-EXPRESSION ARGS..
both() {
	local title=$1 json_has=$2
	shift 2
	run "$@"
	check "$*: a table with $title" result 0 "$title"
	check "$*: columns line up" aligned
	check "$*: JSON" json "$@"
}

test_config_node <<EOF
ports:
  - {name: lan, type: tap, addresses: [192.0.2.1/24]}
EOF

# ---- without a daemon

run status
check "no daemon: exit code 3 and how to start it" result 3 'systemctl start podwayd'
check "... which socket was tried" result 3 "$LAB_SOCKET"
check "... nothing on stdout" [ -z "$out" ]
run --version
check "--version asks no daemon" result 0 '^podwayctl 0\.'
run --help
check "--help" result 0 'exit status: 0 done'
run help routes add
check "help routes add" result 0 'routes add PREFIX'
run
check "no command: exit code 2 and the overview" result 2 'commands:'
for line in bogus "routes fly" "routes add" "routes add 10.0.0.0/33 kind blackhole" "routes add 10.0.0.0/8" \
	"routes add 10.0.0.0/8 via 1.2.3.4 kind host" "log level loud" "ports add x" "flows flush" "status more" \
	"--no-such-option status" "--timeout never status" "--socket" "stats"; do
	# shellcheck disable=SC2086
	run $line
	check "\"$line\": exit code 2" result 2 'podwayctl: '
done

# ---- looking

check "podwayd starts" lab_start
for pod in client server; do
	check "pod $pod" lab_pod_add $pod
done
server=$(lab_ip server)
lab_bg server "$TEST_DIR/peer.py" serve 0.0.0.0 7000
check_eventually 10 "server listens" lab_listens server 7000

run services add default/echo cluster-ip 10.96.0.10 port tcp:7:7000 port udp:7:7000 endpoint "$server"
check "services add" result 0 'service default/echo added'
run services add default/echo cluster-ip 10.96.0.10 port 80
check "... it is there already: exit code 1" result 1 '(exists)'
run services add default/echo cluster-ip 10.96.0.10 port tcp:7:7000 port udp:7:7000 endpoint "$server" replace
check "... unless replace is said" result 0 added
check "traffic through it" lab_in client "$TEST_DIR/peer.py" tcp 10.96.0.10 7 200000
check "a packet that is dropped" sh -c "! nsenter --net=$(lab_netns client) ping -c 1 -W 1 192.0.2.77"

run status
check "status" result 0 'node-a'
for word in workers ports bridges tables memory packets "$WORKERS"; do
	check "status: $word" result 0 "$word"
done
json_has='.node == "node-a" and .pods == 2 and .ledger.rx > 0' check "status: JSON" json status
both 'TX BYTES' '.ports | length >= 4' ports
both 'PEER MAC' '.ports | length >= 4' ports -v
run ports lan
check "ports lan: one port in detail" result 0 '192.0.2.1/24'
run ports nope
check "ports nope: exit code 1" result 1 'no such port'
both MAC '.fdb | map(select(.kind == "static")) | length == 2' fdb
both MAC '.fdb | length == 2' fdb show bridge br0
both PREFIX '.routes | length > 4' routes
both PREFIX '.routes[0].kind == "service"' routes get 10.96.0.10
both STATE '.neighbours | length > 0' neighbours
both ENDPOINTS '.services[0].name == "default/echo"' services
both ORIGIN '.services | length == 1' services default/echo -v
run services default/nope
check "services default/nope: exit code 1" result 1 'There is no such service'
both BACKEND '.flows | length > 0' flows
both BACKEND '.total > 0' flows show protocol tcp vip 10.96.0.10
both CONTAINER '.pods | length == 2' pods -v
both ADDRESSES '[.pods[].name] | sort == ["client", "server"]' pods
both REASON '.drops | length > 20' drops all
run drops
check "drops: those that occurred" result 0 MEANING
both BUSY ".workers | length == $WORKERS" workers
run version
check "version: both programs" result 0 'podwayd'
json_has='.protocol == 1 and .march != ""' check "version: JSON" json version

run routes --no-color
check "no colours where there is no terminal" sh -c '! printf "%s" "$1" | grep -q "$(printf "\033")"' sh "$out"
check "colours on a terminal" sh -c "TERM=xterm script -qec '$ctl status' /dev/null </dev/null | grep -q \"\$(printf '\\033')\""
run watch count 2 interval 1 status --json
check "watch: twice" [ "$(printf '%s\n' "$out" | jq -s length)" = 2 ]

# ---- changing

run routes add 10.77.0.0/16 via "$server"
check "routes add" result 0 'route 10.77.0.0/16 added'
both VIA '.routes[0].origin == "ctl"' routes get 10.77.1.1
run routes add 10.77.0.0/16 kind blackhole
check "... again: exit code 1" result 1 '(exists)'
run routes add 10.77.0.0/16 --kind blackhole --replace
check "... replace; keywords with --" result 0 added
run routes del 10.77.0.0/16
check "routes del" result 0 'deleted'
run routes del 10.77.0.0/16
check "... again: exit code 1" result 1 '(missing)'
run routes del 10.77.0.0/16 missing-ok
check "... missing-ok" result 0 ''
run ports add extra type tap bridge br0
check "ports add" result 0 'port extra added'
run ports del extra
check "ports del" result 0 'port extra deleted'
run ports del extra
check "... again: exit code 1" result 1 '(missing)'
run workers cycles on
check "workers cycles on" result 0 measured
check "traffic" lab_in client ping -c 3 -i 0.1 -W 2 "$server"
both CYCLES/PKT '.workers[0].stages | length > 3' workers stages
run workers cycles off
check "workers cycles off" result 0 ''
run fdb flush
check "fdb flush" result 0 'flushed'
run neighbours flush
check "neighbours flush" result 0 'flushed'
run flows flush all
check "flows flush all" result 0 'flushed'
json_has='.total == 0' check "... there are none" json flows
run services del default/echo
check "services del" result 0 deleted
run log level debug
check "log level" result 0 debug
run log level info
run stats reset
check "stats reset" result 0 'counters'

# ---- in scripts, shells

out=$(printf 'version\nports lan\n# a comment\nquit\n' | "$ctl" shell 2>&1) rc=$?
err=
check "shell: lines of a pipe" result 0 '192.0.2.1/24'
check "output that cannot be written: exit code 1" sh -c "'$ctl' status >/dev/full; [ \$? = 1 ]"
check "the reader of a pipe may go" sh -c "'$ctl' drops all --json | head -1"
check "the completion script is valid bash" bash -n <("$ctl" completion bash)
complete_line() { # WORDS..: what bash would offer for the last one
	PATH=$(dirname "$ctl"):$PATH bash -c '
		eval "$(podwayctl completion bash)"
		complete -p podwayctl >/dev/null || exit 1
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
		_podwayctl podwayctl
		printf "%s\n" "${COMPREPLY[@]}"' bash podwayctl "$@"
}
offers() { # WANTED WORDS..
	local wanted=$1
	shift
	complete_line "$@" | paste -sd' ' | grep -qx "$wanted"
}
check "completion: commands" offers 'routes' ro
check "completion: routes a" offers 'add' routes a
check "completion: names from the daemon" offers 'lan' ports show la
check "completion: choices" offers 'blackhole' routes add 10.0.0.0/8 kind bl

lab_stop
run ports
check "daemon gone: exit code 3" result 3 'systemctl start podwayd'
test_end
