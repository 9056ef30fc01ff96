"""Keys made by the command line while the daemon runs, and the trail they leave. Standard library only."""

import json
import pathlib
import signal
import stat
import unittest

import gateway
import wire
from plain import WithUpstream, chat


class Keys(WithUpstream):
    def setUp(self):
        super().setUp()
        self.one = self.serve(self.text("chat", "other") + "keys:\n  - {name: written, secret: '${WRITTEN}'}\n",
                              environment={"WRITTEN": "written-secret-7d1c"})

    def command(self, *arguments):
        """One command with the daemon's own file and store."""
        environment = {"XDG_STATE_HOME": str(self.one.folder), "WRITTEN": "written-secret-7d1c"}
        return gateway.run(*arguments, "--config", self.one.file, environment=environment)

    def keys(self, *arguments):
        done = self.command("keys", *arguments, "--format", "json")
        self.assertEqual(done.returncode, 0, done)
        return json.loads(done.stdout)

    def status(self, secret, model="chat"):
        return chat(self.one, model, headers=wire.bearer(secret)).status

    def await_status(self, secret, status, what):
        wire.eventually(lambda: self.status(secret) == status, what)

    def test_a_key_lives_from_its_making_to_its_end(self):
        made = self.keys("create", "--name", "bot", "--models", "ch*")
        self.assertEqual(sorted(made), ["id", "name", "secret"])
        self.await_status(made["secret"], 200, "the new key is good")
        self.assertEqual(self.status(made["secret"], "other"), 403)
        self.assertEqual(self.status("written-secret-7d1c"), 200)

        renewed = self.keys("rotate", "bot", "--overlap", "1h")
        self.await_status(renewed["secret"], 200, "the new secret is good")
        self.assertEqual(self.status(made["secret"]), 200)

        listed = self.keys("list")["keys"]
        self.assertEqual([key["name"] for key in listed], ["written", "bot"])
        self.assertNotIn(made["secret"], json.dumps(listed))

        self.keys("revoke", made["id"])
        for secret in (made["secret"], renewed["secret"]):
            self.await_status(secret, 401, "the key is over")
        self.assertEqual(self.command("keys", "revoke", "bot").returncode, 65)

    def test_a_key_expires_by_itself(self):
        made = self.keys("create", "--name", "brief", "--expires", "3s")
        self.await_status(made["secret"], 200, "the key is good at first")
        self.await_status(made["secret"], 401, "the key has expired")
        again = self.keys("create", "--name", "brief")
        self.await_status(again["secret"], 200, "its name is free again")

    def test_a_key_has_limits_that_can_be_changed(self):
        made = self.keys("create", "--name", "bot", "--limit", "rpm=1")
        self.await_status(made["secret"], 200, "the new key is good")
        self.await_status(made["secret"], 429, "a second request within the minute is too many")
        self.assertEqual(self.keys("list")["keys"][1]["limits"], {"rpm": 1})

        changed = self.keys("change", "bot", "--limit", "rpm=none", "--concurrent", "5")
        self.assertEqual(changed["limits"], {"concurrent": 5})
        self.await_status(made["secret"], 200, "the limit is gone")
        self.keys("change", "bot", "--models", "oth*")
        self.await_status(made["secret"], 403, "the model is not the key's any more")
        self.assertEqual(self.command("audit", "verify").returncode, 0)

    def test_a_key_spends_its_budget_and_no_more(self):
        prices = "prices: {chat: {input: 0, output: 0, request: 1}}\n"
        self.one.write(self.text("chat") + prices + "keys:\n  - {name: written, secret: '${WRITTEN}'}\n")
        self.one.signal(signal.SIGHUP)
        wire.eventually(lambda: '"reloaded"' in self.one.stderr(), "the file is read again")
        made = self.keys("create", "--name", "bot", "--budget", "1.5/total")
        self.await_status(made["secret"], 200, "there is enough for one request")
        refused = chat(self.one, "chat", headers=wire.bearer(made["secret"]))
        self.assertEqual((refused.status, refused.code()), (429, "insufficient_quota"))
        self.assertEqual(refused.headers["x-should-retry"], "false")
        changed = self.keys("change", "bot", "--raise", "1", "--until", "1h")
        budget, = changed["budget"]
        self.assertEqual((budget["usd"], budget["raise"][0]["usd"]), ("1.50", "1.00"))
        self.await_status(made["secret"], 200, "there is more for a while")
        self.assertEqual(self.status(made["secret"]), 429)

    def test_a_key_is_bound_to_addresses(self):
        made = self.keys("create", "--name", "elsewhere", "--cidr", "10.0.0.0/8,::1/128")
        self.await_status(made["secret"], 403, "the key is known, and not from here")

    def test_keys_of_the_file_are_not_touched(self):
        for arguments in (["create", "--name", "written"], ["change", "written", "--limit", "rpm=5"],
                          ["rotate", "written"], ["revoke", "written"]):
            done = self.command("keys", *arguments)
            self.assertEqual((done.returncode, done.stdout), (65, ""), done)
            self.assertIn("configuration file", done.stderr)

    def test_mistakes_of_the_command_line_are_64(self):
        for arguments in ([], ["create"], ["nonsense"], ["rotate"], ["create", "--name", "x", "--expires", "soon"],
                          ["create", "--name", "x", "--limit", "rpm"], ["create", "--name", "x", "--budget", "20"],
                          ["change"], ["change", "x", "--raise", "5"],
                          ["change", "x", "--downgrade", "m", "--on-exhausted", "refuse"],
                          ["list", "--format", "xml"]):
            done = self.command("keys", *arguments)
            self.assertEqual(done.returncode, 64, done)

    def test_the_trail_is_whole_until_somebody_touches_it(self):
        self.keys("create", "--name", "bot")
        self.keys("revoke", "bot")
        done = self.command("audit", "verify")
        self.assertEqual(done.returncode, 0, done)
        head = next(pathlib.Path(self.one.folder).rglob("*.head"))
        head.unlink()
        self.assertEqual(self.command("audit", "verify").returncode, 65)

    def test_files_are_their_owners_alone_and_hold_no_secret(self):
        made = self.keys("create", "--name", "bot")
        files = list((self.one.folder / "sluice").iterdir())
        self.assertGreaterEqual(len(files), 3)
        for file in files:
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)
            self.assertNotIn(made["secret"].encode()[19:62], file.read_bytes(), file)


if __name__ == "__main__":
    unittest.main()
