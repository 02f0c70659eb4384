"""Every source of prices, one line each. A new one is added here and nowhere else."""

import os
from collections.abc import Mapping

from connectors.base import Source
from connectors.baselines.azure import Azure
from connectors.baselines.google import Google
from connectors.networks.akash import Akash
from connectors.networks.lium import Lium
from connectors.networks.nosana import Nosana

SOURCES = (Akash, Nosana, Lium, Azure, Google)


def sources(env: Mapping[str, str] = os.environ) -> tuple[Source, ...]:
    """Return the sources; ``NECTO_<NAME>_URL`` points one at another address (a stand-in)."""
    return tuple(
        kind(env.get(f"NECTO_{kind.name.upper()}_URL") or kind.default_url) for kind in SOURCES
    )
