"""The world of the chaos of orders: a market, a clock that runs fast, desks and orders."""

import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

from connectors.base import Denied
from connectors.http import HttpClient
from connectors.jobs.order_desk import Desk
from connectors.networks.akash.memory import Memory
from connectors.networks.akash.purchaser import AkashPurchaser
from connectors.purchasers import LIMITS
from connectors.sandbox.forms import Market, MarketGpu, MarketProvider
from connectors.sandbox.server import Address
from data.records import Records
from engine.orders import KeptBidder, Placed
from engine.people import Actor
from engine.requirement import Gpus, Port, Requirement

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
INES = Actor("ines", frozenset({"buyer"}), authenticated=False)
TOM = Actor("tom", frozenset({"approver", "buyer"}), authenticated=False)
KOFI = Actor("kofi", frozenset({"finance", "admin"}), authenticated=False)
NAMES = ("alder", "birch", "cedar", "dogwood", "elm", "fir")
CEILING = Decimal("2.60")
FACTOR = 30.0
LIMITS_FAST = replace(
    LIMITS, connect_timeout_seconds=0.5, read_timeout_seconds=0.8, total_timeout_seconds=1.5,
    attempts_max=2, backoff_base_seconds=0.02, backoff_max_seconds=0.1,
    retry_after_max_seconds=0.1,
)  # fmt: skip


class Clock:
    """Necto's time in this world: ``FACTOR`` times as fast as ours, and it jumps when told to.

    It is in a file, so that every process has the same one.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "clock.json"

    def begin(self) -> None:
        """Start from now."""
        self._write(time.time(), 0.0)

    def __call__(self) -> datetime:
        since, ahead = json.loads(self.path.read_text())
        passed = (time.time() - since) * FACTOR + ahead
        return datetime.fromtimestamp(since, UTC) + timedelta(seconds=passed)

    def jump(self, seconds: float) -> None:
        since, ahead = json.loads(self.path.read_text())
        self._write(since, ahead + seconds)

    def _write(self, since: float, ahead: float) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps([since, ahead]))
        new.replace(self.path)


class Sellers:
    """The stand-in, as it would be bought from live: a lost create is waited for, three minutes."""

    networks = ("akash",)

    def __init__(self, home: Path) -> None:
        self._home, self._http, self._memory = home, HttpClient(LIMITS_FAST), Memory()

    def of(self, _network: str) -> AkashPurchaser:
        found = Address.read(self._home / "akash")
        if found is None:
            raise Denied("the stand-in has no address")
        return AkashPurchaser(
            self._http, found.url, SecretStr(found.key), found.owner,
            gateway_url=f"{found.url}/provider", memory=self._memory,
        )  # fmt: skip


def records_of(home: Path) -> Records:
    return Records.open(f"sqlite:///{home / 'sandbox.sqlite'}", "sandbox", HERE, Clock(home))


def desk_of(home: Path) -> Desk:
    """A worker's desk in this world."""
    return Desk(
        records=records_of(home),
        sellers=Sellers(home),
        secrets_of=lambda names: {name: SecretStr(f"the {name}") for name in names},
        now=Clock(home),
    )


def market() -> Market:
    """Six providers with much room, from $2.00 an hour."""
    made = [
        MarketProvider(
            address=f"akash1{name}", host_uri=f"https://{name}.invalid:8443", country="NL",
            gpus=(MarketGpu(model="h100", ram="80Gi", interface="SXM5", free=10_000,
                            usd_per_gpu_hour=Decimal(2) + Decimal(place) / 10),),
            cpu_millicores_free=2**40, memory_bytes_free=2**60, storage_bytes_free=2**60,
        )
        for place, name in enumerate(NAMES)
    ]  # fmt: skip
    return Market(providers=tuple(made))


def wanted(number: int, chance: random.Random, now: datetime) -> Placed:
    """An order of some minutes or some hours; one in four waits for a second person."""
    hours = chance.choice([Decimal("0.1"), Decimal("0.3"), Decimal(1), Decimal(9), None])
    hold = max(50, int(CEILING * 100 * (hours or 3)))
    waits = chance.random() < 0.25
    by = now + timedelta(minutes=chance.choice([3, 30]))
    need = Requirement(
        name=f"life {number}", gpus=Gpus(count=1, models={"H100"}), image="app:1",
        ports=(Port(port=8080),),
    )  # fmt: skip
    return Placed(
        order_id=f"sbx-{number:026}", network="akash", decision=f"sha256:{number}",
        offer_id="akash:alder", gpu_name="h100 80Gi SXM5", gpu_model="H100-SXM", gpu_count=1,
        vcpu=Decimal(8), memory_gib=Decimal(32), storage_gib=Decimal(100), country_code="NL",
        requirement=need, bidders=_bidders(chance), usd_per_hour=Decimal(2),
        usd_per_hour_max=CEILING, hold_cents=hold, first_deposit_cents=min(hold, 1040),
        runs_hours=hours, requester="ines", cost_centre="CC-1", po_number=None, policy=None,
        policy_editor=None, approval_above_usd=Decimal("0.4") if waits else None,
        approval_expires_at=by if waits else None, placed_at=now,
        quote_expires_at=by if waits else now + timedelta(minutes=30), is_simulated=True,
    )  # fmt: skip


def _bidders(chance: random.Random) -> tuple[KeptBidder, ...]:
    names = chance.sample(NAMES, chance.choice([1, 3, 6]))
    return tuple(
        KeptBidder(provider_id=f"akash1{name}", offer_id=f"akash:{name}", usd_per_hour=Decimal(2))
        for name in names
    )
