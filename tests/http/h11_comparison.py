"""Compares our request reader with h11 on the same bytes.

    h11_comparison.py PATH-OF-read_requests

What ours accepts, h11 must accept with the same requests and bodies; what h11 refuses, ours must refuse.
Every payload of the table on which the two differ is listed below with its reason, and an unlisted
difference fails, as does a listed one that is none. Then come damaged requests from a fixed seed, in
which every request ours accepts must be one for h11 too.
"""

import json
import random
import subprocess
import sys

import h11

# Ours is stricter. Each reason stands for the payloads behind it.
STRICTER = {
    "h11 leaves Expect to the application (RFC 9110 §10.1.1 allows 417)": [
        "expect something else",
        "expect continue and more",
    ],
    "h11 leaves methods to the application": [
        "a method of 33 bytes",
        "connect",
    ],
    "h11 leaves versions beyond 1.1 to the application": [
        "http 1.2",
        "http 2.0",
        "the preface of http 2",
    ],
    "h11 has one limit, on the whole head, and counts otherwise": [
        "a target of 8193 bytes",
        "one hundred and one fields",
        "a head of 32 KiB and a byte",
        "a size of seventeen zeros",
        "an extension of 257 bytes",
        "trailers of more than 8 KiB",
    ],
    "h11 waits for the end of a head that is already bad": [
        "a method without an end",
        "http 0.9, simple",
        "http 0.9, named",
        "more body than the length",
        "a target without an end",
        "bare CR everywhere",
        "fields without an end",
        "the last line with bare CR",
    ],
    "h11 leaves the form of the target to the application": [
        "absolute form of another host",
        "absolute form of another port",
        "absolute form with a user",
        "absolute form of only a query",
        "absolute form of another scheme",
        "the asterisk",
        "no slash first",
    ],
    "h11 lets through what readers of paths disagree about": [
        "a fragment",
        "a backslash",
        "an escaped NUL",
        "an escaped slash",
        "an escaped slash, upper case",
        "escaped dots",
        "escaped dots, mixed case",
    ],
    "h11 counts Host fields, in HTTP/1.1 only, and does not look at their value": [
        "no host in http 1.0",
        "an empty host",
        "a host with a path",
        "a host with a fragment",
        "a host with a user",
        "a host with a blank",
        "two hosts in one field",
        "a host with a byte above 0x7f",
        "a host with an empty port",
        "a host with a port of letters",
        "a host with a port beyond 65535",
        "a host with two ports",
        "a port alone",
        "an open bracket",
        "something behind the bracket",
        "brackets around a name",
    ],
    "h11 does not look at the syntax of Connection": [
        "a connection option that is no token",
    ],
    "h11 merges repeated lengths that agree (RFC 9112 §6.3 allows it)": [
        "two equal lengths",
        "a list of lengths",
    ],
    "h11 counts in numbers of any size and waits for so many bytes": [
        "a length of 2^64",
        "a length of thirty digits",
        "a size beyond 64 bits",
    ],
    "h11 believes chunked when there is a length too (RFC 9112 §6.3 allows it)": [
        "length then chunked",
        "chunked then length",
        "chunked and length zero",
    ],
    "h11 takes chunked in HTTP/1.0, where a proxy in front may not see it": [
        "chunked in http 1.0",
    ],
    "h11 unfolds fields (RFC 9112 §5.2 allows 400 or that)": [
        "a coding on the next line",
        "a coding behind a blank",
        "a folded field",
        "a field folded with a tab",
        "a line of blanks",
        "a folded trailer",
    ],
    "h11 takes a bare LF for a line end (RFC 9112 §2.2 allows it)": [
        "a coding behind a bare LF",
        "a length behind a bare LF",
        "bare LF everywhere",
        "bare LF after the request line",
        "bare LF after a field",
        "bare LF as the last line",
        "the last line with bare LF",
        "a trailer with bare LF",
    ],
    "h11 lets control bytes into values, except NUL and those that are white space": [
        "ESC in a value",
        "DEL in a value",
    ],
    "h11 takes blanks after a chunk size": [
        "a blank after the size",
        "a tab after the size",
    ],
    "h11 does not look at chunk extensions": [
        "an empty extension",
        "an extension without a name",
        "an extension with an empty value",
        "an extension with bare CR",
        "an extension that is not closed",
        "an extension with NUL",
    ],
    "h11 does not look at the names of trailers": [
        "a length trailer",
        "a coding trailer",
    ],
}
# Ours is more lenient: RFC 9112 §2.2 asks servers to skip an empty line before a request.
MORE_LENIENT = [
    "one empty line first",
    "two empty lines first",
    "an empty line after a body",
]

