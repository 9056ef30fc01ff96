"""/api/chat, as Ollama demands and says it: lines of JSON, arguments as objects, options apart. It counts no cached
tokens."""

import json

from providers import play

KIND, BASE, MORE = "ollama", "/api", {"dialect": "ollama"}
RETRY_AFTER, CACHED = 7, 0
STREAM = "application/x-ndjson"

MEMBERS = "model messages stream tools format options think keep_alive logprobs top_logprobs".split()
OPTIONS = """num_predict temperature top_p top_k min_p stop seed num_ctx presence_penalty frequency_penalty
repeat_penalty""".split()
IDS = [f"call_{n}oL4" for n in range(len(play.CALLS))]


def read(request):
    body = request.json
    play.demand(request.path == BASE + "/chat", f"no such path: {request.path}")
    request.demand_bearer()
    play.demand_members(body, MEMBERS, "the request")
    options = body.get("options") or {}
    play.demand_members(options, OPTIONS, "options")
    system, turns = _turns(body["messages"])
    play.demand_turns(turns, alternate=False)
    return play.Asked(
        model=body["model"],
        stream=body.get("stream", True),
        turns=turns,
        system=system,
        tools=_tools(request),
        schema=_schema(request),
        limit=options.get("num_predict"),
    )


def _turns(messages):
    system, turns = [], []
    for message in messages:
        text = message.get("content", "")
        play.demand(isinstance(text, str), f"content that is no string: {text!r}")
        if message["role"] == "system":
            system.append(text)
        elif message["role"] == "tool":
            if turns[-1].who != "results":
                turns.append(play.Turn("results"))
            turns[-1].results.append(play.Result(message.get("tool_call_id"), text, message["tool_name"]))
        else:
            play.demand(message["role"] in ("user", "assistant"), f"a role {message['role']}")
            turns.append(play.Turn(message["role"], text, [_call(call) for call in message.get("tool_calls") or []]))
    return "\n".join(system), turns


def _call(call):
    arguments = call["function"]["arguments"]
    play.demand(isinstance(arguments, dict), f"arguments that are no object: {arguments!r}")
    return play.Call(call.get("id"), call["function"]["name"], arguments)


def _tools(request):
    found = {}
    for n, tool in enumerate(request.json.get("tools") or []):
        play.demand(tool["type"] == "function", f"a tool of type {tool['type']}")
        found[tool["function"]["name"]] = request.raw("tools", n, "function", "parameters")
    return found


def _schema(request):
    wanted = request.json.get("format")
    if not wanted:
        return None
    play.demand(isinstance(wanted, dict), f"a format {wanted!r}")
    return request.raw("format")


def _line(asked, message, more):
    return {"model": asked.model, "created_at": "2026-01-02T03:04:05.678Z", "message": message} | more


def _calls(say):
    return [
        {"id": IDS[n], "function": {"index": n, "name": name, "arguments": json.loads(arguments)}}
        for n, (name, arguments) in enumerate(say.calls)
    ]


DONE = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 9_000_000,
    "load_duration": 1_000_000,
    "prompt_eval_count": play.PROMPT,
    "prompt_eval_duration": 2_000_000,
    "eval_count": play.COMPLETION,
    "eval_duration": 3_000_000,
}


def whole(asked, say):
    message = {"role": "assistant", "content": say.text} | ({"tool_calls": _calls(say)} if say.calls else {})
    return json.dumps(_line(asked, message, DONE)).encode()


def events(asked, say):
    told = [_line(asked, {"role": "assistant", "content": piece}, {"done": False}) for piece in say.pieces]
    for call in _calls(say):
        told.append(_line(asked, {"role": "assistant", "content": "", "tool_calls": [call]}, {"done": False}))
    told.append(_line(asked, {"role": "assistant", "content": ""}, DONE))
    return [play.compact(one).encode() + b"\n" for one in told]


def failure(what):
    status, headers, message = {
        "credential": (401, [], "unauthorized"),
        "rate": (429, [("retry-after", "7")], "too many requests"),
        "too-long": (400, [], "prompt too long; exceeded max context length by 1 tokens"),
        "refused": (400, [], "the script does not like the messages"),
    }[what]
    return status, headers, json.dumps({"error": message}).encode()


def stream_failure():
    return b'{"error":"an error was encountered while running the model: the scripted model failed"}\n'
