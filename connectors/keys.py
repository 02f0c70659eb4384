"""Keys of networks: from the environment or from a file that only its owner can read.

``NECTO_<NAME>_KEY`` holds the key itself, ``NECTO_<NAME>_KEY_FILE`` the path of a file that does
(mode 0600). A key is never logged, stored, shown or put on a command line.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from connectors.base import Denied, Headers

_KEY_CHARACTERS_MAX = 4096
_SENDABLE = re.compile(r"[!-~]+")
"""Printable ASCII without spaces: httpx would name any other header value in its error."""


class UnusableKey(ValueError):
    """A key is set but cannot be used: the message says what to change, never the key."""


def key_variable(name: str) -> str:
    return f"NECTO_{name.upper()}_KEY"


def key_of(name: str, env: Mapping[str, str] = os.environ) -> SecretStr | None:
    """Return the key that is set for a source, None when there is none; raises UnusableKey."""
    variable = key_variable(name)
    text = env.get(variable, "")
    path = env.get(f"{variable}_FILE", "")
    if text.strip() and path:
        raise UnusableKey(f"both {variable} and {variable}_FILE are set: unset one of them")
    if path:
        text = _content(Path(path), f"{variable}_FILE")
    key = text.strip()
    if not key:
        return None
    if len(key) > _KEY_CHARACTERS_MAX or not _SENDABLE.fullmatch(key):
        raise UnusableKey(f"{variable} is no key: one line of plain characters is expected")
    return SecretStr(key)


def _content(path: Path, variable: str) -> str:
    try:
        with path.open(encoding="utf-8") as lines:
            mode = stat.S_IMODE(os.fstat(lines.fileno()).st_mode)
            if mode & 0o077:
                raise UnusableKey(f"the file of {variable} can be read by others: chmod 600 it")
            text = lines.read(_KEY_CHARACTERS_MAX + 2)
    except OSError as error:
        raise UnusableKey(f"the file of {variable} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UnusableKey(f"the file of {variable} is no text") from None
    if not text.strip():
        raise UnusableKey(f"the file of {variable} is empty")
    return text


def needed(source: str, key: SecretStr | None, form: str) -> str:
    """Return the text of a key that a source cannot do without; raises Denied, saying what to set.

    ``source`` is the connector's short name, ``form`` what such a key looks like.
    """
    setting = key_variable(source)
    text = key.get_secret_value().strip() if key else ""
    if not text:
        raise Denied(f"{source} answers only with a key: set {setting} ({form})")
    if not _SENDABLE.fullmatch(text):
        raise Denied(f"{setting} holds a character that no key has: set it again ({form})")
    return text


def key_header(name: str, text: str) -> Headers:
    """Return what sends a key in a header of this name with every attempt."""
    return lambda _: {name: text}
