"""The official `ollama` package for Python against every provider dialect."""

import json
import unittest

import httpx
import ollama

import clients
import script
import stage as scripted

stage = None


def setUpModule():
    global stage
    stage = unittest.enterModuleContext(clients.Stage())


@clients.on_every_provider
class Chat(clients.EveryProvider, unittest.TestCase):
    OWN, STOP = "ollama", "stop"
    FAILED = {name: ollama.ResponseError for name in clients.play.FAILURES}
    BROKEN = (ollama.ResponseError, httpx.RemoteProtocolError)
    UNKNOWN_KEY = NO_MODEL = ollama.ResponseError
    PROOFS = ()  # the package's messages have no place for them
    SEES_CACHED = KEEPS_IDS = False
    STATUS = {"credential": 502, "rate": 429, "too-long": 400, "refused": 400}
    MESSAGES = [{"role": "system", "content": clients.SYSTEM}, {"role": "user", "content": clients.QUESTION}]
    TOOLS = [
        {"type": "function", "function": {"name": name, "description": f"Tells the {name}.", "parameters": schema}}
        for name, schema in clients.TOOLS.items()
    ]

    @classmethod
    def setUpClass(cls):
        cls.stage = stage
        cls.client = cls.connect(clients.KEY)

    @staticmethod
    def connect(key):
        return ollama.Client(host=stage.url, headers={"authorization": "Bearer " + key}, timeout=30)

    def ask(self, model, messages=MESSAGES, **more):
        return self.client.chat(model=model, messages=messages, options={"num_predict": clients.LIMIT}, **more)

    def heard(self, text, last):
        return clients.Heard(text, last.done_reason, last.prompt_eval_count, 0, last.eval_count)

    def chat(self, model):
        answer = self.ask(model)
        return self.heard(answer.message.content, answer)

    def stream(self, model):
        chunks = list(self.ask(model, stream=True))
        self.assertTrue(chunks[-1].done)
        return self.heard("".join(chunk.message.content or "" for chunk in chunks), chunks[-1])

    def pieces(self, model):
        for chunk in self.ask(model, stream=True):
            yield chunk.message.content or ""

    def message(self, model, messages, stream):
        if not stream:
            return self.ask(model, messages, tools=self.TOOLS).message
        gathered = ollama.Message(role="assistant", content="", tool_calls=[])
        for chunk in self.ask(model, messages, tools=self.TOOLS, stream=True):
            gathered.content += chunk.message.content or ""
            gathered.tool_calls = [*gathered.tool_calls, *(chunk.message.tool_calls or [])]
        return gathered

    def loop(self, model, stream):
        message = self.message(model, self.MESSAGES, stream)
        calls = [(call.function.name, dict(call.function.arguments)) for call in message.tool_calls]
        results = [{"role": "tool", "tool_name": name, "content": clients.RESULTS[name]} for name, _ in calls]
        last = self.message(model, [*self.MESSAGES, message, *results], stream)
        return [(f"number {number}", *call) for number, call in enumerate(calls)], last.content

    def structured(self, model):
        return json.loads(self.ask(model, format=clients.DRAFT).message.content)

    def each_failure_has_its_status(self, dialect):
        for failure, status in self.STATUS.items():
            with self.subTest(failure):
                with self.assertRaises(ollama.ResponseError) as caught:
                    self.chat(f"{dialect}-{failure}")
                self.assertEqual(caught.exception.status_code, status)
                self.assertTrue(caught.exception.error)

    def retry_after(self, _):
        return None  # the package keeps no fields


class Embed(unittest.TestCase):
    """Vectors of a provider that speaks OpenAI's dialect."""

    def test_embeddings_of_one_text_and_of_several(self):
        with scripted.Stage() as play:
            address = f"http://127.0.0.1:{play.gateway.port}"
            client = ollama.Client(host=address, headers={"authorization": "Bearer " + scripted.KEYS["app"]}, timeout=30)
            for texts in ("short", ["short", "longer", "\u4e16\u754c"]):
                answer = client.embed(model="assistant", input=texts, keep_alive="5m")
                wanted = [script.vector(text) for text in ([texts] if isinstance(texts, str) else texts)]
                self.assertEqual([list(one) for one in answer.embeddings], wanted)
                self.assertEqual(answer.prompt_eval_count, 5)
                self.assertEqual(play.upstream.requests("chat")[-1].path, "/v1/embeddings")
