"""Writes the seeds of the fuzz targets, corpus/TARGET/NAME, from the project's own fixtures and from the edge cases
below. What a target does with its first bytes is said in TARGET.cpp; change them together.

    python3 tests/fuzz/seeds.py
"""

import base64
import json
import re
import shutil
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"
ROOT = HERE.parent.parent
MOST = 40
MOST_BYTES = 64 * 1024

REQUEST, ANSWER, STREAM = range(3)
DIALECTS = ["openai_chat", "openai_responses", "anthropic_messages", "gemini", "bedrock_converse", "cohere_v2", "ollama"]


def led_by_mode(mode):
    return b"012"[mode : mode + 1]


# What stands before a request, an answer or a stream; a stream is cut after some bytes where the target cuts.
PREFIXES = {
    "anthropic_messages": led_by_mode,
    "openai_responses": led_by_mode,
    "openai_chat": lambda mode: led_by_mode(mode) + b"\x21",
    "gemini": lambda mode: b"\x21\x00" + led_by_mode(mode),
    "bedrock_converse": lambda mode: led_by_mode(mode) + (b"\x21\x00\x00" if mode == STREAM else b""),
    "cohere_v2": lambda mode: led_by_mode(mode) + (b"\x21\x00\x00" if mode == STREAM else b""),
    "ollama": lambda mode: led_by_mode(mode) + (b"\x21\x00\x00" if mode == STREAM else b""),
}