SEED = 20_112
DAMAGED = 2_000
PIECES = [
    b"\r", b"\n", b"\r\n", b" ", b"\t", b"\0", b"\x80", b":", b";", b",", b"0", b"1", b"a", b"F", b"=", b'"',
    b"/", b"?", b"%", b"\\", b"\x7f", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Host: b\r\n", b"chunked", b"0\r\n\r\n", b";a=b", b"X: y\r\n",
]  # fmt: skip


def read_with_h11(data):
    """The (method, body) of each request, and how it ended: complete, refused or incomplete."""
    requests = []
    while data:
        # A new connection for each request: what h11 demands of our answers is not the question here.
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=32 * 1024)
        connection.receive_data(data)
        method, body = None, b""
        while True:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError:
                return requests, "refused"
            if event is h11.NEED_DATA:
                return requests, "incomplete"
            if isinstance(event, h11.Request):
                method = event.method.decode()
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
        requests.append((method, body.hex()))
        if connection.their_state is h11.MUST_CLOSE:
            break
        data = connection.trailing_data[0]
    return requests, "complete"


def read_with_ours(program, streams):
    """The same, for many connections."""
    lines = "".join(stream.hex() + "\n" for stream in streams)
    run = subprocess.run([program, "--hex-lines"], input=lines, capture_output=True, text=True, check=True)
    readings = []
    for line in run.stdout.splitlines():
        *requests, end = json.loads(line)
        readings.append(([(r["method"], r["body"]) for r in requests], end["end"]))
    assert len(readings) == len(streams)
    return readings


def compare_payloads(program, payloads):
    """The differences that are not in the lists, and the listed ones that are none."""
    streams = [bytes.fromhex(payload["bytes"]) for payload in payloads]
    expected = {name for names in STRICTER.values() for name in names}
    accepted = {payload["name"] for payload in payloads if payload["accepted"]}
    problems = [f"listed as stricter, but accepted by ours: {name}" for name in expected & accepted]
    expected |= set(MORE_LENIENT)
    for payload, stream, ours in zip(payloads, streams, read_with_ours(program, streams)):
        theirs = read_with_h11(stream)
        differs = ours != theirs
        if differs != (payload["name"] in expected):
            problems.append(f"{payload['name']}: ours {ours}, h11 {theirs}")
        expected.discard(payload["name"])
    return problems + [f"no such payload: {name}" for name in expected]


def damage(data, chance):
    """Small damage of the kinds that make readers disagree."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data))
        run = chance.randint(1, 8)
        kind = chance.randrange(4)
        if kind == 0:
            data = data[:at] + chance.choice(PIECES) + data[at:]
        elif kind == 1:
            data = data[:at] + chance.choice(PIECES) + data[at + 1 :]
        elif kind == 2:
            data = data[:at] + data[at + run :] or b"\r\n"
        else:
            data = data[: at + run] + data[at:]
    while data.startswith(b"\r\n"):  # the known difference
        data = data[2:]
    return data or b"G"


def compare_damaged(program, payloads):
    originals = [
        bytes.fromhex(payload["bytes"])
        for payload in payloads
        if payload["accepted"] and len(payload["bodies"]) == 1 and len(payload["bytes"]) < 2_000
    ]
    chance = random.Random(SEED)
    streams = [damage(chance.choice(originals), chance) for _ in range(DAMAGED)]
    problems, accepted = [], 0
    for stream, (ours, _) in zip(streams, read_with_ours(program, streams)):
        if not ours:
            continue
        accepted += 1
        theirs, _ = read_with_h11(stream)
        if theirs[:1] != ours[:1]:
            problems.append(f"{stream!r}: ours {ours[0]}, h11 {theirs[:1]}")
    if accepted < DAMAGED // 10:
        problems.append(f"only {accepted} of {DAMAGED} damaged requests were accepted: too few to tell anything")
    return problems, accepted


def main():
    program = sys.argv[1]
    run = subprocess.run([program, "--payloads"], capture_output=True, text=True, check=True)
    payloads = [json.loads(line) for line in run.stdout.splitlines()]
    problems = compare_payloads(program, payloads)
    damaged_problems, accepted = compare_damaged(program, payloads)
    problems += damaged_problems
    for problem in problems:
        print(problem)
    print(f"{len(payloads)} payloads, {DAMAGED} damaged requests of which ours accepts {accepted}: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
