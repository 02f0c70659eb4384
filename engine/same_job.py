"""The same job at each hyperscaler: its cheapest machine that fits, and what is saved against it.

The label follows engine.savings: every difference is named and lowers it; where the customer has a
contracted rate, list prices do not count (docs/decisions/0004-honest-savings.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import polars as pl

from engine.decision import Decision
from engine.gates import GATE, GATES
from engine.quoting import Quoter
from engine.savings import DIFFERENCES, labelled, own_rates_first

ALL_DIFFERENCES: Mapping[str, str] = {
    **DIFFERENCES,
    "model": "GPU model differs",
    "term": "term differs",
}

_COST = "landed_usd_per_hour"
_SHAPE = sum(gate.bit | gate.unknown_bit for gate in GATES if gate.facet == "machine")
_NEVER = GATE["not_rankable"].bit | GATE["unavailable"].bit | GATE["blocked"].bit
_COUNT = GATE["gpu_count"].bit


@dataclass(frozen=True, slots=True, kw_only=True)
class SameJob:
    """A hyperscaler's cheapest offer for the job; ``offer_id`` None: it sells nothing that fits.

    ``landed_usd_per_hour`` is of as many GPUs as the job asks for (a machine of another size counts
    by its part, and "count" is among the ``differences``). ``saving``: of the cheapest offer that
    passes against it, a fraction, negative where the hyperscaler is cheaper; None where no offer
    passes. ``confidence``: B, C or D, of which only B may enter a total.
    """

    baseline: str
    offer_id: str | None
    machine: str | None
    region: str | None
    gpu_model: str | None
    gpu_count: int | None
    term: str | None
    landed_usd_per_hour: Decimal | None
    saving: float | None
    confidence: str | None
    differences: tuple[str, ...]


def same_job(decision: Decision, best: int | None) -> tuple[SameJob, ...]:
    """Return the same job at every hyperscaler of the market, by name.

    ``best``: the row of the cheapest offer that passes. Offers on the same term come first, then on
    demand. Rules on places (countries, networks, compliance) are not asked of a hyperscaler.
    """
    market = decision.market
    places = market.places.select("place", "is_baseline", "network").filter("is_baseline")
    rows = market.offers["place"].is_in(places["place"].implode()).arg_true()
    names = sorted(set(places["network"]))
    if not rows.len():
        return tuple(_nothing(name) for name in names)
    fitting = _fitting(decision, rows, best)
    return tuple(_cheapest(decision, name, fitting, best) for name in names)


def _fitting(decision: Decision, rows: pl.Series, best: int | None) -> pl.DataFrame:
    """Return the baselines whose shape fits, cheapest like for like first; with their landed cost.

    A machine with another number of GPUs comes after every one that has the asked number.
    """
    market = decision.market
    mask = decision.masks.gather(rows)
    own = own_rates_first(market.offers[rows].with_columns(row=rows, mask=mask))
    fits = own.filter((pl.col("mask") & (_SHAPE - _COUNT | _NEVER)) == 0)
    term = "on_demand" if best is None else market.offers["term"][best]
    fits = fits.filter(pl.col("term").is_in([term, "on_demand"]))
    costs = Quoter(decision.requirement, market).costs(fits["row"])
    part = decision.requirement.gpus.count / pl.col("gpu_count")
    is_other = (pl.col("mask") & _COUNT) != 0
    return fits.with_columns(
        is_other=is_other,
        landed=pl.when(is_other).then(costs[_COST] * part).otherwise(costs[_COST]),
    ).sort(pl.col("term") != term, "is_other", "landed", "row")


def _cheapest(decision: Decision, name: str, fitting: pl.DataFrame, best: int | None) -> SameJob:
    found = fitting.filter(pl.col("network") == name).head(1)
    if not found.height:
        return _nothing(name)
    row = found.row(0, named=True)
    quoter = Quoter(decision.requirement, decision.market)
    usd = quoter.exact(row["row"]).landed_usd_per_hour
    if row["is_other"]:
        per_gpu = quoter.exact(row["row"]).landed_usd_per_gpu_hour
        usd = per_gpu * decision.requirement.gpus.count
    saving = confidence = None
    differences: tuple[str, ...] = ()
    if best is not None:
        saving = float(1 - Fraction(quoter.exact(best).landed_usd_per_hour) / Fraction(usd))
        confidence, differences = _label(decision, found, best)
    return SameJob(
        baseline=name,
        offer_id=row["offer_id"],
        machine=row["provider_name"],
        region=row["region"],
        gpu_model=row["gpu_model"],
        gpu_count=row["gpu_count"],
        term=row["term"],
        landed_usd_per_hour=usd,
        saving=saving,
        confidence=confidence,
        differences=differences,
    )


def _label(decision: Decision, baseline: pl.DataFrame, best: int) -> tuple[str, tuple[str, ...]]:
    """Return confidence and differences of the machine as asked; a chosen shape grows with it."""
    part = decision.requirement.gpus.count / pl.col("gpu_count")
    is_chosen = pl.col("gpu_count_max").is_not_null()
    offer = decision.market.offers[[best]].with_columns(
        pl.when(is_chosen).then(pl.col(name) * part).otherwise(name).alias(name)
        for name in ("vcpu", "memory_gib", "gpu_count")
    )
    (pair,) = labelled(offer, baseline, decision.now).to_dicts()
    differences = list(pair["differences"])
    differences += ["model"] * (pair["gpu_model"] != pair["baseline_gpu_model"])
    differences += ["term"] * (pair["term"] != pair["baseline_term"])
    is_like = pair["confidence"] != "B" or not differences
    return pair["confidence"] if is_like else "C", tuple(differences)


def _nothing(name: str) -> SameJob:
    return SameJob(
        baseline=name,
        offer_id=None,
        machine=None,
        region=None,
        gpu_model=None,
        gpu_count=None,
        term=None,
        landed_usd_per_hour=None,
        saving=None,
        confidence=None,
        differences=(),
    )
