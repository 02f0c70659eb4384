"""Two offers, fact by fact: what is the same, what differs, what one of them does not say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from engine.overview import BASELINE_NAMES, Comparison

Verdict = Literal["same", "differs", "unknown"]
Side = Literal["left", "right"]
Row = Mapping[str, Any]

_PLAIN = (
    "usd_per_gpu_hour",
    "usd_per_hour",
    "price_basis",
    "gpu_model",
    "form_factor",
    "gpu_memory_gib",
    "gpu_count",
)
_PER_GPU = ("vcpu", "memory_gib", "storage_gib")
_REST = (
    "term",
    "valid_from",
    "valid_until",
    "country_code",
    "country_evidence",
    "region",
    "network",
    "provider",
    "tier",
    "available",
    "available_count",
    "source_kind",
    "price_made",
    "observed_at",
    "source",
    "provider_location_type",
    "provider_uptime_30d",
    "provider_is_online",
    "provider_is_audited",
)
_OPTIONAL = frozenset(
    {"valid_from", "valid_until", "region", "country_evidence", "tier", "available_count"}
)
FACTS = (
    *_PLAIN,
    *(f"{part}_per_gpu" for part in _PER_GPU),
    *(f"saving_{name}" for name in BASELINE_NAMES),
    *_REST,
)
"""Codes of the facts that are compared, in the order they are shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of both offers; ``cheaper`` is the side that asks less, for prices only."""

    fact: str
    left: object
    right: object
    verdict: Verdict
    cheaper: Side | None = None


def side_by_side(
    left: Row,
    right: Row,
    left_savings: Sequence[Comparison] = (),
    right_savings: Sequence[Comparison] = (),
) -> list[Line]:
    """Return one line per fact of ``FACTS``; of the optional ones only what one of them states.

    Shapes are per GPU, so that machines of different sizes compare. Savings are ``Comparison``s
    against the same hyperscaler. None is unknown: it is never the same as anything. Facts about
    providers (``engine.provider_search``) are compared where the rows carry them.
    """
    here, there = facts(left, left_savings), facts(right, right_savings)
    lines = (_line(fact, here[fact], there[fact]) for fact in FACTS)
    return [
        line
        for line in lines
        if line.fact not in _OPTIONAL or (line.left, line.right) != (None, None)
    ]


def facts(offer: Row, savings: Sequence[Comparison]) -> dict[str, object]:
    """Return an offer's facts by code; None where it does not say."""
    known = {saving.baseline: saving for saving in savings}
    return (
        {name: offer.get(name) for name in (*_PLAIN, *_REST)}
        | {f"{part}_per_gpu": _per_gpu(offer, part) for part in _PER_GPU}
        | {f"saving_{name}": known.get(name) for name in BASELINE_NAMES}
        | {
            "gpu_model": offer["gpu_model"] or offer["gpu_name"],
            "provider": offer["provider_name"] or offer["provider_id"],
            "price_made": offer["price_as_of"] or offer["observed_at"],
        }
    )


def price_ratio(line: Line) -> float | None:
    """Return how much less the cheaper side asks, as a fraction of the dearer; None without one."""
    if line.cheaper is None:
        return None
    assert isinstance(line.left, Decimal)
    assert isinstance(line.right, Decimal)
    low, high = sorted((line.left, line.right))
    return float(1 - low / high)


def _line(fact: str, left: object, right: object) -> Line:
    if left is None or right is None:
        return Line(fact, left, right, "unknown")
    if left == right:
        return Line(fact, left, right, "same")
    return Line(fact, left, right, "differs", _cheaper(fact, left, right))


def _cheaper(fact: str, left: object, right: object) -> Side | None:
    """Only the price per GPU-hour has a better side: whole machines differ in size."""
    if fact != "usd_per_gpu_hour":
        return None
    assert isinstance(left, Decimal)
    assert isinstance(right, Decimal)
    return "left" if left < right else "right"


def _per_gpu(offer: Row, part: str) -> float | None:
    amount = offer[part]
    return None if amount is None else amount / offer["gpu_count"]
