"""The trail, its checkpoints, documents, files, the book itself and the keys of sealed fields."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from data.guards import FUNCTION, only_destroyed, refusals

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
INDEXES = (
    ("type", "actor", "outcome", "subject"),
    ("actor", "type", "outcome", "subject"),
    ("subject",),
)
GUARDED = ("entries", "checkpoints", "documents", "files", "books")


def guards(engine: str) -> list[str]:
    """Return what protects the facts of this revision."""
    function = [] if engine == "sqlite" else [FUNCTION]
    return [*function, *refusals(engine, GUARDED), only_destroyed(engine, "personal_keys")]


def upgrade() -> None:
    op.create_table(
        "entries",
        sa.Column("leaf_index", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("request", sa.Text, nullable=False, unique=True),
        *(_text(name) for name in ("type", "actor", "subject", "outcome", "at", "body")),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    for name, *others in INDEXES:
        op.create_index(f"entries_by_{name}", "entries", [name, "leaf_index", *others])
    few = sa.text("outcome <> 'done'")
    columns = ["outcome", "leaf_index"]
    op.create_index("entries_not_done", "entries", columns, sqlite_where=few, postgresql_where=few)
    op.create_table(
        "checkpoints",
        sa.Column("size", WHOLE, primary_key=True, autoincrement=False),
        _text("at"),
        _text("note"),
        sqlite_strict=True,
    )
    version = sa.Column("version", WHOLE, primary_key=True, autoincrement=False)
    deleted = sa.Column("is_deleted", WHOLE, nullable=False)
    _fact("documents", _key("kind"), _key("id"), version, _text("body"), deleted)
    size = sa.Column("size", WHOLE, nullable=False)
    _fact("files", _key("kind"), _key("name"), _key("digest"), size)
    _fact("books", _key("book"), _text("installation"), _text("opened_at"))
    op.create_table(
        "personal_keys",
        _key("person"),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    for statement in guards(op.get_bind().dialect.name):
        op.execute(sa.text(statement))


def _fact(name: str, *columns: "sa.Column[Any]") -> None:
    entry = sa.ForeignKey("entries.leaf_index", deferrable=True, initially="DEFERRED")
    op.create_table(
        name, *columns, sa.Column("entry_index", WHOLE, entry, nullable=False), sqlite_strict=True
    )
    op.create_index(f"ix_{name}_entry_index", name, ["entry_index"])


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False)


def _key(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, primary_key=True)
