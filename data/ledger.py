"""The customer's ledger in the records: postings kept whole, holds by events, what lies where.

A posting is judged by ``engine.ledger`` and ``engine.holds``, which have the better words, and then
by the database's own rules (``data/ledger_rules.py``), which nobody goes around.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal_column, select

from data import tables
from data.faults import RecordsDamaged
from data.tables import WHOLE
from data.unit import Transaction
from engine.assets import ASSETS, asset_of
from engine.canonical import plain
from engine.holds import Hold, HoldEvent, after, check_empty_close, check_event, covered
from engine.ledger import HELD, TREASURY, Leg, Posting, account, checked, is_set_aside

_BATCH = 2_000
_HALVES = (
    literal_column("sum(legs.amount >> 32)", WHOLE),
    literal_column("sum(legs.amount & 4294967295)", WHOLE),
)
"""Amounts are added up in two halves, because SQLite's sum() ends at 64 bits."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a hold stands, in minor units. ``at_home``: what of the rest lies in no escrow."""

    hold_id: str
    approved: int
    spent: int
    remaining: int
    at_home: int
    ordinal: int
    is_closed: bool

    @property
    def in_escrow(self) -> int:
        """What lies at networks: all that remains and is not at home."""
        return self.remaining - self.at_home


def post(unit: Transaction, posting: Posting, happened: HoldEvent | None = None) -> None:
    """Keep a posting, with what it does to the hold that it names, within a command.

    Raises BadPosting, HoldRefused or UnknownAccount in words, and FactRefused from the database.
    """
    checked(posting)
    check_event(posting, happened)
    for asset in sorted({leg.asset for leg in posting.legs}):
        _declare(unit, asset)
    for name in sorted({leg.account for leg in posting.legs}):
        _open_account(unit, name)
    for position, leg in enumerate(posting.legs, 1):
        unit.add(
            "legs", posting_id=posting.posting_id, position=position, account=leg.account,
            asset=leg.asset, amount=leg.amount,
        )  # fmt: skip
    if happened:
        _judge(unit, happened, posting.subject)
    unit.add(
        "postings", posting_id=posting.posting_id, at=plain(posting.at),
        description=posting.description, leg_count=len(posting.legs), reverses=posting.reverses,
        hold_id=posting.hold, subject=posting.subject,
    )  # fmt: skip


def close_empty(unit: Transaction, happened: HoldEvent) -> None:
    """Close a hold of which nothing remains: no money moves. Raises HoldRefused."""
    check_empty_close(happened)
    _judge(unit, happened, None)


def hold(view: Connection, hold_id: str) -> Hold | None:
    """Return a hold as its events left it; None when there is none."""
    found: Hold | None = None
    for happened in hold_events(view, hold_id):
        found = after(found, happened)
    return found


