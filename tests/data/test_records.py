"""A book of records: once, together, in order, protected."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from data.engines import FactRefused, RecordsFault
from data.records import Records
from data.unit import ClockWentBack, OtherCommand, Transaction
from engine.commands import Command, Refused
from engine.people import local_actor
from engine.trail import parse

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


REPLACE = """INSERT OR REPLACE INTO documents
    SELECT kind, id, version, 'x', is_deleted, entry_index FROM documents"""
CHANGES = [
    "UPDATE documents SET body = 'x'",
    "DELETE FROM documents",
    "UPDATE entries SET body = 'x'",
    "DELETE FROM entries",
    REPLACE,
]


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(tmp_path, clock):
    records = Records.open(f"sqlite:///{tmp_path / 'house.sqlite'}", "house", HERE, clock)
    yield records
    records.close()


def command(key="k1", **body):
    return Command.of(key, "settings.changed", local_actor("ann"), "settings/zone", body)


def write(unit: Transaction, version=1, body="{}"):
    unit.add("documents", kind="settings", id="zone", version=version, body=body, is_deleted=0)
    return {"version": version}


def count(records, table="documents"):
    with records.reading() as view:
        return view.execute(text(f"SELECT count(*) FROM {table}")).scalar()


def test_a_command_and_its_entry_are_written_together(book):
    outcome = book.perform(command(zone="Europe/Paris"), write)
    with book.reading() as view:
        body = view.execute(text("SELECT body FROM entries WHERE leaf_index = 1")).scalar()
    event = parse(body.encode())
    assert (outcome.entry_index, outcome.result, outcome.replayed) == (1, {"version": 1}, False)
    assert event.data.actor.id == "local:ann"
    assert [(e.table, e.key) for e in event.data.effects] == [("documents", "settings/zone/1")]


def test_the_same_key_and_body_give_the_first_result(book):
    first = book.perform(command(zone="Europe/Paris"), write)
    again = book.perform(command(zone="Europe/Paris"), write)
    assert (again.result, again.entry_index, again.replayed) == (first.result, 1, True)
    assert count(book) == 1


def test_the_same_key_with_another_body_is_refused(book):
    book.perform(command(zone="Europe/Paris"), write)
    with pytest.raises(OtherCommand, match="take a new key"):
        book.perform(command(zone="Europe/Rome"), write)


def test_nothing_is_kept_of_a_unit_of_work_that_fails(book):
    def broken(unit):
        write(unit)
        return 1 // 0

    with pytest.raises(ZeroDivisionError):
        book.perform(command(), broken)
    assert (count(book), count(book, "entries")) == (0, 1)
    assert not book.perform(command(), write).replayed


def test_several_commands_in_one_unit_of_work_have_an_entry_each(book):
    with book.transaction() as unit:
        for n in range(1, 6):
            unit.perform(command(f"k{n}", n=n), lambda unit, n=n: write(unit, n))
        assert unit.perform(command("k3", n=3), write).replayed
    assert (count(book), count(book, "entries")) == (5, 6)


def test_a_refusal_undoes_its_facts_and_is_kept_with_its_reason(book):
    def act(unit):
        write(unit)
        raise Refused("the requester may not approve")

    asked = Command("k1", "order.approved", local_actor("ann"), "order/1", {}, may_be_refused=True)
    outcome = book.perform(asked, act)
    assert (outcome.outcome, outcome.result) == (
        "refused", {"reason": "the requester may not approve"},
    )  # fmt: skip
    assert (count(book), book.perform(asked, act).replayed) == (0, True)


@pytest.mark.parametrize("verb", CHANGES)
def test_the_database_itself_refuses_to_change_a_fact(book, verb):
    book.perform(command(), write)
    with pytest.raises(FactRefused, match="added, never changed"), book.transaction() as unit:
        unit.connection.exec_driver_sql(verb)


def test_a_clock_that_went_back_is_said_and_nothing_is_written(book, clock):
    book.perform(command("k1"), write)
    clock.time = NOON - timedelta(hours=1)
    with pytest.raises(ClockWentBack, match="set the clock right"):
        book.perform(command("k2"), write)
    assert count(book, "entries") == 2


def test_a_small_step_back_takes_the_time_of_the_newest_entry(book, clock):
    book.perform(command("k1"), write)
    clock.time = NOON - timedelta(seconds=1)
    book.perform(command("k2"), lambda unit: write(unit, 2))
    with book.reading() as view:
        assert view.execute(text("SELECT count(DISTINCT at) FROM entries")).scalar() == 1


def test_a_book_of_another_installation_is_refused(book):
    with pytest.raises(RecordsFault, match="belongs to installation"):
        Records.open(book.url, "house", "another")
