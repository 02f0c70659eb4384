"""What people keep and change, version by version: settings, alert rules, saved views.

A document is known by its kind and id; its newest version is what holds. Every version is a fact
with its entry in the trail, so who changed what, when, and from what, can be told.
"""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from data.engines import first_row
from data.faults import RecordsFault
from data.kept_text import check_text
from data.tables import documents
from data.unit import Transaction
from engine.canonical import Json, canonical, plain

_NEWEST = f"""SELECT {", ".join(documents.c.keys())} FROM documents
    WHERE kind = ? AND id = ? ORDER BY version DESC LIMIT 1"""  # noqa: S608 - our own names


class Changed(RecordsFault):
    """Somebody changed the document meanwhile: look at it again, then repeat the change."""


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document; ``entry_index`` is where the trail tells who wrote it."""

    kind: str
    id: str
    version: int
    body: Json
    entry_index: int


def put(
    unit: Transaction, kind: str, id_: str, body: object, *, expected: int | None = None
) -> Document:
    """Write the next version of a document, within a command.

    ``expected``: the version that the change was made from; raises Changed when another holds.
    """
    return _next(unit, kind, id_, plain(body), expected, is_deleted=False)


def remove(unit: Transaction, kind: str, id_: str, *, expected: int | None = None) -> None:
    """Let a document hold no longer; its versions stay."""
    _next(unit, kind, id_, None, expected, is_deleted=True)


def current(view: Connection, kind: str) -> list[Document]:
    """Return what holds of a kind, by id."""
    newest = (
        select(documents.c.id, func.max(documents.c.version).label("version"))
        .where(documents.c.kind == kind)
        .group_by(documents.c.id)
        .subquery()
    )
    rows = view.execute(
        select(documents)
        .join(newest, (documents.c.id == newest.c.id) & (documents.c.version == newest.c.version))
        .where(documents.c.kind == kind, documents.c.is_deleted == 0)
        .order_by(documents.c.id)
    )
    return [_document(row._asdict()) for row in rows]


def one(view: Connection, kind: str, id_: str) -> Document | None:
    """Return what holds of a document; None when there is none, or it was removed."""
    row = _newest(view, kind, id_)
    return _document(row) if row and not row["is_deleted"] else None


def versions(view: Connection, kind: str, id_: str) -> list[Document]:
    """Return every version, oldest first; the body of a removal is None."""
    asked = select(documents).where(documents.c.kind == kind, documents.c.id == id_)
    rows = view.execute(asked.order_by(documents.c.version))
    return [_document(row._asdict()) for row in rows]


def all_versions(view: Connection, kind: str) -> list[Document]:
    """Return every version of every document of a kind, in the order in which they were written."""
    asked = select(documents).where(documents.c.kind == kind)
    rows = view.execute(asked.order_by(documents.c.entry_index, documents.c.version))
    return [_document(row._asdict()) for row in rows]


def _next(
    unit: Transaction, kind: str, id_: str, body: Json, expected: int | None, *, is_deleted: bool
) -> Document:
    check_text("documents", {"kind": kind, "id": id_})
    row = _newest(unit.connection, kind, id_)
    version = _document(row).version if row else 0
    if expected is not None and expected != version:
        raise Changed(f"{kind} {id_} was changed meanwhile (version {version}): look at it again")
    unit.was(_document(row).body if row else None)
    text = canonical(body).decode()
    unit.add(
        "documents", kind=kind, id=id_, version=version + 1, body=text, is_deleted=int(is_deleted)
    )
    return Document(kind, id_, version + 1, body, unit.next_index)


def _newest(view: Connection, kind: str, id_: str) -> dict[str, object] | None:
    row = first_row(view, _NEWEST, kind, id_)
    return dict(zip(documents.c.keys(), row, strict=True)) if row else None


def _document(row: dict[str, object]) -> Document:
    return Document(
        str(row["kind"]), str(row["id"]), int(str(row["version"])), json.loads(str(row["body"])),
        int(str(row["entry_index"])),
    )  # fmt: skip
