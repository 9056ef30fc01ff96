"""Concurrent callers of the daemon, each on a connection of its own, who note what they were given."""

import asyncio
import dataclasses
import json
import random
import time

import world

PATIENCE = 30  # seconds for one answer: nothing here takes as long
STREAMS, ABORTS = 0.3, 0.1


@dataclasses.dataclass
class Call:
    """One request, sent once: who tries again makes another."""

    id: str
    key: str
    model: str
    stream: bool
    text_bytes: int
    most: int  # max_tokens
    leaves: bool = False  # it means to go away before the end
    connected: float = 0.0  # when its connection was opened
    began: float = 0.0
    ended: float = 0.0
    # sent, then one of: whole; cut (an answer that broke off); left (by the caller); lost (the connection broke
    # without an answer); stuck
    state: str = "sent"
    status: int = 0
    code: str = ""
    received: int = 0  # tokens, of a stream
    cost: str = ""  # as the reply's field has it
    retry: str = ""  # the same


class Line:
    """A connection to the daemon."""

    def __init__(self, port):
        self.port, self.reader, self.writer, self.opened = port, None, None, 0.0

    async def open(self, until):
        """Polls while nobody listens. False: the deadline has passed."""
        while self.writer is None:
            try:
                self.opened = time.monotonic()
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if time.monotonic() > until:
                    return False
                await asyncio.sleep(0.02)  # the interval of the poll
        return True

    def close(self, hard=False):
        if self.writer:
            self.writer.transport.abort() if hard else self.writer.close()
        self.reader = self.writer = None

    async def read_head(self):
        """The status and the fields."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        return int(lines[0].split(" ")[1]), fields

    async def read_chunk(self):
        """The next chunk of a body; empty at its end."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:size]


class Callers:
    """All of a run. `calls` is what they did."""

    def __init__(self, the_world, port):
        self.world, self.port, self.calls = the_world, port, []

    async def run(self):
        until = time.monotonic() + self.world.seconds
        async with asyncio.TaskGroup() as group:
            for key in self.world.team_of:
                for number in range(self.world.clients):
                    group.create_task(Caller(self, key, number).run(until))

    async def ask(self, call, line, leaving=None):
        """Sends it and reads whatever comes. `leaving`: draws when the caller goes away; None: it stays to the end."""
        call.connected, call.began = line.opened, time.monotonic()
        self.calls.append(call)
        try:
            async with asyncio.timeout(PATIENCE):
                await Asking(call, line).run(leaving)
        except TimeoutError:
            call.state = "stuck"
            line.close()
        call.ended = time.monotonic()


class Caller:
    def __init__(self, callers, key, number):
        self.callers, self.key, self.number = callers, key, number
        self.draw = random.Random(f"caller {callers.world.seed} {key} {number}")
        self.line = Line(callers.port)

    async def run(self, until):
        asked = 0
        await asyncio.sleep(self.draw.uniform(0, 0.3))
        while time.monotonic() < until and await self.line.open(until):
            asked += 1
            call = self.next_call(asked)
            await self.callers.ask(call, self.line, self.draw if call.leaves else None)
            await asyncio.sleep(self.draw.uniform(0.02, 0.1) if call.status == 429 else self.draw.uniform(0, 0.02))
        self.line.close()

    def next_call(self, asked):
        return Call(
            id=f"{self.key}-{self.number}-{asked}",
            key=self.key,
            model=self.draw.choice(self.callers.world.models),
            stream=self.draw.random() < STREAMS,
            text_bytes=self.draw.randint(world.SHORTEST_TEXT, world.LONGEST_TEXT),
            most=self.draw.randint(1, world.LONGEST_ANSWER),
            leaves=self.draw.random() < ABORTS,
        )


class Asking:
    """One request and its answer."""

    def __init__(self, call, line):
        self.call, self.line, self.head = call, line, None

    async def run(self, leaving):
        try:
            await self.exchange(leaving)
        except (asyncio.IncompleteReadError, ConnectionError):
            if self.call.state == "sent":
                self.call.state = "cut" if self.call.status else "lost"
            self.line.close()

    async def exchange(self, leaving):
        self.line.writer.write(self.request())
        after = leaving.randint(0, self.call.most) if leaving and self.call.stream else None
        if leaving and not after:
            if not await self.has_head_within(leaving.uniform(0, 0.2)):
                return self.leave(leaving)
        fields = await self.read_head()
        if "chunked" in fields.get("transfer-encoding", ""):
            await self.read_stream(after, leaving)
        else:
            await self.read_body(fields)
        if self.line.writer and fields.get("connection") == "close":
            self.line.close()

    def request(self):
        call = self.call
        text = f"{call.id} ".ljust(call.text_bytes, "x")
        body = {"model": call.model, "messages": [{"role": "user", "content": text}], "max_tokens": call.most}
        body = json.dumps(body | ({"stream": True} if call.stream else {}))
        return (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{self.line.port}\r\nx-request-id: {call.id}\r\n"
            f"authorization: Bearer {world.World.secret(call.key)}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}"
        ).encode()

    async def has_head_within(self, seconds):
        """Whether the answer begins in that time."""
        self.head = asyncio.ensure_future(self.line.read_head())
        done, _ = await asyncio.wait([self.head], timeout=seconds)
        if not done:
            self.head.cancel()
        return bool(done)

    async def read_head(self):
        self.call.status, fields = await (self.head or self.line.read_head())
        self.call.cost = fields.get("x-sluice-cost-usd", "")
        self.call.retry = fields.get("x-should-retry", "")
        return fields

    def leave(self, leaving):
        self.call.state = "left"
        self.line.close(hard=leaving.random() < 0.5)

    async def read_body(self, fields):
        body = await self.line.reader.readexactly(int(fields.get("content-length", 0)))
        self.call.state = "whole"
        if self.call.status != 200:
            self.call.code = str(json.loads(body)["error"]["code"])

    async def read_stream(self, after, leaving):
        """Goes away after so many tokens; None: not at all."""
        call, rest, ended = self.call, b"", False
        while chunk := await self.line.read_chunk():
            events = (rest + chunk).split(b"\n\n")
            rest = events.pop()
            for event in events:
                call.received += b'"finish_reason"' in event
                ended = ended or event == b"data: [DONE]"
                if after and call.received >= after:
                    return self.leave(leaving)
        # A stream that broke never ends cleanly; one that does has told its end.
        call.state = "whole" if ended else "unended"
