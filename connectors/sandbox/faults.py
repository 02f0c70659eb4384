"""The dice that decide which requests go wrong, kept in the book so that they survive a restart."""

import hashlib
from fnmatch import fnmatchcase

from connectors.sandbox.book import Book, Row
from connectors.sandbox.forms import Fault, FaultKind

WRITES = ("/v1/deployments*", "/v1/leases", "/v1/deposit-deployment")


class Faults:
    """All faults that are on; call within the book's transaction."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._on = [_read(row) for row in book.all("SELECT * FROM faults ORDER BY id")]

    @property
    def are_on(self) -> bool:
        return bool(self._on)

    def listed(self) -> list[Row]:
        return [
            {"id": number, "remaining": remaining} | fault.model_dump(mode="json")
            for number, fault, remaining in self._on
        ]

    def add(self, fault: Fault) -> int:
        number = self._book.add("fault", 1)
        self._book.write(
            "INSERT INTO faults VALUES (?, ?, ?)", number, fault.model_dump_json(), fault.times
        )
        self._on.append((number, fault, fault.times))
        return number

    def clear(self, number: int | None = None) -> int:
        """Switch one off, or all; return how many were on."""
        gone = [one for one in self._on if number in {None, one[0]}]
        for one in gone:
            self._book.write("DELETE FROM faults WHERE id = ?", one[0])
        self._on = [one for one in self._on if one not in gone]
        return len(gone)

    def seed(self, seed: int) -> None:
        self._book.set("seed", seed)
        self._book.set("thrown", 0)

    def drawn(self, kinds: tuple[FaultKind, ...], path: str, method: str = "") -> list[Fault]:
        """Return the faults of these kinds that strike this request, and use them up by one."""
        return [
            fault
            for number, fault, remaining in list(self._on)
            if fault.kind in kinds
            and _fits(fault, path, method)
            and self._strikes(number, fault, remaining)
        ]

    def dead(self, provider: str) -> Fault | None:
        """Return the standing fault by which this provider does not answer."""
        return next(
            (
                fault
                for _, fault, _ in self._on
                if fault.kind == "provider_dead" and fault.provider in {"", provider}
            ),
            None,
        )

    def _strikes(self, number: int, fault: Fault, remaining: int | None) -> bool:
        if fault.probability < 1 and self._throw() >= fault.probability:
            return False
        if remaining is None:
            return True
        self._on = [
            (n, f, remaining - 1 if n == number else left)
            for n, f, left in self._on
            if n != number or remaining > 1
        ]
        if remaining > 1:
            self._book.write("UPDATE faults SET remaining = ? WHERE id = ?", remaining - 1, number)
        else:
            self._book.write("DELETE FROM faults WHERE id = ?", number)
        return True

    def _throw(self) -> float:
        """Return the next number in [0, 1) of the seed's sequence."""
        seed, thrown = self._book.get("seed", "0"), self._book.add("thrown", 1)
        digest = hashlib.sha256(f"{seed}/{thrown}".encode()).digest()
        return int.from_bytes(digest[:6]) / 2**48


def _fits(fault: Fault, path: str, method: str) -> bool:
    if fault.method and method and fault.method != method:
        return False
    if fault.path:
        return fnmatchcase(path, fault.path)
    if fault.kind.startswith("wallet_"):
        return method != "GET" and any(fnmatchcase(path, write) for write in WRITES)
    return True


def _read(row: Row) -> tuple[int, Fault, int | None]:
    return row["id"], Fault.model_validate_json(row["form"]), row["remaining"]
