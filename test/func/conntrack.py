#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Drives connections from a client to a Service and prints what the tracker in between holds after each step.

  conntrack.py CLIENT SERVER -- COMMAND..

CLIENT, SERVER: their network namespaces. The Service is VIP:7, of TCP, UDP and SCTP, with one backend, the server, on
port 7000. COMMAND prints the tracked connections, one a line: protocol, seconds left, state, source port.

Each line printed here: CONNECTION|STEP|STATE SECONDS, with the time rounded up to the timeout it was started with. So the lines of two trackers that behave alike are equal.

Sockets are made in the namespace of whose side they are; where a kernel's own TCP would not play its part wrongly
enough, segments are crafted (the namespaces drop resets without a mark, which is what the kernel answers to those: ports from 9000 on).
"""
import contextlib
import ctypes
import os
import select
import socket
import struct
import subprocess
import sys
import time

VIP, PORT, BACKEND_PORT = "10.96.0.10", 7, 7000
TIMEOUTS = [3, 10, 30, 60, 120, 210, 3600, 86400]
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
LIBC = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def namespace(path):
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(path, os.O_RDONLY)
    try:
        if LIBC.setns(there, 0) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
        yield
    finally:
        LIBC.setns(home, 0)
        os.close(home)
        os.close(there)


def sock_in(path, *kind):
    with namespace(path):
        sock = socket.socket(socket.AF_INET, *kind)
    sock.settimeout(5)
    return sock


def own_address(path):
    """The address that packets to the Service leave with."""
    with sock_in(path, socket.SOCK_DGRAM) as sock:
        sock.connect((VIP, 9))
        return sock.getsockname()[0]


class Tracker:
    def __init__(self, command):
        self.command = command

    def entry(self, protocol, port):
        """(state, timeout), or None."""
        for line in subprocess.run(self.command, capture_output=True, text=True, check=True).stdout.splitlines():
            proto, left, state, source = line.split()
            if proto == protocol and int(source) == port:
                return state, next((t for t in TIMEOUTS if int(left) <= t), 0)
        return None

    def tell(self, name, step, protocol, port, unlike=None):
        """Prints the entry as soon as it is another one than the last step's, and stays so for longer than an ACK may be
        delayed; in the end, whatever it is."""
        deadline, since, entry = time.monotonic() + 2, time.monotonic(), None
        while (now := time.monotonic()) < deadline and (entry == unlike or now < since + 0.1):
            before, entry = entry, self.entry(protocol, port)
            since = since if before == entry else time.monotonic()
            time.sleep(0.02)
        print(f"{name}|{step}|{'none' if entry is None else '%s %d' % entry}", flush=True)
        return entry


class Steps:
    """The steps of one connection."""

    def __init__(self, tracker, name, protocol, port):
        self.tracker, self.name, self.protocol, self.port, self.last = tracker, name, protocol, port, None

    def __call__(self, step, same=False):
        self.last = self.tracker.tell(self.name, step, self.protocol, self.port, unlike="any" if same else self.last)


# ---- TCP with the sockets of two kernels

class Pair:
    """A listening backend and a client that connects from a port of its own."""

    def __init__(self, client, server):
        self.client_ns = client
        self.listener = sock_in(server, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("0.0.0.0", BACKEND_PORT))
        self.listener.listen(16)

    def connect(self, port):
        sock = sock_in(self.client_ns, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("0.0.0.0", port))
        sock.connect((VIP, PORT))
        peer, _ = self.listener.accept()
        peer.settimeout(5)
        return sock, peer


def echo(a, b, data=b"x" * 1000):
    a.sendall(data)
    got = b""
    while len(got) < len(data):
        part = b.recv(65536)
        if not part:
            break
        got += part
    assert got == data, f"{len(got)} of {len(data)} bytes, or others"


def abort(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def open_close(pair, tracker):
    steps = Steps(tracker, "tcp client closes", "tcp", 8001)
    a, b = pair.connect(8001)
    steps("connected")
    echo(a, b), echo(b, a)
    steps("data both ways", same=True)
    a.shutdown(socket.SHUT_WR)
    assert b.recv(1) == b""
    steps("half-closed by the client")
    echo(b, a)
    steps("data of the backend meanwhile", same=True)
    b.close()
    steps("closed by the backend as well")
    a.close()


def server_closes(pair, tracker):
    steps = Steps(tracker, "tcp backend closes", "tcp", 8002)
    a, b = pair.connect(8002)
    steps("connected")
    b.shutdown(socket.SHUT_WR)
    assert a.recv(1) == b""
    steps("half-closed by the backend")
    echo(a, b)
    steps("data of the client meanwhile", same=True)
    a.close()
    steps("closed by the client as well")
    b.close()
    a, b = pair.connect(8002)  # the client is not the one in TIME_WAIT, so its port is free
    steps("reopened from the same port")
    echo(a, b), echo(b, a)
    steps("data both ways", same=True)
    abort(a)
    steps("reset by the client")
    b.close()


def resets(pair, tracker):
    steps = Steps(tracker, "tcp backend resets", "tcp", 8003)
    a, b = pair.connect(8003)
    steps("connected")
    abort(b)
    steps("reset by the backend")
    a.close()
    a, b = pair.connect(8003)
    steps("reopened from the same port")
    echo(a, b), echo(b, a)
    a.close(), b.close()
    steps("closed")


def nobody_listens(pair, tracker):
    pair.listener.close()
    steps = Steps(tracker, "tcp refused", "tcp", 8004)
    sock = sock_in(pair.client_ns, socket.SOCK_STREAM)
    sock.bind(("0.0.0.0", 8004))
    try:
        sock.connect((VIP, PORT))
    except ConnectionRefusedError:
        pass
    steps("nobody listens: RST")
    sock.close()


# ---- crafted packets

def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Raw:
    """One side that sends crafted packets of a protocol and sees what comes to one of its ports."""

    def __init__(self, path, protocol, port, to):
        self.sock = sock_in(path, socket.SOCK_RAW, protocol)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1)  # what the kernel itself says has none
        self.own, self.port, self.to = own_address(path), port, to

    def receive(self, wanted, check):
        """The next packet to our port that `wanted` says yes to; its checksum must be right."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            if not select.select([self.sock], [], [], 0.1)[0]:
                continue
            packet, (source, _) = self.sock.recvfrom(65535)
            body = packet[(packet[0] & 15) * 4:]
            if struct.unpack("!H", body[2:4])[0] != self.port or not wanted(body):
                continue
            if not check(source, self.own, body):
                sys.exit(f"checksum of {body.hex()} from {source} is wrong")
            self.to = (source, struct.unpack("!H", body[:2])[0])
            return body
        sys.exit(f"nothing of what was expected came to port {self.port}")

    def send(self, body):
        self.sock.sendto(body, (self.to[0], 0))


