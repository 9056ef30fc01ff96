"""The command line, and the daemon without a file. Standard library only."""

import json
import pathlib
import re
import tempfile
import unittest

import gateway
import script
import upstream
import wire
from plain import chat, configuration, model_ids


class Commands(unittest.TestCase):
    GOOD = (
        "providers:\n  local: {kind: openai-compatible, base_url: 'http://127.0.0.1:9/v1', api_key: '${LOCAL_KEY}'}\n"
        "models:\n  one:\n    targets: [{provider: local}]\n"
    )
    BAD = (
        "server:\n"
        "  lisen: 127.0.0.1:8080\n"  # line 2, column 3: a key
        "providers:\n"
        "  local:\n"
        "    kind: openai-compatible\n"
        "    base_url: http://127.0.0.1:9/v1\n"
        "    api_key: ${NOT_SET}\n"  # line 7, column 14: a value
        "models:\n"
        "  one:\n"
        "    targets:\n"
        "      - {provider: lokal}\n"  # line 11, column 20: a value
    )

    def check(self, text, environment=None):
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            pathlib.Path(folder, "my.yaml").write_text(text, encoding="utf-8")
            return gateway.run("check", "my.yaml", folder=folder, environment=environment)

    def test_check_accepts_a_good_file(self):
        done = self.check(self.GOOD, {"LOCAL_KEY": "k"})
        self.assertEqual(done.returncode, 0, done)
        self.assertNotRegex(done.stdout, r"my\.yaml:\d")

    def test_check_prints_all_problems_where_they_are(self):
        done = self.check(self.BAD)
        self.assertEqual(done.returncode, 78)
        lines = done.stdout.splitlines()
        for line in lines:
            self.assertRegex(line, r"^my\.yaml:\d+:\d+: [^ ]+: .+; .+$")
        places = [re.match(r"my\.yaml:(\d+):(\d+): (\S+):", line).groups() for line in lines]
        self.assertIn(("2", "3", "server.lisen"), places)
        self.assertIn(("7", "14", "providers.local.api_key"), places)
        self.assertIn(("11", "20", "models.one.targets[0].provider"), places)
        self.assertEqual(len(lines), 3, lines)
        self.assertRegex(lines[0], "listen")
        self.assertRegex(lines[2], "local")

    def test_check_warns_of_a_literal_secret_and_accepts_it(self):
        done = self.check(self.GOOD.replace("'${LOCAL_KEY}'", "sk-written-out-1234"))
        self.assertEqual(done.returncode, 0)
        self.assertIn("api_key", done.stdout)
        self.assertNotIn("1234", done.stdout + done.stderr)

    def test_check_refuses_what_is_not_yaml_and_an_empty_file(self):
        for text in ("models: [", ""):
            with self.subTest(text):
                done = self.check(text)
                self.assertEqual(done.returncode, 78)
                self.assertRegex(done.stdout, r"^my\.yaml:\d+:\d+: ")

    def test_serve_refuses_a_bad_file(self):
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            path = pathlib.Path(folder, "bad.yaml")
            path.write_text(self.BAD, encoding="utf-8")
            done = gateway.run("serve", "--config", path)
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        self.assertIn("bad.yaml:2:3:", done.stderr)

    def test_serve_refuses_to_be_open_to_all(self):
        ports = gateway.free_ports(2)
        done = gateway.run("serve", "--listen", f"0.0.0.0:{ports[0]}", "--admin-listen", f"127.0.0.1:{ports[1]}")
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        self.assertIn("auth: none", done.stderr)

    def test_a_wrong_command_line_is_64(self):
        for arguments in (["serve", "--no-such-flag"], ["serve", "--listen", ""], ["no-such-command"], []):
            with self.subTest(arguments):
                done = gateway.run(*arguments)
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertTrue(done.stderr)

    def test_an_unknown_command_is_named_and_the_commands_are_listed(self):
        done = gateway.run("chek")
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        for words in ('"chek"', 'did you mean "check"?', "serve, check, explain, usage, healthcheck, keys, audit, version"):
            self.assertIn(words, done.stderr)
        self.assertNotIn("did you mean", gateway.run("frobnicate").stderr)

    def test_check_without_a_file_says_what_to_pass(self):
        done = gateway.run("check")
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("sluice check sluice.yaml", done.stderr)

    def test_problems_say_that_they_are_errors_in_check_and_serve(self):
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            path = pathlib.Path(folder, "my.yaml")
            path.write_text(self.BAD + "keys: [{name: a, secret: written-out-1234}]\n", encoding="utf-8")
            checked = gateway.run("check", path).stdout.splitlines()
            served = gateway.run("serve", "--config", path).stderr.splitlines()
        self.assertEqual(served[: len(checked)], checked)
        self.assertRegex(checked[0], r"my\.yaml:2:3: server\.lisen: error: unknown key")
        self.assertRegex(checked[-1], r": keys\[0\]\.secret: warning: the secret itself")

    def test_check_opens_the_pem_files_of_a_configuration(self):
        text = self.GOOD + "server:\n  tls:\n    certificate: my.yaml\n    key: /no/such/key.pem\n"
        done = self.check(text, {"LOCAL_KEY": "k"})
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stdout, r"my\.yaml:8:18: server\.tls\.certificate: error: .+; .+")
        self.assertRegex(done.stdout, r"my\.yaml:9:10: server\.tls\.key: error: .+; .+")

    def test_the_address_of_the_command_line_is_judged_and_not_the_files(self):
        ports = gateway.free_ports(2)
        inside, outside = f"127.0.0.1:{ports[0]}", f"0.0.0.0:{ports[0]}"
        admin = f"admin: {{listen: '127.0.0.1:{ports[1]}'}}\n"
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            path = pathlib.Path(folder, "my.yaml")
            path.write_text(self.GOOD + admin + f"server: {{listen: '{inside}'}}\n", encoding="utf-8")
            done = gateway.run("serve", "--config", path, "--listen", outside, environment={"LOCAL_KEY": "k"})
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        self.assertIn("auth: none", done.stderr)
        text = self.GOOD + "admin: {listen: '@admin@'}\nserver: {listen: '0.0.0.0:1'}\n"
        one = gateway.Gateway(text, {"LOCAL_KEY": "k"})
        one.arguments += ["--listen", one.listen]
        with one:
            self.assertEqual(model_ids(one), {"one"})

    ROUTED = (
        "providers:\n"
        "  near: {kind: openai-compatible, base_url: 'http://127.0.0.1:9/v1', residency: eu}\n"
        "  far: {kind: openai-compatible, base_url: 'http://127.0.0.1:9/v1', residency: us}\n"
        "  other: {kind: anthropic, base_url: 'http://127.0.0.1:9/v1', api_key: '${OTHER_KEY}'}\n"
        "models:\n"
        "  one: {targets: [{provider: far, model: x}, {provider: near, model: y}], fallback: [two]}\n"
        "  two: {targets: [{provider: other, model: z}]}\n"
        "routes:\n"
        "  - {name: at-home, when: {model: one, key: careful}, require: {residency: eu}}\n"
        "keys: [{name: careful, secret: '${CAREFUL_KEY}'}, {name: usual, secret: '${USUAL_KEY}'}]\n"
    )
    SECRETS = {name: f"{name}-canary-0123456789" for name in ("OTHER_KEY", "CAREFUL_KEY", "USUAL_KEY")}

    def explain(self, *arguments, text=ROUTED, body=None):
        """`sluice explain` of that file and body; with None the file of the body is not there."""
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            pathlib.Path(folder, "my.yaml").write_text(text, encoding="utf-8")
            if body is not None:
                pathlib.Path(folder, "request.json").write_bytes(body)
            files = ("--config", "my.yaml", "--request", "request.json")
            return gateway.run("explain", *files, *arguments, folder=folder, environment=self.SECRETS)

    def test_explain_tells_who_would_be_asked_and_why_not_others(self):
        body = json.dumps(wire.chat("one")).encode()
        done = self.explain(body=body)
        self.assertEqual((done.returncode, done.stdout), (0, "far/x\nnear/y\nother/z fallback: two\n"), done)
        self.assertEqual(done.stderr, "model one, strategy priority\n")
        done = self.explain("--key", "careful", body=body)
        self.assertEqual(done.returncode, 0)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:2], ["near/y", "far/x excluded: residency us is not one of eu"])
        self.assertRegex(lines[2], "^other/z excluded: residency is not told")
        self.assertIn("route at-home", done.stderr)
        self.assertNotIn("canary", done.stdout + done.stderr)

    def test_explain_tells_the_same_as_json(self):
        done = self.explain("--format", "json", "--key", "careful", body=json.dumps(wire.chat("one")).encode())
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual((told["route"], told["model"], told["strategy"]), ("at-home", "one", "priority"))
        self.assertEqual([one["order"] for one in told["candidates"]], [1, None, None])
        self.assertEqual(told["candidates"][1]["excluded"], "residency us is not one of eu")

    def test_explain_reads_requests_of_other_paths(self):
        body = json.dumps({"model": "one", "input": "hi"}).encode()
        done = self.explain("--path", "/v1/embeddings", body=body)
        self.assertEqual(done.returncode, 0, done)
        self.assertRegex(done.stdout, r"(?m)^other/z excluded: endpoint")

    def test_explain_has_an_exit_code_for_each_mistake(self):
        good = json.dumps(wire.chat("one")).encode()
        for code, arguments, more in (
            (65, ["--path", "/v1/no-such-path"], {"body": good}),
            (65, ["--key", "nobody"], {"body": good}),
            (65, [], {"body": b"{"}),
            (66, [], {}),
            (78, [], {"body": good, "text": self.BAD}),
            (64, ["--format", "xml"], {"body": good}),
        ):
            with self.subTest(code=code, arguments=arguments):
                done = self.explain(*arguments, **more)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertTrue(done.stderr)

    def test_version_names_itself_its_compiler_and_its_libraries(self):
        done = gateway.run("version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^sluice \d+\.\d+\.\d+")
        for word in ("(?i)gcc|gnu|clang", "(?i)revision", "OpenSSL +3", "Boost +1"):
            self.assertRegex(done.stdout, word)

    def test_healthcheck_finds_the_daemon_as_serve_does(self):
        admin = gateway.free_ports(1)[0]
        down = gateway.run("healthcheck", environment={"SLUICE_ADMIN_LISTEN": f"127.0.0.1:{admin}"})
        self.assertNotEqual(down.returncode, 0)
        with upstream.ScriptedUpstream() as scripted:
            with gateway.Gateway(configuration(scripted.port, ["chat"])) as one:
                by_file = gateway.run("healthcheck", environment={"SLUICE_CONFIG": str(one.file)})
                self.assertEqual(by_file.returncode, 0, by_file)
                by_address = gateway.run("healthcheck", environment={"SLUICE_ADMIN_LISTEN": one.admin_listen})
                self.assertEqual(by_address.returncode, 0, by_address)


