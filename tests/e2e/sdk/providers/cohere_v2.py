"""/v2/chat, as Cohere demands and says it: a plan before calls, tokens told twice."""

import json

from providers import play

KIND, BASE, MORE = "cohere", "/v2", {}
RETRY_AFTER = 1
STREAM = "text/event-stream"

MEMBERS = """model messages stream tools tool_choice strict_tools response_format temperature p k max_tokens seed
stop_sequences frequency_penalty presence_penalty documents citation_options safety_mode thinking logprobs raw_prompting
priority""".split()
IDS = [f"{name}_{n}hd8" for n, (name, _) in enumerate(play.CALLS)]


def read(request):
    body = request.json
    play.demand(request.path == BASE + "/chat", f"no such path: {request.path}")
    request.demand_bearer()
    play.demand_members(body, MEMBERS, "the request")
    play.demand(body.get("tool_choice") in (None, "REQUIRED", "NONE"), f"a tool_choice {body.get('tool_choice')!r}")
    system, turns = _turns(body["messages"])
    play.demand_turns(turns, alternate=False)
    return play.Asked(
        model=body["model"],
        stream=body.get("stream", False),
        turns=turns,
        system=system,
        tools=_tools(request),
        schema=_schema(request),
        limit=body.get("max_tokens"),
    )


def _text(content):
    if isinstance(content, str) or content is None:
        return content or ""
    texts = []
    for part in content:
        if part["type"] == "document":
            data = part["document"]["data"]
            texts.append(data if isinstance(data, str) else play.compact(data))
        elif part["type"] != "thinking":
            play.demand(part["type"] == "text", f"a part {part!r}")
            texts.append(part["text"])
    return "".join(texts)


def _turns(messages):
    system, turns = [], []
    for message in messages:
        role, text = message["role"], _text(message.get("content"))
        if role == "system":
            system.append(text)
        elif role == "tool":
            if turns[-1].who != "results":
                turns.append(play.Turn("results"))
            turns[-1].results.append(play.Result(message["tool_call_id"], text))
        else:
            play.demand(role in ("user", "assistant"), f"a role {role}")
            thinks = any(part["type"] == "thinking" for part in message.get("content") or [] if isinstance(part, dict))
            play.demand(role == "assistant" or not thinks, "a user who thinks")
            calls = [
                play.Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
                for call in message.get("tool_calls") or []
            ]
            play.demand(text or calls, "a message with neither content nor calls")
            turns.append(play.Turn(role, text, calls))
    return "\n".join(system), turns


def _tools(request):
    found = {}
    for n, tool in enumerate(request.json.get("tools") or []):
        play.demand(tool["type"] == "function", f"a tool of type {tool['type']}")
        play.demand_members(tool["function"], ["name", "description", "parameters"], "function")
        found[tool["function"]["name"]] = request.raw("tools", n, "function", "parameters")
    return found


def _schema(request):
    wanted = request.json.get("response_format") or {"type": "text"}
    if wanted["type"] == "text":
        return None
    play.demand_members(wanted, ["type", "json_schema"], "response_format")
    play.demand(wanted["type"] == "json_object", f"a response_format {wanted!r}")
    return request.raw("response_format", "json_schema")


USAGE = {
    "billed_units": {"input_tokens": 3, "output_tokens": 2},
    "tokens": {"input_tokens": play.PROMPT, "output_tokens": play.COMPLETION},
    "cached_tokens": play.CACHED,
}


def _calls(say):
    return [
        {"id": IDS[n], "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(say.calls)
    ]


def _reason(say):
    return "TOOL_CALL" if say.calls else "COMPLETE"


def whole(_, say):
    message = {"role": "assistant", "content": [{"type": "text", "text": say.text}]}
    if say.calls:
        message = {"role": "assistant", "tool_plan": say.text, "tool_calls": _calls(say)}
    return json.dumps({"id": "c-1", "message": message, "finish_reason": _reason(say), "usage": USAGE}).encode()


def _text_events(say):
    if say.calls:
        for piece in say.pieces:
            yield {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}}
        return
    opened = {"message": {"content": {"type": "text", "text": ""}}}
    yield {"type": "content-start", "index": 0, "delta": opened}
    for piece in say.pieces:
        yield {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": piece}}}}
    yield {"type": "content-end", "index": 0}


def events(_, say):
    empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    told = [{"id": "c-1", "type": "message-start", "delta": {"message": empty}}, *_text_events(say)]
    for n, call in enumerate(_calls(say)):
        opened = call | {"function": {"name": call["function"]["name"], "arguments": ""}}
        told.append({"type": "tool-call-start", "index": n, "delta": {"message": {"tool_calls": opened}}})
        for part in play.fragments(call["function"]["arguments"]):
            delta = {"message": {"tool_calls": {"function": {"arguments": part}}}}
            told.append({"type": "tool-call-delta", "index": n, "delta": delta})
        told.append({"type": "tool-call-end", "index": n})
    told.append({"type": "message-end", "delta": {"finish_reason": _reason(say), "usage": USAGE}})
    return [play.event(one, one["type"]) for one in told] + [play.event("[DONE]")]


def failure(what):
    status, body = {
        "credential": (401, {"message": "Incorrect API key provided."}),
        "rate": (429, {"message": "You are using a Trial key, which is limited to 20 API calls / minute."}),
        "too-long": (
            400,
            {"message": "too many tokens: size limit exceeded by 1 tokens.", "error_type": "TOO_MANY_TOKENS"},
        ),
        "refused": (400, {"message": "invalid request: the script does not like the messages"}),
    }[what]
    return status, [], json.dumps({"id": "e-1"} | body).encode()


def stream_failure():
    error = {"finish_reason": "ERROR", "usage": {}, "error": "your request resulted in an invalid tool generation"}
    delta = error | {"error_type": "INVALID_TOOL_GENERATION"}
    return play.event({"type": "message-end", "delta": delta}, "message-end") + play.event("[DONE]")
