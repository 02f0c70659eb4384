"""The records against what they stand on, in one run: SQLite's own commits, hashlib's own pace.

1. One durable append (a command with its entry) against a bare commit of a row of that size in
   SQLite with WAL and ``synchronous=FULL``; a batch of appends in one unit of work against one
   commit each.
2. Verifying leaves and tree of ``--entries`` (1,000,000) against one pass that reads the same rows
   and hashes them with hashlib; the comparison of entries with facts apart.
3. The Audit page's questions over the same book, by a process that has counted its facets.
``python benchmarks/records.py [--entries 1000000]`` needs about 2.5 kB of disk an entry.
Targets: single <= 1.5 x, batch >= 10 x, tree <= 3 x, questions <= 300 ms.
"""

import argparse
import hashlib
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.audit import EVER, Counts, Span, page
from data.documents import put
from data.records import Records
from data.unit import Transaction
from data.verify import Report, check_entries, check_tree
from data.verify_ledger import check_ledger
from engine.commands import Command
from engine.paging import Query
from engine.people import job, local_actor

SINGLE, BATCH = 400, 5_000
PEOPLE = [local_actor(f"person-{n}") for n in range(20)] + [job("ingest"), job("checkpoints")]
ACTIONS = ("settings.changed", "market.read", "export.made", "rate-card.imported", "order.placed")


def command(n: int) -> Command:
    who = PEOPLE[n * 7 % len(PEOPLE)]
    return Command(f"key-{n}", ACTIONS[n * 3 % 5], who, f"thing/{n * 11 % 5000}", {"n": n})


def act(unit: Transaction) -> object:
    if unit.next_index % 20 == 0:
        put(unit, "thing", str(unit.next_index), {"at": unit.at})
    return {"done": "yes"}


def bare(folder: Path, size: int) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")
    connection.execute("INSERT INTO t (body) VALUES (?)", ("x" * size,))
    return connection


def appends(records: Records, folder: Path) -> None:
    with records.reading() as view:
        size = view.exec_driver_sql("SELECT max(length(body)) FROM entries").scalar() or 700
    connection, body = bare(folder, size), "x" * size
    mine, theirs = [], []
    for n in range(SINGLE):
        start = time.perf_counter()
        records.perform(command(n), act)
        mine.append(time.perf_counter() - start)
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t (body) VALUES (?)", (body,))
        connection.execute("COMMIT")
        theirs.append(time.perf_counter() - start)
    connection.close()
    one, commit = statistics.median(mine), statistics.median(theirs)
    print(
        f"one durable append   bare commit {commit * 1e6:.0f} us   Necto {one * 1e6:.0f} us   "
        f"{one / commit:.2f} x (target <= 1.5)"
    )
    start = time.perf_counter()
    with records.transaction() as unit:
        for n in range(SINGLE, SINGLE + BATCH):
            unit.perform(command(n), act)
    each = (time.perf_counter() - start) / BATCH
    print(
        f"batched append   one commit an entry {one * 1e6:.0f} us   "
        f"in a batch {each * 1e6:.0f} us   rate {one / each:.1f} x (target >= 10)"
    )


def filled(records: Records, entries: int) -> None:
    for first in range(SINGLE + BATCH, entries, 20_000):
        with records.transaction() as unit:
            for n in range(first, min(first + 20_000, entries)):
                unit.perform(command(n), act)


def verification(records: Records, file: Path) -> None:
    connection = sqlite3.connect(file)
    start = time.perf_counter()
    for (body,) in connection.execute("SELECT body FROM entries ORDER BY leaf_index"):
        hashlib.sha256(b"\0" + body.encode()).digest()
    once = time.perf_counter() - start
    connection.close()
    report = Report()
    with records.reading() as view:
        start = time.perf_counter()
        check_tree(view, report)
        tree = time.perf_counter() - start
        print(
            f"verifying leaves and tree of {report.size:,} entries   reading and hashing them once "
            f"{once:.2f} s   Necto {tree:.2f} s   {tree / once:.2f} x (target <= 3)"
        )
        start = time.perf_counter()
        check_entries(view, records.installation, records.book, report)
        check_ledger(view, report)
        print(
            f"comparing entries with {report.facts:,} facts and the ledger   "
            f"{time.perf_counter() - start:.1f} s   differences {len(report.problems)}"
        )


def questions(records: Records, entries: int) -> None:
    counts = Counts()
    now = datetime.now(UTC)
    recent = Span(now - timedelta(minutes=5), now)
    asked: dict[str, tuple[Query, Span]] = {
        "newest": (Query(), EVER),
        "in the middle": (Query(offset=entries // 2), EVER),
        "one action": (Query(facets={"action": ("necto.market.read",)}), EVER),
        "action and actor": (
            Query(facets={"action": ("necto.market.read",), "actor": ("job:ingest",)}), EVER,
        ),
        "actor contains": (Query(filters={"actor": "person-1"}), EVER),
        "subject contains": (Query(filters={"subject": "thing/499"}), EVER),
        "by subject": (Query(sort=(("subject", "asc"),)), EVER),
        "by actor, far down": (Query(sort=(("actor", "desc"),), offset=entries // 3), EVER),
        "refused only": (Query(facets={"result": ("refused",)}), EVER),
        "last minutes": (Query(), recent),
    }  # fmt: skip
    with records.reading() as view:
        first = timed(lambda: counts.up_to_date(view))
        print(f"facets counted, once a process   {first * 1000:.0f} ms")
        for name, (query, span) in asked.items():
            taken = min(timed(lambda q=query, s=span: page(view, q, s, counts)) for _ in range(3))
            print(f"question: {name:20} {taken * 1000:6.0f} ms (target <= 300)")


def timed(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    wanted = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "book.sqlite"
        book = Records.open(f"sqlite:///{path}", "house", "benchmark")
        appends(book, Path(temporary))
        filled(book, wanted)
        verification(book, path)
        questions(book, wanted)
        book.close()
