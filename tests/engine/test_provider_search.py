"""Asking whose hardware it is: what is unknown or unsigned never counts as stated or signed."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import Attribute, Provider, offers_frame, providers_frame
from engine.provider_search import (
    ANY_AUDITOR,
    SIGNALS_SCHEMA,
    ProviderSearch,
    auditors,
    signals_of,
    statements,
    with_signals,
)
from engine.search import Search, matching, unstated
from tests.support import OBSERVED, offer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AKASH = "Akash Network"
DE, FR = ("country", "DE"), ("country", "FR")


def provider(**changes: Any) -> Provider:
    fields: dict[str, Any] = {
        "network": "akash",
        "provider_id": "p1",
        "observed_at": OBSERVED,
        "source_kind": "live",
        "source": "a test",
        "location_type": "datacenter",
        "is_online": True,
        "is_audited": True,
        "uptime_30d": 0.999,
        "attributes": (
            Attribute("country", "DE", (AKASH,)),
            Attribute("tier", "community"),
            Attribute("location-type", "datacenter"),
        ),
    }
    return Provider(**(fields | changes))


def market(*providers: Provider) -> pl.DataFrame:
    """One offer per provider, named after it, and one of a provider nobody knows."""
    offers = [offer(offer_id=p.provider_id, provider_id=p.provider_id) for p in providers]
    offers.append(offer(offer_id="unknown", provider_id="nobody"))
    return with_signals(offers_frame(offers), signals_of(providers_frame(list(providers))))


def found(search: ProviderSearch, *providers: Provider) -> list[str]:
    return matching(market(*providers), Search(provider=search), NOW)["offer_id"].to_list()


@pytest.mark.parametrize(
    ("search", "fails"),
    [
        (ProviderSearch(datacenter_only=True), {"location_type": "home"}),
        (ProviderSearch(datacenter_only=True), {"location_type": None}),
        (ProviderSearch(online_only=True), {"is_online": False}),
        (ProviderSearch(online_only=True), {"is_online": None}),
        (ProviderSearch(audited_only=True), {"is_audited": False}),
        (ProviderSearch(audited_only=True), {"is_audited": None}),
        (ProviderSearch(uptime_min=0.999), {"uptime_30d": 0.9989}),
        (ProviderSearch(uptime_min=0.0), {"uptime_30d": None}),
        (ProviderSearch(statements=frozenset({DE})), {"attributes": ()}),
        (ProviderSearch(statements=frozenset({DE})), {"attributes": (Attribute("country", "FR"),)}),
    ],
)
def test_a_stated_condition_decides_and_unknown_never_meets_it(search, fails):
    assert found(search, provider(), provider(provider_id="p2", **fails)) == ["p1"]


def test_nothing_asked_finds_everything():
    assert found(ProviderSearch(), provider()) == ["p1", "unknown"]


def test_only_a_signature_under_exactly_that_statement_counts():
    search = ProviderSearch(statements=frozenset({DE}), signed_by=AKASH)
    other = provider(
        provider_id="p2",
        attributes=(Attribute("country", "DE"), Attribute("tier", "community", (AKASH,))),
    )

    assert found(search, provider(), other) == ["p1"]
    assert found(replace(search, signed_by=ANY_AUDITOR), provider(), other) == ["p1"]
    assert found(replace(search, signed_by="Somebody"), provider(), other) == []
    assert found(replace(search, signed_by=None), provider(), other) == ["p1", "p2"]


def test_a_data_centre_can_be_asked_for_with_a_signature():
    signed = provider(
        provider_id="p2", attributes=(Attribute("location-type", "datacenter", (AKASH,)),)
    )
    search = ProviderSearch(datacenter_only=True, signed_by=ANY_AUDITOR)

    assert found(search, provider(), signed) == ["p2"]


def test_every_key_must_hold_and_any_value_of_a_key():
    both = ProviderSearch(statements=frozenset({DE, FR, ("tier", "community")}))
    french = provider(provider_id="p2", attributes=(Attribute("country", "FR"),))

    assert found(both, provider(), french) == ["p1"]
    assert found(ProviderSearch(statements=frozenset({DE, FR})), provider(), french) == ["p1", "p2"]


@pytest.mark.parametrize("days", [1, 7, 30])
def test_uptime_is_that_of_the_window_asked_for(days):
    windows = {f"uptime_{n}d": 0.9 for n in (1, 7, 30)}
    good = provider(**(windows | {f"uptime_{days}d": 0.99}))
    bad = provider(provider_id="p2", **(dict.fromkeys(windows, 0.99) | {f"uptime_{days}d": 0.9}))

    assert found(ProviderSearch(uptime_min=0.95, uptime_days=days), good, bad) == ["p1"]


def test_what_is_not_stated_is_counted_and_what_is_denied_is_not():
    rows = market(provider(), provider(provider_id="p2", location_type="home", attributes=()))
    asked = ProviderSearch(datacenter_only=True, uptime_min=0.5, statements=frozenset({DE}))

    counts = {"kind of place": 1, "uptime": 1, "country": 2}
    assert unstated(rows, Search(provider=asked)) == counts
    assert unstated(rows, Search(provider=replace(asked, signed_by="Somebody"))) == counts


def test_two_records_of_one_provider_do_not_double_its_offers():
    twice = signals_of(providers_frame([provider(), provider(location_type="home")]))

    assert with_signals(offers_frame([offer()]), twice).height == 1


def test_the_same_id_on_another_network_is_another_provider():
    rows = with_signals(
        offers_frame([offer(network="lium")]), signals_of(providers_frame([provider()]))
    )

    assert rows["provider_is_online"].to_list() == [None]


def test_statements_and_auditors_are_listed_once():
    signals = signals_of(providers_frame([provider(), provider(provider_id="p2")]))

    assert statements(signals) == ["country = DE", "location-type = datacenter", "tier = community"]
    assert auditors(signals) == [AKASH]


def test_no_providers_is_an_empty_frame_of_the_same_columns():
    empty = signals_of(providers_frame([]))

    assert dict(empty.schema) == dict(SIGNALS_SCHEMA)
    assert statements(empty) == auditors(empty) == []


keys, words, signers = (st.sampled_from(s) for s in (["a", "b"], ["1", "2"], [(), ("X",), ("Y",)]))
attributes = st.lists(st.builds(Attribute, keys, words, signers), max_size=4).map(tuple)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    attributes, st.frozensets(st.tuples(keys, words), max_size=3), st.sampled_from([None, "*", "X"])
)
def test_statements_hold_exactly_as_plain_reading_says(stated, asked, by):
    def holds(pair: tuple[str, str]) -> bool:
        signed = {None: lambda _: True, "*": bool, "X": lambda s: "X" in s}[by]
        return any((a.key, a.value) == pair and signed(a.signed_by) for a in stated)

    expected = all(any(holds(p) for p in asked if p[0] == key) for key, _ in asked)
    hits = found(ProviderSearch(statements=asked, signed_by=by), provider(attributes=stated))
    assert ("p1" in hits) == expected
