"""generateContent, as Gemini demands and says it, from its third generation on. Calls have no ids here; the first of a
turn carries a signature, and must bring it back, or the word for calls that other models made."""

import base64
import json
import re

from providers import play

KIND, BASE, MORE = "gemini", "/v1beta", {}
MODEL = "gemini-3-scripted"
RETRY_AFTER = 7
STREAM = "text/event-stream"

MEMBERS = """contents systemInstruction tools toolConfig generationConfig safetySettings cachedContent labels""".split()
CONFIG = """temperature topP topK maxOutputTokens stopSequences seed candidateCount presencePenalty frequencyPenalty
responseMimeType responseSchema responseJsonSchema responseModalities thinkingConfig responseLogprobs
logprobs""".split()
PARTS = ["text", "thought", "thoughtSignature", "functionCall", "functionResponse"]
SCHEMAS = ["parameters", "parametersJsonSchema", "parameters_json_schema"]  # the last as Google's own package has it
SIGNATURE = "c2NyaXB0ZWQtc2lnbmF0dXJl"
IDS = [None] * len(play.CALLS)
NO_SIGNATURE = base64.b64encode(b"skip_thought_signature_validator").decode()


def read(request):
    body = request.json
    match = re.fullmatch(
        re.escape(BASE) + r"/models/([^/:]+):(generateContent|streamGenerateContent\?alt=sse)", request.path
    )
    play.demand(match, f"no such path: {request.path}")
    request.demand_header("x-goog-api-key", play.KEY)
    play.demand_members(body, MEMBERS, "the request")
    config = body.get("generationConfig") or {}
    play.demand_members(config, CONFIG, "generationConfig")
    turns = [_turn(content) for content in body["contents"]]
    play.demand_turns(turns, alternate=True)
    return play.Asked(
        model=match[1],
        stream=match[2] != "generateContent",
        turns=turns,
        system="".join(part["text"] for part in (body.get("systemInstruction") or {"parts": []})["parts"]),
        tools=_tools(request),
        schema=_schema(request, config),
        limit=config.get("maxOutputTokens"),
    )


def _turn(content):
    play.demand(content["role"] in ("user", "model"), f"a role {content['role']}")
    play.demand(content["parts"], "a content without parts")
    turn = play.Turn("assistant" if content["role"] == "model" else "user")
    for part in content["parts"]:
        play.demand_members(part, PARTS, "a part")
        if call := part.get("functionCall"):
            play.demand(turn.who == "assistant", "a functionCall of the user")
            made = play.Call(None, call["name"], call["args"], part.get("thoughtSignature"))
            proofs = (None, SIGNATURE) if turn.calls else (SIGNATURE, NO_SIGNATURE)
            play.demand(made.proof in proofs, f"the signature {made.proof} of a call")
            turn.calls.append(made)
        elif response := part.get("functionResponse"):
            play.demand(turn.who != "assistant", "a functionResponse of the model")
            turn.who = "results"
            turn.results.append(play.Result(None, _result(response["response"]), response["name"]))
        else:
            turn.text += part["text"]
    return turn


def _result(response):
    play.demand(isinstance(response, dict), f"a response that is no object: {response!r}")
    wrapped = list(response.values()) if set(response) <= {"output", "result"} else []
    return wrapped[0] if len(wrapped) == 1 and isinstance(wrapped[0], str) else play.compact(response)


def _tools(request):
    found = {}
    for n, tool in enumerate(request.json.get("tools") or []):
        play.demand_members(tool, ["functionDeclarations"], "a tool")
        for m, one in enumerate(tool["functionDeclarations"]):
            play.demand(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", one["name"]), f"a name {one['name']}")
            both = [member for member in SCHEMAS if member in one]
            play.demand(len(both) < 2, "parameters twice")
            found[one["name"]] = request.raw("tools", n, "functionDeclarations", m, *both)
    return found


def _schema(request, config):
    members = [member for member in ("responseSchema", "responseJsonSchema") if config.get(member) is not None]
    if not members:
        return None
    play.demand(len(members) == 1, "two schemas")
    play.demand(config.get("responseMimeType") == "application/json", "a schema without its responseMimeType")
    return request.raw("generationConfig", members[0])


def _chunk(asked, parts, finish=None):
    candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    usage = {
        "promptTokenCount": play.PROMPT,
        "candidatesTokenCount": play.COMPLETION,
        "totalTokenCount": play.PROMPT + play.COMPLETION,
        "cachedContentTokenCount": play.CACHED,
    }
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": asked.model, "responseId": "r1"}


def _call_parts(say):
    parts = [{"functionCall": {"name": name, "args": json.loads(arguments)}} for name, arguments in say.calls]
    if parts:
        parts[0]["thoughtSignature"] = SIGNATURE
    return parts


def whole(asked, say):
    return json.dumps(_chunk(asked, [{"text": say.text}, *_call_parts(say)], "STOP")).encode()


def events(asked, say):
    told = [_chunk(asked, [{"text": piece}]) for piece in say.pieces]
    if say.calls:
        told.append(_chunk(asked, _call_parts(say)))
    told.append(_chunk(asked, [{"text": ""}], "STOP"))
    return [f"data: {play.compact(one)}\r\n\r\n".encode() for one in told]


def _error(code, status, message, *details):
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


def failure(what):
    kinds = "type.googleapis.com/google.rpc."
    bad_key = {"@type": kinds + "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    wait = {"@type": kinds + "RetryInfo", "retryDelay": "7s"}
    too_long = "The input token count (10) exceeds the maximum number of tokens allowed (9)."
    error = {
        "credential": _error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", bad_key),
        "rate": _error(429, "RESOURCE_EXHAUSTED", "You exceeded the scripted quota.", wait),
        "too-long": _error(400, "INVALID_ARGUMENT", too_long),
        "refused": _error(400, "INVALID_ARGUMENT", "The script does not like the contents."),
    }[what]
    return error["error"]["code"], [], json.dumps(error).encode()


def stream_failure():
    return f"data: {play.compact(_error(503, 'UNAVAILABLE', 'The model is overloaded.'))}\r\n\r\n".encode()
