"""A plan's answer for programs and people, and what may carry its jobs."""

from decimal import Decimal

import pytest

from engine.plan_candidates import candidates_for
from engine.plan_json import plan_told
from engine.plan_text import plan_text
from engine.portfolio_types import Conflict, Portfolio
from engine.requirement import Gpus, Requirement
from engine.routing import prepared
from tests.kept import NOW, machine
from tests.route_worlds import facts_of, frame_of

NODE = Requirement(
    gpus=Gpus(count=8, models=frozenset({"H100"})),
    duration_hours=Decimal(10),
    vcpu_min=64,
    egress_gb=Decimal(100),
    usd_total_max=Decimal(1000),
)


def test_a_plan_that_may_be_bettered_says_by_how_much():
    plan = Portfolio(status="feasible", method="mixed-integer programming", total_usd=0.1 + 0.2,
                     bound_usd=0.25, gap=1 / 6)  # fmt: skip

    assert "0.30 USD in all; the time limit came first" in plan_text(plan)
    assert "up to 16.67% less" in plan_text(plan)
    told = plan_told(plan, {})
    assert (told["total_usd"], told["gap"]) == ("0.3", "0.166667")


@pytest.mark.parametrize(("is_smallest", "lines"), [(True, 2), (False, 3)])
def test_no_plan_says_why(is_smallest, lines):
    conflict = Conflict(code="budget", subject="CC-1", sentence="CC-1 may cost 10 USD")
    plan = Portfolio(status="infeasible", method="mixed-integer programming",
                     conflicts=(conflict,), is_smallest=is_smallest)  # fmt: skip

    assert len(plan_text(plan).splitlines()) == lines
    assert plan_told(plan, {})["conflicts"] == [
        {"code": "budget", "subject": "CC-1", "sentence": "CC-1 may cost 10 USD"}
    ]


def test_a_time_limit_that_came_first_says_what_to_do():
    plan = Portfolio(status="unknown", method="mixed-integer programming")
    assert "give it more time (time_limit_seconds)" in plan_text(plan)


def candidates(*offers, combine=True, need=NODE):
    market = prepared(frame_of(list(offers)), facts_of(), NOW, key="k")
    found = candidates_for(need, market, None, NOW, combine=combine)
    return found.offers.sort("offer_id").to_dicts()


def test_a_machine_of_half_a_node_needs_half_of_everything():
    halves = [
        machine("a", "4", gpu_count=4, vcpu=32.0),
        machine("b", "4", gpu_count=4, vcpu=31.0),
        machine("c", "51", gpu_count=4, vcpu=32.0),
    ]
    (found,) = candidates(*halves)

    assert (found["offer_id"], found["gpus"], found["uses"], found["capacity"]) == ("a", 4, 4, 4)
    assert found["landed_usd"] == pytest.approx(40)
    assert candidates(*halves, combine=False) == []


def test_a_chosen_shape_comes_once_in_its_largest_size():
    chosen = {"gpu_count": 1, "vcpu_max": 64.0, "available_count": None}
    found = candidates(
        machine("a", "2", gpu_count_max=20, **chosen), machine("b", "2", gpu_count_max=5, **chosen)
    )

    assert [(one["gpus"], one["capacity"]) for one in found] == [(8, 20), (4, 5)]


def test_several_nodes_may_be_one_machine_only_where_machines_add_up():
    whole = machine("a", "30", gpu_count=16, vcpu=128.0, available_count=None)
    two = NODE.model_copy(update={"nodes": 2})

    assert [one["gpus"] for one in candidates(whole, need=two)] == [16]
    assert candidates(whole, need=two, combine=False) == []
    assert candidates(whole) == []


def test_a_free_machine_is_at_least_one():
    counts = [
        candidates(machine("a", "9", vcpu=64.0, available_count=count))[0]["capacity"]
        for count in (1, 16, None)
    ]
    assert counts == [8, 16, None]
