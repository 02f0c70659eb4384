"""Which role an action takes, and who must not be the same person."""

from collections.abc import Iterable, Mapping

from engine.commands import Refused
from engine.people import PERSONAS, Actor, Role

_BUYING: tuple[Role, ...] = ("buyer", "approver", "finance", "admin")

_LISTED: tuple[tuple[tuple[Role, ...], tuple[str, ...]], ...] = (
    (("buyer",), ("order.place", "order.placed", "order.cancel", "order.cancelled",
                  "order.redeploy")),
    (("buyer", "approver"), ("order.extend", "order.extended", "order.enlarged")),
    (_BUYING, ("order.stop", "order.stopped", "order.stop_asked")),
    (("approver",), ("order.approve", "order.approved", "order.reject", "order.rejected")),
    (("finance",), ("budget.set", "treasury.deposit", "treasury.deposited")),
    (("compliance",), ("policy.imported",)),
    (_BUYING, ("buying.frozen",)),
    (("admin",), ("buying.unfrozen", "buying.close-all", "sources.switched", "person.granted",
                  "person.revoked", "person.shredded", "settings.taken-over")),
    (("finance", "admin"), ("reconciliation.accepted",)),
    (("buyer", "finance", "admin"), ("rate-card.imported", "rate-card.withdrawn")),
    (("viewer",), ("settings.changed", "decision.made", "export.made", "pack.exported",
                   "audit.verified", "view.saved", "view.renamed", "view.shared", "view.removed",
                   "alert.acknowledged", "alert-rule.made", "alert-rule.changed",
                   "alert-rule.switched", "alert-rule.removed")),
    # Only the terminal offers these: who types there holds the files anyway.
    (("viewer",), ("book.backed-up", "book.restored", "key.recorded", "key.rotated",
                   "market.compacted", "market.retired", "checkpoint.sent")),
)  # fmt: skip
PERMISSIONS: Mapping[str, frozenset[Role]] = {
    action: frozenset(roles) for roles, actions in _LISTED for action in actions
}
"""The roles that may do an action, any one of them; the trail's names, and what pages ask for."""

_FAMILIES: Mapping[str, frozenset[Role]] = {
    "order": frozenset({"buyer"}),
    "budget": frozenset({"finance"}),
    "treasury": frozenset({"finance"}),
    "policy": frozenset({"compliance"}),
}
_ADMIN: frozenset[Role] = frozenset({"admin"})


class NotAllowed(Refused):
    """The person does not hold a role that the action takes: the message names who does."""


class NotApart(Refused):
    """Two things that need two people were done by one: somebody else must do the second."""


def roles_for(action: str) -> frozenset[Role]:
    """Return the roles that may do an action; one that nobody has listed is the admin's."""
    return PERMISSIONS.get(action) or _FAMILIES.get(action.partition(".")[0], _ADMIN)


def may(actor: Actor, action: str) -> bool:
    """Whether an actor may do an action: Necto's own jobs do what people have committed to."""
    return actor.kind in {"job", "system"} or not actor.roles.isdisjoint(roles_for(action))


def allowed(actor: Actor, action: str) -> None:
    """Raise NotAllowed, with who could do it instead, unless the actor may do the action."""
    if may(actor, action):
        return
    wanted = roles_for(action)
    raise NotAllowed(
        f"{actor.shown} may not do this ({action}): it takes the role {_either(sorted(wanted))}. "
        f"{_who_could(actor, wanted)}"
    )


def apart(*, requester: str, editor: str | None, approver: str | None = None) -> None:
    """Raise NotApart unless asking, approving and making the policy were done by different people.

    By the names that the trail knows them by; ``editor``: who imported the version of the policy
    that decided, None where no policy did; ``approver`` None: nobody has approved yet.
    """
    if approver is not None and approver == requester:
        raise NotApart(f"{requester} asked for this order: somebody else approves it")
    if editor is not None and editor == requester:
        raise NotApart(
            f"{requester} imported the policy that this is decided under: somebody else orders"
        )
    if editor is not None and editor == approver:
        raise NotApart(
            f"{approver} imported the policy that this is decided under: somebody else approves"
        )


def _who_could(actor: Actor, wanted: frozenset[Role]) -> str:
    if actor.simulated:
        named = [one.shown for one in PERSONAS if one.roles & wanted]
        return f"In the sandbox {_either(named)} can."
    if not actor.authenticated:
        return "Sign in on the pages as somebody who holds it."
    return "Ask somebody who holds it, or an admin to give it to you on the Settings page."


def _either(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
