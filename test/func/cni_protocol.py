#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The CNI plugin as a runtime sees it: exact environment, stdin, stdout and exit code.

Runs the real binary against a stand-in daemon, with real interfaces in network namespaces of its
own. Usage: cni_protocol.py BUILD_DIR [PATTERN]; root is needed.
"""

import fnmatch
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cni_fake_daemon as fake  # noqa: E402

VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
IPAM_DIR = "/usr/lib/cni"
ID = "3f2a9c"


class Skip(Exception):
    pass


class Run:
    """What one invocation printed."""

    def __init__(self, proc, seconds):
        self.rc, self.out, self.err = proc.returncode, proc.stdout, proc.stderr
        self.seconds = seconds

    def json(self):
        return json.loads(self.out)

    def failed(self, code, *texts):
        """Exit code 1 and an error object with the code and the texts on stdout."""
        answer = self.json()
        assert self.rc == 1, (self.rc, self.out)
        assert answer["code"] == code, self.out
        for text in texts:
            assert text in answer["msg"], f"{text!r} not in {answer['msg']!r}"
        return answer

    def quiet(self):
        """Success without a word on stdout."""
        assert self.rc == 0 and self.out == "", (self.rc, self.out, self.err)
        return self


class World:
    """A folder, a stand-in daemon, and a pod's namespace; gone after the last test."""

    def __init__(self, build):
        self.plugin = os.path.join(build, "app/podway-cni/podway-cni")
        self.dir = tempfile.mkdtemp(prefix="podway-cni-test-")
        self.socket = self.dir + "/control.sock"
        self.state = self.dir + "/state"
        self.ns = f"pwcni-{os.getpid()}"
        self.netns = "/run/netns/" + self.ns
        self.daemon = fake.FakeDaemon(self.socket)

    def setup(self):
        self.daemon.reset()
        shutil.rmtree(self.state, ignore_errors=True)
        subprocess.run(["ip", "netns", "add", self.ns], check=True)

    def teardown(self):
        self.daemon.reset()
        # Not there any more if the test deleted it.
        subprocess.run(["ip", "netns", "del", self.ns], stderr=subprocess.DEVNULL, check=False)

    def close(self):
        self.daemon.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def conf(self, version="1.1.0", **keys):
        conf = {"cniVersion": version, "name": "podnet", "type": "podway-cni"}
        conf.update(socket=self.socket, stateDir=self.state)
        conf.update(keys)
        return {k: v for k, v in conf.items() if v is not Ellipsis}

    def env(self, command, **variables):
        env = {
            "PATH": os.environ["PATH"],
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": ID,
            "CNI_NETNS": self.netns,
            "CNI_IFNAME": "eth0",
            "CNI_PATH": IPAM_DIR,
            "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;"
            f"K8S_POD_INFRA_CONTAINER_ID={ID};K8S_POD_UID=42",
        }
        env.update(variables)
        return {k: v for k, v in env.items() if v is not Ellipsis}

    def run(self, command, conf=None, **variables):
        text = conf if isinstance(conf, (str, bytes)) else json.dumps(conf or self.conf())
        text = text.encode() if isinstance(text, str) else text
        start = time.monotonic()
        proc = subprocess.run(
            [self.plugin],
            input=text,
            env=self.env(command, **variables),
            capture_output=True,
            timeout=30,
            check=False,
        )
        proc.stdout, proc.stderr = proc.stdout.decode(), proc.stderr.decode()
        return Run(proc, time.monotonic() - start)

    def ip(self, *args):
        proc = subprocess.run(
            ["ip", "-n", self.ns, "-j", "-d", *args], capture_output=True, text=True, check=False
        )
        return json.loads(proc.stdout) if proc.returncode == 0 and proc.stdout.strip() else []

    def inside(self, *args):
        return subprocess.run(
            ["ip", "netns", "exec", self.ns, *args], capture_output=True, text=True, check=True
        ).stdout.strip()

    def link(self, name="eth0"):
        found = self.ip("link", "show", "dev", name)
        return found[0] if found else None

    def addresses(self):
        return [
            f"{a['local']}/{a['prefixlen']}"
            for a in self.ip("addr", "show", "dev", "eth0")[0]["addr_info"]
            if a["scope"] == "global"
        ]

    def queue(self):
        folder = self.state + "/deletes"
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def nothing_left(self):
        """No interface, and lo as a new namespace has it; the daemon heard of the end."""
        assert self.link() is None, self.link()
        assert self.ip("addr", "show", "dev", "eth0") == []


# ---- who asks, and in which version -----------------------------------------------------------


def test_version(w):
    for version in VERSIONS:
        # What libcni's probe sends.
        dummy = {"CNI_CONTAINERID": "", "CNI_NETNS": "dummy", "CNI_IFNAME": "dummy"}
        r = w.run("VERSION", {"cniVersion": version}, CNI_PATH="dummy", **dummy)
        assert r.rc == 0 and r.json() == {"cniVersion": "1.1.0", "supportedVersions": VERSIONS}
    assert w.run("VERSION", b"").rc == 0
    assert w.run("VERSION", b"not JSON").rc == 0


