"""What a decision says of each offer: a quote with every term of its cost, or all its refusals."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

CostCode = Literal[
    "compute", "storage", "egress", "ingress", "network_fee", "platform_fee", "conversion",
    "interruption",
]  # fmt: skip
Evidence = Literal["quoted", "documented", "published", "inferred", "assumed", "unknown"]
"""How sure a term is. ``unknown``: the seller has not said; it counts as zero and is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTerm:
    """One term of a landed cost in USD, for the job (for an hour where it is open-ended).

    ``low_usd`` and ``high_usd`` differ from ``usd`` where inputs are uncertain. ``note``: how it
    comes about, in words that a buyer understands, with its source.
    """

    code: CostCode
    usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    evidence: Evidence
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer that the job may take, and what it would cost in all.

    ``usd_per_hour``: the price of the asked machine; ``total_usd``: landed cost of the job, None
    when open-ended; ``landed_usd_per_hour`` and ``landed_usd_per_gpu_hour``: with every term.
    ``deposit_usd``: cash that is bound, not spent. ``is_estimate``: the seller's bid decides.
    ``availability``: how often such machines were seen free (0..1), None: too little data.
    """

    offer_id: str
    network: str
    provider_id: str | None
    gpu_model: str | None
    gpu_count: int
    country_code: str | None
    term: str
    usd_per_hour: Decimal
    total_usd: Decimal | None
    low_usd: Decimal
    high_usd: Decimal
    landed_usd_per_hour: Decimal
    landed_usd_per_gpu_hour: Decimal
    billed_hours: Decimal
    terms: tuple[CostTerm, ...]
    deposit_usd: Decimal
    is_estimate: bool
    available: bool | None
    observed_at: datetime
    availability: float | None = None
    start_minutes: float | None = None
    volatility: float | None = None
    score: float | None = None
    score_terms: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an offer was refused: a stable code, the offending and the required value, a sentence."""

    code: str
    found: str | None
    required: str
    sentence: str
