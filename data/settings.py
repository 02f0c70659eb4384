"""Settings: read once from the environment, checked, then passed on."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from data.sign_in import BadSignIn, SignIn, read_sign_in
from engine.modes import Mode

KEEP_DAYS = 400
"""Drops are kept this long unless told otherwise: a year, and room for a late audit of it."""


class BadSettings(ValueError):
    """A setting cannot be used: the message names the variable and what to write."""


class Settings(BaseModel):
    """Where Necto keeps things and how it runs.

    ``home`` holds everything that is ours (``NECTO_HOME``, default ``./var``); ``lake`` the market
    (``NECTO_LAKE``, default ``<home>/market``); ``worker`` is ``internal`` (the app starts one) or
    ``external`` (you run ``python -m connectors work``). ``keep_days``: how long what the networks
    said is kept in full (``NECTO_KEEP_DAYS``, default 400; 0: for ever); daily prices always stay.
    ``records_url`` (``NECTO_RECORDS_URL``): a PostgreSQL database instead of SQLite files under
    ``home``; it may hold a password, so it is never shown. ``mode`` (``NECTO_MODE``): ``live`` is
    refused without ``sign_in`` (``data.sign_in``), so that every order has a person.
    """

    model_config = ConfigDict(frozen=True)

    home: Path
    lake: Path
    mode: Mode
    worker: Literal["internal", "external"]
    keep_days: int = Field(default=KEEP_DAYS, ge=0)
    records_url: SecretStr | None = None
    sign_in: SignIn | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read ``NECTO_*``; raises BadSettings."""
        home = Path(env.get("NECTO_HOME") or "var").absolute()
        try:
            sign_in = read_sign_in(env)
        except BadSignIn as error:
            raise BadSettings(f"sign-in: {error}") from None
        if env.get("NECTO_MODE") == "live" and sign_in is None:
            raise BadSettings(
                "NECTO_MODE=live needs sign-in, which is not set up: write [auth] into "
                ".streamlit/secrets.toml, or set NECTO_AUTH_FILE (docs/people.md says how); or "
                "unset NECTO_MODE"
            )
        try:
            return cls(
                home=home,
                lake=Path(env.get("NECTO_LAKE") or home / "market").absolute(),
                mode=env.get("NECTO_MODE") or "sandbox",
                worker=env.get("NECTO_WORKER") or "internal",
                keep_days=env.get("NECTO_KEEP_DAYS") or KEEP_DAYS,
                records_url=env.get("NECTO_RECORDS_URL") or None,
                sign_in=sign_in,
            )
        except ValidationError as error:
            wrong = "; ".join(
                f"NECTO_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()
            )
            raise BadSettings(wrong) from None
