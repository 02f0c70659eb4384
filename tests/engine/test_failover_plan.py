"""Standbys share nothing that may fail at once; what is not known is not known to differ."""

from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.failover_plan import LOOKED_AT, FailoverPlan, Site, chosen_of, failover_plan
from engine.market import Offer, Provider
from engine.outcomes import FAILED, OUTCOME_SCHEMA, STATUS_UNKNOWN
from engine.policy import Policy, Risk
from engine.requirement import Gpus, Requirement, Standbys
from engine.routing import prepared, route
from tests.engine.test_routing import LAWS
from tests.route_worlds import NOW, facts_of, frame_of
from tests.support import offer


def planned(
    listed: list[Offer],
    *,
    by: list[Provider] | None = None,
    failed: list[dict[str, Any]] | None = None,
    policy: Policy | None = None,
    blocked: frozenset[str] = frozenset(),
    **asked: Any,
) -> FailoverPlan:
    need = Requirement(gpus=Gpus(count=1, models=frozenset({"H100"})), standbys=Standbys(**asked))
    frame = pl.DataFrame(failed, schema=dict(OUTCOME_SCHEMA)) if failed else None
    market = prepared(frame_of(listed), facts_of(by, failures=frame), NOW)
    return failover_plan(route(need, market, policy, NOW, blocked=blocked))


def usd(price: str, offer_id: str, **changes: Any) -> Offer:
    fields = {"offer_id": offer_id, "usd_per_hour": Decimal(price), "provider_id": offer_id}
    return offer(**(fields | changes))


def site(provider_id: str, **changes: Any) -> Provider:
    fields = {"network": "akash", "provider_id": provider_id, "observed_at": NOW}
    return Provider(**(fields | {"source_kind": "live", "source": "a test"} | changes))


def happened(provider_id: str, hours_ago: float = 0, outcome: str = FAILED) -> dict[str, Any]:
    at = (NOW - timedelta(hours=hours_ago)).replace(tzinfo=None)
    return {
        "network": "akash", "provider_id": provider_id, "offer_id": None, "at": at,
        "outcome": outcome, "minutes": None,
    }  # fmt: skip


def ids(plan: FailoverPlan) -> list[str]:
    assert plan.primary
    return [quote.offer_id for quote in (plan.primary, *plan.standbys)]


def test_no_two_of_a_plan_have_the_same_provider():
    listed = [usd("1", "a"), usd("2", "b", provider_id="a"), usd("3", "c"), usd("4", "d")]
    plan = planned(listed)
    assert (ids(plan), plan.asked, plan.notes) == (["a", "c", "d"], 2, ())


def test_other_networks_are_asked_for():
    listed = [usd("1", "a"), usd("2", "b"), usd("3", "c", network="lium")]
    plan = planned(listed, other_network=True, count=1)
    assert ids(plan) == ["a", "c"]


def test_an_unknown_hosting_company_does_not_count_as_another_one():
    by = [site("a", hosting_provider="Hetzner"), site("b"), site("c", hosting_provider=" HETZNER")]
    listed = [usd("1", "a"), usd("2", "b"), usd("3", "c"), usd("4", "d")]
    plan = planned(listed, by=[*by, site("d", hosting_provider="OVH")], other_hosting=True)
    assert ids(plan) == ["a", "d"]
    assert plan.notes == (
        "standbys: 2 wanted, 1 found",
        "1 offers were left out: whether they differ is not known",
    )


def test_when_the_first_offers_own_hosting_is_not_known_none_is_known_to_differ():
    plan = planned([usd("1", "a"), usd("2", "b")], other_hosting=True, count=1)
    assert ids(plan) == ["a"]
    assert "the hosting company of a is not known, so none is known to differ" in plan.notes


@pytest.mark.parametrize(
    ("here", "there", "differs"),
    [
        (("DE", "Berlin"), ("DE", "Munich"), True),
        (("DE", "Berlin"), ("DE", "berlin"), False),
        (("DE", None), ("DE", "Berlin"), False),
        (("DE", None), ("US", None), True),
        ((None, None), ("US", None), False),
    ],
)
def test_a_datacenter_differs_where_its_city_or_country_is_known_to(here, there, differs):
    listed = [
        usd(price, name, country_code=place[0], city=place[1])
        for price, name, place in (("1", "a", here), ("2", "b", there))
    ]
    assert ids(planned(listed, other_datacenter=True)) == (["a", "b"] if differs else ["a"])


def test_one_organization_on_two_networks_is_one_provider():
    by = [site("a", organization="Org"), site("b", network="lium", organization="org")]
    listed = [usd("1", "a"), usd("2", "b", network="lium"), usd("3", "c", network="lium")]
    assert ids(planned(listed, by=by, count=1)) == ["a", "c"]


def test_a_network_that_names_no_provider_is_one_provider_and_that_is_said():
    listed = [usd("1", "a", provider_id=None), usd("2", "b", provider_id=None)]
    plan = planned([*listed, usd("3", "c", network="lium", provider_id=None)], count=1)
    assert ids(plan) == ["a", "c"]
    assert plan.notes == (
        "akash does not name the provider of a", "lium does not name the provider of c",
    )  # fmt: skip


