"""Orders, budgets, the treasury and the freeze, as a person types them."""

import json
from datetime import UTC, datetime

import pytest

from data.policies import import_policy
from tests.placed import AT_QUOTE, KOFI, TEXT, ordered, read, running, stores_of

STRICT = "name: strict\napproval_above_usd: 5\n"
PLACE = ("--cost-centre", "CC-1", "--hours", "10", "--ceiling", "2", "--as", "ines")


@pytest.fixture
def stores(tmp_path):
    return stores_of(tmp_path)


@pytest.fixture
def job(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_text(TEXT)
    return str(file)


def told(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_an_order_is_placed_listed_and_shown_with_its_story(necto, stores, job):
    made = told(necto("order", "place", "--requirement", job, *PLACE, "--yes", "--json"))
    (row,) = told(necto("order", "list", "--json"))
    shown = necto("order", "show", made["order"][:12]).stdout

    assert (row["order"], row["state"], row["held_usd"]) == (made["order"], "placed", "20.00")
    assert "persona:ines-romero placed the order; $20.00 was set aside" in shown
    assert "next: the worker must buy it until" in shown


def test_before_it_is_placed_it_says_what_happens_and_asks(necto, stores, job):
    asked = necto("order", "place", "--requirement", job, *PLACE)  # nobody answers

    assert asked.exit_code != 0
    for heading in ("What is bought", "Where data goes", "If it fails", "When it ends", "Budget"):
        assert heading in asked.stdout
    assert told(necto("order", "list", "--json")) == []


def test_the_same_key_is_the_same_order(necto, stores, job):
    typed = ("order", "place", "--requirement", job, *PLACE, "--key", "k", "--yes", "--json")

    assert told(necto(*typed))["order"] == told(necto(*typed))["order"]


def test_a_kept_decision_is_ordered_by_the_beginning_of_its_digest(necto, stores, job):
    kept = told(necto("route", "--requirement", job, "--save", "--json"))["decision"]
    made = told(necto("order", "place", "--decision", kept[:20], *PLACE, "--yes", "--json"))

    assert made["decision"] == kept


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ((), "--requirement FILE and --decision DIGEST"),
        (("--ceiling", "1"), "is below the quoted"),
        (("--hours", "0"), "--hours must be more than nothing"),
        (("--funded-hours", "2"), "name one"),
        (("--offer", "lium:x"), "cannot buy on Lium"),
        (("--sdl", "none.yaml"), "cannot be read"),
        (("--as", "tom"), "Ines Romero can"),
    ],
)
def test_what_cannot_be_ordered_is_refused_in_words(necto, stores, job, typed, says):
    of = ("--requirement", job) if typed else ()
    refused = necto("order", "place", *of, *PLACE, *typed, "--yes")

    assert refused.exit_code == 2
    assert says in refused.stderr


def test_a_second_person_approves_and_the_first_may_not(necto, stores):
    import_policy(stores.house, STRICT, KOFI)
    name = ordered(stores, text=f"{TEXT}policy: strict\n").order_id
    mine = necto("order", "approve", name, "--as", "ines", "--yes")
    done = told(necto("order", "approve", name, "--as", "tom", "--yes", "--json"))

    assert mine.exit_code == 2
    assert "Tom Adeyemi can" in mine.stderr
    assert (done["state"], done["approved_by"]) == ("placed", "persona:tom-adeyemi")


def test_a_rejected_order_says_who_and_why(necto, stores):
    import_policy(stores.house, STRICT, KOFI)
    name = ordered(stores, text=f"{TEXT}policy: strict\n").order_id
    done = told(necto("order", "reject", name, "--why", "too dear", "--as", "tom", "--json"))

    assert done["state"] == "declined"
    assert done["reasons"] == ["persona:tom-adeyemi rejected it: too dear"]
    assert done["hold"] == {"spent_usd": "0.00", "left_usd": "0.00"}


def test_a_running_order_is_extended_and_cancelled_after_its_consequence_was_said(necto, stores):
    known = running(stores.records, ordered(stores, terms=AT_QUOTE))
    read(stores.records, known, "1.5")
    longer = told(
        necto("order", "extend", known.order_id, "--hours", "5", "--yes", "--json", "--as", "ines")
    )
    asked = necto("order", "cancel", known.order_id, "--why", "done", "--as", "ines")
    done = told(necto("order", "cancel", known.order_id, "--why", "done", "--yes", "--json"))

    assert (longer["held_usd"], longer["runs_hours"], longer["cost_usd"]) == ("30.00", "15", "1.50")
    assert "data on it is lost" in asked.stdout
    assert asked.exit_code != 0
    assert done["reasons"][0].endswith("stopped it: done")


