"""The guarded half of the admin plane, and where its token is told. Standard library only."""

import hashlib
import json
import pathlib
import re
import signal
import tempfile
import unittest

import gateway
import wire
from plain import WithUpstream

DESCRIPTION = "/admin/v1/openapi.json"
MADE = re.compile(r"^sluice: admin plane at http://(\S+)/ with a token made for this run: ([0-9a-f]{64})$", re.M)


def ask(one, token=None, path=DESCRIPTION, method="GET", body=None):
    return wire.ask(one.admin_port, method, path, body, wire.bearer(token) if token else {})


def made_token(one):
    """The address and the token that the daemon told; both exactly once."""
    found = wire.eventually(lambda: MADE.findall(one.stderr()), "the token is told")
    assert len(found) == 1, found
    return found[0]


class Token(WithUpstream):
    def with_token(self, token):
        return self.text("chat").replace("admin:\n", f"admin:\n  token: {token}\n")

    def test_without_one_in_the_file_one_is_made_and_told_once(self):
        one = self.serve(self.text("chat"))
        address, token = made_token(one)
        self.assertEqual(address, one.admin_listen)
        self.assertEqual(ask(one, token).status, 200)
        one.write(self.text("chat", "slow"))
        one.signal(signal.SIGHUP)
        wire.eventually(lambda: '"reloaded"' in one.stderr(), "the file is read again")
        self.assertEqual(ask(one, token).status, 200)
        metrics = one.metrics()
        one.signal(signal.SIGTERM)
        self.assertEqual(one.wait(), 0)
        self.assertEqual(one.stderr().count(token), 1)
        self.assertNotIn(token, one.stdout() + metrics)

    def test_one_in_the_file_is_not_told_and_may_change(self):
        environment = {"OLD": "sk-admin-old-token-11", "NEW": "sk-admin-new-token-22"}
        one = self.serve(self.with_token("${OLD}"), environment=environment)
        self.assertEqual(ask(one, environment["OLD"]).status, 200)
        one.write(self.with_token("${NEW}"))
        # Not by trying the new one: too many wrong guesses would lock this address out.
        wire.eventually(lambda: '"reloaded"' in one.stderr(), "the file is read again")
        self.assertEqual(ask(one, environment["NEW"]).status, 200)
        self.assertEqual(ask(one, environment["OLD"]).status, 401)
        one.signal(signal.SIGTERM)
        self.assertEqual(one.wait(), 0)
        for token in environment.values():
            self.assertNotIn(token, one.stderr() + one.stdout())
        self.assertNotRegex(one.stderr(), MADE)

    def test_a_short_one_is_a_problem_of_the_file(self):
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            text = self.with_token("${SHORT}").replace("@listen@", "127.0.0.1:0").replace("@admin@", "127.0.0.1:0")
            pathlib.Path(folder, "my.yaml").write_text(text, encoding="utf-8")
            done = gateway.run("check", "my.yaml", folder=folder, environment={"SHORT": "fifteen-letters"})
        self.assertEqual(done.returncode, 78)
        self.assertIn("admin.token: error: the token is shorter than 16 characters", done.stdout)
        self.assertNotIn("fifteen", done.stdout + done.stderr)


