"""Converse of boto3, the AWS package for Python, against every provider dialect: with a key that it shows, and with
access keys that it signs with."""

import json
import os
import unittest
import unittest.mock

import boto3
import botocore.config
import botocore.exceptions

import clients

stage = None


def setUpModule():
    global stage
    stage = unittest.enterModuleContext(clients.Stage(tls=True))  # with such a key the package insists on it


@clients.on_every_provider
class Converse(clients.EveryProvider, unittest.TestCase):
    OWN, STOP = "bedrock_converse", "end_turn"
    FAILED = {name: botocore.exceptions.ClientError for name in clients.play.FAILURES}
    BROKEN = botocore.exceptions.EventStreamError
    UNKNOWN_KEY = NO_MODEL = botocore.exceptions.ClientError
    CODES = {
        "rate": ("ThrottlingException", 429),
        "too-long": ("ValidationException", 400),
        "refused": ("ValidationException", 400),
    }
    MESSAGES = [{"role": "user", "content": [{"text": clients.QUESTION}]}]
    TOOLS = {
        "tools": [
            {"toolSpec": {"name": name, "description": f"Tells the {name}.", "inputSchema": {"json": schema}}}
            for name, schema in clients.TOOLS.items()
        ]
    }

    @classmethod
    def setUpClass(cls):
        cls.stage = stage
        cls.enterClassContext(unittest.mock.patch.dict(os.environ))
        cls.client = cls.connect(clients.KEY)

    def setUp(self):
        super().setUp()
        os.environ["AWS_BEARER_TOKEN_BEDROCK"] = clients.KEY

    @classmethod
    def connect(cls, key):
        """The package finds such a key in the environment alone, when it asks."""
        os.environ["AWS_BEARER_TOKEN_BEDROCK"] = key
        return cls.client_of()

    @classmethod
    def client_of(cls, **credentials):
        config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=30)
        options = {"region_name": "eu-west-1", "endpoint_url": stage.url, "config": config}
        options["verify"] = str(stage.authority.certificate)
        client = boto3.session.Session().client("bedrock-runtime", **options, **credentials)
        cls.addClassCleanup(client.close)
        return client

    def options(self, model, messages=MESSAGES, **more):
        limits = {"system": [{"text": clients.SYSTEM}], "inferenceConfig": {"maxTokens": clients.LIMIT}}
        return {"modelId": model, "messages": messages, **limits, **more}

    def heard(self, text, reason, usage):
        cached = usage.get("cacheReadInputTokens", 0)
        prompt = usage["inputTokens"] + cached + usage.get("cacheWriteInputTokens", 0)
        self.assertEqual(usage["totalTokens"], prompt + usage["outputTokens"])
        return clients.Heard(text, reason, prompt, cached, usage["outputTokens"])

    def chat(self, model):
        answer = self.client.converse(**self.options(model))
        text = "".join(block["text"] for block in answer["output"]["message"]["content"])
        return self.heard(text, answer["stopReason"], answer["usage"])

    def events(self, model, messages=MESSAGES, **more):
        return self.client.converse_stream(**self.options(model, messages, **more))["stream"]

    def pieces(self, model):
        for event in self.events(model):
            yield event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")

    @staticmethod
    def add(blocks, index, delta):
        """One more delta of a block; all but those of tools have no start."""
        if "text" in delta:
            blocks.setdefault(index, {"text": ""})["text"] += delta["text"]
        elif "toolUse" in delta:
            blocks[index]["toolUse"]["input"] += delta["toolUse"]["input"]
        else:
            thought = blocks.setdefault(index, {"reasoningContent": {"reasoningText": {"text": ""}}})
            thought["reasoningContent"]["reasoningText"] |= delta["reasoningContent"]

    def gathered(self, events):
        """The message that a stream's events make, its reason and its usage."""
        blocks, told = {}, {}
        for event in events:
            ((name, value),) = event.items()
            if name == "contentBlockStart":
                blocks[value["contentBlockIndex"]] = {"toolUse": value["start"]["toolUse"] | {"input": ""}}
            elif name == "contentBlockDelta":
                self.add(blocks, value["contentBlockIndex"], value["delta"])
            told[name] = value
        for block in blocks.values():
            if "toolUse" in block:
                block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
        self.assertEqual((told["messageStart"]["role"], list(blocks)), ("assistant", sorted(blocks)))
        message = {"role": "assistant", "content": list(blocks.values())}
        return message, told["messageStop"]["stopReason"], told["metadata"]["usage"]

    def stream(self, model):
        message, reason, usage = self.gathered(self.events(model))
        return self.heard("".join(block["text"] for block in message["content"]), reason, usage)

    def message(self, model, messages, stream):
        if stream:
            return self.gathered(self.events(model, messages, toolConfig=self.TOOLS))[:2]
        answer = self.client.converse(**self.options(model, messages, toolConfig=self.TOOLS))
        return answer["output"]["message"], answer["stopReason"]

    def loop(self, model, stream):
        message, reason = self.message(model, self.MESSAGES, stream)
        self.assertEqual(reason, "tool_use")
        uses = [block["toolUse"] for block in message["content"] if "toolUse" in block]
        results = [
            {"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": clients.RESULTS[use["name"]]}]}}
            for use in uses
        ]
        last, reason = self.message(model, [*self.MESSAGES, message, {"role": "user", "content": results}], stream)
        self.assertEqual(reason, "end_turn")
        return [(use["toolUseId"], use["name"], use["input"]) for use in uses], last["content"][0]["text"]

    def structured(self, model):
        schema = {"name": "draft", "schema": json.dumps(clients.DRAFT)}
        wanted = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
        answer = self.client.converse(**self.options(model), outputConfig=wanted)
        return json.loads(answer["output"]["message"]["content"][0]["text"])

    def each_failure_has_its_code(self, dialect):
        for failure, expected in self.CODES.items():
            with self.subTest(failure):
                with self.assertRaises(botocore.exceptions.ClientError) as caught:
                    self.chat(f"{dialect}-{failure}")
                told = caught.exception.response
                self.assertEqual((told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]), expected)

    def retry_after(self, error):
        return error.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"]

    def test_refusals_of_the_gateway_have_their_code(self):
        with self.assertRaises(self.client.exceptions.ResourceNotFoundException):
            self.chat("nobody")
        self.client = self.connect("sk-nobody")
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            self.chat(self.OWN)
        self.assertEqual(caught.exception.response["Error"]["Code"], "UnrecognizedClientException")


