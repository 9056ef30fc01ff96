"""A scripted provider that speaks OpenAI's API. What it does is chosen by the model's name:

chat, NAME           an ordinary answer, streamed if asked (also the answer to every name not listed here)
tools, tools-parallel   one tool call, or two at once
unknown-fields       an answer full of members nobody knows
error-STATUS[-SECONDS]  that status, with `retry-after` if there are seconds; 401 and 500 repeat our credential
busy-N[-NAME]        429 to the first N requests for this very name, then an ordinary answer
hang                 reads the request and never answers
short-body           promises more bytes than it sends, then closes
slow                 a stream with 20 ms between its events
gate[-NAME]          a stream that waits after its first event until the test releases that name
cut-N, reset-N       closes (FIN, RST) after N events, in the middle of a chunked body
end-N                ends the body correctly after N events, but without [DONE]
error-event-N        an error event after N events; 0: as the very first one

It records every request. `GET /__requests` shows them, `POST /__release/NAME` opens a gate.
Run as a program it prints its port as JSON and serves until its standard input ends.
"""

import argparse
import asyncio
import base64
import dataclasses
import hashlib
import json
import re
import socket
import ssl
import struct
import sys
import threading

import script


@dataclasses.dataclass
class Recorded:
    """One request as it arrived, and how it went on."""

    connection: int
    method: str
    path: str
    headers: list
    body: bytes
    model: str = ""
    ended: str = ""  # "" while it runs, then answered | broken (as scripted) | left (by the caller)

    def header(self, name):
        """All values of a header, joined; None when it is not there."""
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)

    def form(self):
        """The parts of a form by their names, as bytes."""
        boundary = self.header("content-type").partition("boundary=")[2].strip('"').encode()
        parts = [part.partition(b"\r\n\r\n") for part in (b"\r\n" + self.body).split(b"\r\n--" + boundary)[1:-1]]
        return {re.search(rb'[; ]name="([^"]*)"', head)[1].decode(): content for head, _, content in parts}


class Broken(Exception):
    """The script closed the connection on purpose."""