class Operators(WithUpstream):
    ROLES = {"alice": "operator, team: support", "vera": "viewer", "bill": "billing", "carol": "admin"}
    STATUS = {
        "/admin/v1/providers": {"alice": 200, "vera": 200, "bill": 403, "carol": 200},
        "/admin/v1/config": {"alice": 403, "vera": 200, "bill": 403, "carol": 200},
        "/admin/v1/teams": {"alice": 403, "vera": 200, "bill": 200, "carol": 200},
        "/admin/v1/keys": {"alice": 200, "vera": 200, "bill": 200, "carol": 200},
        "/admin/v1/usage": {"alice": 200, "vera": 403, "bill": 200, "carol": 200},
        "/admin/v1/audit": {"alice": 403, "vera": 403, "bill": 403, "carol": 200},
        "/admin/v1/none": {"alice": 404, "vera": 404, "bill": 404, "carol": 404},
    }

    def file(self, *names):
        lines = "".join(
            f"    - {{name: {name}, role: {self.ROLES[name]}, token: '${{{name.upper()}}}'}}\n" for name in names
        )
        text = self.text("chat").replace("admin:\n", "admin:\n  token: ${ADMIN}\n  operators:\n" + lines)
        return text + "teams: {support: {}, sales: {}}\nkeys: [{name: shop, team: sales, secret: '${SHOP}'}]\n"

    def setUp(self):
        super().setUp()
        self.tokens = {name: f"token-canary-of-{name}" for name in (*self.ROLES, "admin")}
        environment = {name.upper(): token for name, token in self.tokens.items()} | {"SHOP": "secret-canary-of-shop"}
        self.one = self.serve(self.file(*self.ROLES), environment=environment)

    def ask(self, who, path, method="GET", body=None):
        return ask(self.one, self.tokens[who], path, method, body)

    def records(self, action):
        return [one for one in self.ask("carol", "/admin/v1/audit").json()["records"] if one["action"] == action]

    def test_each_role_may_do_what_its_permissions_say(self):
        for path, statuses in self.STATUS.items():
            for who, status in statuses.items():
                with self.subTest(path=path, who=who):
                    answer = self.ask(who, path)
                    self.assertEqual(answer.status, status)
                    if status == 403:
                        self.assertEqual(answer.code(), "forbidden")
            self.assertEqual(ask(self.one, None, path).status, 401)

    def test_an_operator_looks_after_the_keys_of_one_team(self):
        made = self.ask("alice", "/admin/v1/keys", "POST", b'{"name": "bot"}')
        self.assertEqual(made.status, 201)
        listed = self.ask("alice", "/admin/v1/keys").json()["keys"]
        self.assertEqual([(key["name"], key["team"]) for key in listed], [("bot", "support")])
        self.assertEqual(self.ask("alice", "/admin/v1/keys/shop", "DELETE").status, 404)
        self.assertEqual(self.ask("carol", "/admin/v1/keys/shop", "DELETE").status, 409)
        self.assertEqual(self.ask("alice", "/admin/v1/keys", "POST", b'{"name": "x", "team": "sales"}').status, 403)
        self.assertEqual(self.ask("vera", "/admin/v1/keys", "POST", b'{"name": "x"}').status, 403)
        self.assertEqual(self.ask("alice", f"/admin/v1/keys/{made.json()['id']}", "DELETE").status, 200)
        records = self.records("key.create") + self.records("key.revoke")
        self.assertEqual([one["actor"] for one in records], ["alice", "alice"])

    def test_the_configuration_in_force_is_known_by_the_digest_of_its_text(self):
        def digest():
            return hashlib.sha256(pathlib.Path(self.one.file).read_bytes()).hexdigest()

        first = self.ask("vera", "/admin/v1/config")
        self.assertEqual((first.json()["sha256"], first.json()["file"]), (digest(), str(self.one.file)))
        self.assertNotIn("canary", first.body.decode())
        wire.eventually(lambda: self.records("config.load"), "the start is in the trail")
        self.assertEqual(self.records("config.load")[0]["details"], {"outcome": "accepted", "sha256": digest()})

        self.one.write(self.file("vera", "carol"))
        self.one.signal(signal.SIGHUP)
        in_force = lambda: self.ask("vera", "/admin/v1/config").json()["sha256"]
        wire.eventually(lambda: in_force() == digest(), "the file is read again")
        self.assertEqual(self.ask("alice", "/admin/v1/keys").status, 401)
        good = digest()
        self.one.write(self.file("vera", "carol") + "surprise: 1\n")
        self.one.signal(signal.SIGHUP)
        # The trail is written behind what it tells of.
        last = lambda: next((record["details"] for record in self.records("config.reload")), {})
        wire.eventually(lambda: last().get("outcome") == "refused", "that one is refused")
        self.assertEqual((last()["sha256"], in_force()), (digest(), good))
        trail = json.dumps(self.ask("carol", "/admin/v1/audit").json())
        self.one.signal(signal.SIGTERM)
        self.assertEqual(self.one.wait(), 0)
        self.assertNotIn("canary", trail + self.one.stderr() + self.one.stdout())


class Plane(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = cls.enterClassContext(gateway.Gateway())
        cls.token = made_token(cls.gateway)[1]

    def test_every_described_operation_answers_as_described(self):
        document = ask(self.gateway, self.token).json()
        self.assertEqual(document["openapi"], "3.1.0")
        self.assertIn(DESCRIPTION, document["paths"])
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                with self.subTest(path=path, method=method):
                    bare = ask(self.gateway, None, path, method.upper())
                    known = ask(self.gateway, self.token, path, method.upper())
                    self.assertIn(str(known.status), operation["responses"])
                    self.assertEqual(bare.status, 401 if operation["security"] else known.status)
                    if method == "get":
                        head = ask(self.gateway, self.token, path, "HEAD")
                        self.assertEqual((head.status, head.body), (known.status, b""))
                    wrong = ask(self.gateway, self.token, path, "PUT")
                    allowed = {one.upper() for one in operations} | ({"HEAD"} if "get" in operations else set())
                    self.assertEqual((wrong.status, set(wrong.headers["allow"].split(", "))), (405, allowed))

    def test_unknown_paths_are_for_holders_of_the_token(self):
        refused = ask(self.gateway, None, "/admin/v1/none")
        self.assertEqual((refused.status, refused.headers["www-authenticate"]), (401, "Bearer"))
        found = ask(self.gateway, self.token, "/admin/v1/none")
        self.assertEqual((found.status, found.code()), (404, "not_found"))
        self.assertEqual(self.gateway.ask("GET", DESCRIPTION, None, wire.bearer(self.token)).status, 404)


class Guesses(unittest.TestCase):
    def test_who_guesses_has_to_wait(self):
        with gateway.Gateway() as one:
            token = made_token(one)[1]
            self.assertEqual([ask(one, f"guess-{i}").status for i in range(12)], [401] * 10 + [429] * 2)
            waiting = ask(one, token)
            self.assertEqual((waiting.status, waiting.code()), (429, "too_many_failures"))
            self.assertIn(int(waiting.headers["retry-after"]), range(1, 61))
            self.assertEqual(one.readiness(), 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
