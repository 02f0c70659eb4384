"""Every source of prices, one line each. A new one is added here and nowhere else."""

import os
from collections.abc import Mapping

from connectors.base import Connector, Source
from connectors.baselines.azure import Azure
from connectors.networks.akash import Akash
from connectors.networks.lium import Lium
from connectors.networks.nosana import Nosana

SOURCES = (Akash, Nosana, Lium, Azure)


def sources(env: Mapping[str, str] = os.environ) -> tuple[Source, ...]:
    """Return the sources; ``NECTO_<NAME>_URL`` points one at another address (a stand-in).

    A source's further addresses are ``NECTO_<NAME>_<WHICH>_URL``.
    """
    return tuple(
        kind(
            env.get(f"NECTO_{kind.name.upper()}_URL") or kind.default_url,
            urls=_further(kind, env),
        )
        for kind in SOURCES
    )


def _further(kind: type[Connector], env: Mapping[str, str]) -> dict[str, str]:
    named = {which: f"NECTO_{kind.name.upper()}_{which}_URL" for which in kind.extra_urls}
    return {which: env[variable] for which, variable in named.items() if env.get(variable)}
