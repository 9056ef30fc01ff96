"""The official `openai` package for Python against the gateway and a scripted upstream."""

import asyncio
import base64
import hashlib
import json
import unittest

import openai

import script
import wire
from stage import KEYS, PROVIDER_KEY, Stage

MESSAGES = [{"role": "user", "content": "Good morning, \u4e16\u754c"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}},
        },
    }
]
stage = None


def setUpModule():
    global stage
    stage = unittest.enterModuleContext(Stage())


def client(key="app", **options):
    """A client that does not retry, unless told so."""
    settings = {"base_url": stage.base_url, "api_key": KEYS.get(key, key), "max_retries": 0, "timeout": 30} | options
    return openai.OpenAI(**settings)


def chat(model, **more):
    return client().chat.completions.create(model=model, messages=MESSAGES, **more)


def last_request(model):
    """What the upstream saw last under its own name of the model."""
    return stage.upstream.requests(model)[-1]


class Answers(unittest.TestCase):
    def test_chat_answers_and_counts(self):
        answer = chat("assistant")
        self.assertEqual(answer.choices[0].message.content, script.CONTENT)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual((answer.usage.prompt_tokens, answer.usage.completion_tokens), (11, 7))
        self.assertEqual(last_request("chat").json()["messages"], MESSAGES)

    def test_a_reply_names_its_request_model_provider_and_attempts(self):
        answer = client().chat.completions.with_raw_response.create(model="assistant", messages=MESSAGES)
        self.assertRegex(answer.headers["x-request-id"], r"^[A-Za-z0-9._-]{1,128}$")
        self.assertEqual(answer.parse()._request_id, answer.headers["x-request-id"])
        self.assertEqual(answer.headers["x-sluice-model"], "chat")
        self.assertEqual(answer.headers["x-sluice-provider"], "scripted")
        self.assertEqual(answer.headers["x-sluice-attempts"], "1")
        self.assertRegex(answer.headers["server-timing"], r"sluice;dur=[0-9.]+, ?upstream;dur=[0-9.]+")

    def test_the_callers_own_request_id_is_kept(self):
        answer = chat("assistant", extra_headers={"X-Client-Request-Id": "my.own_id-7"})
        self.assertEqual(answer._request_id, "my.own_id-7")

    def test_the_provider_sees_its_own_key_and_nothing_of_the_callers_headers(self):
        chat("assistant", extra_headers={"X-Private": "mine", "Cookie": "a=b", "X-Forwarded-For": "10.1.2.3"})
        seen = last_request("chat")
        self.assertEqual(seen.header("authorization"), "Bearer " + PROVIDER_KEY)
        for name in ("x-private", "cookie", "x-forwarded-for", "x-api-key", "x-request-id"):
            self.assertIsNone(seen.header(name), name)
        self.assertNotIn(KEYS["app"], str(seen.headers))

    def test_one_tool_call(self):
        call = chat("tools", tools=TOOLS).choices[0].message.tool_calls[0]
        self.assertEqual(
            (call.function.name, call.function.arguments), (script.WEATHER["name"], script.WEATHER["arguments"])
        )
        self.assertEqual(last_request("tools").json()["tools"], TOOLS)

    def test_two_tool_calls_at_once(self):
        calls = chat("tools-parallel", tools=TOOLS).choices[0].message.tool_calls
        self.assertEqual([call.id for call in calls], ["call_0", "call_1"])
        self.assertEqual(
            [call.function.arguments for call in calls], [script.WEATHER["arguments"], script.CLOCK["arguments"]]
        )

    def test_embeddings_in_both_codings(self):
        texts = ["short", "a longer text, \u00e9"]
        for coding in ({}, {"encoding_format": "float"}):
            with self.subTest(coding):
                answer = client().embeddings.create(model="assistant", input=texts, **coding)
                self.assertEqual([one.embedding for one in answer.data], [script.vector(text) for text in texts])
                self.assertEqual(last_request("chat").path, "/v1/embeddings")

    def test_transcripts_and_translations_of_small_and_large_files(self):
        for size in (10_000, 5_000_000):
            sound = bytes(range(256)) * (size // 256)
            heard = hashlib.sha256(sound).hexdigest()
            audio = client().audio
            with self.subTest(size):
                self.assertEqual(audio.transcriptions.create(model="assistant", file=("a.wav", sound)).text, heard)
                self.assertEqual(audio.translations.create(model="assistant", file=("a.wav", sound)).text, heard)
                events = list(audio.transcriptions.create(model="assistant", file=("a.wav", sound), stream=True))
                self.assertEqual(events[-1].text, heard)
                self.assertEqual("".join(one.delta for one in events[:-1]), heard)
                self.assertEqual(last_request("chat").path, "/v1/audio/transcriptions")

    def test_completions(self):
        answer = client().completions.create(model="assistant", prompt="Once")
        self.assertEqual(answer.choices[0].text, script.CONTENT)
        parts = list(client().completions.create(model="assistant", prompt="Once", stream=True))
        self.assertEqual("".join(part.choices[0].text for part in parts), script.CONTENT)

    def test_unknown_members_pass_both_ways_byte_for_byte(self):
        body = (
            b'{ "x_first" : {"b":1.0,"a":1e2},\r\n  "model":\t"unknown-fields" , "messages":[{"role":"user",'
            b'"content":"\\u00e9 \xc3\xa9","x_inner":[1.50]}] ,"x_last":-0.0 }'
        )
        answer = stage.gateway.ask("POST", "/v1/chat/completions", body, wire.bearer(KEYS["app"]))
        self.assertEqual((answer.status, answer.body), (200, script.UNKNOWN_FIELDS_ANSWER))
        self.assertEqual(last_request("unknown-fields").body, body)

    def test_only_the_value_of_model_is_replaced(self):
        body = b'{"messages":[{"role":"user","content":"\\"model\\":\\"assistant\\""}],  "model" : "assistant","n":1.0}'
        stage.gateway.ask("POST", "/v1/chat/completions", body, wire.bearer(KEYS["app"]))
        self.assertEqual(last_request("chat").body, body.replace(b'"model" : "assistant"', b'"model" : "chat"'))


class Streams(unittest.TestCase):
    def test_the_content_is_the_same_as_without_streaming(self):
        chunks = list(chat("assistant", stream=True))
        self.assertTrue(all(chunk.choices for chunk in chunks), "a chunk without choices")
        self.assertTrue(all(chunk.usage is None for chunk in chunks), "usage nobody asked for")
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks), script.CONTENT)
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")
        self.assertIs(last_request("chat").json()["stream_options"]["include_usage"], True)

    def test_usage_comes_in_the_last_chunk_when_asked_for(self):
        *chunks, last = chat("assistant", stream=True, stream_options={"include_usage": True})
        self.assertEqual((last.choices, last.usage.total_tokens), ([], 18))
        self.assertTrue(all(chunk.choices and chunk.usage is None for chunk in chunks))

    def test_events_are_relayed_as_they_were_written(self):
        for asked in (False, True):
            with self.subTest(asked=asked):
                body = wire.chat("assistant", True, **({"stream_options": {"include_usage": True}} if asked else {}))
                answer = stage.gateway.ask("POST", "/v1/chat/completions", body, wire.bearer(KEYS["app"]))
                events = script.chat_events("chat", include_usage=True)
                self.assertEqual(answer.body, b"".join(events if asked else events[:-2] + events[-1:]))
                self.assertTrue(answer.clean)
                self.assertTrue(answer.headers["content-type"].startswith("text/event-stream"))

    def test_an_event_arrives_while_the_next_is_still_unsaid(self):
        stream = iter(chat("gate-sdk", stream=True))
        self.assertEqual(next(stream).choices[0].delta.role, "assistant")
        stage.upstream.release("gate-sdk")
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in stream), script.CONTENT)

    def test_tool_arguments_come_together_again(self):
        with client().chat.completions.stream(model="tools-parallel", messages=MESSAGES, tools=TOOLS) as stream:
            message = stream.get_final_completion().choices[0].message
        self.assertEqual([call.function.name for call in message.tool_calls], ["weather", "clock"])
        self.assertEqual(
            [json.loads(call.function.arguments) for call in message.tool_calls],
            [json.loads(script.WEATHER["arguments"]), json.loads(script.CLOCK["arguments"])],
        )

    def test_one_tool_call_comes_together_again(self):
        arguments = ""
        for chunk in chat("tools", tools=TOOLS, stream=True):
            for call in chunk.choices[0].delta.tool_calls or []:
                arguments += call.function.arguments
        self.assertEqual(arguments, script.WEATHER["arguments"])

    def test_a_slow_stream_is_whole(self):
        content = "".join(chunk.choices[0].delta.content or "" for chunk in chat("slow", stream=True))
        self.assertEqual(content, script.CONTENT)

    def test_closing_right_after_the_end_counts_as_success(self):
        stream = chat("assistant", stream=True)
        request_id = stream.response.headers["x-request-id"]
        list(stream)
        line = stage.gateway.logged(request_id)
        self.assertEqual((line["status"], line["cut"], line["error"] or ""), (200, False, ""))

    def test_leaving_a_stream_cancels_the_upstream(self):
        stream = chat("gate-left", stream=True)
        next(iter(stream))
        stream.close()
        wire.eventually(lambda: last_request("gate-left").ended == "left", "the upstream saw its caller leave", 5)

    def test_many_streams_at_once_do_not_mix(self):
        async def all_of_them():
            async with openai.AsyncOpenAI(base_url=stage.base_url, api_key=KEYS["app"], max_retries=0) as many:

                async def one(model):
                    stream = await many.chat.completions.create(model=model, messages=MESSAGES, stream=True)
                    chunks = [chunk async for chunk in stream]
                    self.assertEqual(chunks[0].model, "chat" if model == "assistant" else model)
                    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

                return await asyncio.gather(*(one(model) for model in ["assistant", "slow"] * 16))

        self.assertEqual(asyncio.run(all_of_them()), [script.CONTENT] * 32)


