"""The ledger: assets, accounts, holds, postings with their legs, what became of holds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from data.guards import refusals
from data.ledger_rules import POSTGRESQL, SQLITE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHOLE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
GUARDED = ("assets", "accounts", "holds", "postings", "legs", "hold_events")


def guards(engine: str) -> list[str]:
    """Return what protects the facts of this revision."""
    rules = SQLITE if engine == "sqlite" else POSTGRESQL
    return [*refusals(engine, GUARDED), *rules]


def upgrade() -> None:
    _fact("assets", _key("asset"), _whole("scale"))
    _fact("accounts", _key("account"), _text("kind"))
    _fact("holds", _key("hold_id"), _text("asset", "assets.asset"), _optional("subject"))
    _fact(
        "postings", _key("posting_id"), _text("at"), _text("description"), _whole("leg_count"),
        _optional("reverses", "postings.posting_id"), _optional("hold_id", "holds.hold_id"),
        _optional("subject"),
    )  # fmt: skip
    _fact(
        "legs", _key("posting_id", _at_commit()), _place("position"),
        _text("account", "accounts.account"), _text("asset", "assets.asset"), _whole("amount"),
    )  # fmt: skip
    of_treasury = sa.text("account = 'assets:treasury'")
    op.create_index(
        "legs_of_treasury", "legs", ["account", "asset", "amount"],
        sqlite_where=of_treasury, postgresql_where=of_treasury,
    )  # fmt: skip
    _fact(
        "hold_events", _key("hold_id", sa.ForeignKey("holds.hold_id")), _place("ordinal"),
        _text("step"), _whole("amount"), _text("at"),
        sa.Column("posting_id", sa.Text, _at_commit()), _optional("approval"),
        *(_whole(name) for name in ("approved", "spent", "at_home")),
    )  # fmt: skip
    for statement in guards(op.get_bind().dialect.name):
        op.execute(sa.text(statement))


def _fact(name: str, *columns: "sa.Column[Any]") -> None:
    entry = sa.ForeignKey("entries.leaf_index", deferrable=True, initially="DEFERRED")
    op.create_table(
        name, *columns, sa.Column("entry_index", WHOLE, entry, nullable=False), sqlite_strict=True
    )
    op.create_index(f"ix_{name}_entry_index", name, ["entry_index"])


def _at_commit() -> sa.ForeignKey:
    """A posting comes after its legs and its event."""
    return sa.ForeignKey("postings.posting_id", deferrable=True, initially="DEFERRED")


def _key(name: str, target: sa.ForeignKey | None = None) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, *([target] if target else []), primary_key=True)


def _place(name: str) -> "sa.Column[int]":
    return sa.Column(name, WHOLE, primary_key=True, autoincrement=False)


def _whole(name: str) -> "sa.Column[int]":
    return sa.Column(name, WHOLE, nullable=False)


def _text(name: str, target: str | None = None) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, *_key_of(target), nullable=False)


def _optional(name: str, target: str | None = None) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, *_key_of(target))


def _key_of(target: str | None) -> list[sa.ForeignKey]:
    return [sa.ForeignKey(target)] if target else []
