"""Holds: drawn down by many posts, resolved by exactly one close."""

from dataclasses import replace

import pytest

from engine import postings as say
from engine.assets import USD
from engine.holds import (
    STEPS,
    Hold,
    HoldRefused,
    after,
    closed_empty,
    covered,
    event,
    folded,
    refusal,
    remaining,
)
from engine.ledger import CASH, FEES, HELD, PAYABLE, TREASURY, Leg, reversal
from tests.books import START, head, posting

OPENED = event(say.hold_opened(head(1), "h1", 1000), "opened")
POSTED = event(say.hold_posted(head(2), "h1", "akash", 300, 30), "posted")
FUNDED = event(say.escrow_funded(head(3), "h1", "akash", 400), "moved")
DRAWN = event(say.escrow_drawn(head(4), "h1", "akash", 100, 10), "posted")
RETURNED = event(say.escrow_returned(head(5), "h1", "akash", 300), "moved")
CLOSED = event(say.hold_closed(head(6), "h1", 560), "closed")


def enlarged(amount: int):
    return event(say.hold_enlarged(head(9), "h1", amount), "enlarged", "approval-7")


def test_a_hold_is_drawn_down_by_posts_and_one_close_voids_the_rest():
    events = [OPENED, POSTED, FUNDED, DRAWN, RETURNED]
    hold = folded(events)

    assert hold is not None
    assert (hold.approved, hold.spent, hold.remaining) == (1000, 440, 560)
    assert hold.places == {HELD: 560}
    closed = after(hold, CLOSED)
    assert (closed.released, closed.remaining, closed.is_closed, closed.places) == (
        560, 0, True, {},
    )  # fmt: skip


def test_money_in_escrow_is_not_spent_yet():
    hold = folded([OPENED, FUNDED])
    assert hold is not None
    assert (hold.remaining, hold.at_home) == (1000, 600)
    assert hold.places == {"assets:escrow:akash": 400, HELD: 600}


def test_nothing_remains_of_a_hold_that_was_never_opened():
    assert remaining([]) == 0
    assert folded([]) is None
    with pytest.raises(HoldRefused, match="There is no hold h1: open it first"):
        remaining([POSTED])


def test_a_post_beyond_the_hold_is_refused_until_a_larger_hold_is_approved():
    beyond = event(say.hold_posted(head(2), "h1", "akash", 1001), "posted")
    hold = folded([OPENED])

    with pytest.raises(HoldRefused, match=r"10\.01 USD is more than the 10\.00 that remain"):
        after(hold, beyond)
    assert remaining([OPENED, enlarged(1), beyond]) == 0


def test_an_enlargement_names_its_approval():
    made = say.hold_enlarged(head(9), "h1", 5)
    with pytest.raises(HoldRefused, match="name the approval that allows it"):
        event(made, "enlarged")
    assert enlarged(5).approval == "approval-7"


@pytest.mark.parametrize("late", [OPENED, POSTED, FUNDED, CLOSED, enlarged(1)])
def test_nothing_follows_a_close(late):
    hold = folded([OPENED, event(say.hold_closed(head(6), "h1", 1000), "closed")])
    with pytest.raises(HoldRefused, match="closed, nothing follows a close: open a new hold"):
        after(hold, late)


def test_a_close_releases_all_that_remains():
    short = event(say.hold_closed(head(6), "h1", 999), "closed")
    words = refusal(folded([OPENED]), short)
    assert words == (
        "10.00 USD remain of hold h1, the close releases 9.99: release all that remains"
    )


def test_a_close_takes_the_money_from_where_it_lies():
    hold = folded([OPENED, FUNDED])
    forgotten = event(say.hold_closed(head(6), "h1", 1000), "closed")
    owed = event(say.hold_closed(head(6), "h1", 1000, unreturned={"akash": 400}), "closed")

    assert "6.00 USD in assets:held, 4.00 too little" in str(refusal(hold, forgotten))
    assert after(hold, owed).is_closed


def test_a_hold_of_which_nothing_remains_is_closed_without_moving_money():
    spent = folded([OPENED, event(say.hold_posted(head(2), "h1", "akash", 1000), "posted")])
    assert spent is not None
    assert after(spent, closed_empty(spent, START)).is_closed
    open_ = folded([OPENED])
    assert open_ is not None
    assert "release all that remains" in str(refusal(open_, closed_empty(open_, START)))


