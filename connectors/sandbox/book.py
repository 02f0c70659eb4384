"""The network's own book: one SQLite file, one writer, everything committed before it is answered.

Only this network reads it; Necto sees the network through its protocol. Whole uact are integers,
prices are texts of 10**-18 uact per block, moments are block heights.
"""

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE deployments (
  n INTEGER PRIMARY KEY, dseq TEXT NOT NULL UNIQUE, state TEXT NOT NULL, hash TEXT NOT NULL,
  created INTEGER NOT NULL, closed INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 1,
  deposits TEXT NOT NULL, transferred INTEGER NOT NULL, returned INTEGER NOT NULL,
  owed INTEGER NOT NULL, settled INTEGER NOT NULL, escrow TEXT NOT NULL,
  auto INTEGER NOT NULL DEFAULT 0, tried INTEGER NOT NULL DEFAULT 0, due INTEGER
) STRICT;
CREATE INDEX deployments_due ON deployments (due, n) WHERE due IS NOT NULL;
CREATE INDEX deployments_state ON deployments (state, n);
CREATE TABLE groups (
  dseq TEXT NOT NULL, gseq INTEGER NOT NULL, state TEXT NOT NULL, orders TEXT NOT NULL,
  spec TEXT NOT NULL, services TEXT NOT NULL, PRIMARY KEY (dseq, gseq)
) STRICT, WITHOUT ROWID;
CREATE TABLE bids (
  dseq TEXT NOT NULL, gseq INTEGER NOT NULL, provider TEXT NOT NULL, opens INTEGER NOT NULL,
  price TEXT NOT NULL, state TEXT NOT NULL, offer TEXT NOT NULL, window INTEGER NOT NULL,
  PRIMARY KEY (dseq, gseq, provider)
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
  n INTEGER PRIMARY KEY, dseq TEXT NOT NULL, gseq INTEGER NOT NULL, provider TEXT NOT NULL,
  state TEXT NOT NULL, price TEXT NOT NULL, created INTEGER NOT NULL,
  closed INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL, paid INTEGER NOT NULL DEFAULT 0,
  manifest INTEGER, window INTEGER NOT NULL, reclaimed INTEGER, deadline INTEGER,
  needs TEXT NOT NULL, UNIQUE (dseq, gseq, provider)
) STRICT;
CREATE INDEX leases_state ON leases (state, n);
CREATE TABLE providers (
  address TEXT PRIMARY KEY, place INTEGER NOT NULL, form TEXT NOT NULL, created INTEGER NOT NULL
) STRICT;
CREATE TABLE taken (provider TEXT NOT NULL, what TEXT NOT NULL, amount INTEGER NOT NULL,
  PRIMARY KEY (provider, what)) STRICT, WITHOUT ROWID;
CREATE TABLE toppings (
  dseq TEXT PRIMARY KEY, id TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL
) STRICT;
CREATE TABLE events (
  n INTEGER PRIMARY KEY, height INTEGER NOT NULL, kind TEXT NOT NULL, dseq TEXT NOT NULL,
  gseq INTEGER NOT NULL, provider TEXT NOT NULL, note TEXT NOT NULL, tx TEXT NOT NULL
) STRICT;
CREATE INDEX events_dseq ON events (dseq, n);
CREATE TABLE faults (id INTEGER PRIMARY KEY, form TEXT NOT NULL, remaining INTEGER) STRICT;
"""
_NAME = re.compile(r"akash(?:-([0-9]+))?\.sqlite")
Row = dict[str, Any]


class Book:
    """One open book; every request runs in one transaction of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare()
        except sqlite3.Error:
            self._connection.close()
            raise
        path.chmod(0o600)

    def _prepare(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -65536"):
            self._connection.execute(f"PRAGMA {pragma}")
        with self.transaction():
            if not self.all("SELECT 1 FROM sqlite_schema WHERE name = 'meta'"):
                for statement in SCHEMA.split(";"):
                    self._connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the book alone; all of the block is committed, or none of it."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth > 1:
                    yield
                    return
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def all(self, sql: str, *values: object) -> list[Row]:
        with closing(self._connection.execute(sql, values)) as cursor:
            return [dict(row) for row in cursor]

    def one(self, sql: str, *values: object) -> Row | None:
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def write(self, sql: str, *values: object) -> None:
        self._connection.execute(sql, values).close()

    def write_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self._connection.executemany(sql, rows).close()

    def get(self, key: str, default: str = "") -> str:
        row = self.one("SELECT value FROM meta WHERE key = ?", key)
        return str(row["value"]) if row else default

    def set(self, key: str, value: object) -> None:
        self.write(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            key,
            str(value),
        )

    def number(self, key: str) -> int:
        return int(self.get(key, "0"))

    def add(self, key: str, amount: int) -> int:
        """Add to a whole number that is kept, and return the sum."""
        total = self.number(key) + amount
        self.set(key, total)
        return total

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def newest(home: Path) -> Path:
    """Return the book in use: the one with the highest number."""
    return _path(home, max(_numbers(home), default=1))


def next_name(home: Path) -> Path:
    """Return the name of a book that is not there yet."""
    return _path(home, max(_numbers(home), default=0) + 1)


def _numbers(home: Path) -> list[int]:
    found = [_NAME.fullmatch(path.name) for path in home.iterdir()]
    return [int(name[1] or 1) for name in found if name]


def _path(home: Path, number: int) -> Path:
    return home / ("akash.sqlite" if number == 1 else f"akash-{number}.sqlite")
