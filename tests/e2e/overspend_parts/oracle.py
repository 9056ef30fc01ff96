"""The scripted provider, a process of its own, which keeps book of every token it makes.

It speaks OpenAI's chat dialect at whatever path it is asked, fails as often as a bad day has it, and works for its
answers: one that is not waited for any more is not finished. `GET /notes` tells what it made, one note per request.
"""

import asyncio
import dataclasses
import json
import multiprocessing
import random
import socket
import struct

import world

STEPS = 4  # in which an answer is made that is sent as a whole
PLANS = {"500": 0.05, "reset": 0.04, "cut": 0.07}  # and how often; otherwise "whole"
TEXT = "abcdefgh"


@dataclasses.dataclass
class Note:
    """One request to the provider."""

    id: str
    model: str
    plan: str
    stream: bool
    prompt: int  # tokens, as it would say
    cached: int
    wanted: int  # tokens it set out to make
    reasoning: int
    produced: int = 0  # tokens made
    written: int = 0  # tokens that were handed to the kernel
    bytes: int = 0
    told: bool = False  # the usage was handed to the kernel too, with all before it


class Connection:
    def __init__(self, oracle, reader, writer):
        self.oracle, self.reader, self.writer = oracle, reader, writer

    def is_gone(self):
        return self.reader.at_eof() or self.reader.exception() is not None or self.writer.transport.is_closing()

    async def serve(self):
        try:
            while await self.one():
                pass
        except (asyncio.IncompleteReadError, OSError):
            pass  # the gateway has gone
        finally:
            self.writer.close()

    async def one(self):
        """Whether another request may follow."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
        body = await self.reader.readexactly(length)
        if head.startswith("get "):
            notes = [dataclasses.asdict(note) for note in self.oracle.notes]
            return await self.send(None, self.whole(200, json.dumps(notes)))
        asked = json.loads(body)
        note, draw = self.oracle.begin(asked)
        await asyncio.sleep(draw.uniform(0.0, 0.05))
        if note.plan == "500":
            return await self.send(note, self.whole(500, '{"error":{"message":"scripted","type":"server_error"}}'))
        if note.plan == "reset":
            return self.break_off(hard=True)
        if note.stream:
            return await self.stream(note, draw, asked)
        return await self.answer(note, draw)

    async def send(self, note, data):
        if self.is_gone():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()
        if note:
            note.bytes += len(data)
        return True

    @staticmethod
    def whole(status, body):
        head = f"HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        return (head + body).encode()

    def break_off(self, hard):
        """`hard`: with a reset, which may take with it what was not read yet."""
        if hard:
            linger = struct.pack("ii", 1, 0)
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.writer.transport.abort()
        return False

    async def answer(self, note, draw):
        for step in range(1, STEPS + 1):
            if self.is_gone():
                return False
            note.produced = note.wanted * step // STEPS
            await asyncio.sleep(draw.uniform(0.005, 0.06))
        message = {"role": "assistant", "content": "".join(draw.choice(TEXT) for _ in range(note.produced))}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        data = self.whole(200, json.dumps({**self.envelope(note, ""), "choices": [choice], "usage": self.usage(note)}))
        if note.plan == "cut":
            await self.send(note, data[: len(data) - draw.randint(1, len(data) // 4)])
            return self.break_off(hard=draw.random() < 0.5)
        await self.send(note, data)
        note.written, note.told = note.produced, True
        return True

    async def stream(self, note, draw, asked):
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        await self.send(note, head.encode())
        last = draw.randrange(note.wanted) if note.plan == "cut" else note.wanted
        pace = draw.uniform(0.0, 0.008)
        for number in range(last):
            note.produced += 1
            await self.send(note, self.token(note, draw, number))
            note.written += 1
            await asyncio.sleep(pace)
        if note.plan == "cut":
            return self.break_off(hard=draw.random() < 0.5)
        ending = b""
        if asked.get("stream_options", {}).get("include_usage"):
            ending = self.event(json.dumps({**self.envelope(note, ".chunk"), "choices": [], "usage": self.usage(note)}))
        await self.send(note, ending + self.event("[DONE]") + b"0\r\n\r\n")
        note.told = bool(ending)
        return True

    def token(self, note, draw, number):
        """One token is one event, the last one's too. Up to four letters: about as many as count for one."""
        delta = {"content": "".join(draw.choice(TEXT) for _ in range(draw.randint(1, 3)))}
        ends = number + 1 == note.wanted
        choice = {"index": 0, "delta": delta, "finish_reason": "stop" if ends else None}
        return self.event(json.dumps({**self.envelope(note, ".chunk"), "choices": [choice]}))

    @staticmethod
    def event(data):
        data = f"data: {data}\n\n".encode()
        return b"%x\r\n%b\r\n" % (len(data), data)

    @staticmethod
    def envelope(note, kind):
        return {"id": f"chatcmpl-{note.id}", "object": f"chat.completion{kind}", "created": 1, "model": note.model}

    @staticmethod
    def usage(note):
        return {
            "prompt_tokens": note.prompt,
            "completion_tokens": note.produced,
            "total_tokens": note.prompt + note.produced,
            "prompt_tokens_details": {"cached_tokens": note.cached},
            "completion_tokens_details": {"reasoning_tokens": note.reasoning},
        }


class Oracle:
    """Serves in a process of its own while the `with` block runs."""

    def __init__(self, seed):
        self.seed, self.notes, self.asked = seed, [], {}
        ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self.serve, args=(theirs,), daemon=True)
        self.process.start()
        self.port = ours.recv()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()

    def serve(self, pipe):
        asyncio.run(self.play(pipe))

    async def play(self, pipe):
        def connected(reader, writer):
            return Connection(self, reader, writer).serve()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    def begin(self, asked):
        """What becomes of a request follows from the seed, its id and how often it was asked."""
        text = asked["messages"][0]["content"]
        id = text.partition(" ")[0]
        again = self.asked[id] = self.asked.get(id, 0) + 1
        draw = random.Random(f"answer {self.seed} {id} {again}")
        is_probe = asked["model"].endswith(world.PROBE)
        plan = "whole" if is_probe else self.draw_plan(draw)
        prompt = draw.randint(len(text) // 8, len(text) // 2)
        most = min(asked["max_tokens"], world.LONGEST_ANSWER)
        wanted = most if draw.random() < 0.2 else draw.randint(1, most)
        note = Note(
            id=id,
            model=asked["model"],
            plan=plan,
            stream=asked.get("stream", False),
            prompt=prompt,
            cached=draw.choice((0, draw.randint(0, prompt))),
            wanted=wanted,
            reasoning=draw.choice((0, draw.randint(0, wanted))),
        )
        self.notes.append(note)
        return note, draw

    @staticmethod
    def draw_plan(draw):
        at = draw.random()
        for plan, share in PLANS.items():
            if at < share:
                return plan
            at -= share
        return "whole"
