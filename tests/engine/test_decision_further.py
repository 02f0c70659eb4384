"""What-if, hyperscalers, price moves and failover as a decision keeps them: told for both."""

import json

from engine.canonical import canonical
from engine.decision_further import further_of
from engine.routing import prepared, route
from tests.kept import JOB, NOW, POLICY, machine, small_decision
from tests.route_worlds import facts_of, frame_of
from tests.support import baseline


def sentences(part) -> list[str]:
    return [one["sentence"] for one in part]


def of(*offers, policy=None, **changes):
    market = prepared(frame_of(list(offers)), facts_of(), NOW, key="k")
    return further_of(route(JOB.model_copy(update=changes), market, policy, NOW))


def aws(price: str, **changes):
    fields = {"offer_id": "aws:p5", "gpu_count": 8, "usd_per_hour": price} | changes
    return baseline(**{**fields, "usd_per_hour": machine("x", price).usd_per_hour})


def test_every_part_can_be_kept_and_says_itself():
    parts = further_of(small_decision())

    assert json.loads(canonical(parts)) == parts
    assert list(parts) == ["what_if", "hyperscalers", "price_moves", "failover", "names"]
    told = [part for name, part in parts.items() if name != "names"]
    assert all(one["sentence"] for part in told for one in part)


def test_a_saving_is_told_as_a_whole_and_never_too_large():
    (one,) = further_of(small_decision())["what_if"]

    assert (one["code"], one["saving"], one["landed_usd_per_hour"]) == (
        "uptime_unknown", "0.3750", "10",
    )  # fmt: skip
    assert "−37.5 % (10.00 USD an hour with c-unknown-uptime)" in one["sentence"]
    assert "asked by policy strict" in one["sentence"]


def test_what_saves_nothing_and_what_would_pass_at_all_are_told():
    dear = of(machine("a", "10"), machine("b", "12", country_code="RU"))
    none = of(machine("b", "12", country_code="RU"))

    assert any("saves nothing" in one for one in sentences(dear["what_if"]))
    assert (
        "1 offer would pass, the cheapest at 12.00 USD an hour with b"
        in (none["what_if"][0]["sentence"])
    )


def test_the_same_job_at_a_hyperscaler_is_compared_both_ways():
    akash = {"networks": frozenset({"akash"})}
    cheaper = of(machine("a", "10"), aws("40"))["hyperscalers"][0]
    dearer = of(machine("a", "10"), aws("5"), **akash)["hyperscalers"][0]
    same = of(machine("a", "10"), aws("5"))["hyperscalers"][0]
    alone = of(aws("5"), **akash)["hyperscalers"][0]
    nothing = of(machine("a", "10"), aws("5", gpu_model="L40S"))["hyperscalers"][0]

    assert "the cheapest quote costs 75 % less, confidence" in cheaper["sentence"]
    assert "the cheapest quote costs more" in dearer["sentence"]
    assert "the cheapest quote costs the same" in same["sentence"]
    assert alone["sentence"] == "AWS: 5.00 USD an hour with aws:p5"
    assert nothing["sentence"] == "AWS: sells nothing that fits"
    assert nothing["landed_usd_per_hour"] is None


def test_price_moves_say_from_where_on_another_offer_is_cheapest():
    parts = of(machine("a", "10"), machine("n", "11", network="nosana", provider_id="q"))
    told = sentences(parts["price_moves"])

    assert told[0] == "all prices may move as they like: the same offer stays cheapest"
    assert any("Akash's prices at +" in one and "n becomes cheapest" in one for one in told)


def test_failover_has_roles_and_says_what_is_missing():
    parts = further_of(small_decision())["failover"]

    assert [one["role"] for one in parts] == ["first", "standby 1", "note"]
    assert parts[2]["sentence"] == "standbys: 2 wanted, 1 found"
    assert of(policy=POLICY)["failover"][0]["role"] == "note"
