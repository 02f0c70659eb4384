"""What a plan of many jobs decides, rule by rule."""

from decimal import Decimal
from math import inf

import polars as pl
import pytest

from engine.portfolio import portfolio
from engine.portfolio_types import DataPlace, Edge, Limits, Task
from engine.requirement import Standbys
from tests.engine.small_plans import MadeUpMoves, frame, offer

A_AND_B = MadeUpMoves({"a": (1.0, 3.0), "b": (0.5, 2.0)}, is_regional=True)


def job(name="t", *offers, **values):
    return Task(name=name, candidates=frame(*offers), **values)


def taken(plan, task="t"):
    return {p.offer_id: p.machines for p in plan.placements if p.task == task}


def test_each_job_takes_its_cheapest_offer():
    plan = portfolio([job("t", offer("dear", 3), offer("cheap", 2)), job("u", offer("only", 1))])

    assert [(p.task, p.offer_id, p.usd) for p in plan.placements] == [
        ("t", "cheap", 2),
        ("u", "only", 1),
    ]
    assert (plan.status, plan.total_usd, plan.bound_usd, plan.gap) == ("optimal", 3, 3, 0)
    assert plan.method == "dynamic programming"


def test_no_job_is_a_plan_that_costs_nothing():
    for limits in (Limits(), Limits(budgets={"c": Decimal(1)}, network_share_max=0.5)):
        plan = portfolio([], limits=limits)

        assert (plan.status, plan.total_usd, plan.placements) == ("optimal", 0, ())


def test_at_equal_cost_the_first_offer_by_name_is_taken():
    assert taken(portfolio([job("t", offer("b", 1), offer("a", 1))])) == {"a": 1}


def test_jobs_share_what_an_offer_has_free():
    offers = [offer("cheap", 1, capacity=1), offer("dear", 5)]
    plan = portfolio([job("t", *offers), job("u", *offers)])

    assert plan.total_usd == 6
    assert plan.status == "optimal"


def test_offers_of_one_pool_share_its_capacity_by_what_they_use():
    offers = [
        offer("four", 1, pool="p", uses=4, capacity=4),
        offer("one", 2, pool="p", uses=1, capacity=4),
        offer("elsewhere", 9),
    ]
    plan = portfolio([job("t", *offers), job("u", *offers)])

    assert plan.total_usd == 4  # either four and elsewhere (10) or twice one
    assert taken(plan) == taken(plan, "u") == {"one": 1}


def test_an_offer_without_room_for_one_machine_is_not_taken():
    assert taken(portfolio([job("t", offer("full", 1, capacity=0), offer("free", 2))])) == {
        "free": 1
    }


def test_nodes_spread_over_offers_and_in_one_place_do_not():
    offers = [
        offer("p1", 1, capacity=1),
        offer("q1", 2, provider_id="q", capacity=1),
        offer("q2", 5, provider_id="q", capacity=1),
    ]
    spread = portfolio([job("t", *offers, nodes=2)])
    together = portfolio([job("t", *offers, nodes=2, one_place=True)])

    assert (spread.total_usd, taken(spread)) == (3, {"p1": 1, "q1": 1})
    assert (together.total_usd, taken(together)) == (7, {"q1": 1, "q2": 1})


def test_smaller_machines_add_up_to_exactly_what_was_asked():
    offers = [offer("8", 10, gpus=8), offer("4", 4, gpus=4), offer("3", 1, gpus=3)]
    whole = portfolio([job("t", *offers, gpus=8)])
    combined = portfolio([job("t", *offers, gpus=8, combine=True)])

    assert taken(whole) == {"8": 1}
    assert (taken(combined), combined.total_usd) == ({"4": 2}, 8)
    assert combined.placements[0].gpus == 8


def test_a_job_goes_where_its_data_is_when_moving_costs_more():
    prepare = job("prepare", offer("a", 1, network="a"))
    train = job("train", offer("a", 9, network="a"), offer("b", 1, network="b"))
    edges = [Edge(source="prepare", target="train", gb=Decimal(10))]

    near = portfolio([prepare, train], edges, tariff=A_AND_B)
    free = portfolio([prepare, train], edges)

    assert (taken(near, "train"), near.total_usd, near.moves[0].usd) == ({"a": 1}, 10, 0)
    assert (taken(free, "train"), free.total_usd) == ({"b": 1}, 2)


def test_data_that_lies_somewhere_pulls_its_reader():
    read = job("read", offer("a", 5, network="a"), offer("b", 1, network="b"))
    lake = [DataPlace(name="lake", network="a", region="r")]
    plan = portfolio(
        [read], [Edge(source="lake", target="read", gb=Decimal(2))], data=lake, tariff=A_AND_B
    )

    assert taken(plan, "read") == {"a": 1}
    assert [p.task for p in plan.placements] == ["read"]


def test_regions_of_one_network_are_different_places_only_with_a_regional_tariff():
    two = [
        job("t", offer("r", network="a")),
        job("u", offer("s", network="a", region="s")),
    ]
    edges = [Edge(source="t", target="u", gb=Decimal(10))]
    flat = MadeUpMoves({"a": (1.0, 3.0)}, is_regional=False)

    assert portfolio(two, edges, tariff=A_AND_B).moves[0].usd == 10
    assert portfolio(two, edges, tariff=flat).moves[0].usd == 0


