"""Responses, as OpenAI demands and says them."""

import json

from providers import openai_chat, play

KIND, BASE, MORE = "openai-compatible", "/v1", {"dialect": "openai_responses"}
RETRY_AFTER = openai_chat.RETRY_AFTER
STREAM = "text/event-stream; charset=utf-8"

MEMBERS = """model input instructions stream stream_options tools tool_choice parallel_tool_calls text temperature top_p
max_output_tokens metadata store include reasoning truncation user previous_response_id service_tier
safety_identifier prompt_cache_key top_logprobs""".split()
IDS = [f"call_{n}rT2m" for n in range(len(play.CALLS))]


def read(request):
    body = request.json
    play.demand(request.path == BASE + "/responses", f"no such path: {request.path}")
    request.demand_bearer()
    play.demand_members(body, MEMBERS, "the request")
    system, turns = _turns(body["input"])
    play.demand_turns(turns, alternate=False)
    return play.Asked(
        model=body["model"],
        stream=body.get("stream") or False,
        turns=turns,
        system="\n".join(filter(None, [body.get("instructions"), system])),
        tools=_tools(request),
        schema=_schema(request),
        limit=body.get("max_output_tokens"),
    )


def _text(content, kind):
    if isinstance(content, str):
        return content
    play.demand(all(part["type"] == kind for part in content), f"{kind} it is not: {content!r}")
    return "".join(part["text"] for part in content)


def _turns(items):
    if isinstance(items, str):
        return "", [play.Turn("user", items)]
    system, turns = [], []

    def turn(who):
        if not turns or turns[-1].who != who:
            turns.append(play.Turn(who))
        return turns[-1]

    for item in items:
        kind = item.get("type", "message")
        if kind == "message" and item["role"] in ("system", "developer"):
            system.append(_text(item["content"], "input_text"))
        elif kind == "message":
            play.demand(item["role"] in ("user", "assistant"), f"a role {item['role']}")
            part = "output_text" if item["role"] == "assistant" else "input_text"
            turn(item["role"]).text += _text(item["content"], part)
        elif kind == "function_call":
            play.demand(item.get("id") is None or item["id"].startswith("fc_"), f"an item id {item.get('id')!r}")
            call = play.Call(item["call_id"], item["name"], json.loads(item["arguments"]))
            turn("assistant").calls.append(call)
        else:
            play.demand(kind == "function_call_output", f"an item of type {kind}")
            turn("results").results.append(play.Result(item["call_id"], _text(item["output"], "input_text")))
    return "\n".join(system), turns


def _tools(request):
    found = {}
    for n, tool in enumerate(request.json.get("tools") or []):
        play.demand(tool["type"] == "function", f"a tool of type {tool['type']}")
        play.demand_members(tool, ["type", "name", "description", "parameters", "strict"], "a tool")
        found[tool["name"]] = request.raw("tools", n, "parameters")
    return found


def _schema(request):
    wanted = (request.json.get("text") or {}).get("format") or {"type": "text"}
    if wanted["type"] == "text":
        return None
    play.demand_members(wanted, ["type", "name", "description", "schema", "strict"], "text.format")
    play.demand(wanted["type"] == "json_schema" and wanted["name"], f"text.format {wanted!r}")
    return request.raw("text", "format", "schema")


def _message(text, status="completed"):
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    content = [part] if status == "completed" else []
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}


def _call(n, call, arguments=None):
    item = {"id": f"fc_{n}", "type": "function_call", "call_id": IDS[n], "name": call[0], "status": "completed"}
    return item | {"arguments": call[1] if arguments is None else arguments}


def _response(asked, status, output, error=None):
    usage = {
        "input_tokens": play.PROMPT,
        "input_tokens_details": {"cached_tokens": play.CACHED},
        "output_tokens": play.COMPLETION,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": play.PROMPT + play.COMPLETION,
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": play.CREATED,
        "status": status,
        "error": error,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": asked.model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": usage if status == "completed" else None,
    }


def _output(say):
    return [_message(say.text)] + [_call(n, call) for n, call in enumerate(say.calls)]


def whole(asked, say):
    return json.dumps(_response(asked, "completed", _output(say))).encode()


def _text_events(say):
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    empty, full = {"type": "output_text", "text": "", "annotations": []}, _message(say.text)["content"][0]
    yield "output_item.added", {"output_index": 0, "item": _message("", "in_progress")}
    yield "content_part.added", at | {"part": empty}
    for piece in say.pieces:
        yield "output_text.delta", at | {"delta": piece, "logprobs": []}
    yield "output_text.done", at | {"text": say.text, "logprobs": []}
    yield "content_part.done", at | {"part": full}
    yield "output_item.done", {"output_index": 0, "item": _message(say.text)}


def _call_events(n, call):
    at = {"item_id": f"fc_{n}", "output_index": n + 1}
    added = _call(n, call, "") | {"status": "in_progress"}
    yield "output_item.added", {"output_index": n + 1, "item": added}
    for part in play.fragments(call[1]):
        yield "function_call_arguments.delta", at | {"delta": part}
    yield "function_call_arguments.done", at | {"arguments": call[1]}
    yield "output_item.done", {"output_index": n + 1, "item": _call(n, call)}


def events(asked, say):
    told = [(name, {"response": _response(asked, "in_progress", [])}) for name in ("created", "in_progress")]
    told += _text_events(say)
    for n, call in enumerate(say.calls):
        told += _call_events(n, call)
    told.append(("completed", {"response": _response(asked, "completed", _output(say))}))
    return [
        play.event({"type": f"response.{name}", "sequence_number": number, **more}, f"response.{name}")
        for number, (name, more) in enumerate(told)
    ]


def failure(what):
    return openai_chat.failure(what)


def stream_failure():
    told = {"code": "server_error", "message": "The scripted server had an error."}
    error = {"type": "error", "sequence_number": 98, "error": {"type": "server_error", "param": None} | told}
    failed = _response(play.Asked("failing", True, []), "failed", [], told)
    ended = {"type": "response.failed", "sequence_number": 99, "response": failed}
    return play.event(error, "error") + play.event(ended, "response.failed")
