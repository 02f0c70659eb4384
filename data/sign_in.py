"""How people sign in, as Streamlit's own file of secrets says: checked before anybody can try.

``NECTO_AUTH_FILE`` names the file, else ``.streamlit/secrets.toml`` beside ``app.py``; its table
``[auth]`` is Streamlit's (``st.login``). The secrets in it stay there: nothing here keeps them.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

FILE, ADMIN, GROUPS = "NECTO_AUTH_FILE", "NECTO_ADMIN_EMAIL", "NECTO_GROUPS_CLAIM"
_USUAL = Path(__file__).resolve().parent.parent / ".streamlit" / "secrets.toml"
_NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_CALLBACK = "/oauth2callback"
_COOKIE_SECRET_MIN = 32  # characters: the key that every sign-in is sealed with
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class BadSignIn(ValueError):
    """Sign-in as set up cannot work or is not safe: the message says what to write."""


class SignIn(BaseModel):
    """Sign-in is set up: by whom, who is the first admin, which claim holds groups."""

    model_config = ConfigDict(frozen=True)

    provider: str
    """The host of the identity provider, for the page that asks people to sign in."""
    admin_email: str | None = None
    groups_claim: str = "groups"


def sign_in_file(env: Mapping[str, str] = os.environ) -> Path:
    """Return where sign-in is set up, whether or not there is such a file."""
    return Path(env[FILE]).absolute() if env.get(FILE) else _USUAL


def read_sign_in(env: Mapping[str, str] = os.environ) -> SignIn | None:
    """Return how people sign in; None when that is not set up. Raises BadSignIn."""
    file = sign_in_file(env)
    if not file.exists() and not env.get(FILE):
        return None
    found = _content(file).get("auth")
    if found is None:
        if env.get(FILE):
            raise BadSignIn(f"{file.name} has no [auth] table: write one, or unset {FILE}")
        return None
    told = _checked(found, file.name)
    return SignIn(
        provider=urlsplit(told["server_metadata_url"]).hostname or "",
        admin_email=(env.get(ADMIN) or "").strip().lower() or None,
        groups_claim=env.get(GROUPS) or "groups",
    )


def _content(file: Path) -> dict[str, object]:
    try:
        with file.open("rb") as content:
            if stat.S_IMODE(os.fstat(content.fileno()).st_mode) & 0o077:
                raise BadSignIn(f"{file.name} can be read by others: chmod 600 it")
            return tomllib.load(content)
    except OSError as error:
        raise BadSignIn(f"{file.name} cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise BadSignIn(f"{file.name} is no TOML{where}") from None


def _checked(auth: object, name: str) -> dict[str, str]:
    if not isinstance(auth, dict):
        raise BadSignIn(f"auth in {name} is no table")
    if others := [key for key, value in auth.items() if isinstance(value, dict) and
                  key != "client_kwargs"]:  # fmt: skip
        raise BadSignIn(
            f"[auth.{others[0]}] in {name}: one identity provider is read, from [auth] itself"
        )
    told = {key: str(auth.get(key) or "") for key in _NEEDED}
    if missing := [key for key in _NEEDED if not told[key]]:
        raise BadSignIn(f"[auth] in {name} lacks {', '.join(missing)}")
    if len(told["cookie_secret"]) < _COOKIE_SECRET_MIN:
        raise BadSignIn(
            f"cookie_secret in {name} is too short: write {_COOKIE_SECRET_MIN} random characters"
        )
    if not told["redirect_uri"].endswith(_CALLBACK):
        raise BadSignIn(f"redirect_uri in {name} must end with {_CALLBACK}")
    for key in ("redirect_uri", "server_metadata_url"):
        _refuse_clear_text(key, told[key], name)
    return told


def _refuse_clear_text(key: str, url: str, name: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadSignIn(f"{key} in {name} is no address") from None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname:
        raise BadSignIn(f"{key} in {name} must begin with https:// (http:// on this machine only)")
