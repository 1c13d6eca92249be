# SPDX-License-Identifier: BSD-3-Clause
"""A stand-in for podwayd's control socket: JSON-RPC on lines, file descriptors by SCM_RIGHTS.

The answers are the test's: rules[method] is a function of the parameters that gives the result, an
Error to answer with, HANG to say nothing, or CLOSE to hang up.
"""

import json
import os
import socket
import threading


class Error(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


HANG = object()
CLOSE = object()

BRIDGED = {
    "port": "pod-7",
    "mode": "bridged",
    "host_mac": "02:00:00:00:00:01",
    "mac": "0a:58:0a:f4:01:07",
    "mtu": 1450,
    "ips": [{"address": "10.244.1.7/24", "gateway": "10.244.1.1"}],
    "routes": [{"dst": "0.0.0.0/0", "gw": "10.244.1.1"}],
    "neighbours": [],
}

DUAL = dict(
    BRIDGED,
    ips=BRIDGED["ips"] + [{"address": "fd00:1::7/64", "gateway": "fd00:1::1"}],
    routes=BRIDGED["routes"] + [{"dst": "::/0", "gw": "fd00:1::1"}],
)

ROUTED = dict(
    BRIDGED,
    mode="routed",
    ips=[{"address": "10.244.1.7/32", "gateway": "169.254.1.1"}],
    routes=[{"dst": "0.0.0.0/0", "gw": "169.254.1.1"}],
)


class FakeDaemon:
    """Listens on path from the constructor on until close()."""

    def __init__(self, path):
        self.path = path
        self.calls = []  # (method, params) in the order they came
        self.fds = []  # received; open until reset() or close()
        self.attached = set()
        self.rules = {}
        self.reset()
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.bind(path)
        self.sock.listen(16)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def reset(self):
        self.calls = []
        for fd in self.fds:
            os.close(fd)
        self.fds = []
        self.attached = set()
        self.rules = {
            "cni.prepare": lambda p: dict(BRIDGED),
            "cni.attach": lambda p: {"port": "pod-7"},
            "cni.del": lambda p: {"found": True},
            "cni.check": lambda p: {},
            "cni.status": lambda p: {},
            "pods.list": lambda p: {"pods": []},
        }

    def methods(self):
        return [method for method, _ in self.calls]

    def params(self, method):
        return [params for name, params in self.calls if name == method]

    def close(self):
        self.reset()
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join(2)
        os.unlink(self.path)

    def _accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        data = b""
        with conn:
            while True:
                while b"\n" not in data:
                    more, fds, _, _ = socket.recv_fds(conn, 65536, 8)
                    self.fds += fds
                    if not more:
                        return
                    data += more
                line, data = data.split(b"\n", 1)
                if not self._answer(conn, json.loads(line)):
                    return

    def _answer(self, conn, request):
        params = request.get("params", {})
        self.calls.append((request["method"], params))
        reply = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            result = self.rules[request["method"]](params)
            if result is CLOSE:
                return False
            if result is HANG:
                return conn.recv(1) != b""
            reply["result"] = result
        except Error as e:
            reply["error"] = {"code": e.code, "message": str(e)}
        conn.sendall(json.dumps(reply).encode() + b"\n")
        return True
