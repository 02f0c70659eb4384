"""The tables of a book of records: facts are added, never changed.

STRICT SQLite takes TEXT, INTEGER and BLOB only, so times are UTC text, money integer minor units
and JSON text. Every fact names its entry in the trail (``entry_index``); the entry names the fact
by the digest of its row, so neither can be changed, dropped or added alone.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData()

WHOLE = Integer().with_variant(BigInteger(), "postgresql")
"""64 bits in both engines."""


def fact(name: str, *columns: SchemaItem) -> Table:
    """A table whose rows are covered by the trail: the last column is the entry that added them."""
    return Table(name, metadata, *columns, entry_column(), sqlite_strict=True)


def entry_column() -> Column[int]:
    """Return the reference to the entry, checked at commit: an entry is written after its facts."""
    at_commit = ForeignKey("entries.leaf_index", deferrable=True, initially="DEFERRED")
    return Column("entry_index", WHOLE, at_commit, nullable=False, index=True)


_NOT_DONE = text("outcome <> 'done'")

entries = Table(
    "entries",
    metadata,
    Column("leaf_index", WHOLE, primary_key=True, autoincrement=False),
    Column("request", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    Index("entries_by_type", "type", "leaf_index", "actor", "outcome", "subject"),
    Index("entries_by_actor", "actor", "leaf_index", "type", "outcome", "subject"),
    Index("entries_by_subject", "subject", "leaf_index"),
    Index(
        "entries_not_done",
        "outcome",
        "leaf_index",
        sqlite_where=_NOT_DONE,
        postgresql_where=_NOT_DONE,
    ),
    sqlite_strict=True,
)
"""The trail. ``body`` is the leaf: canonical JSON. ``hashes``: the leaf's hash, then those of the
nodes of the Merkle tree that this leaf completed, from below (32 bytes each). ``request`` is the
command's idempotency key. The other columns repeat what the body says, to be found by."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", WHOLE, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_strict=True,
)
"""Signed notes over the tree at a size; they prove themselves."""

documents = fact(
    "documents",
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", WHOLE, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("is_deleted", WHOLE, nullable=False),
)
"""What people keep and change, version by version: settings, alert rules, saved views, …"""

files = fact(
    "files",
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("size", WHOLE, nullable=False),
)
"""Files outside the records whose content the trail vouches for."""

