#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames that no honest host sends, and the drop reason each must have.

  malformed.py list                          REASON CASE, one a line
  malformed.py send INTERFACE SOURCE_MAC SOURCE_IP
      sends what standard input says, CASE DESTINATION_MAC DESTINATION_IP a line, and answers with a line:
      sent, or why the kernel refused

A case is sent by AF_PACKET; those with a virtio-net header by PACKET_VNET_HDR, as a pod with CAP_NET_RAW can.
"""
import socket
import struct
import sys

from scapy.all import (ARP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6ND_NA, ICMPv6ND_RA, ICMPv6NDOptDstLLAddr, IPv6, Raw)

SOL_PACKET, PACKET_VNET_HDR = 263, 15  # <linux/socket.h>, <linux/if_packet.h>
NEEDS_CSUM, GSO_NONE, GSO_TCPV4 = 1, 0, 1  # <linux/virtio_net.h>
OTHER_MAC, OTHER_IP = "02:00:00:00:66:66", "10.244.1.66"


class Ends:
    """Who sends and to whom; eth, ip, udp, tcp: layers of an honest packet."""

    def __init__(self, src_mac, src_ip, dst_mac, dst_ip):
        self.src_mac, self.src_ip, self.dst_mac, self.dst_ip = src_mac, src_ip, dst_mac, dst_ip
        byte = [int(b, 16) for b in src_mac.split(":")]
        self.link_local = "fe80::%x:%02xff:fe%02x:%x" % (
            (byte[0] ^ 2) << 8 | byte[1], byte[2], byte[3], byte[4] << 8 | byte[5])

    def eth(self, **fields):
        return Ether(**{"src": self.src_mac, "dst": self.dst_mac, **fields})

    def ip(self, **fields):
        return IP(**{"src": self.src_ip, "dst": self.dst_ip, **fields})

    def ip6(self, **fields):
        return IPv6(**{"src": self.link_local, "dst": "ff02::1", **fields})

    def udp(self, length=32, **fields):
        return UDP(sport=1000, dport=9, **fields) / Raw(bytes(length))

    def tcp(self, length=0, **fields):
        return TCP(sport=1000, dport=9, flags="S", **fields) / Raw(bytes(length))

    def frame(self):
        return self.eth() / self.ip() / self.udp()

    def tcp_frame(self, length=1000):
        return self.eth() / self.ip() / self.tcp(length)


def cut(packet, length):
    return bytes(packet)[:length]


def with_byte(packet, offset, value, fix_csum=False):
    data = bytearray(bytes(packet))
    data[offset] = value
    if fix_csum:  # of a plain IPv4 header behind an untagged Ethernet header
        data[24:26] = b"\0\0"
        total = sum(struct.unpack("!10H", data[14:34]))
        total = (total & 0xFFFF) + (total >> 16)
        data[24:26] = struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)
    return bytes(data)


def vnet(data, flags=NEEDS_CSUM, gso=GSO_NONE, hdr_len=54, gso_size=0, start=34, offset=16):
    return struct.pack("<BBHHHH", flags, gso, hdr_len, gso_size, start, offset) + data


def arp(e, **fields):
    return e.eth(dst="ff:ff:ff:ff:ff:ff") / ARP(**{"op": 1, "hwsrc": e.src_mac, "psrc": e.src_ip, "pdst": "10.244.1.99", **fields})


# name: (drop reason, frame, is there a virtio-net header in front?)
CASES = {
    "ip-version": ("ip4_header_bad", lambda e: with_byte(e.frame(), 14, 0x55, True), False),
    "ip-header-length-4": ("ip4_header_bad", lambda e: with_byte(e.frame(), 14, 0x44, True), False),
    "ip-header-beyond-total": ("ip4_length_bad", lambda e: e.eth() / e.ip(ihl=15, len=40) / Raw(bytes(60)), False),
    "ip-total-beyond-frame": ("ip4_length_bad", lambda e: e.eth() / e.ip(len=200) / e.udp(), False),
    "ip-total-below-header": ("ip4_length_bad", lambda e: e.eth() / e.ip(len=19) / e.udp(), False),
    "ip-header-cut": ("ip4_length_bad", lambda e: cut(e.frame(), 14 + 12), False),
    "ip-checksum": ("ip4_checksum_bad", lambda e: e.eth() / e.ip(chksum=0x1234) / e.udp(), False),
    "ip-source-multicast": ("ip4_address_bad", lambda e: e.eth() / e.ip(src="224.0.0.5") / e.udp(), False),
    "ip-source-broadcast": ("ip4_address_bad", lambda e: e.eth() / e.ip(src="255.255.255.255") / e.udp(), False),
    "ip-source-loopback": ("ip4_address_bad", lambda e: e.eth() / e.ip(src="127.0.0.1") / e.udp(), False),
    "udp-header-cut": ("l4_short", lambda e: e.eth() / e.ip(proto=17) / Raw(bytes(7)), False),
    "tcp-header-cut": ("l4_short", lambda e: e.eth() / e.ip(proto=6) / Raw(bytes(19)), False),
    "tcp-fragment-in-header": ("l4_short", lambda e: e.eth() / e.ip(proto=6, frag=1) / Raw(bytes(24)), False),
    "tcp-data-offset-4": ("l4_header_bad", lambda e: e.eth() / e.ip() / e.tcp(dataofs=4), False),
    "tcp-data-offset-beyond": ("l4_header_bad", lambda e: e.eth() / e.ip() / e.tcp(dataofs=15), False),
    "udp-length-7": ("l4_header_bad", lambda e: e.eth() / e.ip() / e.udp(len=7), False),
    "udp-length-beyond": ("l4_header_bad", lambda e: e.eth() / e.ip() / e.udp(len=300), False),
    "ip6-version": ("ip6_header_bad", lambda e: with_byte(e.eth() / e.ip6() / e.udp(), 14, 0x50), False),
    "ip6-length-beyond": ("ip6_header_bad", lambda e: e.eth() / e.ip6(plen=500) / e.udp(), False),
    "ip6-header-cut": ("ip6_header_bad", lambda e: cut(e.eth() / e.ip6() / e.udp(), 14 + 39), False),
    "vlan-three-tags": ("vlan_stack", lambda e: e.eth() / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / e.ip() / e.udp(), False),
    "mac-source-multicast": ("mac_src_bad", lambda e: e.eth(src="01:00:5e:00:00:01") / e.ip() / e.udp(), False),
    "mac-source-zero": ("mac_src_bad", lambda e: e.eth(src="00:00:00:00:00:00") / e.ip() / e.udp(), False),
    "mac-reserved": ("l2_reserved", lambda e: e.eth(dst="01:80:c2:00:00:02", type=0x8809) / Raw(bytes(46)), False),
    "mac-spoofed": ("spoof_mac", lambda e: e.eth(src=OTHER_MAC) / e.ip() / e.udp(), False),
    "ip-spoofed": ("spoof_ip", lambda e: e.eth() / e.ip(src=OTHER_IP) / e.udp(), False),
    "ip6-spoofed": ("spoof_ip", lambda e: e.eth() / e.ip6(src="fe80::6666") / e.udp(), False),
    "arp-spoofed-address": ("spoof_arp", lambda e: arp(e, psrc=OTHER_IP), False),
    "arp-spoofed-mac": ("spoof_arp", lambda e: arp(e, hwsrc=OTHER_MAC), False),
    "arp-gratuitous-gateway": ("spoof_arp", lambda e: arp(e, op=2, psrc="10.244.1.1", pdst="10.244.1.1"), False),
    "nd-spoofed-target": ("spoof_arp", lambda e: e.eth() / e.ip6() / ICMPv6ND_NA(tgt="fe80::6666"), False),
    "nd-spoofed-option": ("spoof_arp", lambda e: e.eth() / e.ip6() / ICMPv6ND_NA(tgt=e.link_local) / ICMPv6NDOptDstLLAddr(lladdr=OTHER_MAC), False),
    "nd-router-advert": ("spoof_arp", lambda e: e.eth() / e.ip6() / ICMPv6ND_RA(), False),
    # Those that the kernel refuses to send (checksum elsewhere, TCPv6 over IPv4, ..) are in the unit tests.
    "vnet-gso-size-40": ("vnet_hdr_bad", lambda e: vnet(bytes(e.tcp_frame(3000)), gso=GSO_TCPV4, gso_size=40), True),
    "vnet-gso-fragment": ("vnet_hdr_bad", lambda e: vnet(bytes(e.eth() / e.ip(flags="MF") / e.tcp(3000)), gso=GSO_TCPV4, gso_size=1000), True),
}


def send(interface, case, ends):
    _, build, has_vnet = CASES[case]
    data = bytes(build(ends))
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    if has_vnet:
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    sock.bind((interface, 0))
    try:
        sock.send(data)
    except OSError as error:  # the kernel itself knows better than to send it
        return f"refused: {error.strerror}"
    return "sent"


def main():
    if sys.argv[1:] == ["list"]:
        for case, (reason, _, _) in CASES.items():
            print(reason, case)
    elif len(sys.argv) == 5 and sys.argv[1] == "send":
        for line in sys.stdin:
            case, dst_mac, dst_ip = line.split()
            print(send(sys.argv[2], case, Ends(*sys.argv[3:], dst_mac, dst_ip)), flush=True)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
