"""What the control interface takes: the market to trade, and the faults to show.

**Market**: ``PUT /_sandbox/market`` takes ``{"providers": [...]}`` and replaces the one before.
Each provider is what Necto's own offers know of it; amounts are what is free now, and the leases of
this sandbox are taken off that. A price is a text in USD per GPU and hour; without one the provider
does not bid for that model. An attribute that is not in ``attributes`` but follows from ``country``
or ``region`` is added, signed when the provider is audited.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Address = Annotated[str, Field(pattern=r"^akash1[a-z0-9]{1,80}$")]
Count = Annotated[int, Field(ge=0, le=2**60)]
Usd = Annotated[Decimal, Field(gt=0, le=100_000, max_digits=24, decimal_places=18)]


class ControlForm(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Attribute(ControlForm):
    key: str = Field(min_length=1, max_length=256)
    value: str = Field(max_length=512)
    audited_by: tuple[str, ...] = Field(default=(), alias="auditedBy")


class MarketGpu(ControlForm):
    """One model as Akash names it: ``h100``, ``80Gi``, ``SXM5``."""

    model: str = Field(min_length=1, max_length=64)
    ram: str = ""
    interface: str = ""
    vendor: str = "nvidia"
    free: Count = 0
    total: Count | None = None
    """Without it as many as are free."""
    usd_per_gpu_hour: Usd | None = None


class MarketProvider(ControlForm):
    address: Address
    host_uri: str = Field(default="", max_length=512)
    name: str | None = None
    organization: str | None = None
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    region: str | None = None
    attributes: tuple[Attribute, ...] = Field(default=(), max_length=500)
    is_audited: bool = True
    is_online: bool = True
    uptime_1d: float | None = Field(default=None, ge=0, le=1)
    uptime_7d: float | None = Field(default=None, ge=0, le=1)
    uptime_30d: float | None = Field(default=None, ge=0, le=1)
    gpus: tuple[MarketGpu, ...] = Field(default=(), max_length=50)
    cpu_millicores_free: Count = 64_000
    memory_bytes_free: Count = 512 * 2**30
    storage_bytes_free: Count = 8 * 2**40
    reclamation_window_seconds: int = Field(default=86_400, ge=0, le=720 * 3600)


class Market(ControlForm):
    providers: tuple[MarketProvider, ...] = Field(max_length=5_000)


FaultKind = Literal[
    "outage", "slow", "lost_answer", "cut_before", "duplicate", "status", "html_403", "text_404",
    "wallet_402", "wallet_409", "wallet_503", "wrong_types", "garbage",
    "no_bids", "vanishing_bids", "price_up", "provider_dead", "no_manifest",
]  # fmt: skip


class Fault(ControlForm):
    """One fault: what happens, where, and how often.

    ``path`` is a pattern with ``*`` over the request's path; empty = wherever this kind can happen.
    ``times`` = None until it is cleared. ``probability`` is drawn from dice with a seed.
    """

    kind: FaultKind
    path: str = Field(default="", max_length=200)
    method: str = Field(default="", pattern=r"^[A-Z]*$")
    probability: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=1, le=1_000_000)
    seconds: float = Field(default=0.0, ge=0, le=600)
    """slow: waits this long; provider_dead: its gateway holds the line; status: Retry-After."""
    status: int = Field(default=503, ge=400, le=599)
    percent: Decimal = Field(default=Decimal(0), ge=-99, le=10_000)
    """price_up: how much dearer the bids are than the market handed in."""
    provider: str = ""


class Pace(ControlForm):
    """The network's time: another factor, a jump forward, or both (the jump first)."""

    factor: float | None = Field(default=None, ge=0, le=100_000)
    advance_seconds: float = Field(default=0, ge=0, le=10 * 366 * 86_400)


CloseReason = Literal[
    "lease_closed_owner", "lease_closed_reason_unstable", "lease_closed_reason_decommission",
    "lease_closed_reason_unspecified", "lease_closed_reason_manifest_timeout",
    "lease_closed_reason_insufficient_funds", "lease_closed_invalid",
]  # fmt: skip


class LeaseAct(ControlForm):
    """What happens to the live leases of a deployment: closed, reclaimed, or out of money."""

    act: Literal["close", "reclaim", "exhaust"]
    reason: CloseReason = "lease_closed_reason_unstable"
    window_seconds: int | None = Field(default=None, ge=0, le=720 * 3600)
    """reclaim: the notice; without it the one that the provider's bid promised."""


class Grant(ControlForm):
    """Play money for the account, or taken from it; whole uact."""

    uact: int = Field(ge=-(10**15), le=10**15)


class Seed(ControlForm):
    seed: int


class Fill(ControlForm):
    """Leases made at once, for measurements: each SDL with its cheapest bid and its manifest."""

    sdls: tuple[str, ...] = Field(max_length=1_000)
    deposit_uact: int = Field(default=5_000_000, ge=1)
