"""Orders: what was ordered, what became of it, what it cost; and what each is now."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from data.guards import refusals

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
GUARDED = ("orders", "order_events", "usage")
_HEAD_TEXTS = ("network", "cost_centre", "title", "state", "since", "placed_at", "due_at")
_HEAD_NUMBERS = ("ordinal", "hold_cents", "deposited", "units", "cents", "usages")
_HEAD_OPTIONAL = (
    "handle", "provider_id", "usd_per_hour", "deadline", "claimed_by", "claimed_until",
    "observed_at", "observed", "writing",
)  # fmt: skip


def guards(engine: str) -> list[str]:
    """Return what protects the facts of this revision."""
    return refusals(engine, GUARDED)


def upgrade() -> None:
    _fact(
        "orders", sa.Column("order_id", sa.Text, primary_key=True),
        *_texts("network", "cost_centre", "month", "requester", "placed_at", "body"),
    )  # fmt: skip
    op.create_index("orders_by_budget", "orders", ["cost_centre", "month"])
    _fact("order_events", _of_order(), _ordinal(), *_texts("kind", "at", "detail"))
    _fact(
        "usage", _of_order(), _ordinal(), *_texts("at", "clock"),
        *_numbers("deposited", "units", "units_per_usd", "cents"),
        sa.Column("posting_id", sa.Text, sa.ForeignKey("postings.posting_id")),
    )  # fmt: skip
    op.create_index("usage_by_time", "usage", ["at", "order_id"])
    op.create_table(
        "order_heads", _of_order(), *_texts(*_HEAD_TEXTS), *_numbers(*_HEAD_NUMBERS),
        *(sa.Column(name, sa.Text) for name in _HEAD_OPTIONAL), sqlite_strict=True,
    )  # fmt: skip
    op.create_index("order_heads_due", "order_heads", ["state", "due_at"])
    op.create_index("order_heads_placed", "order_heads", ["placed_at"])
    op.create_index("postings_by_hold", "postings", ["hold_id"])
    for statement in guards(op.get_bind().dialect.name):
        op.execute(sa.text(statement))


def _fact(name: str, *columns: "sa.Column[Any]") -> None:
    entry = sa.ForeignKey("entries.leaf_index", deferrable=True, initially="DEFERRED")
    op.create_table(
        name, *columns, sa.Column("entry_index", WHOLE, entry, nullable=False), sqlite_strict=True
    )
    op.create_index(f"ix_{name}_entry_index", name, ["entry_index"])


def _of_order() -> "sa.Column[str]":
    return sa.Column("order_id", sa.Text, sa.ForeignKey("orders.order_id"), primary_key=True)


def _ordinal() -> "sa.Column[int]":
    return sa.Column("ordinal", WHOLE, primary_key=True, autoincrement=False)


def _texts(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> "list[sa.Column[int]]":
    return [sa.Column(name, WHOLE, nullable=False) for name in names]
