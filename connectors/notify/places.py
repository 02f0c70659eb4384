"""Where checkpoints go outside, from the environment; a bad value is named with its variable.

``NECTO_CHECKPOINT_FOLDER``; ``NECTO_CHECKPOINT_EMAIL_TO``, ``…_FROM`` and ``NECTO_SMTP_URL``;
``NECTO_CHECKPOINT_WEBHOOK``; ``NECTO_TSA_URL`` and ``NECTO_TSA_ROOTS`` (a PEM file);
``NECTO_WITNESS_URL`` and ``NECTO_WITNESS_KEY`` (its verifier key, no secret). Secrets, read as
``connectors.keys`` does: ``NECTO_SMTP_KEY`` and ``NECTO_CHECKPOINT_WEBHOOK_KEY``, which may hold
two keys with a comma between them while one replaces the other.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from cryptography.x509 import Certificate, load_pem_x509_certificates
from pydantic import SecretStr

from connectors.base import Delivers
from connectors.keys import UnusableKey, key_of
from connectors.notify.base import Channel
from connectors.notify.email import Email
from connectors.notify.folder import Folder
from connectors.notify.posting import http_address, is_loopback
from connectors.notify.smtp import SmtpServer
from connectors.notify.webhook import Webhook
from engine.webhooks import key_bytes

FOLDER = "NECTO_CHECKPOINT_FOLDER"
EMAIL_TO, EMAIL_FROM = "NECTO_CHECKPOINT_EMAIL_TO", "NECTO_CHECKPOINT_EMAIL_FROM"
SMTP_URL, SMTP_KEY = "NECTO_SMTP_URL", "NECTO_SMTP_KEY"
WEBHOOK, WEBHOOK_KEY = "NECTO_CHECKPOINT_WEBHOOK", "NECTO_CHECKPOINT_WEBHOOK_KEY"
TSA_URL, TSA_ROOTS = "NECTO_TSA_URL", "NECTO_TSA_ROOTS"
WITNESS_URL, WITNESS_KEY = "NECTO_WITNESS_URL", "NECTO_WITNESS_KEY"

_PORTS = {"smtps": 465, "smtp": 587}
_NO_SMTP_URL = "this is not like smtps://user@mail.example.com:465"
_VERIFIER_KEY = re.compile(r"[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}")
_Made = TypeVar("_Made")


class BadPlace(ValueError):
    """A setting that cannot be used: the message names the variable, never a secret."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """From whom, to whom and through which server mail goes."""

    server: SmtpServer
    sender: str
    recipients: tuple[str, ...]

    def channel(self) -> Email:
        return Email(self.server, self.sender, self.recipients)


@dataclass(frozen=True, slots=True)
class Places:
    """Where checkpoints go outside; what is not set is None or empty."""

    folder: Path | None = None
    email: Mailing | None = None
    webhook_url: str = field(default="", repr=False)
    """A secret of its own where a receiver knows its senders by it."""
    webhook_keys: tuple[SecretStr, ...] = ()
    tsa_url: str = ""
    tsa_roots: tuple[Certificate, ...] = ()
    witness_url: str = ""
    witness_key: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Places":
        """Read every place, so that a mistake shows at the start; raises BadPlace."""
        given = {name: text for name, value in env.items() if (text := value.strip())}
        _together(given, WITNESS_URL, WITNESS_KEY)
        if TSA_ROOTS in given:
            _together(given, TSA_URL, TSA_ROOTS)
        url, keys = _webhook(given)
        return cls(
            folder=Path(given[FOLDER]) if FOLDER in given else None,
            email=_mailing(given),
            webhook_url=url,
            webhook_keys=keys,
            tsa_url=_address(given, TSA_URL, secure=False),
            tsa_roots=_roots(given),
            witness_url=_address(given, WITNESS_URL, secure=False),
            witness_key=_verifier_key(given),
        )

    def channels(self, http: Delivers) -> tuple[Channel, ...]:
        """Return one channel for every place that takes messages."""
        found: list[Channel] = []
        if self.folder:
            found.append(Folder(self.folder))
        if self.email:
            found.append(self.email.channel())
        if self.webhook_url:
            found.append(Webhook(http, self.webhook_url, self.webhook_keys))
        return tuple(found)


def _together(given: Mapping[str, str], *names: str) -> bool:
    """Whether all of these are set; some of them without the others are a mistake."""
    missing = [name for name in names if name not in given]
    if missing and len(missing) < len(names):
        there = next(name for name in names if name in given)
        raise BadPlace(f"{there} is set and {missing[0]} is not: set all of them or none")
    return not missing


def _named(name: str, make: Callable[[], _Made]) -> _Made:
    try:
        return make()
    except ValueError as error:
        raise BadPlace(f"{name}: {error}") from None


def _address(given: Mapping[str, str], name: str, *, secure: bool) -> str:
    text = given.get(name)
    return _named(name, lambda: http_address(text, secure=secure)) if text else ""


def _key(given: Mapping[str, str], name: str) -> SecretStr | None:
    try:
        return key_of(name.removeprefix("NECTO_").removesuffix("_KEY"), given)
    except UnusableKey as error:
        raise BadPlace(str(error)) from None


def _mailing(given: Mapping[str, str]) -> Mailing | None:
    password = _key(given, SMTP_KEY)
    if not _together(given, EMAIL_TO, EMAIL_FROM, SMTP_URL):
        return None
    server = _named(SMTP_URL, lambda: _server(given[SMTP_URL], password))
    recipients = tuple(one.strip() for one in given[EMAIL_TO].split(","))
    found = Mailing(server, given[EMAIL_FROM], recipients)
    _named(f"{EMAIL_FROM} or {EMAIL_TO}", found.channel)
    return found


def _server(url: str, password: SecretStr | None) -> SmtpServer:
    """Read ``smtps://user@host:465``, or ``smtp://host:587``: STARTTLS unless on this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:  # its words may repeat a password
        raise ValueError(_NO_SMTP_URL) from None
    if parts.password is not None:
        raise ValueError(f"a password does not belong into an address: set {SMTP_KEY}")
    if parts.scheme not in _PORTS or not host or parts.path.strip("/") or parts.query:
        raise ValueError(_NO_SMTP_URL)
    if bool(parts.username) != bool(password):
        raise ValueError(f"a login needs a user in the address and {SMTP_KEY}, or neither")
    user = unquote(parts.username or "")
    if parts.scheme == "smtps":
        return SmtpServer(host, port, "tls", user, password)
    return SmtpServer(host, port, "none" if is_loopback(host) else "starttls", user, password)


