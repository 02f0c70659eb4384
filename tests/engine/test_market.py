"""Offers and providers: what is refused, and that nothing changes on the way into a frame."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.market import (
    OFFER_SCHEMA,
    PROVIDER_SCHEMA,
    Attribute,
    Offer,
    Provider,
    attributes_from,
    distinct,
    naive_utc,
    offer_id_of,
    offers_frame,
    providers_frame,
)
from tests.support import OBSERVED, baseline, offer

quick = settings(max_examples=60, deadline=None)
prices = st.integers(1, 1000 * 10**18).map(lambda atto: Decimal(f"{atto}E-18"))


def provider(provider_id: str = "p1", **changes: object) -> Provider:
    fields = {"network": "akash", "provider_id": provider_id, "observed_at": OBSERVED}
    return Provider(**(fields | {"source_kind": "live", "source": "a test"} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("price", "gpus", "sentence"),
    [
        ("0", 1, "price 0 USD an hour is not above zero"),
        ("-1.50", 1, "price -1.50 USD an hour is not above zero"),
        ("NaN", 1, "price NaN is not a number"),
        ("sNaN", 1, "price sNaN is not a number"),
        ("Infinity", 1, "price Infinity is not a number"),
        ("1000.01", 1, "price 1000.01 USD an hour for 1 GPUs is above 1000 USD per GPU-hour"),
        ("8000.01", 8, "price 8000.01 USD an hour for 8 GPUs is above 1000 USD per GPU-hour"),
        ("1e40", 1, "price 1e+40 USD an hour for 1 GPUs is above 1000 USD per GPU-hour"),
        ("4E-19", 1, "price is below the smallest that can be kept: a mistake in units"),
    ],
)
def test_a_price_that_cannot_be_right_is_refused_with_a_sentence(
    price: str, gpus: int, sentence: str
):
    with pytest.raises(ValueError, match="price") as refusal:
        offer(usd_per_hour=Decimal(price), gpu_count=gpus)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize(("price", "gpus"), [("1000", 1), ("8000", 8), ("1E-18", 1)])
def test_the_dearest_and_the_cheapest_credible_price_are_taken(price: str, gpus: int):
    assert offer(usd_per_hour=Decimal(price), gpu_count=gpus).usd_per_hour == Decimal(price)


@pytest.mark.parametrize(
    ("price", "kept"), [("1.0000000000000000005", "1.000000000000000001"), ("5E-19", "1E-18")]
)
def test_an_offer_has_the_price_that_a_frame_can_keep(price: str, kept: str):
    sold = offer(usd_per_hour=Decimal(price))
    assert sold.usd_per_hour == Decimal(kept)
    assert offers_frame([sold])["usd_per_hour"].to_list() == [Decimal(kept)]


@pytest.mark.parametrize(
    "change",
    [
        {"vcpu": float("nan")},
        {"memory_gib": float("inf")},
        {"available_count": 10**12 + 1},
        {"storage_gib_max": -1e13},
        {"provider_name": "half a pair \ud800"},
    ],
)
def test_what_no_store_can_hold_is_refused(change: dict[str, object]):
    with pytest.raises(ValueError, match=r"cannot be right|surrogates not allowed"):
        offer(**change)


def test_a_provider_is_refused_like_an_offer():
    with pytest.raises(ValueError, match="uptime_7d nan cannot be right"):
        provider(uptime_7d=float("nan"))
    assert provider(uptime_7d=1.0, name="Köln").uptime_7d == 1.0


def test_a_date_at_the_edge_of_time_is_refused():
    edge = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    with pytest.raises(ValueError, match=r"price_as_of .* is no date"):
        offer(price_as_of=edge)


def test_the_largest_credible_count_is_taken():
    assert offer(available_count=10**12).available_count == 10**12


@pytest.mark.parametrize("count", [0, -1])
def test_an_offer_has_at_least_one_gpu(count: int):
    with pytest.raises(ValueError, match=f"{count} GPUs: an offer has at least one"):
        offer(gpu_count=count)


@pytest.mark.parametrize(
    ("price", "gpus", "per_gpu"),
    [("10", 8, "1.25"), ("10", 3, "3.333333333333333333"), ("20", 3, "6.666666666666666667")],
)
def test_the_price_of_a_machine_is_shared_by_its_gpus(price: str, gpus: int, per_gpu: str):
    sold = offer(usd_per_hour=Decimal(price), gpu_count=gpus)
    assert sold.usd_per_gpu_hour == Decimal(per_gpu)
    assert offers_frame([sold])["usd_per_gpu_hour"].to_list() == [Decimal(per_gpu)]


def test_a_late_row_keeps_more_decimals_than_the_first_hundred_have():
    long = Decimal("0.123456789012345678")
    offers = [offer(offer_id=f"{n:03}") for n in range(150)]
    frame = offers_frame([*offers, offer(offer_id="150", usd_per_hour=long)])
    assert frame["usd_per_hour"].to_list() == [Decimal("2.5")] * 150 + [long]
    assert frame["usd_per_gpu_hour"][150] == long


@quick
@given(st.lists(prices, max_size=12))
@example([Decimal("1E-18"), Decimal("1.0E-17"), Decimal("1E+3"), Decimal("1000.000")])
def test_every_price_of_18_decimals_comes_back_exactly(wanted: list[Decimal]):
    offers = [offer(offer_id=f"{n:02}", usd_per_hour=p) for n, p in enumerate(wanted)]
    assert offers_frame(offers)["usd_per_hour"].to_list() == wanted


@pytest.mark.parametrize("offers", [[], [offer()], [offer(vcpu=None, price_as_of=OBSERVED)]])
def test_a_frame_of_offers_has_the_declared_shape_even_when_empty(offers: list[Offer]):
    frame = offers_frame(offers)
    assert frame.schema == pl.Schema(OFFER_SCHEMA)
    assert frame.height == len(offers)


@pytest.mark.parametrize("count", [0, 2])
def test_a_frame_of_providers_has_the_declared_shape_even_when_empty(count: int):
    frame = providers_frame([provider(str(n)) for n in range(count)])
    assert frame.schema == pl.Schema(PROVIDER_SCHEMA)
    assert frame.height == count


def test_frames_are_sorted_by_id():
    ids = ["b", "a", "c"]
    assert offers_frame([offer(offer_id=i) for i in ids])["offer_id"].to_list() == ["a", "b", "c"]
    frame = providers_frame([provider(i) for i in ids])
    assert frame["provider_id"].to_list() == ["a", "b", "c"]


def test_unknown_is_null_in_a_frame_and_never_zero_or_false():
    unknown = {"available": None, "available_count": None, "vcpu": None, "country_code": None}
    row = offers_frame([offer(**unknown)]).row(0, named=True)
    assert {name: row[name] for name in unknown} == unknown
    zero = offers_frame([offer(available=False, available_count=0)]).row(0, named=True)
    assert (zero["available"], zero["available_count"]) == (False, 0)


def test_of_one_id_the_newest_price_is_kept():
    old = offer(usd_per_hour=Decimal(9), price_as_of=OBSERVED - timedelta(days=2))
    new = offer(usd_per_hour=Decimal(1), price_as_of=OBSERVED - timedelta(days=1))
    assert distinct([old, new]) == ([new], [old])
    assert distinct([new, old]) == ([new], [old])


def test_the_day_of_the_price_counts_before_the_day_it_was_read():
    read_late = offer(price_as_of=OBSERVED - timedelta(days=9), observed_at=OBSERVED)
    read_early = offer(observed_at=OBSERVED - timedelta(days=1))
    assert distinct([read_late, read_early]) == ([read_early], [read_late])


def test_of_two_prices_of_one_moment_the_dearer_is_kept():
    cheap, dear = offer(usd_per_hour=Decimal(1)), offer(usd_per_hour=Decimal(2))
    assert distinct([cheap, dear]) == ([dear], [cheap])
    assert distinct([dear, cheap]) == ([dear], [cheap])


def test_offers_of_different_ids_are_all_kept_in_their_order():
    first, second = offer(offer_id="z"), offer(offer_id="a")
    assert distinct([first, second]) == ([first, second], [])
    assert distinct([]) == ([], [])


@quick
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.integers(0, 3)), max_size=12)
)
def test_every_offer_is_kept_or_set_aside_whatever_the_order(rows: list[tuple[str, int, int]]):
    offers = [
        offer(offer_id=i, usd_per_hour=Decimal(p), observed_at=OBSERVED + timedelta(hours=h))
        for i, p, h in rows
    ]
    kept, others = distinct(offers)
    assert sorted(map(repr, [*kept, *others])) == sorted(map(repr, offers))
    assert {o.offer_id: o for o in kept} == {o.offer_id: o for o in distinct(offers[::-1])[0]}
    best = {i: max((h, p) for j, p, h in rows if j == i) for i, _, _ in rows}
    assert {o.offer_id: o.usd_per_hour for o in kept} == {i: p for i, (_, p) in best.items()}


def test_a_moment_elsewhere_is_stored_as_utc_without_an_offset():
    there = datetime(2026, 11, 23, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert naive_utc(there) == datetime(2026, 11, 22, 20, 0)  # noqa: DTZ001
    assert naive_utc(OBSERVED) == datetime(2026, 11, 23, 11, 0)  # noqa: DTZ001
    assert offers_frame([offer(observed_at=there)])["observed_at"][0] == naive_utc(there)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_a_naive_moment_is_utc_already(moment: datetime, offset_minutes: int):
    zone = timezone(timedelta(minutes=offset_minutes))
    assert naive_utc(moment) == moment
    assert naive_utc(moment.replace(tzinfo=UTC).astimezone(zone)) == moment


@quick
@given(
    st.lists(
        st.builds(Attribute, st.text(), st.text(), st.lists(st.text(), max_size=2).map(tuple)),
        max_size=4,
    ).map(tuple)
)
def test_what_a_provider_states_comes_back_from_a_frame(attributes: tuple[Attribute, ...]):
    frame = providers_frame([provider(attributes=attributes)])
    assert attributes_from(frame["attributes"][0]) == attributes


def test_a_provider_without_attributes_states_nothing():
    assert attributes_from(None) == ()
    assert attributes_from("") == ()


def test_an_id_says_where_a_part_is_missing_and_keeps_parts_apart():
    assert offer_id_of("akash", None, "h100", "", 0) == "akash:-:h100:-:0"
    assert offer_id_of("a:b", "c") == "a_b:c"


def test_of_two_contradicting_baselines_the_cheaper_counts():
    """The dearer one would make every saving larger."""
    rows = [baseline(usd_per_hour=Decimal(price)) for price in ("90.5", "99.75")]
    for order in (rows, rows[::-1]):
        kept, others = distinct(order)
        assert [o.usd_per_hour for o in kept] == [Decimal("90.5")]
        assert [o.usd_per_hour for o in others] == [Decimal("99.75")]
