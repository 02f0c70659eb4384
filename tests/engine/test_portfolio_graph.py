"""Chains, trees and graphs of jobs: the exact answer, and what may be left away before it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.portfolio import portfolio
from engine.portfolio_graph import cheapest_tree, ordered, tables, without_dead_ends
from engine.portfolio_options import prepared
from engine.portfolio_types import Edge, Limits, Task
from tests.engine.small_plans import MadeUpMoves, cheapest, frame, offer

NETWORKS = "abcd"


def edge(source, target, gb=1):
    return Edge(source=source, target=target, gb=Decimal(gb))


@st.composite
def costs(draw, names):
    """A task per name with an offer in some networks and regions, and what moving costs."""
    tasks = []
    for name in names:
        spots = [(network, region) for network in NETWORKS[:3] for region in "rs"]
        used = draw(st.lists(st.sampled_from(spots), min_size=1, max_size=4, unique=True))
        offers = [
            offer(n + r, float(draw(st.integers(1, 9))), network=n, region=r) for n, r in used
        ]
        tasks.append(Task(name=name, candidates=frame(*offers)))
    part = st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0])
    rates = {n: (draw(part), draw(part)) for n in NETWORKS}
    return tasks, MadeUpMoves(rates, is_regional=draw(st.booleans()))


CIRCLE = [edge("t", "u"), edge("t", "v", 2), edge("u", "w"), edge("v", "w")]
TREE = [edge("t", "u"), edge("t", "v", 2), edge("w", "v")]


@settings(max_examples=80, deadline=None)
@given(costs("tuvw"))
def test_a_diamond_costs_what_trying_everything_finds(graph):
    tasks, tariff = graph
    plan = portfolio(tasks, CIRCLE, tariff=tariff)

    assert plan.method == "mixed-integer programming"
    assert plan.total_usd == pytest.approx(cheapest(tasks, CIRCLE, [], Limits(), tariff))


@settings(max_examples=80, deadline=None)
@given(costs("tuvw"))
def test_a_tree_costs_what_trying_everything_finds(graph):
    tasks, tariff = graph
    plan = portfolio(tasks, TREE, tariff=tariff)

    assert plan.method == "dynamic programming"
    assert plan.total_usd == pytest.approx(cheapest(tasks, TREE, [], Limits(), tariff))


@settings(max_examples=80, deadline=None)
@given(costs("tuvw"))
def test_without_dead_ends_the_cheapest_plan_is_still_there(graph):
    tasks, tariff = graph
    jobs = prepared(tasks, [], Limits(), is_regional=tariff.is_regional)
    left = without_dead_ends(jobs, tables(jobs.jobs, CIRCLE, tariff))
    fewer = [
        Task(
            name=job.task.name,
            candidates=frame(
                *(offer(o.offer_id, o.usd, network=o.network, region=o.region) for o in job.options)
            ),
        )
        for job in left.jobs
    ]

    assert all(job.options for job in left.jobs)
    assert cheapest(fewer, CIRCLE, [], Limits(), tariff) == pytest.approx(
        cheapest(tasks, CIRCLE, [], Limits(), tariff)
    )


def test_a_zone_that_another_one_always_beats_is_a_dead_end():
    two = frame(offer("a", 1, network="a"), offer("b", 9, network="b"))
    tasks = [Task(name=name, candidates=two) for name in "tuvw"]
    tariff = MadeUpMoves({"a": (0, 1), "b": (0, 1)}, is_regional=False)
    jobs = prepared(tasks, [], Limits(), is_regional=False)

    left = without_dead_ends(jobs, tables(jobs.jobs, CIRCLE, tariff))

    assert [[o.offer_id for o in job.options] for job in left.jobs] == [["a"]] * 4


def test_several_edges_between_two_jobs_add_up_in_either_direction():
    tasks = [
        Task(name="t", candidates=frame(offer("a", 1, network="a"))),
        Task(name="u", candidates=frame(offer("a", 6, network="a"), offer("b", 1, network="b"))),
    ]
    tariff = MadeUpMoves({"a": (0, 2), "b": (0, 2)}, is_regional=False)

    assert portfolio(tasks, [edge("t", "u")], tariff=tariff).total_usd == 4
    assert portfolio(tasks, [edge("t", "u")] * 3, tariff=tariff).total_usd == 7
    jobs = prepared(tasks, [], Limits(), is_regional=False).jobs
    twice = tables(jobs, [edge("u", "t"), edge("t", "u")], tariff)
    assert cheapest_tree(twice) == [0, 0]


def test_jobs_that_do_not_meet_are_a_forest():
    tasks = [Task(name=n, candidates=frame(offer("b", 2), offer("a", 1))) for n in "tuv"]

    assert portfolio(tasks, [edge("t", "v")]).total_usd == 3


def test_edges_have_an_order_unless_they_run_in_a_circle():
    assert ordered("abc", [edge("a", "b"), edge("b", "c"), edge("a", "c")])
    assert not ordered("abc", [edge("a", "b"), edge("b", "c"), edge("c", "a")])
