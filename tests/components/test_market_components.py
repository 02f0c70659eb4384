"""What the Market's components say in their cells, and what a choice in them does."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from components.filters import Options
from components.price_grid import price_cell, saving_text, sellers_of
from components.side_by_side import LABELS, fact_text, mark, side_by_side_table
from engine.grid import like_for_like
from engine.market import offers_frame, providers_frame
from engine.provider_search import signals_of
from engine.side_by_side import FACTS, Line, side_by_side
from tests.support import baseline, offer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REWARD = offer(
    offer_id="n", network="nosana", usd_per_hour=Decimal("0.5"),
    price_basis="host_reward_before_network_fee",
)  # fmt: skip


def row(*offers, sellers=("akash", "nosana")):
    grid = like_for_like(
        offers_frame(offers), offers_frame([baseline()]), sellers, "on_demand", NOW
    )
    return grid.to_dicts()[0]


def test_the_best_network_is_marked_by_a_sign_and_what_is_not_firm_by_a_word():
    found = row(offer(usd_per_hour=Decimal("1.72")), REWARD)

    assert price_cell(found, "akash") == "★ $1.720"
    assert price_cell(found, "nosana") == "$0.500 before fee"
    assert price_cell(found, "aws") == "$6.880  75 % B"
    assert price_cell(found, "azure") == "–"


def test_a_saving_that_may_be_smaller_says_so():
    found = row(offer(usd_per_hour=Decimal("1.72"), vcpu=None))

    assert saving_text(found, "aws") == "≤ 75 % C"
    assert saving_text(found, "azure") == ""


def test_networks_without_a_cell_are_no_column_and_the_fullest_comes_first():
    many = [offer(), offer(offer_id="t4", network="lium", gpu_model="T4"),
            offer(offer_id="l4", network="lium", gpu_model="L4")]  # fmt: skip
    networks = ("akash", "lium", "render")
    grid = like_for_like(offers_frame(many), offers_frame([]), networks, "on_demand", NOW)

    assert sellers_of(grid, networks) == ["lium", "akash"]


def test_a_provider_is_called_by_a_name_that_is_its_alone():
    called = {"p1": "one", "p2": "both", "p3": "both", "p4": None, "p5": " ", "p6": "p1"}
    sold = [
        offer(offer_id=id_, provider_id=id_, provider_name=name) for id_, name in called.items()
    ]
    more = [offer(offer_id="7", provider_id="p7", provider_name=name) for name in ("a", "b")]
    nobody = offer(offer_id="8", provider_id=None, provider_name="nobody")
    options = Options.of(offers_frame([*sold, *more, nobody]), signals_of(providers_frame([])))

    assert options.providers == {"p1": "one"} | {f"p{n}": f"p{n}" for n in range(2, 8)}


def test_every_fact_has_a_name():
    assert set(LABELS) == set(FACTS)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line("term", "spot", "spot", "same"), "= same"),
        (Line("term", "spot", "on_demand", "differs"), "**≠ differs**"),
        (Line("term", None, "spot", "unknown"), "**?** one does not say"),
        (Line("term", None, None, "unknown"), "? neither says"),
        (
            Line("usd_per_gpu_hour", Decimal(1), Decimal(4), "differs", "left"),
            "**≠ A is 75 % cheaper**",
        ),
    ],
)
def test_a_difference_is_a_sign_and_a_word(line, text):
    assert mark(line) == text


@pytest.mark.parametrize(
    ("fact", "value", "text"),
    [
        ("country_code", None, "not known"),
        ("available", False, "no"),
        ("usd_per_gpu_hour", Decimal("2.0393"), "$2.039"),
        ("memory_gib_per_gpu", 256.0, "256 GiB"),
        ("gpu_count", 8, "8"),
        ("valid_until", date(2026, 12, 31), "2026-12-31"),
        ("observed_at", datetime(2026, 11, 23, 11, 0), "2026-11-23 11:00 UTC, 1 h ago"),  # noqa: DTZ001
        ("price_basis", "instance", "whole machine"),
        ("network", "gcp", "Google Cloud"),
        ("term", "reserved_1y", "reserved 1 year"),
        ("provider_uptime_30d", 0.9951, "99.51 %"),
    ],
)
def test_a_fact_is_written_as_people_read_it(fact, value, text):
    assert fact_text(fact, value, NOW) == text


def test_hostile_names_are_text_in_the_comparison():
    nasty = offers_frame([offer(provider_name="**x** $1$", source="[a](javascript:b)")]).to_dicts()[
        0
    ]
    table = side_by_side_table(nasty, nasty, side_by_side(nasty, nasty), NOW)

    assert "\\*\\*x\\*\\*" in table.columns[2]
    assert not table.filter(Fact="Source").row(0)[2].startswith("[a](")
