#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Clients that keep a connection while a test changes what is around it. Servers are those of peer.py.

  hold.py tcp ADDRESS PORT STOP [-s N]   one exchange after the other until the file STOP appears
  hold.py udp ADDRESS PORT STOP [-s N]   the same; datagrams may be refused, or lost now and then, not three in a row
  hold.py both tcp|udp ADDRESS PORT ADDRESS PORT [-s N]
                                         two connections from one source port, opened in this order, used in turn
  hold.py error tcp|udp ADDRESS PORT [-t TTL]   prints the error that comes back, as ECONNREFUSED, and how fast

-s N: source port.  Exit code 0 if every byte came back as it was sent (error: if there was an error).
"""
import argparse
import errno
import os
import random
import socket
import sys
import time

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
IP_RECVERR = 11  # <linux/in.h>
ROUNDS = 300


def connect(kind, address, port, source=None, ttl=None):
    sock = socket.socket(socket.AF_INET, KINDS[kind])
    if source:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("0.0.0.0", source))
    if ttl:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    sock.settimeout(5)
    sock.connect((address, port))
    return sock


def exchange(sock, data):
    sock.send(data)
    got = sock.recv(65535)
    while sock.type == socket.SOCK_STREAM and len(got) < len(data):
        more = sock.recv(65535)
        if not more:
            break
        got += more
    while sock.type == socket.SOCK_DGRAM and got[:8] < data[:8]:
        got = sock.recv(65535)  # an earlier one that was given up
    if got != data:
        sys.exit(f"{len(data)} bytes came back as {len(got)} other bytes")


def fresh(counter):
    return counter.to_bytes(8, "big") + random.Random(counter).randbytes(counter % 1300)


def hold(kind, args):
    address, port, stop = args.rest
    sock = connect(kind, address, int(port), args.source)
    n = lost = in_a_row = refused = 0
    print(f"open from {sock.getsockname()[1]}", flush=True)
    if kind == "udp":
        sock.settimeout(0.5)
    while not os.path.exists(stop):
        n += 1
        try:
            exchange(sock, fresh(n))
            in_a_row = 0
        except ConnectionRefusedError:
            if kind == "tcp":
                raise
            refused += 1
        except TimeoutError:
            lost += 1
            in_a_row += 1
            if kind == "tcp" or in_a_row == 3:
                sys.exit(f"exchange {n}: no answer")
        time.sleep(0.01)
    print(f"{n} exchanges, {lost} lost, {refused} refused")


def both(args):
    kind, *ends = args.rest
    socks = [connect(kind, ends[i], int(ends[i + 1]), args.source) for i in (0, 2)]
    for n in range(ROUNDS):
        for i, sock in enumerate(socks):
            exchange(sock, fresh(2 * n + i))
    print(f"{ROUNDS} exchanges with each of {[s.getpeername() for s in socks]} from {socks[0].getsockname()}")


def error(args):
    kind, address, port = args.rest
    start = time.monotonic()
    try:
        sock = connect(kind, address, int(port), args.source, args.ttl)
        sock.send(b"x")
        sock.recv(1)
    except TimeoutError:
        sys.exit("no error came")
    except OSError as e:
        print(f"{errno.errorcode.get(e.errno, e)} after {time.monotonic() - start:.3f} s")
        sys.exit(0 if time.monotonic() - start < 0.9 else "too late")
    sys.exit("no error")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["tcp", "udp", "both", "error"])
    parser.add_argument("rest", nargs="+")
    parser.add_argument("-s", "--source", type=int)
    parser.add_argument("-t", "--ttl", type=int)
    args = parser.parse_args()
    if args.what in KINDS:
        hold(args.what, args)
    else:
        {"both": both, "error": error}[args.what](args)


if __name__ == "__main__":
    main()
