#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs what podway needs from Debian's archive:  install-packages.sh GROUP...
# Groups are those of scripts/packages.txt. Does nothing when everything is there already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -eq 0 ] || [ "$1" = --help ]; then
	sed -n '3,4s/^# //p' "$0"
	exit $(($# == 0 ? 2 : 0))
fi

wanted=()
for group in "$@"; do
	mapfile -t -O ${#wanted[@]} wanted < <(awk -v g="$group" '$1 == g {print $2}' "$here/packages.txt")
done
missing=()
for package in "${wanted[@]}"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "install-packages.sh: not root; run: sudo apt-get install ${missing[*]}" >&2
	exit 1
fi
echo "installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A service of a package (nginx) must not start by its installation: tests run their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
	trap 'rm -f "$log" $policy' EXIT
fi
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	tail -20 "$log" >&2
	echo "install-packages.sh: apt-get failed (see above)" >&2
	exit 1
fi