def test_by_hand(w):
    r = w.run(..., b"")
    assert r.rc == 0 and r.out == "" and "1.1.0" in r.err and "podway-cni" in r.err
    for option, text in (("--version", "podway-cni "), ("--help", "Usage: ")):
        proc = subprocess.run([w.plugin, option], env={}, capture_output=True, text=True, check=True)
        assert text in proc.stdout and proc.stderr == ""
    assert subprocess.run([w.plugin, "--nonsense"], env={}, capture_output=True).returncode == 2


def test_versions_of_commands(w):
    for command, first in (("CHECK", "0.4.0"), ("GC", "1.1.0"), ("STATUS", "1.1.0")):
        for version in VERSIONS:
            r = w.run(command, w.conf(version, prevResult={}))
            refused = version < first
            assert (r.out != "" and r.json()["code"] == 1) == refused, (command, version, r.out)
            if refused:
                answer = r.failed(1, f'config version "{version}" does not allow {command}')
                assert answer["cniVersion"] == version


ENV_ROWS = [
    # command, variables, code, texts
    ("FROB", {}, 4, ["unknown CNI_COMMAND: FROB"]),
    ("add", {}, 4, ["unknown CNI_COMMAND: add"]),
    (
        "ADD",
        {"CNI_NETNS": ..., "CNI_IFNAME": ""},
        4,
        ["required env variables [CNI_NETNS,CNI_IFNAME] missing"],
    ),
    ("ADD", {"CNI_CONTAINERID": ...}, 4, ["[CNI_CONTAINERID]"]),
    ("DEL", {"CNI_CONTAINERID": "", "CNI_IFNAME": ...}, 4, ["[CNI_CONTAINERID,CNI_IFNAME]"]),
    ("CHECK", {"CNI_NETNS": ""}, 4, ["[CNI_NETNS]"]),
    ("ADD", {"CNI_CONTAINERID": "../../etc"}, 4, ["CNI_CONTAINERID", "../../etc"]),
    ("ADD", {"CNI_CONTAINERID": ".hidden"}, 4, ["CNI_CONTAINERID"]),
    ("DEL", {"CNI_CONTAINERID": "a/b"}, 4, ["CNI_CONTAINERID"]),
    ("ADD", {"CNI_CONTAINERID": "a" * 201}, 4, ["CNI_CONTAINERID"]),
    ("ADD", {"CNI_IFNAME": ".."}, 4, ["CNI_IFNAME"]),
    ("ADD", {"CNI_IFNAME": "a/b"}, 4, ["CNI_IFNAME"]),
    ("ADD", {"CNI_IFNAME": "a:b"}, 4, ["CNI_IFNAME"]),
    ("ADD", {"CNI_IFNAME": "a b"}, 4, ["CNI_IFNAME"]),
    ("ADD", {"CNI_IFNAME": "x" * 16}, 4, ["CNI_IFNAME"]),
    ("ADD", {"CNI_NETNS": "relative/path"}, 4, ["CNI_NETNS", "absolute"]),
    ("ADD", {"CNI_ARGS": "FOO=1"}, 4, ["CNI_ARGS", "FOO", "IgnoreUnknown"]),
    ("ADD", {"CNI_ARGS": "nonsense"}, 4, ["CNI_ARGS", "nonsense"]),
    ("ADD", {"CNI_ARGS": "IP=10.0.0.300"}, 4, ["CNI_ARGS", "10.0.0.300"]),
    ("ADD", {"CNI_ARGS": "MAC=ff:ff:ff:ff:ff:ff"}, 4, ["CNI_ARGS", "MAC"]),
    ("ADD", {"CNI_NETNS": "/run/netns/none-such"}, 8, ["none-such", "No such file"]),
    ("ADD", {"CNI_NETNS": "/etc/passwd"}, 8, ["/etc/passwd", "not a namespace"]),
    ("ADD", {"CNI_NETNS": "/proc/self/ns/uts"}, 8, ["not of the network"]),
    ("ADD", {"CNI_NETNS": "/proc/self/ns/net"}, 8, ["own network namespace"]),
]


def test_environment(w):
    for command, variables, code, texts in ENV_ROWS:
        w.run(command, **variables).failed(code, *texts)
    assert w.daemon.calls == []
    w.nothing_left()


