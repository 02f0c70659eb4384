"""Who holds which roles: kept in the house book, by an e-mail address or a group of the provider.

An address is personal, so it stands sealed (``data.sealed``) under the id of its grant, which
tells nobody whose it is; whoever signs in is found by opening the few that there are.
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from data.documents import Document, all_versions, current, one, put, remove
from data.faults import RecordsFault
from data.records import Records
from data.sealed import reveal_all, seal
from data.unit import Transaction
from engine.canonical import Json, digest
from engine.commands import Command
from engine.identity import Identity
from engine.people import ROLES, SYSTEM, Actor, Role
from engine.sealed import Sealed

KIND, GRANTED, REVOKED = "person", "person.granted", "person.revoked"
GROUP = "group:"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_WHO_MAX = 254  # characters: the longest e-mail address (RFC 5321, errata 1690)


class BadPerson(RecordsFault):
    """Roles cannot be given or taken as asked; nothing was changed. The message says why."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Roles that somebody holds. ``who``: an address, "group:NAME", or None where it was erased."""

    id: str
    who: str | None
    roles: tuple[Role, ...]
    version: int
    entry_index: int


def grant(records: Records, actor: Actor, who: str, roles: Iterable[str], key: str = "") -> Granted:
    """Give roles to an e-mail address or to "group:NAME", beside those it holds; all may look.

    ``key``: the click's idempotency key. Raises BadPerson, NotPermitted, RecordsFault: nothing was
    changed.
    """
    named, click = _named(who), key or str(uuid.uuid4())
    wanted: set[Role] = {*_checked(roles), "viewer"}
    _refuse_simulated(actor)
    with records.transaction() as unit:
        held = _held(unit.connection, named)
        id_ = held.id if held else _new_id(named, click)
        whole = wanted | set(held.roles if held else ())
        body = {"person": id_, "roles": _ordered(wanted)}
        command = Command.of(click, GRANTED, actor, f"{KIND}/{id_}", body)
        unit.perform(command, lambda work: _put(work, id_, named, whole))
        return _one(unit.connection, id_)


def revoke(
    records: Records, actor: Actor, who: str, roles: Iterable[str] = (), key: str = ""
) -> Granted | None:
    """Take roles away, all where none is named; returns what is left.

    ``who``: an address, "group:NAME", or a grant's id. The last admin stays. Raises BadPerson,
    NotPermitted, RecordsFault: nothing was changed.
    """
    _refuse_simulated(actor)
    taken, click = _checked(roles) or set(ROLES), key or str(uuid.uuid4())
    with records.transaction() as unit:
        held = _held(unit.connection, who) or _held(unit.connection, _named(who))
        if held is None:
            raise BadPerson(f"nobody has given {who[:80]} a role: see necto people list")
        left = set(held.roles) - taken
        _refuse_last_admin(unit.connection, held, left)
        body = {"person": held.id, "roles": _ordered(taken & set(held.roles))}
        command = Command.of(click, REVOKED, actor, f"{KIND}/{held.id}", body)
        unit.perform(command, lambda work: _keep_left(work, held.id, left))
        return _one(unit.connection, held.id) if left else None


def people(view: Connection) -> list[Granted]:
    """Return everybody who holds roles: addresses by name, then groups, then who was erased."""
    found = _all(view)
    return sorted(found, key=lambda held: (held.who is None, _is_group(held), held.who or held.id))


def roles_of(view: Connection, identity: Identity) -> frozenset[Role]:
    """Return the roles of a person who signed in, by their verified address and their groups."""
    names = {f"{GROUP}{group}" for group in identity.groups}
    if identity.email:
        names.add(identity.email)
    return frozenset(role for held in _all(view) if held.who in names for role in held.roles)


def actor_of(records: Records, identity: Identity) -> Actor:
    """Return who signed in with the roles that hold now. Raises RecordsFault."""
    with records.reading() as view:
        return identity.actor(roles_of(view, identity))


