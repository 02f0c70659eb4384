"""What an order is worked with: the book, the networks that sell, who works, and the clock.

Everything that becomes of an order is one command: the event, what it does to the money and the
entry in the trail are committed together.
"""

import logging
import os
import random
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from connectors.base import Denied
from connectors.buying import Purchaser
from connectors.jobs.ingest import now_utc
from data.orders import Outdated, happened, order
from data.records import Records
from data.unit import OtherCommand, Transaction
from engine.canonical import Json, plain
from engine.commands import Command
from engine.orders import Kind, Order
from engine.people import Actor, job

WORKER = job("procure")
Also = Callable[[Transaction, Order], object]
"""What else happens in the same unit of work, told the order as it was before and is then."""


log = logging.getLogger(__name__)


class Sellers(Protocol):
    """Who can be bought from now."""

    @property
    def networks(self) -> Sequence[str]:
        """The networks that orders may be placed on."""
        ...

    def of(self, network: str) -> Purchaser:
        """Return a network's purchaser; raises Denied, in words, where there is none now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A worker's desk. ``secrets_of`` reads secrets by their names at the moment of sending.

    ``probed``: how often in a row what an order serves did not answer, None: not known yet.
    ``policy_now``: the version that holds now of the policy that an order was decided under.
    """

    records: Records
    sellers: Sellers
    secrets_of: Callable[[Iterable[str]], Mapping[str, SecretStr]]
    policy_now: Callable[[str], str | None] = lambda ref: ref
    probed: Callable[[str], int | None] = lambda _order_id: 0
    now: Callable[[], datetime] = now_utc
    worker: str = field(default_factory=lambda: f"{os.getpid()}-{uuid.uuid4().hex[:12]}")
    jitter: Callable[[], float] = random.random
    who: Actor = WORKER

    def purchaser(self, network: str) -> Purchaser | None:
        """Return a network's purchaser; None (logged) where it cannot be bought from now."""
        try:
            return self.sellers.of(network)
        except Denied as missing:
            log.warning("%s: %s", network, missing)
            return None

    def order(self, order_id: str) -> Order:
        """Return an order as the book has it."""
        with self.records.reading() as view:
            return order(view, order_id)

    def tell(
        self,
        known: Order,
        kind: Kind,
        detail: Mapping[str, Json] | None = None,
        also: Also | None = None,
        due_at: datetime | None = None,
    ) -> Order:
        """Write down what happened to an order and return what it is then.

        Raises Outdated where somebody else was faster: read the order again, decide again.
        """
        told = plain(dict(detail or {}))
        key = f"{known.order_id}/{known.ordinal + 1}/{kind}"
        command = Command.of(key, f"order.{kind}", self.who, f"order/{known.order_id}", told)
        after: list[Order] = []

        def act(unit: Transaction) -> Json:
            then = happened(unit, known, kind, told if isinstance(told, dict) else {}, due_at)
            if also is not None:
                also(unit, then)
            after.append(then)
            return {"state": then.state}

        try:
            outcome = self.records.perform(command, act)
        except OtherCommand as faster:  # it told the same of this event, in other words
            raise Outdated(f"order {known.order_id} has changed meanwhile") from faster
        if outcome.replayed or not after:
            raise Outdated(f"order {known.order_id} has changed meanwhile: look at it again")
        return after[0]