CONF_ROWS = [
    # what is changed in a good configuration, code, texts
    ({"cniVersion": "2.0.0"}, 1, ["incompatible CNI versions", "2.0.0", "1.1.0"]),
    ({"cniVersion": 1}, 7, ["cniVersion: 1"]),
    ({"name": ...}, 7, ["missing network name"]),
    ({"name": "../x"}, 7, ['name: "../x"']),
    ({"mtu": 9217}, 7, ["mtu: 9217"]),
    ({"mtu": 10}, 7, ["mtu: 10"]),
    ({"mtu": "big"}, 7, ['mtu: "big"']),
    ({"mode": "bridge"}, 7, ['mode: "bridge"', "routed"]),
    ({"mode": "routed"}, 7, ['mode: "routed"', "bridged"]),
    ({"socket": "relative"}, 7, ['socket: "relative"', "absolute"]),
    ({"socket": "/" + "x" * 120}, 7, ["socket: "]),
    ({"queues": 0}, 7, ["queues: 0"]),
    ({"ipam": []}, 7, ["ipam: []"]),
    ({"ipam": {"type": "../evil"}}, 7, ["ipam.type", "../evil"]),
    ({"ipam": {"type": "no-such-ipam"}}, 7, ["no-such-ipam", "CNI_PATH"]),
    ({"ipam": {"subnet": "10.1.0.1/24"}}, 7, ["ipam.ranges[0][0].subnet", "10.1.0.0"]),
    ({"ipam": {"ranges": [[{"subnet": "10.1.0.0/31"}]]}}, 7, ["too small"]),
    ({"ipam": {"routes": [{"dst": "nonsense"}]}}, 7, ["ipam.routes[0].dst", "nonsense"]),
    ({"args": {"cni": {"mac": "zz"}}}, 7, ["args.cni.mac", "zz"]),
    ({"runtimeConfig": {"mac": 5}}, 7, ["runtimeConfig.mac: 5"]),
    ({"runtimeConfig": {"ips": ["x"]}}, 7, ["runtimeConfig.ips", '"x"']),
    (
        {"runtimeConfig": {"portMappings": [{"HostPort": 80, "ContainerPort": 99999}]}},
        7,
        ["portMappings[0].containerPort", "99999"],
    ),
    (
        {"runtimeConfig": {"PortMappings": [{"HostPort": 8080, "ContainerPort": 80}]}},
        2,
        ["portMappings", "8080"],
    ),
    (
        {"runtimeConfig": {"bandwidth": {"IngressRate": 1000, "IngressBurst": 4294967295}}},
        2,
        ["bandwidth", "ingressRate", "1000"],
    ),
    ({"runtimeConfig": {"bandwidth": {"ingressRate": 1000}}}, 7, ["rate and burst"]),
    ({"prevResult": {"ips": [{"address": "10.0.0.1/24", "interface": 3}]}}, 7, ["interface: 3"]),
    (
        {"prevResult": {"interfaces": [{"name": "eth0", "sandbox": "/x"}]}},
        7,
        ["prevResult", '"eth0"'],
    ),
]


def test_configuration(w):
    for text, code in ((b"", 6), (b"{", 6), (b"[]", 6), (b'"x"', 6), (b"\xff\xfe", 6)):
        w.run("ADD", text).failed(code)
    for keys, code, texts in CONF_ROWS:
        w.run("ADD", w.conf(**keys)).failed(code, *texts)
        w.nothing_left()
    assert w.queue() == []


def test_error_version(w):
    for version in VERSIONS:
        assert w.run("ADD", w.conf(version, mtu=1)).failed(7)["cniVersion"] == version


# ---- ADD -----------------------------------------------------------------------------------------


def test_add(w):
    r = w.run("ADD")
    assert r.rc == 0 and r.err == "", r.err + r.out
    assert r.json() == {
        "cniVersion": "1.1.0",
        "interfaces": [
            {"name": "pod-7", "mac": "02:00:00:00:00:01", "mtu": 1450},
            {"name": "eth0", "mac": "0a:58:0a:f4:01:07", "mtu": 1450, "sandbox": w.netns},
        ],
        "ips": [{"interface": 1, "address": "10.244.1.7/24", "gateway": "10.244.1.1"}],
        "routes": [{"dst": "0.0.0.0/0", "gw": "10.244.1.1"}],
        "dns": {},
    }
    link = w.link()
    assert link["address"] == "0a:58:0a:f4:01:07" and link["mtu"] == 1450
    assert "UP" in link["flags"] and "LOWER_UP" in link["flags"]
    tun = link["linkinfo"]
    assert tun["info_kind"] == "tun" and tun["info_data"]["type"] == "tap"
    assert tun["info_data"]["vnet_hdr"] and tun["info_data"]["persist"]
    assert not tun["info_data"]["pi"] and not tun["info_data"]["multi_queue"]
    assert w.addresses() == ["10.244.1.7/24"]
    assert {(r["dst"], r.get("gateway")) for r in w.ip("route")} == {
        ("default", "10.244.1.1"),
        ("10.244.1.0/24", None),
    }
    assert "UP" in w.link("lo")["flags"]
    assert w.inside("cat", "/proc/sys/net/ipv6/conf/eth0/disable_ipv6") == "1"
    assert w.daemon.methods() == ["cni.prepare", "cni.attach"]
    assert w.daemon.params("cni.prepare") == [
        {
            "container_id": ID,
            "ifname": "eth0",
            "netns": w.netns,
            "network": "podnet",
            "pod_namespace": "default",
            "pod_name": "web-0",
            "pod_uid": "42",
        }
    ]
    st = os.stat(w.netns)
    attach = w.daemon.params("cni.attach")[0]
    assert (attach["netns_dev"], attach["netns_inode"]) == (st.st_dev, st.st_ino)
    assert attach["ifindex"] == link["ifindex"] and len(w.daemon.fds) == 1