class SignedConverse(Converse):
    """The same with access keys: the id names the gateway's key, the secret is that key's."""

    def setUp(self):
        super().setUp()
        os.environ.pop("AWS_BEARER_TOKEN_BEDROCK")

    @classmethod
    def connect(cls, key, name="caller"):
        os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
        return cls.client_of(aws_access_key_id=name, aws_secret_access_key=key)

    def test_nothing_of_the_signature_reaches_a_provider(self):
        self.chat(self.OWN)
        told = stage.providers.last(self.OWN).headers
        self.assertEqual([name for name in told if name.startswith("x-amz-")], [])
        self.assertEqual(told["authorization"], "Bearer " + clients.play.KEY)

    def test_unknown_names_and_sessions_are_refused(self):
        for refused in (
            self.connect(clients.KEY, "nobody"),
            self.client_of(
                aws_access_key_id="caller", aws_secret_access_key=clients.KEY, aws_session_token="a-session"
            ),
        ):
            self.client = refused
            with self.assertRaises(botocore.exceptions.ClientError) as caught:
                self.chat(self.OWN)
            self.assertEqual(caught.exception.response["Error"]["Code"], "UnrecognizedClientException")

    def test_models_whose_names_have_to_be_escaped_can_be_asked_for(self):
        with self.assertRaises(self.client.exceptions.ResourceNotFoundException) as caught:
            self.chat("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.maker.model-v1:0")
        self.assertNotIn("signature", str(caught.exception))
