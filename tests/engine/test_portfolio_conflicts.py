"""Why a plan cannot be: the conditions in words, and none of them too many."""

from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings

from engine.portfolio import portfolio
from engine.portfolio_conflicts import conflict
from engine.portfolio_options import prepared
from engine.portfolio_rules import modelled
from engine.portfolio_types import Limits
from engine.requirement import Standbys
from engine.tariffs import FreeMoves
from tests.engine.small_plans import offer
from tests.engine.test_portfolio import job
from tests.engine.test_portfolio_oracle import LAKE, graphs, limits

EVERYTHING_APART = (
    "2 standbys, each able to carry it whole, at another provider, network, hosting company, "
    "datacenter than"
)


def said(plan):
    assert plan.status == "infeasible"
    assert plan.is_smallest
    return [conflict.sentence for conflict in plan.conflicts]


def test_a_job_that_nothing_can_carry_is_told_and_so_is_every_other_one():
    plan = portfolio([job("t"), job("u", offer()), job("v", offer(gpus=4), gpus=8, nodes=2)])

    assert said(plan) == [
        "no offer can carry t, which needs a machine with 1 GPU",
        "no offer can carry v, which needs 2 machines with 8 GPUs",
    ]


def test_jobs_that_want_the_same_machine_are_told_with_it():
    tasks = [
        job("t", offer("o", capacity=1)),
        job("u", offer("o", capacity=1)),
        job("v", offer("x")),
    ]

    assert said(portfolio(tasks)) == [
        "t needs a machine with 1 GPU (one offer would do)",
        "u needs a machine with 1 GPU (one offer would do)",
        "o has 1 free, which t, u would share",
    ]


def test_a_budget_is_told_with_the_least_that_would_do():
    tasks = [
        job("t", offer("a", 7), offer("b", 8), cost_centre="c"),
        job("u", offer(usd=1), cost_centre="d"),
    ]
    plan = portfolio(tasks, limits=Limits(budgets={"c": Decimal("6.5"), "d": Decimal(2)}))

    assert said(plan) == [
        "t needs a machine with 1 GPU (2 offers would do)",
        "cost centre c may spend 6.5 USD; the other conditions need at least 7.00 USD",
    ]


def test_a_gang_that_fits_nowhere_is_told_with_its_place():
    halves = [offer("p", capacity=1), offer("q", provider_id="q", capacity=1)]

    assert said(portfolio([job("t", *halves, nodes=2, one_place=True)])) == [
        "t needs 2 machines with 1 GPU (2 offers would do)",
        "all machines of t must be at one provider in one region",
        "p has 1 free for t",
        "q has 1 free for t",
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"count": 1}, "1 standby, each able to carry it whole, at another provider than"),
        ({"count": 2, "other_network": True, "other_hosting": True, "other_datacenter": True},
         EVERYTHING_APART),
    ],
)  # fmt: skip
def test_standbys_that_are_not_there_are_told(asked, words):
    plan = portfolio([job("t", offer(), standbys=Standbys(**asked))])

    assert said(plan)[1] == f"t needs {words} it and than each other"


@pytest.mark.parametrize("kind", ["provider", "network"])
def test_shares_that_cannot_be_are_told(kind):
    plan = portfolio([job("t", offer())], limits=Limits(**{f"{kind}_share_max": 0.5}))

    assert said(plan)[1] == f"no {kind} may have more than 50 % of what all machines cost"


def test_many_offers_without_room_are_one_condition():
    offers = [offer(f"o{i:02}", provider_id=f"p{i}", capacity=1) for i in range(20)]
    told = said(portfolio([job("t", *offers, nodes=2, one_place=True)]))

    assert len(told) == 3
    assert told[2].startswith("the 20 offers that would do have too little free: o00 has 1 free")
    assert told[2].endswith("and 15 more")


def test_without_time_every_condition_is_told_and_that_it_may_be_too_many():
    tasks = [job("t", offer(usd=7), cost_centre="c"), job("u", offer(usd=1), cost_centre="d")]
    budgets = Limits(budgets={"c": Decimal("6.5"), "d": Decimal(2)})
    jobs = prepared(tasks, [], budgets, is_regional=False)
    model = modelled(jobs, [], budgets, FreeMoves())
    conflicts, is_smallest = conflict(model, model.programme.ready(), 0.0)

    assert [one.code for one in conflicts] == ["job", "job", "budget", "budget"]
    assert not is_smallest


@settings(max_examples=80, deadline=None)
@given(graphs(), limits)
def test_a_conflict_cannot_be_met_and_can_with_any_one_condition_lifted(graph, limits):
    tasks, edges, tariff = graph
    plan = portfolio(tasks, edges, data=LAKE, limits=limits, tariff=tariff)
    codes = {c.code for c in plan.conflicts}
    if plan.status != "infeasible" or "no_offer" in codes:
        return
    whole = set(plan.conflicts)
    sets = [whole, *(whole - {one} for one in plan.conflicts)]
    found = [
        portfolio(
            only(tasks, kept), edges, data=LAKE, limits=only_limits(limits, kept), tariff=tariff
        ).status
        for kept in sets
    ]

    assert found == ["infeasible"] + ["optimal"] * len(whole)


def only(tasks, kept):
    """The jobs with nothing asked of them but these conditions."""
    subjects = {(c.code, c.subject) for c in kept}
    of_pool = [_pools(task.candidates).drop_nulls() for task in tasks]
    least = dict(pl.concat(of_pool).group_by("pool").agg(pl.col("capacity").min()).iter_rows())
    return [
        replace(
            task,
            candidates=_room(
                task.candidates, least, {s for code, s in subjects if code == "capacity"}
            ),
            worth_usd=task.worth_usd if ("job", task.name) in subjects else Decimal(10**6),
            one_place=task.one_place and ("one_place", task.name) in subjects,
            standbys=task.standbys if ("standbys", task.name) in subjects else Standbys(count=0),
        )
        for task in tasks
    ]


def _pools(candidates):
    return candidates.select(pl.col("pool").fill_null(pl.col("offer_id")), "capacity")


def _room(candidates, least, pools):
    """Offers whose pool is not in the conflict never end, except those with no room at all."""
    capacities = [
        free if (free := least.get(pool)) is not None and (pool in pools or free < uses) else None
        for pool, uses in zip(_pools(candidates)["pool"], candidates["uses"], strict=True)
    ]
    return candidates.with_columns(pl.Series("capacity", capacities, pl.Int64))


def only_limits(limits, kept):
    codes = {c.code for c in kept}
    budgets = {c.subject for c in kept if c.code == "budget"}
    return replace(
        limits,
        budgets={centre: usd for centre, usd in limits.budgets.items() if centre in budgets},
        provider_share_max=limits.provider_share_max if "provider_share" in codes else None,
        network_share_max=limits.network_share_max if "network_share" in codes else None,
    )
