"""The necto alerts commands, as a person types them."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.jobs.alerts import judge_once
from data.books import close_books
from data.market import Lake
from data.settings import Settings
from tests.connectors.samples import SAMPLES, answering
from tests.data.test_market import saved
from tests.loopback import answered

PRICE = ("alerts", "add", "price_below", "--gpu", "H100-SXM", "--usd-per-gpu-hour-below", "2.6")


@pytest.fixture(autouse=True)
def _closed():
    yield
    close_books()


def added(necto, *arguments: str):
    result = necto(*(arguments or PRICE), "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def listed(necto, *options: str):
    return json.loads(necto("alerts", "list", "--json", *options).stdout)


def opened(necto, tmp_path) -> str:
    """One rule and its alert; returns the alert's id."""
    added(necto)
    saved(Lake(tmp_path / "market"), datetime.now(UTC), "2.5")
    home = Settings.from_env({"NECTO_HOME": str(tmp_path)})
    (alert,) = judge_once(home, Lake(tmp_path / "market"), datetime.now(UTC))
    return alert.id


def test_a_rule_is_made_said_in_words_and_listed_with_why_it_cannot_be_judged(necto):
    made = added(necto)
    (rule,) = listed(necto)["rules"]

    assert made["words"] == (
        "Tell me when an H100-SXM on demand that is free costs less than $2.60 per GPU-hour on "
        "any network"
    )
    assert (rule["rule"], rule["on"], rule["now"]) == (made["rule"], True, "cannot be judged")
    assert rule["asks"]["usd_per_gpu_hour_below"] == "2.6"
    assert rule["by"].startswith("local:")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["price_below", "--gpu", "B200", "--usd-per-gpu-hour-below", "3", "--network", "Akash",
          "--network", "lium", "--taken-too", "--term", "spot"],
         "a B200 spot costs less than $3.00 per GPU-hour on Akash or Lium"),
        (["availability_returns", "--gpu", "H200", "--network", "lium"],
         "an H200 on demand is free again on Lium"),
        (["availability_returns", "--offer", "akash:1", "--network", "akash"],
         "the offer akash:1 is free again on Akash"),
        (["network_silent", "--network", "akash", "--hours", "6"],
         "Akash has given no good reading for 6 hours"),
        (["signature_lost", "--provider", "p1", "--attribute", "country", "--auditor", "X"],
         "p1 on Akash loses the signature of X on country"),
    ],
)  # fmt: skip
def test_every_kind_of_rule_can_be_typed(necto, options, words):
    result = necto("alerts", "add", *options)

    assert f"Tell me when {words}" in result.stdout


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["price_below", "--gpu", "H100"], "usd_per_gpu_hour_below: Field required"),
        (["price_below", "--gpu", "H1000", "--usd-per-gpu-hour-below", "1"], "Closest known"),
        ([*PRICE[2:], "--network", "nowhere"], "no source is called nowhere"),
        ([*PRICE[2:], "--hours", "3"], "hours: "),
        (["network_silent", "--network", "akash", "--network", "lium", "--hours", "1"],
         "make a rule for each"),
        (["availability_returns", "--network", "akash"], "name either an offer or a GPU"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_meant_is_refused_and_nothing_is_kept(necto, options, fault):
    result = necto("alerts", "add", *options)

    assert result.exit_code == 2
    assert fault in result.stderr
    assert listed(necto)["rules"] == []


def test_the_same_rule_twice_is_refused(necto):
    added(necto)
    result = necto(*PRICE)

    assert result.exit_code == 2
    assert "is there already" in result.stderr


def test_an_alert_is_listed_acknowledged_and_gone_when_its_rule_is_removed(necto, tmp_path):
    alert_id = opened(necto, tmp_path)
    found = listed(necto)
    assert [alert["state"] for alert in found["alerts"]] == ["open"]
    assert Decimal(found["alerts"][0]["evidence"]["usd_per_gpu_hour"]) == Decimal("2.5")
    assert found["rules"][0]["now"] == "firing"

    seen = json.loads(necto("alerts", "acknowledge", alert_id, "--json").stdout)
    assert (seen["alert"], seen["state"]) == (alert_id, "acknowledged")
    assert "acknowledged by local:" in necto("alerts", "acknowledge", alert_id).stdout
    assert "removed: Tell me when" in necto("alerts", "remove", found["rules"][0]["rule"]).stdout
    assert listed(necto) == {"alerts": [], "rules": []}
    (past,) = listed(necto, "--history")["alerts"]
    assert (past["state"], past["closed_because"]) == ("closed", "its rule was removed")


def test_the_list_is_for_people_too(necto, tmp_path):
    assert necto("alerts", "list").stdout.count("nothing found") == 2
    opened(necto, tmp_path)
    said = necto("alerts", "list").stdout

    assert "H100-SXM on demand costs $2.50" in said
    assert "firing" in said


@pytest.mark.parametrize("act", ["remove", "acknowledge"])
def test_what_is_not_there_is_said(necto, act):
    result = necto("alerts", act, "none")

    assert result.exit_code == 2
    assert "see necto alerts list" in result.stderr


def test_a_book_that_cannot_be_opened_is_said(necto, tmp_path):
    (tmp_path / "records").write_text("")
    result = necto("alerts", "list")

    assert result.exit_code == 2
    assert "records" in result.stderr


def test_one_reading_from_the_terminal_judges_too(necto, monkeypatch):
    added(necto, "alerts", "add", "price_below", "--gpu", "RTX 4090", "--network", "lium",
          "--usd-per-gpu-hour-below", "1000", "--taken-too")  # fmt: skip
    sample = SAMPLES["lium"]
    with answered(answering(sample, sample.texts())) as url:
        monkeypatch.setenv("NECTO_LIUM_URL", url)
        result = necto("ingest", "--network", "lium")

    assert "alert open: RTX 4090 on demand costs" in result.stderr
    assert len(listed(necto)["alerts"]) == 1