def tcp_checksum(source, destination, body):
    return ones_sum(socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!HH", 6, len(body)) + body)


class RawTcp(Raw):
    def __init__(self, path, port, to=None):
        super().__init__(path, socket.IPPROTO_TCP, port, to)
        self.seq = self.ack = 1000 * port

    def segment(self, flags, data=b""):
        head = struct.pack("!HHIIBBH", self.port, self.to[1], self.seq, self.ack if flags & ACK else 0, 0x50, flags, 65535)
        checksum = tcp_checksum(self.own, self.to[0], head + bytes(4) + data)
        self.send(head + struct.pack("!HH", checksum, 0) + data)
        self.seq += len(data) + bool(flags & (SYN | FIN))

    def expect(self, flags):
        body = self.receive(lambda b: b[13] & (FIN | SYN | RST | ACK) == flags,
                            lambda s, d, b: tcp_checksum(s, d, b) == 0)
        seq = struct.unpack("!I", body[4:8])[0]
        self.ack = seq + len(body) - (body[12] >> 4) * 4 + bool(flags & (SYN | FIN))


def raw_tcp(client, server, port):
    return RawTcp(client, port, (VIP, PORT)), RawTcp(server, BACKEND_PORT)


def handshake(a, b, steps=None):
    a.segment(SYN), b.expect(SYN)
    if steps:
        steps("SYN")
        a.seq -= 1
        a.segment(SYN), b.expect(SYN)
        steps("SYN again", same=True)
    b.segment(SYN | ACK), a.expect(SYN | ACK)
    if steps:
        steps("SYN+ACK")
    a.segment(ACK), b.expect(ACK)
    if steps:
        steps("ACK")


def crafted_close(client, server, tracker):
    steps = Steps(tracker, "tcp simultaneous close", "tcp", 9001)
    a, b = raw_tcp(client, server, 9001)
    handshake(a, b, steps)
    a.segment(FIN | ACK)
    b.segment(FIN | ACK)  # before it has seen the other
    b.expect(FIN | ACK), a.expect(FIN | ACK)
    steps("FIN of both sides, neither acknowledged")
    a.segment(ACK), b.segment(ACK)
    b.expect(ACK), a.expect(ACK)
    steps("both acknowledged")


def crafted_reopen(client, server, tracker):
    steps = Steps(tracker, "tcp reset in the handshake", "tcp", 9002)
    a, b = raw_tcp(client, server, 9002)
    a.segment(SYN), b.expect(SYN)
    steps("SYN")
    b.segment(RST | ACK), a.expect(RST | ACK)
    steps("RST+ACK")
    a.seq += 100000
    a.segment(SYN), b.expect(SYN)
    steps("another SYN")


def crafted_window(client, server, tracker):
    """With tcp_be_liberal, as kube-proxy's users set it: translated in any case."""
    steps = Steps(tracker, "tcp out of window", "tcp", 9003)
    a, b = raw_tcp(client, server, 9003)
    handshake(a, b)
    steps("connected")
    seq, a.seq = a.seq, a.seq + (1 << 30)
    a.segment(ACK, b"far away"), b.expect(ACK)
    steps("data a gigabyte ahead", same=True)
    a.seq = seq
    a.segment(ACK, b"as it should"), b.expect(ACK)
    steps("data", same=True)


# ---- UDP

def udp(client, server, tracker):
    steps = Steps(tracker, "udp", "udp", 8101)
    b = sock_in(server, socket.SOCK_DGRAM)
    b.bind(("0.0.0.0", BACKEND_PORT))
    a = sock_in(client, socket.SOCK_DGRAM)
    a.bind(("0.0.0.0", 8101))
    a.connect((VIP, PORT))
    a.send(b"one")
    data, peer = b.recvfrom(100)
    steps("one way")
    a.send(b"two"), b.recvfrom(100)
    steps("one way again", same=True)
    time.sleep(2.1)  # a stream, as the kernel sees it, is older than 2 s
    b.sendto(data, peer), a.recv(100)
    a.send(b"three"), b.recvfrom(100)
    b.sendto(data, peer), a.recv(100)
    steps("answered")
    a.close(), b.close()


# ---- SCTP

def crc32c_table():
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82f63b78 if n & 1 else 0)
        yield n


