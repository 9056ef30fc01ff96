#!/usr/bin/python3
"""Measures Sluice beside nginx's proxy_pass and the bare upstream; called by scripts/bench, which builds what it needs.

Every gateway runs on core 0; the upstream and the clients share core 1. In each round every load visits every gateway,
in turning order, so that what else the machine does hits all alike; the tables show medians over the rounds. CPU is the
gateway's own, children included, from /proc: the figure that a busy client core disturbs least.
"""
import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
KEY = "sk-bench-" + "0123456789abcdef" * 2
HEADERS = [f"authorization: Bearer {KEY}"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def family(pid):
    """The process and everything below it."""
    members, fresh = [], [pid]
    while fresh:
        member = fresh.pop()
        members.append(member)
        try:
            for task in os.listdir(f"/proc/{member}/task"):
                fresh += map(int, Path(f"/proc/{member}/task/{task}/children").read_text().split())
        except OSError:
            continue
    return members


def cpu_seconds(pid):
    total = 0
    for member in family(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])  # user and kernel time, proc(5) fields 14 and 15
    return total / TICKS


def resident_mib(pid):
    """Proportional set size of the family: shared pages are not counted twice."""
    kib = 0
    for member in family(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kib += int(line.split()[1])
    return kib / 1024


def pinned(core, command, **options):
    cores = os.sched_getaffinity(0)
    wanted = {core} & cores or cores
    return subprocess.Popen(command, preexec_fn=lambda: os.sched_setaffinity(0, wanted), **options)


def post(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"content-type": "application/json"} | dict(line.split(": ", 1) for line in HEADERS)
    connection.request("POST", "/v1/chat/completions", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def wait_for(gateway, process):
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", gateway.port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"{gateway.name} does not listen on port {gateway.port}; its messages are in {gateway.log}")


class Gateway:
    def __init__(self, name, port, command=None, environment=None, run=None):
        self.name, self.port, self.command, self.pid = name, port, command, None
        self.environment = dict(os.environ, **(environment or {}))
        self.log = run and run / f"{name}.stderr"

    def start(self, run):
        if self.command:
            with open(run / f"{self.name}.stdout", "wb") as out, open(self.log, "wb") as err:
                self.process = pinned(0, self.command, env=self.environment, stdout=out, stderr=err)
            wait_for(self, self.process)
            self.pid = self.process.pid

    def stop(self):
        if self.pid:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(1)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def fill(template, target, **values):
    text = (HERE / template).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    target.write_text(text)
    return str(target)


def bodies(run):
    """Requests as applications send them: 300 bytes, and 200 KB of conversation."""
    def write(name, turns):
        text = json.dumps({"model": "bench-model", "temperature": 0.2, "messages": turns}, separators=(",", ":"))
        (run / name).write_text(text)
        return run / name

    line = "Line one says \"hello\", line two\nspeaks of prices in € and of C:\\paths. "
    long = [{"role": "user" if i % 2 == 0 else "assistant", "content": line * 12} for i in range(201)]
    return {
        "300 B": write("small.json", [{"role": "system", "content": "You are a helpful assistant. Be brief."},
                                      {"role": "user", "content": "What does the quick brown fox do? " * 4}]),
        "200 KB": write("large.json", long),
    }


def closed_load(body, connections):
    """wrk as fast as answers come; figures per request."""
    def measure(gateway, seconds, tools):
        environment = dict(os.environ, BENCH_BODY=str(body), BENCH_HEADERS="\n".join(HEADERS))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / "request.lua"),
                   f"http://127.0.0.1:{gateway.port}/v1/chat/completions"]
        before = cpu_seconds(gateway.pid) if gateway.pid else 0
        said = pinned(1, command, env=environment, stdout=subprocess.PIPE, text=True).communicate()[0]
        after = cpu_seconds(gateway.pid) if gateway.pid else 0
        found = json.loads(said.splitlines()[-1])
        if found["wrong"]:
            sys.exit(f"{gateway.name}: {found['wrong']} of {found['requests']} requests went wrong")
        return {"per s": found["requests"] / found["seconds"], "p50 µs": found["p50_us"], "p99 µs": found["p99_us"],
                "CPU µs": (after - before) * 1e6 / max(1, found["requests"])}
    return measure


def stream_load(streams):
    """Streams held open; figures per event."""
    def measure(gateway, seconds, tools):
        command = [tools / "streams", str(gateway.port), str(streams), str(seconds), *HEADERS]
        before = cpu_seconds(gateway.pid) if gateway.pid else 0
        said = pinned(1, command, stdout=subprocess.PIPE, text=True).communicate()[0]
        after = cpu_seconds(gateway.pid) if gateway.pid else 0
        found = json.loads(said.splitlines()[-1])
        if found["broken"]:
            sys.exit(f"{gateway.name}: {found['broken']} streams broke")
        return {"per s": found["events_per_s"], "p50 µs": found["travel_p50_us"], "p99 µs": found["travel_p99_us"],
                "CPU µs": (after - before) * 1e6 / max(1, found["events"])}
    return measure


