"""What people want to be told about the market: typed rules, each of which says itself in words.

A rule is about the network market, not about what somebody wants to buy: it asks whether a price,
a machine, a reading or a signature is there, and never orders anything.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from engine.canonical import Json, plain
from engine.market import USD_PER_GPU_HOUR_MAX, Term
from engine.money import PRICE_SCALE
from engine.names import TERM_NAMES, network_name

HOURS_MAX = 24 * 365
NETWORKS_MAX = 20
TEXT_MAX = 300  # characters of a name or id that comes from outside
_DIGITS_MAX = 30
_AN = frozenset("AEFHILMNORSX")  # letters whose own name begins with a vowel: an H100, an A100

Kind = Literal["price_below", "availability_returns", "network_silent", "signature_lost"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class BadRule(ValueError):
    """The rule cannot be used as it is: the message says which part and what to write."""


def _one_line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("write it on one line, without control characters or blanks around it")
    return text


OneLine = Annotated[str, Field(max_length=TEXT_MAX), AfterValidator(_one_line)]
Named = Annotated[OneLine, Field(min_length=1)]
Source = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]
Ceiling = Annotated[
    Decimal,
    Field(gt=0, le=USD_PER_GPU_HOUR_MAX, max_digits=_DIGITS_MAX, decimal_places=PRICE_SCALE),
]


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PriceBelow(_Rule):
    """A GPU costs less than a ceiling (USD per GPU-hour, strictly below).

    ``gpu``: a model or a family. ``networks``: none named means any network, never a hyperscaler.
    ``free_only``: what is taken, or does not say whether it is free, does not count.
    """

    kind: Literal["price_below"] = "price_below"
    gpu: Named
    usd_per_gpu_hour_below: Ceiling
    term: Term = "on_demand"
    networks: Annotated[tuple[Source, ...], Field(max_length=NETWORKS_MAX)] = ()
    free_only: bool = True

    @property
    def words(self) -> str:
        free = " that is free" if self.free_only else ""
        return (
            f"Tell me when {_a(self.gpu)} {TERM_NAMES[self.term]}{free} costs less than "
            f"{usd(self.usd_per_gpu_hour_below)} per GPU-hour on {self.where}"
        )

    @property
    def where(self) -> str:
        """Which networks, in words."""
        names = [network_name(name) for name in self.networks]
        return " or ".join(names) if names else "any network"


class AvailabilityReturns(_Rule):
    """What was not free at the reading before is free now: one offer, or any of a GPU.

    ``title``: what to call the offer. Networks that list only what is free say by leaving an offer
    out that it is taken.
    """

    kind: Literal["availability_returns"] = "availability_returns"
    network: Source
    offer_id: Named | None = None
    title: OneLine = ""
    gpu: Named | None = None
    term: Term = "on_demand"

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.offer_id is None) == (self.gpu is None):
            raise ValueError("name either an offer or a GPU")
        return self

    @property
    def subject(self) -> str:
        """What returns, in words."""
        if self.gpu is None:
            return f"the offer {self.title or self.offer_id}"
        return f"{_a(self.gpu)} {TERM_NAMES[self.term]}"

    @property
    def words(self) -> str:
        return f"Tell me when {self.subject} is free again on {network_name(self.network)}"


class NetworkSilent(_Rule):
    """A source has given no good reading for so many hours."""

    kind: Literal["network_silent"] = "network_silent"
    network: Source
    hours: int = Field(ge=1, le=HOURS_MAX)

    @property
    def words(self) -> str:
        return (
            f"Tell me when {network_name(self.network)} has given no good reading for "
            f"{count(self.hours, 'hour')}"
        )


class SignatureLost(_Rule):
    """An auditor's signature that was there at the reading before is not there now.

    ``attribute``: the key of the statement, None for any; ``auditor``: whose signature, None for
    anybody's. With neither, losing the network's own word "audited" counts too.
    """

    kind: Literal["signature_lost"] = "signature_lost"
    network: Source = "akash"
    provider_id: Named
    title: OneLine = ""
    attribute: Named | None = None
    auditor: Named | None = None

    @property
    def provider(self) -> str:
        """What the provider is called."""
        return self.title or self.provider_id

    @property
    def words(self) -> str:
        whose = f"the signature of {self.auditor}" if self.auditor else "a signature"
        what = f" on {self.attribute}" if self.attribute else ""
        return f"Tell me when {self.provider} on {network_name(self.network)} loses {whose}{what}"


Rule = Annotated[
    PriceBelow | AvailabilityReturns | NetworkSilent | SignatureLost, Field(discriminator="kind")
]
_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRule:
    """A rule as it is kept: ``version`` counts its changes; ``by`` and ``at`` tell the last one."""

    id: str
    version: int
    rule: Rule
    is_on: bool
    by: str
    at: datetime


def rule_from(value: object) -> Rule:
    """Return the rule that a mapping states; raises BadRule with every fault."""
    try:
        return _RULE.validate_python(value)
    except ValidationError as error:
        raise BadRule("; ".join(_fault(*fault) for fault in _faults(error))) from None


def rule_body(rule: Rule) -> Json:
    """Return the rule as the records keep it: money as text."""
    return plain(rule.model_dump())


def usd(amount: Decimal) -> str:
    """Dollars with two decimals or, where more are needed, up to four, rounded down.

    Down, because these amounts stand in "less than" sentences.
    """
    whole, _, cents = f"{amount:f}".partition(".")
    return f"${whole}.{cents[:4].rstrip('0').ljust(2, '0')}"


def count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _a(name: str) -> str:
    return f"{'an' if name[:1].upper() in _AN else 'a'} {name}"


def _faults(error: ValidationError) -> list[tuple[str, str]]:
    return [
        (".".join(str(part) for part in e["loc"] if part not in KINDS), e["msg"])
        for e in error.errors(include_url=False)
    ]


def _fault(place: str, message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{place}: {text}" if place else text
