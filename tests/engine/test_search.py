"""Searching: a stated condition holds for everything found, and unknown never meets it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import Offer, offers_frame
from engine.search import Search, matching, unstated
from tests.support import offer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = {"price_as_of": NOW - timedelta(days=30, microseconds=1)}

CONDITIONS = [
    (Search(gpu_models=frozenset({"H100-SXM"})), {}, {"gpu_model": "H100-PCIe"}),
    (Search(gpu_count=1), {"gpu_count": 1}, {"gpu_count": 2}),
    (Search(gpu_memory_gib_min=80), {"gpu_memory_gib": 80.0}, {"gpu_memory_gib": 79.9}),
    (Search(form_factors=frozenset({"SXM"})), {}, {"form_factor": "PCIe"}),
    (Search(vcpu_min=16), {"vcpu": 16.0}, {"vcpu": 15.9}),
    (Search(memory_gib_min=256), {"memory_gib": 256.0}, {"memory_gib": 255.9}),
    (Search(storage_gib_min=10), {"storage_gib": 10.0}, {"storage_gib": 9.9}),
    (Search(networks=frozenset({"akash", "lium"})), {}, {"network": "nosana"}),
    (Search(provider_ids=frozenset({"p1"})), {}, {"provider_id": "p2"}),
    (Search(countries=frozenset({"US", "DE"})), {"country_code": "DE"}, {"country_code": "FR"}),
    (Search(regions=frozenset({"eu"})), {"region": "eu"}, {"region": "us"}),
    (
        Search(usd_per_gpu_hour_max=Decimal("2.5")),
        {"usd_per_hour": Decimal(5), "gpu_count": 2},
        {"usd_per_hour": Decimal("2.500000000000000001")},
    ),
    (Search(available_only=True), {"available": True}, {"available": False}),
    (Search(terms=frozenset({"spot"})), {"term": "spot"}, {"term": "on_demand"}),
    (
        Search(source_kinds=frozenset({"live"})),
        {"source_kind": "live"},
        {"source_kind": "recorded"},
    ),
    (Search(age_days_max=30), {"price_as_of": NOW - timedelta(days=30)}, LONG_AGO),
]
UNKNOWN = [
    (Search(gpu_models=frozenset({"H100-SXM"})), "gpu_model"),
    (Search(gpu_memory_gib_min=0), "gpu_memory_gib"),
    (Search(form_factors=frozenset({"SXM"})), "form_factor"),
    (Search(vcpu_min=0), "vcpu"),
    (Search(memory_gib_min=0), "memory_gib"),
    (Search(storage_gib_min=0), "storage_gib"),
    (Search(provider_ids=frozenset({"p1"})), "provider_id"),
    (Search(countries=frozenset({"US"})), "country_code"),
    (Search(regions=frozenset({"eu"})), "region"),
    (Search(available_only=True), "available"),
]


def found(search: Search, *offers: Offer) -> list[str]:
    return matching(offers_frame(offers), search, NOW)["offer_id"].to_list()


@pytest.mark.parametrize(("search", "meets", "fails"), CONDITIONS)
def test_a_stated_condition_decides(search: Search, meets: dict[str, Any], fails: dict[str, Any]):
    assert found(search, offer(offer_id="in", **meets), offer(offer_id="out", **fails)) == ["in"]


@pytest.mark.parametrize(("search", "column"), UNKNOWN)
def test_unknown_never_passes_a_stated_condition(search: Search, column: str):
    assert found(search, offer(**{column: None})) == []


@pytest.mark.parametrize("column", [column for _, column in UNKNOWN])
def test_unknown_is_found_when_nothing_is_asked_of_it(column: str):
    assert found(Search(gpu_count=1), offer(offer_id="a", **{column: None})) == ["a"]


def test_a_search_without_conditions_finds_everything():
    taken = offer(offer_id="b", available=False, country_code=None, gpu_model=None)
    assert found(Search(), offer(offer_id="a"), taken) == ["a", "b"]
    assert found(Search()) == []


def test_what_must_never_be_ranked_is_never_found():
    assert found(Search(), offer(offer_id="a", rankable=False), offer(offer_id="b")) == ["b"]


def test_every_condition_must_hold():
    search = Search(countries=frozenset({"US"}), vcpu_min=16, available_only=True)
    one_wrong = [{"country_code": "FR"}, {"vcpu": 8.0}, {"available": False}]
    offers = [offer(offer_id=str(n), **change) for n, change in enumerate(one_wrong)]
    assert found(search, offer(offer_id="all"), *offers) == ["all"]


@pytest.mark.parametrize(("count", "hits"), [(1, True), (4, True), (5, False)])
def test_a_shape_the_buyer_chooses_is_tested_against_what_is_free(count: int, hits: bool):  # noqa: FBT001
    flexible = offer(offer_id="a", gpu_count=1, gpu_count_max=4)
    assert (found(Search(gpu_count=count), flexible) == ["a"]) == hits


def test_a_fixed_machine_is_found_only_by_its_own_count():
    fixed = offer(offer_id="a", gpu_count=8)
    assert [n for n in range(1, 17) if found(Search(gpu_count=n), fixed)] == [8]


@pytest.mark.parametrize("part", ["vcpu", "memory_gib", "storage_gib"])
def test_free_capacity_counts_before_the_priced_shape(part: str):
    search = Search(**{f"{part}_min": 64.0})  # type: ignore[arg-type]
    roomy = offer(offer_id="roomy", **{part: 1.0, f"{part}_max": 64.0})
    full = offer(offer_id="full", **{part: 64.0, f"{part}_max": 63.0})
    priced = offer(offer_id="priced", gpu_count_max=4, **{part: 64.0})
    assert found(search, roomy, full, priced) == ["priced", "roomy"]


def test_the_age_is_that_of_the_price_and_not_of_its_reading():
    read_today = offer(offer_id="a", **LONG_AGO)
    read_long_ago = offer(offer_id="b", observed_at=NOW - timedelta(days=31), price_as_of=NOW)
    undated = offer(offer_id="c", observed_at=NOW - timedelta(days=31))
    assert found(Search(age_days_max=30), read_today, read_long_ago, undated) == ["b"]


def test_the_cheapest_gpu_comes_first_and_not_the_cheapest_machine():
    eight = offer(offer_id="eight", gpu_count=8, usd_per_hour=Decimal(16))
    one = offer(offer_id="one", usd_per_hour=Decimal("2.000000000000000001"))
    assert found(Search(), one, eight) == ["eight", "one"]


def test_equal_prices_are_in_the_order_of_their_ids():
    offers = [offer(offer_id=i) for i in ("c", "a", "b")]
    frame = offers_frame(offers)
    assert matching(frame[[2, 0, 1]], Search(), NOW)["offer_id"].to_list() == ["a", "b", "c"]


def test_what_offers_do_not_state_is_counted_where_it_is_asked_about():
    silent = offer(offer_id="a", country_code=None, vcpu=None, available=None, region=None)
    frame = offers_frame([silent, offer(offer_id="b", vcpu=None)])
    asked = Search(countries=frozenset({"US"}), vcpu_min=1, memory_gib_min=1, available_only=True)
    assert unstated(frame, asked) == {"country": 1, "vCPU": 2, "availability": 1}
    assert unstated(frame, Search()) == {}


def some(*values: object) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


def sets(*values: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


offers_of_any_kind = st.fixed_dictionaries(
    {
        "gpu_model": some("H100-SXM", "L4"),
        "form_factor": some("SXM", "PCIe"),
        "gpu_count": st.sampled_from([1, 2, 8]),
        "gpu_count_max": some(0, 2, 8),
        "gpu_memory_gib": some(24.0, 80.0),
        "vcpu": some(8.0, 16.0),
        "vcpu_max": some(4.0, 32.0),
        "memory_gib": some(8.0, 16.0),
        "storage_gib_max": some(8.0, 16.0),
        "country_code": some("US", "DE"),
        "region": some("eu", "us"),
        "usd_per_hour": st.sampled_from([Decimal(1), Decimal(2), Decimal(16)]),
        "available": st.sampled_from([None, True, False]),
        "price_as_of": some(NOW - timedelta(days=3), NOW),
        "observed_at": st.sampled_from([NOW - timedelta(days=3), NOW]),
        "source_kind": st.sampled_from(["live", "recorded"]),
    }
)
searches = st.builds(
    Search,
    gpu_models=sets("H100-SXM", "L4", "T4"),
    gpu_count=some(1, 2, 8),
    gpu_memory_gib_min=some(24.0, 80.0),
    form_factors=sets("SXM", "PCIe"),
    vcpu_min=some(8.0, 32.0),
    memory_gib_min=some(16.0),
    storage_gib_min=some(16.0),
    countries=sets("US", "DE"),
    regions=sets("eu", "us"),
    usd_per_gpu_hour_max=some(Decimal(1), Decimal(2)),
    available_only=st.booleans(),
    source_kinds=sets("live", "recorded"),
    age_days_max=some(2.0, 3.0),
)


def answers(o: Offer, s: Search) -> Iterator[bool]:
    """What each condition says of an offer, one at a time, in plain Python."""
    yield not s.gpu_models or o.gpu_model in s.gpu_models
    yield not s.form_factors or o.form_factor in s.form_factors
    yield not s.countries or o.country_code in s.countries
    yield not s.regions or o.region in s.regions
    yield not s.source_kinds or o.source_kind in s.source_kinds
    yield not s.available_only or o.available is True
    if s.gpu_count is not None:
        fixed = o.gpu_count_max is None
        yield o.gpu_count == s.gpu_count if fixed else (o.gpu_count_max or 0) >= s.gpu_count
    for have, most, least in (
        (o.gpu_memory_gib, None, s.gpu_memory_gib_min),
        (o.vcpu, o.vcpu_max, s.vcpu_min),
        (o.memory_gib, o.memory_gib_max, s.memory_gib_min),
        (o.storage_gib, o.storage_gib_max, s.storage_gib_min),
    ):
        free = have if most is None else most
        yield least is None or (free is not None and free >= least)
    if s.usd_per_gpu_hour_max is not None:
        yield o.usd_per_hour <= s.usd_per_gpu_hour_max * o.gpu_count
    if s.age_days_max is not None:
        yield NOW - (o.price_as_of or o.observed_at) <= timedelta(days=s.age_days_max)


@settings(max_examples=100, deadline=None)
@given(st.lists(offers_of_any_kind, max_size=8), searches)
def test_what_is_found_is_exactly_what_plain_reading_finds(
    rows: list[dict[str, Any]], search: Search
):
    offers = [offer(offer_id=f"{n}", **row) for n, row in enumerate(rows)]
    hits = [o for o in offers if all(answers(o, search))]
    expected = sorted(hits, key=lambda o: (o.usd_per_hour / o.gpu_count, o.offer_id))
    assert found(search, *offers) == [o.offer_id for o in expected]


def test_free_capacity_states_a_shape_too():
    rows = offers_frame([offer(vcpu=None, vcpu_max=32.0), offer(offer_id="x", vcpu=None)])
    assert unstated(rows, Search(vcpu_min=8)) == {"vCPU": 1}
    assert unstated(rows, Search(vcpu_min=0)) == {"vCPU": 1}


def test_an_unknown_gpu_is_counted_when_a_model_is_asked_for():
    rows = offers_frame([offer(gpu_model=None)])
    assert unstated(rows, Search(gpu_models=frozenset({"H100-SXM"}))) == {"GPU model": 1}
    assert unstated(rows, Search()) == {}


def test_any_age_can_be_asked_for():
    rows = offers_frame([offer()])
    assert matching(rows, Search(age_days_max=1e9), NOW).height == 1
