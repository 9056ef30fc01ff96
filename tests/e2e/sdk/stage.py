"""What both SDK suites play on: the scripted upstream with the gateway in front of it.

Run as a program (by the suite for Node) it prints its addresses and keys as one line of JSON and plays
until its standard input ends; then its exit code says whether the gateway ended cleanly.
"""

import argparse
import contextlib
import json
import os
import pathlib
import sys
import tempfile

import certificates
import gateway
import upstream

# A proxy of the machine must not stand between the SDKs and the loopback address.
for _name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[_name]

PROVIDER_KEY = "sk-provider-5f0d2c9b"
KEYS = {"app": "sk-app-71c3a0e4", "limited": "sk-limited-9a42d6f1"}

# Models whose name says what the upstream does; see upstream.py.
PLAIN = """
tools tools-parallel unknown-fields hang slow short-body cut-3 reset-3 end-3 error-event-0 error-event-3
error-400 error-401 error-404 error-413 error-422 error-500 error-503
""".split()

CONFIGURATION = """
server:
  listen: @listen@
  workers: 2
@listener@
  drain: {delay: 100ms, grace: 10s}
admin:
  listen: @admin@

providers:
  scripted:
    kind: openai-compatible
    base_url: @upstream@/v1
    api_key: "${SCRIPTED_KEY}"
@trust@
  strangers:
    kind: openai-compatible
    base_url: @upstream@/v1
    api_key: "${SCRIPTED_KEY}"
    allow_private: true
  nobody:
    kind: openai-compatible
    base_url: http://127.0.0.1:@closed@/v1
    api_key: "${SCRIPTED_KEY}"

models:
@plain@
  assistant:
    targets: [{provider: scripted, model: chat}]
  vendor/family/chat:
    targets: [{provider: scripted, model: chat}]
  busy-1:
    retry: {attempts: 1}
    targets: [{provider: scripted}]
  "gate-*":
    targets: [{provider: scripted}]
  all-busy:
    targets: [{provider: scripted, model: error-429-7}, {provider: scripted, model: error-429-3}]
  slow-to-start:
    timeouts: {first_byte: 300ms}
    targets: [{provider: scripted, model: hang}]
  unreachable:
    targets: [{provider: nobody, model: chat}]
  rescued:
    targets:
      - {provider: scripted, model: error-503}
      - {provider: scripted, model: error-event-0}
      - {provider: scripted, model: chat}
  rescued-whole:
    targets: [{provider: scripted, model: short-body}, {provider: scripted, model: chat}]
  untrusted:
    targets: [{provider: strangers, model: chat}]

teams:
  narrow:
    models: [assistant, "vendor/*"]

keys:
  - {name: app, secret: "${APP_KEY}"}
  - {name: limited, team: narrow, secret: "${LIMITED_KEY}"}
"""


class Stage(contextlib.ExitStack):
    """The upstream and the gateway, over plain HTTP or over TLS on both sides with a private authority."""

    def __init__(self, tls=False):
        super().__init__()
        self.secure = tls
        self.authority = None

    def __enter__(self):
        super().__enter__()
        try:
            return self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self):
        listener = trust = ""
        client = server = None
        if self.secure:
            folder = self.enter_context(tempfile.TemporaryDirectory(prefix="sluice-e2e-ca-"))
            self.authority = certificates.Authority(folder)
            certificate, key = self.authority.issue("gateway", 1001)
            server = self.authority.server(*self.authority.issue("upstream", 1002))
            client = self.authority.client()
            listener = f"  tls: {{certificate: {certificate}, key: {key}}}"
            trust = f"    allow_private: true\n    tls: {{ca: {self.authority.certificate}}}"
        self.upstream = self.enter_context(upstream.ScriptedUpstream(server))
        scheme, host = ("https", "localhost") if self.secure else ("http", "127.0.0.1")
        # A name over TLS, so that resolving and checking it are part of the play; an address without.
        text = CONFIGURATION.replace("@upstream@", f"{scheme}://{host}:{self.upstream.port}")
        text = text.replace("@listener@", listener).replace("@trust@", trust)
        text = text.replace("@closed@", str(gateway.free_ports(1)[0]))
        plain = [f"  {name}: {{targets: [{{provider: scripted}}]}}" for name in PLAIN]
        text = text.replace("@plain@", "\n".join(plain))
        secrets = {"SCRIPTED_KEY": PROVIDER_KEY, "APP_KEY": KEYS["app"], "LIMITED_KEY": KEYS["limited"]}
        self.gateway = self.enter_context(gateway.Gateway(text, secrets, client))
        self.base_url = f"{scheme}://{host}:{self.gateway.port}/v1"
        return self

    def addresses(self):
        """What a suite in another process needs."""
        return {
            "base_url": self.base_url,
            "admin_url": f"http://{self.gateway.admin_listen}",
            "upstream_url": f"http://127.0.0.1:{self.upstream.port}",
            "authority": self.authority and pathlib.Path(self.authority.certificate).read_text(encoding="utf-8"),
            "keys": KEYS,
        }


def main():
    options = argparse.ArgumentParser(description="The stage of the SDK suites, for a suite in another process.")
    options.add_argument("--tls", action="store_true", help="TLS on both sides")
    with Stage(options.parse_args().tls) as stage:
        print(json.dumps(stage.addresses()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
