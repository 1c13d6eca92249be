#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# workers: any
# The configuration as its author meets it: --check, --dump, --version, --help; each mistake with file, line,
# column, key and what is allowed (OPS-4, OPS-9, OPS-11).
. "$(dirname "$0")/lib.sh"
test_begin "$@"

bad=$LAB_DIR/bad.yaml

# podwayd ARGS..: output of both kinds in $out, of stderr in $err, exit code in $rc.
podwayd() {
	rc=0
	out=$(timeout 10 "$LAB_BUILD/app/podwayd/podwayd" "$@" 2>"$LAB_DIR/stderr") || rc=$?
	err=$(cat "$LAB_DIR/stderr")
}
says() { printf '%s\n' "$out$err" | grep -qF -- "$1"; }
is_exit() { [ "$rc" = "$1" ]; }

# wrong PLACE "KEY: WHAT" < file: --check ends with 1 and says that on one line, on stderr only.
wrong() {
	cat >"$bad"
	podwayd --check "$bad"
	check "${2:0:90}" is_line "$1" "$2"
}
is_line() {
	echo "exit $rc, stdout: $out, stderr: $err"
	[ "$rc" = 1 ] && [ -z "$out" ] && printf '%s\n' "$err" | grep -qF -- "$bad:$1: $2"
}
good() {
	podwayd --check "$2"
	check "$1" says "$2: ok"
	check "... exit code 0" is_exit 0
}

# ---- good files

for file in "$TEST_DIR"/../../config/*.yaml; do
	good "config/${file##*/} is valid" "$file"
	podwayd --config "$file" --dump
	check "... --dump: exit code 0" is_exit 0
	printf '%s\n' "$out" >"$LAB_DIR/dump.yaml"
	good "... the dump is valid" "$LAB_DIR/dump.yaml"
	podwayd --config "$LAB_DIR/dump.yaml" --dump
	check "... the dump of the dump is the same" [ "$out" = "$(cat "$LAB_DIR/dump.yaml")" ]
done
echo '{}' >"$LAB_DIR/least.yaml"
good "{} is valid" "$LAB_DIR/least.yaml"
podwayd --config "$LAB_DIR/least.yaml" --dump
check "... and has all defaults" says 'socket: /run/podway/control.sock'
test_config_node </dev/null
good "the file of these tests is valid" "$LAB_DIR/podway.yaml"
sed -n '/^```yaml$/,/^```$/p' "$TEST_DIR/../../docs/configuration.md" |
	awk -v dir="$LAB_DIR" '/^```yaml/ {n++; next} /^```/ {next} {print > dir "/doc" n ".yaml"}'
for file in "$LAB_DIR"/doc*.yaml; do
	good "example ${file##*/doc} of docs/configuration.md is valid" "$file"
done

# ---- mistakes

wrong 1:7 'cpu.contrl: unknown key; did you mean "control"?' <<<'cpu: {contrl: 0}'
wrong 1:1 'nodes: unknown key; did you mean "node"?' <<<'nodes: {name: a}'
wrong 1:16 'cpu.control: "two" is not a whole number; allowed: 0..1023' <<<'cpu: {control: two}'
wrong 1:29 'cpu.workers[0]: core 0 is used twice' <<<'cpu: {control: 0, workers: [0]}'
wrong 1:13 'cpu.idle: "lazy" is not allowed; allowed: adaptive or poll' <<<'cpu: {idle: lazy}'
wrong 2:12 'memory.size_mb: 7 is out of range; allowed: 64..1048576' <<'EOF'
memory:
  size_mb: 7
EOF
wrong 1:17 'node.name: key is given twice; also at line 1' <<<'node: {name: a, name: b}'
wrong 1:12 'state_dir: "var/lib" is not an absolute path' <<<'state_dir: var/lib'
wrong 1:11 'pod_cidr: "10.11.1.7/24" has bits set behind the prefix length; write 10.11.1.0/24' <<<'pod_cidr: 10.11.1.7/24'
wrong 3:14 'bridges[0].gateway: "10.244.1.300/24" is not an IPv4 or IPv6 address with a prefix length' <<'EOF'
bridges:
  - name: br0
    gateway: 10.244.1.300/24
EOF
wrong 3:12 'bridges[1].name: name "br0" is used twice' <<'EOF'
bridges:
  - {name: br0}
  - {name: br0}