def test_add_announces(w):
    """The first ARP that comes out of the TAP is the gratuitous one, with our addresses."""
    assert w.run("ADD").rc == 0
    fd, end = w.daemon.fds[0], time.monotonic() + 5
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        frame = os.read(fd, 2048)[10:]  # behind the virtio header
        if frame[12:14] == b"\x08\x06":
            mac, ip = bytes.fromhex("0a580af40107"), bytes([10, 244, 1, 7])
            assert frame[6:12] == mac and frame[28:32] == ip and frame[38:42] == ip
            return
    raise AssertionError("no gratuitous ARP")


def test_add_dual_stack(w):
    w.daemon.rules["cni.prepare"] = lambda p: dict(fake.DUAL)
    r = w.run("ADD")
    assert r.rc == 0, r.out
    assert [ip["address"] for ip in r.json()["ips"]] == ["10.244.1.7/24", "fd00:1::7/64"]
    assert w.addresses() == ["10.244.1.7/24", "fd00:1::7/64"]
    flags = w.ip("addr", "show", "dev", "eth0")[0]["addr_info"]
    assert not any(a.get("tentative") for a in flags), flags
    assert any(r["dst"] == "default" and r["gateway"] == "fd00:1::1" for r in w.ip("-6", "route"))
    for name, value in (
        ("disable_ipv6", "0"),
        ("accept_ra", "0"),
        ("accept_dad", "0"),
        ("keep_addr_on_down", "1"),
    ):
        assert w.inside("cat", f"/proc/sys/net/ipv6/conf/eth0/{name}") == value, name
    assert w.inside("cat", "/proc/sys/net/ipv4/conf/eth0/arp_notify") == "1"


def test_add_routed(w):
    w.daemon.rules["cni.prepare"] = lambda p: dict(fake.ROUTED)
    r = w.run("ADD", w.conf(mode="routed"))
    assert r.rc == 0, r.out
    assert r.json()["routes"] == [
        {"dst": "169.254.1.1/32"},
        {"dst": "0.0.0.0/0", "gw": "169.254.1.1"},
    ]
    assert w.addresses() == ["10.244.1.7/32"]
    routes = {r["dst"]: r for r in w.ip("route")}
    assert routes["169.254.1.1"]["scope"] == "link" and "gateway" not in routes["169.254.1.1"]
    assert routes["default"]["gateway"] == "169.254.1.1"
    (neighbour,) = w.ip("neigh")
    assert neighbour["dst"] == "169.254.1.1" and neighbour["lladdr"] == "02:00:00:00:00:01"
    assert neighbour["state"] == ["PERMANENT"]


def test_add_versions(w):
    for version in VERSIONS:
        r = w.run("ADD", w.conf(version, dns={"nameservers": ["10.96.0.10"]}))
        answer = r.json()
        assert r.rc == 0 and answer["cniVersion"] == version, r.out
        assert answer["dns"] == {"nameservers": ["10.96.0.10"]}
        if version < "0.3.0":
            assert "ips" not in answer and "interfaces" not in answer
            assert answer["ip4"] == {
                "ip": "10.244.1.7/24",
                "gateway": "10.244.1.1",
                "routes": [{"dst": "0.0.0.0/0", "gw": "10.244.1.1"}],
            }
        else:
            (ip,) = answer["ips"]
            assert ip.get("version") == ("4" if version < "1.0.0" else None)
            assert ip["interface"] == 1 and ("mtu" in answer["interfaces"][1]) == (
                version >= "1.1.0"
            )
        w.run("DEL").quiet()
    # No cniVersion: libcni takes it for 0.1.0.
    assert w.run("ADD", w.conf(cniVersion=...)).json()["cniVersion"] == "0.1.0"


def test_add_wishes(w):
    """CNI_ARGS < args.cni < runtimeConfig; Go-cased keys, nulls, keys of others."""
    args = "IgnoreUnknown=true;MAC=02:00:00:00:00:0a;IP=10.244.1.50;IP=10.244.1.51;X=1"
    w.run("ADD", CNI_ARGS=args)
    p = w.daemon.params("cni.prepare")[-1]
    assert p["mac"] == "02:00:00:00:00:0a" and p["ips"] == ["10.244.1.51"]
    w.run("DEL")
    conf = w.conf(
        args={"cni": {"mac": "02:00:00:00:00:0b", "ips": ["10.244.1.60/24"]}},
        mtu=1400,
        ipam={"ranges": [[{"subnet": "10.244.1.0/24", "rangeStart": "10.244.1.50"}]]},
        capabilities={"mac": True},
        somethingElse={"x": [1, None]},
    )
    w.run("ADD", conf, CNI_ARGS=args)
    p = w.daemon.params("cni.prepare")[-1]
    assert p["mac"] == "02:00:00:00:00:0b" and p["ips"] == ["10.244.1.60"] and p["mtu"] == 1400
    assert p["ranges"] == conf["ipam"]["ranges"]
    w.run("DEL")
    conf["runtimeConfig"] = {
        "Mac": "02:00:00:00:00:0c",
        "IPs": ["10.244.1.70", "10.244.1.71/24"],
        "PortMappings": None,
        "bandwidth": None,
        "aliases": {"podnet": ["web"]},
        "dns": {"Servers": None, "Searches": None},
    }
    r = w.run("ADD", conf, CNI_ARGS=args)
    assert r.rc == 0, r.out
    p = w.daemon.params("cni.prepare")[-1]
    assert p["mac"] == "02:00:00:00:00:0c" and p["ips"] == ["10.244.1.70", "10.244.1.71"]


