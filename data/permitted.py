"""The last gate before the records: a command is done only for who may give it."""

from data.faults import RecordsFault
from engine.people import Actor
from engine.permissions import NotAllowed, allowed


class NotPermitted(RecordsFault):
    """The person does not hold the role that this takes: the message names who does."""


def permitted(actor: Actor, action: str) -> None:
    """Raise NotPermitted, with who could do it instead, unless the actor may do the action."""
    try:
        allowed(actor, action)
    except NotAllowed as refused:
        raise NotPermitted(f"{refused} Nothing was done.") from None
