"""A decision as it is kept: canonical JSON that tells the same when it is opened again.

It holds what was asked and of what (the job, the policy with its version, the moment, the market's
drops), so that it can be made again; and the answer: the quotes, and every refused offer with its
codes, grouped by what refused them. Amounts and fractions are text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Literal

import polars as pl
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from engine.canonical import Json, canonical, digest, plain
from engine.decision import Decision
from engine.gates import codes_of
from engine.plain_models import exact_parts
from engine.policy import Policy
from engine.prepared_market import Prepared
from engine.quotes import Quote, Reason
from engine.requirement import Requirement
from engine.routing import route

QUOTES_TOLD = 200
"""So many quotes are kept with every term of their cost, those after them by id in their order."""
EXAMPLES_TOLD = 3


class BadRecord(ValueError):
    """What was stored is no decision that this version can read: the message says where."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Refused(_Told):
    """Offers that were refused for the same reasons: their codes, in the order of the gates."""

    codes: tuple[str, ...]
    offer_ids: tuple[str, ...]


class Example(_Told):
    """One offer that a code refused, and the sentence."""

    offer_id: str
    reason: Reason


class MarketTold(_Told):
    """Which market was looked at: its key, the drops it was read from, how many offers it has."""

    key: str
    drops: tuple[str, ...]
    offers: Annotated[int, Field(ge=0)]


class DecisionRecord(_Told):
    """A decision as stored. ``other_quotes``: the ids of the quotes after ``quotes``, in order.

    ``further``: what other parts say of it (what-if, standbys), as JSON.
    """

    version: Literal[1] = 1
    requirement: Requirement
    policy: Policy
    policy_version: str
    now: AwareDatetime
    market: MarketTold
    blocked: tuple[str, ...]
    notes: tuple[str, ...]
    quotes: tuple[Quote, ...]
    other_quotes: tuple[str, ...]
    counts: dict[str, int]
    examples: dict[str, tuple[Example, ...]]
    refused: tuple[Refused, ...]
    further: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def quoted(self) -> int:
        """How many offers were quoted."""
        return len(self.quotes) + len(self.other_quotes)


def record_of(
    decision: Decision,
    *,
    quotes: Sequence[Quote] | None = None,
    further: Mapping[str, Sequence[JsonValue]] | None = None,
) -> DecisionRecord:
    """Return a decision ready to be kept and shown.

    ``quotes``: the decision's own, in another order (by the policy's objective).
    """
    ids = decision.market.offers["offer_id"]
    if quotes is None:
        told = tuple(decision.quotes[:QUOTES_TOLD])
        others = tuple(ids[row] for row in islice(decision.quotes.rows(), QUOTES_TOLD, None))
    else:
        told = tuple(quotes[:QUOTES_TOLD])
        others = tuple(quote.offer_id for quote in quotes[QUOTES_TOLD:])
    return DecisionRecord(
        requirement=decision.requirement,
        policy=decision.policy,
        policy_version=decision.policy_version,
        now=decision.now,
        market=_market(decision.market),
        blocked=tuple(sorted(decision.blocked)),
        notes=decision.notes,
        quotes=told,
        other_quotes=others,
        counts=dict(decision.counts),
        examples={
            code: tuple(
                Example(offer_id=offer, reason=reason)
                for offer, reason in decision.examples(code, EXAMPLES_TOLD)
            )
            for code in decision.counts
        },
        refused=_refused(decision.refused),
        further={name: list(part) for name, part in (further or {}).items()},
    )


def told(record: DecisionRecord) -> Json:
    """Return the record as JSON in which exact numbers, fractions and moments are text."""
    values = {name: getattr(record, name) for name in DecisionRecord.model_fields}
    values["quotes"] = [asdict(quote) for quote in record.quotes]
    return plain(exact_parts(values))


def digest_of(record: DecisionRecord) -> str:
    """Return the digest by which the record is stored."""
    return digest(canonical(told(record)))


def opened(value: object) -> DecisionRecord:
    """Read what ``told`` gave; raises BadRecord for anything else."""
    try:
        return DecisionRecord.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the record"
        raise BadRecord(f"{place}: {first['msg']}") from None


def made_again(record: DecisionRecord, market: Prepared) -> Decision:
    """Return the decision made again of its inputs, in the market that its drops hold."""
    return route(
        record.requirement,
        market,
        record.policy,
        record.now,
        policy_version=record.policy_version,
        blocked=frozenset(record.blocked),
    )


def _market(market: Prepared) -> MarketTold:
    return MarketTold(key=market.key, drops=market.drops, offers=market.offers.height)


def _refused(refused: pl.DataFrame) -> tuple[Refused, ...]:
    groups = refused.group_by("mask", maintain_order=True).agg("offer_id").sort("mask")
    return tuple(
        Refused(codes=codes_of(mask), offer_ids=tuple(ids)) for mask, ids in groups.iter_rows()
    )
