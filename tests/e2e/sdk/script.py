"""What the scripted upstream says: the bodies and events of OpenAI's API as plain values, without any socket.

Everything is deterministic, so that a test can compute the bytes it must see.
"""

import base64
import json
import struct

# Awkward on purpose: multi-byte characters, a pair of surrogates when escaped, quotes, a newline, a backslash.
PIECES = ["Bon", "jour, ", "w\u00f6rld ", "\U0001f30a", '\n"quoted" ', "back\\slash, ", "the end."]
CONTENT = "".join(PIECES)
TRANSCRIPT_USAGE = {"type": "tokens", "input_tokens": 14, "output_tokens": 5, "total_tokens": 19}
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
CREATED = 1_760_000_000

WEATHER = {"name": "weather", "arguments": '{"city": "Z\u00fcrich", "unit": "celsius"}'}
CLOCK = {"name": "clock", "arguments": '{"zone": "Europe/Zurich"}'}

# Unusual spacing, unknown members and numbers that no re-serialiser would reproduce.
UNKNOWN_FIELDS_ANSWER = (
    '{ "id":"chatcmpl-unknown",  "object":"chat.completion", "created":1760000000, "model":"unknown-fields",\n'
    '  "x_first":{"b":1.0,"a":1e2,"b2":[ ]}, "choices":[ {"index":0, "message":{"role":"assistant","content":"ok",'
    '"x_inner":null}, "finish_reason":"stop","logprobs":null} ],\t"usage":{"prompt_tokens":1,"completion_tokens":1,'
    '"total_tokens":2,"x_cached":0.10}, "x_last":"\\u00e9\\/" }\n'
).encode()


def tool_calls(model):
    """The calls a model of the script makes: one, or two in parallel."""
    calls = [WEATHER, CLOCK] if model.endswith("parallel") else [WEATHER]
    return [{"id": f"call_{number}", "type": "function", "function": call} for number, call in enumerate(calls)]


def error_body(status, text):
    """An error object as a provider writes it, with spacing and a member of its own."""
    return (
        '{"error" : {"message": ' + json.dumps(text) + f', "type": "scripted_{status}",  "param": "messages",'
        f' "code": "scripted_{status}", "x_detail": [1.0]}}}}\n'
    ).encode()


def chat_answer(model):
    """The JSON body of an answer that is not streamed."""
    message = {"role": "assistant", "content": CONTENT, "refusal": None}
    reason = "stop"
    if model.startswith("tools"):
        message |= {"content": None, "tool_calls": tool_calls(model)}
        reason = "tool_calls"
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": CREATED,
            "model": model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
            "usage": USAGE,
        }
    ).encode()


def event(value, ascii_only=True):
    """One server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=ascii_only).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def chat_events(model, include_usage):
    """All events of a streamed chat answer, `[DONE]` last; the usage event only when it was asked for."""
    deltas = [{"role": "assistant", "content": ""}]
    deltas += _tool_deltas(model) if model.startswith("tools") else [{"content": piece} for piece in PIECES]
    reasons = [None] * len(deltas) + ["tool_calls" if model.startswith("tools") else "stop"]
    events = []
    for number, (delta, reason) in enumerate(zip(deltas + [{}], reasons)):
        chunk = _chunk(model, [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}])
        if include_usage:
            chunk["usage"] = None
        events.append(event(chunk, ascii_only=number % 2 == 0))
    if include_usage:
        events.append(event(_chunk(model, []) | {"usage": USAGE}))
    return events + [DONE]


def _chunk(model, choices):
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": model,
        "choices": choices,
    }


def _tool_deltas(model):
    """Names first, then the arguments in threes, the parallel calls interleaved as a provider may do it."""
    calls = tool_calls(model)
    deltas = []
    for index, call in enumerate(calls):
        opened = {"index": index, **call, "function": {"name": call["function"]["name"], "arguments": ""}}
        deltas.append({"tool_calls": [opened]})
    texts = [call["function"]["arguments"] for call in calls]
    for start in range(0, max(map(len, texts)), 3):
        for index, text in enumerate(texts):
            if piece := text[start : start + 3]:
                deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    return deltas


def completion_answer(model):
    """The JSON body of a legacy completion."""
    return json.dumps(
        {
            "id": "cmpl-1",
            "object": "text_completion",
            "created": CREATED,
            "model": model,
            "choices": [{"index": 0, "text": CONTENT, "logprobs": None, "finish_reason": "stop"}],
            "usage": USAGE,
        }
    ).encode()


def completion_events(model, include_usage):
    """All events of a streamed legacy completion."""
    base = {"id": "cmpl-1", "object": "text_completion", "created": CREATED, "model": model}
    events = []
    for piece, reason in zip(PIECES, [None] * (len(PIECES) - 1) + ["stop"]):
        choice = {"index": 0, "text": piece, "logprobs": None, "finish_reason": reason}
        events.append(event(base | {"choices": [choice]} | ({"usage": None} if include_usage else {})))
    if include_usage:
        events.append(event(base | {"choices": [], "usage": USAGE}))
    return events + [DONE]


def vector(text):
    """A small embedding that depends on the text and survives 32-bit floats exactly."""
    return [len(text) / 4, len(text.encode()) / 8, -0.5, 0.0]


def embeddings_answer(model, request):
    """Embeddings in the coding asked for: the SDKs ask for base64 and decode it themselves."""
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]

    def coded(text):
        floats = vector(text)
        if request.get("encoding_format") == "base64":
            return base64.b64encode(struct.pack(f"<{len(floats)}f", *floats)).decode()
        return floats

    return json.dumps(
        {
            "object": "list",
            "data": [{"object": "embedding", "index": i, "embedding": coded(text)} for i, text in enumerate(texts)],
            "model": model,
            "usage": {"prompt_tokens": 5, "total_tokens": 5},
        }
    ).encode()


def transcript_answer(text):
    """The JSON body of a transcript."""
    return json.dumps({"text": text, "usage": TRANSCRIPT_USAGE}).encode()


def transcript_events(text):
    """All events of a streamed transcript."""
    deltas = [event({"type": "transcript.text.delta", "delta": text[i : i + 9]}) for i in range(0, len(text), 9)]
    return [*deltas, event({"type": "transcript.text.done", "text": text, "usage": TRANSCRIPT_USAGE}), DONE]
