"""OctaneBench tiers: both sources as they are, neither of them a default."""

from decimal import Decimal

import pytest

from data.octanebench import FILE, octanebench_tiers


def said(source: str, tier: int) -> set[tuple[str, Decimal | None, Decimal | None]]:
    rows = [row for row in octanebench_tiers() if (row.source, row.tier) == (source, tier)]
    return {(row.credit, row.obh_per_credit, row.obh_per_credit_max) for row in rows}


def test_the_two_sources_stand_side_by_side():
    assert said("help.otoy.com", 1) == {("1 EUR", 100, None), ("1 RNDR", 25, None)}
    assert said("help.otoy.com", 3) == {("1 EUR", 800, 1600)}
    assert said("know.rendernetwork.com", 2) == {("1 credit", 100, None)}
    assert said("know.rendernetwork.com", 1) == {("1 credit", None, None)}


def test_a_figure_that_another_source_contradicts_says_so():
    for row in octanebench_tiers():
        others = {o.source for o in octanebench_tiers() if o.tier == row.tier} - {row.source}
        assert row.source_url == f"https://{row.source}"
        assert row.tier == 1 or any(other in (row.note or "") for other in others)


def test_a_computed_range_is_a_multiple_of_the_first_tier():
    first = next(iter(said("help.otoy.com", 1) & {("1 EUR", Decimal(100), None)}))[1]
    ranges = {(r.tier, r.obh_per_credit, r.obh_per_credit_max) for r in octanebench_tiers()}
    assert {(2, 2 * first, 4 * first), (3, 8 * first, 16 * first)} <= ranges


def test_a_table_of_ones_own_is_read_exactly(tmp_path):
    own = tmp_path / "tiers.csv"
    head = FILE.read_text("utf-8").splitlines()[0]
    own.write_text(f"{head}\n2,123.456789,,1 USD,contract,ours,https://x.example,2026-11-23,\n")
    (row,) = octanebench_tiers(own)

    assert (row.obh_per_credit, row.credit) == (Decimal("123.456789"), "1 USD")
    assert (str(row.observed_on), row.note) == ("2026-11-23", None)


@pytest.mark.parametrize("figure", ["0", "-1", "many", "NaN"])
def test_a_figure_that_cannot_be_is_refused(tmp_path, figure):
    own = tmp_path / "tiers.csv"
    head = FILE.read_text("utf-8").splitlines()[0]
    own.write_text(f"{head}\n2,{figure},,1 USD,contract,ours,https://x.example,,\n")
    with pytest.raises(ValueError, match=figure.lstrip("-")):
        octanebench_tiers(own)
