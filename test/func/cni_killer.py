#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stands between podway-cni and podwayd and kills the plugin when podwayd has answered cni.prepare.

  cni_killer.py LISTEN DAEMON LEASES     LISTEN, DAEMON: sockets; LEASES: folder where podwayd keeps addresses

Exit code 0 if an address was reserved at that moment."""
import os
import signal
import socket
import struct
import sys


def leases(folder):
    return len([name for name in os.listdir(folder) if "@" in name])


def main():
    listen, daemon, folder = sys.argv[1:]
    before = leases(folder)
    server = socket.socket(socket.AF_UNIX)
    server.bind(listen)
    server.listen()
    server.settimeout(10)
    plugin, _ = server.accept()
    pid, _, _ = struct.unpack("3i", plugin.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(daemon)
    while True:
        request = plugin.makefile("rb").readline()
        upstream.sendall(request)
        answer = upstream.makefile("rb").readline()
        if b"cni.prepare" in request:
            break
        plugin.sendall(answer)
    reserved = leases(folder) - before
    os.kill(pid, signal.SIGKILL)
    print(f"killed {pid}; {reserved} reserved; {answer.decode()}")
    sys.exit(0 if reserved == 1 else 1)


main()