books = fact(
    "books",
    Column("book", Text, primary_key=True),
    Column("installation", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
)
"""One row: which book this is."""

personal_keys = Table(
    "personal_keys",
    metadata,
    Column("person", Text, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""Keys of sealed personal fields. The one table that may lose rows: losing a key shreds them."""


def _id(name: str, target: str | None = None, **more: Any) -> Column[str]:  # noqa: ANN401 - SQLAlchemy's
    return Column(name, Text, *([ForeignKey(target)] if target else []), **more)


def _of_posting() -> ForeignKey:
    """Checked at commit: a posting comes after its legs and its event."""
    return ForeignKey("postings.posting_id", deferrable=True, initially="DEFERRED")


assets = fact(
    "assets", Column("asset", Text, primary_key=True), Column("scale", WHOLE, nullable=False)
)
"""What the ledger counts, and with how many decimals."""

accounts = fact(
    "accounts", Column("account", Text, primary_key=True), Column("kind", Text, nullable=False)
)

holds = fact(
    "holds",
    Column("hold_id", Text, primary_key=True),
    _id("asset", "assets.asset", nullable=False),
    Column("subject", Text),
)
"""Money set aside; what became of it is in its events."""

postings = fact(
    "postings",
    Column("posting_id", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("leg_count", WHOLE, nullable=False),
    _id("reverses", "postings.posting_id"),
    _id("hold_id", "holds.hold_id"),
    Column("subject", Text),
)

Index("postings_by_hold", postings.c.hold_id)

legs = fact(
    "legs",
    Column("posting_id", Text, _of_posting(), primary_key=True),
    Column("position", WHOLE, primary_key=True, autoincrement=False),
    _id("account", "accounts.account", nullable=False),
    _id("asset", "assets.asset", nullable=False),
    Column("amount", WHOLE, nullable=False),
)
"""Sides of a posting in minor units: debit positive, credit negative."""

_OF_TREASURY = text("account = 'assets:treasury'")
Index(
    "legs_of_treasury",
    legs.c.account,  # or SQLite would read the rows too
    legs.c.asset,
    legs.c.amount,
    sqlite_where=_OF_TREASURY,
    postgresql_where=_OF_TREASURY,
)
"""Whoever sets money aside asks what is free."""

hold_events = fact(
    "hold_events",
    Column("hold_id", Text, ForeignKey("holds.hold_id"), primary_key=True),
    Column("ordinal", WHOLE, primary_key=True, autoincrement=False),
    Column("step", Text, nullable=False),
    Column("amount", WHOLE, nullable=False),
    Column("at", Text, nullable=False),
    Column("posting_id", Text, _of_posting()),
    Column("approval", Text),
    *(Column(name, WHOLE, nullable=False) for name in ("approved", "spent", "at_home")),
)
"""What became of a hold; each event carries the sums after it, so that the next one costs the same
however many went before."""

orders = fact(
    "orders",
    Column("order_id", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("cost_centre", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("placed_at", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("orders_by_budget", "cost_centre", "month"),
)
"""What was ordered on which terms: ``body`` is an ``engine.orders.Placed`` as canonical JSON.
``month`` ("2026-11", UTC) is the one whose budget it counts in."""

order_events = fact(
    "order_events",
    Column("order_id", Text, ForeignKey("orders.order_id"), primary_key=True),
    Column("ordinal", WHOLE, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
"""What became of an order, in its order; ``detail`` is JSON."""

usage = fact(
    "usage",
    Column("order_id", Text, ForeignKey("orders.order_id"), primary_key=True),
    Column("ordinal", WHOLE, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("clock", Text, nullable=False),
    Column("deposited", WHOLE, nullable=False),
    Column("units", WHOLE, nullable=False),
    Column("units_per_usd", WHOLE, nullable=False),
    Column("cents", WHOLE, nullable=False),
    Column("posting_id", Text, ForeignKey("postings.posting_id")),
    Index("usage_by_time", "at", "order_id"),
)
"""What an order had cost by a reading of its network, cumulated in the network's smallest units;
``cents`` is what the ledger has posted of it in all: so many units at ``units_per_usd``, rounded
half up. ``clock`` is the network's own time."""

order_heads = Table(
    "order_heads",
    metadata,
    Column("order_id", Text, ForeignKey("orders.order_id"), primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("network", "cost_centre", "title")),
    *(Column(name, Text, nullable=False) for name in ("state", "since", "placed_at", "due_at")),
    Column("ordinal", WHOLE, nullable=False),
    Column("hold_cents", WHOLE, nullable=False),
    Column("deposited", WHOLE, nullable=False),
    Column("units", WHOLE, nullable=False),
    Column("cents", WHOLE, nullable=False),
    Column("usages", WHOLE, nullable=False),
    *(Column(name, Text) for name in ("handle", "provider_id", "usd_per_hour", "deadline")),
    *(Column(name, Text) for name in ("claimed_by", "claimed_until", "observed_at", "observed")),
    Column("writing", Text),
    Index("order_heads_due", "state", "due_at"),
    Index("order_heads_placed", "placed_at"),
    sqlite_strict=True,
)
"""What every order is now, to be found and claimed by: made of its facts, changed with them, and
compared with them by the check. ``observed`` is what its network said last, as JSON."""

LEDGER: tuple[Table, ...] = (assets, accounts, holds, postings, legs, hold_events)

ORDERS: tuple[Table, ...] = (orders, order_events, usage)

VOUCHED: tuple[Table, ...] = (documents, files, books, *LEDGER, *ORDERS)
"""Facts that an entry vouches for by the digest of their rows."""

FACTS: tuple[Table, ...] = (entries, checkpoints, *VOUCHED)
"""Rows are never changed nor removed; the database itself refuses."""
