#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends one UDP datagram to an echo service in fragments made by hand and waits for the answer.

  fragments.py SOURCE DESTINATION PORT [-n FRAGMENTS] [-o ORDER] [-x] [-t SECONDS]

ORDER is a list such as 2,1,0 (a number may be missing or there twice); -x lets the second fragment of the
order begin 8 bytes too early. Exit status 0: the answer has come and is the same, byte for byte.
"""
import argparse
import os
import socket
import struct
import sys
import time

SIZE = 512  # of a fragment's data


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff or 0xffff


def datagram(source, destination, sport, dport, payload):
    length = 8 + len(payload)
    header = struct.pack("!HHHH", sport, dport, length, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, 17, length)
    total = checksum(pseudo + header + payload + b"\0" * (length % 2))
    return header[:6] + struct.pack("!H", total) + payload


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("destination")
    parser.add_argument("port", type=int)
    parser.add_argument("-n", "--fragments", type=int, default=4)
    parser.add_argument("-o", "--order")
    parser.add_argument("-x", "--overlap", action="store_true")
    parser.add_argument("-t", "--timeout", type=float, default=3)
    args = parser.parse_args()

    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plain.bind((args.source, 0))
    plain.settimeout(args.timeout)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    payload = os.urandom(SIZE * args.fragments - 8)
    whole = datagram(args.source, args.destination, plain.getsockname()[1], args.port, payload)
    ident = os.getpid() & 0xffff or 1
    order = [int(i) for i in args.order.split(",")] if args.order else range(args.fragments)
    for place, i in enumerate(order):
        begin = i * SIZE - (8 if args.overlap and place == 1 else 0)
        data = whole[begin:(i + 1) * SIZE]
        more = 0x2000 if i < args.fragments - 1 else 0
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), ident, more | begin // 8, 64, 17, 0,
                             socket.inet_aton(args.source), socket.inet_aton(args.destination))
        raw.sendto(header + data, (args.destination, 0))
        time.sleep(0.02)  # one by one, not in one batch
    try:
        answer, sender = plain.recvfrom(65535)
    except socket.timeout:
        sys.exit("no answer")
    if answer != payload or sender != (args.destination, args.port):
        sys.exit("another answer, from %s:%d" % sender)


if __name__ == "__main__":
    main()
