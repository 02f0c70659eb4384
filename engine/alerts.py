"""Whether what people want to be told about is so: rules against the newest reading and the last.

A reading can be missing, old or half: then a rule cannot be judged, which is said, and neither
opens an alert nor closes one. Prices flicker: an alert about a price or a machine stays open
through one quiet reading and closes at the second, so that it does not open again at the third.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from engine.alert_facts import STALE_HOURS, Facts, Look, firing, is_live, quiet, run_of, unknown
from engine.alert_rules import (
    AvailabilityReturns,
    KeptRule,
    NetworkSilent,
    PriceBelow,
    SignatureLost,
    count,
    usd,
)
from engine.alert_signatures import signature_verdict
from engine.alert_silence import silence_verdict
from engine.alert_states import Evidence, Verdict
from engine.market import PRICE, naive_utc
from engine.names import TERM_NAMES, network_name
from engine.resources import UnknownGpu
from engine.runs import STALE_AFTER
from engine.savings import MODELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is so for one version of a rule."""

    kept: KeptRule
    verdict: Verdict


def judged(
    rules: Sequence[KeptRule], look: Look, opened: Mapping[str, Evidence]
) -> list[Judgement]:
    """Judge every rule that is on, in their order.

    ``opened``: what the alert that is open for a rule, if any, was opened for, by the rule's id.
    """
    return [
        Judgement(kept=kept, verdict=_verdict(kept, look, opened.get(kept.id)))
        for kept in rules
        if kept.is_on
    ]


def _verdict(kept: KeptRule, look: Look, opened: Evidence | None) -> Verdict:
    try:
        match kept.rule:
            case PriceBelow():
                return _price(kept.rule, look, opened)
            case AvailabilityReturns():
                return _availability(kept.rule, look, opened)
            case NetworkSilent():
                return silence_verdict(kept.rule, look, opened)
            case SignatureLost():
                return signature_verdict(kept.rule, look, opened)
    except UnknownGpu as error:
        return unknown(str(error))


# Prices


def _price(rule: PriceBelow, look: Look, opened: Evidence | None) -> Verdict:
    models = look.catalogue.select(rule.gpu)
    newest, before = (_sold(f.offers, rule, models) for f in (look.newest, look.before))
    is_fresh = _is_fresh(look.now)
    hits = newest.filter(_is_wanted(rule))
    if (found := hits.filter(is_fresh)).height:
        return _too_low(rule, found.row(0, named=True), look)
    keeps = bool(hits.height or before.filter(_is_wanted(rule)).height)
    what = f"{rule.gpu} {TERM_NAMES[rule.term]}"
    if newest.is_empty():
        if before.is_empty() and opened is None:
            return unknown(f"No firm live price of {what} has been seen on {rule.where}.")
        return quiet(f"No {what} is offered on {rule.where} now.", keeps=keeps)
    fresh = newest.filter(is_fresh)
    if fresh.is_empty():
        return unknown(f"Every price of {what} on {rule.where} is older than {STALE_HOURS} hours.")
    return quiet(_cheapest(rule, fresh), keeps=keeps)


def _sold(offers: pl.DataFrame, rule: PriceBelow, models: frozenset[str]) -> pl.DataFrame:
    """Return the firm prices that the rule is about, cheapest first."""
    where = pl.col("network").is_in(rule.networks) if rule.networks else ~pl.col("is_baseline")
    return offers.filter(
        pl.col("gpu_model").is_in(sorted(models)),
        pl.col("term") == rule.term,
        pl.col("rankable"),
        ~pl.col("price_basis").is_in(MODELLED),
        is_live(),
        where,
    ).sort("usd_per_gpu_hour", "offer_id")


def _is_wanted(rule: PriceBelow) -> pl.Expr:
    is_cheap = pl.col("usd_per_gpu_hour") < pl.lit(rule.usd_per_gpu_hour_below, dtype=PRICE)
    return is_cheap & pl.col("available").fill_null(value=False) if rule.free_only else is_cheap