def test_a_recent_failure_puts_an_offer_back_and_an_old_one_does_not():
    listed = [usd("1", "a"), usd("1.2", "b"), usd("5", "c")]
    recent = planned(listed, failed=[happened("a")])
    assert ids(recent) == ["b", "a", "c"]
    assert recent.notes == (
        "a is cheapest and was put back: recent failures of its provider weigh 1",
    )
    assert ids(planned(listed, failed=[happened("a", 72)])) == ["a", "b", "c"]
    quick = Policy(name="p", failure_half_life_hours=1.0)
    assert ids(planned(listed, failed=[happened("a", 3)], policy=quick)) == ["a", "b", "c"]


def test_a_status_that_could_not_be_fetched_puts_nothing_back():
    listed = [usd("1", "a"), usd("1.01", "b")]
    plan = planned(listed, failed=[happened("a", outcome=STATUS_UNKNOWN)] * 9)
    assert (ids(plan), plan.notes[1:]) == (["a", "b"], ())


def test_where_the_policy_ranks_by_risk_failures_count_once():
    policy = Policy(name="p", objective="cost_and_risk", risk=Risk(recent_failure=0.15))
    listed = [usd("1", "a"), usd("1.2", "b")]
    assert ids(planned(listed, failed=[happened("a")], policy=policy)) == ["a", "b"]


def test_without_an_offer_there_is_no_plan():
    plan = planned([])
    assert (plan.primary, plan.standbys, plan.notes) == (None, (), ("no offer passes",))


def test_a_blocked_offer_is_in_no_plan():
    assert ids(planned([usd("1", "a"), usd("2", "b")], blocked=frozenset({"a"}))) == ["b"]


def test_no_standbys_may_be_asked_for():
    plan = planned([usd("1", "a"), usd("2", "b")], count=0)
    assert (ids(plan), plan.notes) == (["a"], ())


words = st.sampled_from([None, "x", "y", "z"])
some_sites = st.lists(
    st.tuples(
        st.sampled_from(["n1", "n2", "n3"]), st.sampled_from(["p", "q", None]),
        st.sampled_from([None, None, "org"]), words, st.sampled_from([None, "de", "us"]), words,
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip
asked_for = st.builds(
    Standbys,
    count=st.integers(0, 4),
    other_network=st.booleans(),
    other_hosting=st.booleans(),
    other_datacenter=st.booleans(),
)


def apart(one: Site, other: Site, asked: Standbys) -> bool:
    """Say by hand whether two sites may stand in one plan."""
    if one.network == other.network:
        known = None not in {one.provider_id, other.provider_id}
        is_apart = known and one.provider_id != other.provider_id
    else:
        is_apart = not (one.organization and one.organization == other.organization)
    if asked.other_network:
        is_apart = is_apart and one.network != other.network
    if asked.other_hosting:
        is_apart = is_apart and bool(one.hosting and other.hosting)
        is_apart = is_apart and one.hosting != other.hosting
    if asked.other_datacenter:
        pairs = ((one.country, other.country), (one.city, other.city))
        is_apart = is_apart and any(a and b and a != b for a, b in pairs)
    return is_apart


@LAWS
@given(some_sites, asked_for)
def test_a_plan_is_the_first_of_the_longest_that_trying_everything_finds(drawn, asked):
    sites = [Site(row, f"o{row}", *values, 0.0) for row, values in enumerate(drawn)]
    best: tuple[Site, ...] = ()
    for size in range(min(asked.count + 1, len(sites)), 0, -1):
        plans = (
            (sites[0], *others) for others in combinations(sites[1:], size - 1)
        )  # in the order of their first standby, then the second
        whole = [
            plan for plan in plans if all(apart(*pair, asked) for pair in combinations(plan, 2))
        ]
        if whole:
            best = whole[0]
            break

    assert chosen_of(sites, asked) == (list(best), True)


def test_a_search_that_would_not_end_takes_the_best_found_so_far():
    cells = [(h, c) for h in range(12) for c in range(12) if min(h, c) < 3]
    sites = [
        Site(n, f"o{n}", "n", f"p{n}", None, f"h{h}", "de", f"c{c}", 0.0)
        for n, (h, c) in enumerate(cells)
    ]
    asked = Standbys(count=20, other_hosting=True, other_datacenter=True)
    chosen, is_whole = chosen_of(sites, asked)
    assert (len(chosen), is_whole) == (5, False)  # one more row or column has none left


def test_a_plan_says_when_not_everything_was_tried():
    cells = [(h, c) for h in range(12) for c in range(12) if min(h, c) < 3]
    listed = [usd(f"{n + 1}", f"o{n:03}", city=f"c{c}") for n, (_, c) in enumerate(cells)]
    by = [site(f"o{n:03}", hosting_provider=f"h{h}") for n, (h, _) in enumerate(cells)]
    plan = planned(listed, by=by, count=20, other_hosting=True, other_datacenter=True)
    assert plan.notes[-1] == "not every choice was tried: 2,000 were"


def test_a_plan_says_when_not_every_quote_was_looked_at():
    listed = [usd("1", f"o{n:05}", provider_id="p1") for n in range(LOOKED_AT + 1)]
    plan = planned([*listed, usd("9", "z")], count=1)
    assert plan.notes[-1] == "only the first 10,000 quotes were looked at"
