"""The official `cohere` package for Python against every provider dialect."""

import json
import unittest

import cohere
import cohere.core
import httpx

import clients

stage = None


def setUpModule():
    global stage
    stage = unittest.enterModuleContext(clients.Stage())


@clients.on_every_provider
class Chat(clients.EveryProvider, unittest.TestCase):
    OWN, STOP = "cohere_v2", "COMPLETE"
    FAILED = {
        "credential": cohere.core.ApiError,
        "rate": cohere.TooManyRequestsError,
        "too-long": cohere.BadRequestError,
        "refused": cohere.BadRequestError,
    }
    PROOFS = (False,)  # a stream's are in members that the package's types do not have
    BROKEN = httpx.RemoteProtocolError
    UNKNOWN_KEY, NO_MODEL = cohere.UnauthorizedError, cohere.NotFoundError
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
        return cohere.ClientV2(api_key=key, base_url=stage.url, timeout=30, max_retries=0)

    def options(self, model, messages=MESSAGES, **more):
        return {"model": model, "messages": messages, "max_tokens": clients.LIMIT, **more}

    def heard(self, text, reason, usage):
        tokens = usage.tokens
        return clients.Heard(text, reason, tokens.input_tokens, usage.cached_tokens, tokens.output_tokens)

    def chat(self, model):
        answer = self.client.chat(**self.options(model))
        text = "".join(part.text for part in answer.message.content)
        return self.heard(text, answer.finish_reason, answer.usage)

    def events(self, model, messages=MESSAGES, **more):
        return self.client.chat_stream(**self.options(model, messages, **more))

    def pieces(self, model):
        for event in self.events(model):
            if event.type == "content-delta":
                yield event.delta.message.content.text

    def gathered(self, events):
        """The text, calls, reason and usage of a stream."""
        text, calls = "", []
        for event in events:
            if event.type == "content-delta":
                text += event.delta.message.content.text
            elif event.type == "tool-call-start":
                calls.append(event.delta.message.tool_calls)
                calls[-1].function.arguments = calls[-1].function.arguments or ""
            elif event.type == "tool-call-delta":
                calls[event.index].function.arguments += event.delta.message.tool_calls.function.arguments
        self.assertEqual(event.type, "message-end")
        return text, calls, event.delta.finish_reason, event.delta.usage

    def stream(self, model):
        text, _, reason, usage = self.gathered(self.events(model))
        return self.heard(text, reason, usage)

    def message(self, model, messages, stream):
        if stream:
            text, calls, reason, _ = self.gathered(self.events(model, messages, tools=self.TOOLS))
            return text, calls, reason, {"role": "assistant", "tool_calls": calls}
        answer = self.client.chat(**self.options(model, messages, tools=self.TOOLS))
        text = "".join(part.text for part in answer.message.content or [])
        return text, answer.message.tool_calls or [], answer.finish_reason, answer.message

    def loop(self, model, stream):
        _, calls, reason, message = self.message(model, self.MESSAGES, stream)
        self.assertEqual(reason, "TOOL_CALL")
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": clients.RESULTS[call.function.name]} for call in calls
        ]
        text, *_ = self.message(model, [*self.MESSAGES, message, *results], stream)
        return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls], text

    def structured(self, model):
        wanted = {"type": "json_object", "json_schema": clients.DRAFT}
        return json.loads(self.client.chat(**self.options(model), response_format=wanted).message.content[0].text)

    def retry_after(self, error):
        return error.headers["retry-after"]
