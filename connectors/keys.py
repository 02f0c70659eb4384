"""Keys of networks and secrets of jobs: from the environment, or a file that only its owner reads.

``NECTO_<NAME>_KEY`` holds a network's key, ``NECTO_SECRET_<NAME>`` what a job's environment refers
to; the same name with ``_FILE`` the path of a file that does (mode 0600). Neither is ever logged,
stored, shown or put on a command line.
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import SecretStr

from connectors.base import Denied, Headers
from engine.secret_names import REFERENCE_RULE, is_secret_name

_KEY_CHARACTERS_MAX = 4096
_SECRET_CHARACTERS_MAX = 32_768
_SENDABLE = re.compile(r"[!-~]+")
"""Printable ASCII without spaces: httpx would name any other header value in its error."""


class UnusableKey(ValueError):
    """A key is set but cannot be used: the message says what to change, never the key."""


def key_variable(name: str) -> str:
    return f"NECTO_{name.upper()}_KEY"


def key_of(name: str, env: Mapping[str, str] = os.environ) -> SecretStr | None:
    """Return the key that is set for a source, None when there is none; raises UnusableKey."""
    variable = key_variable(name)
    key = _set_text(variable, env, _KEY_CHARACTERS_MAX).strip()
    if not key:
        return None
    if len(key) > _KEY_CHARACTERS_MAX or not _SENDABLE.fullmatch(key):
        raise UnusableKey(f"{variable} is no key: one line of plain characters is expected")
    return SecretStr(key)


def secret_variable(name: str) -> str:
    return f"NECTO_SECRET_{name}"


def secrets_of(names: Iterable[str], env: Mapping[str, str] = os.environ) -> dict[str, SecretStr]:
    """Return the secrets that a job refers to, by name; raises UnusableKey naming all that fail.

    The newline that ends a file is no part of its secret; line breaks within are.
    """
    found: dict[str, SecretStr] = {}
    wrong: list[str] = []
    for name in sorted(set(names)):
        try:
            found[name] = _secret(name, env)
        except UnusableKey as fault:
            wrong.append(str(fault))
    if wrong:
        raise UnusableKey("; ".join(wrong))
    return found


def _secret(name: str, env: Mapping[str, str]) -> SecretStr:
    if not is_secret_name(name):
        raise UnusableKey(REFERENCE_RULE)
    variable = secret_variable(name)
    text = _set_text(variable, env, _SECRET_CHARACTERS_MAX)
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise UnusableKey(f"the secret {name} is not set: set {variable} or {variable}_FILE")
    if len(text) > _SECRET_CHARACTERS_MAX or "\0" in text:
        raise UnusableKey(f"{variable} is no secret: it is too long, or no text")
    return SecretStr(text)


def _set_text(variable: str, env: Mapping[str, str], most: int) -> str:
    text = env.get(variable, "")
    path = env.get(f"{variable}_FILE", "")
    if text.strip() and path:
        raise UnusableKey(f"both {variable} and {variable}_FILE are set: unset one of them")
    return _content(Path(path), f"{variable}_FILE", most) if path else text


def _content(path: Path, variable: str, most: int) -> str:
    try:
        with path.open(encoding="utf-8") as lines:
            mode = stat.S_IMODE(os.fstat(lines.fileno()).st_mode)
            if mode & 0o077:
                raise UnusableKey(f"the file of {variable} can be read by others: chmod 600 it")
            text = lines.read(most + 2)
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