class BrokenStreams(unittest.TestCase):
    """A stream that broke never ends cleanly."""

    def test_a_stream_cut_in_the_middle_raises(self):
        for model in ("cut-3", "reset-3", "end-3"):
            with self.subTest(model):
                content = ""
                with self.assertRaises(openai.APIError) as caught:
                    for chunk in chat(model, stream=True):
                        content += chunk.choices[0].delta.content or ""
                self.assertEqual(content, "".join(script.PIECES[:2]))
                self.assertEqual(set(caught.exception.body), {"message", "type", "param", "code"})
                self.assertEqual(caught.exception.code, "upstream_error")

    def test_a_cut_stream_ends_in_an_error_event_and_an_unfinished_body(self):
        for model in ("cut-3", "reset-3", "end-3"):
            with self.subTest(model):
                answer = stage.gateway.ask(
                    "POST", "/v1/chat/completions", wire.chat(model, True), wire.bearer(KEYS["app"])
                )
                whole = b"".join(script.chat_events(model, include_usage=True)[:3])
                self.assertEqual(answer.body[: len(whole)], whole)
                self.assertIn(b'"error"', answer.body[len(whole) :])
                self.assertNotIn(b"[DONE]", answer.body)
                self.assertFalse(answer.clean)
                line = stage.gateway.logged(answer.headers["x-request-id"])
                self.assertEqual((line["status"], line["cut"], line["error"]), (200, True, "upstream_error"))

    def test_a_later_error_event_is_relayed_and_raises(self):
        with self.assertRaises(openai.APIError) as caught:
            list(chat("error-event-3", stream=True))
        self.assertEqual((caught.exception.message, caught.exception.code), ("scripted failure", "scripted"))

    def test_a_first_error_event_becomes_a_status(self):
        with self.assertRaises(openai.InternalServerError):
            chat("error-event-0", stream=True)

    def test_what_fails_before_the_first_event_falls_back(self):
        answer = client().chat.completions.with_raw_response.create(model="rescued", messages=MESSAGES, stream=True)
        self.assertEqual(answer.headers["x-sluice-attempts"], "3")
        content = "".join(chunk.choices[0].delta.content or "" for chunk in answer.parse())
        self.assertEqual(content, script.CONTENT)

    def test_a_whole_answer_cut_in_its_body_falls_back(self):
        answer = client().chat.completions.with_raw_response.create(model="rescued-whole", messages=MESSAGES)
        self.assertEqual(answer.headers["x-sluice-attempts"], "2")
        self.assertEqual(answer.parse().choices[0].message.content, script.CONTENT)


