"""The customer's ledger: postings of two legs or more that sum to zero in every asset.

A debit is positive, a credit negative. A posting is never changed: a mistake is reversed.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal, get_args

from engine.assets import ASSETS, Asset, UnknownAsset, asset_of, shown

Kind = Literal["asset", "liability", "equity", "income", "expense"]
KINDS: tuple[Kind, ...] = get_args(Kind)

CASH = "assets:cash"
TREASURY = "assets:treasury"
HELD = "assets:held"
RECEIVABLE = "assets:receivable"
FEES = "expenses:fees"
PAYABLE = "liabilities:payable"
CREDITS = "income:credits"
OPENING = "equity:opening"

CHART: Mapping[str, tuple[Kind, str]] = {
    CASH: ("asset", "money in the customer's bank"),
    TREASURY: ("asset", "money paid in and free to be committed"),
    HELD: ("asset", "money set aside for an order"),
    "assets:escrow:<network>": ("asset", "money of an order that lies at the network"),
    RECEIVABLE: ("asset", "money owed to the customer"),
    "expenses:usage:<network>": ("expense", "compute that was used"),
    FEES: ("expense", "fees for the service"),
    PAYABLE: ("liability", "invoices received and not yet paid"),
    CREDITS: ("income", "credits that belong to no earlier usage"),
    OPENING: ("equity", "what there was before the first posting"),
}
"""Every account a prepaid customer has, by its pattern, with what lies in it."""

LEGS_MIN, LEGS_MAX = 2, 100
LEG_MAX = 10**15
"""The most that one leg carries, in minor units (ten trillion dollars): whatever fits is far from
the 64 bits in which a database adds up, also with all the other legs of a posting."""

ID_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 2**20
YEAR_MAX = 9998  # the day after a posting must have a date

_NETWORK = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_NETWORK_LENGTH_MAX = 40


class BadPosting(ValueError):
    """The posting cannot be kept: correct what the sentence names and post it again."""


class Unbalanced(BadPosting):
    """The legs of one asset do not sum to zero: correct an amount or add the missing leg."""


class UnknownAccount(BadPosting):
    """The chart has no such account: use one of those that the sentence lists."""


class NotReversible(BadPosting):
    """The posting cannot be reversed: post what is right instead."""


@dataclass(frozen=True, slots=True)
class Account:
    """A place in the chart: a path, and one of the five kinds."""

    id: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a posting, in minor units of its asset: debit positive, credit negative."""

    account: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True)
class Posting:
    """One thing that happened to the customer's money, at one moment, for one reason.

    ``reverses`` is the posting whose mirror image this is, ``hold`` the hold whose money it
    touches, ``subject`` what it is about (an order, an invoice).
    """

    posting_id: str
    at: datetime
    description: str
    legs: tuple[Leg, ...]
    reverses: str | None = None
    hold: str | None = None
    subject: str | None = None


@lru_cache(maxsize=1024)
def account(account_id: str) -> Account:
    """Return the account of this path; raises UnknownAccount with the chart."""
    for pattern, (kind, _) in CHART.items():
        expected = re.escape(pattern).replace("<network>", _NETWORK)
        fits = len(account_id) <= len(pattern) + _NETWORK_LENGTH_MAX
        if fits and re.fullmatch(expected, account_id):
            return Account(account_id, kind)
    listed = ", ".join(f"{pattern} ({kind})" for pattern, (kind, _) in CHART.items())
    raise UnknownAccount(
        f"{account_id[:80]!r} is no account of the chart: use one of {listed}, where <network> is "
        "the network's name in lower-case letters, digits and hyphens"
    )


def escrow(network: str) -> str:
    """Return the account of an order's money at this network."""
    return account(f"assets:escrow:{network}").id


def usage(network: str) -> str:
    """Return the account of compute used on this network."""
    return account(f"expenses:usage:{network}").id


def is_set_aside(account_id: str) -> bool:
    """Say whether money in this account belongs to a hold: held, or in escrow at a network."""
    return account_id == HELD or account_id.startswith("assets:escrow:")


def checked(posting: Posting, assets: Mapping[str, Asset] = ASSETS) -> Posting:
    """Return the posting, which can be kept as it is.

    Raises Unbalanced, UnknownAccount or BadPosting, each with the remedy.
    """
    _check_texts(posting)
    if not LEGS_MIN <= len(posting.legs) <= LEGS_MAX:
        raise BadPosting(
            f"A posting has {LEGS_MIN} to {LEGS_MAX} legs, this one has {len(posting.legs)}: say "
            "where the money came from and where it went"
        )
    for leg in posting.legs:
        _check_leg(leg, assets)
    _check_sums(posting.legs, assets)
    set_aside = [leg.account for leg in posting.legs if is_set_aside(leg.account)]
    if posting.hold is None and set_aside:
        raise BadPosting(
            f"Money in {set_aside[0]} belongs to a hold: name the hold that it is taken from"
        )
    return posting


