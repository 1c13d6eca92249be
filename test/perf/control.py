#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Load on the control socket; what became of it is told in one line of JSON.

  control.py SOCKET services N ENDPOINTS      N Services (the i-th at 10.96.0.0 + 256 + i, TCP 80 and UDP 53) of ENDPOINTS
                                              each, set one after another over one connection
  control.py SOCKET change N ENDPOINTS TIMES  one endpoint of one of them is another, TIMES times
  control.py SOCKET churn SECONDS ROUTES SERVICES   so many routes come and go a second, so many Services get other endpoints
"""
import ipaddress
import json
import socket
import sys
import time

PIPELINE = 64


class Client:
    """Requests are sent ahead of their answers; an answer that is an error is counted, the last one is kept."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.file = self.sock.makefile("rb")
        self.ahead = self.done = self.failed = 0
        self.error = None

    def answer(self):
        answer = json.loads(self.file.readline())
        self.ahead -= 1
        self.done += 1
        if "error" in answer:
            self.failed += 1
            self.error = answer["error"]["message"]

    def send(self, method, params):
        self.sock.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
        self.ahead += 1
        if self.ahead == PIPELINE:
            self.answer()

    def wait(self):
        while self.ahead:
            self.answer()


def address(base, i):
    return str(ipaddress.IPv4Address(base) + i)


def service(i, endpoints, shift=0):
    """The last endpoint is another with each shift."""
    first = i * endpoints
    return {"name": f"scale/svc-{i}", "cluster_ip": [address("10.96.1.0", i)], "replace": True,
            "ports": [{"name": "udp", "protocol": "udp", "port": 53, "target_port": 5353},
                      {"name": "tcp", "protocol": "tcp", "port": 80, "target_port": 8080}],
            "endpoints": [address("10.128.0.0", first + k) for k in range(endpoints - 1)] +
            [address("10.192.0.0", first + shift % 1000)]}


def services(client, n, endpoints):
    for i in range(n):
        client.send("services.add", service(i, endpoints))


def change(client, n, endpoints, times):
    for shift in range(times):
        client.send("services.add", service(shift % n, endpoints, shift + 1))
        client.wait()


def churn(client, seconds, routes, updates):
    """In steps of 10 ms; a route is deleted a second after it was added."""
    start = time.monotonic()
    sent = updated = 0
    client.counts = {}
    while (now := time.monotonic() - start) < seconds:
        while sent < now * routes / 2:
            client.send("routes.add", {"prefix": address("172.16.0.0", sent % 65536) + "/32", "via": "10.2.0.2", "replace": True})
            if sent >= routes // 2:
                client.send("routes.del", {"prefix": address("172.16.0.0", (sent - routes // 2) % 65536) + "/32", "missing_ok": True})
            sent += 1
        while updated < now * updates:
            client.send("services.add", service(updated % 50, 10, updated))
            updated += 1
        client.wait()
        time.sleep(0.01)
    elapsed = time.monotonic() - start
    client.counts = {"route_changes": int(2 * sent / elapsed), "service_updates": int(updated / elapsed)}


def main():
    client, what, numbers = Client(sys.argv[1]), sys.argv[2], [int(n) for n in sys.argv[3:]]
    client.counts = {}
    begin = time.monotonic()
    {"services": services, "change": change, "churn": churn}[what](client, *numbers)
    client.wait()
    print(json.dumps({"seconds": round(time.monotonic() - begin, 3), "requests": client.done, "failed": client.failed,
                      "error": client.error, **client.counts}))
    return 1 if client.failed else 0


sys.exit(main())
