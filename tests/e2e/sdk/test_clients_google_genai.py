"""The official `google-genai` package for Python against every provider dialect."""

import json
import unittest

from google import genai
from google.genai import errors, types

import clients

stage = None


def setUpModule():
    global stage
    stage = unittest.enterModuleContext(clients.Stage())


@clients.on_every_provider
class GenerateContent(clients.EveryProvider, unittest.TestCase):
    OWN, STOP = "gemini", "STOP"
    FAILED = {
        "credential": errors.ServerError,
        "rate": errors.ClientError,
        "too-long": errors.ClientError,
        "refused": errors.ClientError,
    }
    BROKEN = errors.ServerError
    UNKNOWN_KEY = NO_MODEL = errors.ClientError
    STATUS = {"rate": (429, "RESOURCE_EXHAUSTED"), "too-long": (400, "INVALID_ARGUMENT")}
    TOOLS = [
        types.Tool(
            function_declarations=[
                types.FunctionDeclaration(name=name, description=f"Tells the {name}.", parameters_json_schema=schema)
                for name, schema in clients.TOOLS.items()
            ]
        )
    ]

    @classmethod
    def setUpClass(cls):
        cls.stage = stage
        cls.client = cls.connect(clients.KEY)

    @classmethod
    def connect(cls, key):
        once = types.HttpRetryOptions(attempts=1)
        options = types.HttpOptions(base_url=stage.url, timeout=30_000, retry_options=once)
        client = genai.Client(api_key=key, http_options=options)
        cls.addClassCleanup(client.close)
        return client

    def config(self, **more):
        return types.GenerateContentConfig(system_instruction=clients.SYSTEM, max_output_tokens=clients.LIMIT, **more)

    def heard(self, text, last):
        usage = last.usage_metadata
        cached, finish = usage.cached_content_token_count or 0, last.candidates[0].finish_reason.name
        return clients.Heard(text, finish, usage.prompt_token_count, cached, usage.candidates_token_count)

    def chat(self, model):
        answer = self.client.models.generate_content(model=model, contents=clients.QUESTION, config=self.config())
        return self.heard(answer.text, answer)

    def chunks(self, model, contents=clients.QUESTION, **more):
        return self.client.models.generate_content_stream(model=model, contents=contents, config=self.config(**more))

    def stream(self, model):
        chunks = list(self.chunks(model))
        return self.heard("".join(chunk.text or "" for chunk in chunks), chunks[-1])

    def pieces(self, model):
        for chunk in self.chunks(model):
            yield chunk.text or ""

    def parts(self, model, contents, stream):
        if stream:
            chunks = list(self.chunks(model, contents, tools=self.TOOLS))
        else:
            config = self.config(tools=self.TOOLS)
            chunks = [self.client.models.generate_content(model=model, contents=contents, config=config)]
        self.assertEqual(chunks[-1].candidates[0].finish_reason, types.FinishReason.STOP)
        contents = [chunk.candidates[0].content for chunk in chunks]
        return [part for content in contents if content for part in content.parts or []]

    def loop(self, model, stream):
        question = types.Content(role="user", parts=[types.Part(text=clients.QUESTION)])
        parts = self.parts(model, [question], stream)
        calls = [part.function_call for part in parts if part.function_call]
        told = [
            types.FunctionResponse(id=call.id, name=call.name, response={"result": clients.RESULTS[call.name]})
            for call in calls
        ]
        answers = types.Content(role="user", parts=[types.Part(function_response=one) for one in told])
        last = self.parts(model, [question, types.Content(role="model", parts=parts), answers], stream)
        made = [(call.id or f"number {number}", call.name, call.args) for number, call in enumerate(calls)]
        return made, "".join(part.text or "" for part in last)

    def structured(self, model):
        config = self.config(response_mime_type="application/json", response_json_schema=clients.DRAFT)
        answer = self.client.models.generate_content(model=model, contents=clients.QUESTION, config=config)
        self.assertEqual(answer.parsed, json.loads(answer.text))
        return answer.parsed

    def test_functions_of_python_are_called_on_every_provider(self):
        def weather(city: str, days: int) -> str:
            """Tells the weather."""
            return clients.RESULTS["weather"] if (city, days) == ("Z\u00fcrich", 2) else "asked wrongly"

        def clock(zone: str) -> str:
            """Tells the clock."""
            return clients.RESULTS["clock"] if zone == "Europe/Zurich" else "asked wrongly"

        for dialect in clients.providers.DIALECTS:
            with self.subTest(dialect):
                chat = self.client.chats.create(model=dialect, config=self.config(tools=[weather, clock]))
                self.check_results(chat.send_message(clients.QUESTION).text)

    def each_failure_has_its_status(self, dialect):
        for failure, expected in self.STATUS.items():
            with self.subTest(failure):
                with self.assertRaises(errors.ClientError) as caught:
                    self.chat(f"{dialect}-{failure}")
                self.assertEqual((caught.exception.code, caught.exception.status), expected)

    def retry_after(self, error):
        return error.response.headers["retry-after"]

    def test_refusals_of_the_gateway_have_their_status(self):
        for expected, client, model in ((404, self.client, "nobody"), (401, self.connect("sk-nobody"), "gemini")):
            with self.subTest(expected):
                with self.assertRaises(errors.ClientError) as caught:
                    client.models.generate_content(model=model, contents=clients.QUESTION)
                self.assertEqual(caught.exception.code, expected)
