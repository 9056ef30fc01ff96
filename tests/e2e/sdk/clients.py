"""What every suite of a client plays on, and what every client must see whatever dialect the provider speaks.

The gateway has a model for each provider dialect, by its name (`gemini`), and one for each of its failures
(`gemini-rate`), each with a provider of its own, so that no failure touches another test. Run as a program (by the
suite for Node) it prints its addresses as one line of JSON and plays until its standard input ends; then its exit
code says whether the gateway ended cleanly.
"""

import contextlib
import dataclasses
import json
import os
import sys
import tempfile

import certificates
import gateway
import providers
from providers import play, server

# A proxy of the machine must not stand between the clients and the loopback address.
for _name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[_name]

KEY = "sk-caller-2f8d11c7"
SYSTEM = "Be brief."
QUESTION = 'Good morning, \u4e16\u754c, "quoted"'
LIMIT = 64
RESULTS = {"weather": "sunny, 21 \u00b0C", "clock": "14:05"}

# In an order and a spelling that nobody would invent again.
TOOLS = {
    "weather": {
        "type": "object",
        "required": ["city"],
        "properties": {
            "zone": {"type": "string", "description": "as in \u00abZ\u00fcrich\u00bb"},
            "city": {"type": "string"},
            "days": {"type": "integer", "maximum": 14, "minimum": 1},
        },
        "additionalProperties": False,
    },
    "clock": {"properties": {"zone": {"type": "string"}}, "type": "object", "required": ["zone"]},
}
DRAFT = {
    "type": "object",
    "required": ["tags", "city", "days"],
    "properties": {
        "tags": {"type": "array", "items": {"type": "string"}},
        "city": {"type": "string", "description": "as in \u00abZ\u00fcrich\u00bb"},
        "days": {"type": "integer"},
    },
    "additionalProperties": False,
}

CONFIGURATION = """
server:
  listen: @listen@
  workers: 1
@tls@
  drain: {delay: 0s, grace: 10s}
admin:
  listen: @admin@
keys:
  - {name: caller, secret: "${CALLER_KEY}"}
"""


def configuration(port):
    """A model and a provider for each dialect, and for each of its failures."""
    offered, models = "providers:\n", "models:\n"
    for name, dialect in providers.DIALECTS.items():
        settings = {"kind": dialect.KIND, "base_url": f"http://127.0.0.1:{port}/{name}{dialect.BASE}"}
        settings |= {"api_key": "${SCRIPTED_KEY}"} | dialect.MORE
        scripted = getattr(dialect, "MODEL", "scripted")
        for model in [scripted, *play.FAILURES, *play.BREAKS]:
            told = name if model == scripted else f"{name}-{model}"
            target = {"targets": [{"provider": "for-" + told, "model": model}], "retry": {"attempts": 1}}
            offered += f"  for-{told}: {json.dumps(settings)}\n"
            models += f"  {told}: {json.dumps(target)}\n"
    return CONFIGURATION + offered + models


class Stage(contextlib.ExitStack):
    """The scripted providers with the gateway in front of them, for clients that insist on it over TLS."""

    def __init__(self, tls=False):
        super().__init__()
        self.secure = tls

    def __enter__(self):
        super().__enter__()
        try:
            return self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self):
        self.providers = self.enter_context(server.Providers())
        listener, context, scheme = "", None, "http"
        if self.secure:
            self.authority = certificates.Authority(
                self.enter_context(tempfile.TemporaryDirectory(prefix="sluice-e2e-"))
            )
            certificate, key = self.authority.issue("gateway", 1001)
            listener, scheme = f"  tls: {{certificate: {certificate}, key: {key}}}", "https"
            context = self.authority.client()
        text = configuration(self.providers.port).replace("@tls@", listener)
        secrets = {"SCRIPTED_KEY": play.KEY, "CALLER_KEY": KEY}
        self.gateway = self.enter_context(gateway.Gateway(text, secrets, context))
        self.url = f"{scheme}://127.0.0.1:{self.gateway.port}"
        return self


@dataclasses.dataclass
class Heard:
    """What a client made of an answer. `prompt` counts cached tokens as well."""

    text: str
    finish: str
    prompt: int
    cached: int
    completion: int


def usage_of(dialect):
    """The tokens a client hears of: of the prompt, those of them that were cached, of the answer."""
    return play.PROMPT, getattr(providers.DIALECTS[dialect], "CACHED", play.CACHED), play.COMPLETION


def on_every_provider(suite):
    """Makes a test for each provider dialect, `test_X_on_DIALECT`, of every method `each_X(self, dialect)`."""

    def bound(name, dialect):
        return lambda self: getattr(self, name)(dialect)

    for name in [name for name in dir(suite) if name.startswith("each_")]:
        for dialect in providers.DIALECTS:
            setattr(suite, f"test_{name.removeprefix('each_')}_on_{dialect}", bound(name, dialect))
    return suite


