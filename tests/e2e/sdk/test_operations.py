"""Reload, drain and the access log, as an operator meets them. Standard library only."""

import json
import pathlib
import signal
import ssl
import tempfile
import threading
import unittest

import certificates
import gateway
import script
import wire
from plain import WithUpstream, chat, model_ids


class Reload(WithUpstream):
    def test_a_changed_file_is_picked_up_on_sighup(self):
        one = self.serve(self.text("chat"))
        self.assertEqual(model_ids(one), {"chat"})
        one.write(self.text("chat", "slow"))
        one.signal(signal.SIGHUP)
        wire.eventually(lambda: model_ids(one) == {"chat", "slow"}, "the new model is listed")
        self.assertEqual(one.metric("sluice_config_reload_success"), 1)

    def test_a_changed_file_is_picked_up_without_a_signal(self):
        one = self.serve(self.text("chat"))
        one.write(self.text("chat", "slow"))
        wire.eventually(lambda: model_ids(one) == {"chat", "slow"}, "the new model is listed")

    def test_a_secret_in_a_file_is_read_again_on_sighup(self):
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            secret = pathlib.Path(folder, "secret")
            secret.write_text("sk-old-3c71\n", encoding="utf-8")
            one = self.serve(self.text("chat") + f"keys:\n  - {{name: app, secret: 'file:{secret}'}}\n")
            self.assertEqual(chat(one, headers=wire.bearer("sk-old-3c71")).status, 200)
            secret.write_text("sk-new-90ab\n", encoding="utf-8")
            one.signal(signal.SIGHUP)
            wire.eventually(lambda: chat(one, headers=wire.bearer("sk-new-90ab")).status == 200, "the new key works")
            self.assertEqual(chat(one, headers=wire.bearer("sk-old-3c71")).status, 401)

    def test_a_bad_file_keeps_the_old_world_and_says_so(self):
        one = self.serve(self.text("chat"))
        for bad in ("", "models: [", self.text("chat", "slow") + "surprise: 1\n"):
            with self.subTest(bad[-20:]):
                said = len(one.stderr())
                one.write(bad)
                one.signal(signal.SIGHUP)
                wire.eventually(
                    lambda: one.metric("sluice_config_reload_success") == 0, "the metric tells of the failure"
                )
                wire.eventually(lambda: "gateway.yaml" in one.stderr()[said:], "the log tells of the failure")
                self.assertEqual(model_ids(one), {"chat"})
                self.assertEqual(chat(one).status, 200)
                one.write(self.text("chat"))
                one.signal(signal.SIGHUP)
                wire.eventually(
                    lambda: one.metric("sluice_config_reload_success") == 1, "the metric tells of the success"
                )

    def logged(self, one, message):
        """The lines of the log with that message, once there is one."""

        def lines():
            whole = [line for line in one.stderr().splitlines(keepends=True) if line.endswith("\n")]
            return [json.loads(line) for line in whole if message in line]

        return wire.eventually(lines, f"the log says: {message}")

    def test_warnings_are_not_counted_as_problems_of_a_reload(self):
        one = self.serve(self.text("chat"))
        one.write(self.text("chat") + "surprise: 1\nkeys: [{name: a, secret: written-out-1234}]\n")
        self.assertEqual(self.logged(one, "reload refused")[0]["problems"], "1")

    def test_a_change_that_needs_a_restart_is_told_with_both_values(self):
        one = self.serve(self.text("chat"))
        one.write(self.text("chat", "slow").replace("workers: 2", "workers: auto"))
        told = self.logged(one, "with a restart only")
        self.assertEqual(len(told), 1)
        fields = {name: told[0][name] for name in ("key", "in_force", "written")}
        self.assertEqual(fields, {"key": "server.workers", "in_force": "2", "written": "auto"})
        wire.eventually(lambda: model_ids(one) == {"chat", "slow"}, "the rest is in force")

    def test_keys_do_not_go_while_the_listener_is_open_to_strangers(self):
        keys = "keys: [{name: a, secret: '${A_KEY}'}]\n"
        one = gateway.Gateway(self.text("chat") + keys, {"A_KEY": "sk-a-0123456789"})
        one.arguments += ["--listen", f"0.0.0.0:{one.port}"]
        with one:
            self.assertEqual(chat(one).status, 401)
            one.write(self.text("chat"))
            self.logged(one, "reload refused")
            self.assertEqual(chat(one).status, 401)

    def test_a_listener_that_cannot_move_back_keeps_its_keys(self):
        keys = "keys: [{name: a, secret: '${A_KEY}'}]\n"
        open_text = self.text("chat").replace("@listen@", "0.0.0.0:@port@")
        one = gateway.Gateway("", {"A_KEY": "sk-a-0123456789"})
        one.write(open_text.replace("@port@", str(one.port)) + keys)
        with one:
            one.write(self.text("chat"))
            self.assertIn("restart", self.logged(one, "reload refused")[0]["reason"])
            self.assertEqual(chat(one).status, 401)

    def test_a_deleted_file_is_told_and_the_old_world_stays(self):
        one = self.serve(self.text("chat"))
        one.file.unlink()
        told = self.logged(one, "configuration file is gone")
        self.assertEqual((len(told), told[0]["level"][:4]), (1, "warn"))
        self.assertEqual(chat(one).status, 200)
        one.write(self.text("chat", "slow"))
        wire.eventually(lambda: model_ids(one) == {"chat", "slow"}, "the file that came back is in force")

    def test_a_running_stream_keeps_the_world_it_started_with(self):
        one = self.serve(self.text("gate-kept"))
        stream = wire.OpenStream(one.port, "gate-kept")
        first = stream.next_event()
        one.write(self.text("chat"))
        one.signal(signal.SIGHUP)
        wire.eventually(lambda: model_ids(one) == {"chat"}, "the old model is gone")
        self.assertEqual(chat(one, "gate-kept").status, 404)
        self.upstream.release("gate-kept")
        rest, clean = stream.rest()
        self.assertEqual((wire.content_of(first + rest), clean), (script.CONTENT, True))
        self.assertTrue(rest.endswith(script.DONE))

    def test_the_listeners_certificate_is_read_again_on_sighup(self):
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            authority = certificates.Authority(folder)
            certificate, key = authority.issue("served", 7001)
            tls = f"  tls: {{certificate: {certificate}, key: {key}}}\n"
            text = self.text("chat").replace("admin:\n", tls + "admin:\n", 1)
            one = self.serve(text, tls=authority.client())
            self.assertEqual(self.serial(one, authority), 7001)
            authority.issue("served", 7002)
            one.signal(signal.SIGHUP)
            wire.eventually(lambda: self.serial(one, authority) == 7002, "the new certificate is served")

    def serial(self, one, authority):
        """The serial number of the certificate that is served now."""
        connection = wire.connect(one.port, authority.client())
        connection.connect()
        try:
            return int(connection.sock.getpeercert()["serialNumber"], 16)
        except ssl.SSLError:
            return None
        finally:
            connection.close()