def test_add_custom_routes(w):
    conf = w.conf(ipam={"type": "podway", "routes": [{"dst": "10.0.0.0/8"}, {"dst": "fd00::/8"}]})
    r = w.run("ADD", conf)
    assert r.json()["routes"] == [{"dst": "10.0.0.0/8", "gw": "10.244.1.1"}]
    assert {r["dst"] for r in w.ip("route")} == {"10.0.0.0/8", "10.244.1.0/24"}


def test_add_chained(w):
    """Behind a plugin that made something else: its part is passed on, indexes move."""
    prev = {
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "net1", "sandbox": w.netns, "mac": "02:00:00:00:00:99"}],
        "ips": [{"address": "192.0.2.5/24", "interface": 0}],
        "routes": [{"dst": "192.0.2.128/25", "gw": "192.0.2.1"}],
        "dns": {"domain": "example.org"},
    }
    answer = w.run("ADD", w.conf("1.0.0", prevResult=prev)).json()
    assert [i["name"] for i in answer["interfaces"]] == ["net1", "pod-7", "eth0"]
    assert [(i["address"], i["interface"]) for i in answer["ips"]] == [
        ("192.0.2.5/24", 0),
        ("10.244.1.7/24", 2),
    ]
    assert answer["routes"][0] == prev["routes"][0] and answer["dns"] == prev["dns"]


def test_add_twice(w):
    assert w.run("ADD").rc == 0
    before = w.ip("addr"), w.ip("route")
    w.daemon.calls = []
    w.run("ADD").failed(101, '"eth0" exists')
    assert (w.ip("addr"), w.ip("route")) == before and w.daemon.calls == []


def test_add_foreign_interface(w):
    """An eth0 of somebody else: refused, not touched, and left alone by the DEL that follows."""
    subprocess.run(
        ["ip", "-n", w.ns, "link", "add", "eth0", "type", "veth", "peer", "name", "x"], check=True
    )
    w.run("ADD").failed(101, '"eth0" exists')
    w.run("DEL").quiet()
    assert w.link()["linkinfo"]["info_kind"] == "veth"


def test_add_own_namespace_override(w):
    """In the plugin's own namespace only if told so."""
    proc = ["ip", "netns", "exec", w.ns, w.plugin]
    for override, rc in (("", 1), ("true", 0)):
        r = subprocess.run(
            proc,
            input=json.dumps(w.conf()),
            env=w.env("ADD", CNI_NETNS_OVERRIDE=override),
            capture_output=True,
            text=True,
            check=False,
        )
        assert r.returncode == rc, r.stdout


# ---- ADD fails half-way --------------------------------------------------------------------------


def raiser(code, message):
    def rule(params):
        raise fake.Error(code, message)

    return rule


def bad(**keys):
    return lambda p: dict(fake.BRIDGED, **keys)


ROLLBACK_ROWS = [
    # method, rule, CNI code, text, whether cni.del must follow
    ("cni.prepare", raiser(-2, "pod is there already"), 101, "already", False),
    ("cni.prepare", raiser(-4, "no free address"), 102, "no free address", False),
    ("cni.prepare", raiser(-5, "starting"), 11, "starting", False),
    ("cni.prepare", raiser(-32602, "ips: not in a range"), 7, "not in a range", False),
    ("cni.prepare", raiser(-1, "mistake"), 104, "mistake", False),
    ("cni.prepare", lambda p: fake.CLOSE, 11, "cni.prepare", False),
    ("cni.prepare", bad(mtu=0), 104, "mtu", True),
    ("cni.prepare", bad(mac="nonsense"), 104, "mac", True),
    ("cni.prepare", bad(ips=[]), 104, "addresses", True),
    ("cni.prepare", bad(ips=[{"address": "x"}]), 104, "ips", True),
    # The kernel refuses: MAC, MTU, address, route, in this order.
    ("cni.prepare", bad(mac="01:00:00:00:00:01"), 104, "mac", True),
    ("cni.prepare", bad(mtu=65535), 103, "MTU 65535", True),
    ("cni.attach", raiser(-1, "queue full"), 104, "queue full", True),
    ("cni.attach", lambda p: fake.CLOSE, 11, "cni.attach", True),
    ("cni.prepare", bad(ips=[fake.BRIDGED["ips"][0]] * 2), 101, "10.244.1.7/24", True),
    ("cni.prepare", bad(routes=[{"dst": "0.0.0.0/0", "gw": "192.0.2.1"}]), 103, "via", True),
]


def test_add_rollback(w):
    for method, rule, code, text, deleted in ROLLBACK_ROWS:
        w.daemon.reset()
        w.daemon.rules[method] = rule
        w.run("ADD").failed(code, text)
        assert ("cni.del" in w.daemon.methods()) == deleted, (method, text, w.daemon.methods())
        w.nothing_left()
        assert w.queue() == []
        # And a second try finds nothing in its way.
        w.daemon.reset()
        assert w.run("ADD").rc == 0
        w.run("DEL").quiet()


