"""When a book was brought back from a backup: what its trail keeps of that.

A checkpoint that was made after the backup covers entries that went with the book that stood there;
it differs from the book for ever, and the trail says why.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from data.tables import entries
from engine.trail import TYPE_PREFIX

ACTION = "book.restored"


@dataclass(frozen=True, slots=True)
class Restoration:
    """One restoration, at an entry: the backup had ``size`` entries, what stood there ``replaced``.

    ``replaced`` is None where nothing stood there, or nobody could tell.
    """

    entry: int
    at: str
    actor: str
    size: int
    replaced: int | None

    def took(self, size: int) -> bool:
        """Say whether a book of this size may have gone with what stood there."""
        return self.size < size and (self.replaced is None or size <= self.replaced)

    @property
    def sentence(self) -> str:
        return (
            f"the book was restored from a backup (its size: {self.size:,}) on "
            f"{self.at[:16].replace('T', ' ')} UTC by {self.actor} (entry {self.entry:,})"
        )


@dataclass(slots=True)
class Explained:
    """The checkpoints that differ since a restoration, counted; ``known``: the newest first."""

    known: list[Restoration]
    counted: Counter[int] = field(default_factory=Counter)

    def why(self, size: int) -> str | None:
        """Return why a checkpoint of this size differs, if a restoration is why, and count it."""
        taken = next((place for place, one in enumerate(self.known) if one.took(size)), None)
        if taken is None:
            return None
        self.counted[taken] += 1
        return f"{self.known[taken].sentence}, and what this covers went with the book before it"

    @property
    def sentences(self) -> list[str]:
        """Return what is to be known of each restoration that explains differences."""
        return [
            f"{_capital(self.known[place].sentence)}; {_covering(count)} entries that went with "
            "the book before it. Against them this book is not sound: compare them with the book "
            "that was kept aside."
            for place, count in sorted(self.counted.items())
        ]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _covering(count: int) -> str:
    if count == 1:
        return "1 checkpoint made after that backup covers"
    return f"{count:,} checkpoints made after that backup cover"


def explained_by(view: Connection) -> Explained:
    """Return what the restorations that the trail tells of can explain."""
    return Explained(list(_told(view)))


def _told(view: Connection) -> Iterator[Restoration]:
    asked = select(entries.c.leaf_index, entries.c.at, entries.c.actor, entries.c.body)
    asked = asked.where(entries.c.type == TYPE_PREFIX + ACTION)
    for row in view.execute(asked.order_by(entries.c.leaf_index.desc())):
        size, replaced = _sizes(row.body)
        known = row.leaf_index if size is None else size
        yield Restoration(row.leaf_index, row.at, row.actor, known, replaced)


def _sizes(body: str) -> tuple[int | None, int | None]:
    """Return the sizes of the backup and of what it replaced; None for what cannot be read."""
    try:
        told = json.loads(body)["data"]["input"]["body"]
        found = told["backup"]["size"], (told["replaced"] or {}).get("size")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, None
    return _whole(found[0]), _whole(found[1])


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
