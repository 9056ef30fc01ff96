"""`langchain-openai` against every provider dialect, by way of chat completions and of Responses."""

import functools
import unittest

import langchain_openai
import openai
import pydantic
from langchain_core import messages

import clients

stage = None


class Draft(pydantic.BaseModel):
    tags: list[str]
    city: str
    days: int


def setUpModule():
    global stage
    stage = unittest.enterModuleContext(clients.Stage())


class LangChain(clients.EveryProvider):
    FAILED = {
        "credential": openai.InternalServerError,
        "rate": openai.RateLimitError,
        "too-long": openai.BadRequestError,
        "refused": openai.BadRequestError,
    }
    BROKEN = openai.APIError
    UNKNOWN_KEY, NO_MODEL = openai.AuthenticationError, openai.NotFoundError
    MESSAGES = [messages.SystemMessage(clients.SYSTEM), messages.HumanMessage(clients.QUESTION)]
    TOOLS = [
        {"type": "function", "function": {"name": name, "description": f"Tells the {name}.", "parameters": schema}}
        for name, schema in clients.TOOLS.items()
    ]

    @classmethod
    def setUpClass(cls):
        cls.stage = stage
        cls.client = cls.connect(clients.KEY)

    @classmethod
    def connect(cls, key):
        """What makes a model of a name; here each model is a client."""
        options = {"base_url": stage.url + "/v1", "api_key": key, "max_retries": 0, "timeout": 30}
        asked = {"max_tokens": clients.LIMIT, "stream_usage": True, "use_responses_api": cls.RESPONSES}
        return functools.partial(langchain_openai.ChatOpenAI, **options, **asked)

    def model(self, name):
        return self.client(model=name)

    def heard(self, message):
        usage, about = message.usage_metadata, message.response_metadata
        self.assertEqual(usage["total_tokens"], usage["input_tokens"] + usage["output_tokens"])
        counts = usage["input_tokens"], usage["input_token_details"]["cache_read"], usage["output_tokens"]
        return clients.Heard(message.text, about.get("finish_reason") or about["status"], *counts)

    def chat(self, model):
        return self.heard(self.model(model).invoke(self.MESSAGES))

    def gathered(self, runnable, told):
        chunks = list(runnable.stream(told))
        message = chunks[0]
        for chunk in chunks[1:]:
            message += chunk
        return message

    def stream(self, model):
        return self.heard(self.gathered(self.model(model), self.MESSAGES))

    def pieces(self, model):
        for chunk in self.model(model).stream(self.MESSAGES):
            yield chunk.text

    def loop(self, model, stream):
        runnable = self.model(model).bind_tools(self.TOOLS)
        ask = (lambda told: self.gathered(runnable, told)) if stream else runnable.invoke
        message = ask(self.MESSAGES)
        results = [messages.ToolMessage(clients.RESULTS[c["name"]], tool_call_id=c["id"]) for c in message.tool_calls]
        last = ask([*self.MESSAGES, message, *results])
        return [(call["id"], call["name"], call["args"]) for call in message.tool_calls], last.text

    def structured(self, model):
        return self.model(model).with_structured_output(Draft).invoke(self.MESSAGES).model_dump()

    def retry_after(self, error):
        return error.response.headers["retry-after"]


@clients.on_every_provider
class Chat(LangChain, unittest.TestCase):
    OWN, STOP, RESPONSES = "openai_chat", "stop", False
    PROOFS = ()  # the package sends back only what OpenAI's own messages have


@clients.on_every_provider
class Responses(LangChain, unittest.TestCase):
    OWN, STOP, RESPONSES = "openai_responses", "completed", True