def test_add_rollback_queued(w):
    """The daemon dies between prepare and attach: the DEL that takes it back is queued."""
    w.daemon.rules["cni.attach"] = lambda p: fake.CLOSE
    w.daemon.rules["cni.del"] = lambda p: fake.CLOSE
    w.run("ADD").failed(11, "cni.attach")
    w.nothing_left()
    assert w.queue() == [f"{ID}@eth0.json"]


def test_add_no_daemon(w):
    for path in (w.dir + "/none.sock", w.dir):
        r = w.run("ADD", w.conf(socket=path))
        r.failed(11, "podwayd does not answer", path)
        assert r.seconds < 1
        w.nothing_left()
    w.daemon.rules["cni.prepare"] = lambda p: fake.HANG
    r = w.run("ADD")
    r.failed(11, "cni.prepare")
    assert 1 < r.seconds < 5, r.seconds
    w.nothing_left()


# ---- delegated IPAM ------------------------------------------------------------------------------


def host_local(w, **keys):
    if not os.access(IPAM_DIR + "/host-local", os.X_OK):
        raise Skip("host-local is not installed (containernetworking-plugins)")
    ipam = {"type": "host-local", "dataDir": w.dir + "/ipam", "subnet": "10.77.0.0/24"}
    ipam["routes"] = [{"dst": "0.0.0.0/0"}]
    ipam.update(keys)
    w.daemon.rules["cni.prepare"] = lambda p: dict(
        fake.BRIDGED, ips=[{"address": a, "gateway": "10.77.0.1"} for a in p["addresses"]]
    )
    return w.conf("1.0.0", ipam=ipam)


def leases(w):
    folder = w.dir + "/ipam/podnet"
    return [f for f in os.listdir(folder) if f[0].isdigit()] if os.path.isdir(folder) else []


def test_ipam_host_local(w):
    conf = host_local(w)
    answer = w.run("ADD", conf)
    assert answer.rc == 0, answer.out
    (ip,) = answer.json()["ips"]
    assert w.addresses() == [ip["address"]] and ip["gateway"] == "10.77.0.1"
    assert w.daemon.params("cni.prepare")[0]["addresses"] == [ip["address"]]
    assert leases(w) == [ip["address"].split("/")[0]]
    w.run("CHECK", dict(conf, prevResult=answer.json())).quiet()
    w.run("DEL", conf).quiet()
    assert leases(w) == []
    w.run("CHECK", dict(conf, prevResult=answer.json())).failed(100)


def test_ipam_rollback(w):
    conf = host_local(w)
    w.daemon.rules["cni.attach"] = raiser(-1, "no")
    w.run("ADD", conf).failed(104)
    assert leases(w) == []
    w.daemon.rules["cni.prepare"] = raiser(-2, "there")
    w.run("ADD", conf).failed(101)
    assert leases(w) == []


def test_ipam_del_without_namespace(w):
    conf = host_local(w)
    assert w.run("ADD", conf).rc == 0 and len(leases(w)) == 1
    subprocess.run(["ip", "netns", "del", w.ns], check=True)
    w.run("DEL", conf, CNI_NETNS="").quiet()
    assert leases(w) == []


def test_ipam_full(w):
    conf = host_local(w, rangeStart="10.77.0.9", rangeEnd="10.77.0.9")
    assert w.run("ADD", conf, CNI_CONTAINERID="other").rc == 0
    w.run("DEL", w.conf(), CNI_CONTAINERID="other")  # interface only: its address stays
    w.daemon.calls = []
    r = w.run("ADD", conf)
    assert r.rc == 1 and "10.77.0.9" in r.json()["msg"], r.out
    assert "cni.prepare" not in w.daemon.methods()
    w.run("DEL", conf, CNI_CONTAINERID="other").quiet()


def fake_ipam(w, script):
    folder = w.dir + "/plugins"
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/my-ipam", "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n" + script)
    os.chmod(folder + "/my-ipam", 0o755)
    return w.conf(ipam={"type": "my-ipam", "note": "x" * 200000}), {"CNI_PATH": "/none:" + folder}


def test_ipam_protocol(w):
    """The whole stdin, the same environment; errors are passed on; odd ends are told apart."""
    seen = w.dir + "/seen"
    script = f'echo "$CNI_COMMAND $CNI_IFNAME" >> {seen}.env; cat > {seen}\n'
    ok = 'echo \'{"cniVersion":"1.1.0","ips":[{"address":"10.244.1.9/24"}]}\'\n'
    conf, path = fake_ipam(w, script + ok)
    w.daemon.rules["cni.attach"] = raiser(-1, "no")
    w.run("ADD", conf, **path).failed(104)
    with open(seen, encoding="ascii") as f:
        assert json.load(f) == conf
    with open(seen + ".env", encoding="ascii") as f:
        assert f.read() == "ADD eth0\nDEL eth0\n"
    w.daemon.reset()
    for script, code, text in (
        ("echo '{\"code\":42,\"msg\":\"no lease\",\"details\":\"d\"}'; exit 1", 42, "no lease"),
        ("exit 3", 999, "status 3"),
        ("kill -9 $$", 999, "signal 9"),
        ("echo nonsense", 6, "nonsense"),
        ("echo '{}'", 7, "missing IP config"),
        (":", 7, "missing IP config"),
    ):
        conf, path = fake_ipam(w, script + "\n")
        w.run("ADD", conf, **path).failed(code, text)
        assert "cni.prepare" not in w.daemon.methods()
        w.nothing_left()
    w.run("ADD", conf, CNI_PATH="").failed(4, "CNI_PATH")
    conf, path = fake_ipam(w, "exit 1\n")
    w.run("DEL", conf, **path).quiet()


