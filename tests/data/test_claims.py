"""Two workers share the orders: none is seen to by both, and none waits for a lost worker."""

from datetime import timedelta

import pytest

from data.claims import claimed, released
from data.ordering import place, stop
from data.orders import seen
from tests.orders import INES, Clock, opened, running, step, tell, wanted

LASTING = timedelta(seconds=60)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(tmp_path, clock):
    records = opened(f"sqlite:///{tmp_path / 'b.sqlite'}", clock)
    yield records
    records.close()


def claims(book, worker, most=10, states=("placed", "buying", "closing")):
    return claimed(book, worker, states, most, LASTING)


def test_two_workers_never_get_the_same_order(records_url):
    book, clock = opened(records_url), Clock()
    for n in range(5):
        place(book, wanted(f"sbx-{n}"), INES, f"k{n}")
    first, second = claims(book, "a", 3), claims(book, "b")
    assert sorted([*first, *second]) == [f"sbx-{n}" for n in range(5)]
    assert (len(first), claims(book, "c"), claims(book, "a")) == (3, [], first)
    released(book, "a", dict.fromkeys(first, clock.now))
    assert sorted(claims(book, "b")) == sorted([*first, *second])
    book.close()


def test_a_claim_that_is_over_is_anybodys(book, clock):
    place(book, wanted(), INES, "k")
    assert claims(book, "a") == ["sbx-1"]
    clock.goes_on(seconds=59)
    assert claims(book, "b") == []
    clock.goes_on(seconds=1)
    assert claims(book, "b") == ["sbx-1"]
    released(book, "a", {"sbx-1": clock.now})  # too late: it is b's now
    with book.reading() as view:
        assert seen(view, "sbx-1").claimed_by == "b"


def test_what_is_not_due_yet_and_what_is_in_another_state_is_left(book, clock):
    place(book, wanted(), INES, "k")
    assert claims(book, "a", states=("active",)) == []
    claims(book, "a")
    released(book, "a", {"sbx-1": clock.now + timedelta(seconds=5)})
    assert claims(book, "a") == []
    clock.goes_on(seconds=5)
    assert claims(book, "a") == ["sbx-1"]


def test_whoever_a_person_wakes_is_seen_to_at_once_and_first(book, clock):
    order = running(book, "sbx-1")
    place(book, wanted("sbx-2"), INES, "k2")
    claims(book, "watch", states=("active",))
    stop(book, order.order_id, "enough", INES, "stop")
    released(book, "watch", {"sbx-1": clock.now + timedelta(hours=1)})
    assert claims(book, "a") == ["sbx-1", "sbx-2"]
    released(book, "a", {"sbx-1": clock.now + timedelta(hours=1)})
    assert "sbx-1" not in claims(book, "a")


def test_the_longest_due_comes_first(book, clock):
    place(book, wanted("sbx-2"), INES, "k2")
    clock.goes_on(seconds=1)
    order = place(book, wanted("sbx-1"), INES, "k1")
    assert claims(book, "a", 1) == ["sbx-2"]
    tell(book, order, "intent", **step("create"))
    assert claims(book, "b") == ["sbx-1"]
