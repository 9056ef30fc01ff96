"""Scripted providers of every dialect behind one port, each below its own prefix: http://127.0.0.1:PORT/DIALECT.

The model's name decides what happens: those of play.FAILURES fail with a status, those of play.BREAKS begin a stream that
breaks, any other answers (play.py says what). A request that a real provider would refuse is refused in the
dialect, and remembered as a complaint. `GET /__last/DIALECT` and `GET /__complaints` tell other processes.
"""

import dataclasses
import http.server
import json
import threading

import providers
from providers import jsontext, play


class Request:
    """A request below a dialect's prefix."""

    def __init__(self, path, headers, body):
        self.path = path
        self.headers = {name.lower(): value for name, value in headers}
        self.text = body.decode()
        self.json = json.loads(self.text)

    def raw(self, *path):
        return jsontext.raw(self.text, *path)

    def demand_bearer(self):
        self.demand_header("authorization", "Bearer " + play.KEY)

    def demand_header(self, name, value):
        play.demand(self.headers.get(name) == value, f"{name} is {self.headers.get(name)!r}")


@dataclasses.dataclass
class Seen:
    """What a provider got; `headers` with lower-case names."""

    dialect: str
    asked: play.Asked
    headers: dict
    body: str


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def log_message(self, *_):
        pass

    def do_GET(self):
        what, _, dialect = self.path.removeprefix("/__").partition("/")
        told = dataclasses.asdict(self.server.last(dialect)) if what == "last" else self.server.complaints
        self.whole(200, [], json.dumps(told).encode())

    def do_POST(self):
        _, prefix, rest = self.path.split("/", 2)
        dialect = providers.DIALECTS[prefix]
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            request = Request("/" + rest, self.headers.items(), body)
            asked = dialect.read(request)
        except (play.Refusal, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            self.server.complaints.append(f"{prefix}: {type(error).__name__}: {error}: {body.decode()}")
            return self.whole(*dialect.failure("refused"))
        self.server.seen.append(Seen(prefix, asked, request.headers, request.text))
        self.answer(dialect, asked)

    def answer(self, dialect, asked):
        if asked.model in play.FAILURES:
            return self.whole(*dialect.failure(asked.model))
        if not asked.stream:
            return self.whole(200, [], dialect.whole(asked, play.reply(asked)))
        events = dialect.events(asked, play.reply(asked))
        if asked.model not in play.BREAKS:
            self.stream(dialect, events)
            return self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True
        failure = [dialect.stream_failure()] if asked.model == "failing" else []
        self.stream(dialect, events[: len(events) // 2] + failure)

    def whole(self, status, headers, body):
        self.send_response(status)
        for name, value in [("content-type", "application/json"), ("content-length", str(len(body))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def stream(self, dialect, events):
        self.send_response(200)
        self.send_header("content-type", dialect.STREAM)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for one in events:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(one), one))


class Providers(http.server.ThreadingHTTPServer):
    """Serves on a free loopback port while the `with` block runs."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.seen = []
        self.complaints = []

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def last(self, dialect):
        """What that dialect's provider got last."""
        return [one for one in list(self.seen) if one.dialect == dialect][-1]
