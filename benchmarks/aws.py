"""One AWS price list of 500 MB: Necto over HTTP against DuckDB and csv on the same file.

The list is made up and served in chunks on a loopback port. Each reader is a process of its own
that finds the rows for sale; Necto also makes offers of them. ``python benchmarks/aws.py`` prints
seconds and peak memory (with the interpreter and its libraries); target: Necto at most 300 MB.
"""

import csv
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.connectors import price_list

SIZE_BYTES = 500_000_000
CHUNK_BYTES = 1024 * 1024
HEAD_LINES = 5
PLAIN = """
    SELECT count(*) FROM read_csv($file, skip=5, header=true, all_varchar=true, delim=',',
      quote='"')
    WHERE "Operating System" = 'Linux' AND Tenancy = 'Shared' AND CapacityStatus = 'Used'
      AND "Pre Installed S/W" = 'NA' AND Unit = 'Hrs' AND "Instance Family" = 'GPU instance'"""


def with_duckdb(file: str) -> int:
    found = duckdb.connect().execute(PLAIN, {"file": file}).fetchone()
    return int(found[0]) if found else 0


def with_csv(file: str) -> int:
    with Path(file).open(encoding="utf-8", newline="") as lines:
        for _ in range(HEAD_LINES):
            next(lines)
        return sum(
            row["Operating System"] == "Linux"
            and row["Tenancy"] == "Shared"
            and row["CapacityStatus"] == "Used"
            and row["Pre Installed S/W"] == "NA"
            and row["Unit"] == "Hrs"
            and row["Instance Family"] == "GPU instance"
            for row in csv.DictReader(lines)
        )


READERS: dict[str, Callable[[str], int]] = {
    "Necto over HTTP": price_list.read,
    "DuckDB read_csv": with_duckdb,
    "csv module": with_csv,
}


def chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as data:
        yield from iter(lambda: data.read(CHUNK_BYTES), b"")


def compare(file: Path) -> None:
    with file.open("wb") as target:
        target.writelines(price_list.price_list(SIZE_BYTES))
    found = {}
    with price_list.serving(lambda: chunks(file), {}) as url:
        for name in READERS:
            place = url if name.startswith("Necto") else str(file)
            found[name] = price_list.measured(str(Path(__file__).resolve()), name, place)
    assert len({took["rows"] for took in found.values()}) == 1, found
    mine = found["Necto over HTTP"]["seconds"]
    for name, took in found.items():
        print(
            f"{name:16} {file.stat().st_size / 1e6:.0f} MB   {took['rows']:4.0f} rows"
            f"   {took['seconds']:6.2f} s, CPU {took['cpu']:.2f} s"
            f" (Necto takes {mine / took['seconds']:.2f} x)"
            f"   peak {took['peak'] / 1e6:5.0f} MB, of it before {took['before'] / 1e6:.0f} MB"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(price_list.figures(lambda: READERS[sys.argv[1]](sys.argv[2])))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            compare(Path(temporary) / "index.csv")
