"""Conditions on how an offer is sold: term, kind of price, availability, price and age."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal, localcontext

import polars as pl

from engine.conditions import JOB, Asked, Condition, Row, condition, listed, number, text_of
from engine.landed import machine_usd_per_hour
from engine.market import MOMENT, PRICE, Term
from engine.money import PRICE_SCALE
from engine.requirement import Requirement

_PRECISION = 60  # digits while computing: prices have 38
_ULP = Decimal(1).scaleb(-PRICE_SCALE)
_PRICE_MAX = Decimal(10) ** 19  # more than any price, and what a column of prices can hold
_HOURS_MAX = 36_500 * 24
"""A century: older than any price, and no date overflows."""


def deal_conditions(asked: Asked) -> Iterator[Condition]:
    """Return the conditions over the rows of ``Prepared.deals``."""
    yield _terms(JOB, terms_of(asked.requirement))
    for by, rules in asked.sources[1:]:
        if rules.terms is not None:
            yield _terms(by, rules.terms)
    yield _availability(asked)
    is_price_of_machine = pl.col("rankable") & pl.col("price_basis").ne_missing("gpu_only")
    yield condition(
        "not_rankable",
        is_price_of_machine,
        _kind_of_price,
        "a machine's price",
        by=JOB,
        lead="its price is {}",
        silent="its price is a worked example",
        demand="needs {}",
    )
    is_valid = pl.col("valid_from").fill_null(asked.start.date()) <= asked.start.date()
    is_valid &= pl.col("valid_until").fill_null(asked.end.date()) >= asked.end.date()
    yield condition(
        "validity",
        is_valid,
        _days,
        f"{asked.start:%Y-%m-%d} to {asked.end:%Y-%m-%d}",
        by=JOB,
        lead="the contract holds {}",
        silent="days of the contract not known",
        demand="lasts {}",
    )


def offer_conditions(asked: Asked) -> Iterator[Condition]:
    """Return the conditions over the rows of ``Prepared.offers``: price and age."""
    need, policy = asked.requirement, asked.policy
    if need.usd_per_hour_max is not None:
        yield _price(asked, need.usd_per_hour_max)
    if policy.usd_per_gpu_hour_max is not None:
        most = policy.usd_per_gpu_hour_max
        yield condition(
            "gpu_price",
            pl.col("usd_per_gpu_hour") <= pl.lit(most, PRICE),
            text_of("usd_per_gpu_hour", unit=" USD"),
            f"{number(most)} USD",
            by=f"policy {policy.name}",
            lead="{} per GPU-hour",
            silent="price per GPU-hour not known",
            demand="allows at most {}",
        )
    if policy.price_age_hours_max is not None:
        hours = policy.price_age_hours_max
        oldest = asked.start - timedelta(hours=min(hours, _HOURS_MAX))
        yield condition(
            "age",
            pl.col("priced_at") >= pl.lit(oldest, MOMENT),
            _priced_at,
            f"{number(hours)} hours",
            by=f"policy {policy.name}",
            lead="price of {}",
            silent="age of the price not known",
            demand="allows an age of {}",
        )


def terms_of(requirement: Requirement) -> frozenset[Term]:
    """Return the terms that a job takes: spot if it may be interrupted, reserved if asked for."""
    terms = requirement.terms
    if terms is None:
        terms = frozenset({"on_demand", "contract", "spot"})
    return terms if requirement.interruptible else terms - {"spot"}


def _terms(by: str, terms: frozenset[Term]) -> Condition:
    note = " (spot needs interruptible: true)" if by == JOB and "spot" not in terms else ""
    return condition(
        "term",
        pl.col("term").is_in(sorted(terms)),
        text_of("term"),
        listed(terms) or "no term",
        by=by,
        lead="sold as {}",
        silent="term not known",
        demand=f"takes {{}}{note}",
    )


def _availability(asked: Asked) -> Condition:
    must_know = asked.policy.availability_known
    free = pl.col("available")
    return condition(
        "unavailable",
        free if must_know else free.fill_null(value=True),
        lambda _row: "not available",
        "available",
        by=f"policy {asked.policy.name}" if must_know else JOB,
        lead="{}",
        silent="whether it is available is not known",
        demand="needs it {}",
    )


def _price(asked: Asked, most: Decimal) -> Condition:
    """Compare exactly; where the buyer chooses the shape, with the ceiling of the priced one."""
    count = asked.requirement.gpus.count
    machines = asked.market.machines
    ceiling = pl.lit(most, PRICE)
    if machines["gpu_count_max"].null_count() < machines.height:
        pairs = machines.select("gpu_count", "gpu_count_max").iter_rows()
        each = [
            most if chosen is None else ceiling_of(most, priced, count) for priced, chosen in pairs
        ]
        ceiling = pl.lit(pl.Series(each, dtype=PRICE)).gather(pl.col("machine"))
    return condition(
        "price",
        pl.col("usd_per_hour") <= ceiling,
        lambda row: f"{number(machine_usd_per_hour(row, count))} USD",
        f"{number(most)} USD",
        by=JOB,
        lead="{} an hour",
        silent="price not known",
        demand="allows at most {}",
    )


def ceiling_of(most: Decimal, priced: int, count: int) -> Decimal:
    """Return the highest price of ``priced`` GPUs of which ``count`` cost at most so much.

    ``stored(price * count / priced) <= most``, solved for the price, which has 18 decimals.
    """
    with localcontext(prec=_PRECISION):
        border = (most + _ULP / 2) * priced / count  # from here on it rounds to more than ``most``
        return min(border.quantize(_ULP, ROUND_CEILING) - _ULP, _PRICE_MAX)


def _kind_of_price(row: Row) -> str:
    return "of the GPU alone" if row["price_basis"] == "gpu_only" else "a worked example"


def _days(row: Row) -> str:
    first, last = row["valid_from"], row["valid_until"]
    return " ".join([f"from {first}"] * bool(first) + [f"until {last}"] * bool(last))


def _priced_at(row: Row) -> str:
    return f"{row['priced_at']:%Y-%m-%d %H:%M} UTC"
