#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Clients of the control socket as they should not be; each prints what happened and ends with 0 if the
daemon did what docs/control-api.md promises.  control_client.py SOCKET CASE"""
import array
import json
import os
import select
import socket
import sys
import time


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)   # waits while the backlog is full; with a timeout it would not
        self.sock.settimeout(20)
        self.file = self.sock.makefile("rb")

    def send(self, data, fds=()):
        if fds:
            self.sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
        else:
            self.sock.sendall(data)

    def answer(self):
        """The next answer; None at the end of the stream."""
        try:
            line = self.file.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def call(self, method, params=None, fds=()):
        self.send(json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode() + b"\n", fds)
        return self.answer()

    def close(self):
        self.file.close()   # it holds the socket, too
        self.sock.close()

    def works(self):
        return self.call("version")["result"]["protocol"] == 1


def error(answer):
    return answer["error"]["code"]


def malformed(path):
    """Answered with -32700 and a null id; the connection stays usable."""
    client = Client(path)
    for line in (b"{", b"nonsense", b'{"a":1,"a":2}', b'{"method":"\\u0000"}', b"\xff\xfe", b"\x00", b'"', b"{}}"):
        client.send(line + b"\n")
        answer = client.answer()
        print(line, "->", answer)
        assert error(answer) == -32700 and answer["id"] is None
        assert client.works()


def no_request(path):
    """JSON, but no request: -32600."""
    client = Client(path)
    for doc in ([], 1, None, {}, {"jsonrpc": "2.0"}, {"jsonrpc": "1.0", "id": 1, "method": "version"},
                {"jsonrpc": "2.0", "id": 1, "method": 5}, {"jsonrpc": "2.0", "id": {}, "method": "version"},
                {"jsonrpc": "2.0", "id": 1, "method": "version", "params": 3},
                {"jsonrpc": "2.0", "id": 1, "method": "version", "params": []},
                [{"jsonrpc": "2.0", "id": 1, "method": "version"}]):
        client.send(json.dumps(doc).encode() + b"\n")
        answer = client.answer()
        print(doc, "->", answer)
        assert error(answer) in (-32600, -32602)
    assert client.works()


def parameters(path):
    """-32602 names the parameter; -32601 the method."""
    client = Client(path)
    for method, params, code, word in (
            ("no.such.method", {}, -32601, "no.such.method"),
            ("", {}, -32601, ""),
            ("ports.list", {"nam": "x"}, -32602, "nam"),
            ("ports.list", {"name": 5}, -32602, "name"),
            ("routes.add", {}, -32602, "prefix"),
            ("routes.add", {"prefix": "10.0.0.0/33", "kind": "blackhole"}, -32602, "prefix"),
            ("routes.add", {"prefix": "10.9.0.0/16", "kind": "hole"}, -32602, "kind"),
            ("flows.list", {"limit": -1}, -32602, "limit"),
            ("flows.list", {"limit": "many"}, -32602, "limit"),
            ("log.level", {"level": "loud"}, -32602, "level"),
            ("workers.cycles", {"enable": "yes"}, -32602, "enable"),
            ("services.add", {"name": "x", "cluster_ip": "10.96.0.1", "ports": []}, -32602, "ports"),
            ("services.add", {"name": "x", "cluster_ip": "10.96.0.1", "ports": [{"port": 0}]}, -32602, "port"),
            ("cni.prepare", {"container_id": "../../etc", "ifname": "eth0", "netns": "/x", "network": "n"},
             -32602, "container_id"),
            ("cni.prepare", {"container_id": "a", "ifname": "eth0/..", "netns": "/x", "network": "n"},
             -32602, "ifname")):
        answer = client.call(method, params)
        print(method, params, "->", answer)
        assert error(answer) == code and word in answer["error"]["message"]
    assert client.works()


def fragments(path):
    """A request byte by byte, many in one piece, blank lines, the last one without an end."""
    client = Client(path)
    for byte in b'{"jsonrpc":"2.0","id":1,"method":"version"}\n':
        client.send(bytes([byte]))
    assert client.answer()["id"] == 1
    client.send(b"".join(b'\n{"jsonrpc":"2.0","id":%d,"method":"version"}\n' % i for i in range(300)))
    assert [client.answer()["id"] for _ in range(300)] == list(range(300))
    client.send(b'{"jsonrpc":"2.0","id":"last","method":"version"}')
    client.sock.shutdown(socket.SHUT_WR)
    assert client.answer()["id"] == "last" and client.answer() is None


def notification(path):
    """Carried out, not answered."""
    client = Client(path)
    client.send(b'{"jsonrpc":"2.0","method":"routes.add","params":{"prefix":"10.77.0.0/16","kind":"blackhole"}}\n')
    assert client.call("routes.del", {"prefix": "10.77.0.0/16"})["result"] == {}


def oversized(path):
    """A line of more than 1 MiB gets -32600 and is closed; one just below is read."""
    client = Client(path)
    line = b'{"jsonrpc":"2.0","id":1,"method":"version"'
    client.send(line + b" " * ((1 << 20) - len(line) - 2) + b"}\n")
    assert "result" in client.answer()
    client = Client(path)
    try:
        client.send(line + b" " * (2 << 20))
    except (BrokenPipeError, ConnectionResetError):
        pass
    answer = client.answer()
    print(answer)
    assert answer is None or error(answer) == -32600
    assert client.answer() is None


def half(path):
    """A request that is begun and not ended: 10 s, then an answer and the end. Others are served meanwhile."""
    client = Client(path)
    start = time.monotonic()
    client.send(b'{"jsonrpc":"2.0",')
    while time.monotonic() < start + 9:
        asked = time.monotonic()
        assert Client(path).works()
        assert time.monotonic() - asked < 1
        client.send(b" ")   # a trickle does not buy time
        time.sleep(0.2)
    answer = client.answer()
    took = time.monotonic() - start
    print(f"{took:.1f} s", answer)
    assert error(answer) == -32600 and client.answer() is None and 9 < took < 13


def slow_reader(path):
    """One that does not read is closed after 10 s; others are served meanwhile."""
    client = Client(path)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.sock.setblocking(False)
    start = time.monotonic()
    line = b'{"jsonrpc":"2.0","id":1,"method":"drops.list"}\n'
    closed = False
    while not closed and time.monotonic() < start + 14:
        try:
            client.sock.send(line)
        except BlockingIOError:
            asked = time.monotonic()
            assert Client(path).works()
            assert time.monotonic() - asked < 1
            time.sleep(0.1)
        except (BrokenPipeError, ConnectionResetError):
            closed = True
    took = time.monotonic() - start
    print(f"{took:.1f} s")
    assert closed and 9 < took < 14


def many(path):
    """More than max_clients (20 here): -5 and the end for the rest; room again when some have gone."""
    clients = [Client(path) for _ in range(20)]
    assert all(client.works() for client in clients)
    extra = Client(path)
    answer = extra.answer()
    print(answer)
    assert error(answer) == -5 and extra.answer() is None
    assert all(client.works() for client in clients)
    clients.pop().close()
    for _ in range(50):
        late = Client(path)
        late.send(b'{"jsonrpc":"2.0","id":1,"method":"version"}\n')
        if "result" in late.answer():
            return
        time.sleep(0.05)
    sys.exit("no room again")


def stray_fds(path):
    """Descriptors nobody asked for: an error, and all are closed."""
    read_end, write_end = os.pipe()
    client = Client(path)
    answer = client.call("version", fds=[write_end])
    print(answer)
    assert error(answer) == -32602
    for count in (2, 8, 9, 60):
        answer = client.call("status", fds=[write_end] * count)
        assert error(answer) == -32602
    answer = client.call("cni.attach", {"container_id": "a", "ifname": "eth0", "netns_dev": 1, "netns_inode": 1,
                                        "ifindex": 1}, fds=[write_end, write_end])
    assert error(answer) == -32602
    answer = client.call("cni.attach", {"container_id": "a", "ifname": "eth0", "netns_dev": 1, "netns_inode": 1,
                                        "ifindex": 1})
    assert error(answer) == -32602
    client.send(b'{"half', fds=[write_end])
    client.close()
    os.close(write_end)
    assert select.select([read_end], [], [], 5)[0]
    assert os.read(read_end, 1) == b""   # comes only when no copy of the other end is open


def denied(path):
    """Another user: refused by SO_PEERCRED (the folder and the file were opened for it)."""
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    client = Client(path)
    answer = client.answer()
    print(answer)
    assert error(answer) == -6 and client.answer() is None


def no_way(path):
    """Another user: the file mode keeps it out already."""
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    try:
        Client(path)
    except PermissionError:
        return
    sys.exit("connected")


def noise(path):
    """Random bytes from many connections."""
    rnd = __import__("random").Random(1)
    for _ in range(300):
        client = Client(path)
        data = bytearray(b'{"jsonrpc":"2.0","id":1,"method":"status","params":{}}\n' * 3)
        for _ in range(rnd.randint(1, 8)):
            data[rnd.randrange(len(data))] = rnd.randrange(256)
        try:
            client.send(bytes(data[:rnd.randint(1, len(data))]))
        except (BrokenPipeError, ConnectionResetError):
            pass
        client.close()
    assert Client(path).works()


CASES = [malformed, no_request, parameters, fragments, notification, oversized, half, slow_reader, many, stray_fds,
         denied, no_way, noise]

if __name__ == "__main__":
    {case.__name__: case for case in CASES}[sys.argv[2]](sys.argv[1])
