#!/usr/bin/python3
"""How fast Sluice reacts: to a provider that refuses connections, to a caller who leaves, to the end of an overload.

Needs a binary and nothing else: reaction.py --sluice build/release/sluice.
"""
import argparse
import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e" / "sdk"))

import gateway  # noqa: E402  (starts the binary as the end-to-end tests do)
from outage import ANSWER, configuration, read_message, whole  # noqa: E402

SLOTS, SERVICE = 4, 0.1  # of the provider that can be overloaded: 40 requests a second
CAPACITY = SLOTS / SERVICE
CALM, OVERLOAD = 0.8, 5.0  # in parts of that
REFUSAL = json.dumps({"error": {"message": "busy", "type": "server_error", "param": None, "code": None}})
EVENT = 'data: {"choices":[{"index":0,"delta":{"content":"word"},"finish_reason":null}]}\n\n'


def request(port, stream=False, model="m"):
    body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    return (head + f"content-length: {len(body)}\r\n\r\n{body}").encode()


def spread(seconds):
    ordered = sorted(seconds)
    at = lambda share: ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000  # noqa: E731
    return f"p50 {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, most {ordered[-1] * 1000:.2f} ms ({len(ordered)} times)"


class Server:
    """Serves each connection with `play(reader, writer)` until it is left."""

    def __init__(self, play):
        self.play = play

    async def __aenter__(self):
        async def connection(reader, writer):
            try:
                await self.play(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        self.server = await asyncio.start_server(connection, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()


async def answer_all(reader, writer):
    while True:
        await read_message(reader)
        writer.write(whole(200, ANSWER))


async def ask(stream, port, model="m"):
    began = time.perf_counter()
    stream[1].write(request(port, model=model))
    head, _ = await read_message(stream[0])
    return head.split(" ", 2)[1], time.perf_counter() - began


async def failover(times):
    """What the first request takes longer whose first target refuses the connection: a new daemon for each."""
    longer = []
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else will
        async with Server(answer_all) as healthy:
            text = configuration([reserved.getsockname()[1], healthy.port])
            text += "  plain: {targets: [{provider: p2, model: real}]}\n"
            for _ in range(times):
                sluice = await asyncio.to_thread(gateway.Gateway(text).__enter__)
                stream = await asyncio.open_connection("127.0.0.1", sluice.port)
                usual = [(await ask(stream, sluice.port, "plain"))[1] for _ in range(20)]
                status, took = await ask(stream, sluice.port)
                assert status == "200", status
                longer.append(took - sorted(usual)[len(usual) // 2])
                stream[1].close()
                await asyncio.to_thread(sluice.__exit__, None, None, None)
    return spread(longer)


async def cancel(times, phase):
    """From a caller's leaving until the provider sees it."""
    arrived, left = asyncio.Queue(), asyncio.Queue()

    async def play(reader, writer):
        await read_message(reader)
        if phase != "waiting":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        count = {"waiting": 0, "mid-stream": 1, "slow caller": 20_000}[phase]
        for number in range(count):
            writer.write(f"{len(EVENT):x}\r\n{EVENT}\r\n".encode())
            if number % 100 == 99:
                try:
                    await asyncio.wait_for(writer.drain(), 0.2)
                except asyncio.TimeoutError:
                    break  # the caller does not read, and so nobody does
        arrived.put_nowait(None)
        try:
            while await reader.read(1024):
                pass
        except ConnectionError:
            pass
        left.put_nowait(time.perf_counter())

    took = []
    async with Server(play) as provider:
        text = configuration([provider.port])
        sluice = await asyncio.to_thread(gateway.Gateway(text).__enter__)
        for _ in range(times):
            caller = await asyncio.open_connection("127.0.0.1", sluice.port, limit=1024)
            caller[1].write(request(sluice.port, phase != "waiting"))
            if phase == "mid-stream":
                await caller[0].readuntil(b"word")
            await arrived.get()
            began = time.perf_counter()
            caller[1].transport.abort() if phase == "slow caller" else caller[1].close()
            took.append(await left.get() - began)
        await asyncio.to_thread(sluice.__exit__, None, None, None)
    return spread(took)


class Load:
    """Asks at a fixed rate, whether or not answers come, and counts the good ones by the second they were asked in."""

    def __init__(self, port):
        self.port, self.began = port, time.perf_counter()
        self.asked, self.good, self.tasks = {}, {}, []

    async def at(self, rate, seconds):
        end = time.perf_counter() + seconds
        due = time.perf_counter()
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.tasks.append(asyncio.create_task(self.one()))
            due += 1 / rate

    async def one(self):
        second = int(time.perf_counter() - self.began)
        self.asked[second] = self.asked.get(second, 0) + 1
        try:
            stream = await asyncio.open_connection("127.0.0.1", self.port)
            status, _ = await asyncio.wait_for(ask(stream, self.port), 30)
            stream[1].close()
            self.good[second] = self.good.get(second, 0) + (status == "200")
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, ConnectionError):
            pass

    def share(self, second):
        return self.good.get(second, 0) / max(1, self.asked.get(second, 0))


async def overload(limited):
    """Goodput before, during and after ten seconds of five times as many requests as the provider can answer."""
    busy = 0

    async def play(reader, writer):
        nonlocal busy
        while True:
            await read_message(reader)
            if busy >= SLOTS:
                writer.write(whole(503, REFUSAL))
                continue
            busy += 1
            await asyncio.sleep(SERVICE)
            busy -= 1
            writer.write(whole(200, ANSWER))

    async with Server(play) as provider:
        text = configuration([provider.port])
        if limited:
            concurrency = f"concurrent: {{limit: {SLOTS}, queue: 40, wait: 1s}}"
            text = text.replace("model: real}", f"model: real, {concurrency}}}")
        sluice = await asyncio.to_thread(gateway.Gateway(text).__enter__)
        load = Load(sluice.port)
        for rate, seconds in ((CALM, 5), (OVERLOAD, 10), (CALM, 15)):
            await load.at(rate * CAPACITY, seconds)
        await asyncio.gather(*load.tasks)
        await asyncio.to_thread(sluice.__exit__, None, None, None)
    answered = sum(load.good.get(second, 0) for second in range(5, 15)) / (10 * CAPACITY)
    recovered = next((s for s in range(15, 29) if all(load.share(t) >= 0.95 for t in range(s, 29))), None)
    before = sum(load.share(second) for second in range(1, 4)) / 3
    after = "never" if recovered is None else f"within {recovered - 15 + 1} s"
    return f"before {before:.0%} answered; meanwhile {answered:.0%} of what it can; 95 % and more again {after}"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sluice", default=str(HERE.parent / "build" / "release" / "sluice"), help="the binary")
    options.add_argument("--times", type=int, default=50)
    options = options.parse_args()
    os.environ["SLUICE_BINARY"] = options.sluice
    print(f"a target that refuses connections costs: {asyncio.run(failover(options.times))}", flush=True)
    for phase in ("waiting", "mid-stream", "slow caller"):
        took = asyncio.run(cancel(options.times, phase))
        print(f"a caller leaves, {phase}: the provider knows after {took}", flush=True)
    for limited, name in ((False, "without"), (True, "with")):
        print(f"overload, {name} a concurrency limit: {asyncio.run(overload(limited))}", flush=True)


if __name__ == "__main__":
    main()