class Errors(unittest.TestCase):
    def refused(self, kind, code, call):
        """The exception `call` raises, after what holds for every error of ours."""
        with self.assertRaises(kind) as caught:
            call()
        error = caught.exception
        self.assertEqual(set(error.body), {"message", "type", "param", "code"})
        self.assertEqual(error.code, code)
        self.assertTrue(error.message)
        self.assertEqual(error.request_id, error.response.headers["x-request-id"])
        self.assertTrue(error.request_id)
        return error

    def asking(self, model, key="app", **options):
        return lambda: client(key, **options).chat.completions.create(model=model, messages=MESSAGES)

    def test_a_wrong_key_is_an_authentication_error(self):
        error = self.refused(openai.AuthenticationError, "invalid_api_key", self.asking("assistant", key="sk-nobody"))
        self.assertEqual((error.status_code, error.type), (401, "invalid_request_error"))
        self.assertNotIn("sk-nobody", error.response.text)

    def test_no_key_is_401_too(self):
        answer = stage.gateway.ask("POST", "/v1/chat/completions", wire.chat("assistant"))
        self.assertEqual((answer.status, answer.code()), (401, "invalid_api_key"))

    def test_every_accepted_credential_header_works(self):
        for name in ("x-api-key", "api-key", "x-goog-api-key"):
            with self.subTest(name):
                answer = stage.gateway.ask("POST", "/v1/chat/completions", wire.chat("assistant"), {name: KEYS["app"]})
                self.assertEqual(answer.status, 200)

    def test_two_different_credentials_are_400(self):
        both = wire.bearer(KEYS["app"]) | {"x-api-key": KEYS["limited"]}
        self.assertEqual(stage.gateway.ask("POST", "/v1/chat/completions", wire.chat("assistant"), both).status, 400)

    def test_an_unknown_model_is_not_found(self):
        self.refused(openai.NotFoundError, "model_not_found", self.asking("no-such-model"))

    def test_a_model_outside_the_teams_list_is_denied(self):
        self.refused(openai.PermissionDeniedError, "model_not_allowed", self.asking("tools", key="limited"))

    def test_bad_json_is_a_bad_request(self):
        answer = stage.gateway.ask("POST", "/v1/chat/completions", b'{"model": "assistant",', wire.bearer(KEYS["app"]))
        self.assertEqual((answer.status, answer.code()), (400, "invalid_json"))

    def test_an_unknown_path_and_a_wrong_method(self):
        key = wire.bearer(KEYS["app"])
        self.assertEqual(stage.gateway.ask("POST", "/v1/no/such/path", b"{}", key).status, 404)
        self.assertEqual(stage.gateway.ask("GET", "/metrics", None, key).status, 404)
        answer = stage.gateway.ask("GET", "/v1/chat/completions", None, key)
        self.assertEqual((answer.status, answer.headers.get("allow")), (405, "POST"))

    def test_a_providers_verdict_on_the_request_is_relayed_byte_for_byte(self):
        for status, kind in {
            400: openai.BadRequestError,
            404: openai.NotFoundError,
            413: openai.APIStatusError,
            422: openai.UnprocessableEntityError,
        }.items():
            with self.subTest(status), self.assertRaises(kind) as caught:
                chat(f"error-{status}")
            self.assertEqual(caught.exception.status_code, status)
            self.assertEqual(
                caught.exception.response.content, script.error_body(status, f'scripted {status} \u2192 "as written"')
            )

    def test_a_provider_that_refuses_our_key_is_502(self):
        error = self.refused(openai.InternalServerError, "upstream_auth", self.asking("error-401"))
        self.assertEqual(error.status_code, 502)
        self.assertNotIn(PROVIDER_KEY, error.response.text)

    def test_a_failing_provider_is_a_server_error(self):
        error = self.refused(openai.InternalServerError, "upstream_error", self.asking("error-500"))
        self.assertEqual((error.status_code, error.type), (502, "server_error"))
        self.assertNotIn(PROVIDER_KEY, error.response.text)
        for model in ("error-503", "short-body", "unreachable"):
            with self.subTest(model), self.assertRaises(openai.InternalServerError) as caught:
                chat(model)
            self.assertIn(caught.exception.status_code, (502, 503))

    def test_429_from_every_target_is_a_rate_limit_with_the_smallest_delay(self):
        with self.assertRaises(openai.RateLimitError) as caught:
            chat("all-busy")
        headers = caught.exception.response.headers
        self.assertEqual((headers["retry-after"], headers["retry-after-ms"]), ("3", "3000"))
        self.assertEqual(set(caught.exception.body), {"message", "type", "param", "code"})

    def test_the_sdk_retries_a_429_by_itself(self):
        patient = client(max_retries=2)
        answer = patient.chat.completions.create(model="busy-1", messages=MESSAGES)
        self.assertEqual(answer.choices[0].message.content, script.CONTENT)
        self.assertEqual(len(stage.upstream.requests("busy-1")), 2)

    def test_the_clients_own_timeout(self):
        before = len(stage.upstream.requests("hang"))
        # The SDK tells how long it waits, and the gateway ends then as well: which of them is first would be chance.
        untold = {"x-stainless-read-timeout": "60"}
        with self.assertRaises(openai.APITimeoutError):
            client(timeout=0.5).chat.completions.create(model="hang", messages=MESSAGES, extra_headers=untold)
        mine = wire.eventually(lambda: stage.upstream.requests("hang")[before:], "the request reached the upstream")[0]
        wire.eventually(lambda: mine.ended == "left", "the upstream saw its caller leave", 5)

    def test_a_provider_that_does_not_start_in_time_is_504(self):
        error = self.refused(openai.InternalServerError, "upstream_timeout", self.asking("slow-to-start"))
        self.assertEqual(error.status_code, 504)


