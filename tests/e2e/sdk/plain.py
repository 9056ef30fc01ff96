"""What the suites about operations share: a configuration without keys, and a few questions."""

import unittest

import gateway
import upstream
import wire

SERVER = """
server:
  listen: @listen@
  workers: 2
  drain: {delay: %s, grace: 10s}
admin:
  listen: @admin@
"""


def provider(name, port, key):
    """One provider's line: the scripted upstream on that port."""
    return f"  {name}: {{kind: openai-compatible, base_url: 'http://127.0.0.1:{port}/v1', api_key: '{key}'}}\n"


def configuration(port, models, delay="100ms"):
    """A file without keys: every model goes to the scripted upstream on that port under its own name."""
    text = SERVER % delay + "providers:\n" + provider("scripted", port, "k") + "models:\n"
    return text + "".join(f"  {model}: {{targets: [{{provider: scripted}}]}}\n" for model in models)


def model_ids(one):
    return {model["id"] for model in one.ask("GET", "/v1/models").json()["data"]}


def chat(one, model="chat", stream=False, headers=None):
    return one.ask("POST", "/v1/chat/completions", wire.chat(model, stream), headers)


class WithUpstream(unittest.TestCase):
    """Each case has an upstream of its own."""

    def setUp(self):
        self.upstream = self.enterContext(upstream.ScriptedUpstream())

    def text(self, *models, **more):
        return configuration(self.upstream.port, models, **more)

    def serve(self, text, **more):
        return self.enterContext(gateway.Gateway(text, **more))
