"""The book as beancount text, which ``bean-check`` and other people's tools can judge.

Format: https://beancount.github.io/docs/beancount_language_syntax.html (read 2026-11-24).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from engine.assets import ASSETS, Asset, asset_of, shown
from engine.balances import balances
from engine.ledger import Account, Kind, Posting, account

_ROOTS: Mapping[Kind, str] = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
_EMPTY_BOOK = date(1970, 1, 1)
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
"""A line break inside a string is escaped: beancount takes no more than 64 lines of one."""


def beancount_text(
    accounts: Iterable[Account],
    postings: Sequence[Posting],
    assets: Mapping[str, Asset] = ASSETS,
    entry_indexes: Mapping[str, int] | None = None,
) -> str:
    """Return the whole book, closed by an assertion of every balance on the day after.

    Postings stand in order of time (their exact moment, UTC, is metadata: beancount knows days
    only). ``accounts`` are opened, and so is every other account that was used. ``entry_indexes``
    gives a posting's place in the trail. Tolerances are zero: a difference of one minor unit is an
    error. Raises UnknownAsset, UnknownAccount.
    """
    ordered = sorted(postings, key=lambda posting: posting.at)
    first = _day(ordered[0].at) if ordered else _EMPTY_BOOK
    used = {leg.account for posting in ordered for leg in posting.legs}
    opened = {item.id: item for item in accounts} | {name: account(name) for name in used}
    lines = [
        'option "title" "Necto"',
        'option "tolerance_multiplier" "0"',
        "",
        *_commodities(assets, first),
        *(f"{first} open {_name(opened[name])}" for name in sorted(opened)),
    ]
    for posting in ordered:
        lines += ["", *_transaction(posting, assets, entry_indexes or {})]
    if ordered:
        lines += ["", *_assertions(ordered, assets)]
    return "\n".join(lines) + "\n"


def _commodities(assets: Mapping[str, Asset], first: date) -> Iterator[str]:
    for code in sorted(assets):
        yield f"{first} commodity {code}"
        yield f"  scale: {assets[code].scale}"


def _transaction(
    posting: Posting, assets: Mapping[str, Asset], entry_indexes: Mapping[str, int]
) -> Iterator[str]:
    yield f"{_day(posting.at)} * {_quoted(posting.description)}"
    yield f"  posting-id: {_quoted(posting.posting_id)}"
    yield f"  at: {_quoted(posting.at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ'))}"
    for key, value in (
        ("reverses", posting.reverses),
        ("hold", posting.hold),
        ("subject", posting.subject),
    ):
        if value is not None:
            yield f"  {key}: {_quoted(value)}"
    if posting.posting_id in entry_indexes:
        yield f"  entry-index: {entry_indexes[posting.posting_id]}"
    for leg in posting.legs:
        amount = shown(leg.amount, asset_of(leg.asset, assets))
        yield f"  {_name(account(leg.account))}  {amount} {leg.asset}"


def _assertions(ordered: Sequence[Posting], assets: Mapping[str, Asset]) -> Iterator[str]:
    after_last = _day(ordered[-1].at) + timedelta(days=1)
    for (account_id, code), turnover in balances(ordered).turnovers().items():
        amount = shown(turnover.balance, asset_of(code, assets))
        yield f"{after_last} balance {_name(account(account_id))}  {amount} ~ 0 {code}"


def _name(item: Account) -> str:
    """``assets:escrow:akash`` is ``Assets:Escrow:Akash``; no two accounts meet in one name."""
    _, *parts = item.id.split(":")
    return ":".join([_ROOTS[item.kind], *(part[0].upper() + part[1:] for part in parts)])


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
