"""What keeps everybody from buying: a freeze, or a restored book whose reconciliation waits."""

from sqlalchemy import Connection, func, select

from data.documents import one, put, remove
from data.records import Records
from data.restorations import ACTION as RESTORED
from data.tables import entries
from data.unit import Transaction
from engine.canonical import Json
from engine.commands import Command, Refused
from engine.people import Actor
from engine.trail import TYPE_PREFIX

KIND, ID = "freeze", "buying"
FROZEN, UNFROZEN, ACCEPTED = "buying.frozen", "buying.unfrozen", "reconciliation.accepted"


def freeze(records: Records, why: str, who: Actor, key: str) -> None:
    """Stop all buying at once; what runs goes on running. Raises Refused without a reason."""
    words = " ".join(why.split())[:300]
    if not words:
        raise Refused("say why buying is stopped: others will read it")
    command = Command.of(key, FROZEN, who, "buying", {"why": words})

    def act(unit: Transaction) -> Json:
        put(unit, KIND, ID, {"why": words, "by": who.name, "at": unit.at})
        return {"frozen": "yes"}

    records.perform(command, act)


def unfreeze(records: Records, who: Actor, key: str) -> None:
    """Let everybody buy again."""
    command = Command.of(key, UNFROZEN, who, "buying", {})

    def act(unit: Transaction) -> Json:
        if one(unit.connection, KIND, ID) is not None:
            remove(unit, KIND, ID)
        return {"frozen": "no"}

    records.perform(command, act)


def accept_reconciliation(records: Records, findings: str, who: Actor, key: str) -> None:
    """Let a restored book buy again: a person has looked at what it no longer knows.

    ``findings``: the digest of the reconciliation that the person saw.
    """
    command = Command.of(key, ACCEPTED, who, "reconciliation", {"findings": findings})
    records.perform(command, lambda _: {"accepted": "yes"})


def stops(view: Connection) -> list[str]:
    """Return why nothing may be bought now, each with who and what to do; empty: it may."""
    found = []
    if (frozen := one(view, KIND, ID)) and isinstance(frozen.body, dict):
        told = frozen.body
        found.append(
            f"buying is frozen by {told['by']} since {str(told['at'])[:16].replace('T', ' ')} UTC "
            f"({told['why']}): an administrator unfreezes it"
        )
    if _last(view, RESTORED) > _last(view, ACCEPTED):
        found.append(
            "this book was restored from a backup and may not know what was bought since: "
            "reconcile, look at what is found, and accept it (necto reconcile --accept)"
        )
    return found


def _last(view: Connection, action: str) -> int:
    asked = select(func.max(entries.c.leaf_index)).where(
        entries.c.type == f"{TYPE_PREFIX}{action}", entries.c.outcome == "done"
    )
    found = view.execute(asked).scalar()
    return -1 if found is None else int(found)
