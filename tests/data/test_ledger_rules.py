"""The database refuses what breaks the ledger, whoever writes to it."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given, settings

from data.ledger_rules import POSTGRESQL, RULES, SQLITE
from engine import postings as say
from engine.assets import USDC
from engine.holds import HoldEvent, HoldRefused, closed_empty, event, folded
from engine.ledger import (
    CASH,
    FEES,
    HELD,
    LEG_MAX,
    OPENING,
    TREASURY,
    Leg,
    is_set_aside,
    reversal,
)
from tests.books import START, head, plays, posting
from tests.data.ledger_tables import Tables, in_memory

TOP_UP = say.top_up(head(1), 500)
OPENED = say.hold_opened(head(2), "h1", 300)
FUNDED = event(say.escrow_funded(head(5), "h1", "akash", 50), "moved")
SPENT = say.hold_posted(head(3), "h1", "akash", 90, 10)


@pytest.fixture
def tables():
    made = in_memory()
    yield made
    made.connection.close()


@pytest.fixture
def held(tables: Tables) -> Tables:
    """A book with a top-up (p1), a hold of 3.00 (p2) and a post of 1.00 on it (p3)."""
    tables.post(TOP_UP)
    tables.post(OPENED, event(OPENED, "opened"))
    tables.post(SPENT, event(SPENT, "posted"))
    return tables


def refused(words: str):
    return pytest.raises(sqlite3.IntegrityError, match=words)


@given(plays)
@settings(max_examples=40, deadline=None)
def test_the_database_accepts_what_the_engine_accepted(played):
    tables = in_memory()
    of_posting = {happened.posting_id: happened for happened in played.events}
    with closing(tables.connection):
        for made in played.postings:
            tables.post(made, of_posting.get(made.posting_id))
        for happened in played.events:
            if happened.posting_id is None:
                tables.add_event(happened)
        assert tables.count("postings") == len(played.postings)
        assert tables.count("hold_events") == len(played.events)


@pytest.mark.parametrize(
    "legs",
    [
        (Leg(CASH, "USD", 100), Leg(OPENING, "USD", -99)),
        (Leg(CASH, "USD", 100), Leg(OPENING, "USDC", -100)),
        (Leg(CASH, "USD", 5), Leg(OPENING, "USD", -5), Leg(CASH, "USDC", 1)),
    ],
)
def test_a_posting_that_does_not_balance_in_each_asset_is_refused(tables, legs):
    with refused("do not sum to zero"):
        tables.post(posting(*legs))
    assert tables.count("legs") == 0


def test_a_posting_has_two_legs_that_were_added_before_it(tables):
    with refused("two legs or more, all of them added before"):
        tables.add_head(TOP_UP)
    with refused("two legs or more, all of them added before"):
        tables.post(posting())
    tables.connection.execute("BEGIN")
    tables.add_legs(TOP_UP)
    with refused("two legs or more, all of them added before"):
        tables.add_head(TOP_UP, leg_count=3)


def test_legs_without_their_posting_are_not_committed(tables):
    tables.connection.execute("BEGIN")
    tables.add_legs(TOP_UP)
    with refused("FOREIGN KEY"):
        tables.connection.execute("COMMIT")


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"])
def test_no_leg_is_added_to_a_posting_that_is_there(held, verb):
    for position in (1, 3):
        with refused("no leg is added to it"):
            held.add("legs", verb=verb, posting_id="p1", position=position, account=CASH,
                     asset="USD", amount=5)  # fmt: skip


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"])
def test_no_posting_or_event_is_replaced(held, verb):
    with refused("in the book already"):
        held.add("postings", verb=verb, posting_id="p1", at="x", description="y", leg_count=2)
    with refused("a posting has one event"):
        held.add("hold_events", verb=verb, hold_id="h1", ordinal=2, step="posted", amount=1,
                 at="x", posting_id="p3", approved=300, spent=101, at_home=199)  # fmt: skip


def test_a_leg_is_not_added_between_the_event_and_the_posting(held):
    held.connection.execute("BEGIN")
    more = say.hold_posted(head(4), "h1", "akash", 50)
    held.add_legs(more)
    held.add_event(event(more, "posted"))
    with refused("no leg is added to it"):
        held.add("legs", posting_id="p4", position=3, account=HELD, asset="USD", amount=-500)


def test_a_leg_that_moves_nothing_is_refused(tables):
    with refused("moves nothing"):
        tables.add_legs(posting(Leg(CASH, "USD", 0)))


def test_money_held_or_in_escrow_is_not_moved_without_its_hold(held):
    held.post(say.escrow_funded(head(5), "h1", "akash", 50), FUNDED)
    for place in (HELD, "assets:escrow:akash"):
        for amount in (5, -5):
            with refused("belongs to a hold"):
                held.post(posting(Leg(TREASURY, "USD", amount), Leg(place, "USD", -amount),
                                  posting_id="p4"))  # fmt: skip


def test_a_posting_and_its_event_name_the_same_hold(held):
    more = say.hold_posted(head(4), "h1", "akash", 50)
    with refused("has one event of this hold"):
        held.post(more)
    held.post(say.escrow_funded(head(5), "h1", "akash", 50), FUNDED)
    drawn = say.escrow_drawn(head(6), "h1", "akash", 50)
    held.connection.execute("BEGIN")
    held.add_legs(drawn)
    held.add_event(event(drawn, "posted"))
    held.add("holds", hold_id="h2", asset="USD")
    with refused("has one event of this hold"):
        held.add_head(drawn, hold_id="h2")


def test_posts_beyond_the_hold_are_refused_until_a_larger_hold_is_approved(held):
    beyond = say.hold_posted(head(4), "h1", "akash", 201)
    larger = say.hold_enlarged(head(5), "h1", 1)

    with refused("more than remains of the hold"):
        held.post(beyond, event(beyond, "posted"))
    held.post(larger, event(larger, "enlarged", "approval-1"))
    held.post(beyond, event(beyond, "posted"))


def test_an_enlargement_without_approval_is_refused(held):
    larger = say.hold_enlarged(head(5), "h1", 1)
    held.connection.execute("BEGIN")
    held.add_legs(larger)
    with refused("enlarged by an approval"):
        held.add_event(event(larger, "enlarged", "approval-1"), approval="")


def test_a_hold_is_closed_once_and_nothing_follows(held):
    closed, again = (say.hold_closed(head(n), "h1", 200) for n in (4, 5))
    late = say.hold_posted(head(6), "h1", "akash", 1)
    held.post(closed, event(closed, "closed"))

    with refused("nothing follows a close"):
        held.post(again, event(again, "closed"))
    with refused("nothing follows a close"):
        held.post(late, event(late, "posted"))
    assert held.count("hold_events") == 3


def test_a_close_releases_all_that_remains_from_where_it_lies(held):
    short = say.hold_closed(head(4), "h1", 199)
    funded = say.escrow_funded(head(5), "h1", "akash", 150)
    forgotten = say.hold_closed(head(6), "h1", 200)
    owed = say.hold_closed(head(7), "h1", 200, unreturned={"akash": 150})

    with refused("release all of it"):
        held.post(short, event(short, "closed"))
    held.post(funded, event(funded, "moved"))
    with refused("take it from where it lies"):
        held.post(forgotten, event(forgotten, "closed"))
    held.post(owed, event(owed, "closed"))


def test_what_lies_at_another_network_is_not_taken_from_this_one(held):
    funded = say.escrow_funded(head(4), "h1", "akash", 150)
    elsewhere = say.escrow_drawn(head(5), "h1", "io-net", 50)
    too_much = say.escrow_returned(head(6), "h1", "akash", 151)
    more = say.escrow_funded(head(7), "h1", "akash", 51)
    held.post(funded, event(funded, "moved"))

    for wrong, step in ((elsewhere, "posted"), (too_much, "moved"), (more, "moved")):
        with refused("take it from where it lies"):
            held.post(wrong, event(wrong, step))


def test_an_empty_hold_is_closed_without_a_posting_and_only_an_empty_one(held):
    all_of_it = say.hold_posted(head(4), "h1", "akash", 200)
    hold = folded([event(OPENED, "opened")])
    empty = closed_empty(hold, START)

    with refused("release all of it"):
        held.add_event(empty)
    held.post(all_of_it, event(all_of_it, "posted"))
    held.add_event(empty)
    with refused("nothing follows a close"):
        held.add_event(empty)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": 1}, "is not what the legs"),
        ({"step": "moved", "amount": 0}, "is not what the legs"),
        ({"step": "taken"}, "an event has a step"),
        ({"amount": -50}, "not negative"),
        ({"amount": 0}, "not negative"),
        ({"posting_id": None}, "only a move"),
        ({"step": "moved"}, "only a move"),
        ({"ordinal": 4}, "counted from 1"),
        ({"step": "opened"}, "the first one opens it"),
        ({"approved": 301}, "does not follow from the event before"),
        ({"spent": 149}, "does not follow from the event before"),
        ({"at_home": 151}, "does not follow from the event before"),
    ],
)
def test_an_event_that_its_legs_do_not_bear_out_is_refused(held, changes, words):
    more = say.hold_posted(head(4), "h1", "akash", 50)
    held.connection.execute("BEGIN")
    held.add_legs(more)
    with refused(words):
        held.add_event(event(more, "posted"), **changes)


def test_the_first_event_opens_the_hold(held):
    held.add("holds", hold_id="h2", asset="USD")
    early = say.hold_posted(head(4), "h2", "akash", 50)
    with refused("the first one opens it"):
        held.post(early, event(early, "posted"))


def test_a_move_touches_held_or_escrowed_money(held):
    elsewhere = say.top_up(head(4), 5)
    held.connection.execute("BEGIN")
    held.add_legs(elsewhere)
    with refused("is not what the legs"):
        held.add_event(HoldEvent("h1", "moved", "USD", 0, START, "p4"))


def test_a_hold_is_in_one_asset(held):
    legs = (Leg(HELD, "USDC", -5), Leg(FEES, "USDC", 5))
    other = posting(*legs, posting_id="p4", hold="h1")
    with refused("in the asset of the hold"):
        held.post(other, event(other, "posted"))


def test_a_posting_is_reversed_once_and_a_reversal_never(held):
    mirror = reversal(TOP_UP, "p4", START.replace(hour=23), "wrong")
    held.post(mirror)

    with refused("reversed already"):
        held.post(reversal(TOP_UP, "p5", mirror.at, "wrong"))
    back = posting(*TOP_UP.legs, posting_id="p6", at=mirror.at, reverses="p4")
    with refused("a reversal is not reversed"):
        held.post(back)


def test_a_reversal_is_the_mirror_image_of_a_posting_that_is_there(held):
    half = (Leg(TREASURY, "USD", -250), Leg(CASH, "USD", 250))
    late = START.replace(hour=23)
    for original, legs in (("p1", half), ("p1", TOP_UP.legs), ("p9", half)):
        with refused("mirror image"):
            held.post(posting(*legs, posting_id="p4", at=late, reverses=original))
    three = (*half, Leg(TREASURY, "USD", -250), Leg(CASH, "USD", 250))
    with refused("mirror image"):
        held.post(posting(*three, posting_id="p4", at=late, reverses="p1"))


def test_a_reversal_is_no_earlier_than_what_it_reverses(held):
    mirror = reversal(TOP_UP, "p4", TOP_UP.at, "wrong")
    with refused("when it happened or later"):
        held.post(posting(*mirror.legs, posting_id="p4", at=START, reverses="p1"))


def test_a_reversed_post_gives_back_and_only_a_reversal_does(held):
    mirror = reversal(SPENT, "p4", SPENT.at, "wrong")
    free = posting(*mirror.legs, posting_id="p5", at=SPENT.at, hold="h1")
    given_back = event(mirror, "restored")

    with refused("only a reversal restores"):
        held.post(free, replace(given_back, posting_id="p5"))
    held.post(mirror, given_back)
    undone = reversal(OPENED, "p6", SPENT.at, "wrong")
    taken = HoldEvent("h1", "closed", "USD", 300, SPENT.at, "p6", ((HELD, -300),))
    with refused("only posts and moves are reversed"):
        held.post(undone, taken)


TO_TREASURY = posting(Leg(HELD, "USD", -50), Leg(TREASURY, "USD", 50), posting_id="p4", hold="h1")
FROM_CASH = posting(Leg(CASH, "USD", -50), Leg(HELD, "USD", 50), posting_id="p4", hold="h1")
INTO_ESCROW = posting(Leg(TREASURY, "USD", -50), Leg("assets:escrow:akash", "USD", 50),
                      posting_id="p4", hold="h1")  # fmt: skip
ROUND_ABOUT = posting(Leg(HELD, "USD", -50), Leg("assets:escrow:akash", "USD", 50),
                      Leg(CASH, "USD", -5), Leg(FEES, "USD", 5),
                      posting_id="p4", hold="h1")  # fmt: skip
TO_EXPENSES = posting(Leg(HELD, "USD", -200), Leg(FEES, "USD", 200), posting_id="p4", hold="h1")


@pytest.mark.parametrize(
    ("made", "step", "amount"),
    [
        (TO_TREASURY, "posted", 50),
        (FROM_CASH, "enlarged", 50),
        (INTO_ESCROW, "enlarged", 50),
        (ROUND_ABOUT, "moved", 0),
        (TO_EXPENSES, "closed", 200),
    ],
)
def test_money_of_a_hold_comes_from_and_goes_to_where_its_step_says(held, made, step, amount):
    changes = {leg.account: leg.amount for leg in made.legs if is_set_aside(leg.account)}
    forged = HoldEvent("h1", step, "USD", amount, START, "p4", tuple(changes.items()), "yes")
    with pytest.raises(HoldRefused):
        event(made, step, "yes")
    with refused("post anything else by itself"):
        held.post(made, forged)


def test_an_event_happens_when_its_posting_does(held):
    more = say.hold_posted(head(4), "h1", "akash", 50)
    with refused("happens when its posting does"):
        held.post(more, replace(event(more, "posted"), at=START))


def test_a_hold_takes_no_more_than_the_treasury_has_in_its_asset(held):
    beyond, larger = say.hold_opened(head(4), "h2", 201), say.hold_enlarged(head(5), "h1", 201)
    tokens = say.hold_opened(head(6), "h3", 1, USDC)
    for made, step in ((beyond, "opened"), (larger, "enlarged"), (tokens, "opened")):
        with refused("treasury has less than this hold takes"):
            held.post(made, event(made, step, "approval-1"))
    rest = say.hold_opened(head(4), "h2", 200)
    held.post(rest, event(rest, "opened"))


def test_a_leg_carries_no_more_than_databases_add_up(tables):
    most = say.top_up(head(1), LEG_MAX)
    tables.post(most)
    for amount in (LEG_MAX + 1, -LEG_MAX - 1):
        with refused("at most 10.15 minor units"):
            tables.add_legs(posting(Leg(CASH, "USD", amount), posting_id="p2"))


def test_what_is_free_is_known_beyond_64_bits(tables):
    tables.connection.execute("DROP TRIGGER ledger_legs")
    for name in ("p1", "p2"):
        tables.post(posting(Leg(CASH, "USD", 1 - 2**63), Leg(TREASURY, "USD", 2**63 - 1),
                            posting_id=name))  # fmt: skip
    opened = say.hold_opened(head(3), "h1", 5)
    tables.post(opened, event(opened, "opened"))


def test_every_rule_is_in_both_engines():
    for rule in RULES:
        for statements in (SQLITE, POSTGRESQL):
            [kept] = [statement for statement in statements if rule.message in statement]
            assert rule.refused_when in kept
        assert "'" not in rule.message
        assert "%" not in rule.refused_when + rule.message
