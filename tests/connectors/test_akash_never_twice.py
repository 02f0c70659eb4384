"""Akash: whatever happens to each write, in any order, there is never a second lease."""

from datetime import timedelta
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Denied, Unreachable
from connectors.buying import Uncertain
from engine.buying import Declined, Leased, Next, Step
from tests.connectors.akash_console import NOW, ORDER, Book, wanted

LOST = httpx.ReadTimeout("lost")
FATES = ("well", "unsent", "lost", "not made", "failed", "crash before", "crash after", "late",
         "forgotten")  # fmt: skip
PATHS = {"create": ("POST", "/v1/deployments"), "lease": ("POST", "/v1/leases"),
         "close": ("DELETE", "/v1/deployments/*")}  # fmt: skip


class Life:
    """One order as the worker runs it: look, one write, look again; what is lost is awaited."""

    def __init__(self, fates: list[str]) -> None:
        self.book, self.fates = Book(), list(fates)
        self.purchaser = self.book.purchaser()
        self.now, self.handle = NOW, None
        self.late: list[httpx.Request] = []

    def run(self) -> Any:
        for _ in range(80):
            self.now += timedelta(seconds=self.purchaser.settles_after_seconds)
            for dseq, held in self.book.deployments.items():
                if held["state"] == "active" and not held["bids"]:
                    self.book.bid(dseq, "akash1alder", "4000")
            order = wanted(bids_until=self.now + timedelta(seconds=90))
            look = self.purchaser.look(order, self.handle, self.now)
            if isinstance(look, Leased | Declined):
                return look
            if isinstance(look, Next):
                self.write(order, look.step)
        raise AssertionError("it goes on for ever")

    def write(self, order: Any, step: Step) -> None:
        fate = self.fates.pop() if self.fates else "well"
        method, path = PATHS[step.name]
        faults = {"unsent": (httpx.ConnectError("no"), False), "lost": (LOST, True),
                  "crash after": (LOST, True), "not made": (LOST, False), "late": (LOST, False),
                  "failed": (httpx.Response(502), True)}  # fmt: skip
        if fate in faults:
            answer, applied = faults[fate]
            self.book.fail(method, path, answer, applied=applied)
        try:
            handle = None if fate == "crash before" else self.purchaser.act(order, step, {})
        except (Uncertain, Unreachable, Denied):
            handle = None
        self.book.faults.clear()
        if fate == "late" and self.book.requests[-1].method == method:
            self.book._applied(self.book.requests[-1])  # it comes into effect after all
        if fate.startswith("crash"):
            self.purchaser = self.book.purchaser()
        if step.name == "create" and handle:
            self.handle = handle
        if fate == "forgotten":  # the records are restored from an old backup
            self.handle = None
        if step.name == "close" and handle == self.handle:
            self.handle = None

    def leases(self) -> list[dict[str, Any]]:
        return [lease for held in self.book.deployments.values() for lease in held["leases"]]


@settings(max_examples=20)
@given(st.lists(st.sampled_from(FATES), max_size=20))
def test_an_order_comes_to_one_lease_or_none_whatever_happens_to_its_writes(fates):
    life = Life(fates)
    end = life.run()
    assert len(life.leases()) == (1 if isinstance(end, Leased) else 0)
    while isinstance(look := life.purchaser.look(wanted(), None, life.now), Next):
        if look.step.name != "close":
            break
        life.purchaser.act(wanted(), look.step, {})
    found = life.purchaser.find(ORDER)
    assert sum(one.is_open for one in found) <= 1
    assert len(life.leases()) <= 1
