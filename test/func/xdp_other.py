#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Somebody else's XDP program on an interface.

  xdp_other.py INTERFACE       attaches one that passes every frame (XDP_PASS); it stays after the end
"""
import ctypes
import os
import socket
import struct
import sys

BPF_PROG_TYPE_XDP = 6
# struct bpf_insn {u8 code, u8 registers, s16 offset, s32 immediate}: r0 = XDP_PASS; exit
INSNS = struct.pack("<BBhi", 0xB7, 0, 0, 2) + struct.pack("<BBhi", 0x95, 0, 0, 0)

bpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
prog = bpf.bpf_prog_load(BPF_PROG_TYPE_XDP, b"other", b"BSD", INSNS, ctypes.c_size_t(2), None)
if prog < 0:
    sys.exit(f"loading: {os.strerror(ctypes.get_errno())}")
rc = bpf.bpf_xdp_attach(socket.if_nametoindex(sys.argv[1]), prog, 0, None)
if rc < 0:
    sys.exit(f"attaching to {sys.argv[1]}: {os.strerror(-rc)}")
