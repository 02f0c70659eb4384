"""What an offer saves against each hyperscaler, like for like, with a confidence label.

Rules: one rate against the cheapest like-for-like list price of each baseline, never against the
dearest; every difference is named and lowers the label; an old price caps it at C
(docs/decisions/0004-honest-savings.md; FTC 16 CFR 233.1-233.5 for the comparison price).

The headline is the customer's own contracted rate where it is known, else the list price.

A needs the customer's own invoice and measured performance; B: same model, form factor, count,
country and term, no less CPU and RAM, both prices at most 30 days old; C: a difference that is
named; D: a price that is modelled or only an example, never a headline. Only A and B may enter
totals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from engine.market import naive_utc

FRESH_DAYS = 30
_HOURS_A_MONTH = Decimal("438292.8") / 600  # Akash Console: blocks a month over blocks an hour
_GB_PER_GIB = 1.073741824

DIFFERENCES = {
    "count": "GPU count differs",
    "shape": "CPU and RAM differ or are not stated",
    "region": "country differs or is not stated",
    "age": f"a price is older than {FRESH_DAYS} days",
    "basis": "price includes other parts than the baseline's",
    "modelled": "price is an example or lacks the network's fee",
}
SLA_NOTE = "The hyperscaler's service-level agreement is not matched by the network."

MODELLED = ("host_reward_before_network_fee", "customer_price", "as_published_per_gpu", "list")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeRates:
    """What a vCPU and a GB of RAM cost a month (USD), to state what a smaller shape hides."""

    usd_per_vcpu_month: Decimal
    usd_per_gb_month: Decimal
    source: str


AKASH_SHAPE_RATES = ShapeRates(
    usd_per_vcpu_month=Decimal("4.5"),
    usd_per_gb_month=Decimal("1.25"),
    source="Akash Console price table behind POST /v1/pricing (console@d84c9e93, 2026-08-22)",
)
"""The network's own published rates for CPU and RAM without a GPU."""


