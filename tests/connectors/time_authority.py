"""A time stamp authority on this machine: OpenSSL answers, under a root that only tests trust."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.connectors.certificates import Authority

_SETTINGS = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
ess_cert_id_alg = sha256
clock_precision_digits = {precision}
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""


@dataclass(frozen=True)
class TimeAuthority:
    folder: Path
    authority: Authority
    certificate: Path
    key: Path

    @classmethod
    def new(cls, folder: Path, *, digests: str = "sha256", precision: int = 0) -> "TimeAuthority":
        if not shutil.which("openssl"):
            pytest.skip("no openssl here, which plays the time stamp authority")
        authority = Authority.new("A root for time stamps")
        (folder / "serial").write_text("01\n", encoding="ascii")
        settings = _SETTINGS.format(folder=folder, digests=digests, precision=precision)
        (folder / "tsa.cnf").write_text(settings, encoding="ascii")
        (folder / "root.pem").write_bytes(authority.pem)
        return cls(
            folder,
            authority,
            *authority.issued(folder, ExtendedKeyUsageOID.TIME_STAMPING, "A clock of the tests"),
        )

    def reply(self, query: bytes) -> bytes:
        """The answer to a request, granted or refused."""
        (self.folder / "query").write_bytes(query)
        self._openssl(
            "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply",
            "-signer", str(self.certificate), "-inkey", str(self.key),
        )  # fmt: skip
        return (self.folder / "reply").read_bytes()

    def query(self, data: bytes, *options: str) -> bytes:
        """A request as OpenSSL makes it."""
        (self.folder / "data").write_bytes(data)
        self._openssl("-query", "-data", "data", "-out", "query", *options)
        return (self.folder / "query").read_bytes()

    def verified(self, token: bytes, note: bytes) -> bool:
        """Whether OpenSSL by itself finds a kept token to be for this note and under our root."""
        (self.folder / "token").write_bytes(token)
        (self.folder / "data").write_bytes(note)
        command = ["-verify", "-in", "token", "-token_in", "-data", "data", "-CAfile", "root.pem"]
        return b"Verification: OK" in self._openssl(*command, check=False)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The service as HTTP: RFC 3161, section 3.4."""
        assert request.headers["content-type"] == "application/timestamp-query"
        reply = self.reply(request.content)
        media_type = {"content-type": "application/timestamp-reply"}
        return httpx.Response(200, headers=media_type, content=reply)

    def _openssl(self, *arguments: str, check: bool = True) -> bytes:
        done = subprocess.run(
            ["openssl", "ts", *arguments], cwd=self.folder, capture_output=True, check=check
        )
        return done.stdout + done.stderr
