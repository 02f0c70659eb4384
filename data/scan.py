"""How much was read to answer: what shows that answers do not cost more as history grows."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(slots=True)
class Scan:
    """Whole files opened, the rows in them and their bytes, since counting began."""

    files: int = 0
    rows: int = 0
    bytes: int = 0


class Meter:
    """Counts what is read while somebody measures; costs nothing otherwise."""

    def __init__(self) -> None:
        self._open: list[Scan] = []

    @contextlib.contextmanager
    def measured(self) -> Iterator[Scan]:
        """Count what any thread reads inside the block."""
        scan = Scan()
        self._open = [*self._open, scan]
        try:
            yield scan
        finally:
            self._open = [other for other in self._open if other is not scan]

    def count(self, *files: Path) -> None:
        """Note that these files are read; every row of a file counts, also when few are kept."""
        for scan in self._open:
            for path in files:
                with contextlib.suppress(FileNotFoundError):  # merged meanwhile; it is asked again
                    scan.bytes += path.stat().st_size
                    scan.rows += int(pl.scan_parquet(path).select(pl.len()).collect().item())
                    scan.files += 1
