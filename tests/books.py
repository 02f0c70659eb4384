"""Small books for the tests of the ledger, made by the same functions that the product uses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from engine import postings as say
from engine.book import Book
from engine.holds import HoldEvent, HoldRefused, Step, closed_empty, event
from engine.ledger import FEES, BadPosting, Leg, Posting, reversal

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
NETWORKS = ("akash", "io-net")
MIRROR: dict[Step, Step] = {"posted": "restored", "moved": "moved"}


def head(number: int = 1, hours: int | None = None, words: str = "a test") -> say.Head:
    """The head of posting p<number>, as many hours after the start of the book."""
    return say.Head(
        f"p{number}", START + timedelta(hours=number if hours is None else hours), words
    )


def posting(*legs: Leg, **fields: object) -> Posting:
    """A posting of these legs, not yet checked."""
    given = {"posting_id": "p1", "at": START, "description": "a test", **fields}
    return Posting(legs=legs, **given)  # type: ignore[arg-type]


@dataclass
class Played:
    """What was accepted and refused when a list of wishes was played into a book."""

    book: Book = field(default_factory=Book)
    postings: list[Posting] = field(default_factory=list)
    events: list[HoldEvent] = field(default_factory=list)
    steps: dict[str, Step] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def wish(self, make: Callable[[], tuple[Posting | None, HoldEvent | None]]) -> None:
        try:
            made, happened = make()
            if made is not None:
                self.book.add(made, happened)
                self.postings.append(made)
            elif happened is not None:
                self.book.close_empty(happened)
        except (BadPosting, HoldRefused) as refused:
            self.refusals.append(str(refused))
            return
        if happened is not None:
            self.events.append(happened)
            self.steps[happened.posting_id or ""] = happened.step


def _stepped(made: Posting, step: Step) -> tuple[Posting, HoldEvent]:
    return made, event(made, step, "approval-1" if step == "enlarged" else None)


def _closed(played: Played, at: say.Head, name: str) -> tuple[Posting | None, HoldEvent | None]:
    hold = played.book.holds.get(name)
    if hold is None:
        return None, None
    owed = {
        place.removeprefix("assets:escrow:"): units
        for place, units in hold.places.items()
        if place.startswith("assets:escrow:")
    }
    made = say.hold_closed(at, name, hold.remaining, unreturned=owed)
    return (None, closed_empty(hold, at.at)) if made is None else _stepped(made, "closed")


def _reversed(played: Played, at: say.Head, which: int) -> tuple[Posting | None, HoldEvent | None]:
    if not played.postings:
        return None, None
    original = played.postings[which % len(played.postings)]
    made = reversal(original, at.posting_id, at.at, "a mistake")
    if made.hold is None:
        return made, None
    return _stepped(made, MIRROR.get(played.steps[original.posting_id], "restored"))


def play(wishes: list[tuple[str, int, int]]) -> Played:
    """Play (what, amount, which) one after the other; what the book refuses is left out.

    Before all, 500 cents are paid in (p0), so that holds find something to take.
    """
    played = Played()
    played.wish(lambda: (say.top_up(head(0), 500), None))
    for number, (what, amount, which) in enumerate(wishes, 1):
        at, name, network = head(number), f"h{which % 3}", NETWORKS[which % 2]
        made: dict[str, Callable[[], tuple[Posting | None, HoldEvent | None]]] = {
            "opening": lambda at=at, n=amount: (say.opening(at, n), None),
            "top_up": lambda at=at, n=amount: (say.top_up(at, n), None),
            "opened": lambda at=at, n=amount, h=name: _stepped(say.hold_opened(at, h, n), "opened"),
            "enlarged": lambda at=at, n=amount, h=name: _stepped(
                say.hold_enlarged(at, h, n), "enlarged"
            ),
            "posted": lambda at=at, n=amount, h=name, w=network: _stepped(
                say.hold_posted(at, h, w, n, n // 10), "posted"
            ),
            "funded": lambda at=at, n=amount, h=name, w=network: _stepped(
                say.escrow_funded(at, h, w, n), "moved"
            ),
            "drawn": lambda at=at, n=amount, h=name, w=network: _stepped(
                say.escrow_drawn(at, h, w, n, n // 10), "posted"
            ),
            "returned": lambda at=at, n=amount, h=name, w=network: _stepped(
                say.escrow_returned(at, h, w, n), "moved"
            ),
            "closed": lambda at=at, h=name: _closed(played, at, h),
            "reversed": lambda at=at, i=which: _reversed(played, at, i),
            "billed": lambda at=at, n=amount: (say.invoice_received(at, FEES, n), None),
            "paid": lambda at=at, n=amount: (say.invoice_paid(at, n), None),
            "claimed": lambda at=at, n=amount: (say.invoice_issued(at, n), None),
        }
        played.wish(made[what])
    return played


WHAT = (
    *("opening", "top_up", "opened", "opened", "enlarged", "posted", "posted", "posted"),
    *("funded", "funded", "drawn", "returned", "closed", "reversed", "reversed"),
    *("billed", "paid", "claimed"),
)

plays = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(1, 400), st.integers(0, 30)), max_size=40
).map(play)
"""Books as a hasty person would make them, refused wishes included."""