def _webhook(given: Mapping[str, str]) -> tuple[str, tuple[SecretStr, ...]]:
    url, key = _address(given, WEBHOOK, secure=True), _key(given, WEBHOOK_KEY)
    there = {name: "yes" for name, value in ((WEBHOOK, url), (WEBHOOK_KEY, key)) if value}
    _together(there, WEBHOOK, WEBHOOK_KEY)
    texts = key.get_secret_value().split(",") if key else []  # two, while one replaces the other
    keys = tuple(SecretStr(text) for text in texts)
    _named(WEBHOOK_KEY, lambda: [key_bytes(one) for one in keys])
    return url, keys


def _roots(given: Mapping[str, str]) -> tuple[Certificate, ...]:
    if TSA_ROOTS not in given:
        return ()
    try:
        return tuple(load_pem_x509_certificates(Path(given[TSA_ROOTS]).read_bytes()))
    except OSError as error:
        raise BadPlace(f"{TSA_ROOTS}: the file cannot be read ({error.strerror})") from None
    except ValueError:
        raise BadPlace(f"{TSA_ROOTS}: the file holds no certificate in PEM form") from None


def _verifier_key(given: Mapping[str, str]) -> str:
    text = given.get(WITNESS_KEY, "")
    if text and not _VERIFIER_KEY.fullmatch(text):
        raise BadPlace(f"{WITNESS_KEY}: a verifier key is <name>+<8 hex digits>+<base64>")
    return text
