"""Callers with tokens of an identity provider that publishes its keys, renews them, and is away at times."""

import base64
import http.server
import json
import pathlib
import signal
import tempfile
import threading
import time
import unittest

import gateway
import wire
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from plain import WithUpstream, chat

ISSUER, AUDIENCE = "https://idp.example", "sluice"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Rsa:
    algorithm = "RS256"

    def __init__(self, kid):
        self.kid = kid
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwk(self):
        public = self.key.public_key().public_numbers()
        return {"kty": "RSA", "kid": self.kid, "alg": "RS256", "use": "sig", "n": number(public.n), "e": number(public.e)}

    def sign(self, message):
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


class Ec:
    algorithm = "ES256"

    def __init__(self, kid):
        self.kid = kid
        self.key = ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        public = self.key.public_key().public_numbers()
        return {"kty": "EC", "kid": self.kid, "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)}

    def sign(self, message):
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Ed:
    algorithm = "EdDSA"

    def __init__(self, kid):
        self.kid = kid
        self.key = ed25519.Ed25519PrivateKey.generate()

    def jwk(self):
        return {"kty": "OKP", "kid": self.kid, "crv": "Ed25519", "x": base64url(self.key.public_key().public_bytes_raw())}

    def sign(self, message):
        return self.key.sign(message)


def token(key, **claims):
    """A token of that key, good for ten minutes, unless the claims say otherwise; None leaves one out."""
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": time.time() + 600, "groups": ["support"]} | claims
    parts = [{"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}, {k: v for k, v in said.items() if v is not None}]
    message = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    return message + "." + base64url(key.sign(message.encode()))


class IdentityProvider:
    """Publishes its keys at /keys while the `with` block runs."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.requests = 0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.requests += 1
                body = json.dumps({"keys": [key.jwk() for key in provider.keys]}).encode()
                self.send_response(200 if self.path == "/keys" and provider.keys else 503)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Tokens(WithUpstream):
    def serve_with(self, source, more=""):
        return self.serve(
            self.text("chat", "other") + "teams: {support: {models: [chat]}, finance: {}}\n"
            f"jwt: {{jwks: '{source}', issuer: '{ISSUER}', audience: {AUDIENCE}, "
            "claims: {team: groups, tags: {user: sub}}}\n" + more)

    def status(self, one, shown, model="chat"):
        return chat(one, model, headers=wire.bearer(shown)).status

    def await_status(self, one, shown, status, what):
        wire.eventually(lambda: self.status(one, shown) == status, what)

    def test_tokens_of_every_algorithm_are_as_good_as_keys(self):
        keys = [Rsa("r"), Ec("e"), Ed("o")]
        with IdentityProvider(*keys) as provider:
            one = self.serve_with(provider.url)
            for key in keys:
                self.await_status(one, token(key), 200, f"{key.algorithm} is good")
                self.assertEqual(self.status(one, token(key), "other"), 403)
                self.assertEqual(self.status(one, token(key, groups=["finance"]), "other"), 200)
                self.assertEqual(self.status(one, token(key, groups=["sales"])), 403)
                self.assertEqual(self.status(one, token(key, exp=time.time() - 120)), 401)
                self.assertEqual(self.status(one, token(key, aud="other")), 401)
                self.assertEqual(self.status(one, token(type(key)(key.kid))), 401)
            answer = chat(one, headers=wire.bearer(token(keys[0], sub="bob")))
            line = one.logged(answer.headers["x-request-id"])
            self.assertEqual((line["key"], line["team"]), ("bob", "support"))
            self.assertEqual(chat(one).status, 401)
            self.assertEqual(provider.requests, 1)
            self.assertNotIn("bob", one.metrics())

    def test_usage_is_told_by_bearer_and_tag(self):
        with IdentityProvider(Ed("o")) as provider:
            one = self.serve_with(provider.url)
            self.await_status(one, token(provider.keys[0], sub="carol"), 200, "the token is good")
            wire.eventually(lambda: "carol" in self.usage(one, "key"), "the usage of carol is there")
            self.assertIn("carol", self.usage(one, "tag.user"))

    def usage(self, one, by):
        environment = {"XDG_STATE_HOME": str(one.folder)}
        done = gateway.run("usage", "--by", by, "--format", "json", "--config", one.file, environment=environment)
        self.assertEqual(done.returncode, 0, done)
        return [row[by] for row in json.loads(done.stdout)["rows"]]

    def test_new_keys_are_found_when_a_token_names_them_and_old_ones_outlive_trouble(self):
        with IdentityProvider(Rsa("one")) as provider:
            one = self.serve_with(provider.url)
            old, new = provider.keys[0], Ec("two")
            self.await_status(one, token(old), 200, "the first key is good")
            provider.keys = [new]
            self.await_status(one, token(new), 200, "the second key is good")
            self.assertEqual(self.status(one, token(old)), 401)
            self.assertLessEqual(provider.requests, 3)
            provider.keys = []
            unknown = token(Ed("three"))
            self.await_status(one, unknown, 503, "nobody knows whether there is a third")
            answer = chat(one, headers=wire.bearer(unknown))
            self.assertEqual((answer.status, answer.code(), answer.headers["retry-after"]),
                             (503, "token_keys_unavailable", "1"))
            self.assertEqual(self.status(one, token(new)), 200)

    def test_nothing_is_called_wrong_before_the_keys_are_there(self):
        key = Ed("o")
        with IdentityProvider() as provider:
            one = self.serve_with(provider.url)
            answer = chat(one, headers=wire.bearer(token(key)))
            self.assertEqual((answer.status, answer.code()), (503, "token_keys_unavailable"))
            self.assertEqual(self.status(one, "no-token"), 401)
            provider.keys = [key]
            self.await_status(one, token(key), 200, "the keys have come")

    def test_keys_of_a_file_are_read_again_with_the_configuration(self):
        old, new = Ed("a"), Ed("b")
        file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="sluice-e2e-"))) / "keys.json"
        file.write_text(json.dumps({"keys": [old.jwk()]}), encoding="utf-8")
        one = self.serve_with(f"file:{file}")
        self.assertEqual(self.status(one, token(old)), 200)
        self.assertEqual(self.status(one, token(new)), 401)
        file.write_text(json.dumps({"keys": [new.jwk()]}), encoding="utf-8")
        one.signal(signal.SIGHUP)
        self.await_status(one, token(new), 200, "the new file is in force")
        self.assertEqual(self.status(one, token(old)), 401)


if __name__ == "__main__":
    unittest.main()
