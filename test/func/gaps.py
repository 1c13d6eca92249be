#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long is a path silent? Two steady streams, a datagram and a TCP record every millisecond, that somebody echoes.

  gaps.py probe ADDRESS PORT FILE [-u]   until it is ended by SIGTERM: when each echo came goes to FILE.udp and
                                         FILE.tcp; -u: datagrams alone
  gaps.py table FILE TITLE KILL..        a line for each KILL, which is "TIME DEAD READY" in seconds of the epoch:
                                         after how many ms it was dead, and its successor ready; the longest
                                         silence of both streams until the next one; then median and maximum

TCP counts from echo to echo as well: what the kernel's retransmission timer adds is in it.
Exit code of probe: 0 only if the TCP stream is whole: every byte came back in order.
"""
import array
import signal
import socket
import statistics
import sys
import threading
import time

STEP = 0.001
RECORD = 8
WARM_UP = 0.05  # what counts as silence begins at most so long before the kill


class Probe:
    def __init__(self, kind, address, port):
        self.sock = socket.socket(socket.AF_INET, kind)
        self.sock.settimeout(10)
        self.sock.connect((address, port))
        self.sock.settimeout(0.5)
        self.kind, self.stop, self.times, self.sent, self.back = kind, False, array.array("d"), 0, bytearray()
        if kind == socket.SOCK_STREAM:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.send, self.receive)]
        for thread in self.threads:
            thread.start()

    def send(self):
        next_time = time.monotonic()
        while not self.stop:
            try:
                self.sock.send(self.sent.to_bytes(RECORD, "big"))
                self.sent += 1
            except OSError:  # the path is down, or its buffer full
                pass
            next_time = max(next_time + STEP, time.monotonic() - 5 * STEP)  # no burst to make up for it
            time.sleep(max(0, next_time - time.monotonic()))
        if self.kind == socket.SOCK_STREAM:
            self.sock.shutdown(socket.SHUT_WR)

    def receive(self):
        while True:
            try:
                data = self.sock.recv(65536)
            except TimeoutError:
                if self.stop and self.kind == socket.SOCK_DGRAM:
                    return
                continue
            except OSError:  # what the network says of single datagrams; a stream would have ended
                if self.kind == socket.SOCK_STREAM:
                    return
                continue
            if not data:
                return
            self.times.append(time.time())
            if self.kind == socket.SOCK_STREAM:
                self.back += data

    def end(self, path):
        self.stop = True
        for thread in self.threads:
            thread.join(10)
        with open(path, "wb") as file:
            self.times.tofile(file)
        whole = b"".join(i.to_bytes(RECORD, "big") for i in range(self.sent))
        return self.kind == socket.SOCK_DGRAM or self.back == whole


def probe(address, port, path, *options):
    kinds = {"udp": socket.SOCK_DGRAM} | ({} if "-u" in options else {"tcp": socket.SOCK_STREAM})
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    probes = {name: Probe(kind, address, int(port)) for name, kind in kinds.items()}
    ended.wait()
    whole = [p.end(f"{path}.{name}") for name, p in probes.items()]
    for name, p in probes.items():
        print(f"{name}: {p.sent} sent, {len(p.back) // RECORD if name == 'tcp' else len(p.times)} came back")
    sys.exit(0 if all(whole) else "the TCP stream is not whole")


def silences(path, kills):
    """Longest time without an echo from each kill to the next one, in milliseconds."""
    times = array.array("d")
    try:
        with open(path, "rb") as file:
            times.frombytes(file.read())
    except FileNotFoundError:
        return None
    result = []
    for kill, following in zip(kills, kills[1:] + [float("inf")]):
        gaps = [b - a for a, b in zip(times, times[1:]) if a > kill - WARM_UP and a < following - WARM_UP]
        result.append(max(gaps) * 1000 if gaps else float("inf"))
    return result


def table(path, title, *kills):
    kills = [[float(t) for t in kill.split()] for kill in kills]
    columns = {"dead": [(k[1] - k[0]) * 1000 for k in kills], "ready": [(k[2] - k[0]) * 1000 for k in kills]}
    for name in ("udp", "tcp"):
        if (got := silences(f"{path}.{name}", [k[0] for k in kills])) is not None:
            columns[name] = got
    print(f"{title:<14}" + "".join(f"{name + ' ms':>10}" for name in columns))
    rows = [(f"kill {i + 1}", [c[i] for c in columns.values()]) for i in range(len(kills))]
    rows.append(("median", [statistics.median(c) for c in columns.values()]))
    rows.append(("maximum", [max(c) for c in columns.values()]))
    for name, values in rows:
        print(f"{name:<14}" + "".join(f"{value:>10.0f}" for value in values))


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[1] not in ("probe", "table"):
        sys.exit(__doc__)
    {"probe": probe, "table": table}[sys.argv[1]](*sys.argv[2:])
