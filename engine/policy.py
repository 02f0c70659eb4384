"""What a company allows: the rules that every job meets, and how offers are ranked.

A policy is a file that a person writes and a compliance officer imports; every import is a version.
``docs/policy.md`` explains every field. A job's own conditions come on top: the stricter one holds.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.market import Term
from engine.requirement import (
    Amount,
    Attribute,
    DataClass,
    Fraction,
    Names,
    Told,
    Usd,
    both_ways,
    refuse_conflicts,
)

POLICY_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
FindingWord = Literal["satisfied", "not_satisfied", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is known of a provider and a control, and by which evidence, until when it holds.

    ``provider_id`` None: of the whole network. Without a finding the answer is unknown.
    """

    network: str
    provider_id: str | None
    control: str
    word: FindingWord
    evidence: str | None = None
    expires_at: datetime | None = None


class Rules(Told):
    """Conditions that offers and their providers must meet; what is not given asks for nothing.

    ``controls``: names of controls that must be satisfied, still at the end of the lease; with
    ``unknown_controls: allow`` one that nobody has judged does not refuse (a failed one does).
    """

    countries: Names = frozenset()
    networks: Names = frozenset()
    networks_banned: Names = frozenset()
    providers_banned: Names = frozenset()
    terms: frozenset[Term] | None = None
    datacenter_only: bool = False
    online_only: bool = False
    audited_only: bool = False
    uptime_min: Fraction | None = None
    uptime_days: Literal[1, 7, 30] = 30
    attributes: Annotated[tuple[Attribute, ...], Field(max_length=50)] = ()
    controls: Names = frozenset()
    unknown_controls: Literal["refuse", "allow"] = "refuse"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse_conflicts(both_ways(self.networks, self.networks_banned, "networks"))
        return self


class Risk(Told):
    """What uncertainty costs, as fractions of the landed cost: added before offers are compared.

    ``unknown_uptime`` and ``unknown_availability`` where nothing is known; ``per_downtime`` for
    each unit of downtime (uptime 0.98 and 2.0: 4 %); ``volatility`` times the price's own.
    """

    unknown_uptime: Fraction = 0.05
    per_downtime: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 1.0
    unknown_availability: Fraction = 0.02
    volatility: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.5
    recent_failure: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.5


class Weights(Told):
    """How much each term of the score counts; they are brought to a sum of one."""

    cost: Annotated[float, Field(ge=0, le=1000)] = 0.7
    uptime: Annotated[float, Field(ge=0, le=1000)] = 0.1
    availability: Annotated[float, Field(ge=0, le=1000)] = 0.1
    stability: Annotated[float, Field(ge=0, le=1000)] = 0.05
    reliability: Annotated[float, Field(ge=0, le=1000)] = 0.05

    @model_validator(mode="after")
    def _some(self) -> Self:
        weights = tuple(type(self).model_fields)
        refuse_conflicts(
            (
                not any(getattr(self, weight) for weight in weights),
                weights,
                "at least one weight must be above zero",
            )
        )
        return self


class Policy(Told):
    """One version of a company's rules.

    ``rules`` hold for every job, ``data_classes`` on top for jobs on such data.
    ``price_age_hours_max``: older prices are refused (``age``). ``availability_known``: offers that
    do not say whether they are free are refused. ``approval_above_usd``: an order that sets aside
    more waits for a second person. ``failure_half_life_hours``: how fast a provider's
    failure is forgotten.
    """

    name: Annotated[str, Field(pattern=POLICY_NAME)]
    title: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    rules: Rules = Rules()
    data_classes: dict[DataClass, Rules] = Field(default_factory=dict)
    usd_per_gpu_hour_max: Usd | None = None
    price_age_hours_max: Amount | None = None
    availability_known: bool = False
    cost_centre_required: bool = False
    po_number_required: bool = False
    approval_above_usd: Usd | None = None
    objective: Literal["cost", "cost_and_risk", "score"] = "cost"
    risk: Risk = Risk()
    weights: Weights = Weights()
    failure_half_life_hours: Amount = 24.0

    def rules_for(self, data_class: DataClass) -> tuple[Rules, ...]:
        """Return the rules that a job on such data meets, all of them."""
        special = self.data_classes.get(data_class)
        return (self.rules,) if special is None else (self.rules, special)
