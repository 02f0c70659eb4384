"""Balances, statements and the trial balance: folds over postings, in one pass."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from engine.ledger import Kind, Posting, account

Place = tuple[str, str]
"""An account and an asset."""


@dataclass(frozen=True, slots=True)
class Turnover:
    """What went in and out of one place, both positive; ``balance`` is debit positive."""

    debits: int = 0
    credits: int = 0

    @property
    def balance(self) -> int:
        return self.debits - self.credits

    def __add__(self, other: Self) -> Self:
        return type(self)(self.debits + other.debits, self.credits + other.credits)


class Balances:
    """What lies where after the postings added so far; adding one costs as much as its legs."""

    def __init__(self) -> None:
        self._debits: dict[Place, int] = {}
        self._credits: dict[Place, int] = {}

    def add(self, posting: Posting) -> None:
        """Count one more posting, which has been checked before."""
        for leg in posting.legs:
            side = self._debits if leg.amount > 0 else self._credits
            place = (leg.account, leg.asset)
            side[place] = side.get(place, 0) + abs(leg.amount)

    def of(self, account_id: str, asset: str = "USD") -> int:
        """Return the balance of an account in minor units: debit positive, 0 when never used."""
        place = (account_id, asset)
        return self._debits.get(place, 0) - self._credits.get(place, 0)

    def turnovers(self) -> dict[Place, Turnover]:
        """Return the turnover of every place that was ever used, by account and asset."""
        return {
            place: Turnover(self._debits.get(place, 0), self._credits.get(place, 0))
            for place in sorted(self._debits.keys() | self._credits.keys())
        }

    def by_place(self) -> dict[Place, int]:
        """Return the balances that are not zero, by account and asset."""
        found = {place: turnover.balance for place, turnover in self.turnovers().items()}
        return {place: balance for place, balance in found.items() if balance != 0}


@dataclass(frozen=True, slots=True)
class Line:
    """One leg in a statement, with the balance after it."""

    at: datetime
    posting_id: str
    description: str
    amount: int
    balance: int
    reverses: str | None
    subject: str | None


@dataclass(frozen=True, slots=True)
class Statement:
    """An account in one asset over ``start <= at < end``, as a bank would print it."""

    account: str
    asset: str
    start: datetime | None
    end: datetime | None
    opening: int
    lines: tuple[Line, ...]
    closing: int


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One account in one asset."""

    account: str
    kind: Kind
    asset: str
    turnover: Turnover


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Debits and credits of every account, of every kind, and of the whole book, per asset."""

    rows: tuple[TrialRow, ...]
    by_kind: Mapping[tuple[Kind, str], Turnover]
    by_asset: Mapping[str, Turnover]

    @property
    def is_balanced(self) -> bool:
        """Whether debits equal credits in every asset; they do unless the records were damaged."""
        return all(turnover.balance == 0 for turnover in self.by_asset.values())


def balances(postings: Iterable[Posting], as_of: datetime | None = None) -> Balances:
    """Return what lay where at this moment, postings of that very moment included."""
    found = Balances()
    for posting in postings:
        if as_of is None or posting.at <= as_of:
            found.add(posting)
    return found


def statement(
    postings: Iterable[Posting],
    account_id: str,
    asset: str = "USD",
    start: datetime | None = None,
    end: datetime | None = None,
) -> Statement:
    """Return an account's lines from ``start`` up to, not including, ``end``, in order of time.

    Postings of one moment stand in the order they are given. Raises UnknownAccount.
    """
    account(account_id)
    opening = 0
    inside: list[Posting] = []
    for posting in postings:
        if start is not None and posting.at < start:
            opening += sum(_amounts(posting, account_id, asset))
        elif end is None or posting.at < end:
            inside.append(posting)
    inside.sort(key=lambda posting: posting.at)
    balance = opening
    lines: list[Line] = []
    for posting in inside:
        for amount in _amounts(posting, account_id, asset):
            balance += amount
            lines.append(_line(posting, amount, balance))
    return Statement(account_id, asset, start, end, opening, tuple(lines), balance)


def trial_balance(found: Balances) -> TrialBalance:
    """Return the trial balance of a book: a row for every account that was ever used."""
    rows: list[TrialRow] = []
    by_kind: dict[tuple[Kind, str], Turnover] = {}
    by_asset: dict[str, Turnover] = {}
    for (account_id, asset), turnover in found.turnovers().items():
        kind = account(account_id).kind
        rows.append(TrialRow(account_id, kind, asset, turnover))
        by_kind[kind, asset] = by_kind.get((kind, asset), Turnover()) + turnover
        by_asset[asset] = by_asset.get(asset, Turnover()) + turnover
    return TrialBalance(tuple(rows), dict(sorted(by_kind.items())), dict(sorted(by_asset.items())))


def _amounts(posting: Posting, account_id: str, asset: str) -> list[int]:
    return [leg.amount for leg in posting.legs if (leg.account, leg.asset) == (account_id, asset)]


def _line(posting: Posting, amount: int, balance: int) -> Line:
    return Line(
        posting.at,
        posting.posting_id,
        posting.description,
        amount,
        balance,
        posting.reverses,
        posting.subject,
    )
