"""The same job at a hyperscaler: its cheapest machine that fits, never its dearest."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import Offer
from engine.requirement import Gpus, Requirement
from engine.routing import prepared, route
from engine.same_job import ALL_DIFFERENCES, SameJob
from engine.what_if import what_if
from tests.engine.test_routing import LAWS
from tests.route_worlds import NOW, facts_of, frame_of
from tests.support import baseline, offer

H100 = Gpus(count=1, models=frozenset({"H100"}))
JOB = Requirement(gpus=H100)


def asked(*listed: Offer, need: Requirement = JOB) -> dict[str, SameJob]:
    market = prepared(frame_of(list(listed)), facts_of(), NOW)
    return {one.baseline: one for one in what_if(route(need, market, None, NOW)).same_job}


def aws(usd: str, offer_id: str = "aws:1", **changes: Any) -> Offer:
    return baseline(offer_id=offer_id, usd_per_hour=Decimal(usd), **changes)


def test_the_same_machine_at_a_fresh_price_is_b():
    one = asked(offer(usd_per_hour=Decimal("1.72")), aws("6.88"), aws("9", "aws:2"))["aws"]
    assert (one.offer_id, one.machine, one.region) == ("aws:1", "p5.4xlarge", "us-east-1")
    assert (one.confidence, one.differences) == ("B", ())
    assert one.saving == pytest.approx(0.75)
    assert one.landed_usd_per_hour == Decimal("6.88")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"country_code": "DE"}, "region"),
        ({"term": "reserved_1y"}, "term"),
        ({"observed_at": NOW - timedelta(days=31)}, "age"),
        ({"memory_gib": 1.0}, "shape"),
        ({"gpu_model": "H100", "form_factor": None, "gpu_memory_gib": None}, "model"),
    ],
)
def test_a_difference_is_named_and_lowers_the_label(change, code):
    need = Requirement(gpus=H100, terms=frozenset({"on_demand", "reserved_1y"}))
    one = asked(offer(**change), aws("6.88"), need=need)["aws"]
    assert one.confidence == "C"
    assert code in one.differences
    assert code in ALL_DIFFERENCES


def test_a_dearer_offer_saves_less_than_nothing():
    one = asked(offer(usd_per_hour=Decimal("8.6")), aws("6.88"))["aws"]
    assert one.saving == pytest.approx(-0.25)


def test_a_machine_of_another_size_counts_by_its_part_and_says_so():
    eight = {"gpu_count": 8, "vcpu": 128.0, "memory_gib": 2048.0}
    one = asked(offer(usd_per_hour=Decimal(2)), aws("32", **eight))["aws"]
    assert (one.landed_usd_per_hour, one.gpu_count) == (Decimal(4), 8)
    assert (one.saving, one.confidence) == (pytest.approx(0.5), "C")
    assert "count" in one.differences


def test_the_asked_number_of_gpus_comes_before_a_cheaper_part():
    eight = {"gpu_count": 8, "vcpu": 128.0, "memory_gib": 2048.0}
    assert asked(offer(), aws("9", "a"), aws("8", "b", **eight))["aws"].offer_id == "a"


def test_the_same_term_comes_before_a_cheaper_other_one():
    need = Requirement(gpus=H100, interruptible=True)
    spot = offer(term="spot", usd_per_hour=Decimal(1))
    listed = [aws("2", "a"), aws("3", "b", term="spot")]
    assert asked(spot, *listed, need=need)["aws"].offer_id == "b"


def test_a_chosen_shape_is_compared_as_it_is_asked():
    akash = offer(
        gpu_count_max=8,
        vcpu=16.0,
        memory_gib=256.0,
        price_basis="whole_group_bid_incl_cpu_ram_disk",
    )
    eight = aws("55", gpu_count=8, vcpu=128.0, memory_gib=2048.0)
    need = Requirement(gpus=Gpus(count=8, models=frozenset({"H100"})))
    one = asked(akash, eight, need=need)["aws"]
    assert (one.differences, one.confidence) == ((), "B")


def test_a_contracted_rate_counts_and_list_prices_do_not():
    days = {"valid_from": date(2026, 1, 1), "valid_until": date(2027, 12, 31)}
    own = aws("7", "own", source_kind="contract", gpu_count=1, **days)
    assert asked(offer(), aws("6.88"), own)["aws"].offer_id == "own"


def test_who_sells_nothing_that_fits_is_named_without_a_figure():
    found = asked(offer(), aws("6", gpu_model="A100-80-SXM"), aws("6", "g", network="gcp"))
    assert list(found) == ["aws", "gcp"]
    assert (found["aws"].offer_id, found["aws"].saving, found["aws"].confidence) == (None,) * 3


def test_where_nothing_passes_the_price_is_told_without_a_saving():
    one = asked(offer(country_code="RU"), aws("6"), need=Requirement(gpus=H100, countries={"DE"}))
    assert (one["aws"].offer_id, one["aws"].saving, one["aws"].differences) == ("aws:1", None, ())


def test_a_market_without_hyperscalers_compares_nothing():
    assert asked(offer()) == {}


@LAWS
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["aws", "gcp"]),
            st.sampled_from(["3", "4", "10", "40"]),
            st.sampled_from(["on_demand", "spot", "reserved_1y"]),
            st.sampled_from([1, 1, 2, 8]),
            st.sampled_from(["H100-SXM", "A100-80-SXM"]),
            st.sampled_from(["instance", "gpu_only"]),
            st.sampled_from([True, False, None]),
        ),
        max_size=8,
    ),
    st.sampled_from(["on_demand", "spot"]),
)
def test_the_cheapest_like_for_like_machine_is_the_one_found_by_hand(drawn, term):
    listed = [
        baseline(
            offer_id=f"b{place}", network=network, usd_per_hour=Decimal(usd), term=kind,
            gpu_count=count, gpu_model=model, price_basis=basis, available=free,
        )
        for place, (network, usd, kind, count, model, basis, free) in enumerate(drawn)
    ]  # fmt: skip
    need = Requirement(gpus=H100, interruptible=True)
    found = asked(offer(offer_id="ours", term=term, usd_per_hour=Decimal(1)), *listed, need=need)

    assert set(found) == {one.network for one in listed}
    for name, one in found.items():
        fits = [
            (o.term != term, o.gpu_count != 1, o.usd_per_hour / o.gpu_count, o.offer_id)
            for o in listed
            if o.network == name and o.gpu_model == "H100-SXM" and o.price_basis == "instance"
            and o.available is not False and o.term in {term, "on_demand"}
        ]  # fmt: skip
        assert one.offer_id == (min(fits)[-1] if fits else None)
        if fits:
            assert one.saving == pytest.approx(1 - 1 / float(min(fits)[2]))