def _is_fresh(now: datetime) -> pl.Expr:
    is_agreed = pl.col("source_kind") == "contract"  # its days say whether it holds
    return is_agreed | (pl.col("observed_at") >= naive_utc(now) - STALE_AFTER)


def _too_low(rule: PriceBelow, row: dict[str, Any], look: Look) -> Verdict:
    free = ", free" if row["available"] else ""
    price: Decimal = row["usd_per_gpu_hour"]
    return firing(
        f"{row['gpu_model']} {TERM_NAMES[rule.term]} costs {usd(price)} per GPU-hour on "
        f"{network_name(row['network'])}{free}: below {usd(rule.usd_per_gpu_hour_below)}.",
        _offer_evidence(row, look),
    )


def _cheapest(rule: PriceBelow, fresh: pl.DataFrame) -> str:
    """Say how far the market is from the ceiling; ``fresh`` is sorted, and not empty."""
    free = fresh.filter(pl.col("available").fill_null(value=False)) if rule.free_only else fresh
    if free.is_empty():
        return f"None of {count(fresh.height, 'offer')} is known to be free."
    row = free.row(0, named=True)
    price, where = usd(row["usd_per_gpu_hour"]), network_name(row["network"])
    return f"The cheapest costs {price} per GPU-hour, on {where}."


def _offer_evidence(row: dict[str, Any], look: Look) -> Evidence:
    network = row["network"]
    is_read = row["source_kind"] == "live"
    return Evidence(
        network=network,
        offer_id=row["offer_id"],
        provider_id=row["provider_id"],
        usd_per_gpu_hour=row["usd_per_gpu_hour"],
        observed_at=row["observed_at"].replace(tzinfo=UTC),
        run_id=run_of(look.newest.readings, network) if is_read else None,
        run_before=run_of(look.before.readings, network) if is_read else None,
    )


# Availability


def _availability(rule: AvailabilityReturns, look: Look, opened: Evidence | None) -> Verdict:
    name = network_name(rule.network)
    reading = look.newest.readings.get(rule.network)
    if reading is None:
        return unknown(f"{name} has not been read live yet.")
    if look.is_old(reading.at):
        return unknown(f"The last good reading of {name} is older than {STALE_HOURS} hours.")
    models = look.catalogue.select(rule.gpu) if rule.gpu else frozenset[str]()
    found, is_free = _free(look.newest, rule, models)
    was_free = _free(look.before, rule, models)[1]
    what = rule.subject[:1].upper() + rule.subject[1:]
    if is_free is None:
        return unknown(f"{name} does not say whether {rule.subject} is free.")
    if found is None:
        return quiet(f"{what} is not free on {name}.", keeps=was_free is not False)
    if opened is None and was_free is not False:
        known = "and was at the reading before" if was_free else "whether it was before is not told"
        return quiet(f"{what} is free on {name}, {known}.", keeps=True)
    price = usd(found["usd_per_gpu_hour"])
    return firing(
        f"{what} is free again on {name}, at {price} per GPU-hour.", _offer_evidence(found, look)
    )


def _free(
    facts: Facts, rule: AvailabilityReturns, models: frozenset[str]
) -> tuple[dict[str, Any] | None, bool | None]:
    """Return the cheapest free offer, and whether there is one; None where that is not known."""
    if rule.network not in facts.readings:
        return None, None
    sold = facts.offers.filter(source_kind="live", network=rule.network)
    if rule.offer_id:
        sold = sold.filter(pl.col("offer_id") == rule.offer_id)
    else:
        is_model = pl.col("gpu_model").is_in(sorted(models))
        sold = sold.filter(is_model, pl.col("rankable"), pl.col("term") == rule.term)
    free = sold.filter(pl.col("available").fill_null(value=False))
    if free.height:
        return free.sort("usd_per_gpu_hour", "offer_id").row(0, named=True), True
    return None, None if sold["available"].null_count() else False
