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


def acted(necto, *arguments: str):
    result = necto("alerts", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_threshold_is_changed_and_the_rest_stays(necto, tmp_path):
    alert_id = opened(necto, tmp_path)
    (was,) = listed(necto)["rules"]
    now = acted(necto, "change", was["rule"], "--usd-per-gpu-hour-below", "2.4")

    assert (now["rule"], now["version"], now["on"]) == (was["rule"], 2, True)
    assert now["asks"] == was["asks"] | {"usd_per_gpu_hour_below": "2.4"}
    (past,) = listed(necto, "--history")["alerts"]
    assert (past["alert"], past["closed_because"]) == (alert_id, "its rule was changed")


@pytest.mark.parametrize(
    ("made", "options", "words"),
    [
        (PRICE[2:], ["--gpu", "B200", "--term", "spot", "--network", "Akash", "--network", "lium",
                     "--taken-too"],
         "a B200 spot costs less than $2.60 per GPU-hour on Akash or Lium"),
        (("network_silent", "--network", "akash", "--hours", "6"), ["--hours", "9"],
         "Akash has given no good reading for 9 hours"),
        (("network_silent", "--network", "akash", "--hours", "6"), ["--network", "lium"],
         "Lium has given no good reading for 6 hours"),
    ],
)  # fmt: skip
def test_what_a_rule_asks_can_be_changed(necto, made, options, words):
    id_ = added(necto, "alerts", "add", *made)["rule"]

    assert necto("alerts", "change", id_, *options).stdout == f"{id_}: Tell me when {words}\n"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--hours", "3"], "hours: "),
        (["--usd-per-gpu-hour-below", "0"], "usd_per_gpu_hour_below: "),
        (["--gpu", "H1000"], "Closest known"),
        (["--network", "nowhere"], "no source is called nowhere"),
        (["--gpu", "B200"], "this rule is there already"),
    ],
)
def test_a_change_that_cannot_be_meant_is_refused(necto, options, fault):
    id_ = added(necto)["rule"]
    added(necto, "alerts", "add", "price_below", "--gpu", "B200", *PRICE[-2:])
    result = necto("alerts", "change", id_, *options)

    assert (result.exit_code, fault in result.stderr) == (2, True)
    assert {rule["version"] for rule in listed(necto)["rules"]} == {1}


def test_a_rule_is_switched_off_and_on_again(necto):
    id_ = added(necto)["rule"]
    assert necto("alerts", "switch", id_, "off").stdout.endswith("network (switched off)\n")
    assert [(rule["on"], rule["now"]) for rule in listed(necto)["rules"]] == [(False, None)]
    assert acted(necto, "switch", id_, "on")["version"] == 3

    assert acted(necto, "switch", id_, "on")["version"] == 3, "it is on already"


def test_an_act_with_a_key_is_done_once(necto):
    id_ = added(necto)["rule"]
    off = ("switch", id_, "off", "--version", "1", "--key", "k1")
    on = ("switch", id_, "on", "--key", "k2")
    cheaper = ("change", id_, "--usd-per-gpu-hour-below", "2", "--version", "3", "--key", "k3")
    assert [acted(necto, *act)["version"] for act in (off, on, cheaper)] == [2, 3, 4]

    assert [acted(necto, *act)["version"] for act in (off, on, cheaper)] == [4, 4, 4]
    other = necto("alerts", "change", id_, "--usd-per-gpu-hour-below", "1", "--key", "k3")
    assert (other.exit_code, "was used for another command" in other.stderr) == (2, True)


@pytest.mark.parametrize("act", [["change", "--usd-per-gpu-hour-below", "1"], ["switch", "off"]])
def test_an_act_on_what_somebody_else_changed_meanwhile_is_refused_in_words(necto, act):
    id_ = added(necto)["rule"]
    acted(necto, "change", id_, "--usd-per-gpu-hour-below", "2")
    result = necto("alerts", act[0], id_, *act[1:], "--version", "1")

    assert result.exit_code == 2
    assert "was changed meanwhile (version 2): look at it again" in result.stderr
    assert [rule["version"] for rule in listed(necto)["rules"]] == [2]


@pytest.mark.parametrize("act", [["remove"], ["acknowledge"], ["change"], ["switch"]])
def test_what_is_not_there_is_said(necto, act):
    result = necto("alerts", *act, "none", *(["off"] if act == ["switch"] else []))

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
