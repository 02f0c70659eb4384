"""What an entry changed is said as people say it; what tells it otherwise is left as it is."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from components.audit_words import sentence
from data.alert_rules import change_rule, make_rule, remove_rule, switch_rule
from data.preferences import set_one
from data.trail import leaf, size_of
from engine.alert_rules import NetworkSilent, PriceBelow
from engine.commands import Command
from engine.rate_cards import CardRecord, Withdrawal
from engine.trail import parse
from tests.support import ADA, house_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CARD = {"seller": "aethir", "name": "q4", "version": 2}


@pytest.fixture
def house(tmp_path):
    return house_of(tmp_path)


def newest(house):
    with house.reading() as view:
        return sentence(parse(leaf(view, size_of(view) - 1).body))


def said(house, action, body, act=lambda _: None):
    house.perform(Command.of(f"k-{action}", action, ADA, "x", body), act)
    return newest(house)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("gpus-of-interest", ["H200-SXM", "L40S"],
         "GPU models of interest: none → H200-SXM, L40S"),
        ("time-zone", "Europe/Paris", "Reporting time zone: UTC → Europe/Paris"),
        ("source:lium", False, "Reading Lium: on → off"),
    ],
)  # fmt: skip
def test_a_setting_is_said_from_what_to_what(house, setting, value, words):
    act = lambda unit: {"changes": [set_one(unit, setting, value)]}  # noqa: E731 - one line
    assert said(house, "settings.changed", {}, act) == words


def test_a_rate_card_is_said_with_its_prices_and_days(house):
    record = CardRecord(
        **CARD, filename="q4.csv", original_sha256="", original_bytes=1, drop_sha256="", rows=3,
        valid_from=date(2026, 10, 1), valid_until=date(2026, 12, 31), imported_at=NOON,
        imported_by="ada", supersedes=1,
    )  # fmt: skip
    gone = Withdrawal(**CARD, reason="too dear", by="ada", at=NOON)

    assert said(house, "rate-card.imported", record.model_dump(mode="json")) == (
        "Aethir's rate card q4, version 2, imported: 3 prices, from 2026-10-01 to 2026-12-31, "
        "instead of version 1"
    )
    assert said(house, "rate-card.withdrawn", gone.model_dump(mode="json")) == (
        "Aethir's rate card q4, version 2, withdrawn: too dear"
    )


def test_an_alert_rule_is_said_in_its_own_words_before_and_after(house):
    cheap = PriceBelow(gpu="H100", usd_per_gpu_hour_below=Decimal("1.5"))
    silent = NetworkSilent(network="akash", hours=6)
    kept = make_rule(house, ADA, cheap)
    assert newest(house) == f"A rule was made: {cheap.words}"
    kept = change_rule(house, ADA, kept, silent)
    assert newest(house) == f"{cheap.words} → {silent.words}"
    kept = switch_rule(house, ADA, kept, on=False)
    assert newest(house) == f"Switched off: {silent.words}"
    remove_rule(house, ADA, kept)
    assert newest(house) == f"A rule was removed: {silent.words}"


def test_what_is_told_otherwise_has_no_sentence(house):
    assert said(house, "settings.changed", {}) is None
    assert said(house, "alert-rule.switched", {"is_on": True}) is None
    assert said(house, "thing.done", {}) is None