class Models(unittest.TestCase):
    def test_the_list_names_the_models_of_the_file(self):
        listed = {model.id: model for model in client().models.list()}
        self.assertLessEqual({"assistant", "vendor/family/chat", "tools"}, set(listed))
        self.assertEqual(listed["assistant"].object, "model")
        self.assertIsInstance(listed["assistant"].created, int)
        self.assertTrue(listed["assistant"].owned_by)

    def test_a_key_sees_only_what_it_may_use(self):
        self.assertEqual({model.id for model in client("limited").models.list()}, {"assistant", "vendor/family/chat"})

    def test_one_model_its_slashes_escaped_or_not(self):
        self.assertEqual(client().models.retrieve("vendor/family/chat").id, "vendor/family/chat")
        answer = stage.gateway.ask("GET", "/v1/models/vendor/family/chat", None, wire.bearer(KEYS["app"]))
        self.assertEqual((answer.status, answer.json()["id"]), (200, "vendor/family/chat"))

    def test_an_unknown_model_is_not_found(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            client().models.retrieve("no/such/model")
        self.assertEqual(caught.exception.code, "model_not_found")

    def test_paths_without_the_version_work(self):
        short = client(base_url=stage.base_url.removesuffix("/v1"))
        self.assertIn("assistant", [model.id for model in short.models.list()])
        self.assertEqual(
            short.chat.completions.create(model="assistant", messages=MESSAGES).choices[0].message.content,
            script.CONTENT,
        )


class OverTls(unittest.TestCase):
    """TLS on both sides, certificates by a private authority."""

    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Stage(tls=True))

    def client(self, **options):
        trusting = openai.DefaultHttpxClient(verify=self.stage.authority.client(), trust_env=False)
        self.addCleanup(trusting.close)
        settings = {"base_url": self.stage.base_url, "api_key": KEYS["app"], "max_retries": 0, "timeout": 30}
        return openai.OpenAI(**settings | {"http_client": trusting} | options)

    def test_answers_and_streams(self):
        secure = self.client()
        answer = secure.chat.completions.create(model="assistant", messages=MESSAGES)
        self.assertEqual(answer.choices[0].message.content, script.CONTENT)
        chunks = secure.chat.completions.create(model="assistant", messages=MESSAGES, stream=True)
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks), script.CONTENT)
        self.assertIn("assistant", [model.id for model in secure.models.list()])

    def test_a_long_body_passes_whole(self):
        text = base64.b64encode(bytes(range(256)) * 4096).decode()
        messages = [{"role": "user", "content": text}]
        self.client().chat.completions.create(model="assistant", messages=messages)
        self.assertEqual(self.stage.upstream.requests("chat")[-1].json()["messages"], messages)

    def test_a_cut_stream_raises(self):
        with self.assertRaises(openai.APIError) as caught:
            list(self.client().chat.completions.create(model="cut-3", messages=MESSAGES, stream=True))
        self.assertEqual(caught.exception.code, "upstream_error")

    def test_errors_keep_their_class(self):
        with self.assertRaises(openai.AuthenticationError):
            self.client(api_key="sk-nobody").models.list()
        with self.assertRaises(openai.BadRequestError):
            self.client().chat.completions.create(model="error-400", messages=MESSAGES)

    def test_a_client_that_does_not_know_the_authority_refuses_the_gateway(self):
        ignorant = openai.DefaultHttpxClient(trust_env=False)
        self.addCleanup(ignorant.close)
        with self.assertRaises(openai.APIConnectionError):
            self.client(http_client=ignorant).models.list()

    def test_the_gateway_refuses_an_upstream_of_an_unknown_authority(self):
        before = len(self.stage.upstream.recorded)
        with self.assertRaises(openai.InternalServerError):
            self.client().chat.completions.create(model="untrusted", messages=MESSAGES)
        self.assertEqual(len(self.stage.upstream.recorded), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
