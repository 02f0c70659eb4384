"""The benchmark of rate cards measures what it says: sound cards kept, bad ones refused whole."""

import pytest

from benchmarks import rate_cards as benchmark
from data.card_files import _csv, _xlsx


@pytest.mark.parametrize(
    ("make", "act"), [("good", benchmark.imported), ("bad", benchmark.refused)]
)
@pytest.mark.parametrize(("filename", "write"), [("card.csv", _csv), ("card.xlsx", _xlsx)])
def test_every_row_is_kept_or_refused_with_each_of_its_faults(
    make, act, filename, write, monkeypatch
):
    monkeypatch.setattr(benchmark, "ROWS", 20)
    made = write(getattr(benchmark, make)(20))

    act(filename, made.encode() if isinstance(made, str) else made)