CRC = list(crc32c_table())


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = (crc >> 8) ^ CRC[(crc ^ byte) & 255]
    return struct.pack("<I", crc ^ 0xffffffff)


class RawSctp(Raw):
    def __init__(self, path, port, to=None):
        super().__init__(path, socket.IPPROTO_SCTP, port, to)
        self.tag = port * 7919  # ours; the other's is in `peer_tag`
        self.peer_tag = 0

    def chunk(self, kind, body=b""):
        tag = 0 if kind == 1 else self.peer_tag
        head = struct.pack("!HHI", self.port, self.to[1], tag)
        rest = struct.pack("!BBH", kind, 0, 4 + len(body)) + body
        self.send(head + crc32c(head + bytes(4) + rest) + rest)

    def expect(self, kind):
        def right(_source, _destination, b):
            return crc32c(b[:8] + bytes(4) + b[12:]) == b[8:12]
        body = self.receive(lambda b: b[12] == kind, right)
        if kind in (1, 2):
            self.peer_tag = struct.unpack("!I", body[16:20])[0]

    def init(self):
        return struct.pack("!IIHHI", self.tag, 1 << 20, 1, 1, 1)


def sctp(client, server, tracker):
    INIT, INIT_ACK, HEARTBEAT, ABORT, SHUTDOWN, SHUTDOWN_ACK, ECHO, COOKIE_ACK, DONE = 1, 2, 4, 6, 7, 8, 10, 11, 14
    steps = Steps(tracker, "sctp", "sctp", 8201)
    a, b = RawSctp(client, 8201, (VIP, PORT)), RawSctp(server, BACKEND_PORT)

    def say(who, to, kind, body, step, same=False):
        who.chunk(kind, body), to.expect(kind)
        steps(step, same)

    say(a, b, INIT, a.init(), "INIT")
    say(b, a, INIT_ACK, b.init(), "INIT ACK", same=True)
    say(a, b, ECHO, b"cookie..", "COOKIE ECHO")
    say(b, a, COOKIE_ACK, b"", "COOKIE ACK")
    say(a, b, 0, struct.pack("!IHHI", 1, 0, 0, 0) + b"data", "DATA", same=True)
    say(a, b, HEARTBEAT, bytes(8), "HEARTBEAT", same=True)
    say(a, b, SHUTDOWN, bytes(4), "SHUTDOWN of the client")
    say(b, a, SHUTDOWN_ACK, b"", "SHUTDOWN ACK")
    say(a, b, DONE, b"", "SHUTDOWN COMPLETE")
    steps = Steps(tracker, "sctp aborted", "sctp", 8202)
    a = RawSctp(client, 8202, (VIP, PORT))
    say(a, b, INIT, a.init(), "INIT")
    say(b, a, ABORT, b"", "ABORT of the backend")


def main():
    cut = sys.argv.index("--")
    client, server = sys.argv[1:cut]
    tracker = Tracker(sys.argv[cut + 1:])
    pair = Pair(client, server)
    for scenario in open_close, server_closes, resets, nobody_listens:
        scenario(pair, tracker)
    for scenario in crafted_close, crafted_reopen, crafted_window, udp, sctp:
        scenario(client, server, tracker)


if __name__ == "__main__":
    main()
