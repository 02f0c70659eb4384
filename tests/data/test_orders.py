"""Orders in the records: listed and paged by indexes, read back whole, made again of facts."""

import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import event, select, text, update

from data import budgets, claims
from data.faults import RecordsDamaged
from data.order_heads import rebuild_heads
from data.order_search import ids_like
from data.ordering import place
from data.orders import events, listed, order, seen, seen_many, unsettled
from data.tables import order_heads
from engine.canonical import plain
from tests.orders import INES, KOFI, NOW, closed, opened, read, reading, reread, running, wanted
from tests.tampering import changed


@pytest.fixture
def book(tmp_path):
    records = opened(f"sqlite:///{tmp_path / 'b.sqlite'}")
    yield records
    records.close()


def test_an_order_is_read_back_with_every_event_and_its_entry(records_url):
    book = opened(records_url)
    known = running(book)
    with book.reading() as view:
        kept = events(view, "sbx-1")
        head = seen(view, "sbx-1")
        assert order(view, "sbx-1") == known
        assert [one.order_id for one in unsettled(view)] == ["sbx-1"]
    assert [one.event.kind for one in kept] == [
        "placed", "intent", "made", "intent", "made", "leased"]  # fmt: skip
    assert [one.entry_index for one in kept] == sorted({one.entry_index for one in kept})
    assert (head.state, head.handle, head.writing) == ("active", "900", None)
    assert (head.usd_per_hour, head.deadline) == ("3.1587", NOW + timedelta(hours=10))
    book.close()


def test_what_has_ended_is_not_unsettled(book):
    closed(book, running(book))
    with book.reading() as view:
        assert list(unsettled(view)) == []


def test_orders_are_found_by_the_beginning_of_their_ids(book):
    for name in ("sbx-ab", "sbx-ac", "sbx-b%"):
        place(book, wanted(name), INES, name)
    with book.reading() as view:
        assert ids_like(view, "sbx-a") == ["sbx-ab", "sbx-ac"]
        assert ids_like(view, "sbx-%") == []
        assert [one.order_id for one in seen_many(view, ["sbx-ac", "x", "sbx-ab"])] == [
            "sbx-ab", "sbx-ac"]  # fmt: skip


def test_pages_follow_each_other_without_a_gap_even_at_one_moment(book):
    for number in range(7):
        at = NOW - timedelta(minutes=number // 3)
        place(book, wanted(f"sbx-{number}", placed_at=at), INES, f"k{number}")
    found, last = [], None
    with book.reading() as view:
        for _ in range(4):
            page = listed(view, most=2, before=last and last.placed_at,
                          before_id=last and last.order_id)  # fmt: skip
            found += [one.order_id for one in page]
            last = page[-1]
    assert found == [f"sbx-{n}" for n in range(7)]


def test_lists_are_of_a_state_and_a_network(book):
    running(book)
    place(book, wanted("sbx-2"), INES, "k2")
    with book.reading() as view:
        assert [one.order_id for one in listed(view, ["active"])] == ["sbx-1"]
        assert len(listed(view, network="akash")) == 2
        assert listed(view, network="lium") == []


def heads_of(book, *changes):
    """Add heads like the first one, as another tool would: no foreign key is asked."""
    with book.reading() as view:
        row = view.execute(select(order_heads)).one()._asdict()
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    rows = [tuple((row | one).values()) for one in changes]
    file = book.file
    book.close()
    statement = f"INSERT INTO order_heads ({columns}) VALUES ({marks})"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.executemany(statement, rows)
        other.execute("COMMIT")


def test_a_page_of_ten_thousand_orders_takes_no_longer_than_a_blink(book):
    place(book, wanted(), INES, "k")
    heads_of(book, *(
        {"order_id": f"sbx-m{n}", "placed_at": plain(NOW - timedelta(seconds=n)),
         "state": "active" if n % 2 else "closed"}
        for n in range(10_000)
    ))  # fmt: skip
    with book.reading() as view:
        for states in ([], ["active"], ["active", "closing"]):
            listed(view, states)
            start = time.process_time()
            assert len(listed(view, states)) >= 50
            assert time.process_time() - start < 0.06


def plans(book, act):
    """The plans of every statement that an act runs."""
    asked = []

    def heard(_connection, _cursor, statement, parameters, *_):
        asked.append((statement, parameters))

    event.listen(book.engine, "before_cursor_execute", heard)
    act()
    event.remove(book.engine, "before_cursor_execute", heard)
    with book.reading() as view:
        return [
            row[-1]
            for statement, parameters in asked
            if statement.startswith("SELECT")
            for row in view.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def within(book, act):
    def run():
        with book.reading() as view:
            act(view)

    return run


ASKED = {
    "a page": listed,
    "a page of a state": lambda view: listed(view, ["active"], before=NOW),
    "a budget": lambda view: budgets.spent(view, "CC-1", "2026-11"),
    "one order": lambda view: order(view, "sbx-1"),
    "one head": lambda view: seen(view, "sbx-1"),
}


@pytest.mark.parametrize("act", ASKED.values(), ids=ASKED)
def test_orders_are_found_by_an_index(book, act):
    place(book, wanted(), INES, "k")
    found = plans(book, within(book, act))
    assert found
    assert [plan for plan in found if plan.startswith("SCAN") and "INDEX" not in plan] == []


def test_work_is_claimed_by_an_index(book):
    place(book, wanted(), INES, "k")
    found = plans(book, lambda: claims.claimed(book, "a", ["placed"], 9, timedelta(seconds=1)))
    assert any("order_heads_due" in plan for plan in found)


def test_events_that_do_not_follow_are_damage(book, tmp_path):
    running(book)
    book.close()
    changed(
        tmp_path / "b.sqlite",
        lambda c: c.execute("UPDATE order_events SET kind = 'approved' WHERE ordinal = 2"),
    )
    again = opened(f"sqlite:///{tmp_path / 'b.sqlite'}")
    with pytest.raises(RecordsDamaged, match=r"do not follow .* necto audit verify"):
        reread(again)
    again.close()


def test_heads_that_differ_are_made_again_of_the_facts(book):
    running(book)
    place(book, wanted("sbx-2"), INES, "k2")
    read(book, reading(2_000_000, observed={"said": "it runs"}))
    with book.reading() as view:
        was = {one.order_id: one for one in listed(view)}
    with book.transaction() as unit:
        spoilt = order_heads.c.order_id == "sbx-1"
        unit.connection.execute(
            update(order_heads).where(spoilt).values(state="closed", cents=1, units=9, handle=None)
        )
        unit.connection.execute(text("DELETE FROM order_heads WHERE order_id = 'sbx-2'"))
    assert rebuild_heads(book, KOFI, "rebuild") == ["sbx-1", "sbx-2"]
    with book.reading() as view:
        assert {one.order_id: one for one in listed(view)} == was
    assert rebuild_heads(book, KOFI, "rebuild again") == []


def test_a_head_without_an_order_is_taken_out(book):
    place(book, wanted(), INES, "k")
    heads_of(book, {"order_id": "sbx-ghost"})
    assert rebuild_heads(book, KOFI, "rebuild") == ["sbx-ghost"]
    with book.reading() as view:
        assert [one.order_id for one in listed(view)] == ["sbx-1"]
