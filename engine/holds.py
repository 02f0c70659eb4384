"""Holds: money set aside for an order, drawn down by many posts, resolved by exactly one close.

Of a hold, part lies at home and part in escrow at networks; it is spent when it is posted. The
posts together never exceed the hold, unless a larger one was approved.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, get_args

from engine.assets import ASSETS, Asset, asset_of, shown
from engine.ledger import HELD, RECEIVABLE, TREASURY, Posting, account, is_set_aside

Step = Literal["opened", "enlarged", "posted", "restored", "moved", "closed"]
STEPS: tuple[Step, ...] = get_args(Step)
"""``restored`` is a post that was reversed; ``moved`` went into escrow or came back."""

_SIGN: Mapping[Step, int] = {
    "opened": 1,
    "enlarged": 1,
    "posted": -1,
    "restored": 1,
    "moved": 0,
    "closed": -1,
}
_OTHERS: Mapping[Step, tuple[str, ...]] = {
    "opened": (TREASURY,),
    "enlarged": (TREASURY,),
    "posted": ("expense",),
    "restored": ("expense",),
    "moved": (),
    "closed": (TREASURY, RECEIVABLE),
}
"""Where the money comes from or goes to: an account, or a kind of account."""


class HoldRefused(ValueError):
    """The hold does not allow this: do what the sentence says instead."""


@dataclass(frozen=True, slots=True)
class HoldEvent:
    """What one posting did to a hold: ``amount`` is its size, ``changes`` its signed parts."""

    hold_id: str
    step: Step
    asset: str
    amount: int
    at: datetime
    posting_id: str | None
    changes: tuple[tuple[str, int], ...] = ()
    approval: str | None = None

    @property
    def sets_aside(self) -> int:
        """What it takes out of the money that is free."""
        return self.amount if self.step in {"opened", "enlarged"} else 0


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as its events left it; ``places`` says where its remaining money lies."""

    hold_id: str
    asset: str
    approved: int
    spent: int = 0
    released: int = 0
    is_closed: bool = False
    places: Mapping[str, int] = field(default_factory=dict)

    @property
    def remaining(self) -> int:
        """What can still be posted."""
        return self.approved - self.spent - self.released

    @property
    def at_home(self) -> int:
        """What remains and does not lie in escrow."""
        return self.places.get(HELD, 0)


def event(posting: Posting, step: Step, approval: str | None = None) -> HoldEvent:
    """Return what this posting does to the hold that it names.

    Raises HoldRefused when its legs do not fit the step: another asset, the wrong direction, money
    from elsewhere, an enlargement without the approval that allowed it.
    """
    if posting.hold is None:
        raise HoldRefused(f"{posting.posting_id} names no hold: name the one that it touches")
    held_assets = {leg.asset for leg in posting.legs}
    if len(held_assets) != 1:
        raise HoldRefused(
            f"{posting.posting_id} mixes {', '.join(sorted(held_assets))}: a hold is in one asset, "
            "post each asset by itself"
        )
    changes: dict[str, int] = {}
    for leg in posting.legs:
        if is_set_aside(leg.account):
            changes[leg.account] = changes.get(leg.account, 0) + leg.amount
    total = sum(changes.values())
    _refuse_direction(posting, step, changes, total)
    _refuse_others(posting, step)
    if step == "enlarged" and not approval:
        raise HoldRefused(
            f"{posting.posting_id} enlarges hold {posting.hold}: name the approval that allows it"
        )
    return HoldEvent(
        posting.hold,
        step,
        held_assets.pop(),
        abs(total),
        posting.at,
        posting.posting_id,
        tuple(sorted(changes.items())),
        approval,
    )


def check_event(posting: Posting, happened: HoldEvent | None) -> None:
    """Raise HoldRefused unless the event is what the posting does to the hold that it names.

    A posting that names no hold has none.
    """
    if posting.hold is None and happened is None:
        return
    if happened is None:
        raise HoldRefused(
            f"{posting.posting_id} touches hold {posting.hold}: say what it does to it"
        )
    if happened != event(posting, happened.step, happened.approval):
        raise HoldRefused(
            f"The event '{happened.step}' of hold {happened.hold_id} is not what "
            f"{posting.posting_id} does: make it of this posting"
        )


def closed_empty(hold: Hold, at: datetime) -> HoldEvent:
    """Return the close of a hold of which nothing remains: it moves no money."""
    return HoldEvent(hold.hold_id, "closed", hold.asset, 0, at, None)


def check_empty_close(happened: HoldEvent) -> None:
    """Raise HoldRefused unless the event is one of ``closed_empty``: the rest has a posting."""
    if happened.posting_id is not None or happened.step != "closed" or happened.amount:
        raise HoldRefused("Only a close that moves nothing comes without its posting")


def after(hold: Hold | None, happened: HoldEvent, assets: Mapping[str, Asset] = ASSETS) -> Hold:
    """Return the hold after the event; raises HoldRefused when it is not allowed."""
    words = refusal(hold, happened, assets)
    if words is not None:
        raise HoldRefused(words)
    places = _places(hold, happened)
    if hold is None:
        return Hold(happened.hold_id, happened.asset, happened.amount, places=places)
    return _GROWN[happened.step](hold, happened.amount, places)


