"""What is looked for in the trail is found, whole and in order, in both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.audit import Counts, Span, _actor_is, _row, around, choices, page
from data.records import Records
from engine.commands import Command
from engine.paging import Query
from engine.people import local_actor

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PEOPLE = ("ann", "bob", "Ca%l_")


@pytest.fixture
def book(records_url):
    times = iter(NOON + timedelta(minutes=n) for n in range(200))
    records = Records.open(records_url, "house", "here", lambda: next(times))
    for n in range(60):
        action = ("settings.changed", "market.read", "export.made")[n % 3]
        records.perform(
            Command.of(
                f"k{n}", action, local_actor(PEOPLE[n % 2 + n % 5 // 4]), f"thing/{n % 7}", n
            ),
            lambda _: None,
        )
    yield records
    records.close()


def ask(book, query, span=Span()):  # noqa: B008 - frozen
    with book.reading() as view:
        return page(view, query, span, Counts())


def places(found):
    return [int(row.id) for row in found.rows]


def test_the_newest_stand_first_and_the_window_is_cut(book):
    found = ask(book, Query(offset=2, limit=3))
    assert (places(found), found.matching, found.total) == ([58, 57, 56], 61, 61)


def test_a_span_of_time_is_half_open(book):
    at = ask(book, Query(filters={"place": "10"})).rows[0].cells["time"]
    start = datetime.fromisoformat(at)
    found = ask(book, Query(sort=(("time", "asc"),)), Span(start, start + timedelta(minutes=3)))
    assert places(found) == [10, 11, 12]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(facets={"action": ("necto.export.made",)}), 20),
        (Query(facets={"action": ("necto.export.made", "necto.market.read")}), 40),
        (Query(filters={"actor": "CA%L"}), 6),
        (Query(filters={"subject": "ING/3"}), 9),
        (Query(filters={"subject": "%"}), 0),
        (Query(filters={"place": "7"}), 1),
        (Query(filters={"place": "x"}), 0),
    ],
)
def test_conditions_count_what_they_say(book, query, expected):
    found = ask(book, query)
    assert (found.matching, len(found.rows)) == (expected, expected)


@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sort=st.sampled_from(["place", "time", "actor", "action", "subject", "result"]),
    direction=st.sampled_from(["asc", "desc"]),
    limit=st.integers(1, 25),
)
def test_windows_put_together_are_the_whole(book, sort, direction, limit):
    whole = places(ask(book, Query(sort=((sort, direction),))))
    windows = [
        place
        for offset in range(0, 61, limit)
        for place in places(ask(book, Query(sort=((sort, direction),), offset=offset, limit=limit)))
    ]
    assert windows == whole
    assert sorted(whole) == list(range(61))


def test_counts_are_kept_up_as_the_book_grows(book):
    counts = Counts()
    with book.reading() as view:
        counts.up_to_date(view)
    book.perform(Command.of("new", "market.read", local_actor("ann"), "x", 1), lambda _: None)
    with book.reading() as view:
        assert counts.up_to_date(view) == 62
    assert dict(counts.most()["action"])["necto.market.read"] == 21


def test_a_row_says_what_is_known_of_its_actor(book):
    first, newest = (ask(book, Query(filters={"place": n})).rows[0].cells for n in ("0", "60"))
    assert (first["actor"], first["actor_is"]) == ("necto", "system")
    assert newest["actor_is"] == "unauthenticated"


def test_an_actor_of_an_entry_that_cannot_be_read_is_not_described():
    assert _actor_is("{}") is None
    assert _actor_is('{"data":{"actor":{"id":"x"}') is None


def test_a_place_whose_entry_was_taken_out_is_shown_as_missing():
    assert _row(7, None).cells == {"place": "7", "result": "missing"}


def facets_of(book, query, span=Span()):  # noqa: B008 - frozen
    with book.reading() as view:
        return {name: dict(found) for name, found in choices(view, query, span, Counts()).items()}


def test_values_are_counted_within_the_other_conditions_and_not_within_their_own(book):
    query = Query(facets={"action": ("necto.export.made",)}, filters={"subject": "thing/3"})
    found, whole = facets_of(book, query), facets_of(book, Query())

    assert sum(found["action"].values()) == 9
    assert sum(found["actor"].values()) == ask(book, query).matching < 9
    assert sum(whole["action"].values()) == 61


def test_values_have_no_number_where_counting_would_take_long(book, monkeypatch):
    monkeypatch.setattr("data.audit.COUNTED_MAX", 10)
    query = Query(facets={"action": ("necto.export.made",)})
    found = facets_of(book, query)

    assert set(found["actor"].values()) == {None}
    assert sum(found["action"].values()) == 61
    soon = Span(NOON, NOON + timedelta(minutes=5))
    assert sum(facets_of(book, query, soon)["action"].values()) == 5


@pytest.mark.parametrize(
    ("place", "expected"), [(9, (6, 12)), (10, (9, 12)), (3, (None, 6)), (60, (57, None))]
)
def test_the_entries_around_one_are_those_that_the_query_shows(book, place, expected):
    query = Query(facets={"action": ("necto.export.made",)})
    with book.reading() as view:
        assert around(view, query, Span(), Counts(), place) == expected
