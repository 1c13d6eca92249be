#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The state folder is never half written: a disk that is full refuses changes, each with its reason, and what is in
# force is what was saved; kill -9 amid a series of changes leaves every change that was answered (OPS-2).
# workers: any
. "$(dirname "$0")/lib.sh"
test_begin "$@"
DISK=$LAB_DIR/state

unmount() { umount "$DISK" 2>/dev/null; }
trap 'unmount; test_abort' EXIT

test_config_node <<EOF
ports:
  - {name: vm0, type: vhost-user, socket: $LAB_DIR/vm0.sock, bridge: br0}
EOF
sed -i 's/^cpu: .*/cpu: {control: 0, workers: [0, 1], share: true}/' "$LAB_DIR/podway.yaml"
check "a small disk for the state" mount -t tmpfs -o size=256k,mode=0755 podway "$DISK"

refused() { # TEXT CMD..: fails, and says so
	local text=$1
	shift
	"$@" >"$LAB_DIR/refused.out" 2>&1 && return 1
	cat "$LAB_DIR/refused.out"
	grep -q "$text" "$LAB_DIR/refused.out"
}
routes() { lab_ctl --json routes | jq -c '[.routes[] | select(.origin == "ctl") | {prefix, kind, via}] | sort'; }
picture() {
	routes
	lab_ctl --json services | jq -c '[.services[] | {name, cluster_ip}] | sort'
	lab_ctl --json ports | jq -c '[.ports[] | select(.pod == null) | .name] | sort'
	lab_ctl --json ports vm0 | jq -c '.ports[0].workers'
	lab_ctl --json pods | jq -c '[.pods[] | {name, state}] | sort'
	find "$DISK/ipam" -name '*@*.json' -printf '%f\n' | sort
}
is_whole() { # every file is JSON, none is a rest
	local file bad=0
	while read -r file; do
		jq -e . "$file" >/dev/null || { echo "$file is damaged"; bad=1; }
	done < <(find "$DISK" -name '*.json')
	find "$DISK" \( -name '*.corrupt' -o -name '*.tmp' \) | grep . && bad=1
	return $bad
}
same_picture() {
	picture >"$LAB_DIR/after"
	diff "$LAB_DIR/before" "$LAB_DIR/after"
}

check "podwayd starts" lab_start
check "a pod" lab_pod_add one
check "a route" lab_ctl routes add 10.77.0.0/16 via "$(lab_ip one)"
check "a Service" lab_ctl services add default/a cluster-ip 10.96.0.11 port tcp:7:7000 endpoint "$(lab_ip one)"
check "a port" lab_ctl ports add vm1 type vhost-user socket "$LAB_DIR/vm1.sock" bridge br0
check "a queue that was moved" lab_ctl workers move vm0 1
picture >"$LAB_DIR/before"

# ---- full
head -c 1M /dev/zero >"$DISK/fill" 2>/dev/null
check "a route is refused" refused "No space left" lab_ctl routes add 10.78.0.0/16 kind blackhole
check "... one in the place of another, too" refused "No space left" lab_ctl routes add 10.77.0.0/16 kind blackhole replace
check "... deleting as well" refused "No space left" lab_ctl routes del 10.77.0.0/16
check "a port is refused" refused "No space left" lab_ctl ports add vm2 type vhost-user socket "$LAB_DIR/vm2.sock" bridge br0
check "a move is refused" refused "No space left" lab_ctl workers move vm0 0
check_fails "a pod is refused" lab_pod_add two
check "... with the reason" grep -q "No space left" "$LAB_DIR/two.json"
check "nothing changed" same_picture
check "no file is half written" is_whole
lab_stop KILL
check "podwayd starts on the full disk" lab_start
check "... as it was" same_picture
rm "$DISK/fill"
lab_conflist | lab_cni DEL two >/dev/null 2>&1
ip netns del "$LAB_PREFIX-two"
check "with room there is a change again" lab_ctl routes add 10.78.0.0/16 kind blackhole
check "... and a pod" lab_pod_add three

# ---- killed amid changes: what was answered is there
changes() { # routes one after the other, until the daemon is gone; those that were answered go to a file
	local i
	for i in $(seq 1 250); do
		lab_ctl routes add "10.80.$i.0/24" kind blackhole >/dev/null 2>&1 || return
		echo "10.80.$i.0/24" >>"$LAB_DIR/answered"
		if [ $((i % 3)) = 0 ]; then # and some go again
			sed -i '$d' "$LAB_DIR/answered"
			lab_ctl routes del "10.80.$i.0/24" >/dev/null 2>&1 || return
		fi
	done
}
forgotten() { # answered, but not there; at most one is there that was not answered
	lab_ctl --json routes | jq -r '.routes[].prefix | select(startswith("10.80."))' | sort >"$LAB_DIR/there"
	sort "$LAB_DIR/answered" >"$LAB_DIR/want"
	comm -23 "$LAB_DIR/want" "$LAB_DIR/there"
	[ "$(comm -13 "$LAB_DIR/want" "$LAB_DIR/there" | wc -l)" -le 1 ] || comm -13 "$LAB_DIR/want" "$LAB_DIR/there"
}
for round in 1 2 3 4; do
	: >"$LAB_DIR/answered"
	changes &
	series=$!
	lab_wait 10 test -s "$LAB_DIR/answered"
	sleep "0.$((RANDOM % 5 + 1))"
	lab_stop KILL
	wait $series
	echo '{"ver' | tee "$DISK/routes.json.tmp" "$DISK/pods/x.json.tmp" >"$DISK/ipam/x.json.tmp" # killed while it wrote
	check "round $round: podwayd starts" lab_start
	check "round $round: what was answered is there ($(wc -l <"$LAB_DIR/answered") routes)" [ -z "$(forgotten)" ]
	check "round $round: no file is half written" is_whole
	for prefix in $(cat "$LAB_DIR/there"); do lab_ctl routes del "$prefix" >/dev/null; done
done
lab_stop
check "the disk is let go" unmount
test_end
