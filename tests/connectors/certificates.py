"""Certificates of an authority that only tests trust."""

import datetime as dt
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A root certificate and its key."""

    root: x509.Certificate
    key: rsa.RSAPrivateKey

    @classmethod
    def new(cls, name: str = "A root of the tests") -> "Authority":
        key = rsa.generate_private_key(65537, 2048)
        subject = _name(name)
        unsigned = _builder(subject, subject, key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        return cls(unsigned.sign(key, hashes.SHA256()), key)

    def issued(
        self, folder: Path, use: x509.ObjectIdentifier, name: str = "localhost"
    ) -> tuple[Path, Path]:
        """Make a certificate for one use and this machine; the files of it and of its key."""
        key = rsa.generate_private_key(65537, 2048)
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        unsigned = (
            _builder(_name(name), self.root.subject, key)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
        )
        certificate = folder / f"{use.dotted_string}.pem"
        certificate.write_bytes(unsigned.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))
        key_file = folder / f"{use.dotted_string}.key"
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key_file

    def server_context(self, folder: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issued(folder, ExtendedKeyUsageOID.SERVER_AUTH))
        return context

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.pem.decode())

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
