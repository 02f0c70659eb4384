"""What happens to a prepaid customer's money, each as the posting that records it.

Amounts are minor units of the asset (cents of USD unless another is named) and positive: the
name of the function says which way the money went.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.assets import USD, Asset
from engine.ledger import (
    CASH,
    CREDITS,
    FEES,
    HELD,
    OPENING,
    PAYABLE,
    RECEIVABLE,
    TREASURY,
    BadPosting,
    Leg,
    Posting,
    account,
    checked,
    escrow,
    usage,
)


@dataclass(frozen=True, slots=True)
class Head:
    """What every posting says besides its legs: who it is, when, why, and about what."""

    posting_id: str
    at: datetime
    description: str
    subject: str | None = None


def opening(head: Head, amount: int, asset: Asset = USD) -> Posting:
    """The cash that was there before the book began."""
    return _moved(head, OPENING, CASH, amount, asset)


def top_up(head: Head, amount: int, asset: Asset = USD) -> Posting:
    """Cash was paid in and can be committed."""
    return _moved(head, CASH, TREASURY, amount, asset)


def withdrawn(head: Head, amount: int, asset: Asset = USD) -> Posting:
    """Money that was free to be committed was paid out again."""
    return _moved(head, TREASURY, CASH, amount, asset)


def hold_opened(head: Head, hold_id: str, amount: int, asset: Asset = USD) -> Posting:
    """Money was set aside for an order, or more of it after an approval."""
    return _moved(head, TREASURY, HELD, amount, asset, hold_id)


hold_enlarged = hold_opened
"""The same legs as the opening; the hold's event names the approval."""


def hold_posted(
    head: Head, hold_id: str, network: str, used: int, fees: int = 0, asset: Asset = USD
) -> Posting:
    """Usage and fees were paid out of money set aside."""
    return _spent(head, hold_id, {usage(network): used, FEES: fees}, {HELD: used + fees}, asset)


def escrow_funded(
    head: Head, hold_id: str, network: str, amount: int, asset: Asset = USD
) -> Posting:
    """Part of the money set aside was deposited at the network; none of it is spent yet."""
    return _moved(head, HELD, escrow(network), amount, asset, hold_id)


def escrow_drawn(
    head: Head, hold_id: str, network: str, used: int, fees: int = 0, asset: Asset = USD
) -> Posting:
    """The network took its price out of the deposit; fees come from the rest of the hold."""
    paid = {escrow(network): used, HELD: fees}
    return _spent(head, hold_id, {usage(network): used, FEES: fees}, paid, asset)


def escrow_returned(
    head: Head, hold_id: str, network: str, amount: int, asset: Asset = USD
) -> Posting:
    """The network gave part of the deposit back to the hold."""
    return _moved(head, escrow(network), HELD, amount, asset, hold_id)


def hold_closed(
    head: Head,
    hold_id: str,
    rest: int,
    asset: Asset = USD,
    unreturned: Mapping[str, int] | None = None,
) -> Posting | None:
    """What remains of the hold is free again; a deposit not yet returned is owed by its network.

    ``rest`` is all that remains, deposits included; ``unreturned`` maps networks to deposits.
    Returns None when nothing remains: such a hold closes without a posting.
    """
    owed = unreturned or {}
    at_home = rest - sum(owed.values())
    if rest == 0 and not owed:
        return None
    _refuse_negative({HELD: at_home} | {escrow(name): units for name, units in owed.items()})
    taken = {escrow(name): units for name, units in owed.items()} | {HELD: at_home}
    gained = {TREASURY: at_home, RECEIVABLE: rest - at_home}
    return _posting(head, gained, taken, asset, hold_id)


def invoice_received(head: Head, expense: str, amount: int, asset: Asset = USD) -> Posting:
    """A supplier billed usage or fees that no hold had paid for: it is owed."""
    return _moved(head, PAYABLE, _of_kind(expense, "expense"), amount, asset)


def invoice_paid(head: Head, amount: int, asset: Asset = USD, source: str = CASH) -> Posting:
    """A bill was paid from cash, or from money paid in before."""
    return _moved(head, _one_of(source, (CASH, TREASURY)), PAYABLE, amount, asset)


def invoice_issued(head: Head, amount: int, asset: Asset = USD, credited: str = CREDITS) -> Posting:
    """The customer billed somebody, or was promised a credit: it is owed to the customer.

    ``credited`` is the expense that it takes back, or income where it belongs to no usage.
    """
    if credited != CREDITS:
        _of_kind(credited, "expense")
    return _moved(head, credited, RECEIVABLE, amount, asset)


def receivable_settled(head: Head, amount: int, asset: Asset = USD, into: str = CASH) -> Posting:
    """What was owed to the customer arrived, as cash or as money free to be committed."""
    return _moved(head, RECEIVABLE, _one_of(into, (CASH, TREASURY)), amount, asset)


def _moved(
    head: Head, source: str, target: str, amount: int, asset: Asset, hold: str | None = None
) -> Posting:
    _refuse_negative({target: amount})
    return _posting(head, {target: amount}, {source: amount}, asset, hold)


def _spent(
    head: Head, hold: str, gained: Mapping[str, int], taken: Mapping[str, int], asset: Asset
) -> Posting:
    _refuse_negative(gained)
    return _posting(head, gained, taken, asset, hold)


def _posting(
    head: Head,
    gained: Mapping[str, int],
    taken: Mapping[str, int],
    asset: Asset,
    hold: str | None = None,
) -> Posting:
    """Debits of what gained, credits of what was taken; places with nothing are left out."""
    signed = [*gained.items(), *((place, -units) for place, units in taken.items())]
    legs = tuple(Leg(place, asset.code, units) for place, units in signed if units != 0)
    posting = Posting(
        head.posting_id, head.at, head.description, legs, hold=hold, subject=head.subject
    )
    return checked(posting, {asset.code: asset})


def _refuse_negative(amounts: Mapping[str, int]) -> None:
    for place, units in amounts.items():
        if units < 0:
            raise BadPosting(
                f"{units} on {place} is negative: pass a positive amount, the function's name says "
                "which way the money goes"
            )


def _of_kind(account_id: str, kind: str) -> str:
    if account(account_id).kind != kind:
        raise BadPosting(f"{account_id} is no {kind} account: name one of usage or {FEES}")
    return account_id


def _one_of(account_id: str, allowed: tuple[str, ...]) -> str:
    if account_id not in allowed:
        raise BadPosting(f"{account_id!r} does not take part in this: use {' or '.join(allowed)}")
    return account_id