def table(title, unit, rounds, gateways, reference):
    """Medians of the rounds, and Sluice's as a share of the reference of the same round."""
    columns = ["per s", "p50 µs", "p99 µs", "CPU µs"]
    print(f"\n{title}")
    print(f"{'':10}" + "".join(f"{unit + ' ' + c if c == 'per s' else c:>16}" for c in columns))
    for gateway in gateways:
        middle = {c: statistics.median(found[gateway][c] for found in rounds) for c in columns}
        cpu = f"{middle['CPU µs']:16.2f}" if middle["CPU µs"] else f"{'':16}"
        print(f"{gateway:10}{middle['per s']:16,.0f}{middle['p50 µs']:16,.0f}{middle['p99 µs']:16,.0f}{cpu}")
    if reference in gateways and "sluice" in gateways:
        shares = {c: statistics.median(f["sluice"][c] / f[reference][c] if f[reference][c] else float("nan")
                                       for f in rounds) for c in columns}
        print(f"{'ratio':10}" + "".join(f"{shares[c]:15.2f}×" for c in columns) + f"   sluice / {reference}")


def start_gateways(options, run, upstream_port, suffix):
    """Sluice, nginx and the upstream itself, in front of one upstream."""
    gateways = [Gateway("direct", upstream_port)]
    if shutil.which("nginx"):
        port = free_port()
        folder = run / f"nginx{suffix}"
        folder.mkdir()
        conf = fill("nginx.conf.in", folder / "nginx.conf", run=folder, port=port, upstream_port=upstream_port)
        gateways.append(Gateway("nginx", port, ["nginx", "-p", str(folder), "-c", conf], run=folder))
    port = free_port()
    folder = run / f"sluice{suffix}"
    folder.mkdir()
    conf = fill("sluice.yaml.in", folder / "sluice.yaml", port=port, admin_port=free_port(),
                upstream_port=upstream_port)
    gateways.append(Gateway("sluice", port, [options.sluice, "serve", "--config", conf], {"BENCH_KEY": KEY}, folder))
    for gateway in gateways:
        gateway.start(gateway.log.parent if gateway.log else run)
    return gateways


def same_answers(gateways, body):
    """Refuses to measure a gateway that does not pass the whole request and the whole answer."""
    expected = post(gateways[0].port, body.read_bytes())
    for gateway in gateways[1:]:
        found = post(gateway.port, body.read_bytes())
        if found != expected:
            sys.exit(f"{gateway.name} answers {found}, the upstream {expected}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sluice", required=True, help="the binary")
    parser.add_argument("--tools", required=True, type=Path, help="folder of upstream and streams")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of each load in each round")
    parser.add_argument("--json", type=Path, help="writes every round there")
    options = parser.parse_args()

    run = Path(tempfile.mkdtemp(prefix="sluice-bench-"))
    started, gateways = [], []
    try:
        groups = {}
        # One upstream streams at 50 events a second, the other as fast as it can.
        for kind, events, gap in (("flat", 200, 0), ("paced", 150, 20000)):
            port = free_port()
            upstream = pinned(1, [options.tools / "upstream", str(port), str(events), str(gap)])
            started.append(upstream)
            wait_for(Gateway("upstream", port), upstream)
            groups[kind] = start_gateways(options, run, port, f"-{kind}")
            gateways += groups[kind]
        by_size = bodies(run)
        for body in by_size.values():
            same_answers(groups["flat"], body)
        idle = {g.name: resident_mib(g.pid) for g in groups["flat"] if g.pid}

        loads = [
            ("answers to 300 B, 64 connections", "answers", "flat", closed_load(by_size["300 B"], 64)),
            ("answers to 200 KB, 16 connections", "answers", "flat", closed_load(by_size["200 KB"], 16)),
            ("400 streams at 50 events/s", "events", "paced", stream_load(400)),
            ("64 streams as fast as they go", "events", "flat", stream_load(64)),
        ]
        results = {title: [] for title, *_ in loads}
        watched = sys.stderr.isatty()
        for number in range(options.rounds):
            if not watched:
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            for title, _, group, measure in loads:
                order = groups[group] if number % 2 == 0 else groups[group][::-1]
                found = {}
                for gateway in order:
                    if watched:
                        print(f"\rround {number + 1}: {title}, {gateway.name}".ljust(78), end="", file=sys.stderr)
                    found[gateway.name] = measure(gateway, options.seconds, options.tools)
                results[title].append(found)
        if watched:
            print("\r".ljust(80) + "\r", end="", file=sys.stderr)

        print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {options.rounds} rounds of "
              f"{options.seconds} s; gateways on core 0, upstream and clients on core 1")
        names = [gateway.name for gateway in groups["flat"]]
        for title, unit, *_ in loads:
            table(title, unit, results[title], names, "nginx")
        busy = {g.name: resident_mib(g.pid) for g in groups["flat"] if g.pid}
        print("\nmemory, MiB: " + "; ".join(f"{n} {idle[n]:.1f} idle, {busy[n]:.1f} afterwards" for n in idle))
        print("p50 and p99 of streams are an event's way from the upstream to the client.")
        if options.json:
            options.json.write_text(json.dumps(results, indent=1))
    finally:
        for gateway in gateways:
            gateway.stop()
        for process in started:
            process.terminate()
            process.wait()
        shutil.rmtree(run, ignore_errors=True)


if __name__ == "__main__":
    main()
