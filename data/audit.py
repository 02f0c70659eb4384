"""What a person looks for in the trail: windows of entries, how many match, what to choose from.

Every question is answered from an index and a bounded number of rows, however long the book is.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from data.tables import entries
from data.trail import index_at, size_of
from engine.canonical import plain
from engine.paging import Query, Row, TablePage
from engine.trail import ActorTold

COLUMNS = {
    "place": entries.c.leaf_index,
    "time": entries.c.at,
    "actor": entries.c.actor,
    "action": entries.c.type,
    "subject": entries.c.subject,
    "result": entries.c.outcome,
}
"""The table's columns by the names that a person sees."""
FACETS = ("actor", "action", "result")
VALUES_MAX = 50  # of a facet, the most frequent first
COUNTED_MAX = 20_000
"""In a run of so many entries at most the values of a facet are counted within the conditions."""
MISSING = "missing"
"""The result shown for a place whose entry was taken out of the records."""
_ACTOR_BEFORE = '{"data":{"actor":'  # canonical JSON sorts names: every entry begins so
_HEAD_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Span:
    """Entries recorded from ``start`` until before ``end``; None: without a bound."""

    start: datetime | None = None
    end: datetime | None = None


EVER = Span()


def page(view: Connection, query: Query, span: Span, counts: "Counts") -> TablePage:
    """Return the window of entries that answers a query, the newest first unless sorted.

    Besides ``COLUMNS`` each row has ``actor_is``: what is to be known of the actor (see ActorTold).
    """
    total = counts.up_to_date(view)
    first, after = run_of(view, span, total)
    conditions = _conditions(view, query, counts)
    within = [entries.c.leaf_index >= first, entries.c.leaf_index < after]
    bounds = within if first or after < total else []
    matching = _matching(view, [*bounds, *conditions]) if conditions else after - first
    if not conditions and _by_place(query):
        places = _counted(query, first, after)
    else:
        wanted = select(entries.c.leaf_index).where(*bounds, *conditions).order_by(*_order(query))
        found = view.execute(wanted.offset(query.offset).limit(query.limit))
        places = list(found.scalars())
    return TablePage(
        offset=min(query.offset, matching),
        rows=_rows(view, places),
        matching=matching,
        total=total,
        version=f"{total} {first}-{after}",
    )


def choices(
    view: Connection, query: Query, span: Span, counts: "Counts"
) -> Mapping[str, list[tuple[str, int | None]]]:
    """Return the most frequent values of every facet, counted within the other conditions.

    None as the count where counting would take long.
    """
    first, after = run_of(view, span, counts.up_to_date(view))
    is_whole = after - first == counts.size
    known, found = counts.most(), dict[str, list[tuple[str, int | None]]]()
    for name in FACETS:
        facets = {other: values for other, values in query.facets.items() if other != name}
        others = _conditions(view, query.model_copy(update={"facets": facets}), counts)
        if is_whole and not others:
            found[name] = [*known[name]]
        elif after - first > COUNTED_MAX:
            found[name] = [(value, None) for value, _ in known[name]]
        else:
            inside = [entries.c.leaf_index >= first, entries.c.leaf_index < after, *others]
            found[name] = [*_frequent(view, COLUMNS[name], inside)]
    return found


def _frequent(
    view: Connection, column: ColumnElement[str], conditions: list[ColumnElement[bool]]
) -> Iterator[tuple[str, int]]:
    number = func.count().label("number")
    asked = select(column, number).where(*conditions).group_by(column)
    for value, count in view.execute(asked.order_by(number.desc(), column).limit(VALUES_MAX)):
        yield str(value), int(count)


def around(
    view: Connection, query: Query, span: Span, counts: "Counts", place: int
) -> tuple[int | None, int | None]:
    """Return the entries before and after a place, of those that a query shows."""
    first, after = run_of(view, span, counts.up_to_date(view))
    conditions, at = _conditions(view, query, counts), entries.c.leaf_index
    asked = select(at).where(at >= first, at < after, *conditions).limit(1)
    before = view.execute(asked.where(at < place).order_by(at.desc())).scalar()
    return before, view.execute(asked.where(at > place).order_by(at)).scalar()


