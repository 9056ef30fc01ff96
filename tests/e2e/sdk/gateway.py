"""The gateway's binary as a child process: a configuration in, an address out, a clean end."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import wire


def binary():
    """The path of the binary under test."""
    path = os.environ.get("SLUICE_BINARY")
    if not path:
        raise SystemExit("SLUICE_BINARY must name the gateway's binary; run scripts/test")
    return path


def free_ports(count):
    """Loopback ports nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def clean_environment(home, extra=None):
    """Nothing of the machine's own settings: no provider keys, no SLUICE_ variables, no proxies."""
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.endswith("SAN_OPTIONS")}
    return kept | {"HOME": str(home), "XDG_STATE_HOME": str(home)} | (extra or {})


def run(*arguments, folder=None, environment=None, seconds=30):
    """One short command of the binary, finished; its output as text."""
    with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as home:
        return subprocess.run(
            [binary(), *map(str, arguments)],
            cwd=folder or home,
            env=clean_environment(home, environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )


class Gateway:
    """Serves while the `with` block runs; leaving it sends SIGTERM and insists on exit code 0.

    In the configuration `@listen@` and `@admin@` stand for the addresses. Without a configuration the
    embedded default is served, and the addresses are given as flags.
    """

    def __init__(self, configuration=None, environment=None, tls=None):
        """`tls`: the client-side ssl.SSLContext when the listener speaks TLS."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.port, self.admin_port = free_ports(2)
        self.listen, self.admin_listen = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.admin_port}"
        self.tls = tls
        self.file = self.folder / "gateway.yaml"
        self.process = None
        self.environment = clean_environment(self.folder, environment)
        if configuration is None:
            self.arguments = ["--listen", self.listen, "--admin-listen", self.admin_listen]
        else:
            self.arguments = ["--config", str(self.file)]
            self.write(configuration)

    def write(self, configuration):
        """Puts another configuration in the file's place, in one step."""
        text = configuration.replace("@listen@", self.listen).replace("@admin@", self.admin_listen)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, self.file)

    def __enter__(self):
        with open(self.folder / "stdout", "wb") as output, open(self.folder / "stderr", "wb") as messages:
            self.process = subprocess.Popen(
                [binary(), "serve", *self.arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=messages,
            )
        try:
            wire.eventually(self.ready, "the gateway is ready", 30)
        except BaseException:
            self.kill()
            raise
        return self

    def ready(self):
        """Whether /readyz says so; raises when the process is gone."""
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.process.returncode}:\n{self.stderr()}")
        return self.readiness() == 200

    def readiness(self):
        """The status of /readyz, or None when nobody answers."""
        try:
            return wire.ask(self.admin_port, "GET", "/readyz").status
        except OSError:
            return None

    def __exit__(self, kind, *_):
        try:
            if self.process.poll() is None:
                self.signal(signal.SIGTERM)
            code = self.wait()
            if kind is None and code != 0:
                raise AssertionError(f"the gateway ended with {code}:\n{self.stderr()}")
        finally:
            self.kill()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        """The exit code, once the process has ended by itself."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the gateway did not end within {seconds} s:\n{self.stderr()}") from None

    def kill(self):
        """Makes sure that nothing stays behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stdout(self):
        return (self.folder / "stdout").read_text(encoding="utf-8")

    def stderr(self):
        return (self.folder / "stderr").read_text(encoding="utf-8")

    def access_log(self):
        """The complete lines of the access log so far."""
        return [json.loads(line) for line in self.stdout().splitlines(keepends=True) if line.endswith("\n")]

    def logged(self, request_id):
        """The line of that request, once it is there. There must be one only."""

        def lines():
            return [line for line in self.access_log() if line["request_id"] == request_id]

        found = wire.eventually(lines, f"the access log tells of {request_id}")
        assert len(found) == 1, found
        return found[0]

    def ask(self, method, path, body=None, headers=None):
        """One request to the data plane."""
        return wire.ask(self.port, method, path, body, headers, self.tls)

    def metrics(self):
        """The text of /metrics."""
        return wire.ask(self.admin_port, "GET", "/metrics").body.decode()

    def metric(self, name):
        """The value of a metric without labels; None when it is not there."""
        values = [line.split(" ")[1] for line in self.metrics().splitlines() if line.startswith(name + " ")]
        return float(values[0]) if values else None
