#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# podwayctl against a server with canned results: requests, output and exit status as in golden/.
#   run.sh PODWAYCTL FAKE_SERVER      UPDATE=1 run.sh ..: write the golden files anew
set -u
podwayctl=$(realpath "$1") fake=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../../..")
dir=$(mktemp -d)
failed=0
export PODWAY_SOCKET=$dir/s HOME=$dir TERM=xterm
unset NO_COLOR

coproc FAKE { exec "$fake" "$dir/s" "$here/canned.json" "$dir/log" 2> "$dir/server.err"; }
# shellcheck disable=SC2153 # coproc sets it
fake_pid=$FAKE_PID fake_in=${FAKE[1]}
trap 'kill "$fake_pid" 2> /dev/null; rm -rf "$dir"' EXIT
if ! read -r -t 10 line <&"${FAKE[0]}" || [ "$line" != ready ]; then
	echo "the fake server did not start"
	cat "$dir/server.err"
	exit 1
fi

fail()
{
	echo "FAILED $*"
	failed=$((failed + 1))
}

# check NAME WANT GOT: the output in $dir/out against the golden file, and the exit status.
check()
{
	[ "$2" = "$3" ] || fail "$1: exit status $3, expected $2"
	if [ -n "${UPDATE:-}" ]; then
		cp "$dir/out" "$here/golden/$1.txt"
	elif ! diff -u "$here/golden/$1.txt" "$dir/out"; then
		fail "$1: output differs"
	fi
}

while IFS='|' read -r name want args; do
	case $name in '#'* | '') continue ;; esac
	name=${name// /} want=${want// /}
	: > "$dir/log"
	# The arguments are ours and quoted as for a shell.
	eval "\"\$podwayctl\" $args" > "$dir/stdout" 2> "$dir/stderr"
	got=$?
	sed "s|$dir|DIR|g" "$dir/log" "$dir/stdout" "$dir/stderr" > "$dir/out"
	check "$name" "$want" "$got"
done < "$here/cases.txt"

# One connection, many commands; comments and quotes; the first error ends it.
: > "$dir/log"
printf '%s\n' '# set up' 'fdb' '' "routes add '10.9.0.0/16' via \"10.244.1.9\"" 'log level info' \
	'ports del vm9' 'fdb' | "$podwayctl" shell > "$dir/stdout" 2> "$dir/stderr"
got=${PIPESTATUS[1]}
cat "$dir/log" "$dir/stdout" "$dir/stderr" > "$dir/out"
check shell-batch 1 "$got"

# Tab completion and colours need a terminal, which script(1) gives.
if command -v script > /dev/null; then
	script -qec "'$podwayctl' ports" /dev/null < /dev/null | tr -d '\r' > "$dir/out"
	check ports-color 0 0
	printf 'ver\t\nfd\tfl\t bridge br\t\nexit\n' |
		script -qec "'$podwayctl' shell" /dev/null > "$dir/typed" 2>&1
	grep -q '1,289 entries flushed' "$dir/typed" || fail "shell: completion of fdb flush"
	grep -q '22.11.11' "$dir/typed" || fail "shell: completion of version"
fi

# What is generated is checked in.
"$podwayctl" --man | diff -u "$top/docs/man/podwayctl.8" - || fail "docs/man/podwayctl.8 is old"
"$podwayctl" completion bash | diff -u "$top/config/podwayctl.bash" - ||
	fail "config/podwayctl.bash is old"
bash -n "$top/config/podwayctl.bash" || fail "the completion script has an error"
# It, used as bash would.
got=$(PATH=$(dirname "$podwayctl"):$PATH bash -c '
	. "$1"
	COMP_WORDS=(podwayctl routes "") COMP_CWORD=2
	_podwayctl podwayctl
	echo "${COMPREPLY[*]}"' - "$top/config/podwayctl.bash")
[ "$got" = "show get add del" ] || fail "bash completion gave: $got"

# Errors of output are not swallowed.
"$podwayctl" status > /dev/full 2> /dev/null
got=$?
[ "$got" = 1 ] || fail "a full disk: exit status $got"

# No daemon.
eval "exec $fake_in>&-"
wait "$fake_pid"
"$podwayctl" status > "$dir/stdout" 2> "$dir/stderr"
got=$?
sed "s|$dir|DIR|g" "$dir/stderr" > "$dir/out"
check no-daemon 3 "$got"
"$podwayctl" --socket "$(printf 'x%.0s' {1..120})" status > /dev/null 2>&1
got=$?
[ "$got" = 3 ] || fail "a socket path too long: exit status $got"

[ "$failed" = 0 ] && echo "all as expected"
exit "$((failed > 0))"