def test_a_move_whose_price_nobody_knows_says_so():
    two = [job("t", offer("o", network="x")), job("u", offer("o", network="a"))]
    there, back = (Edge(source=s, target=t, gb=Decimal(1)) for s, t in (("t", "u"), ("u", "t")))

    assert [m.is_known for m in portfolio(two, [there], tariff=A_AND_B).moves] == [False]
    assert [m.is_known for m in portfolio(two, [back], tariff=A_AND_B).moves] == [True]
    stays = portfolio([job("t", offer("o", network="x")), two[0].__class__(
        name="v", candidates=two[0].candidates)],
        [Edge(source="t", target="v", gb=Decimal(1))], tariff=A_AND_B)  # fmt: skip
    assert [m.is_known for m in stays.moves] == [True]


DEAR_INSIDE = MadeUpMoves({"a": (5.0, 1.0)}, is_regional=True)
"""Small amounts: the first gigabytes to the internet are often cheaper than between regions."""
WATCHED = Limits(budgets={"c": Decimal(100)})


def test_moving_inside_a_network_may_cost_more_than_leaving_it():
    tasks = [
        job("t", offer("t", 1, network="a")),
        job("u", offer("s", 1, network="a", region="s"), offer("b", 2, network="b")),
    ]
    edges = [Edge(source="t", target="u", gb=Decimal(1))]
    plan = portfolio(tasks, edges, tariff=DEAR_INSIDE, limits=WATCHED)

    assert (taken(plan, "u"), plan.total_usd) == ({"b": 1}, 4)


def test_data_of_jobs_in_several_regions_goes_the_cheapest_way():
    one_each = {"capacity": 1}
    tasks = [
        job("t", *(offer(r, 1, network="a", region=r, **one_each) for r in ("r", "q")), nodes=2),
        job(
            "u",
            offer("must", 0, network="b", **one_each),
            offer("s", 1, network="a", region="s", **one_each),
            offer("b", 2, network="b", **one_each),
            nodes=2,
        ),
    ]
    edges = [Edge(source="t", target="u", gb=Decimal(1))]
    plan = portfolio(tasks, edges, tariff=DEAR_INSIDE, limits=WATCHED)

    assert taken(plan, "u") == {"must": 1, "b": 1}
    assert (plan.moves[0].usd, plan.total_usd) == (1, 5)


def test_a_budget_counts_the_machines_and_the_data_that_leaves():
    prepare = job("prepare", offer("a", 1, network="a"), cost_centre="c")
    train = job("train", offer("a", 9, network="a"), offer("b", 1, network="b"), cost_centre="d")
    edges = [Edge(source="prepare", target="train", gb=Decimal(2))]
    plans = [
        portfolio([prepare, train], edges, tariff=A_AND_B, limits=Limits(budgets=budgets))
        for budgets in ({}, {"c": Decimal(6)}, {"c": Decimal(6), "d": Decimal(8)})
    ]

    assert [(plan.status, plan.total_usd) for plan in plans] == [
        ("optimal", 8),
        ("optimal", 10),
        ("infeasible", 0),
    ]


@pytest.mark.parametrize("kind", ["provider", "network"])
def test_no_seller_gets_more_than_its_share_of_spend(kind):
    offers = [
        offer("p", 2, network="a"),
        offer("q", 3, provider_id="q", network="b" if kind == "network" else "a"),
    ]
    tasks = [job(name, *offers) for name in "tuvw"]
    plan = portfolio(tasks, limits=Limits(**{f"{kind}_share_max": 0.6}))

    assert plan.total_usd == 10
    assert max(sum(p.usd for p in plan.placements if p.offer_id == o) for o in "pq") <= 6


def test_standbys_keep_apart_and_hold_their_capacity():
    offers = [
        offer("p", 1),
        offer("also-p", 2),
        offer("q", 3, provider_id="q", capacity=1),
        offer("z", 9, network="z"),
    ]
    one = job("t", *offers, standbys=Standbys(count=1))
    far = job("t", *offers, standbys=Standbys(count=1, other_network=True))
    plan = portfolio([one])

    assert [(s.offer_id, s.machines) for s in plan.standbys] == [("q", 1)]
    assert plan.total_usd == 1  # waiting is free
    assert [s.offer_id for s in portfolio([far]).standbys] == ["z"]
    twice = portfolio([one, job("u", *offers, standbys=Standbys(count=1))])
    assert sorted(s.offer_id for s in twice.standbys) == ["q", "z"]


def test_standbys_that_are_paid_for_count_in_the_total_and_the_budget():
    offers = [offer("p", 4), offer("q", 8, provider_id="q")]
    one = job("t", *offers, standbys=Standbys(count=1), cost_centre="c")
    paid = portfolio([one], limits=Limits(standby_share=0.5))
    poor = portfolio([one], limits=Limits(standby_share=0.5, budgets={"c": Decimal("7.99")}))

    assert paid.total_usd == 8
    assert poor.status == "infeasible"


