"""Every rule of a rate card: what is refused, where, and what to do about it."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.card_files import read_card
from data.shipped import catalogue
from engine.card_offers import card_offers
from engine.market import OFFER_SCHEMA, Offer
from engine.rate_cards import CardRefused, card_name
from tests.cards import NOW, card, faults, row, written


def offers(*rows):
    return card_offers(card(*rows).rows, name="rates", version=1, imported_at=NOW)


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("seller", "Google Cloud", "is another name"),
        ("seller", "../etc", "is no short name"),
        ("gpu_count", "0", "is no number of GPUs"),
        ("gpu_count", "eight", "is no number of GPUs"),
        ("gpu_count", "8.0", "is no number of GPUs"),
        ("vcpu", "0", "is zero"),
        ("memory_gib", "2 TB", "is no number that can be kept"),
        ("country_code", "Germany", "is no country code"),
        ("term", "monthly", "is not known"),
        ("price_basis", "everything", "is not known"),
        ("currency", "EUR", "is not USD"),
        ("usd_per_gpu_hour", "1,234.50", "has a comma, which can mean thousands or decimals"),
        ("usd_per_gpu_hour", "2,15", "has a comma, which can mean thousands or decimals"),
        ("usd_per_gpu_hour", "-2", "is negative"),
        ("usd_per_gpu_hour", "2.5E+00", "has an exponent, so digits may be lost"),
        ("usd_per_gpu_hour", "0.00", "is zero"),
        ("usd_per_gpu_hour", "$2", "is no number that can be kept"),
        ("usd_per_gpu_hour", "2.1234567890123456789", "is no number that can be kept"),
        ("usd_per_gpu_hour", "1000.01", "is above 1000 USD per GPU-hour"),
        ("valid_from", "01.02.2026", "is no date in the form 2026-12-31"),
        ("valid_from", "2026-02-30", "is no date in the form 2026-12-31"),
        ("valid_until", "9999-12-31", "is no day of a contract"),
        ("valid_until", "2025-12-31", "is before valid_from"),
        ("contract_reference", "", "is empty"),
        ("note", "x" * 501, "is longer than 500 characters"),
        ("note", "a\x07b", "holds a control character"),
    ],
)
def test_a_cell_that_cannot_be_kept_is_named_with_its_line(column, value, fault):
    content = written(row(provider="good"), row(provider="bad", **{column: value}))

    assert faults(content) == [(3, column, fault)]


def test_every_fault_has_its_value_and_a_remedy():
    with pytest.raises(CardRefused, match=r"line 2, currency: is not USD.*2 faults") as refusal:
        card(row(currency="EUR", valid_from="soon"))

    assert refusal.value.faults["value"].to_list() == ["EUR", "soon"]
    assert all(len(remedy) > 5 for remedy in refusal.value.faults["remedy"])


def test_all_faults_of_all_rows_come_sorted_by_line_then_column():
    rows = [row(provider=str(n), currency="EUR", seller="", term="x") for n in range(2000)]

    found = faults(written(*rows))

    assert len(found) == 6000
    assert [fault[0] for fault in found] == sorted(fault[0] for fault in found)
    assert [fault[1] for fault in found[:3]] == ["seller", "term", "currency"]


@pytest.mark.parametrize(
    ("one", "machine", "fault"),
    [
        ("2", "16", (2, "usd_per_hour", "stands beside usd_per_gpu_hour")),
        ("", "", (2, "usd_per_gpu_hour", "no price is given")),
    ],
)
def test_a_price_is_given_exactly_once(one, machine, fault):
    assert faults(written(row(usd_per_gpu_hour=one, usd_per_hour=machine))) == [fault]


def test_a_machine_may_cost_what_its_gpus_may():
    assert faults(written(row(usd_per_gpu_hour="", usd_per_hour="8000"))) == []
    found = faults(written(row(usd_per_gpu_hour="", usd_per_hour="8000.01")))
    assert found == [(2, "usd_per_hour", "is above 1000 USD per GPU-hour")]


def test_two_prices_for_one_machine_on_one_day_are_refused_naming_both_lines():
    long = row(valid_from="2026-01-01", valid_until="2026-12-31")
    short = row(valid_from="2026-02-01", valid_until="2026-02-28", gpu="NVIDIA H100 SXM5 80GB")
    last = row(valid_from="2026-12-31", valid_until="2027-12-31")

    assert faults(written(long, short, last)) == [
        (3, "valid_from", "the same machine is on line 2 for some of these days"),
        (4, "valid_from", "the same machine is on line 2 for some of these days"),
    ]


@pytest.mark.parametrize("change", [{"term": "spot"}, {"gpu_count": "4"}, {"provider": "other"}])
def test_another_machine_or_term_is_no_repetition(change):
    assert faults(written(row(), row(**change))) == []


def test_a_price_may_follow_another_the_day_after():
    rows = [row(valid_until="2026-06-30"), row(valid_from="2026-07-01", usd_per_gpu_hour="2")]

    found = offers(*rows)

    assert found["offer_id"].n_unique() == 2


def test_a_price_is_kept_exactly_also_far_down_the_file():
    rows = [row(provider=str(n)) for n in range(200)]
    rows[170]["usd_per_gpu_hour"] = "1.12345678"
    rows[171]["usd_per_gpu_hour"] = "0.000000000000000001"

    prices = offers(*rows)["usd_per_gpu_hour"].to_list()

    assert {Decimal("1.12345678"), Decimal("1E-18"), Decimal("2.15")} == set(prices)


@settings(derandomize=True, deadline=None)
@given(
    price=st.decimals("0.000001", "1000", places=6), count=st.integers(1, 16), whole=st.booleans()
)
def test_both_prices_are_the_typed_one_times_or_by_the_count(price, count, whole):
    name = "usd_per_hour" if whole else "usd_per_gpu_hour"
    cells = {"usd_per_gpu_hour": "", name: f"{price:f}", "gpu_count": str(count)}

    (found,) = offers(row(**cells)).to_dicts()

    assert found["usd_per_hour"] == (price if whole else price * count)
    assert abs(found["usd_per_gpu_hour"] * count - found["usd_per_hour"]) <= count * Decimal(
        "1E-18"
    )


def test_offers_of_a_card_are_what_an_offer_must_be():
    found = offers(row(), row(seller="aws", provider="p5.48xlarge"))

    assert dict(found.schema) == dict(OFFER_SCHEMA)
    fields = [name for name in OFFER_SCHEMA if name != "usd_per_gpu_hour"]
    made = [Offer(**{name: one[name] for name in fields}) for one in found.to_dicts()]
    assert [(o.network, o.is_baseline, o.source_kind) for o in made] == [
        ("aethir", False, "contract"),
        ("aws", True, "contract"),
    ]
    assert [o.usd_per_gpu_hour for o in made] == found["usd_per_gpu_hour"].to_list()
    assert made[0].source == "rate card rates, version 1, line 2; C-1"


def test_a_known_instance_type_states_what_the_card_leaves_empty():
    (found,) = offers(
        row(seller="aws", provider="p5.48xlarge", region="us-east-1", country_code="")
    ).to_dicts()

    assert (found["vcpu"], found["memory_gib"]) == (192.0, 2048.0)
    assert (found["country_code"], found["form_factor"]) == ("US", "SXM")
    assert found["country_evidence"] == "the provider's region table"


def test_an_unknown_gpu_is_kept_as_written_with_one_warning():
    sound = card(*(row(gpu="H1000 Ultra", provider=str(n)) for n in range(3)))

    (warning,) = sound.warnings.to_dicts()
    found = card_offers(sound.rows, name="rates", version=1, imported_at=NOW)
    assert (warning["line"], warning["value"]) == (2, "H1000 Ultra")
    assert "3 rows" in warning["fault"]
    assert found.select("gpu_name", "gpu_model").unique().row(0) == ("H1000 Ultra", None)


def test_a_seller_that_is_nearly_a_known_one_is_refused_and_another_one_told():
    assert faults(written(row(seller="aethr"))) == [
        (2, "seller", "is almost another seller's name")
    ]
    (warning,) = card(row(seller="hetzner")).warnings.to_dicts()
    assert (warning["column"], "no network that Necto reads" in warning["fault"]) == (
        "seller", True,
    )  # fmt: skip
    known = read_card("a.csv", written(row(seller="akash")), catalogue(), NOW, sellers=["akash"])
    assert known.warnings.height == 0


def test_a_price_on_the_term_contract_says_that_it_meets_no_list_price():
    (warning,) = card(row(term="contract")).warnings.to_dicts()

    assert (warning["column"], "no list price" in warning["fault"]) == ("term", True)


def test_a_card_that_has_ended_says_so():
    (warning,) = card(row(valid_until="2026-11-22")).warnings.to_dicts()

    assert warning["fault"] == "the last price of this card ended on 2026-11-22"
    assert card(row(valid_until="2026-11-23")).warnings.height == 0


def test_a_card_ends_with_the_market_s_day_wherever_the_person_is():
    here = datetime(2026, 11, 24, 1, 0, tzinfo=timezone(timedelta(hours=14)))
    content = written(row(valid_until="2026-11-23"))

    assert read_card("a.csv", content, catalogue(), here).warnings.height == 0


def test_more_gpu_names_than_there_are_gpus_is_one_fault():
    rows = [row(gpu=f"gpu {n}") for n in range(1001)]

    assert faults(written(*rows)) == [
        (None, "gpu", "the card has 1,001 different GPU names, more than 1,000")
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Rates 2027.xlsx", "rates-2027"),
        ("  Tarife_für Köln.CSV ", "tarife-fur-koln"),
        ("../../x", "x"),
        ("a" * 99, "a" * 60),
    ],
)
def test_a_card_s_name_is_plain(text, name):
    assert card_name(text) == name


def test_a_card_without_a_name_is_refused():
    assert faults(written(row()), filename="§.csv") == [
        (None, None, "'§.csv' has no letter or digit to name a card by: name it yourself")
    ]
