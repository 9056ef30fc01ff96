"""The official `anthropic` package for Python against every provider dialect."""

import json
import unittest

import anthropic
import pydantic

import clients

stage = None


class Draft(pydantic.BaseModel):
    tags: list[str]
    city: str
    days: int


def setUpModule():
    global stage
    stage = unittest.enterModuleContext(clients.Stage())


@clients.on_every_provider
class Messages(clients.EveryProvider, unittest.TestCase):
    OWN, STOP = "anthropic_messages", "end_turn"
    FAILED = {
        "credential": anthropic.InternalServerError,
        "rate": anthropic.RateLimitError,
        "too-long": anthropic.BadRequestError,
        "refused": anthropic.BadRequestError,
    }
    BROKEN = anthropic.APIError
    UNKNOWN_KEY, NO_MODEL = anthropic.AuthenticationError, anthropic.NotFoundError
    MESSAGES = [{"role": "user", "content": clients.QUESTION}]
    TOOLS = [
        {"name": name, "description": f"Tells the {name}.", "input_schema": schema}
        for name, schema in clients.TOOLS.items()
    ]

    @classmethod
    def setUpClass(cls):
        cls.stage = stage
        cls.client = cls.connect(clients.KEY)

    @classmethod
    def connect(cls, key):
        client = anthropic.Anthropic(base_url=stage.url, api_key=key, max_retries=0, timeout=30)
        cls.addClassCleanup(client.close)
        return client

    def options(self, model, messages=MESSAGES, **more):
        limits = {"max_tokens": clients.LIMIT, "system": clients.SYSTEM}
        return {"model": model, "messages": messages, **limits, **more}

    def heard(self, message):
        usage = message.usage
        text = "".join(block.text for block in message.content)
        cached = usage.cache_read_input_tokens or 0
        prompt = usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0)
        return clients.Heard(text, message.stop_reason, prompt, cached, usage.output_tokens)

    def chat(self, model):
        return self.heard(self.client.messages.create(**self.options(model)))

    def stream(self, model):
        with self.client.messages.stream(**self.options(model)) as events:
            text = "".join(events.text_stream)
            heard = self.heard(events.get_final_message())
        self.assertEqual(text, heard.text)
        return heard

    def pieces(self, model):
        with self.client.messages.stream(**self.options(model)) as events:
            yield from events.text_stream

    def message(self, model, messages, stream):
        options = self.options(model, messages, tools=self.TOOLS)
        if not stream:
            return self.client.messages.create(**options)
        with self.client.messages.stream(**options) as events:
            return events.get_final_message()

    def loop(self, model, stream):
        messages = list(self.MESSAGES)
        message = self.message(model, messages, stream)
        self.assertEqual(message.stop_reason, "tool_use")
        made = [block for block in message.content if block.type == "tool_use"]
        messages.append({"role": "assistant", "content": message.content})
        results = [{"type": "tool_result", "tool_use_id": use.id, "content": clients.RESULTS[use.name]} for use in made]
        messages.append({"role": "user", "content": results})
        last = self.message(model, messages, stream)
        self.assertEqual(last.stop_reason, "end_turn")
        return [(use.id, use.name, use.input) for use in made], last.content[0].text

    def structured(self, model):
        return self.client.messages.parse(**self.options(model), output_format=Draft).parsed_output.model_dump()

    def test_a_schema_as_written_is_kept_on_every_provider(self):
        wanted = {"format": {"type": "json_schema", "schema": clients.DRAFT}}
        for dialect in clients.providers.DIALECTS:
            with self.subTest(dialect):
                answer = self.client.messages.create(**self.options(dialect), output_config=wanted)
                self.assertEqual(json.loads(answer.content[0].text), clients.play.DRAFT)
                schema = self.stage.providers.last(dialect).asked.schema
                self.assertEqual(json.dumps(json.loads(schema)), json.dumps(clients.DRAFT))

    def retry_after(self, error):
        self.assertTrue(error.request_id)
        self.assertEqual(error.body["error"]["type"], "rate_limit_error")
        return error.response.headers["retry-after"]
