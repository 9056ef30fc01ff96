"""Plain HTTP for what no SDK would do: exact bytes, half-read streams, polling."""

import http.client
import json
import time


class Answer:
    """A whole answer. `clean` is false when its body broke off."""

    def __init__(self, response, body, clean=True):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body
        self.clean = clean

    def json(self):
        return json.loads(self.body)

    def code(self):
        """The error object's code."""
        return self.json()["error"]["code"]


def connect(port, tls=None, timeout=30):
    """A connection to the loopback address, or over TLS to `localhost`."""
    if tls:
        return http.client.HTTPSConnection("localhost", port, context=tls, timeout=timeout)
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)


def read_rest(response):
    """What is left of a body, and whether it ended as its framing promised."""
    pieces = []
    try:
        while piece := response.read1(65536):
            pieces.append(piece)
    except http.client.IncompleteRead as cut:
        return b"".join(pieces) + cut.partial, False
    except OSError:
        return b"".join(pieces), False
    return b"".join(pieces), response.length in (None, 0)


def ask(port, method, path, body=None, headers=None, tls=None):
    """One request on a connection of its own. `body`: bytes as they are, anything else as JSON."""
    with_type = {"content-type": "application/json"} | (headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    connection = connect(port, tls)
    try:
        connection.request(method, path, body, with_type)
        response = connection.getresponse()
        rest, clean = read_rest(response)
        return Answer(response, rest, clean)
    finally:
        connection.close()


def bearer(secret):
    return {"authorization": "Bearer " + secret}


def chat(model, stream=False, text="Good morning", **more):
    """The body of a chat request."""
    return {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        **({"stream": True} if stream else {}),
        **more,
    }


class OpenStream:
    """A streamed answer that is read event by event."""

    def __init__(self, port, model, headers=None, tls=None):
        self.connection = connect(port, tls)
        body = json.dumps(chat(model, stream=True))
        self.connection.request(
            "POST", "/v1/chat/completions", body, {"content-type": "application/json"} | (headers or {})
        )
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def next_event(self):
        """The bytes of the next event with its empty line; what was left when the body ends first."""
        event = b""
        while not event.endswith(b"\n\n") and (line := self.response.readline()):
            event += line
        return event

    def rest(self):
        """Everything that follows, and whether it ended as its framing promised."""
        rest, clean = read_rest(self.response)
        self.connection.close()
        return rest, clean

    def close(self):
        self.response.close()
        self.connection.close()


def eventually(condition, what, seconds=60.0):
    """Polls until `condition()` is true and returns its value; fails after the deadline, naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.005)  # the interval of the poll


def content_of(stream):
    """The text of a whole chat stream."""
    events = [line[6:] for line in stream.split(b"\n") if line.startswith(b"data: {")]
    choices = [choice for event in events for choice in json.loads(event).get("choices", [])]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
