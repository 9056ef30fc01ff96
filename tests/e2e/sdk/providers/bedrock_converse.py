"""Converse, as Bedrock demands and says it: streams are binary frames."""

import json
import re
import struct
import urllib.parse
import zlib

from providers import play

KIND, BASE, MORE = "bedrock", "", {}
RETRY_AFTER = 1
STREAM = "application/vnd.amazon.eventstream"

MEMBERS = """messages system inferenceConfig toolConfig additionalModelRequestFields outputConfig requestMetadata
additionalModelResponseFieldPaths guardrailConfig performanceConfig promptVariables serviceTier""".split()
IDS = [f"tooluse_{n}kWq" for n in range(len(play.CALLS))]


def read(request):
    body = request.json
    match = re.fullmatch(r"/model/([^/]+)/(converse|converse-stream)", request.path)
    play.demand(match, f"no such path: {request.path}")
    request.demand_bearer()
    play.demand_members(body, MEMBERS, "the request")
    config = body.get("inferenceConfig") or {}
    play.demand_members(config, ["maxTokens", "temperature", "topP", "stopSequences"], "inferenceConfig")
    turns = [_turn(message) for message in body["messages"]]
    play.demand_turns(turns, alternate=True)
    tools = _tools(request)
    play.demand(tools or not any(turn.calls for turn in turns), "toolUse in the messages without toolConfig")
    return play.Asked(
        model=urllib.parse.unquote(match[1]),
        stream=match[2] == "converse-stream",
        turns=turns,
        system="".join(block["text"] for block in body.get("system") or []),
        tools=tools,
        schema=_schema(body),
        limit=config.get("maxTokens"),
    )


def _turn(message):
    play.demand_members(message, ["role", "content"], "a message")
    play.demand(message["role"] in ("user", "assistant"), f"a role {message['role']}")
    play.demand(message["content"], "a message without content")
    turn = play.Turn(message["role"])
    for block in message["content"]:
        play.demand(len(block) == 1, f"a block with several members: {block!r}")
        if use := block.get("toolUse"):
            play.demand(turn.who == "assistant", "toolUse of the user")
            turn.calls.append(play.Call(use["toolUseId"], use["name"], use["input"]))
        elif result := block.get("toolResult"):
            play.demand(turn.who != "assistant", "toolResult of the assistant")
            turn.who = "results"
            turn.results.append(play.Result(result["toolUseId"], _result(result)))
        else:
            play.demand(block["text"].strip(), "a blank text")
            turn.text += block["text"]
    return turn


def _result(result):
    play.demand_members(result, ["toolUseId", "content", "status"], "a toolResult")
    texts = [block["text"] if "text" in block else play.compact(block["json"]) for block in result["content"]]
    return "".join(texts)


def _tools(request):
    config = request.json.get("toolConfig")
    if config is None:
        return {}
    play.demand_members(config, ["tools", "toolChoice"], "toolConfig")
    play.demand(config["tools"], "toolConfig without tools")
    found = {}
    for n, tool in enumerate(config["tools"]):
        spec = tool["toolSpec"]
        play.demand_members(spec, ["name", "description", "inputSchema", "strict"], "a toolSpec")
        play.demand(spec.get("description", "d"), "an empty description")
        found[spec["name"]] = request.raw("toolConfig", "tools", n, "toolSpec", "inputSchema", "json")
    return found


def _schema(body):
    if "outputConfig" not in body:
        return None
    wanted = body["outputConfig"]["textFormat"]
    play.demand(wanted["type"] == "json_schema", f"a textFormat {wanted!r}")
    schema = wanted["structure"]["jsonSchema"]
    play.demand_members(schema, ["name", "description", "schema"], "jsonSchema")
    json.loads(schema["schema"])
    return schema["schema"]


USAGE = {
    "inputTokens": play.PROMPT - play.CACHED,
    "outputTokens": play.COMPLETION,
    "totalTokens": play.PROMPT + play.COMPLETION,
    "cacheReadInputTokens": play.CACHED,
    "cacheWriteInputTokens": 0,
}


def _reason(say):
    return "tool_use" if say.calls else "end_turn"


def whole(_, say):
    content = [{"text": say.text}]
    for n, (name, arguments) in enumerate(say.calls):
        content.append({"toolUse": {"toolUseId": IDS[n], "name": name, "input": json.loads(arguments)}})
    output = {"message": {"role": "assistant", "content": content}}
    answer = {"output": output, "stopReason": _reason(say), "usage": USAGE, "metrics": {"latencyMs": 12}}
    return json.dumps(answer).encode()


def _frame(kind, name, payload):
    """One frame of the event stream: two lengths, their checksum, header fields, payload, the checksum of all."""
    headers = b""
    fields = {":message-type": kind, f":{kind}-type": name, ":content-type": "application/json"}
    for field, value in fields.items():
        headers += struct.pack("!B", len(field)) + field.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    frame = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + body
    return frame + struct.pack("!I", zlib.crc32(frame))


def events(_, say):
    """A text block has no start of its own."""
    told = [("messageStart", {"role": "assistant"})]

    def delta(index, value):
        told.append(("contentBlockDelta", {"contentBlockIndex": index, "delta": value, "p": "abcd"}))

    for piece in say.pieces:
        delta(0, {"text": piece})
    told.append(("contentBlockStop", {"contentBlockIndex": 0}))
    for n, (name, arguments) in enumerate(say.calls):
        start = {"toolUse": {"toolUseId": IDS[n], "name": name}}
        told.append(("contentBlockStart", {"contentBlockIndex": n + 1, "start": start}))
        for part in play.fragments(arguments):
            delta(n + 1, {"toolUse": {"input": part}})
        told.append(("contentBlockStop", {"contentBlockIndex": n + 1}))
    told.append(("messageStop", {"stopReason": _reason(say)}))
    told.append(("metadata", {"usage": USAGE, "metrics": {"latencyMs": 12}}))
    return [_frame("event", name, payload) for name, payload in told]


def failure(what):
    status, kind, message = {
        "credential": (403, "UnrecognizedClientException", "The security token included in the request is invalid."),
        "rate": (429, "ThrottlingException", "Too many requests, please wait before trying again."),
        "too-long": (400, "ValidationException", "Input is too long for requested model."),
        "refused": (400, "ValidationException", "The script does not like the messages."),
    }[what]
    headers = [("x-amzn-errortype", kind + ":http://internal.amazon.com/coral/"), ("x-amzn-requestid", "r-1")]
    return status, headers, json.dumps({"message": message}).encode()


def stream_failure():
    return _frame("exception", "modelStreamErrorException", {"message": "The scripted model failed."})
