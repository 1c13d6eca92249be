#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One client of the connectivity matrix: every kind of traffic to every target, verified byte by byte.

  matrix.py CLIENT [BYTES] <TARGETS     a target a line: LAYER SERVER ADDRESS PORT

Echo servers (peer.py serve) listen at the targets.  Prints one row a target and one cell a kind of traffic,
each "ok" or "FAIL" with its reason in a line below.  Exit code 0 only if every cell is ok.

A kind is a row of KINDS: its name, and a function that raises what went wrong.  Nothing is sent twice: one lost
packet of UDP or ICMP is a failure.
"""
import random
import socket
import struct
import sys
import threading

PATIENCE, HASTE = 4, 0.7     # seconds to wait for an answer; the latter after several failures
MTU, LARGE = 1500, 8000      # LARGE takes six fragments


class Wrong(Exception):
    pass


def same(sent, got, what):
    if sent != got:
        at = next((i for i, (a, b) in enumerate(zip(sent, got)) if a != b), min(len(sent), len(got)))
        raise Wrong(f"{what}: {len(sent)} bytes came back as {len(got)}, equal up to {at}")


class Client:
    """What a run knows: how much TCP to send, how patient to be, and where its pseudo-random bytes come from."""

    def __init__(self, size):
        self.size = size
        self.failures = 0
        self.random = random.Random(size)
        self.echo_id = self.random.randrange(65536)
        self.echo_seq = 0

    def socket(self, kind, protocol=0):
        sock = socket.socket(socket.AF_INET, kind, protocol)
        sock.settimeout(PATIENCE if self.failures < 5 else HASTE)
        return sock

    def tcp(self, address, port):
        """Few bytes there and back, and then all others in one go, while the answer is read."""
        data = self.random.randbytes(self.size)
        with self.socket(socket.SOCK_STREAM) as sock:
            sock.connect((address, port))
            sock.sendall(data[:3])
            got = bytearray(sock.recv(3))

            def send():
                try:
                    sock.sendall(data[3:])
                    sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass    # the reader tells of it

            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            try:
                while part := sock.recv(1 << 18):
                    got += part
            except TimeoutError:
                raise Wrong(f"silence after {len(got)} of {len(data)} bytes") from None
            sender.join()
        same(data, got, "stream")

    def datagrams(self, address, port, sizes):
        with self.socket(socket.SOCK_DGRAM) as sock:
            sock.connect((address, port))
            for size in sizes:
                data = self.random.randbytes(size)
                sock.send(data)
                same(data, self.answer(sock, f"datagram of {size} bytes"), "datagram")

    def pings(self, address, sizes):
        with self.socket(socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
            sock.connect((address, 0))
            for size in sizes:
                self.echo_seq += 1
                data = self.random.randbytes(size)
                head = struct.pack("!HH", self.echo_id, self.echo_seq & 0xffff)
                sock.send(struct.pack("!BBH", 8, 0, checksum(b"\x08\0\0\0" + head + data)) + head + data)
                while True:
                    packet = self.answer(sock, f"echo of {size} bytes")
                    message = packet[(packet[0] & 15) * 4:]
                    if message[:1] == b"\0" and message[4:8] == head:
                        break
                if checksum(message):
                    raise Wrong(f"echo of {size} bytes: its checksum is wrong")
                same(data, message[8:], "echo")

    @staticmethod
    def answer(sock, what):
        try:
            return sock.recv(65535)
        except TimeoutError:
            raise Wrong(f"{what}: no answer") from None


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


KINDS = [
    ("tcp", lambda c, a, p: c.tcp(a, p)),
    ("udp", lambda c, a, p: c.datagrams(a, p, [1, 2, 63, 512, 1399, MTU - 28])),
    ("icmp", lambda c, a, p: c.pings(a, [0, 1, 56, 999, MTU - 28])),
    ("udp large", lambda c, a, p: c.datagrams(a, p, [MTU - 27, LARGE])),
    ("icmp large", lambda c, a, p: c.pings(a, [MTU - 27, LARGE])),
]


def row(pair, layer, cells):
    return f"  {pair:<24}{layer:<17}" + "".join(f"{cell:<12}" for cell in cells).rstrip()


def main():
    name, size = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    if name == "--head":
        print(row("client -> server", "layer", [kind for kind, _ in KINDS]))
        return
    client = Client(size)
    for line in sys.stdin:
        layer, server, address, port = line.split()
        cells, reasons = [], []
        for kind, verify in KINDS:
            try:
                verify(client, address, int(port))
                cells.append("ok")
            except (Wrong, OSError) as err:
                cells.append("FAIL")
                reasons.append(f"        {kind} to {address}: {err}")
                client.failures += 1
        print("\n".join([row(f"{name} -> {server}", layer.replace("_", " "), cells)] + reasons), flush=True)
    sys.exit(1 if client.failures else 0)


if __name__ == "__main__":
    main()
