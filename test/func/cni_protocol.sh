#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The CNI plugin as a runtime sees it. Usage: cni_protocol.sh BUILD_DIR [PATTERN]
# workers: any
exec /usr/bin/python3 "$(dirname "$0")/cni_protocol.py" "$@"
