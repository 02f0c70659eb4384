"""The ledger in the records: whole postings, holds by their events, in both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from data import ledger, tables
from data.faults import FactRefused
from data.records import Records
from data.verification import verify
from engine.balances import balances
from engine.commands import Command
from engine.holds import HoldRefused, event
from engine.ledger import CASH, HELD, TREASURY, BadPosting, Leg, Posting, reversal
from engine.people import local_actor
from engine.postings import Head, hold_closed, hold_opened, hold_posted, opening, top_up

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def book(records_url):
    records = Records.open(records_url, "sandbox", "here", lambda: NOON)
    yield records
    records.close()


def head(name, minutes=0):
    return Head(name, NOON + timedelta(minutes=minutes), f"about {name}", "order/1")


def keep(book, posting, step=None, approval=None):
    happened = event(posting, step, approval) if step else None
    asked = Command.of(
        f"key-{posting.posting_id}", "ledger.posted", local_actor("ann"), "order/1", {}
    )
    return book.perform(asked, lambda unit: ledger.post(unit, posting, happened))


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
