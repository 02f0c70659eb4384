"""The planner against trying everything: random small plans, every rule in every mixture."""

from decimal import Decimal
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.portfolio import portfolio
from engine.portfolio_types import DataPlace, Edge, Limits, Task
from engine.requirement import Standbys
from tests.engine.small_plans import MadeUpMoves, cheapest, frame, minimised, offer

FEW = settings(max_examples=120, deadline=None)
SMALL = st.integers(0, 3)
USD = st.integers(1, 9)
RARELY = st.sampled_from([False, False, False, True])


@st.composite
def offers(draw, gpus=(1,)):
    """Up to four of six machines, some of them the same for every job that draws them."""
    ids = draw(st.lists(st.integers(0, 5), min_size=2, max_size=4, unique=True))
    return frame(*(
        offer(
            f"o{i}",
            float(draw(USD)),
            network="ab"[i % 2],
            provider_id=["p", "q", None][i % 3],
            region="rs"[i // 3],
            hosting_provider=["h", "k", None, "h", "m", "n"][i],
            city=["x", "y", "x", None, "z", "w"][i],
            capacity=draw(st.sampled_from([None, None, None, 0, 2, 3])),
            gpus=draw(st.sampled_from(gpus)),
            pool=draw(st.sampled_from([None, None, "shared"])),
            uses=draw(st.sampled_from([1, 1, 2])),
        )
        for i in ids
    ))  # fmt: skip


@st.composite
def tasks(draw, most=3, *, is_plain=False):
    count = draw(st.integers(1, most))
    return [_task(draw, index, is_plain=is_plain) for index in range(count)]


def _task(draw, index, *, is_plain):
    combine = not is_plain and draw(st.booleans())
    standbys = 0 if is_plain else draw(st.sampled_from([0, 0, 0, 0, 1, 1, 2]))
    return Task(
        name=f"t{index}",
        candidates=draw(offers(gpus=(1, 2))) if combine else draw(offers()),
        gpus=2 if combine else 1,
        nodes=draw(st.integers(1, 2)),
        one_place=draw(st.booleans()),
        combine=combine,
        cost_centre=draw(st.sampled_from([None, "c", "d"])),
        standbys=Standbys(
            count=standbys,
            other_network=draw(RARELY),
            other_hosting=draw(RARELY),
            other_datacenter=draw(RARELY),
        ),
        worth_usd=None if is_plain else draw(st.sampled_from([None, None, Decimal(6)])),
    )


@st.composite
def graphs(draw, most=3, *, is_plain=False):
    of = draw(tasks(most, is_plain=is_plain))
    pairs = [(i, j) for j in range(len(of)) for i in range(j)]
    used = draw(st.lists(st.sampled_from(pairs), max_size=4)) if pairs else []
    edges = [Edge(source=f"t{i}", target=f"t{j}", gb=Decimal(draw(SMALL))) for i, j in used]
    if draw(st.booleans()):
        edges.append(Edge(source="lake", target="t0", gb=Decimal(2)))
    rates = {name: (draw(SMALL) / 2, float(draw(SMALL))) for name in "ab"}
    return of, edges, MadeUpMoves(rates, is_regional=draw(st.booleans()))


limits = st.builds(
    Limits,
    budgets=st.dictionaries(
        st.sampled_from("cd"), st.integers(3, 30).map(Decimal), max_size=1
    ),
    provider_share_max=st.sampled_from([None, None, None, 0.5, 0.75]),
    network_share_max=st.sampled_from([None, None, None, 0.6, 0.8]),
    standby_share=st.sampled_from([0.0, 0.5]),
)  # fmt: skip
LAKE = [DataPlace(name="lake", network="a", region="r")]


def check(graph, limits=Limits()):  # noqa: B008 - a frozen value
    of, edges, tariff = graph
    expected = cheapest(of, edges, LAKE, limits, tariff)
    plan = portfolio(of, edges, data=LAKE, limits=limits, tariff=tariff)

    if expected == inf:
        assert plan.status == "infeasible"
        assert plan.conflicts
        assert plan.is_smallest
    else:
        assert plan.status == "optimal"
        assert minimised(plan, of) == pytest.approx(expected, abs=1e-5)
        assert plan.bound_usd == pytest.approx(expected, abs=1e-5)
    return plan


@FEW
@given(graphs(), limits)
def test_a_plan_under_every_rule_costs_what_trying_everything_finds(graph, limits):
    check(graph, limits)


@FEW
@given(graphs())
def test_a_plan_without_limits_costs_what_trying_everything_finds(graph):
    check(graph)


@FEW
@given(graphs(5, is_plain=True))
def test_a_graph_of_jobs_costs_what_trying_everything_finds(graph):
    check(graph)


@FEW
@given(graphs(), limits, st.randoms(use_true_random=False))
def test_the_order_of_offers_does_not_change_the_plan(graph, limits, random):
    of, edges, tariff = graph
    mixed = [
        Task(**{
            **{name: getattr(task, name) for name in Task.__slots__},
            "candidates": task.candidates.sample(
                fraction=1.0, shuffle=True, seed=random.randrange(1000)
            ),
        })
        for task in of
    ]  # fmt: skip
    plans = [
        portfolio(these, edges, data=LAKE, limits=limits, tariff=tariff) for these in (of, mixed)
    ]

    assert plans[0] == plans[1]
