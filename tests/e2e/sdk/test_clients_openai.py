"""The official `openai` package for Python, chat and Responses, against every provider dialect."""

import json
import unittest

import openai
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
    OpenAISuite.stage = stage


class OpenAISuite(clients.EveryProvider):
    FAILED = {
        "credential": openai.InternalServerError,
        "rate": openai.RateLimitError,
        "too-long": openai.BadRequestError,
        "refused": openai.BadRequestError,
    }
    BROKEN = openai.APIError

    UNKNOWN_KEY, NO_MODEL = openai.AuthenticationError, openai.NotFoundError

    @classmethod
    def setUpClass(cls):
        cls.client = cls.connect(clients.KEY)

    @classmethod
    def connect(cls, key):
        client = openai.OpenAI(base_url=stage.url + "/v1", api_key=key, max_retries=0, timeout=30)
        cls.addClassCleanup(client.close)
        return client

    def retry_after(self, error):
        self.assertTrue(error.request_id)
        return error.response.headers["retry-after"]

    def each_long_prompt_has_openais_code(self, dialect):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat(dialect + "-too-long")
        self.assertEqual(caught.exception.code, "context_length_exceeded")


@clients.on_every_provider
class Chat(OpenAISuite, unittest.TestCase):
    OWN, STOP = "openai_chat", "stop"
    MESSAGES = [{"role": "system", "content": clients.SYSTEM}, {"role": "user", "content": clients.QUESTION}]
    TOOLS = [
        {"type": "function", "function": {"name": name, "description": f"Tells the {name}.", "parameters": schema}}
        for name, schema in clients.TOOLS.items()
    ]

    def ask(self, model, messages=MESSAGES, **more):
        create = self.client.chat.completions.create
        return create(model=model, messages=messages, max_completion_tokens=clients.LIMIT, **more)

    def heard(self, text, finish, usage):
        cached = usage.prompt_tokens_details.cached_tokens
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
        return clients.Heard(text, finish, usage.prompt_tokens, cached, usage.completion_tokens)

    def chat(self, model):
        answer = self.ask(model)
        return self.heard(answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage)

    def stream(self, model):
        *chunks, last = self.ask(model, stream=True, stream_options={"include_usage": True})
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        return self.heard(text, chunks[-1].choices[0].finish_reason, last.usage)

    def pieces(self, model):
        for chunk in self.ask(model, stream=True):
            yield chunk.choices[0].delta.content or ""

    def message(self, model, messages, stream):
        if not stream:
            choice = self.ask(model, messages, tools=self.TOOLS).choices[0]
        else:
            options = {"messages": messages, "tools": self.TOOLS, "max_completion_tokens": clients.LIMIT}
            with self.client.chat.completions.stream(model=model, **options) as events:
                choice = events.get_final_completion().choices[0]
        self.assertEqual(choice.finish_reason, "tool_calls" if choice.message.tool_calls else "stop")
        return choice.message

    def loop(self, model, stream):
        messages = list(self.MESSAGES)
        message = self.message(model, messages, stream)
        calls = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]
        messages.append(message.model_dump(exclude_none=True) if stream else message)
        for identity, name, _ in calls:
            messages.append({"role": "tool", "tool_call_id": identity, "content": clients.RESULTS[name]})
        return calls, self.message(model, messages, stream).content

    def structured(self, model):
        parse = self.client.chat.completions.parse
        message = parse(model=model, messages=self.MESSAGES, response_format=Draft).choices[0].message
        return message.parsed.model_dump()


@clients.on_every_provider
class Responses(OpenAISuite, unittest.TestCase):
    OWN, STOP = "openai_responses", "completed"
    TOOLS = [
        {"type": "function", "name": name, "description": f"Tells the {name}.", "parameters": schema, "strict": False}
        for name, schema in clients.TOOLS.items()
    ]

    def options(self, model, items=clients.QUESTION, **more):
        limits = {"instructions": clients.SYSTEM, "max_output_tokens": clients.LIMIT, "store": False}
        return {"model": model, "input": items, **limits, **more}

    def heard(self, response):
        usage = response.usage
        self.assertEqual(usage.total_tokens, usage.input_tokens + usage.output_tokens)
        counts = usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens
        return clients.Heard(response.output_text, response.status, *counts)

    def chat(self, model):
        return self.heard(self.client.responses.create(**self.options(model)))

    def stream(self, model):
        with self.client.responses.stream(**self.options(model)) as events:
            text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
            heard = self.heard(events.get_final_response())
        self.assertEqual(text, heard.text)
        return heard

    def pieces(self, model):
        for event in self.client.responses.create(**self.options(model), stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta

    def response(self, model, items, stream):
        options = self.options(model, items, tools=self.TOOLS)
        if not stream:
            return self.client.responses.create(**options)
        with self.client.responses.stream(**options) as events:
            return events.get_final_response()

    def loop(self, model, stream):
        items = [{"role": "user", "content": clients.QUESTION}]
        response = self.response(model, items, stream)
        made = [item for item in response.output if item.type == "function_call"]
        items += response.output
        for call in made:
            told = clients.RESULTS[call.name]
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": told})
        calls = [(call.call_id, call.name, json.loads(call.arguments)) for call in made]
        return calls, self.response(model, items, stream).output_text

    def structured(self, model):
        parsed = self.client.responses.parse(**self.options(model), text_format=Draft).output_parsed
        return parsed.model_dump()
