"""The scripted providers themselves: what a real provider would refuse, they refuse."""

import copy
import json
import unittest

import providers
from providers import jsontext, play, server

KEY = {"authorization": "Bearer " + play.KEY}
ASKED = {"role": "user", "content": "q"}
NAMES = [name for name, _ in play.CALLS]
ARGUMENTS = [json.loads(arguments) for _, arguments in play.CALLS]


def chat(ids):
    """Messages with the script's calls and their results, as OpenAI and Cohere have them."""
    calls = [
        {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}
        for identity, (name, arguments) in zip(ids, play.CALLS)
    ]
    results = [{"role": "tool", "tool_call_id": identity, "content": "r"} for identity in ids]
    return [dict(ASKED), {"role": "assistant", "content": None, "tool_calls": calls}, *results]


def named_chat():
    """The same as Ollama has them."""
    asked, called, *results = chat(providers.ollama.IDS)
    called["content"] = ""
    for call, arguments in zip(called["tool_calls"], ARGUMENTS):
        call["function"]["arguments"] = arguments
    return [asked, called, *(result | {"tool_name": name} for result, name in zip(results, NAMES))]


def responses():
    ids = providers.openai_responses.IDS
    calls = [
        {"type": "function_call", "call_id": identity, "name": name, "arguments": arguments}
        for identity, (name, arguments) in zip(ids, play.CALLS)
    ]
    results = [{"type": "function_call_output", "call_id": identity, "output": "r"} for identity in ids]
    return [dict(ASKED), *calls, *results]


def messages():
    ids = providers.anthropic_messages.IDS
    uses = [
        {"type": "tool_use", "id": identity, "name": name, "input": arguments}
        for identity, name, arguments in zip(ids, NAMES, ARGUMENTS)
    ]
    results = [{"type": "tool_result", "tool_use_id": identity, "content": "r"} for identity in ids]
    return [dict(ASKED), {"role": "assistant", "content": uses}, {"role": "user", "content": results}]


def contents():
    calls = [{"functionCall": {"name": name, "args": value}} for name, value in zip(NAMES, ARGUMENTS)]
    calls[0]["thoughtSignature"] = providers.gemini.SIGNATURE
    results = [{"functionResponse": {"name": name, "response": {"result": "r"}}} for name in NAMES]
    turns = [("user", [{"text": "q"}]), ("model", calls), ("user", results)]
    return [{"role": role, "parts": parts} for role, parts in turns]


def converse():
    ids = providers.bedrock_converse.IDS
    uses = [
        {"toolUse": {"toolUseId": identity, "name": name, "input": value}}
        for identity, name, value in zip(ids, NAMES, ARGUMENTS)
    ]
    results = [{"toolResult": {"toolUseId": identity, "content": [{"text": "r"}]}} for identity in ids]
    turns = [("user", [{"text": "q"}]), ("assistant", uses), ("user", results)]
    return [{"role": role, "content": content} for role, content in turns]


