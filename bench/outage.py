#!/usr/bin/python3
"""What callers notice of a provider that fails three times in ten: straight to it, and through Sluice.

Needs a binary and nothing else: outage.py --sluice build/release/sluice. The callers repeat nothing by themselves.
"""
import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e" / "sdk"))

import gateway  # noqa: E402  (starts the binary as the end-to-end tests do)

FAILING = 0.3
LATENCY = 0.010  # seconds until a provider answers, well or not
KINDS = {
    "500": (500, "", "answers 500"),
    "429": (429, "retry-after: 1\r\n", "answers 429, retry-after 1 s"),
    "reset": (0, "", "closes without an answer"),
}
ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "real",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
)
REFUSAL = json.dumps({"error": {"message": "scripted", "type": "server_error", "param": None, "code": None}})
REQUEST_BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]})


def whole(status, body, fields=""):
    head = f"HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n{fields}content-length: {len(body)}\r\n\r\n"
    return (head + body).encode()


async def read_message(reader):
    """A head and its body, framed by content-length; raises when the connection ends before."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = head.partition("content-length:")[2].partition("\r\n")[0]
    return head, await reader.readexactly(int(length or 0))


class Provider:
    """A process of its own that serves until it is stopped; `kind` is how it fails, None: never."""

    def __init__(self, kind, seed):
        self.count = multiprocessing.Value("i", 0)
        ours, theirs = multiprocessing.Pipe()
        arguments = (kind, seed, self.count, theirs)
        self.process = multiprocessing.Process(target=self.serve, args=arguments, daemon=True)
        self.process.start()
        self.port = ours.recv()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()

    @staticmethod
    def serve(kind, seed, count, pipe):
        asyncio.run(Provider.play(kind, random.Random(seed), count, pipe))

    @staticmethod
    async def play(kind, draw, count, pipe):
        async def connection(reader, writer):
            try:
                while True:
                    await read_message(reader)
                    count.value += 1
                    await asyncio.sleep(LATENCY)
                    fails = kind is not None and draw.random() < FAILING
                    status, fields, _ = KINDS[kind] if fails else (200, "", "")
                    if status == 0:
                        return
                    writer.write(whole(status, ANSWER if status == 200 else REFUSAL, fields))
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connection, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()


class Callers:
    """So many connections that ask one question after the other."""

    def __init__(self, port, requests, connections):
        self.port, self.left, self.connections = port, requests, connections
        self.durations, self.errors = [], 0

    async def ask_all(self):
        await asyncio.gather(*(self.one() for _ in range(self.connections)))

    async def one(self):
        request = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n"
        request += f"content-type: application/json\r\ncontent-length: {len(REQUEST_BODY)}\r\n\r\n{REQUEST_BODY}"
        stream = None
        while self.left > 0:
            self.left -= 1
            began = time.perf_counter()
            try:
                stream = stream or await asyncio.open_connection("127.0.0.1", self.port)
                stream[1].write(request.encode())
                head, body = await read_message(stream[0])
                self.errors += head.split(" ", 2)[1] != "200" or json.loads(body) != json.loads(ANSWER)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.errors += 1
                if stream:
                    stream[1].close()
                stream = None
            self.durations.append(time.perf_counter() - began)
        if stream:
            stream[1].close()


def configuration(ports):
    """The model `m`, whose targets are the providers at these ports, in this order."""
    names = [f"p{number}" for number in range(1, len(ports) + 1)]
    providers = "".join(
        f"  {name}: {{kind: openai-compatible, base_url: 'http://127.0.0.1:{port}/v1'}}\n"
        for name, port in zip(names, ports)
    )
    targets = ", ".join(f"{{provider: {name}, model: real}}" for name in names)
    return (
        "server: {listen: @listen@, workers: 1, drain: {delay: 0s, grace: 5s}}\nadmin: {listen: @admin@}\n"
        f"providers:\n{providers}models:\n  m: {{targets: [{targets}]}}\n"
    )


def measure(port, options, providers):
    """One row: the share of errors, p50 and p99 in milliseconds, and requests to providers for one of a caller's."""
    before = sum(provider.count.value for provider in providers)
    callers = Callers(port, options.requests, options.connections)
    asyncio.run(callers.ask_all())
    durations = sorted(callers.durations)
    asked = sum(provider.count.value for provider in providers) - before
    return {
        "errors": callers.errors / len(durations),
        "p50_ms": durations[len(durations) // 2] * 1000,
        "p99_ms": durations[len(durations) * 99 // 100] * 1000,
        "asked": asked / len(durations),
    }


def measure_kind(kind, options):
    with Provider(kind, options.seed) as failing, Provider(None, 0) as healthy:
        rows = {"direct": measure(failing.port, options, [failing])}
        ways = {"Sluice, that provider only": [failing], "Sluice, a second one behind it": [failing, healthy]}
        for name, targets in ways.items():
            with gateway.Gateway(configuration([target.port for target in targets])) as sluice:
                rows[name] = measure(sluice.port, options, targets)
    return rows


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sluice", default=str(HERE.parent / "build" / "release" / "sluice"), help="the binary")
    options.add_argument("--requests", type=int, default=2000)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--seed", type=int, default=1, help="which requests fail")
    options.add_argument("--kind", choices=KINDS, nargs="+", default=["500"], help="how the provider fails")
    options = options.parse_args()
    os.environ["SLUICE_BINARY"] = options.sluice
    asking = f"{options.requests} requests on {options.connections} connections"
    print(f"{asking}; {FAILING:.0%} of the provider's answers fail")
    for kind in options.kind:
        print(f"\n| it {KINDS[kind][2]} | errors | p50 ms | p99 ms | asked per request |\n|---|---|---|---|---|")
        for name, row in measure_kind(kind, options).items():
            print(f"| {name} | {row['errors']:.2%} | {row['p50_ms']:.1f} | {row['p99_ms']:.1f} | {row['asked']:.2f} |")


if __name__ == "__main__":
    main()