def test_an_order_that_is_not_there_and_one_of_several_are_told(necto, stores):
    ordered(stores, "a"), ordered(stores, "b")

    assert "no order 'sbx-none'" in necto("order", "show", "sbx-none").stderr
    assert "2 orders begin with 'sbx-'" in necto("order", "show", "sbx-").stderr


def test_a_running_order_shows_where_it_is_reached_and_what_it_costs(necto, stores):
    known = running(stores.records, ordered(stores))
    read(stores.records, known, "1.5", health="silent")
    shown = necto("order", "show", known.order_id).stdout

    assert "from de for $2.000 an hour" in shown
    assert "service job: 1 of 1 ready, job.example" in shown
    assert "needs you: its provider does not answer" in shown


def test_a_budget_is_set_and_an_order_beyond_it_refused_with_the_numbers(necto, stores, job):
    month = f"{datetime.now(UTC):%Y-%m}"
    told(necto("budget", "set", "--cost-centre", "CC-1", "--usd", "15", "--as", "fay", "--json"))
    refused = necto("order", "place", "--requirement", job, *PLACE, "--yes")
    (row,) = told(necto("budget", "list", "--json"))

    assert "the budget of CC-1" in refused.stderr
    assert row == {
        "month": month, "cost_centre": "CC-1", "limit_usd": "15.00", "committed_usd": "0.00",
        "left_usd": "15.00",
    }  # fmt: skip
    bad = necto("budget", "set", "--cost-centre", "CC-1", "--usd", "much")
    assert (bad.exit_code, "is no amount" in bad.stderr) == (2, True)


def test_the_treasury_begins_with_play_money_and_takes_deposits(necto):
    assert "play money" in necto("treasury", "show").stdout
    done = told(
        necto(
            "treasury", "deposit", "--usd", "10.50", "--reference", "B-1", "--as", "fay", "--json"
        )
    )

    assert done == {"free_usd": "100010.50"}
    for usd, says in (("1.005", "whole cents"), ("x", "not a number"), ("0", "more than")):
        refused = necto("treasury", "deposit", "--usd", usd, "--reference", "B-2")
        assert (refused.exit_code, says in refused.stderr) == (2, True)


def test_a_freeze_stops_buying_until_an_administrator_ends_it(necto, stores, job):
    frozen = told(necto("freeze", "--why", "a leak", "--as", "ines", "--json"))
    refused = necto("order", "place", "--requirement", job, *PLACE, "--yes")

    assert not frozen["may_buy"]
    assert "buying is frozen by persona:ines-romero" in refused.stderr
    assert "Noor Haddad can" in necto("unfreeze", "--as", "ines").stderr
    assert "everybody may buy" in necto("unfreeze", "--as", "noor").stdout


def test_what_akash_cannot_run_is_refused_before_anybody_is_asked(necto, stores, tmp_path):
    file = tmp_path / "quiet.yaml"
    file.write_text(TEXT.replace("ports: [{port: 80}]\n", ""))
    refused = necto("order", "place", "--requirement", str(file), *PLACE)

    assert refused.exit_code == 2
    assert "it cannot be bought so" in refused.stderr
    assert "port" in refused.stderr


def test_an_own_deployment_file_tells_every_fault_at_once(necto, stores, job, tmp_path):
    sdl = tmp_path / "own.yaml"
    sdl.write_text('version: "2.0"\nservices: {web: {image: nginx:1.27, expose: [{port: 0}]}}\n')
    refused = necto("order", "place", "--requirement", job, *PLACE, "--yes", "--sdl", str(sdl))

    assert refused.exit_code == 2
    assert all(word in refused.stderr for word in ("port", "profiles", "deployment"))


def test_everything_is_ended_after_saying_what_that_means(necto, stores, job):
    made = told(necto("order", "place", "--requirement", job, *PLACE, "--yes", "--json"))["order"]
    asked = necto("stop-all", "--why", "fire", "--as", "noor")
    ended = told(necto("stop-all", "--why", "fire", "--as", "noor", "--yes", "--json"))

    assert asked.exit_code != 0
    assert "would be cancelled or closed" in asked.stderr
    assert ended["ended"] == [made]
    assert told(necto("order", "list", "--json")) == []
