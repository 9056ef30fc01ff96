"""A private certificate authority, made with the openssl command line."""

import os
import pathlib
import ssl
import subprocess


def _openssl(*arguments):
    subprocess.run(
        ["openssl", *map(str, arguments)], check=True, capture_output=True, env=os.environ | {"OPENSSL_CONF": ""}
    )


class Authority:
    """Issues certificates for `localhost` and 127.0.0.1 into a folder; everything is valid for a day."""

    def __init__(self, folder, name="authority"):
        self.folder = pathlib.Path(folder)
        self.certificate = self.folder / f"{name}.pem"
        self.key = self.folder / f"{name}.key"
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"),
            *("-config", self._settings()),
            *("-subj", f"/CN=Sluice test {name}", "-addext", "basicConstraints=critical,CA:TRUE"),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign", "-addext", "subjectKeyIdentifier=hash"),
            *("-keyout", self.key, "-out", self.certificate),
        )

    def _settings(self):
        path = self.folder / "openssl.cnf"
        path.write_text("[req]\ndistinguished_name = name\n[name]\n", encoding="utf-8")
        return path

    def issue(self, name, serial):
        """A server certificate and its key, as two paths."""
        certificate, key, request = (self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(
            "subjectAltName = DNS:localhost, IP:127.0.0.1\nbasicConstraints = critical, CA:FALSE\n"
            "keyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth\nauthorityKeyIdentifier = keyid\n",
            encoding="utf-8",
        )
        _openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-config", self._settings(), "-subj", "/CN=localhost", "-keyout", key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", "1"),
            *("-set_serial", serial, "-extfile", extensions, "-out", certificate),
        )
        return certificate, key

    def client(self):
        """The context of a client that trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.certificate))

    @staticmethod
    def server(certificate, key):
        """The context of a server with that certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