def test_no_more_goes_into_escrow_than_lies_at_home_nor_comes_back_than_went():
    over = event(say.escrow_funded(head(3), "h1", "akash", 1001), "moved")
    elsewhere = event(say.escrow_returned(head(5), "h1", "io-net", 1), "moved")

    assert "10.00 USD in assets:held, 0.01 too little" in str(refusal(folded([OPENED]), over))
    assert "0.00 USD in assets:escrow:io-net, 0.01 too little" in str(
        refusal(folded([OPENED, FUNDED]), elsewhere)
    )


def test_a_hold_is_opened_once_and_other_holds_do_not_concern_it():
    hold = folded([OPENED])
    assert "open already: enlarge it" in str(refusal(hold, OPENED))
    assert "belongs to hold h2, not to h1" in str(refusal(hold, replace(POSTED, hold_id="h2")))
    assert "is in USD, not USDC: convert first" in str(refusal(hold, replace(POSTED, asset="USDC")))


@pytest.mark.parametrize("step", ["xposted", "", "OPENED"])
@pytest.mark.parametrize("hold", [None, folded([OPENED])])
def test_a_step_that_nobody_knows_is_refused_in_words(hold, step):
    unknown = replace(POSTED, step=step)

    assert f"{step!r} is no step of hold h1: name one of opened," in str(refusal(hold, unknown))
    with pytest.raises(HoldRefused, match="is no step"):
        after(hold, unknown)


def test_a_reversed_post_gives_its_money_back():
    wrong = reversal(say.hold_posted(head(2), "h1", "akash", 300, 30), "p8", head(8).at, "wrong")
    given_back = event(wrong, "restored")

    assert remaining([OPENED, POSTED, given_back]) == 1000
    assert "has spent 0.00, not 3.30: reverse a post of this hold" in str(
        refusal(folded([OPENED]), given_back)
    )


@pytest.mark.parametrize("step", [s for s in STEPS if s not in {"restored", "moved"}])
def test_a_reversal_is_no_other_step(step):
    for original in (say.hold_closed(head(1), "h1", 5), say.hold_opened(head(1), "h1", 5)):
        assert original is not None
        with pytest.raises(HoldRefused, match=r"only gives a post or a move back|not what"):
            event(reversal(original, "p2", head(2).at, "wrong"), step, "approval-7")


SET_ASIDE = Leg(HELD, "USD", 5)


@pytest.mark.parametrize(
    ("made", "step", "words"),
    [
        (say.top_up(head(), 5), "opened", "names no hold"),
        (posting(Leg(CASH, "USD", 5), Leg(PAYABLE, "USD", -5), hold="h1"), "posted",
         "touches none of its money"),
        (posting(SET_ASIDE, Leg(TREASURY, "USD", -5), Leg(CASH, "USDC", 1),
                 Leg(PAYABLE, "USDC", -1), hold="h1"), "opened", "mixes USD, USDC"),
        (say.hold_opened(head(), "h1", 5), "posted", "changes the hold by 5, which is not what"),
        (say.escrow_funded(head(), "h1", "akash", 5), "opened", "changes the hold by 0"),
        (posting(Leg("assets:escrow:akash", "USD", 5), Leg(TREASURY, "USD", -5), hold="h1"),
         "opened", "fund the escrow by a posting of its own"),
        (posting(SET_ASIDE, Leg(CASH, "USD", -5), hold="h1"), "opened",
         "books assets:cash in the step 'opened', which takes assets:treasury"),
        (say.hold_closed(head(), "h1", 5), "posted", "which takes expense: post it by itself"),
        (posting(SET_ASIDE, Leg(FEES, "USD", -5), hold="h1"), "restored", "reverses nothing"),
        (posting(SET_ASIDE, Leg("assets:escrow:akash", "USD", -5), Leg(FEES, "USD", 1),
                 Leg(CASH, "USD", -1), hold="h1"), "moved", "takes no other account"),
    ],
)  # fmt: skip
def test_legs_that_do_not_fit_the_step_are_refused(made, step, words):
    with pytest.raises(HoldRefused, match=words):
        event(made, step)


def test_what_is_not_free_cannot_be_set_aside():
    assert covered(500, 500, USD) == 500
    with pytest.raises(
        HoldRefused, match=r"6\.00 USD cannot be set aside, 5\.00 is free: top up 1\.00"
    ):
        covered(500, 600, USD)


def test_an_event_remembers_its_size_and_its_parts():
    assert (DRAWN.amount, DRAWN.changes, DRAWN.posting_id) == (
        110,
        (("assets:escrow:akash", -100), (HELD, -10)),
        "p4",
    )
    assert Hold("h1", "USD", 10).remaining == 10
