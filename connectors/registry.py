"""Every source of prices, one line each. A new one is added here and nowhere else."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from connectors.base import Connector, Source
from connectors.baselines.aws import Aws
from connectors.baselines.azure import Azure
from connectors.baselines.google import Google
from connectors.keys import UnusableKey, key_of, key_variable
from connectors.networks.aethir import Aethir
from connectors.networks.akash import Akash
from connectors.networks.fluence import Fluence
from connectors.networks.ionet import IoNet
from connectors.networks.lium import Lium
from connectors.networks.nosana import Nosana
from connectors.networks.render import Render
from engine.connections import KeyState

SOURCES: tuple[type[Connector], ...] = (
    Akash,
    Render,
    Aethir,
    Nosana,
    Lium,
    IoNet,
    Fluence,
    Aws,
    Azure,
    Google,
)

PAUSES: Mapping[str, timedelta] = {
    kind.name: timedelta(seconds=kind.refresh_seconds) for kind in SOURCES
}
"""How long each source is left alone between two readings, by its name."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One connector with its address and key as set; ``source`` is None without a usable key."""

    kind: type[Connector]
    source: Source | None
    key_state: KeyState
    key_note: str


def registered(env: Mapping[str, str] = os.environ) -> Iterator[Registered]:
    """Give every connector; ``NECTO_<NAME>_URL`` points one at another address (a stand-in).

    A connector's further addresses are ``NECTO_<NAME>_<WHICH>_URL``.
    """
    for kind in SOURCES:
        url = env.get(f"NECTO_{kind.name.upper()}_URL") or None
        variable = key_variable(kind.name)
        how = f"set {variable} to {kind.key_form}" if kind.key_form else ""
        if kind.key_use == "none":
            yield Registered(kind, kind(url, urls=_further(kind, env)), "not needed", "")
            continue
        try:
            key = key_of(kind.name, env)
            usable = key or kind.key_use == "optional"
            source = kind(url, key, _further(kind, env)) if usable else None
        except (UnusableKey, ValueError) as error:
            yield Registered(kind, None, "unusable", str(error))
            continue
        state: KeyState = "present" if key else "missing" if not usable else "not needed"
        yield Registered(kind, source, state, "" if key else how)


def sources(env: Mapping[str, str] = os.environ) -> tuple[Source, ...]:
    """Return the sources that have what they need to be asked."""
    return tuple(found.source for found in registered(env) if found.source)


def _further(kind: type[Connector], env: Mapping[str, str]) -> dict[str, str]:
    named = {which: f"NECTO_{kind.name.upper()}_{which}_URL" for which in kind.extra_urls}
    return {which: env[variable] for which, variable in named.items() if env.get(variable)}
