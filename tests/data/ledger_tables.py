"""The ledger's tables, as plain as the rules allow: what refuses is the rules, not the tables."""

import sqlite3
from collections.abc import Iterable

from data.ledger_rules import SQLITE
from engine.holds import HoldEvent
from engine.ledger import CHART, HELD, Posting

TABLES = (
    "CREATE TABLE assets (asset TEXT PRIMARY KEY, scale INTEGER NOT NULL) STRICT",
    "CREATE TABLE accounts (account TEXT PRIMARY KEY, kind TEXT NOT NULL) STRICT",
    """CREATE TABLE holds (hold_id TEXT PRIMARY KEY,
      asset TEXT NOT NULL REFERENCES assets, subject TEXT) STRICT""",
    """CREATE TABLE postings (posting_id TEXT PRIMARY KEY, at TEXT NOT NULL,
      description TEXT NOT NULL, leg_count INTEGER NOT NULL, reverses TEXT REFERENCES postings,
      hold_id TEXT REFERENCES holds, subject TEXT) STRICT""",
    """CREATE TABLE legs (posting_id TEXT NOT NULL
      REFERENCES postings DEFERRABLE INITIALLY DEFERRED, position INTEGER NOT NULL,
      account TEXT NOT NULL REFERENCES accounts, asset TEXT NOT NULL REFERENCES assets,
      amount INTEGER NOT NULL, PRIMARY KEY (posting_id, position)) STRICT""",
    """CREATE TABLE hold_events (hold_id TEXT NOT NULL REFERENCES holds, ordinal INTEGER NOT NULL,
      step TEXT NOT NULL, amount INTEGER NOT NULL, at TEXT NOT NULL,
      posting_id TEXT REFERENCES postings DEFERRABLE INITIALLY DEFERRED, approval TEXT,
      approved INTEGER NOT NULL, spent INTEGER NOT NULL, at_home INTEGER NOT NULL,
      PRIMARY KEY (hold_id, ordinal)) STRICT""",
)
POSTGRESQL_TABLES = tuple(
    table.replace(" STRICT", "").replace("INTEGER", "BIGINT") for table in TABLES
)


class Tables:
    """A connection (sqlite3, or one of psycopg with ``%s``) and rows put in by name."""

    def __init__(self, connection, mark: str = "?") -> None:
        self.connection = connection
        self._mark = mark

    def add(self, table: str, *, verb: str = "INSERT", **row: object) -> None:
        marks = ", ".join([self._mark] * len(row))
        self.connection.execute(
            f"{verb} INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
        )

    def count(self, table: str) -> int:
        return self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def add_legs(self, posting: Posting) -> None:
        for position, leg in enumerate(posting.legs, 1):
            self.add("legs", posting_id=posting.posting_id, position=position,
                     account=leg.account, asset=leg.asset, amount=leg.amount)  # fmt: skip

    def add_head(self, posting: Posting, **changes: object) -> None:
        row = {
            "posting_id": posting.posting_id,
            "at": posting.at.isoformat(),
            "description": posting.description,
            "leg_count": len(posting.legs),
            "reverses": posting.reverses,
            "hold_id": posting.hold,
            "subject": posting.subject,
        }
        self.add("postings", **row | changes)

    def add_event(self, happened: HoldEvent, **changes: object) -> None:
        last = self.connection.execute(
            "SELECT ordinal, approved, spent, at_home FROM hold_events WHERE hold_id = "
            f"{self._mark} ORDER BY ordinal DESC LIMIT 1",
            (happened.hold_id,),
        ).fetchone()
        ordinal, approved, spent, at_home = last or (0, 0, 0, 0)
        step, amount = happened.step, happened.amount
        row = {
            "hold_id": happened.hold_id,
            "ordinal": ordinal + 1,
            "step": step,
            "amount": amount,
            "at": happened.at.isoformat(),
            "posting_id": happened.posting_id,
            "approval": happened.approval,
            "approved": approved + (amount if step in {"opened", "enlarged"} else 0),
            "spent": spent + {"posted": amount, "restored": -amount}.get(step, 0),
            "at_home": at_home + dict(happened.changes).get(HELD, 0),
        }
        self.add("hold_events", **row | changes)

    def post(self, posting: Posting, happened: HoldEvent | None = None) -> None:
        """All of one posting in the order that the rules want, committed or not there at all."""
        with self.connection:
            self.connection.execute("BEGIN")
            if happened is not None and happened.step == "opened":
                self.add("holds", hold_id=happened.hold_id, asset=happened.asset)
            self.add_legs(posting)
            if happened is not None:
                self.add_event(happened)
            self.add_head(posting)


def filled(tables: Tables, statements: Iterable[str]) -> Tables:
    for statement in statements:
        tables.connection.execute(statement)
    for code, scale in (("USD", 2), ("USDC", 6)):
        tables.add("assets", asset=code, scale=scale)
    for pattern, (kind, _) in CHART.items():
        for network in ("akash", "io-net") if "<" in pattern else ("",):
            tables.add("accounts", account=pattern.replace("<network>", network), kind=kind)
    return tables


def in_memory() -> Tables:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return filled(Tables(connection), (*TABLES, *SQLITE))