# ---- DEL -----------------------------------------------------------------------------------------


def test_del(w):
    assert w.run("ADD").rc == 0
    w.daemon.calls = []
    r = w.run("DEL").quiet()
    assert r.err == "", r.err
    assert w.daemon.calls == [("cni.del", {"container_id": ID, "ifname": "eth0"})]
    w.nothing_left()
    for _ in range(3):
        w.run("DEL").quiet()
    assert w.queue() == []


def test_del_odd(w):
    """Whatever a runtime leaves out, or has lost, or has spoilt since."""
    rows = [
        {"CNI_NETNS": ""},
        {"CNI_NETNS": ...},
        {"CNI_NETNS": "/run/netns/none-such"},
        {"CNI_NETNS": "/etc/passwd"},
        {"CNI_NETNS": "relative"},
        {"CNI_NETNS": "/proc/self/ns/net"},
        {"CNI_ARGS": "nonsense"},
        {"CNI_PATH": ...},
        {"CNI_CONTAINERID": "unknown"},
    ]
    for variables in rows:
        w.run("DEL", **variables).quiet()
    for keys in ({"mtu": "x"}, {"ipam": {"subnet": "x"}}, {"prevResult": 5}, {"runtimeConfig": 7}):
        w.run("DEL", w.conf(**keys)).quiet()
    w.run("DEL", w.conf(ipam={"type": "no-such-ipam"})).quiet()
    assert len(w.daemon.calls) == len(rows) + 5 and w.queue() == []


def test_del_no_daemon(w):
    assert w.run("ADD").rc == 0
    conf = w.conf(socket=w.dir + "/none.sock")
    for _ in range(2):
        r = w.run("DEL", conf).quiet()
        assert "queued" in r.err and r.seconds < 1
    w.nothing_left()
    w.run("DEL", conf, CNI_IFNAME="net1").quiet()
    assert w.queue() == [f"{ID}@eth0.json", f"{ID}@net1.json"]
    with open(f"{w.state}/deletes/{ID}@eth0.json", encoding="ascii") as f:
        assert json.load(f) == {
            "version": 1,
            "container_id": ID,
            "ifname": "eth0",
            "network": "podnet",
        }


def test_del_daemon_comes_back(w):
    """The daemon answers again just after the DEL was queued: nothing stays in the queue."""
    answers = [fake.CLOSE, {"found": True}]
    w.daemon.rules["cni.del"] = lambda p: answers.pop(0)
    w.run("DEL").quiet()
    assert w.queue() == [] and answers == []


def test_del_queue_unwritable(w):
    with open(w.dir + "/file", "w", encoding="ascii"):
        pass
    conf = w.conf(socket=w.dir + "/none.sock", stateDir=w.dir + "/file/state")
    assert "cannot be queued" in w.run("DEL", conf).quiet().err


# ---- CHECK, STATUS, GC ---------------------------------------------------------------------------


def test_check(w):
    w.daemon.rules["cni.prepare"] = lambda p: dict(fake.DUAL)
    prev = w.run("ADD").json()
    conf = w.conf(prevResult=prev)
    w.run("CHECK", conf).quiet()
    assert w.daemon.params("cni.check") == [
        {
            "container_id": ID,
            "ifname": "eth0",
            "addresses": ["10.244.1.7/24", "fd00:1::7/64"],
            "mac": "0a:58:0a:f4:01:07",
        }
    ]
    # A later plugin added things of its own: not ours to judge.
    more = json.loads(json.dumps(prev))
    more["interfaces"].append({"name": "net1", "sandbox": w.netns})
    more["ips"].append({"address": "192.0.2.5/24", "interface": 2})
    more["routes"].append({"dst": "192.0.2.128/25", "gw": "192.0.2.1"})
    w.run("CHECK", w.conf(prevResult=more)).quiet()
    w.run("CHECK", w.conf()).failed(7, "prevResult")
    w.run("CHECK", w.conf(prevResult={"interfaces": []})).failed(7, "prevResult", "eth0")
    w.daemon.rules["cni.check"] = raiser(-3, "no such pod")
    w.run("CHECK", conf).failed(100, "no such pod")
    w.daemon.rules["cni.check"] = lambda p: {}
    for change, text in (
        ("link set eth0 mtu 1300", "MTU is 1300"),
        ("link set eth0 mtu 1450 address 02:00:00:00:00:55", "MAC is 02:00:00:00:00:55"),
        ("link set eth0 address 0a:58:0a:f4:01:07", None),
        ("route del default", "route is missing"),
        ("route add default via 10.244.1.99", "route is missing"),
        ("addr del 10.244.1.7/24 dev eth0", "10.244.1.7/24"),
        ("link set eth0 down", "state is down"),
        ("link del eth0", '"eth0"'),
    ):
        subprocess.run(["ip", "-n", w.ns, *change.split()], check=True)
        if text is None:
            w.run("CHECK", conf).quiet()
        else:
            w.run("CHECK", conf).failed(100, text)


