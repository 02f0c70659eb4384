"""Aethir: daily revenue as a signal, and the question that reads it back."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Answer
from connectors.networks.aethir import DAYS_MAX, Aethir
from data.offers import latest
from data.shipped import catalogue
from data.signals import signals
from engine.signals import SIGNAL_SCHEMA
from tests.connectors.samples import NOW, SAMPLES, answering, ingest

SAMPLE = SAMPLES["aethir"]


def parsed(*rows):
    body = json.dumps({"dailyRevenue": rows}).encode()
    return Aethir().parse([Answer("https://made.up.example", body)], NOW, catalogue())


def on(days_ago, usd=1.5):
    return {"date": (NOW - timedelta(days=days_ago)).date().isoformat(), "usdValue": usd}


def test_a_day_of_revenue_is_a_signal_and_never_a_price(lake):
    record = ingest(lake, answering(SAMPLE, SAMPLE.texts())).run(SAMPLE.made())
    found = signals(lake, "aethir")

    assert (record.message, record.offers, latest(lake, NOW).offers.height) == (
        "signals read",
        0,
        0,
    )
    assert found["value"].to_list() == [301234.56, 0, 298765.25]
    assert found["signal"].unique().to_list() == ["revenue_usd_day"]
    assert found["note"].unique().to_list() == [
        "A network health signal read from a public dashboard address, not a price."
    ]


def test_the_newest_signals_are_read_back(lake):
    for value in (1, 2):
        texts = {"revenue.json": json.dumps({"dailyRevenue": [on(1, value)]})}
        ingest(lake, answering(SAMPLE, texts), NOW + timedelta(hours=value)).run(SAMPLE.made())
    assert signals(lake, "aethir")["value"].to_list() == [2]


def test_a_network_without_signals_has_an_empty_frame(lake):
    assert signals(lake, "akash").schema == dict(SIGNAL_SCHEMA)
    assert signals(lake, "akash").height == 0


def test_a_day_is_midnight_utc():
    (signal,) = parsed({"date": "2026-11-22", "usdValue": 7}).signals
    assert (signal.at, signal.value) == (datetime(2026, 11, 22, tzinfo=UTC), 7.0)


def test_only_the_last_days_are_kept():
    reading = parsed(*(on(days) for days in range(DAYS_MAX + 50)))
    assert (len(reading.signals), reading.rejects) == (DAYS_MAX, [])
    assert min(s.at for s in reading.signals) > NOW - timedelta(days=DAYS_MAX + 1)


def test_of_two_rows_of_one_day_the_first_counts_and_the_other_is_told():
    reading = parsed(on(1, 10), on(1, 20), on(2, 30))
    assert [s.value for s in reading.signals] == [10, 30]
    assert [reject.code for reject in reading.rejects] == ["duplicate"]


@pytest.mark.parametrize(
    "usd", ["NaN", "-0.01", "1e13", "1e999", True, None, [], float("inf")], ids=str
)
def test_revenue_nobody_can_have_is_refused(usd):
    reading = parsed(on(1, usd), on(2))
    assert (len(reading.signals), len(reading.rejects)) == (1, 1)


@pytest.mark.parametrize(
    "day", [20261122, "20261122", "2026-W47-7", "2026-11-31", "9999-12-31", ""]
)
def test_what_is_no_day_of_the_past_is_refused(day):
    reading = parsed({"date": day, "usdValue": 1}, on(2))
    assert (len(reading.signals), len(reading.rejects)) == (1, 1)
