"""Who can take an order right now: the question, the answer, and what a provider is known for.

A network that can tell says which providers have such a machine free at this moment; it promises
neither a price nor that they will bid.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from engine.runs import Outcome

_DIGITS_MAX = 30
_NO_GPU = " is not a model, its memory and its interface"
_WORD = r"^[A-Za-z0-9][\w.\-]*$"


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GpuWanted(_Plain):
    """A GPU as the network names it; None leaves the choice to the provider."""

    model: str = Field(pattern=_WORD, max_length=40)
    ram_gib: int | None = Field(default=None, ge=1, le=1024)
    interface: Literal["sxm", "pcie"] | None = None
    vendor: str = Field(default="nvidia", pattern=_WORD, max_length=20)

    @classmethod
    def named(cls, gpu_name: str) -> "GpuWanted":
        """Read an offer's ``gpu_name`` ("h100 80Gi SXM5"); raises ValueError for another form."""
        model, *rest = gpu_name.split() or [""]
        ram: int | None = None
        interface: Literal["sxm", "pcie"] | None = None
        for word in (part.lower() for part in rest):
            digits = word.removesuffix("gi")
            if digits.isdecimal() and digits != word:
                ram = int(digits)
            elif word.startswith("sxm"):
                interface = "sxm"
            elif word == "pcie":
                interface = "pcie"
            else:
                raise ValueError(f"{gpu_name!r}{_NO_GPU}")
        try:
            return cls(model=model.lower(), ram_gib=ram, interface=interface)
        except ValidationError:
            raise ValueError(f"{gpu_name!r}{_NO_GPU}") from None


class ScreeningAsk(_Plain):
    """One machine, ``count`` times, and where and by whom it may be run.

    Sizes are of one machine: GiB are 2**30 bytes, ``vcpu`` may be a fraction. The limits are the
    network's own for one machine. ``signed_by_any``: auditors' addresses, one of whom must have
    signed every attribute asked for. ``usd_per_hour_max`` is of one machine, at least a millionth
    dollar per block of six seconds; None is no limit.
    """

    network: Literal["akash"] = "akash"
    gpu: GpuWanted
    gpu_count: int = Field(default=1, ge=1, le=24)
    count: int = Field(default=1, ge=1, le=50)
    vcpu: Decimal = Field(ge=Decimal("0.01"), le=384, max_digits=_DIGITS_MAX)
    memory_gib: Decimal = Field(ge=Decimal("0.001"), le=2048, max_digits=_DIGITS_MAX)
    storage_gib: Decimal = Field(ge=Decimal("0.005"), le=32768, max_digits=_DIGITS_MAX)
    country_code: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    region: str | None = Field(default=None, pattern=_WORD, max_length=40)
    signed_by_any: tuple[str, ...] = Field(default=(), max_length=10)
    usd_per_hour_max: Decimal | None = Field(
        default=None, ge=Decimal("0.0006"), le=100_000, max_digits=_DIGITS_MAX
    )
    timezone: str = Field(default="UTC", pattern=r"^[A-Za-z][\w+\-/]*$", max_length=60)
    """The IANA zone whose calendar days the incidents are counted in."""

    @field_validator("signed_by_any")
    @classmethod
    def _addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        if any(not (a.isascii() and a.isalnum() and len(a) <= 100) for a in addresses):  # noqa: PLR2004 - no address is longer
            raise ValueError("an auditor is named by an address of letters and digits")
        return addresses


class Bidder(_Plain):
    """One provider that can take the order now.

    Incidents are of the last seven days; ``location`` and ``organization`` are its own words.
    """

    provider_id: str
    host_uri: str
    is_audited: bool
    location: str | None
    organization: str | None
    known_since: datetime
    downtime_seconds_7d: int
    incidents_7d: int
    has_open_incident: bool


class ScreeningAnswer(_Plain):
    """What came of one ask. ``sentence`` is for people; ``bidders`` in the network's order.

    Unless ``outcome`` is "ok" nothing is known, which is not the same as nobody.
    """

    ask_id: str
    ask: ScreeningAsk
    asked_at: datetime
    answered_at: datetime
    outcome: Outcome
    sentence: str
    bidders: tuple[Bidder, ...] = ()
