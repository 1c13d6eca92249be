#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# podway on this machine in a few minutes:  sudo ./scripts/quickstart.sh [--keep] [--no-install]
#
#   Installs what is missing, builds, starts podwayd in a network namespace of its own ("the node"), connects
#   three pods by the CNI plugin, makes a Service, and shows what works: ping, curl, iperf3, vhost-user.
#   Needs Debian 12, root and about 600 MB of memory; no NIC, no hugepages, one core is enough.
#   The interfaces, routes and services of this machine are left alone.
#
#   --keep          leave the lab running, to look around; says how
#   --stop          end a lab that --keep left running
#   --no-install    do not look for packages
#   --build DIR     build folder (default: build)
#   --help          this text
#
#   Exit code: 0 everything works, 1 something failed (the table at the end says what), 2 usage.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=scripts/lab-lib.sh
. scripts/lab-lib.sh

KEPT=/run/podway-quickstart # a link to the folder of the lab that --keep left
VIP=10.96.0.80
REQUESTS=40
IPERF_SEC=3
build=build keep='' stop='' install=1

usage() { sed -n '3,16s/^# \{0,1\}//p' "$0"; }

while [ $# -gt 0 ]; do
	case $1 in
	--keep) keep=1 ;;
	--stop) stop=1 ;;
	--no-install) install= ;;
	--build) build=${2:?--build needs a folder}; shift ;;
	-h | --help) usage; exit 0 ;;
	*) echo "quickstart.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
	esac
	shift
done
if [ "$(id -u)" -ne 0 ]; then
	echo "quickstart.sh: needs root, for network namespaces and TAPs: sudo $0" >&2
	exit 2
fi

# ---- what is printed -----------------------------------------------------------------------------

