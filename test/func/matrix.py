#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One client of the connectivity matrix: every kind of traffic to every target, verified byte by byte.

  matrix.py [--bytes N] [--kinds K,K] CLIENT <TARGETS           a row a target, a column a kind of traffic
  matrix.py [--bytes N] [--kinds K,K] --servers S,S CLIENT ..   one row, a column a server, all its targets in one
  matrix.py --head ..                                           the head of such a table

A target is a line: LAYER SERVER ADDRESS PORT; an echo server (peer.py serve) listens there.  A cell is "ok", "FAIL"
with its reason in a line below, or "-" without targets.  Exit code 0 only if none failed.

A kind is an entry of KINDS: a function that raises what went wrong.  Nothing is sent twice: one lost
packet of UDP or ICMP is a failure.
"""
import argparse
import random
import socket
import struct
import sys
import threading

HASTE = 0.7                  # seconds to wait for an answer after several failures
MTU, LARGE = 1500, 8000      # LARGE takes six fragments


class Wrong(Exception):
    pass


def same(sent, got, what):
    if sent != got:
        at = next((i for i, (a, b) in enumerate(zip(sent, got)) if a != b), min(len(sent), len(got)))
        raise Wrong(f"{what}: {len(sent)} bytes came back as {len(got)}, equal up to {at}")


class Client:
    """What a run knows: how much TCP to send, how patient to be, and where its pseudo-random bytes come from."""

    def __init__(self, size, patience):
        self.size = size
        self.patience = patience
        self.failures = 0
        self.random = random.Random(size)
        self.echo_id = self.random.randrange(65536)
        self.echo_seq = 0

    def socket(self, kind, protocol=0):
        sock = socket.socket(socket.AF_INET, kind, protocol)
        sock.settimeout(self.patience if self.failures < 5 else HASTE)
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


KINDS = {
    "tcp": lambda c, a, p: c.tcp(a, p),
    "udp": lambda c, a, p: c.datagrams(a, p, [1, 2, 63, 512, 1399, MTU - 28]),
    "icmp": lambda c, a, p: c.pings(a, [0, 1, 56, 999, MTU - 28]),
    "udp large": lambda c, a, p: c.datagrams(a, p, [MTU - 27, LARGE]),
    "icmp large": lambda c, a, p: c.pings(a, [MTU - 27, LARGE]),
}


def row(first, second, cells):
    return f"  {first:<26}{second:<16}" + "".join(f"{cell:<12}" for cell in cells).rstrip()


def verify(client, kinds, target):
    """What went wrong with each kind of traffic; None: nothing."""
    layer, server, address, port = target
    wrong = {}
    for kind in kinds:
        wrong[kind] = None
        try:
            KINDS[kind](client, address, int(port))
        except (Wrong, OSError) as err:
            wrong[kind] = f"        {kind}, {layer}, {address}: {err}"
            client.failures += 1
    return wrong


def cell(reasons):
    return "FAIL" if any(reasons) else "ok" if reasons else "-"


def rows_by_target(client, args, targets):
    for target in targets:
        wrong = verify(client, args.kinds, target)
        print(row(f"{args.client} -> {target[1]}", target[0].replace("_", " "), [cell([w]) for w in wrong.values()]))
        print(*filter(None, wrong.values()), sep="\n", end="\n" * any(wrong.values()), flush=True)


def row_by_server(client, args, targets):
    wrong = {server: [] for server in args.servers}
    for target in targets:
        wrong[target[1]] += verify(client, args.kinds, target).values()
    print(row(*args.client.split(","), map(cell, wrong.values())))
    for reasons in wrong.values():
        print(*filter(None, reasons), sep="\n", end="\n" * any(reasons), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("client", help="first column; with --servers the first two, as A,B")
    parser.add_argument("--bytes", type=int, default=200_000, help="of TCP")
    parser.add_argument("--patience", type=float, default=4, help="seconds to wait for an answer")
    parser.add_argument("--kinds", type=lambda s: s.split(","), default=list(KINDS))
    parser.add_argument("--servers", type=lambda s: s.split(","))
    parser.add_argument("--head", action="store_true")
    args = parser.parse_args()
    if args.head:
        print(row(*args.client.split(","), args.servers or args.kinds))
        return
    client = Client(args.bytes, args.patience)
    (row_by_server if args.servers else rows_by_target)(client, args, [line.split() for line in sys.stdin])
    sys.exit(1 if client.failures else 0)


if __name__ == "__main__":
    main()
