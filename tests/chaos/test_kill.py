"""kill -9 at any moment: nothing acknowledged is lost, nothing is done twice, the book is sound."""

import itertools
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from data.records import Records
from tests.chaos.commands import HERE, problems
from tests.chaos.workers import work
from tests.children import Child
from tests.postgres import Server

RESTART_SECONDS_MAX = 1.0
ROUNDS_IN_A_BOOK = 20  # then a new one is begun: its making is killed too
LIFE_SECONDS = 0.5
SECONDS_MAX = 30


@dataclass
class Tally:
    """What happened: for the summary."""

    engine: str
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    found_done: int = 0
    books: list["Book"] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)

    def book(self, number: int, make: Callable[[], str]) -> "Book":
        """The book of this round."""
        if number % ROUNDS_IN_A_BOOK == 0:
            self.books.append(Book(make(), self))
        return self.books[-1]

    def judge(self, record_property: Callable[[str, object], None]) -> None:
        """Say what happened, and that it was no idle run."""
        assert self.acknowledged > 2 * sum(self.kills.values())
        assert statistics.median(self.restarts) < RESTART_SECONDS_MAX
        record_property("chaos", str(self))

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {what}" for what, count in sorted(self.kills.items()))
        faults = ", ".join(f"{count} {what}" for what, count in sorted(self.faults.items()))
        entries = sum(book.entries for book in self.books)
        median, longest = statistics.median(self.restarts), max(self.restarts)
        return (
            f"{self.engine}: {sum(self.kills.values())} kills ({kills}), seed {self.seed}; "
            f"{self.acknowledged} commands acknowledged, 0 lost, 0 done twice; "
            f"{self.found_done} done whose acknowledgement was lost; {entries} entries verified; "
            f"open again in {median * 1000:.0f} ms (median), {longest * 1000:.0f} ms (longest)"
            + (f"; faults that processes waited out: {faults}" if faults else "")
        )


class Book:
    """One book through many kills: who does which command next, and what was acknowledged."""

    def __init__(self, url: str, tally: Tally) -> None:
        self.url, self.tally, self.entries = url, tally, 0
        self.acknowledged: dict[tuple[str, int], int] = {}
        self.next = {"a": 0, "b": 0}

    @contextmanager
    def worked_on(self, lanes: str) -> Iterator[dict[str, Child]]:
        """A process for each lane; what they said is counted when all of them are gone."""
        with ExitStack() as stack:
            children = {
                lane: stack.enter_context(Child(work, self.url, lane, self.next[lane]))
                for lane in lanes
            }
            yield children
            for lane, child in children.items():
                if child.process.is_alive():
                    child.kill()
                self.hear(lane, child.said())

    def hear(self, lane: str, said: list[tuple[object, ...]]) -> int:
        """Count what a process said; returns how many commands it acknowledged."""
        done = 0
        for what, *rest in said:
            assert what != "error", rest
            if what == "open":
                if self.acknowledged:  # or it is being made
                    self.tally.restarts.append(rest[0])
            elif what == "fault":
                self.tally.faults[rest[0]] += 1
            else:
                number, place, replayed = rest
                known = self.acknowledged.setdefault((lane, number), place)
                assert known == place, f"{lane} {number} was done at {known} and at {place}"
                self.next[lane], done = number + 1, done + 1
                self.tally.found_done += replayed
        self.tally.acknowledged += done
        return done

    def listen(self, children: dict[str, Child], seconds: float, enough: int = 2**30) -> None:
        """Let processes work for a while, or until each has acknowledged enough."""
        end, heard = time.monotonic() + seconds, Counter[str]()
        while time.monotonic() < end and min(heard[lane] for lane in children) < enough:
            for lane, child in children.items():
                if child.pipe.poll(min(0.005, max(0, end - time.monotonic()))):
                    heard[lane] += self.hear(lane, child.said())

    def check(self) -> None:
        """Open it as after a restart, and look through all of it."""
        start = time.perf_counter()
        records = Records.open(self.url, "sandbox", HERE)
        self.tally.restarts.append(time.perf_counter() - start)
        assert problems(records, self.acknowledged) == []
        with records.reading() as view:
            asked = "SELECT count(*) FROM entries"
            self.entries = int(view.exec_driver_sql(asked).scalar() or 0)
        records.close()


def kill_client(book: Book, children: dict[str, Child], chance: random.Random) -> str:
    """The moment is anywhere in the life of a process; of one in five while it opens the book."""
    is_early = chance.random() < 0.2
    if not is_early:
        book.listen(children, SECONDS_MAX, enough=1)
    book.listen(children, chance.random() * (0.1 if is_early else LIFE_SECONDS))
    for child in children.values():
        child.kill()
    return "processes"


@pytest.mark.timeout(3600)
def test_processes_are_killed_that_write_to_a_file(tmp_path, chaos, record_property):
    tally = Tally("SQLite", chaos.seed)
    chance = random.Random(chaos.seed)
    for number in range(chaos.of(200, 8)):
        book = tally.book(number, lambda n=number: f"sqlite:///{tmp_path / f'{n}.sqlite'}")
        with book.worked_on(chance.choice(["a", "ab"])) as children:
            tally.kills[kill_client(book, children, chance)] += 1
        book.check()
    tally.judge(record_property)


def kill_backend(server: Server) -> Callable[[Book, dict[str, Child], random.Random], str]:
    def killed(book: Book, children: dict[str, Child], chance: random.Random) -> str:
        book.listen(children, SECONDS_MAX, enough=1)
        book.listen(children, chance.random() * LIFE_SECONDS)
        with psycopg.connect(
            host=str(server.folder), user="postgres", dbname="postgres", autocommit=True
        ) as asking:
            found = asking.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = 'necto' ORDER BY pid"
            ).fetchall()
        if not found:  # nobody was connected just now
            return kill_client(book, children, chance)
        server.kill_backend(chance.choice(found)[0])
        book.listen(children, SECONDS_MAX, enough=3)
        return "backends"

    return killed


def kill_server(server: Server) -> Callable[[Book, dict[str, Child], random.Random], str]:
    def killed(book: Book, children: dict[str, Child], chance: random.Random) -> str:
        book.listen(children, SECONDS_MAX, enough=1)
        book.listen(children, chance.random() * LIFE_SECONDS)
        server.kill()
        book.listen(children, chance.random() * 0.2)
        server.start()
        book.listen(children, SECONDS_MAX, enough=3)
        return "servers"

    return killed


@pytest.mark.timeout(3600)
def test_processes_backends_and_servers_are_killed(own_postgres, chaos, record_property):
    tally, ways = Tally("PostgreSQL", chaos.seed), itertools.cycle(
        [kill_client, kill_server(own_postgres), kill_client, kill_backend(own_postgres)]
    )  # fmt: skip
    chance = random.Random(chaos.seed)
    for number in range(chaos.of(52, 4)):
        book = tally.book(number, own_postgres.create_database)
        with book.worked_on(chance.choice(["a", "ab"])) as children:
            tally.kills[next(ways)(book, children, chance)] += 1
        book.check()
    tally.judge(record_property)
