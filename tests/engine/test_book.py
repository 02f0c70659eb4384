"""The laws of a whole book, and what only a book can refuse."""

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given

from engine import postings as say
from engine.assets import USDC
from engine.balances import balances
from engine.book import Book
from engine.holds import HoldRefused, closed_empty, event, folded, remaining
from engine.ledger import HELD, TREASURY, BadPosting, Leg, NotReversible, is_set_aside, reversal
from tests.books import head, play, plays


@given(plays)
def test_the_ledger_sums_to_zero_in_every_asset(played):
    totals: Counter[str] = Counter()
    for posting in played.postings:
        for leg in posting.legs:
            totals[leg.asset] += leg.amount
        assert not any(totals.values())


@given(plays)
def test_a_hold_is_resolved_at_most_once_and_then_nothing_follows(played):
    steps = defaultdict(list)
    for happened in played.events:
        steps[happened.hold_id].append(happened.step)

    for of_hold in steps.values():
        assert of_hold[0] == "opened"
        assert of_hold.count("opened") == 1
        assert "closed" not in of_hold[:-1]


@given(plays)
def test_the_posts_of_a_hold_never_exceed_what_was_approved(played):
    approved, spent = Counter[str](), Counter[str]()
    for happened in played.events:
        name, amount = happened.hold_id, happened.amount
        approved[name] += amount if happened.step in {"opened", "enlarged"} else 0
        spent[name] += {"posted": amount, "restored": -amount}.get(happened.step, 0)
        assert 0 <= spent[name] <= approved[name]


@given(plays)
def test_what_is_set_aside_is_what_remains_of_the_open_holds(played):
    left = sum(
        units
        for (place, _), units in played.book.balances.by_place().items()
        if is_set_aside(place)
    )
    assert left == sum(hold.remaining for hold in played.book.holds.values())
    for name, hold in played.book.holds.items():
        own = [happened for happened in played.events if happened.hold_id == name]
        assert folded(own) == hold
        assert remaining(own) == hold.remaining == sum(hold.places.values())


@given(plays)
def test_what_was_reversed_leaves_every_balance_as_if_it_had_not_been(played):
    gone = {p.reverses for p in played.postings if p.reverses}
    rest = [p for p in played.postings if p.reverses is None and p.posting_id not in gone]

    assert played.book.balances.by_place() == balances(rest).by_place()


@given(plays)
def test_reversing_everything_brings_every_balance_back(played):
    firsts = [posting for posting in played.postings if posting.reverses is None]
    mirrors = [reversal(posting, f"m{posting.posting_id}", posting.at, "all") for posting in firsts]

    assert balances([*firsts, *mirrors]).by_place() == {}


def test_the_wishes_of_the_laws_do_reach_every_step():
    played = play(
        [("opened", 400, 0), ("posted", 50, 0), ("funded", 100, 0), ("drawn", 50, 0),
         ("enlarged", 9, 0), ("enlarged", 92, 0), ("reversed", 1, 2), ("reversed", 1, 3),
         ("returned", 20, 0), ("closed", 1, 0), ("closed", 1, 0), ("posted", 1, 0)]
    )  # fmt: skip

    steps = [happened.step for happened in played.events]
    assert steps == ["opened", "posted", "moved", "posted", "enlarged", "restored", "moved",
                     "closed"]  # fmt: skip
    assert len(played.refusals) == 4
    assert "0.92 USD cannot be set aside, 0.91 is free" in played.refusals[0]


def opened_book() -> Book:
    book = Book()
    book.add(say.top_up(head(0), 200))
    opened = say.hold_opened(head(1), "h1", 100)
    book.add(opened, event(opened, "opened"))
    return book


def test_an_id_is_used_once():
    book = opened_book()
    with pytest.raises(BadPosting, match="p1 is in the book already"):
        book.add(say.top_up(head(1), 5))


def test_what_touches_a_hold_comes_with_the_event_that_says_what_it_does():
    book, post = opened_book(), say.hold_posted(head(2), "h1", "akash", 10)

    with pytest.raises(HoldRefused, match="p2 touches hold h1: say what it does to it"):
        book.add(post)
    for forged in (
        replace(event(post, "posted"), amount=1),
        replace(event(post, "posted"), posting_id="p1"),
    ):
        with pytest.raises(HoldRefused, match="is not what p2 does: make it of this posting"):
            book.add(post, forged)
    with pytest.raises(HoldRefused, match="p3 names no hold"):
        book.add(say.top_up(head(3), 5), event(post, "posted"))


def test_a_refused_posting_leaves_the_book_as_it_was():
    book, beyond = opened_book(), say.hold_posted(head(2), "h1", "akash", 101)
    with pytest.raises(HoldRefused, match=r"more than the 1\.00 that remain"):
        book.add(beyond, event(beyond, "posted"))
    assert (book.balances.of(HELD), list(book.postings)) == (100, ["p0", "p1"])


def test_a_hold_takes_no_more_than_the_treasury_has_in_its_asset():
    book = opened_book()
    second, larger = say.hold_opened(head(2), "h2", 101), say.hold_enlarged(head(3), "h1", 101)
    tokens = say.hold_opened(head(4), "h3", 1, USDC)

    for made, step in ((second, "opened"), (larger, "enlarged"), (tokens, "opened")):
        with pytest.raises(HoldRefused, match="cannot be set aside"):
            book.add(made, event(made, step, "approval-1"))
    assert (list(book.holds), book.balances.of(TREASURY)) == (["h1"], 100)


def test_a_reversal_mirrors_all_of_a_posting_that_is_there_and_only_once():
    book = Book()
    top_up = say.top_up(head(1), 10)
    book.add(top_up)
    mirror = reversal(top_up, "p2", top_up.at, "wrong")
    half = tuple(Leg(leg.account, leg.asset, leg.amount // 2) for leg in mirror.legs)

    with pytest.raises(NotReversible, match="There is no posting p9 to reverse"):
        book.add(replace(mirror, reverses="p9"))
    with pytest.raises(NotReversible, match="p2 is not the mirror image of p1"):
        book.add(replace(mirror, legs=half))
    book.add(mirror)
    with pytest.raises(NotReversible, match="p1 has been reversed already"):
        book.add(replace(mirror, posting_id="p3"))


def test_opening_enlarging_and_closing_a_hold_are_not_reversed():
    book = opened_book()
    bigger = say.hold_enlarged(head(2), "h1", 5)
    book.add(bigger, event(bigger, "enlarged", "approval-1"))
    closed = say.hold_closed(head(3), "h1", 105)
    assert closed is not None
    undone = reversal(bigger, "p4", bigger.at, "wrong")
    with pytest.raises(HoldRefused, match="not what 'restored' does"):
        event(undone, "restored")
    book.add(closed, event(closed, "closed"))
    again = reversal(closed, "p4", closed.at, "wrong")
    with pytest.raises(HoldRefused, match="which takes expense: post it by itself"):
        event(again, "restored")


def test_only_a_close_that_moves_nothing_comes_without_its_posting():
    book = opened_book()
    empty = closed_empty(book.holds["h1"], head(2).at)

    with pytest.raises(HoldRefused, match=r"1\.00 USD remain of hold h1"):
        book.close_empty(empty)
    for forged in (replace(empty, amount=100), replace(empty, posting_id="p9"),
                   replace(empty, step="moved")):  # fmt: skip
        with pytest.raises(HoldRefused, match="moves nothing comes without"):
            book.close_empty(forged)
    spent = say.hold_posted(head(2), "h1", "akash", 100)
    book.add(spent, event(spent, "posted"))
    book.close_empty(empty)
    assert book.holds["h1"].is_closed
