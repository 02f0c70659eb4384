"""A book of records: once, together, in order, protected."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from data.documents import put
from data.faults import FactRefused, RecordsFault, RecordsReadOnly
from data.records import Records
from data.trail import leaf
from data.unit import ClockWentBack, Head, OtherCommand, Transaction, UnitBroken
from data.verify import Report, check_entries, check_tree
from engine.commands import Command, Failed, Refused
from engine.people import local_actor
from engine.trail import parse

HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


CHANGES = [
    "UPDATE documents SET body = 'x'",
    "DELETE FROM documents",
    "UPDATE entries SET body = 'x'",
    "DELETE FROM entries",
    """INSERT INTO documents SELECT * FROM documents WHERE true
    ON CONFLICT (kind, id, version) DO UPDATE SET body = 'x'""",
]
OF_ONE_ENGINE = {
    "sqlite": """INSERT OR REPLACE INTO documents
    SELECT kind, id, version, 'x', is_deleted, entry_index FROM documents""",
    "postgresql": "TRUNCATE documents",
}


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(records_url, clock):
    records = Records.open(records_url, "house", HERE, clock)
    yield records
    records.close()


def command(key="k1", **body):
    return Command.of(key, "settings.changed", local_actor("ann"), "settings/zone", body)


def write(unit: Transaction, version=1, body="{}"):
    unit.add("documents", kind="settings", id="zone", version=version, body=body, is_deleted=0)
    return {"version": version}


def problems(records):
    report = Report()
    with records.reading() as view:
        check_tree(view, report)
        check_entries(view, HERE, "house", report)
    return report.problems


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


def test_the_same_key_with_another_subject_is_refused_in_one_unit_of_work_and_later(book):
    asked = command(zone="Europe/Paris")
    other = replace(asked, subject="settings/elsewhere")
    with book.transaction() as unit:
        unit.perform(asked, write)
        with pytest.raises(OtherCommand, match="of settings/zone"):
            unit.perform(other, write)
    with pytest.raises(OtherCommand, match="take a new key"):
        book.perform(other, write)
    assert count(book) == 1


def test_a_colleague_who_repeats_a_command_gets_its_result_and_the_trail_names_the_first(book):
    asked = command(zone="Europe/Paris")
    book.perform(asked, write)
    again = book.perform(replace(asked, actor=local_actor("eve")), write)
    with book.reading() as view:
        actors = view.execute(text("SELECT actor FROM entries WHERE leaf_index > 0")).scalars()
        assert (again.replayed, list(actors)) == (True, ["local:ann"])


def test_facts_whose_keys_look_alike_are_told_apart(book):
    def both(unit):
        for kind, name in (("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c")):
            put(unit, kind, name, {})

    book.perform(command(), both)
    assert problems(book) == []
    with book.reading() as view:
        keys = [effect.key for effect in parse(leaf(view, 1).body).data.effects]
    assert keys == ["a%252Fb/c/1", "a%2Fb/c/1", "a/b%2Fc/1"]


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


def test_an_act_that_was_done_and_gave_nothing_is_kept_as_failed_with_its_facts(book):
    def act(unit):
        write(unit)
        return Failed({"reason": "nobody answers"})

    outcome = book.perform(command(), act)
    again = book.perform(command(), act)

    assert (outcome.outcome, outcome.result) == ("failed", {"reason": "nobody answers"})
    assert (again.outcome, again.replayed, count(book)) == ("failed", True, 1)


@pytest.mark.parametrize("verb", CHANGES)
def test_the_database_itself_refuses_to_change_a_fact(book, verb):
    book.perform(command(), write)
    with pytest.raises(FactRefused, match="added, never changed"), book.transaction() as unit:
        unit.connection.exec_driver_sql(verb)


def test_an_engines_own_ways_to_change_a_fact_are_refused_too(book):
    book.perform(command(), write)
    with pytest.raises(FactRefused, match="added, never changed"), book.transaction() as unit:
        unit.connection.exec_driver_sql(OF_ONE_ENGINE[book.engine.dialect.name])


def test_nothing_is_written_through_a_view(book):
    with pytest.raises(RecordsReadOnly), book.reading() as view:
        view.exec_driver_sql("DELETE FROM personal_keys")


def test_a_view_stays_as_it_was_while_others_write(book):
    with book.reading() as view:
        assert view.execute(text("SELECT count(*) FROM entries")).scalar() == 1
        book.perform(command(), write)
        assert view.execute(text("SELECT count(*) FROM entries")).scalar() == 1
    assert count(book, "entries") == 2


def test_a_unit_of_work_in_which_a_command_failed_is_not_kept(book):
    def broken(unit):
        write(unit)
        raise ZeroDivisionError

    def goes_on():
        with book.transaction() as unit:
            with pytest.raises(ZeroDivisionError):
                unit.perform(command(), broken)
            with pytest.raises(UnitBroken, match="begin another"):
                unit.perform(command("k2"), write)

    with pytest.raises(UnitBroken, match="nothing of it is kept"):
        goes_on()
    assert (count(book), count(book, "entries")) == (0, 1)


def test_a_fact_needs_a_command(book):
    with pytest.raises(UnitBroken, match="by a command"), book.transaction() as unit:
        write(unit)


def test_a_refusal_of_a_command_that_may_not_be_refused_leaves_nothing(book):
    def act(unit):
        write(unit)
        raise Refused("no")

    with pytest.raises(Refused):
        book.perform(command(), act)
    assert (count(book), count(book, "entries")) == (0, 1)


def test_a_refusal_after_other_commands_undoes_only_its_own_facts(book):
    def refused(unit):
        write(unit, 2)
        raise Refused("no")

    asked = Command("k2", "order.approved", local_actor("ann"), "order/1", {}, may_be_refused=True)
    with book.transaction() as unit:
        unit.perform(command("k1"), write)
        unit.perform(asked, refused)
        unit.perform(command("k3"), lambda unit: write(unit, 2))
    assert (count(book), count(book, "entries"), problems(book)) == (2, 4, [])


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


def test_two_books_share_no_file(tmp_path):
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    Records.open(url, "house", HERE).close()
    with pytest.raises(RecordsFault, match="this is the house book, not the live book"):
        Records.open(url, "live", HERE)


def test_the_books_of_a_postgresql_have_a_schema_each(postgres_url):
    house = Records.open(postgres_url, "house", HERE)
    live = Records.open(postgres_url, "live", HERE)
    house.perform(command(), write)
    assert (count(house, "entries"), count(live, "entries")) == (2, 1)
    house.close()
    live.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://here/records", "names mysql: write sqlite:///"),
        ("no address", "is no address: write sqlite:///"),
        ("sqlite://", "a book in memory is lost"),
    ],
)
def test_an_address_that_cannot_hold_records_is_said(url, words):
    with pytest.raises(RecordsFault, match=words):
        Records.open(url, "house", HERE)


@pytest.mark.parametrize("name", ["House", "pg_house", "a b", "", "house;drop"])
def test_a_name_that_no_schema_can_have_is_refused(name, tmp_path):
    with pytest.raises(RecordsFault, match="cannot name a book"):
        Records.open(f"sqlite:///{tmp_path / 'x.sqlite'}", name, HERE)


def test_a_book_that_was_exchanged_for_one_as_long_is_not_built_on_from_memory(book):
    """A backup is restored below a process that runs: what it remembers of the tree is wrong."""
    for number in range(4):
        book.perform(command(f"k{number}"), lambda unit, n=number: write(unit, n))
    head = book._head
    other = Head(head.size, head.at, b"of another book", dict.fromkeys(head.nodes, b"x" * 32))
    book._head = other
    book.perform(command("k9"), lambda unit: write(unit, 9))
    assert problems(book) == []