TOOL = {"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}
ANTHROPIC = {"x-api-key": play.KEY, "anthropic-version": "2023-06-01"}

# A good request of each dialect: path, fields, body, and the member of its body that has the conversation.
GOOD = {
    "openai_chat": (
        "/v1/chat/completions",
        KEY,
        {"model": "m", "messages": chat(providers.openai_chat.IDS)},
        "messages",
    ),
    "openai_responses": ("/v1/responses", KEY, {"model": "m", "input": responses()}, "input"),
    "anthropic_messages": (
        "/v1/messages",
        ANTHROPIC,
        {"model": "m", "max_tokens": 9, "messages": messages()},
        "messages",
    ),
    "gemini": ("/v1beta/models/m:generateContent", {"x-goog-api-key": play.KEY}, {"contents": contents()}, "contents"),
    "bedrock_converse": (
        "/model/m/converse",
        KEY,
        {"messages": converse(), "toolConfig": {"tools": [TOOL]}},
        "messages",
    ),
    "ollama": ("/api/chat", KEY, {"model": "m", "messages": named_chat()}, "messages"),
    "cohere_v2": ("/v2/chat", KEY, {"model": "m", "messages": chat(providers.cohere_v2.IDS)}, "messages"),
}

# What one dialect demands beyond the others, as changes of its good request's body.
OWN = {
    "openai_chat": [
        lambda body: body.update(stream_options={"include_usage": True}),
        lambda body: body.update(response_format={"type": "json_schema", "json_schema": {"schema": {}}}),
        lambda body: body["messages"][1].update(tool_calls=[]),
    ],
    "openai_responses": [
        lambda body: body["input"][1].update(id="call_0"),
        lambda body: body["input"].insert(0, {"role": "user", "content": [{"type": "output_text", "text": "x"}]}),
        lambda body: body.update(text={"format": {"type": "json_schema", "schema": {}}}),
    ],
    "anthropic_messages": [
        lambda body: body.pop("max_tokens"),
        lambda body: body.update(temperature=1.5),
        lambda body: body["messages"].insert(0, dict(ASKED)),
        lambda body: body["messages"][2]["content"].insert(0, {"type": "text", "text": "x"}),
        lambda body: body["messages"][0].update(content=[{"type": "text", "text": ""}]),
        lambda body: body.update(output_config={"format": {"type": "json_schema", "schema": {}}}),
    ],
    "gemini": [
        lambda body: body["contents"].insert(0, {"role": "user", "parts": [{"text": "x"}]}),
        lambda body: body["contents"][2]["parts"].reverse(),
        lambda body: body["contents"][2]["parts"][0]["functionResponse"].update(response="r"),
        lambda body: body["contents"][1]["parts"][0].update(thoughtSignature="another"),
        lambda body: body["contents"][1]["parts"][0].pop("thoughtSignature"),
        lambda body: body.update(generationConfig={"responseJsonSchema": {}}),
    ],
    "bedrock_converse": [
        lambda body: body.pop("toolConfig"),
        lambda body: body["messages"][0].update(content=[{"text": " "}]),
        lambda body: body["messages"].insert(0, {"role": "user", "content": [{"text": "x"}]}),
        lambda body: body.update(inferenceConfig={"topK": 1}),
    ],
    "ollama": [
        lambda body: body.update(max_tokens=9),
        lambda body: body.update(options={"max_tokens": 9}),
        lambda body: body["messages"][0].update(content=[{"type": "text", "text": "x"}]),
        lambda body: body["messages"][2].pop("tool_name"),
        lambda body: body["messages"][1]["tool_calls"][0]["function"].update(arguments=play.CALLS[0][1]),
    ],
    "cohere_v2": [
        lambda body: body.update(tool_choice="auto"),
        lambda body: body.update(response_format={"type": "json_schema", "json_schema": {}}),
        lambda body: body["messages"].insert(0, {"role": "user", "content": ""}),
    ],
}


def read(dialect, path, fields, body):
    request = server.Request(path, fields.items(), json.dumps(body).encode())
    return providers.DIALECTS[dialect].read(request)


class Providers(unittest.TestCase):
    def test_each_dialect_has_a_good_request_that_is_taken(self):
        self.assertEqual(set(GOOD), set(providers.DIALECTS))
        for dialect, (path, fields, body, _) in GOOD.items():
            with self.subTest(dialect):
                asked = read(dialect, path, fields, body)
                self.assertEqual([result.name for result in asked.turns[-1].results], NAMES)

    def refused(self, dialect, path, fields, body):
        with self.assertRaises((play.Refusal, KeyError, TypeError, AttributeError)):
            read(dialect, path, fields, body)

    def test_another_path_or_credential_is_refused(self):
        for dialect, (path, fields, body, _) in GOOD.items():
            with self.subTest(dialect):
                self.refused(dialect, path + "s", fields, body)
                for name in fields:
                    self.refused(dialect, path, fields | {name: "another"}, body)

    def test_conversations_that_do_not_fit_together_are_refused(self):
        for dialect, (path, fields, body, member) in GOOD.items():
            turns = body[member]
            broken = {
                "no turns": [],
                "no question": turns[1:],
                "calls without results": [turn for turn in turns if "result" not in json.dumps(turn).lower()][:2],
                "an unknown member": None,
            }
            if dialect in ("openai_chat", "cohere_v2", "openai_responses"):
                broken["one result missing"] = turns[:-1]
                broken["a result twice"] = [*turns, turns[-1]]
            for what, told in broken.items():
                with self.subTest(dialect, what=what):
                    changed = body | ({"no_such_member": 1} if told is None else {member: told})
                    self.refused(dialect, path, fields, changed)

    def test_ids_and_arguments_must_be_those_of_the_calls(self):
        for dialect, (path, fields, body, _) in GOOD.items():
            text = json.dumps(body)
            for ours, theirs in (
                ("Europe/Zurich", "Europe/Berlin"),
                ("clock", "clocks"),
                ("_0", "_9"),
                ("_010", "_019"),
            ):
                if ours not in text or (dialect == "gemini" and ours.startswith("_")):
                    continue
                with self.subTest(dialect, ours=ours):
                    self.refused(dialect, path, fields, json.loads(text.replace(ours, theirs, 1)))

    def test_what_one_dialect_demands_is_demanded(self):
        for dialect, changes in OWN.items():
            path, fields, body, _ = GOOD[dialect]
            for number, change in enumerate(changes):
                with self.subTest(dialect, number=number):
                    changed = copy.deepcopy(body)
                    change(changed)
                    self.refused(dialect, path, fields, changed)


class Raw(unittest.TestCase):
    def test_a_part_comes_in_its_writers_characters(self):
        text = ' { "a" : [ 1.50 , {"b":\t{ "z":1e2,"a":"\\u00e9]" } } ] , "c":null}'
        self.assertEqual(jsontext.raw(text, "a", 1, "b"), '{ "z":1e2,"a":"\\u00e9]" }')
        self.assertEqual(jsontext.raw(text, "a", 0), "1.50")
        self.assertEqual(jsontext.raw(text, "c"), "null")
        for path in (("d",), ("a", 2), ("a", 0, "b"), ("c", 0)):
            self.assertIsNone(jsontext.raw(text, *path))


if __name__ == "__main__":
    unittest.main(verbosity=2)