def make_first_admin(records: Records, identity: Identity, admin_email: str | None) -> None:
    """Make the person whom ``NECTO_ADMIN_EMAIL`` names admin, unless anybody ever was.

    Raises RecordsFault: nothing was changed.
    """
    if admin_email is None or identity.email != admin_email:
        return
    with records.reading() as view:
        if any("admin" in _roles(kept) for kept in all_versions(view, KIND) if kept.body):
            return
    grant(records, SYSTEM, admin_email, ["admin"], "first-admin")


def _put(unit: Transaction, id_: str, named: str, roles: set[Role]) -> Json:
    kept = one(unit.connection, KIND, id_)
    who: Mapping[str, Json]
    if named.startswith(GROUP):
        who = {"group": named.removeprefix(GROUP)}
    elif kept:
        who = {"email": _body(kept)["email"]}
    else:
        who = {"email": seal(unit, id_, named).json()}
    body: Mapping[str, Json] = {**who, "roles": _ordered(roles)}
    put(unit, KIND, id_, body)
    return body


def _keep_left(unit: Transaction, id_: str, left: set[Role]) -> Json:
    kept = one(unit.connection, KIND, id_)
    assert kept is not None, id_
    if not left:
        remove(unit, KIND, id_)
    else:
        put(unit, KIND, id_, {**_body(kept), "roles": _ordered(left)})
    return {"person": id_, "roles": _ordered(left)}


def _refuse_last_admin(view: Connection, held: Granted, left: set[Role]) -> None:
    if "admin" not in held.roles or "admin" in left:
        return
    if not any("admin" in other.roles for other in _all(view) if other.id != held.id and other.who):
        raise BadPerson("this is the last admin: make somebody else admin first")


def _refuse_simulated(actor: Actor) -> None:
    if actor.simulated:
        raise BadPerson(
            f"{actor.shown} is invented: roles of real people outlast the sandbox, so a real "
            "person gives and takes them"
        )


def _checked(roles: Iterable[str]) -> set[Role]:
    wanted = set(roles)
    if unknown := sorted(wanted - set(ROLES)):
        raise BadPerson(f"{', '.join(unknown)} is no role; there are: {', '.join(ROLES)}")
    return {role for role in ROLES if role in wanted}


def _named(who: str) -> str:
    text = who.strip()
    if not 0 < len(text) <= _WHO_MAX or not text.isprintable():
        raise BadPerson(f"write an e-mail address or {GROUP}NAME, at most {_WHO_MAX} characters")
    if text.startswith(GROUP) and text != GROUP:
        return text
    if not _EMAIL.fullmatch(text):
        raise BadPerson(f"{text[:80]} is no e-mail address: write one, or {GROUP}NAME")
    return text.lower()


def _new_id(named: str, click: str) -> str:
    """An address's id tells nothing of it, and one click makes one; a group names itself."""
    if named.startswith(GROUP):
        return named
    return f"p-{digest(click.encode()).removeprefix('sha256:')[:16]}"


def _held(view: Connection, named: str) -> Granted | None:
    return next((held for held in _all(view) if named in {held.who, held.id}), None)


def _one(view: Connection, id_: str) -> Granted:
    found = next((held for held in _all(view) if held.id == id_), None)
    if found is None:
        raise BadPerson("the roles were taken away meanwhile: look at the list again")
    return found


def _all(view: Connection) -> list[Granted]:
    kept = current(view, KIND)
    fields = {each.id: Sealed.read(_body(each).get("email")) for each in kept}
    open_ = reveal_all(view, [field for field in fields.values() if field])
    found = []
    for each in kept:
        field, group = fields[each.id], _body(each).get("group")
        who = open_.get(field) if field else f"{GROUP}{group}"
        found.append(Granted(each.id, who, _roles(each), each.version, each.entry_index))
    return found


def _is_group(held: Granted) -> bool:
    return bool(held.who and held.who.startswith(GROUP))


def _roles(kept: Document) -> tuple[Role, ...]:
    told = _body(kept).get("roles")
    return tuple(role for role in ROLES if isinstance(told, list | tuple) and role in told)


def _body(kept: Document) -> Mapping[str, Json]:
    return kept.body if isinstance(kept.body, Mapping) else {}


def _ordered(roles: Iterable[Role]) -> list[Json]:
    return [role for role in ROLES if role in set(roles)]
