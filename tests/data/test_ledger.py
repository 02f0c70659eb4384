"""The ledger in the records: whole postings, holds by their events, in both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from data import ledger, tables
from data.engines import run, writing
from data.faults import FactRefused
from data.records import Records
from data.verification import verify
from engine.balances import balances
from engine.commands import Command
from engine.holds import HoldEvent, HoldRefused, event
from engine.ledger import CASH, HELD, LEG_MAX, TREASURY, BadPosting, Leg, Posting, reversal
from engine.people import local_actor
from engine.postings import (
    Head,
    escrow_funded,
    hold_closed,
    hold_enlarged,
    hold_opened,
    hold_posted,
    opening,
    top_up,
)

ESCROW = "assets:escrow:akash"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def book(records_url):
    records = Records.open(records_url, "sandbox", "here", lambda: NOON)
    yield records
    records.close()


def head(name, minutes=0):
    return Head(name, NOON + timedelta(minutes=minutes), f"about {name}", "order/1")


def command(name):
    return Command.of(f"key-{name}", "ledger.posted", local_actor("ann"), "order/1", {})


def keep(book, posting, step=None, approval=None):
    """Post with the event of this step, or with one that was made by hand."""
    happened = event(posting, step, approval) if isinstance(step, str) else step
    return book.perform(
        command(posting.posting_id), lambda unit: ledger.post(unit, posting, happened)
    )


@pytest.fixture
def funded(book):
    keep(book, opening(head("p1"), 100_000))
    keep(book, top_up(head("p2", 1), 50_000))
    keep(book, hold_opened(head("p3", 2), "h1", 20_000), "opened")
    return book


def test_what_was_posted_is_read_back_whole(funded):
    with funded.reading() as view:
        found = list(ledger.postings(view))
        assert [p.posting_id for p in found] == ["p1", "p2", "p3"]
        assert ledger.posting(view, "p3") == hold_opened(head("p3", 2), "h1", 20_000)
        assert ledger.balances_at(view) == balances(found).by_place()


def test_balances_are_told_as_of_any_moment(funded):
    with funded.reading() as view:
        assert ledger.balances_at(view, NOON) == {("assets:cash", "USD"): 100_000,
                                                  ("equity:opening", "USD"): -100_000}  # fmt: skip
        now = ledger.balances_at(view, NOON + timedelta(minutes=2))
    assert (now[CASH, "USD"], now[TREASURY, "USD"], now[HELD, "USD"]) == (50_000, 30_000, 20_000)


def test_a_hold_is_drawn_down_and_closed_once(funded):
    keep(funded, hold_posted(head("p4", 3), "h1", "akash", 5_000, 100), "posted")
    with funded.reading() as view:
        assert ledger.hold(view, "h1").remaining == 14_900
    keep(funded, hold_closed(head("p5", 4), "h1", 14_900), "closed")
    with pytest.raises(HoldRefused):
        keep(funded, hold_posted(head("p6", 5), "h1", "akash", 1), "posted")
    with funded.reading() as view:
        assert (ledger.hold(view, "h1").is_closed, ledger.hold(view, "h2")) == (True, None)


def test_more_than_the_hold_is_refused(funded):
    with pytest.raises(HoldRefused):
        keep(funded, hold_posted(head("p4", 3), "h1", "akash", 20_001), "posted")


def test_a_hold_takes_no_more_than_is_free(funded):
    with pytest.raises(HoldRefused, match=r"300\.01 USD cannot be set aside, 300\.00 is free"):
        keep(funded, hold_opened(head("p4", 3), "h2", 30_001), "opened")
    larger = hold_enlarged(head("p5", 3), "h1", 30_001)
    with pytest.raises(HoldRefused, match=r"top up 0\.01"):
        keep(funded, larger, "enlarged", "approval-1")
    keep(funded, hold_opened(head("p6", 3), "h2", 30_000), "opened")
    with funded.reading() as view:
        assert ledger.balances_at(view).get((TREASURY, "USD")) is None


def test_the_database_itself_refuses_a_hold_that_nothing_covers(funded, monkeypatch):
    monkeypatch.setattr(ledger, "covered", lambda *_: None)
    with pytest.raises(FactRefused, match="treasury has less than this hold takes"):
        keep(funded, hold_opened(head("p4", 3), "h2", 30_001), "opened")


@pytest.mark.parametrize("place", [HELD, ESCROW])
def test_money_set_aside_is_not_spent_outside_its_hold(funded, place, monkeypatch):
    keep(funded, escrow_funded(head("p4", 3), "h1", "akash", 10_000), "moved")
    legs = Leg(place, "USD", -10_000), Leg("expenses:usage:akash", "USD", 10_000)
    outside = Posting("p5", NOON, "usage", legs)

    with pytest.raises(BadPosting, match="belongs to a hold"):
        keep(funded, outside)
    monkeypatch.setattr(ledger, "checked", lambda _: None)
    with pytest.raises(FactRefused, match="belongs to a hold"):
        keep(funded, outside)


def test_an_event_is_what_its_posting_does_or_neither_is_kept(funded, monkeypatch):
    legs = Leg(HELD, "USD", -500), Leg(TREASURY, "USD", 500)
    made = Posting("p4", NOON, "not spent", legs, hold="h1")
    forged = HoldEvent("h1", "posted", "USD", 500, NOON, "p4", ((HELD, -500),))

    with pytest.raises(HoldRefused, match="which takes expense"):
        keep(funded, made, forged)
    with pytest.raises(HoldRefused, match="say what it does"):
        keep(funded, made)
    with pytest.raises(HoldRefused, match="names no hold"):
        keep(funded, top_up(head("p4"), 5), forged)
    with pytest.raises(HoldRefused, match="comes without its posting"):
        funded.perform(command("p4"), lambda unit: ledger.close_empty(unit, forged))
    monkeypatch.setattr(ledger, "check_event", lambda *_: None)
    with pytest.raises(FactRefused, match="post anything else by itself"):
        keep(funded, made, forged)


def without_the_rules_of_legs(book):
    with writing(book.engine) as connection:
        of_table = " ON legs" if connection.dialect.name == "postgresql" else ""
        run(connection, f"DROP TRIGGER ledger_legs{of_table}")


def test_an_amount_that_would_not_add_up_is_refused(book, monkeypatch):
    with pytest.raises(BadPosting, match="the most that one leg carries"):
        keep(book, top_up(head("p1"), LEG_MAX + 1))
    keep(book, top_up(head("p2"), LEG_MAX))
    monkeypatch.setattr(ledger, "checked", lambda _: None)
    sides = Leg(CASH, "USD", -LEG_MAX - 1), Leg(TREASURY, "USD", LEG_MAX + 1)
    with pytest.raises(FactRefused, match="a leg carries at most"):
        keep(book, Posting("p3", NOON, "too much", sides))


def test_balances_beyond_64_bits_are_told_and_judged(book, monkeypatch):
    without_the_rules_of_legs(book)
    monkeypatch.setattr(ledger, "checked", lambda _: None)
    for name in ("p1", "p2"):
        sides = Leg(CASH, "USD", 1 - 2**63), Leg(TREASURY, "USD", 2**63 - 1)
        keep(book, Posting(name, NOON, "too much", sides))

    keep(book, hold_opened(head("p3", 3), "h1", 5), "opened")
    with book.reading() as view:
        assert ledger.balances_at(view)[TREASURY, "USD"] == 2 * (2**63 - 1) - 5


def test_a_reversal_brings_every_balance_back(funded):
    posted = top_up(head("p4", 3), 700)
    with funded.reading() as view:
        before = ledger.balances_at(view)
    keep(funded, posted)
    keep(funded, reversal(posted, "p5", NOON + timedelta(minutes=4), "typed twice"))
    with funded.reading() as view:
        assert ledger.balances_at(view) == before


def test_the_same_command_posts_once(funded):
    posted = top_up(head("p4", 3), 700)
    assert (keep(funded, posted).replayed, keep(funded, posted).replayed) == (False, True)
    with funded.reading() as view:
        assert view.execute(select(func.count()).select_from(tables.postings)).scalar() == 4


def test_the_engine_refuses_an_unbalanced_posting_in_words(book):
    wrong = Posting("p1", NOON, "wrong", (Leg(CASH, "USD", 5), Leg(TREASURY, "USD", -4)))
    with pytest.raises(BadPosting, match="difference"):
        keep(book, wrong)


def test_the_database_itself_refuses_an_unbalanced_posting(funded):
    def around(unit):
        row = {"asset": "USD", "entry_index": unit.next_index, "posting_id": "bad"}
        for position, (name, amount) in enumerate([(CASH, 5), (TREASURY, -4)], 1):
            unit.connection.execute(
                insert(tables.legs), row | {"position": position, "account": name, "amount": amount}
            )
        unit.add("postings", posting_id="bad", at="x", description="x", leg_count=2)

    asked = Command.of("bad", "ledger.posted", local_actor("ann"), "order/1", {})
    with pytest.raises(FactRefused, match="do not sum to zero"):
        funded.perform(asked, around)


def test_a_ledger_that_nobody_touched_verifies(funded, tmp_path):
    report = verify(funded, tmp_path).report
    with funded.reading() as view:
        facts = sum(
            view.execute(select(func.count()).select_from(t)).scalar() for t in tables.VOUCHED
        )
    assert (report.problems, report.size, report.facts) == ([], 4, facts)
