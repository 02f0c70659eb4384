"""One deployment with its escrow, groups and leases, as the book holds it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.sandbox.book import Book, Row
from connectors.sandbox.escrow import Escrow, dry_at, low_at, settled
from connectors.sandbox.units import BLOCKS_PER_DAY, BLOCKS_PER_HOUR

LIVE = ("active", "reclaiming")
MANIFEST_BLOCKS = 50
"""Five minutes: provider ``--manifest-timeout 5m``."""
BID_BLOCKS = 50
"""Five minutes: provider ``--bid-timeout 5m``."""
ORDER_BLOCKS = 54
"""An order whose bids have all gone is closed."""
LOOK_AHEAD_BLOCKS = BLOCKS_PER_DAY
"""The Console tops up what would run dry within 24 hours ..."""
RUNWAY_BLOCKS = 2 * BLOCKS_PER_DAY
"""... to 48 hours, ..."""
RETRY_BLOCKS = BLOCKS_PER_HOUR
"""... and looks at a deployment again after 60 minutes (console env defaults)."""


@dataclass(slots=True)
class Held:
    """Rows as they are in the book; ``save`` writes back what changed of deployment and escrow."""

    row: Row
    escrow: Escrow
    groups: list[Row]
    leases: list[Row]

    @property
    def dseq(self) -> str:
        return str(self.row["dseq"])

    @property
    def is_active(self) -> bool:
        return bool(self.row["state"] == "active")

    @property
    def live(self) -> list[Row]:
        return [lease for lease in self.leases if lease["state"] in LIVE]

    @property
    def prices(self) -> dict[str, int]:
        """What each live lease costs per block, in 10**-18 uact."""
        return {key(lease): int(lease["price"]) for lease in self.live}

    def at(self, height: int) -> tuple[Escrow, Mapping[str, int]]:
        """Return the escrow account at a height, and what each lease got in all by then."""
        if not self.is_active:
            return self.escrow, {key(lease): lease["paid"] for lease in self.leases}
        now, paid, _ = settled(self.escrow, self.prices, height)
        return now, {key(one): one["paid"] + paid.get(key(one), 0) for one in self.leases}

    def settle(self, book: Book, height: int) -> bool:
        """Move what is due by a height for good; return whether the account ran dry."""
        self.escrow, paid, is_dry = settled(self.escrow, self.prices, height)
        for lease in self.live:
            lease["paid"] += paid[key(lease)]
            book.write("UPDATE leases SET paid = ? WHERE n = ?", lease["paid"], lease["n"])
        return is_dry

    def runway(self, height: int) -> int:
        """Return how many whole blocks the funds last from a height."""
        dry = dry_at(self.escrow, list(self.prices.values()))
        return RUNWAY_BLOCKS if dry is None else dry - height - 1

    def due(self) -> int | None:
        """Return the next height at which something happens by itself."""
        if not self.is_active:
            return None
        live, prices = self.live, list(self.prices.values())
        heights = [one["created"] + MANIFEST_BLOCKS for one in live if one["manifest"] is None]
        heights += [one["deadline"] for one in live if one["deadline"] is not None]
        if any(group["orders"] == "open" for group in self.groups):
            heights.append(self.row["created"] + ORDER_BLOCKS)
        if (dry := dry_at(self.escrow, prices)) is not None:
            heights.append(dry)
        low = low_at(self.escrow, prices, LOOK_AHEAD_BLOCKS) if self.row["auto"] else None
        if low is not None:
            heights.append(max(low, self.row["tried"]))
        return min(heights, default=None)

    def save(self, book: Book) -> None:
        self.row["due"] = self.due()
        book.write(
            "UPDATE deployments SET state = ?, hash = ?, closed = ?, version = ?, deposits = ?, "
            "transferred = ?, returned = ?, owed = ?, settled = ?, escrow = ?, auto = ?, "
            "tried = ?, due = ? WHERE n = ?",
            *(self.row[name] for name in ("state", "hash", "closed", "version")),
            json.dumps(self.escrow.deposits),
            self.escrow.transferred, self.escrow.returned, self.escrow.owed, self.escrow.settled,
            *(self.row[name] for name in ("escrow", "auto", "tried", "due", "n")),
        )  # fmt: skip


def key(lease: Row) -> str:
    """Return what tells a deployment's leases apart."""
    return f"{lease['gseq']}/{lease['provider']}"


def held(book: Book, dseq: str) -> Held | None:
    row = book.one("SELECT * FROM deployments WHERE dseq = ?", dseq)
    return all_held(book, [row])[0] if row else None


def held_by_dseq(book: Book, dseqs: Sequence[str]) -> list[Held]:
    """Return the deployments of these numbers, without their groups."""
    sql = "SELECT * FROM deployments WHERE dseq IN (SELECT value FROM json_each(?))"
    rows = book.all(sql, json.dumps(sorted(set(dseqs))))
    return all_held(book, rows, with_groups=False)


def all_held(book: Book, rows: Sequence[Row], *, with_groups: bool = True) -> list[Held]:
    """Return these deployments with what belongs to them, in at most three statements."""
    groups = _by_dseq(book, "groups", "dseq, gseq", rows) if with_groups else {}
    leases = _by_dseq(book, "leases", "n", rows)
    return [
        Held(row, _escrow(row), groups.get(row["dseq"], []), leases.get(row["dseq"], []))
        for row in rows
    ]


def _by_dseq(book: Book, table: str, order: str, rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    names = json.dumps([row["dseq"] for row in rows])
    sql = f"SELECT * FROM {table} WHERE dseq IN (SELECT value FROM json_each(?)) ORDER BY {order}"  # noqa: S608 - our own names
    for row in book.all(sql, names):
        found.setdefault(row["dseq"], []).append(row)
    return found


def _escrow(row: Row) -> Escrow:
    return Escrow(
        deposits=tuple((height, uact) for height, uact in json.loads(row["deposits"])),
        transferred=row["transferred"],
        returned=row["returned"],
        owed=row["owed"],
        settled=row["settled"],
    )