def reversal(
    posting: Posting, posting_id: str, at: datetime, why: str, reversed_ids: Collection[str] = ()
) -> Posting:
    """Return the mirror image of a posting, which undoes it and leaves both to be seen.

    ``reversed_ids`` are the postings that have been reversed before. Raises NotReversible for one
    of those, for a reversal, for a moment before the posting's own, and without a reason.
    """
    if posting.reverses is not None:
        raise NotReversible(
            f"{posting.posting_id} is itself a reversal: post again what it took back"
        )
    if posting.posting_id in reversed_ids:
        raise NotReversible(
            f"{posting.posting_id} has been reversed already: nothing is left of it"
        )
    if not why.strip():
        raise NotReversible("A reversal says why: name the mistake that it corrects")
    _check_moment(at)
    if at < posting.at:
        raise NotReversible(
            f"{posting.posting_id} happened at {posting.at.isoformat()}: reverse it then or later"
        )
    legs = tuple(Leg(leg.account, leg.asset, -leg.amount) for leg in posting.legs)
    return Posting(
        posting_id, at, why, legs, posting.posting_id, hold=posting.hold, subject=posting.subject
    )


def sums(legs: Sequence[Leg]) -> dict[str, tuple[int, int]]:
    """Return debits and credits (both positive) of each asset."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for leg in legs:
        debits, credits_ = found[leg.asset]
        found[leg.asset] = (debits + max(leg.amount, 0), credits_ + max(-leg.amount, 0))
    return dict(found)


def _check_texts(posting: Posting) -> None:
    _check_text("posting id", posting.posting_id, ID_LENGTH_MAX)
    for name in ("reverses", "hold", "subject"):
        if getattr(posting, name) is not None:
            _check_text(name, getattr(posting, name), ID_LENGTH_MAX)
    _check_text("description", posting.description, TEXT_LENGTH_MAX)
    if posting.reverses == posting.posting_id:
        raise BadPosting(
            f"{posting.posting_id} cannot reverse itself: give the reversal its own id"
        )
    _check_moment(posting.at)


def _check_text(name: str, text: str, length_max: int) -> None:
    if not text:
        raise BadPosting(f"The {name} is empty: say what it is")
    if len(text) > length_max:
        raise BadPosting(f"The {name} has {len(text)} characters: shorten it to {length_max}")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadPosting(
            f"The {name} holds a character that no database keeps (NUL or half a surrogate pair): "
            "take it out"
        )


def _check_moment(at: datetime) -> None:
    if at.tzinfo is None:
        raise BadPosting(f"{at.isoformat()} has no time zone: pass the moment in UTC")
    if at.year > YEAR_MAX:
        raise BadPosting(f"{at.isoformat()} is beyond the year {YEAR_MAX}: correct the date")


def _check_leg(leg: Leg, assets: Mapping[str, Asset]) -> None:
    account(leg.account)
    try:
        asset = asset_of(leg.asset, assets)
    except UnknownAsset as unknown:
        raise BadPosting(str(unknown)) from None
    if isinstance(leg.amount, bool) or not isinstance(leg.amount, int):
        raise BadPosting(
            f"{leg.amount!r} on {leg.account} is a {type(leg.amount).__name__}: pass whole minor "
            f"units of {asset.smallest} {asset.code} (minor_units makes them of money)"
        )
    if leg.amount == 0:
        raise BadPosting(f"The leg on {leg.account} moves nothing: leave it out")
    if abs(leg.amount) > LEG_MAX:
        raise BadPosting(
            f"The amount on {leg.account} is beyond {shown(LEG_MAX, asset)} {asset.code}, the most "
            "that one leg carries: correct it, or post it in parts"
        )


def _check_sums(legs: Sequence[Leg], assets: Mapping[str, Asset]) -> None:
    for code, (debits, credits_) in sums(legs).items():
        asset = assets[code]
        if debits != credits_:
            raise Unbalanced(
                f"Debits are {shown(debits, asset)} {code}, credits {shown(credits_, asset)} {code}"
                f", a difference of {shown(debits - credits_, asset)}: correct an amount or add "
                "the missing leg"
            )