def spread(items, most):
    """At most so many, from everywhere in the list."""
    return [items[i * len(items) // most] for i in range(most)] if len(items) > most else items


def of_fixtures(dialect):
    """(name, mode, bytes) of a dialect's exchanges."""
    found = []
    for path in sorted((FIXTURES / dialect).rglob("*")):
        if path.name == "meta.json" or path.is_dir():
            continue
        content = path.read_bytes()
        if len(content) > 6000:
            continue
        name = path.parent.name if path.parent.name != dialect else path.stem
        if path.stem.startswith("request"):
            found.append((f"request_{name}", REQUEST, content))
        elif path.suffix in (".sse", ".ndjson", ".bin"):
            found.append((f"stream_{name}", STREAM, content))
        elif path.suffix == ".json":
            found.append((f"answer_{name}", ANSWER, content))
    return found


# Values where a codec may expect others.
ODD_BODIES = {
    "nothing": b"",
    "numbers": b'{"model":"m","messages":[{"role":"user","content":1e999}],"temperature":-0.0e-1,"max_tokens":'
    b'18446744073709551616,"seed":-9223372036854775809,"n":0}',
    "surrogates": rb'{"model":"m","messages":[{"role":"user","content":"\ud83d\ude00 \ud83d \u0000"}]}',
    "deep": b'{"model":"m","messages":' + b"[" * 140 + b"]" * 140 + b"}",
    "twice": b'{"model":"m","model":"n","messages":[],"messages":[{"role":"user","content":"a"}]}',
}

# What a round trip once changed, by dialect and name: (mode, bytes).
CHANGED = {
    "openai_chat": {
        "like_a_path": (REQUEST, b'{"messages":[],"tools":[{"type":"function","function":{"name":"a"}}],"tools[0].strict":1,'
                                 b'"reasoning.effort":2}'),
        "like_an_item": (REQUEST, b'{"messages":[{"role":"user","content.":"a"}]}'),
    },
    "gemini": {
        "untyped": (ANSWER, b'{"candidates":[{"content":{"parts":[{"inlineData":{"data":"iVBORw0KGgo="}}]}}]}'),
    },
    "anthropic_messages": {
        "unredacted": (REQUEST, b'{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":'
                                b'"redacted_thinking","@ata":"a"},{"type":"text","text":"b"}]}]}'),
        "untold": (REQUEST, b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","tex|":"a"}]},'
                            b'{"role":"user","content":"b"}]}'),
    },
}


# A tool of free text, whose format the two dialects nest differently.
GRAMMARS = {
    "openai_chat": b'{"model":"m","messages":[],"tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar",'
                   b'"grammar":{"definition":"a","syntax":"lark","grammar":{}}}}}]}',
    "openai_responses": b'{"model":"m","input":"a","tools":[{"type":"custom","name":"c","format":{"type":"grammar",'
                        b'"definition":"a","syntax":"regex"}}]}',
}


def conversations(dialect):
    made = {}
    prefix = PREFIXES[dialect]
    found = of_fixtures(dialect)
    for mode in (REQUEST, ANSWER, STREAM):
        for name, _, content in spread([each for each in found if each[1] == mode], 8):
            made[name] = prefix(mode) + content
    for name, body in ODD_BODIES.items():
        made[f"odd_{name}"] = prefix(REQUEST) + body
    for name, (mode, content) in CHANGED.get(dialect, {}).items():
        made[f"odd_{name}"] = prefix(mode) + content
    return made


def frame(name, payload, kind=b"event"):
    """One message of an AWS event stream."""
    headers = b""
    for field, value in ((b":message-type", kind), (b":event-type", name), (b":content-type", b"application/json")):
        headers += bytes([len(field)]) + field + b"\x07" + struct.pack(">H", len(value)) + value
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    message = prelude + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def of_bedrock():
    made = conversations("bedrock_converse")
    start = frame(b"messageStart", b'{"role":"assistant"}')
    stop = frame(b"messageStop", b'{"stopReason":"end_turn"}')
    lead = PREFIXES["bedrock_converse"](STREAM)
    made["stream_empty_payload"] = lead + start + frame(b"contentBlockDelta", b"") + stop
    made["stream_length_beyond"] = lead + start + b"\x7f\xff\xff\xff" + stop
    made["stream_bad_sum"] = lead + start[:-1] + b"\x00" + stop
    return made


# Frames of any bytes, headers that may lie about their length, frames as we write them, and events a line each, whose
# first byte says which: what the target's third byte chooses, the first two say how long or where to cut.
def of_event_streams():
    start = frame(b"messageStart", b'{"role":"assistant"}')
    header = b"\x0d:message-type\x07\x00\x05event"
    numbers = b"".join(bytes([1, 97, kind]) + b"\x00" * size for kind, size in ((0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8),
                                                                             (6, 2), (8, 8), (9, 16)))
    # In the order of the target's names.
    words = [b'\x00{"role":"assistant"}', b'\x01{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}',
             b'\x02{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}', b'\x03{"contentBlockIndex":0}',
             b'\x02{"contentBlockIndex":1,"delta":{"text":"a"}}', b'\x03{"contentBlockIndex":1}',
             b'\x02{"contentBlockIndex":2,"delta":{"reasoningContent":{"text":"b"}}}',
             b'\x02{"contentBlockIndex":2,"delta":{"reasoningContent":{"signature":"c2ln"}}}', b'\x03{"contentBlockIndex":2}',
             b'\x04{"stopReason":"tool_use"}', b'\x05{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}']
    return {
        "frame": b"\x00\x00\x00" + start,
        "frame_cut": b"\x00\x00\x00" + start[:-3],
        "frame_bad_sum": b"\x00\x00\x00" + start[:-1] + b"\x00",
        "headers": bytes([len(header), 0, 1]) + header + b"{}",
        "headers_of_all_types": bytes([len(numbers), 0, 1]) + numbers,
        "headers_beyond": b"\xff\x00\x01" + header,
        "headers_cut": bytes([len(header) - 2, 0, 1]) + header,
        "written": b"\x05\x00\x02chunk{}",
        "events": b"\x21\x00\x03" + b"\n".join(words),
        "events_failed": b"\x21\x00\x03" + b"\n".join([words[0], b'\x08{"message":"busy","originalStatusCode":529}']),
        "events_empty": b"\x00\x00\x03\x00\n\x02\n\x04\n",
    }


def of_doors():
    """The first byte chooses a door and, by its parity, a request or a stream, which is cut."""
    made = {}
    requests = [each for each in of_fixtures("anthropic_messages") if each[1] == REQUEST]
    streams = [each for each in of_fixtures("anthropic_messages") if each[1] == STREAM]
    for door in range(3):
        for name, _, content in spread(requests, 3):
            made[f"{door}_{name}"] = bytes([2 * door]) + content
        for name, _, content in spread(streams, 2):
            made[f"{door}_{name}"] = bytes([2 * door + 1]) + b"\x21\x00\x00" + content
    event = base64.b64encode(b'{"type":"message_start","message":{"id":"a","model":"m"}}')
    wrapped = b"".join(frame(b"chunk", b'{"bytes":"' + event + b'","p":"ab"}') for _ in range(2))
    for door in range(3):
        made[f"{door}_chunks"] = bytes([2 * door + 1]) + b"\x21\x00\x00" + wrapped
    return made


FORMS = {
    "file": b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n'
            b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--b--\r\n',
    "fields": b'--b\r\ncontent-disposition: form-data; name=model\r\n\r\n\r\n--b \r\nContent-Disposition: form-data; name="a\\"b"'
              b'\r\n\r\n--a\r\n--b--',
    "preamble": b'hello\r\n--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--b--\r\nbye',
    "unnamed": b'--b\r\nContent-Type: text/plain\r\n\r\na\r\n--b--\r\n',
    "cut": b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF\r\n--',
    "boundary": b'multipart/form-data; charset=utf-8; boundary="a b"',
    "bare_lf": b'--b\nContent-Disposition: form-data; name="n"\n\n1\n--b--\n',
}


def post(fields, body=b""):
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n" + body


def of_requests():
    get = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    cases = {
        "get": get,
        "length": post(b"Content-Length: 3\r\n", b"abc"),
        "chunked": post(b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
        "trailers": post(b"Transfer-Encoding: chunked\r\n", b"1;x=\"y\"\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"),
        "pipelined": get + post(b"Content-Length: 1\r\n", b"x") + get,
        "both_lengths": post(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        "two_lengths": post(b"Content-Length: 3\r\nContent-Length: 4\r\n", b"abcd"),
        "length_list": post(b"Content-Length: 3, 3\r\n", b"abc"),
        "coding_twice": post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"),
        "folded": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n",
        "bare_lf": b"GET / HTTP/1.1\nHost: a\n\n",
        "bare_cr": b"GET / HTTP/1.1\rHost: a\r\r",
        "blank_before_colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "no_host": b"GET / HTTP/1.1\r\n\r\n",
        "two_hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "absolute": b"GET http://localhost/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "expect": post(b"Expect: 100-continue\r\nContent-Length: 2\r\n", b"ok"),
        "http10": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "escapes": b"GET /v1/%2e%2e/%00?a=%zz HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "latin": b"GET / HTTP/1.1\r\nHost: a\r\nX-Latin: caf\xe9\r\n\r\n",
        "empty_lines": b"\r\n\r\n" + get,
        "close": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, TE\r\n\r\n",
    }
    made = {name: b"\x19\x00\x00" + content for name, content in cases.items()}
    made["small_limits"] = b"\x05\x00\x01" + b"GET /" + b"a" * 20 + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    return made


def of_responses():
    ok = b"HTTP/1.1 200 OK\r\n"
    cases = {
        "length": ok + b"Content-Length: 2\r\n\r\n{}",
        "chunked": ok + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "until_close": ok + b"Content-Type: text/event-stream\r\n\r\ndata: x",
        "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + ok + b"Content-Length: 0\r\n\r\n",
        "early_hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + b"\r\n",
        "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "no_reason": b"HTTP/1.1 429\r\nRetry-After: 3\r\n\r\n",
        "empty_reason": b"HTTP/1.1 503 \r\n\r\n",
        "http10": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
        "both_lengths": ok + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two_lengths": ok + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        "gzip": ok + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "no_content": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "status_of_two_digits": b"HTTP/1.1 20 OK\r\n\r\n",
        "status_600": b"HTTP/1.1 600 Odd\r\n\r\n",
        "http2": b"HTTP/2 200 OK\r\n\r\n",
        "folded": ok + b"X-A: b\r\n c\r\n\r\n",
        "bare_lf": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "nul": ok + b"X-A: b\x00c\r\n\r\n",
        "junk": b"<html>",
    }
    made = {name: b"\x0b\x00\x00" + content for name, content in cases.items()}
    made["small_limits"] = b"\x05\x00\x01" + ok + b"A: b\r\n" * 9 + b"\r\n"
    return made


def of_bodies():
    chunked, length, until_close = b"\x04\x00\x04", b"\x02\x00\x06", b"\x02\x00\x07"
    cases = {
        "one": chunked + b"5\r\nhello\r\n0\r\n\r\n",
        "several": chunked + b"1\r\na\r\n0a\r\n0123456789\r\n000\r\n\r\n",
        "extension": chunked + b'2;a=b;c="d\\"e" ;f\r\nab\r\n0;z\r\n\r\n',
        "trailers": chunked + b"0\r\nA: b\r\nC:\r\n\r\nrest",
        "greatest": chunked + b"ffffffffffffffff\r\nx",
        "too_great": chunked + b"10000000000000000\r\nx",
        "no_digits": chunked + b"\r\nabc",
        "sign": chunked + b"+1\r\na\r\n0\r\n\r\n",
        "bare_lf": chunked + b"1\na\n0\n\n",
        "no_end_of_data": chunked + b"1\r\nab\r\n0\r\n\r\n",
        "bad_trailer": chunked + b"0\r\nA : b\r\n\r\n",
        "cut": chunked + b"5\r\nhel",
        "length": length + b"123456",
        "length_and_more": length + b"1234567890",
        "until_close": until_close + b"anything",
    }
    return cases


def of_events():
    cases = {
        "plain": b"data: a\n\n",
        "crlf": b"event: x\r\ndata: a\r\n\r\n",
        "cr": b"data: a\r\rdata: b\r\r",
        "mixed": b"data: a\r\n\ndata: b\n\r\n",
        "lines": b"data: a\ndata: b\ndata\ndata:\n\n",
        "comment": b": ping\n\n:\ndata: a\n\n",
        "mark": b"\xef\xbb\xbfdata: a\n\n",
        "mark_inside": b"data: a\n\n\xef\xbb\xbfdata: b\n\n",
        "fields": b"id: 1\nretry: 5\nunknown: x\nevent:\n\n",
        "no_blank": b"data:a\ndata:  b\n\n",
        "no_end": b"data: a\n",
        "nul": b"id: a\x00b\ndata: \x00\n\n",
        "empty_lines": b"\n\n\r\n\r\r",
        "no_colon": b"data\nevent\n\n",
    }
    made = {name: b"\x06\x00\x00" + content for name, content in cases.items()}
    # The target reads byte by byte: what is long takes it the square of the time.
    short = [path for path in sorted((FIXTURES / "openai_chat").glob("*.sse")) if path.stat().st_size < 500]
    for path in spread(short, 6):
        made[f"fixture_{path.stem}"] = b"\x21\x00\x00" + path.read_bytes()
    return made


def of_configurations():
    made = {f"example_{path.stem}": path.read_bytes() for path in sorted((ROOT / "config/examples").glob("*.yaml"))}
    made["shipped"] = (ROOT / "config/sluice.yaml").read_bytes()
    page = (ROOT / "docs/reference/configuration.md").read_text()
    for i, block in enumerate(spread(re.findall(r"```yaml\n(.*?)```", page, re.S), 12)):
        made[f"reference_{i}"] = block.encode()
    made.update({
        "references": b"keys:\n  - {name: a, secret: '${A}'}\n  - {name: b, secret: '${file:/k}'}\n  - {name: c, secret: $A}\n",
        "unknown": b"provider: {}\nmodels: 3\n",
        "twice": b"keys: []\nkeys: []\n",
        "anchors": b"a: &a [*a]\nb: &b {<<: *b}\n",
        "documents": b"---\nkeys: []\n---\nkeys: []\n",
        "tags": b"keys: !!binary aGk=\nmodels: !x {}\n",
        "tabs": b"keys:\n\t- a\n",
        "deep": b"[" * 200,
        "urls": b"providers:\n  a: {kind: openai, base_url: 'http://user@[::1]:99999/%2e?x#y'}\n",
        "url": b"https://api.example:443/v1",
        "units": b"server: {limits: {body: 10MiB}, timeouts: {idle: 1h30m}}\n",
        "nothing": b"",
    })
    return made


def of_credentials():
    def profile(credentials, config):
        # The target cuts in the middle.
        size = max(len(credentials), len(config))
        return credentials.ljust(size, b"\n") + config.ljust(size, b"\n")

    keys = b"[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = a/secret+=\n"
    account = {"type": "service_account", "project_id": "house", "private_key_id": "k", "token_uri": "https://t.example",
               "client_email": "gateway@house.example",
               "private_key": "-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(bytes(48)).decode()
               + "\n-----END PRIVATE KEY-----\n"}
    def token(header, claims):
        parts = [json.dumps(header), json.dumps(claims), "s" * 64]
        return b".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in parts)

    said = {"iss": "i", "aud": ["a"], "sub": "s", "exp": 4102444800, "groups": ["g"]}
    published = [{"kty": "OKP", "crv": "Ed25519", "kid": "o", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                 {"kty": "EC", "crv": "P-256", "use": "sig", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                  "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
                 {"kty": "RSA", "alg": "RS256", "n": base64.urlsafe_b64encode(b"\xff" * 256).decode().rstrip("="),
                  "e": "AQAB"}]
    return {
        "jwt": token({"alg": "EdDSA", "kid": "o"}, said),
        "jwt_unknown": token({"alg": "RS256", "kid": "p", "typ": "at+jwt"}, said),
        "jwt_none": token({"alg": "none", "crit": ["exp"]}, said),
        "key_set": json.dumps({"keys": published}).encode(),
        "profile": profile(keys, b"[default]\r\nregion = eu-west-1\r\n"),
        "profile_token": profile(keys + b"aws_session_token=t==\n", b"[default]\ns3 =\n  region = nested\nregion=x\n"),
        "profile_role": profile(b"# none\n", b"[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n"),
        "profile_process": profile(b"; none\n", b"[ default ]\ncredential_process = /bin/x\n"),
        "profile_odd": profile(b"[default\n=\n==\n[]\n", b"[profile default]\nx\n=y\n \n"),
        "token": b'{"access_token":"ya29.abc","expires_in":3599,"token_type":"Bearer"}',
        "token_text": b'{"access_token":"t","expires_in":"86399"}',
        "token_great": b'{"access_token":"t","expires_in":1e300}',
        "token_split": rb'{"access_token":"a\r\nb","expires_in":5}',
        "token_error": b'{"error":"invalid_grant","error_description":"x"}',
        "keys": b'{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s/+=","Token":"t==",'
                b'"Expiration":"2099-11-23T06:00:01Z"}',
        "keys_fraction": b'{"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2099-02-29T23:59:60.123456789Z"}',
        "keys_odd": rb'{"AccessKeyId":"A\u0000","SecretAccessKey":" ","Expiration":"never"}',
        "account": json.dumps(account).encode(),
        "path": b"/a/./b/../c//d%2Fe/%zz/\xc3\xa9 ~*",
        "query": b"b=2&a=1&a=0&c&=d&%41=%7E+*&e=f=g",
    }


OUTLINES = {
    "plain": b'{"model":"m","messages":[],"stream":true}',
    "options": b'{"stream":true,"stream_options":{"include_usage":false},"model":"m"}',
    "options_null": b'{"stream":true,"stream_options":null,"model":"m"}',
    "options_empty": b'{"stream":true,"stream_options":{ },"model":"m"}',
    "options_other": b'{"stream":true,"stream_options":{"x":1},"model":"m"}',
    "options_asked": b'{"stream":true,"stream_options":{"include_usage":true},"model":"m"}',
    "options_list": b'{"stream":true,"stream_options":[],"model":"m"}',
    "escaped_model": rb'{"model":"\u006d\/\ud83d\ude00","messages":[]}',
    "escaped_name": rb'{"\u006dodel":"m","messages":[]}',
    "blanks": b' \t\r\n{ "model" : "m" , "messages" : [ ] } \n',
    "mark": b'\xef\xbb\xbf{"model":"m"}',
    "trailing": b'{"model":"m"}x',
    "comma": b'{"model":"m",}',
    "bad_utf8": b'{"model":"\xc0\xaf"}',
    "lone_surrogate": rb'{"model":"\ud800"}',
    "long_number": b'{"model":"m","n":' + b"1" * 65 + b"}",
    "infinite": b'{"model":"m","n":1e400}',
    "control": b'{"model":"a\x01"}',
    "empty_model": b'{"model":""}',
    "number_model": b'{"model":3}',
}

SENSES = {
    "done": b"[DONE]",
    "usage": b'{"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":9,"prompt_tokens_details":'
             b'{"cached_tokens":12},"completion_tokens_details":{"reasoning_tokens":4}}}',
    "usage_more_cached": b'{"choices":[],"usage":{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":12}}}',
    "usage_odd": b'{"usage":{"prompt_tokens":-1,"completion_tokens":1e30,"prompt_tokens_details":[]}}',
    "usage_elsewhere": b'{"x_groq":{"usage":{"prompt_tokens":17,"completion_tokens":6}},"choices":[]}',
    "error": b'{"error":{"message":"Rate limit reached","type":"tokens","param":null,"code":"rate_limit_exceeded"}}',
    "error_text": b'{"error":"overloaded"}',
    "error_flat": b'{"object":"error","message":"bad","code":40001}',
    "error_detail": b'{"detail":[{"loc":["body","n"],"msg":"no","type":"value_error"}]}',
    "error_null": b'{"error":null,"choices":[{"delta":{"content":"a"}}]}',
    "error_controls": rb'{"error":{"message":"a\r\n\u0000\ud83d","code":"\u0001"}}',
    "context": b'{"error":{"message":"This model\'s maximum context length is 8 tokens.","code":"context_length_exceeded"}}',
    "html": b"<html><body>502 Bad Gateway</body></html>",
}

# (operation, is it an answer, body), told in the target's second byte.
OPERATIONS = {
    "openai_chat": {
        "embed": (0, 0, b'{"model":"m","input":["a","b"],"encoding_format":"base64","dimensions":2}'),
        "embed_tokens": (0, 0, b'{"model":"m","input":[[1,2],[3]]}'),
        "embedded": (0, 1, b'{"data":[{"index":1,"embedding":[1,2e0]},{"index":0,"embedding":[-0.5,3]}],'
                           b'"model":"m","usage":{"prompt_tokens":2}}'),
        "embedded_packed": (64, 1, b'{"data":[{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":"AACAPw=="}]}'),
        "rank": (1, 0, b'{"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true}'),
        "ranked": (1, 1, b'{"results":[{"index":1,"relevance_score":0.5},{"index":0,"relevance_score":1e-9}]}'),
        "ranked_data": (1, 1, b'{"data":[{"index":0,"relevance_score":1}],"usage":{"total_tokens":3}}'),
    },
    "openai_responses": {
        "count": (2, 0, b'{"model":"m","input":"a","tools":[{"type":"function","name":"f","parameters":{}}]}'),
        "counted": (2, 1, b'{"object":"response.input_tokens","input_tokens":11}'),
    },
    "anthropic_messages": {
        "count": (2, 0, b'{"model":"m","messages":[{"role":"user","content":"a"}],"system":"s"}'),
        "counted": (2, 1, b'{"input_tokens":11}'),
    },
    "gemini": {
        "embed": (0, 0, b'{"content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":2}'),
        "embed_batch": (0, 0, b'{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}}]}'),
        "embedded": (0, 1, b'{"embeddings":[{"values":[1,2]},{"values":[3,4]}]}'),
        "count": (2, 0, b'{"contents":[{"role":"user","parts":[{"text":"a"}]}]}'),
        "count_whole": (2, 0, b'{"generateContentRequest":{"contents":[{"parts":[{"text":"a"}]}]}}'),
        "counted": (2, 1, b'{"totalTokens":7,"promptTokensDetails":[]}'),
    },
    "bedrock_converse": {
        "embed": (0, 0, b'{"inputText":"a","dimensions":256}'),
        "embed_list": (0, 0, b'{"texts":["a","b"],"input_type":"search_query"}'),
        "embedded": (0, 1, b'{"embeddings":[[1,2],[3,4]],"id":"i"}'),
        "count": (2, 0, b'{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"a"}]}]}}}'),
        "counted": (2, 1, b'{"inputTokens":9}'),
    },
    "cohere_v2": {
        "embed": (0, 0, b'{"model":"m","texts":["a","b"],"input_type":"search_document","embedding_types":["float","int8"]}'),
        "embedded": (0, 1, b'{"id":"i","embeddings":{"float":[[1,2],[3,4]]},"meta":{"billed_units":{"input_tokens":2}}}'),
        "rank": (1, 0, b'{"model":"m","query":"q","documents":["a","b"],"top_n":2,"max_tokens_per_doc":10}'),
        "ranked": (1, 1, b'{"id":"i","results":[{"index":1,"relevance_score":0.9}],"meta":{"billed_units":{"search_units":1}}}'),
    },
    "ollama": {
        "embed": (0, 0, b'{"model":"m","input":["a","b"],"truncate":true}'),
        "embedded": (0, 1, b'{"model":"m","embeddings":[[1,2],[3,4]],"prompt_eval_count":2}'),
    },
}


def of_operations():
    made = {}
    for dialect, cases in OPERATIONS.items():
        for name, (operation, is_answer, body) in cases.items():
            made[f"{dialect}_{name}"] = bytes([DIALECTS.index(dialect), operation * 2 + is_answer]) + body
    return made


TASKS = ["chat", "completion", "embedding", "rerank", "moderation", "image", "speech", "transcription", "translation", "count"]

# (dialect, task, body) of what requests are about, where the fixtures have none.
FEATURES = {
    "escapes": ("openai_chat", "chat", rb'{"\u006dessages":[{"role":"user","content":"\u00e9\ud83d\ude00\n\\\""}]}'),
    "tags": ("openai_chat", "chat", b'{"metadata":{"a":"b","c":1},"user":"u","safety_identifier":"s","messages":[]}'),
    "limits": ("openai_chat", "chat", b'{"max_tokens":1e2,"max_completion_tokens":18446744073709551616,"messages":[]}'),
    "prompts": ("openai_chat", "completion", b'{"prompt":["a","b"],"suffix":"c"}'),
    "tokens": ("openai_chat", "embedding", b'{"input":[[1,2],[3]]}'),
    "ranked": ("openai_chat", "rerank", b'{"query":"q","documents":["a",{"text":"b"}]}'),
    "follows": ("openai_responses", "chat", b'{"input":[{"type":"item_reference","id":"i"}],"previous_response_id":"r"}'),
    "created": ("openai_responses", "chat", b'{"type":"response.created","response":{"id":"r","object":"response"}}'),
    "nested": ("anthropic_messages", "chat", b'{"messages":[{"role":"user","content":' + b'[{"content":' * 40 + b'"a"'
               + b"}]" * 40 + b"}]}"),
    "source": ("anthropic_messages", "chat", b'{"messages":[{"content":[{"type":"document","source":{"data":"a","type":"text"}}]}]}'),
    "blobs": ("gemini", "chat", b'{"contents":{"parts":[{"inlineData":{"data":"AA"}},{"fileData":{"mime_type":"image/png"}}]}}'),
    "counted": ("gemini", "count", b'{"generateContentRequest":{"generateContentRequest":{},"contents":"a"}}'),
    "converse": ("bedrock_converse", "count", b'{"input":{"converse":{"system":[{"text":"a"}],"messages":[]}}}'),
    "generate": ("ollama", "completion", b'{"prompt":"a","system":{"system":["b"]},"images":["AA"]}'),
    "no_json": ("openai_chat", "chat", b'{"messages":[{"content":"\\'),
    "cut_escape": ("openai_chat", "chat", b'{"metadata":{"\\u00'),
}


def of_features():
    made = {}
    for name, (dialect, task, body) in FEATURES.items():
        made[name] = bytes([DIALECTS.index(dialect), TASKS.index(task)]) + body
    for i, dialect in enumerate(DIALECTS):
        requests = [each for each in of_fixtures(dialect) if each[1] == REQUEST]
        for name, _, content in spread(requests, 2):
            made[f"{dialect}_{name}"] = bytes([i, 0]) + content
    return made


# Members whose names are those of others elsewhere.
MISPLACED = {
    "anthropic_messages": (STREAM, b'event: message_start\ndata: {"type":"message_start","message":{"id":"a","model":"m"}}\n\n'
                                   b'event: message_delta\ndata: {"delta":{"stop_details":{}},"model":{},"usage.a":1}\n\n'
                                   b'event: message_stop\ndata: {}\n\n'),
    "gemini": (REQUEST, b'{"contents":[{"parts":[{"text":"a"}]}],"toolConfig":{"generationConfig.functionCallingConfig":'
                        b'{"mode":"AUTO"}}}'),
}


def of_events_by_themselves():
    """What an event of each dialect says, without what is around it, and its failures."""
    made = {}
    for dialect in DIALECTS:
        found = [content for _, mode, content in of_fixtures(dialect) if mode == STREAM]
        whole = [each for each in of_fixtures(dialect) if each[1] == ANSWER]
        events = [line.removeprefix(b"data: ") for content in found for line in re.split(rb"\r?\n", content)
                  if line.startswith((b"data: {", b"{"))]
        for i, content in enumerate(spread(sorted(set(events), key=lambda event: (len(event), event)), 2)):
            made[f"{dialect}_event_{i}"] = content
        for name, _, content in spread(whole, 1):
            made[f"{dialect}_{name}"] = content
    return made


def corpora():
    made = {f"{dialect}_fuzz": conversations(dialect) for dialect in DIALECTS}
    for dialect, body in GRAMMARS.items():
        made[f"{dialect}_fuzz"]["request_grammar"] = PREFIXES[dialect](REQUEST) + body
    for dialect, (mode, body) in MISPLACED.items():
        made[f"{dialect}_fuzz"]["misplaced"] = PREFIXES[dialect](mode) + body
    made["bedrock_converse_fuzz"] = of_bedrock()
    made["request_fuzz"] = of_requests()
    made["response_fuzz"] = of_responses()
    made["body_fuzz"] = of_bodies()
    made["sse_fuzz"] = of_events()
    made["config_fuzz"] = of_configurations()
    made["credential_fuzz"] = of_credentials()
    made["operations_fuzz"] = of_operations()
    made["features_fuzz"] = of_features()
    made["outline_fuzz"] = OUTLINES
    made["sense_fuzz"] = SENSES | of_events_by_themselves()
    made["event_stream_fuzz"] = of_event_streams()
    made["doors_fuzz"] = of_doors()
    made["form_fuzz"] = {name: b"\x21\x00\x00" + content for name, content in FORMS.items()}
    return made


for target, seeds in corpora().items():
    folder = HERE / "corpus" / target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in seeds.items():
        (folder / name).write_bytes(content)
    size = sum(map(len, seeds.values()))
    assert len(seeds) <= MOST and size <= MOST_BYTES, (target, len(seeds), size)
    print(f"{target}: {len(seeds)} seeds, {size} bytes")