class EmbeddedDefault(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = cls.enterClassContext(gateway.Gateway())

    def test_the_log_names_the_providers_that_were_found(self):
        with gateway.Gateway(environment={"XAI_API_KEY": "k"}) as one:
            serving = wire.eventually(
                lambda: [line for line in one.stderr().splitlines(True) if '"serving"' in line and line[-1] == "\n"],
                "the log says so",
            )
            self.assertRegex(json.loads(serving[0])["providers"], r"^demo, xai\b")

    def test_the_demo_answers_without_file_and_key(self):
        answer = chat(self.gateway, "demo").json()
        self.assertEqual(answer["choices"][0]["message"]["content"], "You said: Good morning")
        self.assertEqual(answer["choices"][0]["finish_reason"], "stop")
        self.assertEqual(answer["usage"]["completion_tokens"], 4)
        self.assertGreater(answer["usage"]["prompt_tokens"], 0)

    def test_the_demo_streams_the_same(self):
        answer = chat(self.gateway, "demo", stream=True)
        self.assertTrue(answer.body.endswith(script.DONE))
        self.assertTrue(answer.clean)
        self.assertEqual(wire.content_of(answer.body), "You said: Good morning")
        self.assertGreater(answer.body.count(b"data: {"), 2)

    def test_the_demo_makes_embeddings_and_is_listed(self):
        request = {"model": "demo", "input": ["one", "two", "one"]}
        data = self.gateway.ask("POST", "/v1/embeddings", request).json()["data"]
        self.assertEqual(data[0]["embedding"], data[2]["embedding"])
        self.assertNotEqual(data[0]["embedding"], data[1]["embedding"])
        self.assertIn("demo", model_ids(self.gateway))

    def test_probes_and_metrics_answer_on_their_own_listener_only(self):
        for path in ("/livez", "/readyz", "/metrics"):
            self.assertEqual(wire.ask(self.gateway.admin_port, "GET", path).status, 200, path)
            self.assertEqual(self.gateway.ask("GET", path).status, 404, path)
        self.assertEqual(self.gateway.ask("GET", "/healthz").status, 200)
        self.assertRegex(self.gateway.metrics(), r"(?m)^sluice_build_info\{.*version=.*\} 1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