class Caller(threading.Thread):
    """Asks for `chat` over one kept connection until told to stop, every other time streamed; keeps what failed."""

    def __init__(self, port):
        super().__init__()
        self.port = port
        self.halt = threading.Event()
        self.asked = 0
        self.failed = []

    def run(self):
        connection = wire.connect(self.port)
        while not self.halt.is_set():
            streamed = self.asked % 2 == 1
            self.asked += 1
            try:
                connection.request("POST", "/v1/chat/completions", json.dumps(wire.chat("chat", streamed)))
                response = connection.getresponse()
                body = response.read()
                whole = body.endswith(script.DONE) if streamed else body == script.chat_answer("chat")
                if response.status != 200 or not whole:
                    self.failed.append((response.status, body[-200:]))
            except Exception as failure:  # whatever it is, the request failed
                self.failed.append(repr(failure))
                connection.close()
                connection = wire.connect(self.port)
        connection.close()


class ReloadUnderLoad(WithUpstream):
    RELOADS = 200

    def test_two_hundred_reloads_lose_no_request(self):
        one = self.serve(self.text("chat", "generation-0"))
        callers = [Caller(one.port) for _ in range(4)]
        for caller in callers:
            caller.start()
        try:
            for number in range(1, self.RELOADS + 1):
                one.write(self.text("chat", f"generation-{number}"))
                one.signal(signal.SIGHUP)
                wanted = {"chat", f"generation-{number}"}
                wire.eventually(lambda: model_ids(one) == wanted, f"reload {number} is in force")
        finally:
            for caller in callers:
                caller.halt.set()
            for caller in callers:
                caller.join()
        self.assertEqual([failure for caller in callers for failure in caller.failed], [])
        self.assertGreater(min(caller.asked for caller in callers), self.RELOADS // 4)
        self.assertEqual(one.metric("sluice_config_reload_success"), 1)


def refuses_connections(port):
    connection = wire.connect(port, timeout=2)
    try:
        connection.connect()
        return False
    except OSError:
        return True
    finally:
        connection.close()


class Drain(WithUpstream):
    def test_sigterm_lets_live_streams_finish(self):
        one = self.serve(self.text("chat", "gate-drain", delay="2s"))
        streams = [wire.OpenStream(one.port, "gate-drain") for _ in range(8)]
        firsts = [stream.next_event() for stream in streams]
        one.signal(signal.SIGTERM)
        wire.eventually(lambda: one.readiness() == 503, "readiness fails at once", 1.5)
        late = chat(one)
        self.assertEqual((late.status, late.headers.get("connection")), (200, "close"))
        wire.eventually(lambda: refuses_connections(one.port), "no new connections after the delay")
        self.assertIsNone(one.process.poll(), "it did not wait for its streams")
        self.upstream.release("gate-drain")
        for first, stream in zip(firsts, streams):
            rest, clean = stream.rest()
            self.assertEqual((wire.content_of(first + rest), clean), (script.CONTENT, True))
            self.assertTrue(rest.endswith(script.DONE))
        self.assertEqual(one.wait(), 0)
        self.assertEqual([line["status"] for line in one.access_log()], [200] * 9)

    def test_the_end_of_the_grace_ends_streams_with_an_error_event(self):
        one = self.serve(self.text("gate-grace").replace("grace: 10s", "grace: 300ms"))
        stream = wire.OpenStream(one.port, "gate-grace")
        stream.next_event()
        one.signal(signal.SIGTERM)
        self.ends_broken(stream)
        self.assertEqual(one.wait(5), 0)

    def test_a_second_sigterm_ends_at_once_but_not_cleanly(self):
        one = gateway.Gateway(self.text("gate-twice"))
        self.addCleanup(one.kill)
        one.__enter__()
        stream = wire.OpenStream(one.port, "gate-twice")
        stream.next_event()
        one.signal(signal.SIGTERM)
        wire.eventually(lambda: one.readiness() != 200, "the drain began")
        one.signal(signal.SIGTERM)
        self.ends_broken(stream)
        one.wait(2)

    def ends_broken(self, stream):
        rest, clean = stream.rest()
        self.assertIn(b'"error"', rest)
        self.assertNotIn(b"[DONE]", rest)
        self.assertFalse(clean, "a broken stream ended cleanly")


class AccessLog(WithUpstream):
    FIELDS = """time request_id client method path status error key team route model provider attempts stream cut
                input_tokens output_tokens cost_nano_usd first_byte_ms duration_ms bytes_in bytes_out""".split()

    def test_every_request_has_one_line_with_all_fields(self):
        one = self.serve(self.text("chat", "error-400", "error-500", "cut-3"))
        answers = [chat(one), chat(one, stream=True), chat(one, "error-400"), chat(one, "error-500")]
        answers += [chat(one, "cut-3", stream=True), chat(one, "nobody-knows-this"), one.ask("GET", "/v1/models")]
        answers += [one.ask("POST", "/v1/embeddings", {"model": "chat", "input": "x"}), one.ask("GET", "/no/such/path")]
        answers += [one.ask("POST", "/v1/chat/completions", b"{"), one.ask("DELETE", "/v1/chat/completions")]
        lines = {answer.headers["x-request-id"]: one.logged(answer.headers["x-request-id"]) for answer in answers}
        self.assertEqual(len(lines), len(answers))
        one.signal(signal.SIGTERM)
        self.assertEqual(one.wait(), 0)
        self.assertEqual(len(one.access_log()), len(answers))
        for answer in answers:
            line = lines[answer.headers["x-request-id"]]
            self.assertEqual(set(line), set(self.FIELDS))
            self.assertEqual(line["status"], answer.status)
            self.assertEqual(line["client"], "127.0.0.1")
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
            self.assertGreaterEqual(line["duration_ms"], 0)

    def test_a_line_tells_what_happened(self):
        one = self.serve(self.text("chat", "error-500", "cut-3"))
        cases = [
            (("chat", False), {"status": 200, "model": "chat", "provider": "scripted", "attempts": 1, "stream": False}),
            (("chat", False), {"input_tokens": 11, "output_tokens": 7, "cut": False, "path": "/v1/chat/completions"}),
            (("chat", True), {"stream": True, "input_tokens": 11, "output_tokens": 7, "cut": False, "method": "POST"}),
            (("error-500", False), {"status": 502, "error": "upstream_error", "input_tokens": None}),
            (("cut-3", True), {"status": 200, "error": "upstream_error", "cut": True, "stream": True}),
            (
                ("nobody-knows-this", False),
                {"status": 404, "error": "model_not_found", "model": "other", "attempts": 0},
            ),
        ]
        for (model, stream), expected in cases:
            with self.subTest(model=model, stream=stream):
                line = one.logged(chat(one, model, stream).headers["x-request-id"])
                self.assertEqual({name: line[name] for name in expected}, expected)

    def test_a_caller_who_left_before_the_answer_is_499(self):
        one = self.serve(self.text("hang"))
        connection = wire.connect(one.port)
        connection.request(
            "POST", "/v1/chat/completions", json.dumps(wire.chat("hang")), {"x-request-id": "left-early"}
        )
        wire.eventually(lambda: self.upstream.requests("hang"), "the request reached the upstream")
        connection.close()
        line = one.logged("left-early")
        self.assertEqual((line["status"], line["cut"], line["bytes_out"]), (499, False, 0))
        wire.eventually(lambda: self.upstream.requests("hang")[0].ended == "left", "the upstream was let go", 5)

    def test_a_caller_who_left_a_stream_is_told_of_as_cut(self):
        one = self.serve(self.text("gate-left"))
        stream = wire.OpenStream(one.port, "gate-left")
        request_id = stream.response.headers["x-request-id"]
        stream.next_event()
        stream.close()
        line = one.logged(request_id)
        self.assertTrue(line["cut"])
        self.assertIn(line["status"], (200, 499))
        wire.eventually(lambda: self.upstream.requests("gate-left")[0].ended == "left", "the upstream was let go", 5)

    def test_every_request_is_counted_once(self):
        one = self.serve(self.text("chat"))
        for _ in range(3):
            chat(one, stream=True)

        def mine():
            lines = [line for line in one.metrics().splitlines() if line.startswith("sluice_requests_total{")]
            return [line for line in lines if 'model="chat"' in line]

        # A request is counted a moment after its answer has arrived.
        wire.eventually(lambda: [line.split(" ")[-1] for line in mine()] == ["3"], "three requests were counted")
        self.assertIn('status_class="2xx"', mine()[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
