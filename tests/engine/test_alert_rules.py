"""Alert rules: typed, exact, and each says itself in words."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alert_rules import BadRule, rule_body, rule_from, usd
from engine.canonical import canonical
from tests.engine.alert_looks import rule


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("price_below", {},
         "an H100-SXM on demand that is free costs less than $1.50 per GPU-hour on any network"),
        ("price_below", {"gpu": "B200", "free_only": False, "term": "spot",
         "networks": ("akash", "ionet")},
         "a B200 spot costs less than $1.50 per GPU-hour on Akash or io.net"),
        ("availability_returns", {"gpu": "A100"}, "an A100 on demand is free again on Akash"),
        ("availability_returns", {"offer_id": "akash:1", "title": "H100 of one"},
         "the offer H100 of one is free again on Akash"),
        ("availability_returns", {"offer_id": "akash:1"},
         "the offer akash:1 is free again on Akash"),
        ("network_silent", {}, "Akash has given no good reading for 6 hours"),
        ("network_silent", {"hours": 1}, "Akash has given no good reading for 1 hour"),
        ("signature_lost", {}, "p1 on Akash loses a signature"),
        ("signature_lost", {"title": "one.example", "attribute": "country", "auditor": "Overclock"},
         "one.example on Akash loses the signature of Overclock on country"),
    ],
)  # fmt: skip
def test_a_rule_says_itself_in_words(kind, fields, words):
    assert rule(kind, **fields).words == f"Tell me when {words}"


@pytest.mark.parametrize(
    ("kind", "fields", "fault"),
    [
        ("price_below", {"usd_per_gpu_hour_below": "0"}, "usd_per_gpu_hour_below: "),
        ("price_below", {"usd_per_gpu_hour_below": "NaN"}, "usd_per_gpu_hour_below: "),
        ("price_below", {"usd_per_gpu_hour_below": "1000.01"}, "usd_per_gpu_hour_below: "),
        ("price_below", {"term": "weekly"}, "term: "),
        ("price_below", {"gpu": ""}, "gpu: "),
        ("price_below", {"gpu": "H100\n"}, "gpu: write it on one line"),
        ("price_below", {"networks": ("A/..",)}, "networks.0: "),
        ("price_below", {"colour": "red"}, "colour: "),
        ("availability_returns", {}, "name either an offer or a GPU"),
        ("availability_returns", {"gpu": "A100", "offer_id": "x"}, "name either an offer or"),
        ("network_silent", {"hours": 0}, "hours: "),
        ("network_silent", {"hours": 8761}, "hours: "),
        ("signature_lost", {"provider_id": "x" * 301}, "provider_id: "),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_the_part(kind, fields, fault):
    with pytest.raises(BadRule) as refused:
        rule(kind, **fields)
    assert str(refused.value).startswith(fault)


def test_a_kind_that_nobody_knows_is_refused():
    with pytest.raises(BadRule, match="kind"):
        rule_from({"kind": "moon_full"})


@given(st.decimals("0.000000000000000001", 1000, places=18))
def test_a_rule_comes_back_from_the_records_as_it_was(ceiling):
    made = rule(usd_per_gpu_hour_below=ceiling, networks=("akash", "lium"), free_only=False)
    body = rule_body(made)

    assert rule_from(body) == made
    assert b"." not in canonical(body).split(b'"usd_per_gpu_hour_below":')[1][:1]


@given(st.decimals("0.000001", 1000, places=6))
def test_a_price_in_a_sentence_is_never_above_the_price(price):
    shown = Decimal(usd(price).removeprefix("$"))

    assert 0 <= price - shown < Decimal("0.0001")
    assert len(usd(price).split(".")[1]) >= 2
