"""Messages, as Anthropic demands and says them."""

import json

from providers import play

KIND, BASE, MORE = "anthropic", "/v1", {}
RETRY_AFTER = 7
STREAM = "text/event-stream; charset=utf-8"

MEMBERS = """model messages system max_tokens stream tools tool_choice temperature top_p top_k stop_sequences metadata
thinking output_config service_tier""".split()
TOOL = """type name description input_schema strict cache_control input_examples eager_input_streaming
defer_loading allowed_callers""".split()
IDS = [f"toolu_01{n}Vb" for n in range(len(play.CALLS))]


def read(request):
    body = request.json
    play.demand(request.path == BASE + "/messages", f"no such path: {request.path}")
    request.demand_header("x-api-key", play.KEY)
    request.demand_header("anthropic-version", "2023-06-01")
    play.demand_members(body, MEMBERS, "the request")
    play.demand(isinstance(body["max_tokens"], int) and body["max_tokens"] > 0, "max_tokens is no positive integer")
    play.demand(0 <= body.get("temperature", 1) <= 1, "temperature above 1")
    turns = [_turn(message) for message in body["messages"]]
    play.demand_turns(turns, alternate=True)
    return play.Asked(
        model=body["model"],
        stream=body.get("stream", False),
        turns=turns,
        system=_text(body.get("system", "")),
        tools=_tools(request),
        schema=_schema(request),
        limit=body["max_tokens"],
    )


def _text(content):
    if isinstance(content, str):
        return content
    play.demand(all(block["type"] == "text" and block["text"] for block in content), f"texts: {content!r}")
    return "".join(block["text"] for block in content)


def _turn(message):
    who, content = message["role"], message["content"]
    play.demand(who in ("user", "assistant"), f"a role {who}")
    play.demand(content, "a message without content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    turn = play.Turn(who, _text([block for block in blocks if block["type"] == "text"]))
    for number, block in enumerate(blocks):
        if block["type"] == "tool_use":
            play.demand(who == "assistant", "tool_use of the user")
            turn.calls.append(play.Call(block["id"], block["name"], block["input"]))
        elif block["type"] == "tool_result":
            play.demand(who == "user" and number == len(turn.results), "a tool_result that is not in front")
            turn.who = "results"
            turn.results.append(play.Result(block["tool_use_id"], _text(block.get("content", ""))))
        else:
            play.demand(block["type"] == "text", f"a block of type {block['type']}")
    return turn


def _tools(request):
    found = {}
    for n, tool in enumerate(request.json.get("tools") or []):
        play.demand(tool.get("type", "custom") == "custom", f"a tool of type {tool.get('type')}")
        play.demand_members(tool, TOOL, "a tool")
        play.demand(tool["input_schema"]["type"] == "object", "an input_schema that is no object")
        found[tool["name"]] = request.raw("tools", n, "input_schema")
    return found


def _schema(request):
    config = request.json.get("output_config") or {}
    play.demand_members(config, ["format", "effort"], "output_config")
    if config.get("format") is None:
        return None
    play.demand_members(config["format"], ["type", "schema"], "output_config.format")
    play.demand(config["format"]["type"] == "json_schema", f"a format {config['format']!r}")
    play.demand(config["format"]["schema"].get("additionalProperties") is False, "additionalProperties is not false")
    return request.raw("output_config", "format", "schema")


def _usage(output):
    return {
        "input_tokens": play.PROMPT - play.CACHED,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": play.CACHED,
        "output_tokens": output,
        "service_tier": "standard",
    }


def _message(asked, content, reason, usage):
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _reason(say):
    return "tool_use" if say.calls else "end_turn"


def whole(asked, say):
    content = [{"type": "text", "text": say.text}]
    for n, (name, arguments) in enumerate(say.calls):
        content.append({"type": "tool_use", "id": IDS[n], "name": name, "input": json.loads(arguments)})
    return json.dumps(_message(asked, content, _reason(say), _usage(play.COMPLETION))).encode()


def _blocks(say):
    """Each block as its start and its deltas."""
    deltas = [{"type": "text_delta", "text": piece} for piece in say.pieces]
    yield {"type": "text", "text": ""}, deltas
    for n, (name, arguments) in enumerate(say.calls):
        parts = ["", *play.fragments(arguments)]
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
        yield {"type": "tool_use", "id": IDS[n], "name": name, "input": {}}, deltas


def events(asked, say):
    told = [{"type": "message_start", "message": _message(asked, [], None, _usage(1))}]
    for index, (block, deltas) in enumerate(_blocks(say)):
        told.append({"type": "content_block_start", "index": index, "content_block": block})
        if index == 0:
            told.append({"type": "ping"})
        told += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        told.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": _reason(say), "stop_sequence": None}
    told.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": play.COMPLETION}})
    told.append({"type": "message_stop"})
    return [play.event(one, one["type"]) for one in told]


def _error(kind, message):
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def failure(what):
    status, headers, *error = {
        "credential": (401, [], "authentication_error", "invalid x-api-key"),
        "rate": (429, [("retry-after", "7")], "rate_limit_error", "This request would exceed the scripted rate limit."),
        "too-long": (400, [], "invalid_request_error", "prompt is too long: 10 tokens > 9 maximum"),
        "refused": (400, [], "invalid_request_error", "messages: the script does not like them"),
    }[what]
    return status, headers, json.dumps(_error(*error)).encode()


def stream_failure():
    return play.event(_error("overloaded_error", "Overloaded"), "error")
