#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Byte-verified TCP and UDP peers for the functional tests.

  peer.py serve ADDRESS PORT             echoes TCP streams and UDP datagrams until it is ended
  peer.py tcp ADDRESS PORT BYTES [-s N]  sends pseudo-random bytes, compares what comes back
  peer.py udp ADDRESS PORT COUNT [-s N]  datagrams of 1..1400 bytes, each awaited and compared
  peer.py stream ADDRESS PORT PPS SECONDS   UDP at a steady rate; prints sent and answered
  peer.py pulse ADDRESS PORT PPS SECONDS    one TCP connection with records at a steady rate; all must come
                                            back in order; prints the longest silence

-s N: source port.  Exit code 0 only if every byte came back as it was sent.
"""
import argparse
import random
import selectors
import socket
import sys
import threading
import time


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(args):
    family = family_of(args.address)
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    udp.bind((args.address, args.port))
    tcp = socket.create_server((args.address, args.port), family=family, backlog=128)  # last: who sees it listen may begin
    threading.Thread(target=serve_udp, args=(udp,), daemon=True).start()
    while True:
        conn, _ = tcp.accept()
        threading.Thread(target=serve_tcp, args=(conn,), daemon=True).start()


def serve_tcp(conn):
    with conn:
        while data := conn.recv(1 << 18):
            conn.sendall(data)


def serve_udp(sock):
    while True:
        data, peer = sock.recvfrom(65535)
        sock.sendto(data, peer)


def client(kind, args):
    sock = socket.socket(family_of(args.address), kind)
    if args.source:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", args.source))
    sock.settimeout(10)
    sock.connect((args.address, args.port))
    return sock


def tcp(args):
    sock = client(socket.SOCK_STREAM, args)
    data = random.Random(args.number).randbytes(args.number)
    got = bytearray()

    def send():
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    while part := sock.recv(1 << 18):
        got += part
    sender.join()
    if got != data:
        sys.exit(f"tcp: sent {len(data)} bytes, got {len(got)} back, equal up to "
                 f"{next((i for i, (a, b) in enumerate(zip(data, got)) if a != b), min(len(data), len(got)))}")
    print(f"{len(data)} bytes verified from {sock.getsockname()}")


def udp(args):
    sock = client(socket.SOCK_DGRAM, args)
    rnd = random.Random(args.number)
    for i in range(args.number):
        data = rnd.randbytes(rnd.randint(1, 1400))
        sock.send(data)
        if (back := sock.recv(65535)) != data:
            sys.exit(f"udp: datagram {i} of {len(data)} bytes came back as {len(back)} other bytes")
    print(f"{args.number} datagrams verified from {sock.getsockname()}")


def stream(args):
    """Sequence-numbered datagrams at a steady rate; the echoes are collected at the same time."""
    sock = client(socket.SOCK_DGRAM, args)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(sock, selectors.EVENT_READ)
    seen, sent = set(), 0
    start = time.monotonic()
    end = start + args.seconds
    total = int(args.number * args.seconds)
    while (now := time.monotonic()) < end + 1 and len(seen) < total:
        if sent < total and (late := now - start - sent / args.number) > 0.1:   # others had our core:
            start, end = start + late, end + late   # no burst to make up for it
        while sent < total and now >= start + sent / args.number:
            sock.send(sent.to_bytes(8, "big") + bytes(92))
            sent += 1
        wait = start + sent / args.number - time.monotonic() if sent < total else 0.1
        if selector.select(max(0, wait)):
            try:
                while True:
                    seen.add(int.from_bytes(sock.recv(2048)[:8], "big"))
            except BlockingIOError:
                pass
    print(f"sent {sent} answered {len(seen)} lost {sent - len(seen)}")
    sys.exit(0 if len(seen) == sent else 1)


def pulse(args):
    """What a break in between costs a connection: one that lives on shows a gap and loses nothing."""
    sock = client(socket.SOCK_STREAM, args)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    total = int(args.number * args.seconds)
    record = 256

    def send():
        start = time.monotonic()
        for i in range(total):
            time.sleep(max(0, start + i / args.number - time.monotonic()))
            sock.sendall(i.to_bytes(8, "big") * (record // 8))
        sock.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    got, last, gap = bytearray(), time.monotonic(), 0
    while part := sock.recv(1 << 18):
        now = time.monotonic()
        gap, last = max(gap, now - last), now
        got += part
    if got != b"".join(i.to_bytes(8, "big") * (record // 8) for i in range(total)):
        sys.exit(f"pulse: {len(got)} of {total * record} bytes came back")
    print(f"{total} records verified, longest silence {gap * 1000:.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["serve", "tcp", "udp", "stream", "pulse"])
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("number", type=int, nargs="?", default=100)
    parser.add_argument("seconds", type=float, nargs="?", default=1)
    parser.add_argument("-s", "--source", type=int)
    args = parser.parse_args()
    {"serve": serve, "tcp": tcp, "udp": udp, "stream": stream, "pulse": pulse}[args.what](args)


if __name__ == "__main__":
    main()
