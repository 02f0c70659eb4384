"""Orders under faults at every call and kill -9: none is bought twice, none is forgotten."""

import random
import time
from collections import Counter
from collections.abc import Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import func, select

from connectors.jobs.procure import work_due
from connectors.jobs.reconcile import reconcile
from connectors.jobs.watch import watch_due
from connectors.sandbox.client import Control, child
from data.claims import hurry
from data.orders import listed
from data.tables import order_heads
from data.treasury import begin_play_money
from engine.orders import OPEN
from tests.chaos.order_acts import Acts
from tests.chaos.order_checks import problems
from tests.chaos.order_workers import FAULTS, work
from tests.chaos.order_world import FACTOR, Clock, desk_of, market, records_of
from tests.children import Child

OPEN_MAX = 12  # lives at once
WORKERS = 2
SETTLE_SECONDS_MAX = 60
PASSING = {"waiting", "placed", "buying", "closing"}


@dataclass
class World:
    """Everything of one run: the stand-in, two workers, people, dice."""

    home: Path
    seed: int
    stack: ExitStack
    kills: Counter[str] = field(default_factory=Counter)
    workers: list[Child] = field(default_factory=list)

    def begin(self) -> None:
        self.chance = random.Random(self.seed)
        self.clock = Clock(self.home)
        self.clock.begin()
        self.records = records_of(self.home)
        begin_play_money(self.records)
        self.stack.enter_context(child(self.home / "akash"))
        self.control = Control.at(self.home / "akash")
        self.stack.callback(self.control.close)
        self.control.market(market())
        self.control.seed(self.seed)
        self.control.clock(factor=FACTOR)
        self.acts = Acts(self.chance, self.records, self.control, self.clock)
        for _ in range(WORKERS):
            self.hire()
        for worker in self.workers:
            worker.says()

    def hire(self) -> None:
        self.workers.append(self.stack.enter_context(Child(work, str(self.home))))

    def kill(self) -> None:
        """`kill -9` of a worker wherever it is, and another one for it."""
        self.workers.pop(self.chance.randrange(len(self.workers))).kill()
        self.kills["workers"] += 1
        self.hire()

    def live(self, lives: int) -> None:
        """Orders are placed, and everything happens to them, until so many have been."""
        while self.acts.lives < lives:
            if self.open(OPEN) < OPEN_MAX:
                self.acts.place()
            for _ in range(self.chance.randint(0, 2)):
                self.acts.one()
            self.worse()
            time.sleep(self.chance.random() * 0.3)
        self.acts.unfreeze()

    def worse(self) -> None:
        """Sometimes a worker is killed, buying is frozen, or the machine sleeps."""
        if self.chance.random() < 0.1:
            self.kill()
        if self.chance.random() < 0.02:
            self.acts.freeze()
        elif self.chance.random() < 0.3:
            self.acts.unfreeze()
        if self.acts.lives % 25 == 20 and self.chance.random() < 0.3:
            self.jump(self.chance.choice([200, 5400]))

    def jump(self, seconds: float) -> None:
        """Hours pass, and nobody worked: a machine that slept."""
        self.clock.jump(seconds)
        self.control.clock(advance_seconds=seconds)

    def settle(self) -> None:
        """Nothing goes wrong any more: every order comes to its end, or runs as it should."""
        self.control.clear()
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while time.monotonic() < end and self.open(PASSING):
            time.sleep(0.3)
            self.jump(20)
        self.workers_end()

    def workers_end(self) -> None:
        for worker in self.workers:
            with suppress(BrokenPipeError):
                worker.pipe.send("end")
        for worker in self.workers:
            worker.process.join(30)

    def last_look(self) -> None:
        """One worker sees to everything once more, at a network that stands still."""
        desk = desk_of(self.home)
        self.jump(600)  # no claim of those who were killed counts any more
        self.control.clock(factor=0)
        reconcile(desk, "akash")
        with self.records.reading() as view:
            hurry(self.records, [one.order_id for one in listed(view, ["active"], most=10_000)])
        watch_due(desk)
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while time.monotonic() < end and self.open(PASSING):
            work_due(desk)
            self.clock.jump(5)

    def states(self) -> Counter[str]:
        asked = select(order_heads.c.state, func.count()).group_by(order_heads.c.state)
        with self.records.reading() as view:
            return Counter({str(state): int(count) for state, count in view.execute(asked)})

    def open(self, states: Collection[str]) -> int:
        return sum(count for state, count in self.states().items() if state in states)

    def __str__(self) -> str:
        def listing(told: Counter[str]) -> str:
            return ", ".join(f"{count} {what}" for what, count in sorted(told.items()))

        return (
            f"orders: seed {self.seed}, {self.acts.lives} lives, {listing(self.kills)} killed; "
            f"people: {listing(self.acts.done)}; "
            f"{self.acts.faults.total()} faults ({listing(self.acts.faults)}); "
            f"outcomes: {listing(self.states())}"
        )


@pytest.mark.timeout(7200)
def test_no_order_is_bought_twice_or_forgotten(tmp_path, chaos, record_property):
    with ExitStack() as stack:
        world = World(tmp_path, chaos.seed, stack)
        world.begin()
        world.live(chaos.lives)
        world.settle()
        world.last_look()
        leases = world.control.leases()
        told = str(world)
        record_property("chaos", told)
        found = problems(world.records, leases, tmp_path / "akash" / "akash.sqlite")
        faults = (tmp_path / FAULTS).read_text()
        assert (found, faults) == ([], ""), told
        assert leases