class EveryProvider:
    """Mixed into the suite of a client, which sets

    stage                  a Stage
    OWN                    the client's dialect
    STOP                   how an answer of words ends in it
    FAILED                 which exception each of play.FAILURES is
    BROKEN                 which exception a stream that broke is
    PROOFS                 in which loops (streamed or not) what it sends back has the proofs of its calls
    SEES_CACHED            whether it can tell how many tokens were cached
    KEEPS_IDS              whether it sends the ids of calls back
    UNKNOWN_KEY, NO_MODEL  which exceptions the gateway's own refusals are
    client, connect(key)   what the methods below ask with, and another of it
    chat(model)            -> Heard: SYSTEM, QUESTION and LIMIT asked, answered in one piece
    stream(model)          -> Heard: the same, streamed
    loop(model, stream)    -> calls as (id, name, arguments), the last text: QUESTION asked with TOOLS, RESULTS told
    structured(model)      -> the value that came, after DRAFT or what the client makes of it
    pieces(model)          -> an iterator over the texts of a stream
    retry_after(error)     -> the field of that name, or None where the client does not show it
    """

    PROOFS = (False, True)
    SEES_CACHED = True
    KEEPS_IDS = True

    def setUp(self):
        self.complaints = len(self.stage.providers.complaints)

    def tearDown(self):
        self.assertEqual(self.stage.providers.complaints[self.complaints :], [])

    def test_a_wrong_key_is_refused(self):
        self.client = self.connect("sk-nobody")
        with self.assertRaises(self.UNKNOWN_KEY):
            self.chat(self.OWN)

    def test_an_unknown_model_is_not_found(self):
        with self.assertRaises(self.NO_MODEL):
            self.chat("nobody")

    def check_words(self, dialect, heard, stream):
        prompt, cached, completion = usage_of(dialect)
        self.assertEqual(heard, Heard(play.TEXT, self.STOP, prompt, cached if self.SEES_CACHED else 0, completion))
        asked = self.stage.providers.last(dialect).asked
        self.assertEqual((asked.system, asked.turns[-1].text), (SYSTEM, QUESTION))
        self.assertEqual((asked.stream, asked.limit), (stream, LIMIT))

    def each_chat(self, dialect):
        self.check_words(dialect, self.chat(dialect), False)

    def each_stream(self, dialect):
        self.check_words(dialect, self.stream(dialect), True)

    def check_loop(self, dialect, stream):
        calls, text = self.loop(dialect, stream)
        self.assertEqual([(name, arguments) for _, name, arguments in calls], EXPECTED_CALLS)
        self.assertEqual(len({identity for identity, *_ in calls}), len(calls), calls)
        asked = self.stage.providers.last(dialect).asked
        self.assertEqual([result.name for result in asked.turns[-1].results], list(RESULTS))
        self.check_results(text)
        if self.KEEPS_IDS:
            self.assertEqual([call.id for call in asked.turns[-2].calls], providers.DIALECTS[dialect].IDS)
        if dialect == "gemini" and stream in self.PROOFS:
            self.assertEqual([call.proof for call in asked.turns[-2].calls], [providers.gemini.SIGNATURE, None])
        return asked.tools

    def check_results(self, text):
        """Each result is in the text, as it is or escaped within somebody's JSON."""
        for told in RESULTS.values():
            self.assertTrue(told in text or json.dumps(told)[1:-1] in text, text)

    def each_tool_loop(self, dialect):
        tools = self.check_loop(dialect, False)
        self.assertTrue(all(tools.values()), tools)
        self.loop(self.OWN, False)
        self.assertEqual(tools, self.stage.providers.last(self.OWN).asked.tools)

    def each_streamed_tool_loop(self, dialect):
        self.check_loop(dialect, True)

    def each_structured_output(self, dialect):
        self.assertEqual(self.structured(dialect), play.DRAFT)
        schema = self.stage.providers.last(dialect).asked.schema
        self.assertIsNotNone(schema)
        self.structured(self.OWN)
        self.assertEqual(schema, self.stage.providers.last(self.OWN).asked.schema)

    def each_failure(self, dialect):
        for failure in play.FAILURES:
            with self.subTest(failure):
                with self.assertRaises(self.FAILED[failure]) as caught:
                    self.chat(f"{dialect}-{failure}")
                with self.assertRaises(self.FAILED[failure]):
                    list(self.pieces(f"{dialect}-{failure}"))
                if failure == "rate":
                    wait = self.retry_after(caught.exception)
                    # Of a target that is left alone, what is left of that; who tells no time is left alone for longer
                    # each time.
                    told = providers.DIALECTS[dialect].RETRY_AFTER
                    self.assertIn(wait, (None, *map(str, range(1, (told if told > 1 else 30) + 1))))

    def each_broken_stream(self, dialect):
        for broken in play.BREAKS:
            with self.subTest(broken):
                heard = ""
                with self.assertRaises(self.BROKEN):
                    for piece in self.pieces(f"{dialect}-{broken}"):
                        heard += piece
                self.assertTrue(heard and play.TEXT.startswith(heard) and heard != play.TEXT, repr(heard))


EXPECTED_CALLS = [(name, json.loads(arguments)) for name, arguments in play.CALLS]


def main():
    with Stage() as stage:
        told = {"url": stage.url, "providers_url": f"http://127.0.0.1:{stage.providers.port}", "key": KEY}
        told |= {"dialects": list(providers.DIALECTS), "system": SYSTEM, "question": QUESTION, "limit": LIMIT}
        told |= {"results": RESULTS, "tools": TOOLS, "draft": DRAFT, "structured": play.DRAFT, "text": play.TEXT}
        told |= {"ids": {name: dialect.IDS for name, dialect in providers.DIALECTS.items()}}
        told |= {"calls": EXPECTED_CALLS, "usage": {name: usage_of(name) for name in providers.DIALECTS}}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
