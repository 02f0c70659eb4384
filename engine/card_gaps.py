"""The days that lose their price when a newer version of a rate card takes an older one's place."""

from datetime import date, timedelta

import polars as pl

from engine.rate_cards import CardRecord

_Days = tuple[date, date]


def gap_sentence(
    before: CardRecord, held: pl.DataFrame, after: pl.DataFrame, today: date
) -> str | None:
    """Say which days have no price because ``before`` is replaced; None when there are none.

    ``held``: the rows of ``before``; ``after``: those of the version that replaces it.
    """
    days = gap(held, after, today)
    if days is None:
        return None
    return (
        f"{before.seller} has no price of {before.name} from {days[0]} to {days[1]}: version "
        f"{before.version}, which held on these days, is superseded at once; import one card with "
        "the prices of these days and the new ones"
    )


def gap(held: pl.DataFrame, after: pl.DataFrame, today: date) -> _Days | None:
    """Return the first and last day, from today on, that lose their price before ``after`` begins.

    Both have ``valid_from`` and ``valid_until``. Days between the rows of one card, and machines
    that the newer one leaves out, are the contract's own and no gap.
    """
    replaced, begun = _days(held, today), _days(after, today)
    if replaced is None:
        return None
    last = min(replaced[1], begun[0] - timedelta(days=1)) if begun else replaced[1]
    return (replaced[0], last) if replaced[0] <= last else None


def _days(rows: pl.DataFrame, today: date) -> _Days | None:
    """The first and last day with a price, from today on."""
    ahead = rows.filter(pl.col("valid_until") >= today)
    if ahead.height == 0:
        return None
    first, last = ahead.select(pl.col("valid_from").min(), pl.col("valid_until").max()).row(0)
    return max(first, today), last