def test_status(w):
    # libcni sets the unused ones to nothing.
    none = {"CNI_CONTAINERID": "", "CNI_NETNS": "", "CNI_IFNAME": ""}
    r = w.run("STATUS", **none).quiet()
    assert r.seconds < 0.5 and w.daemon.methods() == ["cni.status"]
    w.daemon.rules["cni.status"] = raiser(-5, "no address is free")
    w.run("STATUS", **none).failed(50, "no address is free")
    w.run("STATUS", w.conf(socket="/none.sock"), **none).failed(50, "/none.sock")
    w.daemon.rules["cni.status"] = lambda p: fake.HANG
    r = w.run("STATUS", **none)
    r.failed(50)
    assert r.seconds < 3


def test_gc(w):
    none = {"CNI_CONTAINERID": "", "CNI_NETNS": "", "CNI_IFNAME": ""}
    pods = [
        {"container_id": "a", "ifname": "eth0", "network": "podnet"},
        {"container_id": "a", "ifname": "net1", "network": "podnet"},
        {"container_id": "b", "ifname": "eth0", "network": "podnet"},
        {"container_id": "c", "ifname": "eth0", "network": "other"},
        {"container_id": "d", "ifname": "eth0"},
    ]
    w.daemon.rules["pods.list"] = lambda p: {"pods": pods}
    for key in ("cni.dev/valid-attachments", "cni.dev/attachments"):
        w.daemon.calls = []
        w.run("GC", w.conf(**{key: [{"containerID": "a", "ifname": "eth0"}]}), **none).quiet()
        assert w.daemon.params("cni.del") == [
            {"container_id": "a", "ifname": "net1"},
            {"container_id": "b", "ifname": "eth0"},
        ]
    w.daemon.calls = []
    w.run("GC", **none).failed(7, "valid-attachments")
    w.run("GC", w.conf(**{"cni.dev/valid-attachments": None}), **none).failed(7)
    w.run("GC", w.conf(**{"cni.dev/valid-attachments": [{"containerID": "a"}]}), **none).failed(7)
    assert w.daemon.params("cni.del") == []
    w.run("GC", w.conf(**{"cni.dev/valid-attachments": []}), **none).quiet()
    assert len(w.daemon.params("cni.del")) == 3
    # One that fails does not keep the others from going.
    w.daemon.calls = []
    w.daemon.rules["cni.del"] = raiser(-1, "disk full")
    r = w.run("GC", w.conf(**{"cni.dev/valid-attachments": []}), **none)
    r.failed(104, "disk full")
    assert len(w.daemon.params("cni.del")) == 3


# ---- many, and how fast --------------------------------------------------------------------------


def test_concurrent(w):
    """Pods of a whole node at once, each with an interface name of its own."""
    n = 40
    procs = []
    for i in range(n):
        env = w.env("ADD", CNI_IFNAME=f"e{i}", CNI_CONTAINERID=f"c{i}")
        p = subprocess.Popen(
            [w.plugin], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        p.stdin.write(json.dumps(w.conf()))
        p.stdin.close()
        procs.append(p)
    w.daemon.rules["cni.prepare"] = lambda p: dict(fake.BRIDGED)
    failed = [p.stdout.read() for p in procs if p.wait(20) != 0]
    for p in procs:
        p.stdout.close()
    assert failed == [], failed[:2]
    assert len([x for x in w.ip("link") if x["ifname"].startswith("e")]) == n


def test_start_to_exit(w):
    """STATUS, which the daemon answers at once: the fastest of ten runs is a few milliseconds."""
    best = min(w.run("STATUS").seconds for _ in range(10))
    print(f"     start to exit: {best * 1000:.1f} ms", file=sys.stderr)
    assert best < 0.05


# ---- running them --------------------------------------------------------------------------------


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        print("0 passed, 0 failed, 1 skipped: root is needed")
        return 0
    world = World(os.path.abspath(sys.argv[1]))
    pattern = "*" + (sys.argv[2] if len(sys.argv) > 2 else "") + "*"
    count = {"ok": 0, "FAIL": 0, "skip": 0}
    tests = [
        (k, v) for k, v in globals().items() if k.startswith("test_") and fnmatch.fnmatch(k, pattern)
    ]
    try:
        for name, test in tests:
            world.setup()
            try:
                test(world)
                state = "ok"
            except Skip as e:
                state = "skip"
                print(f"     {e}")
            except Exception:  # noqa: BLE001 - whatever it was, the next test is to run
                state = "FAIL"
                traceback.print_exc()
            finally:
                world.teardown()
            count[state] += 1
            print(f"{state:4} {name[5:]}", flush=True)
    finally:
        world.close()
    print(f"{count['ok']} passed, {count['FAIL']} failed, {count['skip']} skipped")
    return 1 if count["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
