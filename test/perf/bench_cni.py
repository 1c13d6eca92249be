#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs podway-cni against a daemon: times from the start of the process to its end.

  bench_cni.py PLUGIN SOCKET STATE_DIR NAMESPACE..

ADD and DEL of each namespace one after another, then ADD of all at once; VERSION (no daemon) for the plugin alone. Prints a
line each: percentiles in milliseconds, the plugin's own CPU time (user and system), and what failed.
"""
import json
import os
import sys
import tempfile
import time


class Plugin:
    def __init__(self, path, conf):
        self.path = path
        self.conf = conf

    def start(self, command, netns):
        env = {"PATH": os.environ["PATH"], "CNI_COMMAND": command, "CNI_CONTAINERID": os.path.basename(netns),
               "CNI_NETNS": netns, "CNI_IFNAME": "eth0", "CNI_PATH": os.path.dirname(self.path)}
        actions = [(os.POSIX_SPAWN_OPEN, 0, self.conf, os.O_RDONLY, 0),
                   (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
        return os.posix_spawn(self.path, [self.path], env, file_actions=actions)


def report(what, samples, elapsed=None):
    """Samples are (seconds, seconds of CPU, exit status)."""
    times = sorted(s[0] for s in samples)
    cpu = sum(s[1] for s in samples) / len(samples)
    failed = sum(1 for s in samples if s[2])
    print(f"{what:<28} {times[len(times) // 2] * 1e3:8.1f} {times[len(times) * 99 // 100] * 1e3:8.1f} "
          f"{times[-1] * 1e3:8.1f} {cpu * 1e3:8.1f} {failed:7d}" + (f"   all in {elapsed * 1e3:.0f} ms" if elapsed else ""),
          flush=True)


def one_by_one(plugin, command, namespaces):
    samples = []
    for netns in namespaces:
        begin = time.monotonic()
        _, status, usage = os.wait4(plugin.start(command, netns), 0)
        samples.append((time.monotonic() - begin, usage.ru_utime + usage.ru_stime, status))
    return samples


def all_at_once(plugin, command, namespaces):
    begins, samples = {}, []
    for netns in namespaces:
        begin = time.monotonic()
        begins[plugin.start(command, netns)] = begin
    while begins:
        pid, status, usage = os.wait4(-1, 0)
        samples.append((time.monotonic() - begins.pop(pid), usage.ru_utime + usage.ru_stime, status))
    return samples


def main():
    path, socket, state, namespaces = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    with tempfile.NamedTemporaryFile("w") as conf:
        json.dump({"cniVersion": "1.0.0", "name": "podnet", "type": "podway-cni", "socket": socket, "stateDir": state}, conf)
        conf.flush()
        plugin = Plugin(path, conf.name)
        print(f"{'ms':<28} {'p50':>8} {'p99':>8} {'max':>8} {'CPU':>8} {'failed':>7}")
        report("VERSION: the plugin alone", one_by_one(plugin, "VERSION", namespaces))
        report("ADD, one by one", one_by_one(plugin, "ADD", namespaces))
        report("DEL, one by one", one_by_one(plugin, "DEL", namespaces))
        begin = time.monotonic()
        samples = all_at_once(plugin, "ADD", namespaces)
        report(f"ADD, {len(namespaces)} in flight", samples, time.monotonic() - begin)
        begin = time.monotonic()
        samples = all_at_once(plugin, "DEL", namespaces)
        report(f"DEL, {len(namespaces)} in flight", samples, time.monotonic() - begin)


main()
