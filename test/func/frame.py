#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends Ethernet frames exactly as they are asked for.

  frame.py INTERFACE DESTINATION SOURCE [-t TYPE] [-p PAYLOAD] [-n COUNT] [-i]

TYPE and PAYLOAD are hexadecimal (88b5, an experimental type, and 46 zero bytes); -n COUNT frames, -i with
SOURCE growing by one each.
"""
import argparse
import socket


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("interface")
    parser.add_argument("destination")
    parser.add_argument("source")
    parser.add_argument("-t", "--type", default="88b5")
    parser.add_argument("-p", "--payload", default="00" * 46)
    parser.add_argument("-n", "--count", type=int, default=1)
    parser.add_argument("-i", "--increment", action="store_true")
    args = parser.parse_args()
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((args.interface, 0))
    source = int(args.source.replace(":", ""), 16)
    for i in range(args.count):
        mac = source + i * args.increment
        sock.send(bytes.fromhex(args.destination.replace(":", "")) + mac.to_bytes(6, "big")
                  + bytes.fromhex(args.type + args.payload))


if __name__ == "__main__":
    main()
