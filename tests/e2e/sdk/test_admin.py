"""The guarded half of the admin plane, and where its token is told. Standard library only."""

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


def ask(one, token=None, path=DESCRIPTION, method="GET"):
    return wire.ask(one.admin_port, method, path, None, wire.bearer(token) if token else {})


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