def standing(view: Connection, hold_id: str) -> Standing | None:
    """Return a hold by the sums of its last event, however many went before; None without one."""
    events = tables.hold_events
    asked = select(events).where(events.c.hold_id == hold_id)
    row = view.execute(asked.order_by(events.c.ordinal.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    is_closed = row.step == "closed"
    rest = 0 if is_closed else row.approved - row.spent
    return Standing(hold_id, row.approved, row.spent, rest, row.at_home, row.ordinal, is_closed)


def hold_events(view: Connection, hold_id: str) -> list[HoldEvent]:
    """Return what became of a hold, in order; raises RecordsDamaged for a time that is none."""
    events, holds = tables.hold_events, tables.holds
    asked = select(events, holds.c.asset).join(holds).where(events.c.hold_id == hold_id)
    rows = view.execute(asked.order_by(events.c.ordinal)).all()
    changes = _changes(view, hold_id)
    return [
        HoldEvent(
            hold_id, row.step, row.asset, row.amount,
            _moment(row.at, f"event {row.ordinal} of hold {hold_id}"),
            row.posting_id, changes.get(row.posting_id, ()), row.approval,
        )
        for row in rows
    ]  # fmt: skip


def posting(view: Connection, posting_id: str) -> Posting | None:
    """Return one posting; None when there is none. Raises RecordsDamaged as ``postings`` does."""
    asked = _whole().where(tables.postings.c.posting_id == posting_id)
    return next(_postings(view.execute(asked)), None)


def postings(view: Connection) -> Iterator[Posting]:
    """Yield every posting in the order in which they were kept; memory stays bounded.

    Raises RecordsDamaged, naming the posting, for a time that is none: somebody changed it.
    """
    head = tables.postings.c
    asked = _whole().order_by(head.entry_index, head.posting_id, tables.legs.c.position)
    yield from _postings(view.execute(asked, execution_options={"yield_per": _BATCH}))


def entry_indexes(view: Connection) -> Mapping[str, int]:
    """Return, by posting, the place of its entry in the trail."""
    asked = select(tables.postings.c.posting_id, tables.postings.c.entry_index)
    return {str(name): int(index) for name, index in view.execute(asked)}


def balances_at(view: Connection, as_of: datetime | None = None) -> dict[tuple[str, str], int]:
    """Return what lay in every account by asset, in minor units, postings of that moment included.

    Only places that are not empty. Summed by the database: exact, they are whole numbers.
    """
    legs, head = tables.legs.c, tables.postings.c
    asked = select(legs.account, legs.asset, *_HALVES).group_by(legs.account, legs.asset)
    if as_of is not None:
        asked = asked.join(tables.postings).where(head.at <= str(plain(as_of)))
    rows = view.execute(asked)
    found = {(str(name), str(asset)): _sum(high, low) for name, asset, high, low in rows}
    return {place: units for place, units in sorted(found.items()) if units}


def _judge(unit: Transaction, happened: HoldEvent, subject: str | None) -> None:
    """Ask the engine whether the hold allows this, and keep the event with the sums after it."""
    before = _standing(unit.connection, happened)
    left = after(before, happened)
    if happened.sets_aside:  # its legs are there already
        free = free_units(unit.connection, happened.asset) + happened.sets_aside
        covered(free, happened.sets_aside, asset_of(happened.asset))
    if before is None:
        row = {"hold_id": happened.hold_id, "asset": happened.asset, "subject": subject}
        unit.add("holds", **row)
    unit.add(
        "hold_events", hold_id=happened.hold_id, ordinal=_known(unit, happened.hold_id) + 1,
        step=happened.step, amount=happened.amount, at=plain(happened.at),
        posting_id=happened.posting_id, approval=happened.approval, approved=left.approved,
        spent=left.spent, at_home=left.at_home,
    )  # fmt: skip


def _standing(view: Connection, happened: HoldEvent) -> Hold | None:
    """Return the hold by the sums of its last event, with what lies in accounts now touched."""
    events, holds = tables.hold_events, tables.holds
    asked = select(events, holds.c.asset).join(holds).where(events.c.hold_id == happened.hold_id)
    row = view.execute(asked.order_by(events.c.ordinal.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    is_closed = row.step == "closed"
    touched = [name for name, _ in happened.changes if name != HELD]
    places = _lying(view, happened.hold_id, touched) if touched else {}
    return Hold(
        happened.hold_id, row.asset, row.approved, row.spent, row.amount if is_closed else 0,
        is_closed, places | {HELD: row.at_home},
    )  # fmt: skip


def free_units(view: Connection, asset: str) -> int:
    """Return what is free; the account is written out, so that the index of its legs serves."""
    legs = tables.legs.c
    here = legs.account == literal_column(f"'{TREASURY}'")
    high, low = view.execute(select(*_HALVES).where(here, legs.asset == asset)).one()
    return _sum(high or 0, low or 0)


def _sum(high: int, low: int) -> int:
    return (int(high) << 32) + int(low)


def _lying(view: Connection, hold_id: str, names: list[str]) -> dict[str, int]:
    legs, head = tables.legs, tables.postings
    asked = select(legs.c.account, func.sum(legs.c.amount)).join(head)
    asked = asked.where(head.c.hold_id == hold_id, legs.c.account.in_(names))
    rows = view.execute(asked.group_by(legs.c.account))
    return {str(name): int(units) for name, units in rows}


def _known(unit: Transaction, hold_id: str) -> int:
    events = tables.hold_events
    asked = select(func.max(events.c.ordinal)).where(events.c.hold_id == hold_id)
    return unit.connection.execute(asked).scalar() or 0


def _declare(unit: Transaction, asset: str) -> None:
    known = select(tables.assets.c.asset).where(tables.assets.c.asset == asset)
    if unit.connection.execute(known).first() is None:
        unit.add("assets", asset=asset, scale=ASSETS[asset].scale)


def _open_account(unit: Transaction, name: str) -> None:
    known = select(tables.accounts.c.account).where(tables.accounts.c.account == name)
    if unit.connection.execute(known).first() is None:
        unit.add("accounts", account=name, kind=account(name).kind)


def _changes(view: Connection, hold_id: str) -> dict[str, tuple[tuple[str, int], ...]]:
    """Return, by posting, what it did to money that is held or in escrow."""
    legs, head = tables.legs, tables.postings
    asked = select(legs.c.posting_id, legs.c.account, func.sum(legs.c.amount)).join(head)
    asked = asked.where(head.c.hold_id == hold_id).group_by(legs.c.posting_id, legs.c.account)
    found: dict[str, list[tuple[str, int]]] = {}
    for posting_id, name, units in view.execute(asked):
        if is_set_aside(name):
            found.setdefault(posting_id, []).append((name, int(units)))
    return {posting_id: tuple(sorted(changes)) for posting_id, changes in found.items()}


def _moment(text: str, place: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise RecordsDamaged(
            f"{place} has {text!r:.60} for its time: somebody changed it, restore a backup"
        ) from None


def _whole() -> Select[Any]:
    head, legs = tables.postings, tables.legs
    return select(head, legs.c.account, legs.c.asset, legs.c.amount).join(legs)


def _postings(rows: Iterable[Row[Any]]) -> Iterator[Posting]:
    for _, group in groupby(rows, key=lambda row: row.posting_id):
        sides = list(group)
        head = sides[0]
        yield Posting(
            head.posting_id, _moment(head.at, f"posting {head.posting_id}"), head.description,
            tuple(Leg(side.account, side.asset, side.amount) for side in sides),
            head.reverses, head.hold_id, head.subject,
        )  # fmt: skip
