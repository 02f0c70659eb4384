"""Letting people in who have signed in: which roles they hold, and whom the trail means by a name.

The trail calls them by a name that tells nobody who they are; the name that people use and the
address stand sealed in the house book, from the first time that somebody with a role comes.
"""

import uuid

from sqlalchemy import Connection

from data.documents import current, one, put
from data.people import actor_of, make_first_admin
from data.records import Records
from data.sealed import reveal_all, seal
from data.unit import Transaction
from engine.canonical import Json
from engine.commands import Command
from engine.identity import Identity
from engine.people import Actor
from engine.sealed import Sealed

KIND, SIGNED_IN = "identity", "person.signed-in"
_FIELDS = ("name", "email")


def admitted(records: Records, identity: Identity, admin_email: str | None) -> Actor:
    """Return who signed in with the roles that hold now, and keep who that is where they hold one.

    ``admin_email``: who becomes admin where nobody ever was. Nothing is kept of a stranger. Raises
    RecordsFault.
    """
    make_first_admin(records, identity, admin_email)
    actor = actor_of(records, identity)
    if actor.roles:
        _keep(records, identity)
    return actor


def known_people(view: Connection) -> dict[str, str]:
    """Return how the people whom the trail names are called, by that name; erased ones are not."""
    found = {}
    for kept in current(view, KIND):
        told = _told(view, kept.body)
        if any(told.values()):
            found[kept.id] = " · ".join(filter(None, told.values()))
    return found


def _keep(records: Records, identity: Identity) -> None:
    wanted = {"name": identity.name, "email": identity.email or ""}
    name = identity.actor_name
    with records.reading() as view:
        kept = one(view, KIND, name)
        if kept and _told(view, kept.body) == wanted:
            return

    def act(unit: Transaction) -> Json:
        body = {field: seal(unit, name, text).json() for field, text in wanted.items()}
        put(unit, KIND, name, body)
        return body

    asked = Command.by_system(str(uuid.uuid4()), SIGNED_IN, f"person/{name}", {"person": name})
    records.perform(asked, act)


def _told(view: Connection, body: Json) -> dict[str, str]:
    known = body if isinstance(body, dict) else {}
    fields = {name: Sealed.read(known.get(name)) for name in _FIELDS}
    open_ = reveal_all(view, [field for field in fields.values() if field])
    return {name: open_.get(field, "") if field else "" for name, field in fields.items()}
