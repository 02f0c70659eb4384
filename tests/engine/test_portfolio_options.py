"""Which offers of a plan's jobs are looked at."""

from engine.portfolio_options import prepared
from engine.portfolio_types import Limits, Task
from engine.requirement import Standbys
from tests.engine.small_plans import frame, offer


def left(*tasks, limits=Limits(), is_regional=True):  # noqa: B008 - a frozen value
    jobs = prepared(tasks, [], limits, is_regional=is_regional)
    return [[option.offer_id for option in job.options] for job in jobs.jobs]


def test_of_offers_that_differ_in_price_only_the_cheapest_is_left():
    offers = [offer(i, usd) for i, usd in (("c", 3), ("b", 2), ("a", 2))]

    assert left(Task(name="t", candidates=frame(*offers))) == [["a"]]


def test_as_many_bounded_offers_are_left_as_the_plan_could_exhaust():
    offers = frame(*(offer(i, usd, capacity=1) for usd, i in enumerate("abcde", start=1)))
    two = [Task(name=name, candidates=offers) for name in "tu"]

    assert left(*two) == [["a", "b"]] * 2
    assert left(*two, Task(name="v", candidates=offers)) == [["a", "b", "c"]] * 3


def test_an_offer_that_does_not_end_ends_the_list():
    offers = [offer("a", 1, capacity=1), offer("b", 2), offer("c", 3)]
    two = [Task(name=name, candidates=frame(*offers)) for name in "tu"]

    assert left(*two) == [["a", "b"]] * 2


def test_offers_stay_apart_where_a_rule_tells_them_apart():
    offers = frame(
        offer("p", 1),
        offer("q", 2, provider_id="q"),
        offer("s", 3, region="s"),
        offer("h", 4, hosting_provider="h"),
        offer("z", 5, network="z"),
    )
    asked = Standbys(count=1, other_hosting=True)

    assert left(Task(name="t", candidates=offers), is_regional=False) == [["p", "z"]]
    assert left(Task(name="t", candidates=offers)) == [["p", "s", "z"]]
    assert left(Task(name="t", candidates=offers, nodes=2, one_place=True)) == [
        ["p", "q", "s", "z"]
    ]
    assert left(Task(name="t", candidates=offers, standbys=asked)) == [["p", "q", "s", "h", "z"]]


def test_with_shares_of_spend_every_offer_stays():
    offers = [offer("a", 1), offer("b", 2)]

    assert left(Task(name="t", candidates=frame(*offers)), limits=Limits(network_share_max=1)) == [
        ["a", "b"]
    ]


def test_only_pools_that_the_plan_could_exhaust_are_watched():
    task = Task(
        name="t",
        nodes=2,
        candidates=frame(
            offer("a", 1, capacity=3), offer("b", 1, capacity=1, region="s"), offer("c", 9)
        ),
    )
    jobs = prepared([task], [], Limits(), is_regional=True)

    assert jobs.capacities == {"b": 1}
    assert [option.pool for option in jobs.jobs[0].options] == [None, "b"]


def test_the_least_capacity_told_of_a_pool_is_what_it_has():
    one = Task(name="t", candidates=frame(offer("a", 1, capacity=5)))
    other = Task(name="u", candidates=frame(offer("a", 1, capacity=1)))

    assert prepared([one, other], [], Limits(), is_regional=True).capacities == {"a": 1}
