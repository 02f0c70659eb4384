"""Keys a person set, as headers; one that is missing or cannot be sent is Denied, never shown."""

import re

from pydantic import SecretStr

from connectors.base import Denied, Headers

_SENDABLE = re.compile(r"[!-~]+")
"""Printable ASCII without spaces: httpx would name any other header value in its error."""


def needed(source: str, key: SecretStr | None, form: str) -> str:
    """Return the text of a key that a source cannot do without; raises Denied, saying what to set.

    ``source`` is the connector's short name, ``form`` what such a key looks like.
    """
    setting = f"NECTO_{source.upper()}_KEY"
    text = key.get_secret_value().strip() if key else ""
    if not text:
        raise Denied(f"{source} answers only with a key: set {setting} ({form})")
    if not _SENDABLE.fullmatch(text):
        raise Denied(f"{setting} holds a character that no key has: set it again ({form})")
    return text


def key_header(name: str, text: str) -> Headers:
    """Return what sends a key in a header of this name with every attempt."""
    return lambda _: {name: text}
