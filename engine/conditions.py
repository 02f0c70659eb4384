"""What one job asks of offers, condition by condition: who states it, how it is tested, its words.

A condition is one polars expression over the rows that its gate looks at: true passes, false fails
and null is unknown. The job and its policy state their conditions apart; all of them hold, and each
one that refuses an offer says so in its own sentence.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from engine.export import number_text
from engine.gates import GATE, GATES, Gate
from engine.market import naive_utc
from engine.policy import Policy, Rules
from engine.prepared_market import Prepared
from engine.quotes import Reason
from engine.requirement import Requirement

JOB = "the job"
OPEN_ENDED_DAYS = 30
"""An open-ended lease is judged as far ahead as this."""
NO_POLICY = Policy(name="none", title="No policy: only the job's own conditions hold")

Row = Mapping[str, Any]
Shown = Callable[[Row], str | None]
MASK = pl.UInt64()
_PASSED = pl.lit(0, MASK)
_BITS = {g.code: (pl.lit(g.bit, MASK), pl.lit(g.unknown_bit, MASK)) for g in GATES}


class BadRequirement(ValueError):
    """A job cannot be routed as it is stated: the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: the job, the policy, the market, and the lease's first and last moment.

    ``start`` and ``end`` are UTC without an offset, as the market's moments are.
    """

    requirement: Requirement
    policy: Policy
    market: Prepared
    start: datetime
    end: datetime

    @property
    def sources(self) -> tuple[tuple[str, Requirement | Rules], ...]:
        """Who states conditions, and which."""
        return ((JOB, self.requirement), *policy_rules(self.policy, self.requirement))


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One stated condition.

    ``found``: the offer's own value in words, None where it is not known; ``lead``: the sentence's
    first half, with {} for that value; ``silent``: the same where it is unknown. ``by`` states it
    and ``demand`` says what ("allows {}"), with {} for ``required``.
    """

    gate: Gate
    passes: pl.Expr
    found: Shown
    lead: str
    silent: str
    by: str
    demand: str
    required: str

    @property
    def mask(self) -> pl.Expr:
        """The gate's bit where it fails, its other bit where the answer is unknown, else 0."""
        bit, unknown_bit = _BITS[self.gate.code]
        failed = pl.when(self.passes).then(_PASSED).otherwise(bit)
        if not self.gate.unknown_bit:
            return failed
        return pl.when(self.passes.is_null()).then(unknown_bit).otherwise(failed)

    def reason(self, row: Row, *, is_unknown: bool) -> Reason:
        """Return in words why an offer with these values does not meet it."""
        value = None if is_unknown else self.found(row)
        first = self.silent if value is None else self.lead.format(value)
        return Reason(
            code=self.gate.unknown_code if is_unknown else self.gate.code,
            found=value,
            required=self.required,
            sentence=f"{first}; {self.by} {self.demand.format(self.required)}",
        )


def condition(
    code: str,
    passes: pl.Expr,
    found: Shown,
    required: str,
    *,
    by: str,
    lead: str,
    silent: str,
    demand: str,
) -> Condition:
    """Return a condition of the gate with this code."""
    return Condition(
        gate=GATE[code],
        passes=passes,
        found=found,
        lead=lead,
        silent=silent,
        by=by,
        demand=demand,
        required=required,
    )


def policy_rules(policy: Policy, requirement: Requirement) -> list[tuple[str, Rules]]:
    """Return the policy's rules that hold for this job, and who states them."""
    names = (f"policy {policy.name}", f"policy {policy.name} for {requirement.data_class} data")
    return list(zip(names, policy.rules_for(requirement.data_class), strict=False))


def lease_of(requirement: Requirement, now: datetime) -> tuple[datetime, datetime]:
    """Return when the lease begins (now) and ends, as UTC without an offset."""
    start = naive_utc(now)
    hours = requirement.duration_hours
    length = timedelta(days=OPEN_ENDED_DAYS) if hours is None else timedelta(hours=float(hours))
    try:
        return start, start + length
    except OverflowError:
        raise BadRequirement(f"a job from {start:%Y-%m-%d} ends after the last date") from None


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence has them, always in the same order."""
    return ", ".join(sorted(names))


def number(value: float | Decimal | None) -> str | None:
    """Return a number as people write it."""
    if value is None:
        return None
    return number_text(value) if isinstance(value, Decimal) else f"{value:.12g}"


def text_of(*columns: str, unit: str = "") -> Shown:
    """Return how to show the first of these columns that is known."""

    def shown(row: Row) -> str | None:
        value = next((row[name] for name in columns if row[name] is not None), None)
        if value is None or isinstance(value, str):
            return value
        return f"{number(value)}{unit}"

    return shown
