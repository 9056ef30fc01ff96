"""No secret and nothing of a conversation comes out of the gateway where it does not belong. Standard library only."""

import base64
import pathlib
import secrets
import signal
import tempfile
import unittest

import gateway
import script
import wire
from plain import SERVER, WithUpstream, provider


class Canary:
    """A secret no other text contains, and the shapes in which it must not be seen again."""

    def __init__(self):
        self.text = "sk-canary-" + secrets.token_hex(16)

    def shapes(self):
        yield self.text
        yield self.text[-8:]
        for shift in range(3):  # base64 of it at any place of a longer text, without the uncertain edges
            coded = base64.b64encode(b"\0" * shift + self.text.encode()).decode().rstrip("=")
            yield coded[4:-2] if shift else coded[:-2]


class Secrets(WithUpstream):
    def test_no_secret_comes_out_anywhere(self):
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            self.slots = {
                name: Canary() for name in "variable file literal key team_key stranger query literal_key admin operator guess".split()
            }
            pathlib.Path(folder, "secret").write_text(self.slots["file"].text + "\n", encoding="utf-8")
            one = self.serve(
                self.secretive(folder),
                environment={
                    "PROVIDER": self.of("variable"),
                    "APP": self.of("key"),
                    "ADMIN": self.of("admin"),
                    "OPERATOR": self.of("operator"),
                },
            )
            seen = self.provoke(one)
            one.write(self.secretive(folder) + f"surprise: {self.of('literal')}\nkeys: {self.of('literal_key')}\n")
            one.signal(signal.SIGHUP)
            wire.eventually(lambda: one.metric("sluice_config_reload_success") == 0, "the bad file is refused")
            seen["metrics"] = one.metrics()
            checked = gateway.run("check", one.file, environment={"PROVIDER": self.of("variable")})
            seen["check"] = checked.stdout + checked.stderr
            one.signal(signal.SIGTERM)
            self.assertEqual(one.wait(), 0)
            seen |= {"stdout": one.stdout(), "stderr": one.stderr()}
        used = {
            value
            for record in self.upstream.recorded
            for name, value in record.headers
            if name.lower() == "authorization"
        }
        self.assertEqual(used, {"Bearer " + self.of(slot) for slot in ("variable", "file", "literal")})
        for place, text in seen.items():
            self.assertTrue(text, place)
            for slot, canary in self.slots.items():
                for shape in canary.shapes():
                    self.assertNotIn(shape, text, f"the secret of {slot} in {place}")

    def of(self, slot):
        return self.slots[slot].text

    def secretive(self, folder):
        """A configuration with a secret in every place that takes one, in every way it can be written."""
        text = SERVER % "100ms" + "  token: ${ADMIN}\n"
        text += "  operators: [{name: vera, role: viewer, token: '${OPERATOR}'}]\nproviders:\n"
        for name, value in {
            "variable": "${PROVIDER}",
            "file": f"file:{folder}/secret",
            "literal": self.of("literal"),
        }.items():
            text += provider(name, self.upstream.port, value)
        text += "models:\n"
        for name in ("variable", "file", "literal"):
            for model in ("chat", "error-401", "error-500", "cut-3"):
                text += f"  {name}/{model}: {{targets: [{{provider: {name}, model: {model}}}]}}\n"
        text += "teams:\n  narrow: {models: [file/chat]}\n"
        text += "keys:\n  - {name: app, secret: '${APP}'}\n"
        return text + f"  - {{name: narrow, team: narrow, secret: {self.of('team_key')}}}\n"

    def provoke(self, one):
        """A mix of requests, most of which fail; every answer's head and body."""
        answers = []

        def post(model, stream, headers, query=""):
            answers.append(one.ask("POST", "/v1/chat/completions" + query, wire.chat(model, stream), headers))

        app = wire.bearer(self.of("key"))
        for name in ("variable", "file", "literal"):
            for model in ("chat", "error-401", "error-500", "cut-3"):
                for stream in (False, True):
                    post(f"{name}/{model}", stream, app, "?api-key=" + self.of("query"))
        for header in ("x-api-key", "api-key", "x-goog-api-key"):
            post("variable/chat", False, {header: self.of("stranger")})
        post("variable/chat", False, wire.bearer(self.of("stranger")))
        post("variable/chat", False, {"authorization": "Basic " + self.of("stranger")})
        post("variable/chat", False, wire.bearer(self.of("team_key")))
        post("variable/chat", False, app | {"x-api-key": self.of("stranger")})
        answers.append(one.ask("POST", "/v1/chat/completions", b"{", app))
        answers.append(one.ask("GET", "/v1/models", None, app))
        for path in ("config", "keys", "providers", "audit"):
            answers.append(wire.ask(one.admin_port, "GET", "/admin/v1/" + path, None, wire.bearer(self.of("operator"))))
        for secret in [self.of("admin")] + [self.of("guess")] * 11 + [self.of("admin")]:
            path = "/admin/v1/openapi.json?token=" + self.of("admin")
            answers.append(wire.ask(one.admin_port, "GET", path, None, wire.bearer(secret)))
        answers.append(one.ask("GET", "/v1/models", None, wire.bearer(self.of("admin"))))
        self.assertLessEqual({200, 400, 401, 403, 429, 502}, {answer.status for answer in answers})
        told = "\n".join(f"{answer.headers} {answer.body.decode()}" for answer in answers)
        return {"answers": told}

    def test_what_callers_and_models_say_is_not_logged(self):
        said = "canary-" + secrets.token_hex(16)
        one = self.serve(self.text("chat", "error-400", "error-500", "cut-3"))
        for model in ("chat", "error-400", "error-500", "cut-3", said):
            for stream in (False, True):
                one.ask("POST", "/v1/chat/completions", wire.chat(model, stream, said, user=said), {"x-private": said})
        one.ask("POST", "/v1/chat/completions", b'{"model": "chat", "' + said.encode())
        metrics = one.metrics()
        one.signal(signal.SIGTERM)
        self.assertEqual(one.wait(), 0)
        for place, text in {"stdout": one.stdout(), "stderr": one.stderr(), "metrics": metrics}.items():
            self.assertNotIn(said, text, place)
            self.assertNotIn(script.PIECES[2].strip(), text, place)
        self.assertIn('"other"', one.stdout())


if __name__ == "__main__":
    unittest.main(verbosity=2)