bold='' dim='' red='' green='' plain='' terminal=''
if [ -t 1 ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m' terminal=1
fi
results=() failed=0 step=0
STEPS=9

heading() {
	step=$((step + 1))
	printf '\n%s[%d/%d] %s%s\n' "$bold" $step $STEPS "$1" "$plain"
}

say() { printf '      %s\n' "$1"; }
indent() { sed 's/^/      /'; }

# prompt WHERE TEXT: a command as one would type it.
prompt() { printf '      %s%s$ %s%s\n' "$dim" "$1" "$2" "$plain"; }

# show TEXT CMD..: says TEXT, runs CMD
show() {
	prompt "" "$1"
	shift
	"$@" 2>&1 | tee -a "$log" | indent
}

# result CHECK WHAT_WAS_SEEN CMD..: one row of the table at the end; CMD says whether it is right.
result() {
	local verdict=ok
	if ! "${@:3}" >>"$log" 2>&1; then
		verdict=FAILED
		failed=$((failed + 1))
		say "${red}FAILED: $1 ($2)$plain"
	fi
	results+=("$1"$'\t'"$2"$'\t'"$verdict")
}

give_up() {
	printf '\n%squickstart: %s%s\n' "$red" "$1" "$plain" >&2
	failed=$((failed + 1))
	exit 1
}

# busy WHAT CMD..: runs a long command with its output in the log, and says that it is alive.
busy() {
	local what=$1 began=$SECONDS said=$SECONDS now pid
	shift
	"$@" >>"$log" 2>&1 </dev/null &
	pid=$!
	busy_pid=$pid
	while kill -0 $pid 2>/dev/null; do
		now=$(tail -c 300 "$log" | grep -o '^\[[0-9]*/[0-9]*\]' | tail -1)
		if [ -n "$terminal" ]; then
			printf '\r      %s .. %d s %s ' "$what" $((SECONDS - began)) "$now"
		elif [ $((SECONDS - said)) -ge 10 ]; then
			said=$SECONDS
			say "$what .. $((SECONDS - began)) s $now"
		fi
		sleep 0.2
	done
	busy_pid=
	[ -z "$terminal" ] || printf '\r\e[K'
	wait $pid || return 1
	say "$what: done in $((SECONDS - began)) s"
}

print_results() {
	local row check seen verdict width=20 seen_width=20
	for row in "${results[@]}"; do
		IFS=$'\t' read -r check seen verdict <<<"$row"
		[ ${#check} -le $width ] || width=${#check}
		[ ${#seen} -le $seen_width ] || seen_width=${#seen}
	done
	printf '\n%s%-*s  %-*s  %s%s\n' "$bold" $width CHECK $seen_width SEEN RESULT "$plain"
	for row in "${results[@]}"; do
		IFS=$'\t' read -r check seen verdict <<<"$row"
		printf '%-*s  %-*s  %s%s%s\n' $width "$check" $seen_width "$seen" \
			"$([ "$verdict" = ok ] && echo "$green" || echo "$red")" "$verdict" "$plain"
	done
}

# ---- end, in whatever way ------------------------------------------------------------------------

lab_began='' busy_pid=''

finish() {
	local rc=$?
	trap - EXIT
	trap '' INT TERM HUP PIPE
	exec >&3 2>&4 # an interrupted function may have been silent
	[ -z "$busy_pid" ] || kill "$busy_pid" 2>/dev/null
	[ ${#results[@]} -eq 0 ] || print_results
	if [ $failed -gt 0 ] && [ -n "$lab_began" ]; then
		{ echo "--- podwayd.log"; cat "$LAB_DIR/podwayd.log"; tail -n 50 "$LAB_DIR"/*.out; } >>"$log" 2>/dev/null
	fi
	if [ -n "$lab_began" ]; then
		if [ -n "$keep" ] && [ $failed -eq 0 ] && [ $rc -eq 0 ]; then
			keep_lab
		else
			lab_cleanup
		fi
	fi
	if [ $failed -gt 0 ]; then
		printf '\n%s%d failed%s after %d s; everything that was printed on the way: %s\n' "$red" $failed "$plain" \
			$SECONDS "$log"
		exit 1
	fi
	rm -f "$log"
	[ $rc -ne 0 ] || printf '\n%s%d of %d work%s, in %d s\n' "$green" ${#results[@]} ${#results[@]} "$plain" $SECONDS
	exit $rc
}

# What --stop needs is in the lab's folder.
keep_lab() {
	local ctl=$LAB_BUILD/app/podwayctl/podwayctl
	printf '%s\n' "$LAB_PREFIX" >"$LAB_DIR/prefix"
	ln -sfn "$LAB_DIR" $KEPT
	cat <<END

${bold}The lab is running.${plain}
  podwayctl       $ctl --socket $LAB_SOCKET status
                  also: shell (commands with completion), help, watch drops
  inside a pod    ip netns exec $LAB_PREFIX-client curl http://$VIP/
  on the node     ip netns exec $LAB_PREFIX-node curl http://$VIP/
  log             $LAB_DIR/podwayd.log
  configuration   $LAB_DIR/podway.yaml
  stop it         sudo $0 --stop
END
}

# Processes are found by the namespaces they are in, so none of others can be meant.
stop_lab() {
	local dir prefix ns pid
	if ! dir=$(readlink -e $KEPT) || [ ! -s "$dir/prefix" ]; then
		rm -f $KEPT
		echo "quickstart.sh: no lab is running"
		return 0
	fi
	prefix=$(cat "$dir/prefix")
	for ns in $(ip netns list | awk -v p="$prefix-" 'index($1, p) == 1 {print $1}'); do
		for pid in $(ip netns pids "$ns"); do
			kill "$pid" 2>/dev/null
			lab_wait 10 lab_gone "$pid" || kill -KILL "$pid"
		done
		ip netns del "$ns"
	done
	rm -rf "$dir" $KEPT
	echo "quickstart.sh: the lab has ended"
}

# What outlives the script with --keep has neither its terminal nor its output.
# shellcheck disable=SC2016
detached=(setsid sh -c 'exec "$@" 3>&- 4>&-' -)

# ---- the steps -----------------------------------------------------------------------------------

install_packages() {
	heading "Packages"
	if [ -z "$install" ]; then
		say "not looked for (--no-install)"
		return
	fi
	busy "packages of Debian" ./scripts/install-packages.sh build run lab ||
		give_up "the packages could not be installed; the end of the log: $(tail -n 3 "$log")"
}

build_programs() {
	local targets=(app/podwayd/podwayd app/podway-cni/podway-cni app/podwayctl/podwayctl)
	heading "Build (release, in $build)"
	if [ ! -f "$build/build.ninja" ]; then
		busy "meson setup" meson setup "$build" --buildtype=release || give_up "meson setup failed; see $log"
	fi
	busy "ninja" ninja -C "$build" "${targets[@]}" ||
		give_up "the build failed: $(grep -m 3 -E 'error:|FAILED:' "$log"; echo "see $log")"
	show "podwayd --version" "$build/app/podwayd/podwayd" --version
}

# config/lab.yaml with its files in the lab's folder.
lab_config() {
	sed "s|/run/podway/|$LAB_DIR/run/|" config/lab.yaml
	printf '\nstate_dir: %s\ncontrol: {socket: %s}\n' "$LAB_DIR/state" "$LAB_SOCKET"
}

start_node() {
	heading "Node: podwayd in a network namespace of its own"
	lab_init "$build"
	lab_began=1
	lab_config >"$LAB_DIR/podway.yaml"
	LAB_WRAP=("${detached[@]}")
	lab_start 2>>"$log" || give_up "podwayd did not start: $(tail -n 3 "$LAB_DIR/podwayd.log")"
	show "podwayctl status" lab_ctl status
}

serve_web() {
	local pod=$1
	mkdir -p "$LAB_DIR/$pod"
	cat >"$LAB_DIR/$pod/nginx.conf" <<END
daemon off;
pid $LAB_DIR/$pod/pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path $LAB_DIR/$pod; proxy_temp_path $LAB_DIR/$pod; fastcgi_temp_path $LAB_DIR/$pod;
	uwsgi_temp_path $LAB_DIR/$pod; scgi_temp_path $LAB_DIR/$pod;
	server { listen 80; return 200 "hello from $pod\n"; }
}
END
	lab_bg "$pod" "${detached[@]}" nginx -e stderr -p "$LAB_DIR/$pod" -c "$LAB_DIR/$pod/nginx.conf"
}

listening() { lab_in "$1" ss -Hltn "sport = :$2" | grep -q .; }

add_pods() {
	local pod
	heading "Three pods by the CNI plugin: two web servers, one client"
	for pod in web1 web2 client; do
		lab_pod_add $pod 2>>"$log" || give_up "$(tail -n 1 "$log")"
	done
	serve_web web1
	serve_web web2
	lab_wait 10 listening web1 80 && lab_wait 10 listening web2 80 || give_up "nginx did not start; see $log"
	show "podwayctl pods" lab_ctl pods
	prompt web1 "ip -brief address show eth0"
	lab_in web1 ip -brief address show eth0 | indent
}

# ping_check CHECK FROM TO
ping_check() {
	local out loss
	prompt "$2" "ping -c 5 -i 0.2 $3"
	out=$(lab_in "$2" ping -c 5 -i 0.2 -W 2 "$3" 2>&1 | tee -a "$log" | tail -2)
	indent <<<"$out"
	loss=$(grep -o '[0-9]* received' <<<"$out")
	result "$1" "${loss:-no answer} of 5, $(awk -F/ '/rtt/ {print $5 " ms"}' <<<"$out")" \
		[ "$loss" = "5 received" ]
}

check_ping() {
	heading "Ping"
	ping_check "ping pod to pod" client "$(lab_ip web1)"
	ping_check "ping pod to node" client 198.51.100.1
	ping_check "ping node to pod" node "$(lab_ip web2)"
}

# curl_check CHECK FROM: the Service, again and again; both backends must answer.
curl_check() {
	local answers seen
	prompt "$2" "for i in \$(seq $REQUESTS); do curl -s http://$VIP/; done | sort | uniq -c"
	answers=$(for _ in $(seq $REQUESTS); do lab_in "$2" curl -s -m 5 http://$VIP/; done | sort | uniq -c)
	indent <<<"$answers"
	seen=$(awk '{printf "%s%s from %s", sep, $1, $NF; sep = ", "}' <<<"$answers")
	result "$1" "${seen:-no answer}" both_answer "$answers"
}

both_answer() {
	awk -v n=$REQUESTS '{sum += $1; ok += /hello from web[12]$/} END {exit !(sum == n && ok == 2 && NR == 2)}' <<<"$1"
}

check_service() {
	local add=(services add default/web cluster-ip "$VIP" port tcp:80:80
		endpoint "$(lab_ip web1)" endpoint "$(lab_ip web2)")
	heading "A Service: one address, two backends"
	show "podwayctl ${add[*]}" lab_ctl "${add[@]}"
	curl_check "pod to Service" client
	curl_check "node to Service" node
	show "podwayctl services" lab_ctl services
	show "podwayctl flows show limit 5" lab_ctl flows show limit 5
}

pod_port() { lab_ctl --json pods | jq -r ".pods[] | select(.name == \"$1\") | .port"; }

check_iperf() {
	local out gbit largest port
	heading "TCP from pod to pod"
	lab_bg web1 "${detached[@]}" iperf3 -s
	lab_wait 10 listening web1 5201 || give_up "iperf3 -s did not start; see $log"
	prompt client "iperf3 -c $(lab_ip web1) -t $IPERF_SEC"
	out=$(lab_in client iperf3 -c "$(lab_ip web1)" -t $IPERF_SEC -J 2>>"$log")
	gbit=$(jq -r '.end.sum_received.bits_per_second / 1e7 | round / 100' <<<"$out" 2>>"$log")
	port=$(pod_port client)
	largest=$(lab_ctl --json ports "$port" | jq .ports[0].rx.max_frame_bytes)
	say "received ${gbit:-nothing} Gbit/s"
	show "podwayctl ports $port" lab_ctl ports "$port"
	result "TCP pod to pod" "${gbit:-0} Gbit/s, frames up to $largest bytes" \
		jq -en "${gbit:-0} > 0 and $largest > 30000"
}

# A virtual machine's end of a vhost-user port, played by testpmd: start_vm PORT NUMBER ARGS..
start_vm() {
	local port=$1 mac=02:00:00:00:00:0$2 core
	core=$(taskset -pc $$ | grep -o '[0-9]*' | tail -1)
	shift 2
	lab_bg node "${detached[@]}" dpdk-testpmd --no-huge --no-pci -m 64 --no-telemetry --no-shconf --file-prefix "$LAB_PREFIX$port" \
		--lcores "0@$core,1@$core" --vdev "net_virtio_user0,path=$LAB_DIR/run/$port.sock,mac=$mac" \
		-- --total-num-mbufs=2048 --stats-period 1 "$@"
}

counters() { lab_ctl --json ports | jq -c '[.ports[] | select(.name == "vm0" or .name == "vm1")] | sort_by(.name)'; }
vms_up() { counters | jq -e 'all(.state == "up")'; }
vms_moved() { counters | jq -e '.[1].tx.packets > 100000'; }

check_vhost() {
	local receiver sender ports before seconds
	heading "vhost-user: two virtual machines' ports, played by dpdk-testpmd"
	start_vm vm1 1 --forward-mode=rxonly
	receiver=$LAB_LAST_PID
	start_vm vm0 0 --forward-mode=txonly --eth-peer=0,02:00:00:00:00:01
	sender=$LAB_LAST_PID
	lab_wait 20 vms_up
	before=$EPOCHREALTIME
	lab_wait 10 vms_moved
	sleep 2
	kill -TERM "$sender"
	lab_wait 10 lab_gone "$sender"
	seconds=$(jq -n "$EPOCHREALTIME - $before")
	ports=$(counters)
	kill -TERM "$receiver"
	show "podwayctl ports" lab_ctl ports
	result "vhost-user vm0 to vm1" \
		"$(jq -r "\"\(.[1].tx.packets) frames, \(.[1].tx.packets / $seconds / 1000 | round) thousand/s\"" <<<"$ports")" \
		jq -e '.[1].tx.packets > 100000' <<<"$ports"
	result "every frame accounted for" \
		"$(jq -r '"\(.[0].rx.packets) in = \(.[1].tx.packets) out + \(.[1].drops) for vm1 full"' <<<"$ports")" \
		jq -e '.[0].rx.packets == .[1].tx.packets + .[0].drops + .[1].drops' <<<"$ports"
}

settled() {
	lab_ctl --json status |
		jq -e '.ledger | .in_flight == 0 and .rx + .injected + .replicated == .tx + .drops + .punted'
}

check_ledger() {
	heading "Where every packet went"
	lab_wait 5 settled
	show "podwayctl drops" lab_ctl drops
	show "podwayctl status" lab_ctl status
	result "ledger" "$(lab_ctl --json status | jq -r '.ledger | "\(.rx + .injected + .replicated) in, \(.in_flight) missing"')" \
		settled
}

# ---- main ----------------------------------------------------------------------------------------

if [ -n "$stop" ]; then
	stop_lab
	exit
fi
if [ -e $KEPT ]; then
	echo "quickstart.sh: a lab is running; end it first: sudo $0 --stop" >&2
	exit 1
fi

log=$(mktemp /tmp/podway-quickstart.XXXXXX.log)
exec 3>&1 4>&2
trap finish EXIT
trap 'printf "\nquickstart.sh: interrupted, cleaning up\n" >&4; exit 130' INT TERM HUP PIPE
echo "podway quickstart: $(nproc) cores, $(awk '/HugePages_Free/ {print $2}' /proc/meminfo) hugepages free"

install_packages
build_programs
start_node
add_pods
check_ping
check_service
check_iperf
check_vhost
check_ledger
