"""Chat completions, as OpenAI demands and says them."""

import json

from providers import play

KIND, BASE, MORE = "openai-compatible", "/v1", {}
RETRY_AFTER = 7
STREAM = "text/event-stream; charset=utf-8"

MEMBERS = (
    """model messages stream stream_options tools tool_choice parallel_tool_calls response_format temperature top_p
max_completion_tokens max_tokens n stop seed user metadata store reasoning_effort frequency_penalty presence_penalty
logit_bias logprobs top_logprobs modalities verbosity service_tier""".split()
)
IDS = [f"call_{n}pQ7x" for n in range(len(play.CALLS))]


def read(request):
    body = request.json
    play.demand(request.path == BASE + "/chat/completions", f"no such path: {request.path}")
    request.demand_bearer()
    play.demand_members(body, MEMBERS, "the request")
    play.demand(body.get("stream") or "stream_options" not in body, "stream_options without stream")
    system, turns = _turns(body["messages"])
    play.demand_turns(turns, alternate=False)
    return play.Asked(
        model=body["model"],
        stream=body.get("stream", False),
        turns=turns,
        system=system,
        tools=_tools(request),
        schema=_schema(request),
        limit=body.get("max_completion_tokens", body.get("max_tokens")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _text(content):
    if isinstance(content, str) or content is None:
        return content or ""
    play.demand(content and all(part["type"] == "text" for part in content), f"parts: {content!r}")
    return "".join(part["text"] for part in content)


def _turns(messages):
    system, turns = [], []
    for message in messages:
        text = _text(message.get("content"))
        if message["role"] in ("system", "developer"):
            system.append(text)
        elif message["role"] == "user":
            turns.append(play.Turn("user", text))
        elif message["role"] == "assistant":
            calls = [_call(call) for call in message.get("tool_calls") or []]
            play.demand(calls or message.get("content") is not None, "an assistant without content and calls")
            turns.append(play.Turn("assistant", text, calls))
        else:
            play.demand(message["role"] == "tool", f"a role {message['role']}")
            if turns[-1].who != "results":
                turns.append(play.Turn("results"))
            turns[-1].results.append(play.Result(message["tool_call_id"], text))
    return "\n".join(system), turns


def _call(call):
    play.demand(call["type"] == "function", f"a call of type {call['type']}")
    return play.Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))


def _tools(request):
    found = {}
    for n, tool in enumerate(request.json.get("tools") or []):
        play.demand(tool["type"] == "function", f"a tool of type {tool['type']}")
        play.demand_members(tool["function"], ["name", "description", "parameters", "strict"], "function")
        found[tool["function"]["name"]] = request.raw("tools", n, "function", "parameters")
    return found


def _schema(request):
    wanted = request.json.get("response_format") or {"type": "text"}
    if wanted["type"] == "text":
        return None
    play.demand(wanted["type"] == "json_schema", f"a response_format {wanted!r}")
    play.demand_members(wanted["json_schema"], ["name", "description", "schema", "strict"], "json_schema")
    play.demand(wanted["json_schema"]["name"], "a schema without a name")
    return request.raw("response_format", "json_schema", "schema")


def _calls(say):
    return [
        {"id": IDS[n], "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(say.calls)
    ]


USAGE = {
    "prompt_tokens": play.PROMPT,
    "completion_tokens": play.COMPLETION,
    "total_tokens": play.PROMPT + play.COMPLETION,
    "prompt_tokens_details": {"cached_tokens": play.CACHED, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


def _finish(say):
    return "tool_calls" if say.calls else "stop"


def whole(asked, say):
    message = {"role": "assistant", "content": say.text, "refusal": None, "annotations": []}
    if say.calls:
        message["tool_calls"] = _calls(say)
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": play.CREATED,
            "model": asked.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(say)}],
            "usage": USAGE,
        }
    ).encode()


def events(asked, say):
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": play.CREATED, "model": asked.model}
    plain = {"usage": None} if asked.include_usage else {}

    def chunk(delta, finish=None):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return play.event(base | {"choices": [choice]} | plain)

    pieces = [chunk({"role": "assistant", "content": "", "refusal": None})]
    pieces += [chunk({"content": piece}) for piece in say.pieces]
    for n, call in enumerate(_calls(say)):
        function = {"name": call["function"]["name"], "arguments": ""}
        pieces.append(chunk({"tool_calls": [{"index": n, **call, "function": function}]}))
        for part in play.fragments(call["function"]["arguments"]):
            pieces.append(chunk({"tool_calls": [{"index": n, "function": {"arguments": part}}]}))
    pieces.append(chunk({}, _finish(say)))
    if asked.include_usage:
        pieces.append(play.event(base | {"choices": [], "usage": USAGE}))
    return pieces + [play.event("[DONE]")]


def _error(kind, code, message):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def failure(what):
    status, headers, *error = {
        "credential": (401, [], "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
        "rate": (429, [("retry-after", "7")], "requests", "rate_limit_exceeded", "Rate limit reached for requests."),
        "too-long": (400, [], "invalid_request_error", "context_length_exceeded", "The maximum context length is 9."),
        "refused": (400, [], "invalid_request_error", "invalid_value", "Invalid value in the script."),
    }[what]
    return status, headers, json.dumps(_error(*error)).encode()


def stream_failure():
    return play.event(_error("server_error", None, "The scripted server had an error."))
