"""A whole book, one posting after the other: every rule that spans more than one posting."""

from collections.abc import Mapping

from engine.assets import ASSETS, Asset, asset_of
from engine.balances import Balances
from engine.holds import Hold, HoldEvent, after, check_empty_close, check_event, covered
from engine.ledger import TREASURY, BadPosting, NotReversible, Posting, checked, reversal


class Book:
    """Accepts postings and the events of holds in their order, or refuses with words.

    It keeps every posting, because any of them may be reversed by a later one.
    """

    def __init__(self, assets: Mapping[str, Asset] = ASSETS) -> None:
        self.balances = Balances()
        self.holds: dict[str, Hold] = {}
        self.postings: dict[str, Posting] = {}
        self._assets = assets
        self._reversed: set[str] = set()

    def add(self, posting: Posting, happened: HoldEvent | None = None) -> None:
        """Accept one posting, with the event of its hold when it names one.

        Raises BadPosting, NotReversible or HoldRefused and then leaves the book as it was.
        """
        checked(posting, self._assets)
        if posting.posting_id in self.postings:
            raise BadPosting(f"{posting.posting_id} is in the book already: give each its own id")
        if posting.reverses is not None:
            self._check_reversal(posting, posting.reverses)
        check_event(posting, happened)
        if happened is not None:
            self._keep(happened)
        if posting.reverses is not None:
            self._reversed.add(posting.reverses)
        self.postings[posting.posting_id] = posting
        self.balances.add(posting)

    def close_empty(self, happened: HoldEvent) -> None:
        """Accept the close of a hold of which nothing remains; raises HoldRefused."""
        check_empty_close(happened)
        self._keep(happened)

    def _check_reversal(self, posting: Posting, original_id: str) -> None:
        original = self.postings.get(original_id)
        if original is None:
            raise NotReversible(f"There is no posting {original_id} to reverse: correct the id")
        mirror = reversal(
            original, posting.posting_id, posting.at, posting.description, self._reversed
        )
        if (mirror.legs, mirror.hold) != (posting.legs, posting.hold):
            raise NotReversible(
                f"{posting.posting_id} is not the mirror image of {original_id}: reverse all of it "
                "and post what is right"
            )

    def _keep(self, happened: HoldEvent) -> None:
        name = happened.hold_id
        left = after(self.holds.get(name), happened, self._assets)
        if happened.sets_aside:
            free = self.balances.of(TREASURY, happened.asset)
            covered(free, happened.sets_aside, asset_of(happened.asset, self._assets))
        self.holds[name] = left
