"""Who can be bought from, in which mode: the stand-ins of the sandbox, or the networks with a key.

The sandbox's addresses are in a private file that its server writes; a key of the real network is
never used there, and the stand-in's never in live mode.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from connectors.base import Denied
from connectors.buying import Purchaser, Writes
from connectors.http import Limits
from connectors.keys import UnusableKey, key_of, key_variable
from connectors.networks.akash import Akash, order_sdl
from connectors.networks.akash.console import KEY_FORM
from connectors.networks.akash.memory import Memory
from connectors.networks.akash.purchaser import AkashPurchaser
from engine.modes import Mode
from engine.orders import Placed, wanted_by

SANDBOX_FOLDER = "sandbox"
"""Below Necto's home: where the sandbox's server keeps its books and its address."""
LIMITS = Limits(host_spacing_seconds=0.0, read_timeout_seconds=60.0, total_timeout_seconds=90.0)
"""For the client that buys: it waits for what it asked, and asks one thing after the other."""
_SANDBOX_SETTLES_SECONDS = 5
_ADDRESS_BYTES_MAX = 10_000


class _Address(BaseModel):
    """What is used of ``address.json``; the sandbox's server may write more."""

    model_config = ConfigDict(extra="ignore")

    url: str
    key: SecretStr
    owner: str


class _Place(NamedTuple):
    url: str
    key: SecretStr
    owner: str | None
    gateway_url: str | None
    settles_after_seconds: int


class Purchasers:
    """Every network that orders can be placed on, in one mode; made once per process.

    What is remembered between calls (manifests, which hold secrets) stays with it when the
    sandbox's server comes back at another address.
    """

    networks = ("akash",)

    def __init__(self, http: Writes, home: Path, mode: Mode, env: Mapping[str, str]) -> None:
        self._http, self._home, self._mode, self._env = http, home, mode, env
        self._memory = Memory()
        self._made: tuple[_Place, AkashPurchaser] | None = None

    def of(self, network: str) -> Purchaser:
        """Return the network's purchaser; raises Denied, saying what to do, where there is none."""
        if network not in self.networks:
            raise Denied(f"Necto cannot buy on {network}: only on {', '.join(self.networks)}")
        place = self._sandbox() if self._mode == "sandbox" else self._live()
        if self._made is None or self._made[0] != place:
            made = AkashPurchaser(
                self._http,
                place.url,
                place.key,
                place.owner,
                gateway_url=place.gateway_url,
                settles_after_seconds=place.settles_after_seconds,
                memory=self._memory,
            )
            self._made = place, made
        return self._made[1]

    def _sandbox(self) -> _Place:
        found = _address(self._home / SANDBOX_FOLDER / "address.json")
        gateway = f"{found.url}/provider"
        return _Place(found.url, found.key, found.owner, gateway, _SANDBOX_SETTLES_SECONDS)

    def _live(self) -> _Place:
        try:
            key = key_of(Akash.name, self._env)
        except UnusableKey as error:
            raise Denied(str(error)) from None
        if key is None:
            variable = key_variable(Akash.name)
            raise Denied(f"buying on Akash needs a key: set {variable} ({KEY_FORM})")
        url = self._env.get(f"NECTO_{Akash.name.upper()}_URL") or Akash.default_url
        settles = AkashPurchaser.SETTLES_AFTER_SECONDS
        return _Place(url.rstrip("/"), key, None, None, settles)


def network_refusals(placed: Placed) -> tuple[str, ...]:
    """Return what the network of an order cannot promise or take, before it is asked anything.

    An own deployment file gives every fault at once. None for a network that Necto cannot buy on.
    """
    if placed.network != Akash.name:
        return ()
    return order_sdl.refusals(wanted_by(placed, placed.placed_at))


def purchasers(
    http: Writes, home: Path, mode: Mode, env: Mapping[str, str] = os.environ
) -> Purchasers:
    """Return who can be bought from; ``http`` with ``LIMITS``, ``home`` as in ``NECTO_HOME``."""
    return Purchasers(http, home, mode, env)


def _address(path: Path) -> _Address:
    """Read where the sandbox's server is; raises Denied for a file that is not private."""
    start = "start Necto's worker, or the sandbox by hand (python -m connectors.sandbox)"
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise Denied(f"{path.name} of the sandbox can be read by others: chmod 600 it")
            return _Address.model_validate_json(file.read(_ADDRESS_BYTES_MAX))
    except OSError:
        raise Denied(f"the sandbox has not been started: {start}") from None
    except ValidationError:
        raise Denied(f"{path.name} of the sandbox cannot be read: {start}") from None
