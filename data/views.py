"""Saved views in the house book: by page and owner, one's own and those that others share."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from data.documents import Document, current, one, put, remove
from data.faults import RecordsFault
from data.records import Records
from data.unit import Transaction
from engine.canonical import Json, digest
from engine.commands import Command
from engine.people import Actor
from engine.views import VIEWS_MAX, KeptView, SavedView, saved_view

KIND = "view"
SAVED, RENAMED, SHARED, REMOVED = (
    f"{KIND}.{act}" for act in ("saved", "renamed", "shared", "removed")
)


class ViewRefused(RecordsFault):
    """The view cannot be kept or changed: its name is taken, it is somebody else's, or gone."""


def views(view: Connection, page: str, actor: Actor) -> list[KeptView]:
    """Return a person's own views of a page by name, then those that others share."""
    found = [kept for kept in _all(view) if kept.view.page == page]
    seen = [kept for kept in found if kept.view.owner == actor.name or kept.view.is_shared]
    return sorted(seen, key=lambda kept: (kept.view.owner != actor.name, kept.view.called, kept.id))


def save_view(
    records: Records,
    actor: Actor,
    page: str,
    name: str,
    query: str,
    *,
    is_shared: bool = False,
    key: str = "",
) -> KeptView:
    """Keep a page's query string under a name that its owner has not used for this page.

    ``key``: the click's idempotency key. Raises BadView, ViewRefused, RecordsFault: nothing was
    kept.
    """
    wanted = saved_view(page, name, query, actor.name, is_shared=is_shared)
    click = key or str(uuid.uuid4())
    id_ = f"view-{digest(click.encode()).removeprefix('sha256:')[:12]}"

    def act(unit: Transaction) -> Json:
        own = _own(unit.connection, wanted)
        if len(own) >= VIEWS_MAX:
            raise ViewRefused(f"you have {VIEWS_MAX} views of this page: remove one first")
        _refuse_taken(own, wanted)
        return _put(unit, id_, wanted, expected=0)

    command = Command.of(click, SAVED, actor, f"{KIND}/{id_}", wanted.body)
    return _do(records, command, act, id_)


def rename_view(
    records: Records, actor: Actor, kept: KeptView, name: str, *, key: str = ""
) -> KeptView:
    """Give one's own view another name; ``kept`` is the version that the person saw.

    Raises BadView, ViewRefused, Changed, RecordsFault: nothing was changed.
    """
    old = kept.view
    wanted = saved_view(old.page, name, old.query, old.owner, is_shared=old.is_shared)
    return _change(records, actor, kept, wanted, RENAMED, {"name": wanted.name}, key)


def share_view(
    records: Records, actor: Actor, kept: KeptView, *, on: bool, key: str = ""
) -> KeptView:
    """Show one's own view to everybody, or to oneself only.

    Raises ViewRefused, Changed, RecordsFault: nothing was changed.
    """
    wanted = kept.view.model_copy(update={"is_shared": on})
    return _change(records, actor, kept, wanted, SHARED, {"is_shared": on}, key)


def remove_view(records: Records, actor: Actor, kept: KeptView, *, key: str = "") -> None:
    """Let one's own view hold no longer; its versions stay.

    Raises ViewRefused, Changed, RecordsFault: nothing was removed.
    """
    _refuse_stranger(actor, kept)

    def act(unit: Transaction) -> Json:
        remove(unit, KIND, kept.id, expected=kept.version)
        return {"view": kept.id}

    body = {"from_version": kept.version}
    click = key or f"{kept.id}/{kept.version}/remove"
    records.perform(Command.of(click, REMOVED, actor, f"{KIND}/{kept.id}", body), act)


def _change(
    records: Records,
    actor: Actor,
    kept: KeptView,
    wanted: SavedView,
    action: str,
    body: dict[str, Any],
    key: str,
) -> KeptView:
    _refuse_stranger(actor, kept)
    if wanted == kept.view:
        return kept

    def act(unit: Transaction) -> Json:
        own = [other for other in _own(unit.connection, wanted) if other.id != kept.id]
        _refuse_taken(own, wanted)
        return _put(unit, kept.id, wanted, expected=kept.version)

    click = key or str(uuid.uuid4())
    whole = body | {"from_version": kept.version}
    return _do(records, Command.of(click, action, actor, f"{KIND}/{kept.id}", whole), act, kept.id)


def _do(
    records: Records, command: Command, act: Callable[[Transaction], Json], id_: str
) -> KeptView:
    with records.transaction() as unit:
        unit.perform(command, act)
        found = one(unit.connection, KIND, id_)
    if found is None:
        raise ViewRefused("the view was removed meanwhile: look at the list again")
    return _kept(found)


def _put(unit: Transaction, id_: str, view: SavedView, *, expected: int) -> Json:
    done = put(unit, KIND, id_, view.body, expected=expected)
    return {"view": id_, "version": done.version}


def _all(view: Connection) -> list[KeptView]:
    return [_kept(document) for document in current(view, KIND)]


def _own(view: Connection, wanted: SavedView) -> list[KeptView]:
    of = wanted.page, wanted.owner
    return [kept for kept in _all(view) if (kept.view.page, kept.view.owner) == of]


def _refuse_taken(own: list[KeptView], wanted: SavedView) -> None:
    if any(kept.view.called == wanted.called for kept in own):
        raise ViewRefused(f"you have a view called {wanted.name} already: take another name")


def _refuse_stranger(actor: Actor, kept: KeptView) -> None:
    if kept.view.owner != actor.name:
        raise ViewRefused(f"this view is {kept.view.owner}'s: save your own copy of it")


def _kept(document: Document) -> KeptView:
    return KeptView(document.id, document.version, SavedView.model_validate(document.body))
