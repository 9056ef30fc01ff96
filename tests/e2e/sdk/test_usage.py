"""What was spent, as the command line and operators are told, and what is left of it by a kill. Standard library only."""

import csv
import io
import json
import signal
import socket
import unittest

import gateway
import wire
from plain import WithUpstream, chat


class Usage(WithUpstream):
    def setUp(self):
        super().setUp()
        text = self.text("chat", "error-400", "gate") + "keys:\n  - {name: bot, secret: '${BOT}', team: red, budget: {usd: 100, per: day}}\nteams: {red: {}}\n"
        text += "prices: {chat: {input: 1, output: 10}, error-400: {input: 1, output: 10}, gate: {input: 1, output: 10}}\n"
        self.headers = wire.bearer("bot-secret-9a1f")
        self.one = self.serve(text, environment={"BOT": "bot-secret-9a1f"})

    def usage(self, *arguments):
        environment = {"XDG_STATE_HOME": str(self.one.folder), "BOT": "bot-secret-9a1f"}
        done = gateway.run("usage", *arguments, "--config", self.one.file, environment=environment)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def rows(self, *by):
        return json.loads(self.usage("--by", ",".join(by), "--format", "json"))["rows"]

    def await_requests(self, count):
        wire.eventually(lambda: sum(row["requests"] for row in self.rows("key")) == count, f"{count} requests are recorded")

    def test_what_was_answered_is_told_by_every_dimension(self):
        tagged = self.headers | {"x-sluice-tags": "project=blue"}
        costs = [chat(self.one, headers=headers).headers["x-sluice-cost-usd"] for headers in (self.headers, tagged)]
        self.assertEqual(chat(self.one, "error-400", headers=self.headers).status, 400)
        self.await_requests(3)
        nano = sum(round(float(cost) * 1_000_000_000) for cost in costs)
        (row,) = self.rows("team", "key")
        self.assertEqual((row["team"], row["key"]), ("red", "bot"))
        self.assertEqual((row["requests"], row["attempts"], row["errors"]), (3, 3, 1))
        self.assertEqual(row["cost_nano_usd"], nano)
        by_tag = {row["tag.project"]: row["requests"] for row in self.rows("tag.project")}
        self.assertEqual(by_tag, {None: 2, "blue": 1})
        self.assertEqual({row["model"] for row in self.rows("model")}, {"chat", "error-400"})
        self.assertEqual(self.usage("--by", "key", "--format", "csv").splitlines()[0][:13], "key,requests,")
        self.assertIn("bot", self.usage("--by", "key"))

    def test_other_prices_and_the_columns_of_finops_tools(self):
        for _ in range(2):
            self.assertEqual(chat(self.one, headers=self.headers).status, 200)
        self.await_requests(2)
        (row,) = json.loads(self.usage("--format", "json", "--reprice"))["rows"]
        self.assertEqual((row["repriced_nano_usd"], row["unpriced_attempts"]), (row["cost_nano_usd"], 0))
        self.assertGreater(row["cost_nano_usd"], 0)
        dearer = self.one.folder / "dearer.yaml"
        text = self.one.file.read_text(encoding="utf-8")
        dearer.write_text(text.replace("chat: {input: 1, output: 10}", "chat: {input: 2, output: 20}"), encoding="utf-8")
        (row,) = json.loads(self.usage("--format", "json", f"--reprice={dearer}"))["rows"]
        self.assertEqual(row["repriced_nano_usd"], 2 * row["cost_nano_usd"])
        charges = list(csv.DictReader(io.StringIO(self.usage("--format", "focus", "--by", "tag.project"))))
        self.assertEqual([(one["ResourceId"], one["SubAccountId"], one["Tags"]) for one in charges], [("bot", "red", "{}")])
        self.assertEqual(round(float(charges[0]["BilledCost"]) * 1_000_000_000), row["cost_nano_usd"])
        others = json.loads(self.usage("--format", "json", "--team", "blue"))["rows"]
        self.assertEqual(sum(one["requests"] for one in others), 0)

    def test_nothing_is_asked_for_by_a_name_that_is_none(self):
        done = gateway.run("usage", "--by", "teem", environment={"XDG_STATE_HOME": str(self.one.folder)})
        self.assertEqual(done.returncode, 64)
        self.assertIn("teem", done.stderr)

    def test_a_killed_daemon_leaves_what_was_spent_and_what_was_under_way(self):
        self.assertEqual(chat(self.one, headers=self.headers).status, 200)
        body = json.dumps({"model": "gate", "stream": True, "max_tokens": 100,
                           "messages": [{"role": "user", "content": "hi"}]})
        waiting = self.enterContext(socket.create_connection(("127.0.0.1", self.one.port)))
        waiting.sendall(
            ("POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer bot-secret-9a1f\r\n"
             f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}").encode())
        self.assertTrue(waiting.recv(65536).startswith(b"HTTP/1.1 200"))
        self.one.signal(signal.SIGKILL)
        self.one.process.wait()
        with self.one:
            self.await_requests(2)
            rows = {row["model"]: row for row in self.rows("model")}
            self.assertGreater(rows["chat"]["cost_nano_usd"], 0)
            # A hundred tokens of ten dollars a million, and the prompt.
            self.assertGreaterEqual(rows["gate"]["cost_nano_usd"], 1_000_000)
            self.assertLess(rows["gate"]["cost_nano_usd"], 1_200_000)
            self.assertEqual(chat(self.one, headers=self.headers).status, 200)
            self.await_requests(3)


if __name__ == "__main__":
    unittest.main()