def best_baselines(baselines: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the cheapest whole-instance price per ``by``, newest and smallest first at a tie.

    Where the customer has a contracted rate (``source_kind`` contract) for a model and term at a
    baseline, its list prices do not count, be they cheaper or dearer and for whatever GPU count:
    what the customer would pay is the comparison (docs/decisions/0006-rate-cards.md).
    """
    return (
        own_rates_first(baselines)
        .sort(
            ["usd_per_gpu_hour", "gpu_count", "observed_at", "offer_id"],
            descending=[False, False, True, False],
        )
        .unique(subset=list(by), keep="first", maintain_order=True)
    )


def own_rates_first(baselines: pl.DataFrame) -> pl.DataFrame:
    """Return the whole-instance prices that count: where there is a contracted rate, only it."""
    whole = baselines.filter(
        pl.col("price_basis") == "instance",
        pl.col("gpu_model").is_not_null(),
        pl.col("rankable"),
    )
    is_contract = pl.col("source_kind") == "contract"
    if not whole.select(is_contract.any()).item():
        return whole
    return whole.filter(is_contract | ~is_contract.any().over("network", "gpu_model", "term"))


def labelled(offer: pl.DataFrame, baselines: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return one offer beside each of these baselines, whatever they sell, with the label.

    The columns are those of ``compared`` without the savings; a model or a term that differs is
    not among the differences, and lowers the label only once it is added.
    """
    others = _renamed(baselines).rename(
        {"gpu_model": "baseline_gpu_model", "term": "baseline_term"}
    )
    return _labelled(offer.join(others, how="cross", maintain_order="left_right"), now)


def compared(offers: pl.DataFrame, baselines: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return one row per offer and baseline that sells the same model on the same term.

    Columns: every offer column, ``baseline`` (aws, azure, gcp), ``baseline_instance``,
    ``baseline_region``, ``baseline_usd_per_gpu_hour``, ``baseline_observed_on``, ``saving`` (a
    fraction; negative is dearer), ``adjustment_usd_per_gpu_hour`` and ``saving_adjusted`` (what
    the baseline's larger CPU and RAM would add at the network's own rates; null where not known),
    ``differences`` (codes of ``DIFFERENCES``), ``confidence`` (B, C or D) and
    ``baseline_source_kind`` (contract: the customer's own rate). A contract price is not too old
    while it is valid, whenever it was agreed; outside its days it always is.
    A model without a known form factor is never compared.
    """
    any_count = _renamed(best_baselines(baselines, ("network", "gpu_model", "term")))
    same_count = _renamed(best_baselines(baselines, ("network", "gpu_model", "term", "gpu_count")))
    sold = offers.filter(pl.col("form_factor").is_not_null() & ~pl.col("is_baseline"))
    exact = sold.join(
        same_count.with_columns(gpu_count=pl.col("baseline_gpu_count")),
        on=["gpu_model", "term", "gpu_count"],
    )
    others = sold.join(any_count, on=["gpu_model", "term"]).join(
        exact.select("offer_id", "baseline"), on=["offer_id", "baseline"], how="anti"
    )
    pairs = pl.concat([exact, others.select(exact.columns)])
    return _labelled(_priced(pairs), now).sort("usd_per_gpu_hour", "offer_id", "baseline")


def cheapest_per_network(offers: pl.DataFrame) -> pl.DataFrame:
    """Return the cheapest offer per network, model and term that is not known to be taken.

    A firm price comes before an example, a list price or one without the network's fee, however
    cheap (``MODELLED``). Offers that must not be ranked (worked examples) and baselines are left
    out.
    """
    return (
        offers.filter(
            ~pl.col("is_baseline"),
            pl.col("rankable"),
            pl.col("gpu_model").is_not_null(),
            pl.col("available").fill_null(value=True),
        )
        .sort(pl.col("price_basis").is_in(MODELLED), "usd_per_gpu_hour", "offer_id")
        .unique(subset=["network", "gpu_model", "term"], keep="first", maintain_order=True)
    )


def _renamed(baselines: pl.DataFrame) -> pl.DataFrame:
    return baselines.select(
        "gpu_model",
        "term",
        baseline=pl.col("network"),
        baseline_offer_id=pl.col("offer_id"),
        baseline_instance=pl.col("provider_name"),
        baseline_region=pl.col("region"),
        baseline_country_code=pl.col("country_code"),
        baseline_gpu_count=pl.col("gpu_count"),
        baseline_vcpu=pl.col("vcpu"),
        baseline_memory_gib=pl.col("memory_gib"),
        baseline_usd_per_gpu_hour=pl.col("usd_per_gpu_hour"),
        baseline_observed_on=pl.col("observed_at").dt.date(),
        baseline_seen_at=pl.coalesce("price_as_of", "observed_at"),
        baseline_valid_from=pl.col("valid_from"),
        baseline_valid_until=pl.col("valid_until"),
        baseline_source=pl.col("source"),
        baseline_source_kind=pl.col("source_kind"),
    )


def _missing(part: str) -> pl.Expr:
    """How much less of a part the offer has per GPU than the baseline; never below zero."""
    here = pl.col(part) / pl.col("gpu_count")
    there = pl.col(f"baseline_{part}") / pl.col("baseline_gpu_count")
    return (there - here).clip(lower_bound=0)


def _priced(pairs: pl.DataFrame) -> pl.DataFrame:
    rates = AKASH_SHAPE_RATES
    usd_per_vcpu_hour = float(rates.usd_per_vcpu_month / _HOURS_A_MONTH)
    usd_per_gib_hour = float(rates.usd_per_gb_month / _HOURS_A_MONTH) * _GB_PER_GIB
    price = pl.col("usd_per_gpu_hour").cast(pl.Float64)
    baseline = pl.col("baseline_usd_per_gpu_hour").cast(pl.Float64)
    extra = _missing("vcpu") * usd_per_vcpu_hour + _missing("memory_gib") * usd_per_gib_hour
    shape_is_chosen = pl.col("price_basis") == "whole_group_bid_incl_cpu_ram_disk"
    return pairs.with_columns(
        saving=1 - price / baseline,
        adjustment_usd_per_gpu_hour=pl.when(shape_is_chosen).then(extra),
    ).with_columns(saving_adjusted=1 - (price + pl.col("adjustment_usd_per_gpu_hour")) / baseline)


def _is_old(seen_at: pl.Expr, side: str, now: datetime) -> pl.Expr:
    """Whether a price is too old; a contract's is valid or not, as long as its days are known."""
    moment = naive_utc(now)
    valid = pl.lit(moment.date()).is_between(f"{side}valid_from", f"{side}valid_until")
    by_age = seen_at < moment - timedelta(days=FRESH_DAYS)
    is_contract = pl.col(f"{side}source_kind") == "contract"
    return pl.when(is_contract & valid.is_not_null()).then(~valid).otherwise(by_age)


def _labelled(pairs: pl.DataFrame, now: datetime) -> pl.DataFrame:
    shape = pl.col("price_basis") == "whole_group_bid_incl_cpu_ram_disk"
    less = (_missing("vcpu") > 0) | (_missing("memory_gib") > 0)
    flags = {
        "count": pl.col("gpu_count") != pl.col("baseline_gpu_count"),
        "shape": less.fill_null(value=True),
        "region": (pl.col("country_code") != pl.col("baseline_country_code")).fill_null(value=True),
        "age": _is_old(pl.coalesce("price_as_of", "observed_at"), "", now)
        | _is_old(pl.col("baseline_seen_at"), "baseline_", now),
        "basis": ~shape & (pl.col("price_basis") != "instance"),
        "modelled": pl.col("price_basis").is_in(MODELLED) | ~pl.col("rankable"),
    }
    codes = [pl.when(flag).then(pl.lit(code)) for code, flag in flags.items()]
    return pairs.with_columns(differences=pl.concat_list(codes).list.drop_nulls()).with_columns(
        confidence=pl.when(pl.col("differences").list.contains("modelled"))
        .then(pl.lit("D"))
        .when(pl.col("differences").list.len() > 0)
        .then(pl.lit("C"))
        .otherwise(pl.lit("B"))
    )