def run_of(view: Connection, span: Span, total: int) -> tuple[int, int]:
    """Entries stand in the order of their times: a span of time is a run of places."""
    first = index_at(view, _text(span.start)) if span.start else 0
    return first, max(first, index_at(view, _text(span.end)) if span.end else total)


def _text(moment: datetime) -> str:
    return str(plain(moment))


def _by_place(query: Query) -> bool:
    return all(_same(name) == "place" for name, _ in query.sort[:1])


def _counted(query: Query, first: int, after: int) -> list[int]:
    """Without a condition the places of a window are known: nothing is looked for."""
    ascending = bool(query.sort) and query.sort[0][1] == "asc"
    run = range(first, after) if ascending else range(after - 1, first - 1, -1)
    return list(run[query.offset : query.offset + query.limit])


def _conditions(view: Connection, query: Query, counts: "Counts") -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name, text in query.filters.items():
        if name == "place":
            found.append(entries.c.leaf_index == (int(text) if text.isdecimal() else -1))
        elif name in FACETS:  # few values: an index finds those that contain the text
            known = counts.values[name]
            values = [value for value in known if text.lower() in value.lower()]
            if len(values) < len(known):
                found.append(COLUMNS[name].in_(values))
        elif view.dialect.name == "sqlite":  # its LIKE takes a for A
            found.append(COLUMNS[name].contains(text, autoescape=True))
        else:
            found.append(COLUMNS[name].icontains(text, autoescape=True))
    return found + [COLUMNS[name].in_(values) for name, values in query.facets.items()]


def _matching(view: Connection, conditions: list[ColumnElement[bool]]) -> int:
    asked = select(func.count()).select_from(entries).where(*conditions)
    return int(view.execute(asked).scalar() or 0)


def _order(query: Query) -> list[ColumnElement[object]]:
    asked = query.sort or (("place", "desc"),)
    order = [getattr(COLUMNS[_same(name)], direction)() for name, direction in asked]
    names = {_same(name) for name, _ in asked}
    tie = [] if "place" in names else [entries.c.leaf_index.desc()]
    return [*order, *tie]


def _same(name: str) -> str:
    """Entries stand in the order of their times, and places are indexed."""
    return "place" if name == "time" else name


def _rows(view: Connection, places: list[int]) -> list[Row]:
    head = func.substr(entries.c.body, 1, _HEAD_CHARACTERS)
    asked = select(*COLUMNS.values(), head).where(entries.c.leaf_index.in_(places))
    found = {row[0]: row for row in view.execute(asked)}
    return [_row(place, found.get(place)) for place in places]


def _row(place: int, found: object) -> Row:
    """Return a line of the table; an entry that somebody took out leaves its place."""
    if not isinstance(found, Sequence):
        return Row(str(place), {"place": str(place), "result": MISSING})
    *cells, head = map(str, found)
    told = dict(zip(COLUMNS, cells, strict=True))
    return Row(str(place), told | {"actor_is": _actor_is(head)})


def _actor_is(head: str) -> str | None:
    """Return how far an actor is to be believed, from the first characters of its entry."""
    try:
        told, _ = json.JSONDecoder().raw_decode(head, len(_ACTOR_BEFORE))
        return ActorTold.model_validate(told).standing
    except ValueError:
        return None


@dataclass(slots=True)
class Counts:
    """How often each value stands in the trail; kept up as it grows, each entry counted once."""

    size: int = 0
    values: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in FACETS}
    )
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def up_to_date(self, view: Connection) -> int:
        """Count what came since the last time; returns the size of the trail."""
        size = size_of(view)
        with self._guard:
            if size > self.size:
                for name in FACETS:
                    self.values[name].update(self._newer(view, name, size))
                self.size = size
        return size

    def most(self) -> Mapping[str, list[tuple[str, int]]]:
        """Return the most frequent values of every facet with how often they stand."""
        return {name: self.values[name].most_common(VALUES_MAX) for name in FACETS}

    def _newer(self, view: Connection, name: str, size: int) -> dict[str, int]:
        column = COLUMNS[name]
        new = [entries.c.leaf_index >= self.size, entries.c.leaf_index < size]
        asked = select(column, func.count()).group_by(column)
        rows = view.execute(asked.where(*new) if self.size else asked)
        return {str(value): int(count) for value, count in rows}
