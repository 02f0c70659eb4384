"""An order in words before anybody confirms it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.order_words import Around, dollars, extend_words, stop_words, told_before
from engine.orders import Order
from engine.placing import From, Terms, order_id_of, placed_of
from tests.kept import JOB, NOW, small_record

AROUND = Around(
    provider_name="b.example", hosting="A host", city="Bonn", limit_cents=None, committed_cents=0,
    free_cents=1_000_000,
)  # fmt: skip
OFFER = {"gpu_name": "h100", "vcpu": 16.0, "memory_gib": 256.0, "storage_gib": None}
TERMS = Terms(cost_centre="CC-1", hours=Decimal(10))


def drafted(terms: Terms = TERMS, above: str | None = None, **job):
    record = small_record(JOB.model_copy(update=job))
    limit = None if above is None else Decimal(above)
    policy = record.policy.model_copy(update={"approval_above_usd": limit})
    made_from = From(
        record=record.model_copy(update={"policy": policy}), digest="sha256:1", policy_editor=None
    )
    quote = next(one for one in record.quotes if one.network == "akash")
    placed = placed_of("sbx-a", made_from, quote, OFFER, terms, "ines", NOW, is_simulated=True)
    return placed, quote


def placed_order():
    return drafted()[0]


def told(terms: Terms = TERMS, around: Around = AROUND, above: str | None = None, **job):
    return {part.title: part for part in told_before(*drafted(terms, above, **job), around)}


def text(part) -> str:
    return " ".join(part.lines)


def test_it_says_what_is_bought_and_the_most_that_it_may_cost():
    parts = told()

    assert "8 × H100-SXM, 16 vCPU, 256 GiB RAM, 20 GiB disk on Akash" in text(
        parts["What is bought"]
    )
    assert "never bought above" in text(parts["What is bought"])
    assert "is set aside: the most that it may cost (for 10 h" in text(parts["What it may cost"])


def test_it_says_where_data_goes_and_that_others_may_serve_it():
    said = text(told()["Where data goes"])

    assert "To b.example in Bonn, " in said
    assert "hosting company: A host" in said
    assert "Data class: internal" in said


def test_a_job_without_countries_is_warned_that_it_may_run_anywhere():
    ceiling = replace(TERMS, usd_per_hour_max=Decimal(50))
    assert "from anywhere" in text(told(ceiling, countries=frozenset())["Where data goes"])


@pytest.mark.parametrize(
    ("above", "says"),
    [(None, "sets no amount"), ("9999", "is not above"), ("5", "A second person, not ines")],
)
def test_it_says_who_must_agree(above, says):
    assert says in text(told(above=above)["Who must agree"])


def test_an_open_ended_job_says_when_its_money_ends_it():
    open_ended = told(replace(TERMS, hours=None, own_sdl="x"))

    assert "until you stop it" in text(open_ended["When it ends"])
    assert "open-ended" in text(open_ended["What it may cost"])
    assert "your own SDL" in text(open_ended["What is bought"])


def test_money_that_is_not_there_is_a_warning_with_the_numbers():
    short = told(around=replace(AROUND, limit_cents=100, committed_cents=40))["Budget"]

    assert short.has_warning
    assert "$1.00, $0.40 committed; −$" in text(short)
    assert not told()["Budget"].has_warning


def test_a_key_makes_one_id_that_a_network_takes_as_a_name():
    first = order_id_of("sandbox", "i", "k")

    assert first == order_id_of("sandbox", "i", "k")
    assert first != order_id_of("sandbox", "i", "other")
    assert first.startswith("sbx-")
    assert len(first) == 30
    assert order_id_of("live", "i", "k") == first.replace("sbx", "ord")


def test_dollars_have_their_sign_before_and_thousands_apart():
    assert (dollars(1_234_567), dollars(-5)) == ("$12,345.67", "−$0.05")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("waiting", "it ends at once"),
        ("buying", "is closed"),
        ("active", "data on it is lost"),
        ("closing", "already"),
        ("closed", "nothing to stop"),
    ],
)
def test_stopping_names_what_it_brings_about_in_each_state(state, says):
    placed = placed_order()
    order = Order(placed=placed, state=state, ordinal=1, since=NOW, hold_cents=placed.hold_cents)

    assert says in stop_words(order)


def test_extending_an_open_ended_job_above_the_policy_needs_somebody_else():
    placed, _ = drafted(replace(TERMS, hours=None), above="200")
    order = Order(placed=placed, state="active", ordinal=1, since=NOW, hold_cents=19_900)

    assert "paid for 5 h more" in extend_words(order, Decimal(5))
    assert "somebody else than ines must do it" in extend_words(order, Decimal(5))


def test_so_little_cpu_that_nothing_would_start_is_a_warning():
    placed, quote = drafted()
    small = placed.model_copy(update={"vcpu": Decimal("0.1")})

    assert told_before(small, quote, AROUND)[0].has_warning
    assert not told_before(placed, quote, AROUND)[0].has_warning