def refusal(
    hold: Hold | None, happened: HoldEvent, assets: Mapping[str, Asset] = ASSETS
) -> str | None:
    """Return why the hold does not allow the event, with the remedy; None when it does."""
    if happened.step not in STEPS:
        return (
            f"{happened.step!r} is no step of hold {happened.hold_id}: name one of "
            f"{', '.join(STEPS)}"
        )
    if hold is None:
        if happened.step == "opened":
            return None
        return f"There is no hold {happened.hold_id}: open it first"
    return _refused_identity(hold, happened) or _refused_amount(hold, happened, assets)


def folded(events: Iterable[HoldEvent], assets: Mapping[str, Asset] = ASSETS) -> Hold | None:
    """Return the hold that these events made, in their order; None without any."""
    hold: Hold | None = None
    for happened in events:
        hold = after(hold, happened, assets)
    return hold


def remaining(events: Iterable[HoldEvent], assets: Mapping[str, Asset] = ASSETS) -> int:
    """Return what can still be posted after these events, in minor units of the hold's asset."""
    hold = folded(events, assets)
    return 0 if hold is None else hold.remaining


def covered(free: int, amount: int, asset: Asset) -> int:
    """Return what a hold takes of the treasury; raises HoldRefused when less than it is free."""
    if amount <= free:
        return amount
    raise HoldRefused(
        f"{shown(amount, asset)} {asset.code} cannot be set aside, {shown(free, asset)} is free: "
        f"top up {shown(amount - free, asset)} or ask for less"
    )


def _refuse_direction(posting: Posting, step: Step, changes: Mapping[str, int], total: int) -> None:
    if not changes:
        raise HoldRefused(
            f"{posting.posting_id} names hold {posting.hold} but touches none of its money: use "
            "held or escrow accounts, or name no hold"
        )
    if (total > 0) - (total < 0) != _SIGN.get(step):
        raise HoldRefused(
            f"{posting.posting_id} changes the hold by {total}, which is not what '{step}' does: "
            "correct the legs or the step"
        )
    if step in {"opened", "enlarged"} and set(changes) != {HELD}:
        raise HoldRefused(f"A hold is {step} in {HELD}: fund the escrow by a posting of its own")
    if posting.reverses is not None and step not in {"restored", "moved"}:
        raise HoldRefused(
            f"{posting.posting_id} is a reversal, which only gives a post or a move back: a hold "
            "that should not be is closed"
        )
    if step == "restored" and posting.reverses is None:
        raise HoldRefused(
            f"{posting.posting_id} reverses nothing: money comes back into a hold by the reversal "
            "of a post, or by an approved enlargement"
        )


def _refuse_others(posting: Posting, step: Step) -> None:
    for leg in posting.legs:
        place = account(leg.account)
        if not is_set_aside(place.id) and not {place.id, place.kind} & set(_OTHERS[step]):
            allowed = " or ".join(_OTHERS[step]) or "no other account"
            raise HoldRefused(
                f"{posting.posting_id} books {place.id} in the step '{step}', which takes "
                f"{allowed}: post it by itself"
            )


def _refused_identity(hold: Hold, happened: HoldEvent) -> str | None:
    name = hold.hold_id
    if happened.hold_id != name:
        return f"The event belongs to hold {happened.hold_id}, not to {name}: name the right one"
    if hold.is_closed:
        return (
            f"Hold {name} is closed, nothing follows a close: open a new hold, or record what came "
            "later as an invoice or a credit"
        )
    if happened.step == "opened":
        return f"Hold {name} is open already: enlarge it by an approval"
    if happened.asset != hold.asset:
        return f"Hold {name} is in {hold.asset}, not {happened.asset}: convert first"
    return None


def _refused_amount(hold: Hold, happened: HoldEvent, assets: Mapping[str, Asset]) -> str | None:
    asset = asset_of(hold.asset, assets)
    left = shown(hold.remaining, asset)
    if happened.step == "posted" and happened.amount > hold.remaining:
        return (
            f"{shown(happened.amount, asset)} {asset.code} is more than the {left} that remain of "
            f"hold {hold.hold_id}: approve a larger hold first, or post up to {left}"
        )
    if happened.step == "restored" and happened.amount > hold.spent:
        return (
            f"Hold {hold.hold_id} has spent {shown(hold.spent, asset)}, not "
            f"{shown(happened.amount, asset)}: reverse a post of this hold"
        )
    if happened.step == "closed" and happened.amount != hold.remaining:
        return (
            f"{left} {asset.code} remain of hold {hold.hold_id}, the close releases "
            f"{shown(happened.amount, asset)}: release all that remains"
        )
    for place, units in _places(hold, happened).items():
        if units < 0:
            return (
                f"Hold {hold.hold_id} has {shown(hold.places.get(place, 0), asset)} {asset.code} "
                f"in {place}, {shown(-units, asset)} too little: take it from where it lies"
            )
    return None


def _places(hold: Hold | None, happened: HoldEvent) -> dict[str, int]:
    places = dict(hold.places) if hold else {}
    for place, units in happened.changes:
        places[place] = places.get(place, 0) + units
    return {place: units for place, units in sorted(places.items()) if units != 0}


_GROWN: Mapping[Step, Callable[[Hold, int, Mapping[str, int]], Hold]] = {
    "enlarged": lambda h, n, places: replace(h, approved=h.approved + n, places=places),
    "posted": lambda h, n, places: replace(h, spent=h.spent + n, places=places),
    "restored": lambda h, n, places: replace(h, spent=h.spent - n, places=places),
    "moved": lambda h, _, places: replace(h, places=places),
    "closed": lambda h, n, places: replace(h, released=n, is_closed=True, places=places),
}