EOF
wrong 3:34 'ports[1].bridge: there is no bridge "nope"' <<'EOF'
ports:
  - {name: x, type: tap, addresses: 192.0.2.1/24}
  - {name: y, type: tap, bridge: nope}
EOF
wrong 2:21 'ports[0].type: "veth" is not allowed; allowed: tap, af_packet, af_xdp, vhost-user, ethdev, memif or virtio-user' <<'EOF'
ports:
  - {name: x, type: veth}
EOF
wrong 2:5 'ports[0].socket: missing; a port of type vhost-user needs it' <<'EOF'
ports:
  - {name: x, type: vhost-user, addresses: 192.0.2.1/24}
EOF
wrong 4:30 'routes[0].via: 192.0.3.254 is in no subnet of a bridge, uplink or port' <<'EOF'
bridges:
  - {name: br0, gateway: 10.244.1.1/24}
routes:
  - {prefix: 0.0.0.0/0, via: 192.0.3.254}
EOF
wrong 3:27 'services[0].cluster_ip: 10.97.0.9 is outside of service_cidr (line 1)' <<'EOF'
service_cidr: 10.96.0.0/16
services:
  - {name: a, cluster_ip: 10.97.0.9, ports: [{port: 80}], endpoints: [10.244.1.5]}
EOF
wrong 2:1 'not valid YAML: found character that cannot start any token' <<<$'node:\n\tname: x'
wrong 2:1 "not valid YAML: did not find expected ',' or ']'" <<<'bridges: [{name: br0}'
wrong 1:1 'must be a mapping (key: value), is a list' <<<'[1, 2]'
wrong 1:1 'the file is empty' </dev/null
head -c 5000 /dev/urandom | tr -d '\n' | sed 's/^/\xff/' >"$LAB_DIR/noise"
wrong 1:1 'not valid YAML' <"$LAB_DIR/noise"

cat >"$bad" <<'EOF'
cpu: {idle: lazy}
memory: {size_mb: 7}
pods: {mode: flying}
EOF
podwayd --check "$bad"
check "all mistakes of a file are told at once, in order" \
	[ "$(printf '%s\n' "$err" | sed -n 's/.*yaml:\([0-9]*\):.*/\1/p' | paste -sd,)" = 1,2,3 ]
seq -f 'key%g: 1' 50 >"$bad"
podwayd --check "$bad"
check "not more than 20, and how many there are besides" sh -c '[ $(printf "%s\n" "$1" | wc -l) = 21 ] && \
	printf "%s\n" "$1" | tail -1 | grep -q 30' sh "$err"

# ---- files that are none

podwayd --check "$LAB_DIR/none.yaml"
check "no such file" says "none.yaml: cannot be read: No such file or directory"
check "... exit code 1" is_exit 1
podwayd --check "$LAB_DIR"
check "a folder" says "cannot be read: Is a directory"
truncate -s 17M "$bad"
podwayd --check "$bad"
check "a file of 17 MiB" says "larger than 16 MiB"
echo 'cpu: {idle: lazy}' >"$bad"
podwayd --config "$bad" --dump
check "--dump of a wrong file: exit code 1" is_exit 1
check "... and the mistake" says "cpu.idle"
podwayd --config "$bad"
check "podwayd does not start with it: exit code 1" is_exit 1
check "... and the mistake" says "cpu.idle"

# ---- the command line

podwayd --version
check "--version: podway" says "podwayd 0."
check "... what -march it was built with" says \
	"built for $(jq -r '.[] | select(.name == "march") | .value' < <(meson introspect --buildoptions "$LAB_BUILD" 2>/dev/null)) with "
check "... DPDK" says "DPDK 22.11"
check "... exit code 0" is_exit 0
podwayd --help
for option in config check dump log-level version help; do
	check "--help names --$option" says "--$option"
done
check "... on stdout, exit code 0" [ "$rc/${#err}" = 0/0 ]
podwayd --no-such-option
check "an unknown option: exit code 2" is_exit 2
check "... and a way on" says "Try: podwayd --help"
podwayd --check
check "--check without a file: exit code 2" is_exit 2
podwayd podway.yaml
check "an argument that is no option: exit code 2" is_exit 2
podwayd --log-level loud
check "an unknown log level: exit code 2" is_exit 2
check "... and which there are" says "error, warn, info, debug"
test_end
