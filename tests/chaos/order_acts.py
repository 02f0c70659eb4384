"""What happens at random in the chaos of orders: people's acts, the network's faults, its acts."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.sandbox.client import Control, Misunderstood, NotRunning
from connectors.sandbox.forms import CloseReason, Fault
from data import ordering
from data.faults import RecordsFault
from data.orders import listed
from data.records import Records
from data.stops import freeze, stops, unfreeze
from engine.commands import Refused
from engine.orders import OPEN
from tests.chaos.order_world import INES, KOFI, NAMES, TOM, Clock, wanted

CALLS = ("", "/v1/deployments", "/v1/deployments/*", "/v1/leases", "/v1/deposit-deployment",
         "/v1/bids*", "/akash/*")  # fmt: skip
PASSING = (
    "cut_before", "lost_answer", "duplicate", "slow", "status", "html_403", "text_404",
    "wallet_402", "wallet_409", "wallet_503", "wrong_types", "garbage", "outage",
)  # fmt: skip
STANDING = ("no_bids", "vanishing_bids", "price_up", "provider_dead", "no_manifest")
REASONS: tuple[CloseReason, ...] = (
    "lease_closed_reason_unstable", "lease_closed_reason_decommission",
    "lease_closed_reason_unspecified", "lease_closed_reason_manifest_timeout",
    "lease_closed_reason_insufficient_funds", "lease_closed_invalid",
)  # fmt: skip


@dataclass
class Acts:
    """The dice, and what was done by them so far."""

    chance: random.Random
    records: Records
    control: Control
    clock: Clock
    lives: int = 0
    done: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def place(self) -> None:
        """One more life; one in ten is clicked twice."""
        self.lives += 1
        order = wanted(self.lives, self.chance, self.clock())
        key = f"place-{self.lives}"
        clicks = 2 if self.chance.random() < 0.1 else 1
        for _ in range(clicks):
            with suppress(Refused):
                ordering.place(self.records, order, INES, key)
                self.done["placed"] += 1

    def person(self) -> None:
        """Somebody does something to an open order, or to all buying."""
        with self.records.reading() as view:
            heads = listed(view, sorted(OPEN), most=60)
        if not heads:
            return
        head = self.chance.choice(heads)
        waiting = [one for one in heads if one.state == "waiting"]
        if waiting and self.chance.random() < 0.6:
            head = self.chance.choice(waiting)
            name = self.chance.choice(["approve", "approve", "reject"])
        else:
            name = self.chance.choice(["stop"] + ["extend"] * 5)
        self._try(name, head.order_id)

    def freeze(self) -> None:
        freeze(self.records, "a rumour", KOFI, self._key())
        self.done["freeze"] += 1

    def unfreeze(self) -> None:
        with self.records.reading() as view:
            if not stops(view):
                return
        unfreeze(self.records, KOFI, self._key())

    def network(self) -> None:
        """The network, or a provider, does something to a lease."""
        alive = [one for one in self.control.leases() if one.state == "active"]
        if not alive:
            return
        lease = self.chance.choice(alive)
        act = self.chance.choice(["close", "reclaim", "exhaust"])
        with suppress(Misunderstood):
            if act == "close":
                reason = self.chance.choice(REASONS)
                self.control.close_lease(lease.dseq, reason)
                act = reason.removeprefix("lease_closed_").removeprefix("reason_")
            elif act == "reclaim":
                self.control.reclaim(lease.dseq, self.chance.choice([60, 900, 7200]))
            else:
                self.control.exhaust(lease.dseq)
            self.faults[act] += 1

    def fault(self) -> None:
        """Something goes wrong a few times, or until the next fault."""
        kind = self.chance.choice(PASSING + STANDING)
        is_passing = kind in PASSING
        made = Fault(
            kind=kind,  # type: ignore[arg-type]
            path=self.chance.choice(CALLS) if is_passing else "",
            times=self.chance.randint(1, 3) if kind != "provider_dead" else 10,
            probability=self.chance.choice([0.5, 1.0]),
            seconds=self.chance.choice([0.2, 1.2]) if kind == "slow" else 0,
            status=self.chance.choice([429, 500, 502, 503]),
            percent=Decimal(self.chance.choice([4, 60])),
            provider=f"akash1{self.chance.choice(NAMES)}",
        )
        with suppress(Misunderstood):
            self.control.fault(made)
            self.faults[kind] += 1

    def one(self) -> None:
        """Do one of all these."""
        pick: Callable[[], None] = self.chance.choices(
            [self.person, self.network, self.fault], weights=[3, 2, 2]
        )[0]
        with suppress(NotRunning, RecordsFault):
            pick()

    def _try(self, name: str, order_id: str) -> None:
        key, records = self._key(), self.records
        try:
            if name == "approve":
                ordering.approve(records, order_id, TOM, key)
            elif name == "reject":
                ordering.reject(records, order_id, "too dear", TOM, key)
            elif name == "stop":
                ordering.stop(records, order_id, "enough", INES, key)
            else:
                more = ordering.Extension(hours=Decimal("0.2"), cents=100)
                ordering.extend(records, order_id, more, TOM, key)
            self.done[name] += 1
        except Refused:
            self.done["refused"] += 1

    def _key(self) -> str:
        return f"act-{self.done.total()}-{self.chance.getrandbits(64):x}"