class Connection(asyncio.Protocol):
    """One connection: requests in, scripted answers out."""

    def __init__(self, upstream, number):
        self.upstream = upstream
        self.number = number
        self.buffer = b""
        self.arrived = asyncio.Event()
        self.left = False
        self.task = None

    def connection_made(self, transport):
        self.transport = transport
        self.upstream.transports.add(transport)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.task = asyncio.get_running_loop().create_task(self.serve())

    def data_received(self, data):
        self.buffer += data
        self.arrived.set()

    def eof_received(self):
        self.leave()

    def connection_lost(self, error):
        self.upstream.transports.discard(self.transport)
        self.leave()

    def leave(self):
        """The caller is gone: whatever the script still wanted to say is moot."""
        self.left = True
        self.arrived.set()
        if self.task:
            self.task.cancel()

    async def until(self, enough):
        """Waits until the buffer satisfies `enough`; its result."""
        while (found := enough(self.buffer)) in (None, -1):
            self.arrived.clear()
            await self.arrived.wait()
        return found

    def take(self, count):
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    async def line(self):
        return self.take(await self.until(lambda buffer: buffer.find(b"\r\n")) + 2)[:-2]

    async def exactly(self, count):
        await self.until(lambda buffer: count if len(buffer) >= count else None)
        return self.take(count)

    async def request(self):
        """The next whole request, its body unframed."""
        method, path, _ = (await self.line()).decode("latin-1").split(" ", 2)
        headers = []
        while line := await self.line():
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        recorded = Recorded(self.number, method, path, headers, b"")
        if recorded.header("transfer-encoding"):
            while size := int((await self.line()).split(b";")[0], 16):
                recorded.body += await self.exactly(size)
                await self.line()
            await self.line()
        else:
            recorded.body = await self.exactly(int(recorded.header("content-length") or 0))
        return recorded

    async def serve(self):
        try:
            while True:
                recorded = await self.request()
                if recorded.path.startswith("/__"):
                    self.control(recorded)
                    continue
                self.upstream.recorded.append(recorded)
                try:
                    await Exchange(self, recorded).answer()
                    recorded.ended = "answered"
                except Broken:
                    recorded.ended = "broken"
                    return
                finally:
                    recorded.ended = recorded.ended or "left"
        except asyncio.CancelledError:
            self.transport.close()

    def control(self, recorded):
        """The test's own questions, answered to clients in other processes."""
        if recorded.path.startswith("/__release/"):
            self.upstream.gate(recorded.path.removeprefix("/__release/")).set()
        seen = [
            dataclasses.asdict(one) | {"body": base64.b64encode(one.body).decode()} for one in self.upstream.recorded
        ]
        self.reply(200, json.dumps(seen).encode())

    def reply(self, status, body, headers=(), length=None):
        """A whole answer with a length; `length` promises another one than is sent."""
        head = [f"HTTP/1.1 {status} Scripted", "content-type: application/json", "x-request-id: scripted-upstream"]
        head += [f"{name}: {value}" for name, value in headers]
        head += [f"content-length: {len(body) if length is None else length}"]
        self.transport.write("\r\n".join(head + ["", ""]).encode() + body)

    def reset(self):
        """Closes with RST."""
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Exchange:
    """One request and what the script says to it."""

    def __init__(self, connection, recorded):
        self.connection = connection
        self.recorded = recorded
        self.endpoint = recorded.path.partition("?")[0].removeprefix("/v1/")
        if (recorded.header("content-type") or "").startswith("multipart/form-data"):
            self.request = {name: value for name, value in recorded.form().items() if name != "file"}
            self.request = {name: value.decode() for name, value in self.request.items()}
        else:
            try:
                self.request = recorded.json()
            except ValueError:
                self.request = {}
        self.model = recorded.model = self.request.get("model", "")

    async def answer(self):
        for pattern, behaviour in BEHAVIOURS:
            if match := re.fullmatch(pattern, self.model):
                return await behaviour(self, *match.groups())

    def events(self):
        wanted = bool((self.request.get("stream_options") or {}).get("include_usage"))
        make = script.completion_events if self.endpoint == "completions" else script.chat_events
        return make(self.model, wanted)

    async def ordinary(self, *_):
        if self.endpoint == "embeddings":
            self.connection.reply(200, script.embeddings_answer(self.model, self.request))
        elif self.endpoint in ("audio/transcriptions", "audio/translations"):
            await self.transcript()
        elif self.endpoint not in ("chat/completions", "completions"):
            self.connection.reply(404, script.error_body(404, "no such path: " + self.recorded.path))
        elif self.request.get("stream"):
            await self.stream(self.events())
            self.end()
        else:
            make = script.completion_answer if self.endpoint == "completions" else script.chat_answer
            self.connection.reply(200, make(self.model))

    async def transcript(self):
        """What was heard is the digest of the file."""
        heard = hashlib.sha256(self.recorded.form()["file"]).hexdigest()
        if self.request.get("stream") == "true":
            await self.stream(script.transcript_events(heard))
            self.end()
        else:
            self.connection.reply(200, script.transcript_answer(heard))

    async def stream(self, events, pause=0.0):
        """The head and these events, each in a chunk of its own."""
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
        self.connection.transport.write(head.encode())
        for one in events:
            self.chunk(one)
            await asyncio.sleep(pause)

    def chunk(self, data):
        self.connection.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self):
        self.connection.transport.write(b"0\r\n\r\n")

    async def unknown_fields(self):
        self.connection.reply(200, script.UNKNOWN_FIELDS_ANSWER)

    async def error(self, status, seconds):
        headers = [("retry-after", seconds)] if seconds else []
        text = f'scripted {status} \u2192 "as written"'
        if status in ("401", "500"):
            text += ": wrong key in " + (self.recorded.header("authorization") or "nothing")
        self.connection.reply(int(status), script.error_body(int(status), text), headers)

    async def busy(self, times):
        seen = sum(1 for one in self.connection.upstream.recorded if one.model == self.model)
        if seen <= int(times):
            return await self.error("429", "1")
        await self.ordinary()

    async def hang(self):
        await asyncio.Event().wait()

    async def short_body(self):
        body = script.chat_answer(self.model)
        self.connection.reply(200, body[: len(body) // 2], length=len(body))
        self.close()

    def close(self):
        self.connection.transport.close()
        raise Broken

    async def slow(self):
        await self.stream(self.events(), pause=0.02)
        self.end()

    async def gate(self):
        events = self.events()
        await self.stream(events[:1])
        await self.connection.upstream.gate(self.model).wait()
        for one in events[1:]:
            self.chunk(one)
        self.end()

    async def cut(self, count):
        await self.stream(self.events()[: int(count)])
        self.close()

    async def reset(self, count):
        await self.stream(self.events()[: int(count)])
        await asyncio.sleep(0.05)  # let the peer read first: a reset may overtake what was sent
        self.connection.reset()
        raise Broken

    async def end_early(self, count):
        await self.stream(self.events()[: int(count)])
        self.end()

    async def error_event(self, count):
        failure = {"error": {"message": "scripted failure", "type": "server_error", "param": None, "code": "scripted"}}
        await self.stream(self.events()[: int(count)] + [script.event(failure)])
        self.end()


BEHAVIOURS = [
    (r"unknown-fields", Exchange.unknown_fields),
    (r"error-event-(\d+)", Exchange.error_event),
    (r"error-(\d{3})(?:-(\d+))?", Exchange.error),
    (r"busy-(\d+)(?:-.*)?", Exchange.busy),
    (r"hang", Exchange.hang),
    (r"short-body", Exchange.short_body),
    (r"slow", Exchange.slow),
    (r"gate(?:-.*)?", Exchange.gate),
    (r"cut-(\d+)", Exchange.cut),
    (r"reset-(\d+)", Exchange.reset),
    (r"end-(\d+)", Exchange.end_early),
    (r".*", Exchange.ordinary),
]


class ScriptedUpstream:
    """Serves on a free loopback port, in a thread of its own, while the `with` block runs."""

    def __init__(self, tls=None):
        """`tls`: an ssl.SSLContext for the server side, or None for plain HTTP."""
        self.tls = tls
        self.recorded = []
        self.transports = set()
        self.gates = {}
        self.connections = 0

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result()
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def listen(self):
        return await asyncio.get_running_loop().create_server(self.connection, "127.0.0.1", 0, ssl=self.tls)

    def connection(self):
        self.connections += 1
        return Connection(self, self.connections)

    def gate(self, name):
        """The gate of that name; called on the loop's thread."""
        return self.gates.setdefault(name, asyncio.Event())

    def release(self, name):
        """Opens the gate of that name, for good."""
        self.loop.call_soon_threadsafe(lambda: self.gate(name).set())

    def requests(self, model):
        """What was recorded for that model so far."""
        return [one for one in list(self.recorded) if one.model == model]

    async def close(self):
        """Drops every connection and waits until their tasks have ended."""
        self.server.close()
        for transport in list(self.transports):
            transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def main():
    options = argparse.ArgumentParser(description="A scripted provider that speaks OpenAI's API.")
    options.add_argument("--certificate", help="PEM file; with --key: serve TLS")
    options.add_argument("--key", help="PEM file")
    chosen = options.parse_args()
    context = None
    if chosen.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chosen.certificate, chosen.key)
    with ScriptedUpstream(context) as upstream:
        print(json.dumps({"port": upstream.port}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
