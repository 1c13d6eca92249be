#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Crafted IPv6 for ipv6.sh; runs in a host's namespace and looks at what comes back.

  ipv6.py headers IF GW SRC DST N     echo request behind N destination options headers: is it answered?
  ipv6.py chain IF GW SRC DST BYTES   the same behind headers of that many bytes in all
  ipv6.py proto IF GW SRC DST N       protocol 253 behind N headers; prints the pointer of the parameter problem
  ipv6.py zero IF GW SRC DST PORT     UDP without a checksum
  ipv6.py solicit IF SRC TARGET [FAULT]   neighbour solicitation; prints the flags of the answer. FAULT: hops, code,
                                          checksum, option, dad (from ::), nonode (from ::, to another group)
  ipv6.py routers IF                  router solicitation; prints prefixes, lifetime and MTU of the answer
  ipv6.py errors IF GW SRC DST COUNT  that many packets to DST; prints how many ICMPv6 errors came

GW is the MAC to send to. Exit code 0 if there was an answer.
"""
import logging
import sys

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA,  # noqa: E402
                       ICMPv6ND_RS, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig,
                       ICMPv6ParamProblem, ICMPv6TimeExceeded, AsyncSniffer, Ether, IPv6, IPv6ExtHdrDestOpt, PadN, Raw,
                       UDP, get_if_hwaddr, sendp)

ALL_NODES, ALL_ROUTERS = "ff02::1", "ff02::2"


def ask(interface, frames, wanted, seconds=1.5, count=1):
    """Sends, and returns what comes that is wanted."""
    got = AsyncSniffer(iface=interface, lfilter=wanted, count=count, timeout=seconds, started_callback=lambda: sendp(
        frames, iface=interface, verbose=False))
    got.start()
    got.join()
    return got.results or []


def options(n, each=8):
    """n headers that hold padding only."""
    headers = None
    for _ in range(n):
        header = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(each - 4))])
        headers = header if headers is None else headers / header
    return headers


def packet(interface, gw, src, dst, upper, headers=None):
    ip = Ether(dst=gw, src=get_if_hwaddr(interface)) / IPv6(src=src, dst=dst)
    return ip / headers / upper if headers is not None else ip / upper


def echoed(interface, frame):
    got = ask(interface, frame, lambda p: ICMPv6EchoReply in p and p[ICMPv6EchoReply].id == 77)
    print("answered" if got else "silence")
    return bool(got)


def headers(interface, gw, src, dst, n):
    return echoed(interface, packet(interface, gw, src, dst, ICMPv6EchoRequest(id=77), options(int(n))))


def chain(interface, gw, src, dst, size):
    halves = options(1, int(size) - 128) / options(1, 128)
    return echoed(interface, packet(interface, gw, src, dst, ICMPv6EchoRequest(id=77), halves))


def proto(interface, gw, src, dst, n):
    frame = packet(interface, gw, src, dst, Raw(bytes(8)), options(int(n)))
    last = frame[IPv6] if int(n) == 0 else frame.getlayer(IPv6ExtHdrDestOpt, int(n))
    last.nh = 253
    got = ask(interface, frame, lambda p: ICMPv6ParamProblem in p)
    print(*[f"code {p[ICMPv6ParamProblem].code} pointer {p[ICMPv6ParamProblem].ptr} from {p[IPv6].src}" for p in got])
    return bool(got)


def zero(interface, gw, src, dst, port):
    frame = packet(interface, gw, src, dst, UDP(sport=4321, dport=int(port), chksum=0) / Raw(b"no checksum"))
    sendp(frame, iface=interface, verbose=False)
    return True


def solicit(interface, src, target, fault=None):
    mac, low = get_if_hwaddr(interface), int(target.split(":")[-1], 16)
    group = f"ff02::1:ff00:{low:x}"
    if fault in ("dad", "nonode"):
        src = "::"
    ip = IPv6(src=src, dst="ff02::1:ff00:7777" if fault == "nonode" else group, hlim=254 if fault == "hops" else 255)
    ns = ICMPv6ND_NS(tgt=target, code=fault == "code")
    frame = Ether(dst=f"33:33:ff:00:{low >> 8:02x}:{low & 255:02x}", src=mac) / ip / ns
    if src != "::":
        frame = frame / ICMPv6NDOptSrcLLAddr(lladdr=mac)
    if fault == "checksum":
        frame[ICMPv6ND_NS].cksum = 0x1234
    if fault == "option":
        frame[ICMPv6NDOptSrcLLAddr].len = 0
    got = ask(interface, frame, lambda p: ICMPv6ND_NA in p and p[ICMPv6ND_NA].tgt == target)
    for p in got:
        na = p[ICMPv6ND_NA]
        print(f"to {p[IPv6].dst} R{na.R} S{na.S} O{na.O} hops {p[IPv6].hlim}")
    return bool(got)


def routers(interface):
    frame = Ether(dst="33:33:00:00:00:02", src=get_if_hwaddr(interface)) / IPv6(src="::", dst=ALL_ROUTERS, hlim=255) / ICMPv6ND_RS()
    got = ask(interface, frame, lambda p: ICMPv6ND_RA in p)
    for p in got:
        prefixes = []
        layer = p.getlayer(ICMPv6NDOptPrefixInfo)
        while layer is not None:
            prefixes.append(f"{layer.prefix}/{layer.prefixlen} L{layer.L} A{layer.A}")
            layer = layer.payload.getlayer(ICMPv6NDOptPrefixInfo)
        print(f"lifetime {p[ICMPv6ND_RA].routerlifetime} mtu {p[ICMPv6NDOptMTU].mtu}", *prefixes)
    return bool(got)


def is_error(p):
    return any(kind in p for kind in (ICMPv6DestUnreach, ICMPv6TimeExceeded, ICMPv6PacketTooBig, ICMPv6ParamProblem))


def errors(interface, gw, src, dst, count):
    frames = [packet(interface, gw, src, dst, UDP(sport=1000 + i, dport=9)) for i in range(int(count))]
    got = ask(interface, frames, lambda p: is_error(p) and p[IPv6].dst == src, count=0)
    print(len(got))
    return bool(got)


COMMANDS = {f.__name__: f for f in (headers, chain, proto, zero, solicit, routers, errors)}

if __name__ == "__main__":
    sys.exit(0 if COMMANDS[sys.argv[1]](*sys.argv[2:]) else 1)