@pytest.mark.parametrize("kept", ["hosting", "datacenter"])
def test_a_standby_whose_hosting_or_city_is_not_known_does_not_count_as_another(kept):
    unknown = offer("q", 1, provider_id="q", hosting_provider=None, city=None)
    known = [offer(i, 2, provider_id=i, hosting_provider=i, city=i, region=i) for i in ("k", "l")]
    asked = Standbys(count=1, **{f"other_{kept}": True})

    assert portfolio([job("t", unknown, known[0], standbys=asked)]).status == "infeasible"
    plan = portfolio([job("t", unknown, *known, standbys=asked)])
    assert sorted([*taken(plan), *(s.offer_id for s in plan.standbys)]) == ["k", "l"]


def test_a_job_is_left_out_whole_when_placing_it_costs_more_than_it_is_worth():
    gang = {"nodes": 2, "worth_usd": Decimal(5)}
    cheap = portfolio([job("t", offer("o", 2), **gang)])
    dear = portfolio([job("t", offer("o", 3), **gang)])
    half = portfolio([job("t", offer("o", 1, capacity=1), **gang)])

    assert (cheap.left_out, cheap.total_usd) == ((), 4)
    assert [(p.left_out, p.total_usd, p.placements) for p in (dear, half)] == [(("t",), 0, ())] * 2


def test_data_for_a_job_that_is_left_out_is_not_moved():
    tasks = [
        job("t", offer("a", 1, network="a")),
        job("u", offer("b", 1, network="b"), worth_usd=Decimal(2)),
    ]
    plan = portfolio(tasks, [Edge(source="t", target="u", gb=Decimal(1))], tariff=A_AND_B)

    assert (plan.left_out, plan.total_usd, plan.moves) == (("u",), 1, ())


def test_the_gap_is_stated_when_the_time_is_over():
    """Jobs that take much where they are cheap: a generalised assignment problem of type D."""
    sellers, jobs, numbers = 12, 48, iter(_numbers())
    tasks = []
    for at in range(jobs):
        uses = [1 + next(numbers) % 100 for _ in range(sellers)]
        offers = [
            offer(f"o{i}", 111 - used + next(numbers) % 21, uses=used, capacity=170)
            for i, used in enumerate(uses)
        ]
        tasks.append(job(f"t{at:02}", *offers))
    plan = portfolio(tasks, seconds=1.0)

    assert plan.status == "feasible"
    assert plan.gap == pytest.approx((plan.total_usd - plan.bound_usd) / plan.total_usd)
    assert 0 < plan.gap < 0.2
    assert len(plan.placements) == jobs


def _numbers():
    """A fixed sequence without a pattern."""
    number = 7
    while True:
        number = (number * 1103515245 + 12345) % 2**31
        yield number >> 8


def test_without_time_nothing_is_claimed():
    offers = [offer("cheap", 1, capacity=1), offer("dear", 5, capacity=1)]
    plan = portfolio([job("t", *offers), job("u", *offers)], seconds=0.0)

    assert (plan.status, plan.gap, plan.placements) == ("unknown", inf, ())


def test_the_solver_says_nothing_on_the_screen(capfd):
    offers = [offer("cheap", 1, capacity=1), offer("dear", 5)]
    portfolio([job("t", *offers), job("u", *offers)])

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"tasks": [job(), job()]}, "t: there twice"),
        ({"edges": [Edge(source="t", target="x", gb=Decimal(1))]}, "t -> x: no job x"),
        ({"edges": [Edge(source="t", target="t", gb=Decimal(1))]}, "circle"),
        ({"edges": [Edge(source="t", target="lake", gb=Decimal(1))],
          "data": [DataPlace(name="lake", network="a")]}, "lake is where data lies"),
        ({"limits": Limits(budgets={"c": Decimal(-1)})}, "budget of c"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        portfolio(**{"tasks": [job("t", offer())]} | arguments)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"usd": -1.0}, "landed_usd"),
        ({"usd": float("nan")}, "landed_usd"),
        ({"usd": float("inf")}, "landed_usd"),
        ({"usd": 1e13}, "landed_usd"),
        ({"capacity": -1}, "capacity"),
        ({"uses": 0}, "uses"),
        ({"network": None}, "network"),
    ],
)
def test_absurd_offers_are_refused_by_name(wrong, said):
    with pytest.raises(ValueError, match=rf"t: offer o: .*{said}"):
        portfolio([job("t", offer("o", **wrong))])


def test_an_offer_that_is_there_twice_and_a_missing_column_are_refused():
    with pytest.raises(ValueError, match="there twice"):
        portfolio([job("t", offer(), offer())])
    with pytest.raises(ValueError, match="lack landed_usd, capacity"):
        portfolio([Task(name="t", candidates=frame(offer()).drop("landed_usd", "capacity"))])


def test_a_frame_with_only_the_wanted_columns_will_do():
    names = ["offer_id", "network", "provider_id", "region", "country_code", "landed_usd"]
    bare = frame(offer()).select(*names, pl.lit(None).alias("capacity"))

    assert portfolio([Task(name="t", candidates=bare)]).total_usd == 1
